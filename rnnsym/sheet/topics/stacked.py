"""A chapter of the booklet, and a sheet of its own."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "stacked",
    "Stacked recurrent networks",
    "the recursion over layers and steps, the gradient's two ways, counts, how deep",
    ("vanilla*L",),
)
