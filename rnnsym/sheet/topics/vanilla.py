"""The cell vanilla, a chapter of the booklet too."""

from rnnsym.sheet.topic import cell_topic

TOPIC = cell_topic(
    "vanilla",
    "Vanilla recurrent network",
    "one state, one equation: what every other cell improves on",
)
