"""A chapter of the booklet, and a sheet of its own."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "bptt",
    "Backpropagation through time",
    "the vanilla network with readout and loss: adjoints, gradients, truncation, cost",
    ("vanilla, dense:3",),
)
