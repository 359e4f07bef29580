"""A chapter of the booklet, and a sheet of its own."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "gradient-flow",
    "Gradient flow: vanishing, exploding, and the remedies",
    "products of Jacobians, bounds, the LSTM's three Jacobians, what each remedy cures",
    ("vanilla", "gru", "lstm"),
)
