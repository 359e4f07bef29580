"""All topics in one document."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "booklet",
    "Recurrent neural networks: the booklet",
    "all topics as chapters, with a table of contents and an index of formulas",
    ("vanilla", "gru", "lstm"),
)
