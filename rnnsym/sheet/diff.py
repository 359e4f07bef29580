"""Two derivations side by side, the lines that differ marked."""

import unicodedata
from collections.abc import Iterator, Sequence

from rnnsym.blocks import Block, Heading, Paragraph, Prose, Relation, Table, prose
from rnnsym.convention import read_convention
from rnnsym.derivation import Derivation, Step
from rnnsym.document import Document
from rnnsym.equations import Equation
from rnnsym.expr import Array, Node, Span, equal, text
from rnnsym.record import record
from rnnsym.sheet.layout import in_layout
from rnnsym.sheet.naming import conventions_in, slug, tied, titles

__all__ = ["DiffLine", "Side", "columns_fit", "diff_document", "diff_lines"]

PAGE = 70
"""Columns of text that two equations side by side may take, their mark left out."""
MARKS = {"same": "", "different": "≠", "left": "<", "right": ">"}


@record
class Side:
    """One line of one derivation, and where it holds."""

    lhs: Array
    rhs: Node
    time: Span | None
    layer: Span | None
    convention: str

    @property
    def printed(self) -> tuple[Node, Node]:
        """Both sides of the equation as their convention prints them."""
        return in_layout(self.lhs, self.convention), in_layout(self.rhs, self.convention)


@record
class DiffLine:
    """A line by its name, in either derivation or in both.

    Attributes:
        section: "Forward", "Backward" or "Gradients".
    """

    section: str
    name: str
    left: Side | None
    right: Side | None

    @property
    def verdict(self) -> str:
        """Say "same", "different", "left" or "right" (in one derivation only)."""
        if self.left is None or self.right is None:
            return "right" if self.left is None else "left"
        return "same" if _same(self.left, self.right) else "different"


def _same(a: Side, b: Side) -> bool:
    alike = (a.lhs, a.time, a.layer) == (b.lhs, b.time, b.layer)
    layouts = {read_convention(side.convention).product for side in (a, b)}
    return alike and equal(a.rhs, b.rhs) and (len(layouts) == 1 or _line(a) == _line(b))


def _line(side: Side) -> str:
    return " = ".join(text(part) for part in side.printed)


def diff_lines(left: Derivation, right: Derivation) -> tuple[DiffLine, ...]:
    """Return the lines of two derivations, matched by name, compared in normal form.

    >>> from rnnsym.derive import derive
    >>> from rnnsym.system import build_system, read_model
    >>> a, b = (derive(build_system(read_model(t))) for t in ("gru", "gru-reset-after"))
    >>> [line.name for line in diff_lines(a, b) if line.section == "Forward"
    ...  and line.verdict != "same"]
    ['u', 'a_g']
    """
    found: list[DiffLine] = []
    sections = zip(_sections(left), _sections(right), strict=True)
    for (section, mine), (_, theirs) in sections:
        for name in _merged(list(mine), list(theirs)):
            found.append(DiffLine(section, name, mine.get(name), theirs.get(name)))
    return tuple(found)


def _sections(derivation: Derivation) -> Iterator[tuple[str, dict[str, Side]]]:
    system = derivation.system
    convention = system.model.convention

    def forward(e: Equation) -> Side:
        return Side(tied(system, e.lhs), tied(system, e.rhs), e.time, e.layer, convention)

    def line(s: Step) -> Side:
        return Side(tied(system, s.target), tied(system, s.value()), s.time, s.layer, convention)

    gradients = (*derivation.weights, *derivation.inputs, *derivation.initial)
    yield "Forward", {e.lhs.key: forward(e) for e in system.equations}
    yield "Backward", {s.key: line(s) for s in derivation.adjoints}
    yield "Gradients", {s.key: line(s) for s in gradients}


def _merged(left: list[str], right: list[str]) -> list[str]:
    """Return all names in order, those of the right alone after what they follow there."""
    names = list(left)
    for place, name in enumerate(right):
        if name not in names:
            after = names.index(right[place - 1]) + 1 if place else 0
            names.insert(after, name)
    return names


def diff_document(left: Derivation, right: Derivation) -> Document:
    """Return two derivations side by side, or one under the other where they are too wide."""
    systems = left.system, right.system
    first, second = titles(systems)
    names = first, second
    lines = diff_lines(left, right)
    blocks: list[Block] = [
        Paragraph(
            prose(f"≠ marks lines that differ, < those of {names[0]} only, > of {names[1]} only.")
        )
    ]
    for section in dict.fromkeys(line.section for line in lines):
        here = [line for line in lines if line.section == section]
        blocks.append(Heading(section, 2))
        blocks.append(_beside(here, names) if columns_fit(here) else _below(here, names))
    blocks.append(Paragraph(_summary(lines, names)))
    title = f"{names[0]} and {names[1]}"
    name, top = f"diff-{slug(title)}", conventions_in(systems)
    return Document(name, "derivation", f"Difference: {title}", top, tuple(blocks))


def columns_fit(lines: Sequence[DiffLine]) -> bool:
    """Tell whether the lines of a section fit a page of text side by side."""
    left = max(_width(line.left) for line in lines)
    right = max(_width(line.right) for line in lines)
    return left + right <= PAGE


def _width(side: Side | None) -> int:
    if side is None:
        return 0
    return sum(not unicodedata.combining(c) for c in _line(side))


def _equation(side: Side | None) -> Prose:
    return () if side is None else prose(Relation(side.printed))


def _beside(lines: Sequence[DiffLine], names: tuple[str, str]) -> Table:
    rows = tuple(
        (prose(MARKS[line.verdict]), _equation(line.left), _equation(line.right)) for line in lines
    )
    return Table((prose(""), prose(names[0]), prose(names[1])), rows)


def _below(lines: Sequence[DiffLine], names: tuple[str, str]) -> Table:
    rows: list[tuple[Prose, ...]] = []
    for line in lines:
        if line.verdict == "same":
            rows.append((prose(""), prose("both"), _equation(line.left)))
            continue
        given = [(n, s) for n, s in zip(names, (line.left, line.right), strict=True) if s]
        for place, (name, side) in enumerate(given):
            mark = "" if place else MARKS[line.verdict]
            rows.append((prose(mark), prose(name), _equation(side)))
    return Table((prose(""), prose("model"), prose("line")), tuple(rows))


def _summary(lines: Sequence[DiffLine], names: tuple[str, str]) -> Prose:
    counts = {v: [x for x in lines if x.verdict == v] for v in MARKS}
    shared = len(counts["same"]) + len(counts["different"])
    return prose(
        f"{len(counts['different'])} of {shared} lines that both have differ; "
        f"{len(counts['left'])} stand in {names[0]} only, {len(counts['right'])} in {names[1]} "
        "only."
    )
