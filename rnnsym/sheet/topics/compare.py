"""A chapter of the booklet, and a sheet of its own."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "compare",
    "Recurrent architectures compared",
    "five architectures, GRU against LSTM, ratios of parameters, when to use which",
    ("gru", "lstm"),
)
