"""Two dense pages of formulas."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "cheatsheet",
    "Recurrent networks on two pages",
    "all formulas forward and backward, counts, Jacobians, conventions, on two A4 pages",
    ("vanilla", "gru", "lstm"),
    "cheatsheet",
)
