"""A chapter of the booklet, and a sheet of its own."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "params",
    "Counting parameters",
    "formulas, tallies, stacks and directions, conventions, worked and inverse questions",
    ("gru", "lstm"),
)
