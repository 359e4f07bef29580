"""A chapter of the booklet, and a sheet of its own."""

from rnnsym.sheet.topic import chapter_topic

TOPIC = chapter_topic(
    "bidirectional",
    "Bidirectional recurrent networks",
    "two chains, merging, widths, alignment, gradients, counts, when not to use it",
    ("bi(vanilla)",),
)
