"""How many columns a label takes, in the wider of a terminal's two alphabets."""

import unicodedata
from collections.abc import Mapping

from rnnsym.diagram.graph import Label
from rnnsym.expr import SOURCE, UNICODE, Node, Notation, render

__all__ = ["ASCII_SIGNS", "columns", "label_in", "label_width", "lines_of"]

ASCII_SIGNS: Mapping[str, str] = {"⊙": "*", "−": "-", "σ": "sig", "1−": "1-", "1/·": "1/."}


def columns(text: str) -> int:
    """Return how many columns a text takes: combining marks take none."""
    return sum(not unicodedata.combining(c) for c in text)


def label_in(label: Label, notation: Notation) -> str:
    """Return a label as text in one of the notations of a terminal."""
    parts: list[str] = []
    for part in label:
        if isinstance(part, Node):
            parts.append(render(part, notation))
        elif isinstance(part, str):
            parts.append(ASCII_SIGNS.get(part, part) if notation is SOURCE else part)
        else:
            parts.append(notation.scalar(part))
    return "".join(parts)


def lines_of(label: Label) -> tuple[Label, ...]:
    r"""Return the lines of a label, which a "\\n" parts."""
    if "\n" not in label:
        return (label,)
    cut = label.index("\n")
    return (label[:cut], *lines_of(label[cut + 1 :]))


def label_width(label: Label, notation: Notation = UNICODE) -> int:
    """Return the columns that a label takes."""
    return max(columns(label_in(line, notation)) for line in lines_of(label))
