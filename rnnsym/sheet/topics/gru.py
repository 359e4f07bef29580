"""The cell gru, a chapter of the booklet too."""

from rnnsym.sheet.topic import cell_topic

TOPIC = cell_topic(
    "gru",
    "Gated recurrent unit (GRU)",
    "two gates and a candidate: a state kept or replaced",
)
