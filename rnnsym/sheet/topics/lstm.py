"""The cell lstm, a chapter of the booklet too."""

from rnnsym.sheet.topic import cell_topic

TOPIC = cell_topic(
    "lstm",
    "Long short-term memory (LSTM)",
    "three gates and a candidate: a cell state beside the hidden one",
)
