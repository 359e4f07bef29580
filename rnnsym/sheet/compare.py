"""Models side by side: states, gates, equations, counts and their ratios, paths, guidance."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from rnnsym.blocks import (
    Block,
    Equations,
    Heading,
    Inline,
    Line,
    Listing,
    Paragraph,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.cell import Cell, cell_names, is_path
from rnnsym.count import Amount, Count, count
from rnnsym.document import Document
from rnnsym.equations import CONVENTIONS, System
from rnnsym.expr import Array, Expr, Integer, Map, Node, text
from rnnsym.flow.bounds import chain_bounds
from rnnsym.flow.paths import step_paths
from rnnsym.jacobian import jacobians
from rnnsym.ratio import Ratio, ratio
from rnnsym.sheet.flow_bounds import edge_prose
from rnnsym.sheet.guidance import family, guidance
from rnnsym.sheet.layout import in_layout
from rnnsym.sheet.naming import conventions_in, slug, titles
from rnnsym.system import build_system, read_model

__all__ = ["compare_blocks", "compare_document", "gates_of", "pairs", "variants",
           "written_equations"]  # fmt: skip

PAGE = 76
"""Columns of text in which two equations can stand side by side."""


def compare_document(systems: Sequence[System]) -> Document:
    """Return two or more models side by side."""
    blocks = (*compare_blocks(systems), Heading("Guidance", 2), _guidance(systems))
    title = " and ".join(titles(systems))
    name, lines = f"compare-{slug(title)}", conventions_in(systems)
    return Document(name, "derivation", f"Comparison: {title}", lines, blocks)


def compare_blocks(systems: Sequence[System]) -> Iterator[Block]:
    """Yield what can be derived of two or more models, side by side."""
    counts = [count(s) for s in systems]
    yield _overview(counts)
    yield Heading("Equations", 2)
    yield from _equations(systems)
    yield Heading("Ratios", 2)
    yield from _ratios(counts)
    yield Heading("Paths of the gradient", 2)
    yield from _paths(systems)


# At a glance


def gates_of(system: System) -> tuple[list[Array], list[Array]]:
    """Return the gates (sigmoids that multiply), and what the other affine maps compute."""
    gates: list[Array] = []
    others: list[Array] = []
    for layer in count(system).layers:
        for gate in layer.gates:
            array = Array(gate.array.family, gate.array.shape)
            found = gates if _is_gate(gate.array, system) else others
            if array not in found:
                found.append(array)
    return gates, others


def _is_gate(array: Array, system: System) -> bool:
    states = {s.array for s in system.states}
    if array in states:
        return False
    return any(
        e.lhs == array and isinstance(e.rhs, Map) and e.rhs.name == "sigmoid"
        for e in system.equations
    )


def _overview(counts: Sequence[Count]) -> Table:
    systems = [c.system for c in counts]
    gates, others = zip(*(gates_of(s) for s in systems), strict=True)
    states = [[_bare(x.array) for x in s.states] for s in systems]
    rows: list[tuple[Prose, ...]] = [
        (prose("states"), *map(_listed, systems, states)),
        (prose("gates"), *map(_listed, systems, gates)),
        (prose("other affine maps"), *map(_listed, systems, others)),
        (prose("parameters"), *(_amount(c) for c in counts)),
        (prose("multiply–adds per step"), *(_amount(c.multiply_adds) for c in counts)),
        (prose("numbers kept for BPTT"), *(_amount(c.memory) for c in counts)),
    ]
    head = (prose(""), *(prose(name) for name in titles(systems)))
    return Table(head, tuple(rows))


def _bare(array: Array) -> Array:
    return Array(array.family, array.shape)


def _listed(system: System, arrays: Sequence[Array]) -> Prose:
    parts: list[Inline] = [f"{len(arrays)}" + (": " if arrays else "")]
    for i, array in enumerate(dict.fromkeys(arrays)):
        parts += [", ", array] if i else [array]
    return in_layout(tuple(parts), system.model.convention)


def _amount(amount: Amount) -> Prose:
    if amount.total is None:
        return prose(amount.formula)
    return prose(Relation((amount.formula, Integer(amount.total))))


# Equations


def _equations(systems: Sequence[System]) -> Iterator[Block]:
    columns = [written_equations(s) for s in systems]
    widths = [max(_width(f"{text(a)} = {text(b)}") for a, b in column) for column in columns]
    if len(columns) == 2 and sum(widths) <= PAGE:
        longest = max(len(column) for column in columns)
        filled = [[*_relations(column), *[()] * (longest - len(column))] for column in columns]
        head = tuple(prose(name) for name in titles(systems))
        yield Table(head, tuple(zip(*filled, strict=True)))
        return
    for name, column in zip(titles(systems), columns, strict=True):
        yield Paragraph(prose(name, ":"))
        yield Equations(tuple(Line(lhs, rhs) for lhs, rhs in column))


def _width(printed: str) -> int:
    return sum(not unicodedata.combining(c) for c in printed)


def _relations(column: list[tuple[Node, Node]]) -> list[Prose]:
    return [prose(Relation((lhs, rhs))) for lhs, rhs in column]


def written_equations(system: System) -> list[tuple[Node, Node]]:
    """Return the equations of each cell of a model as its file writes them, in its layout."""
    cells: dict[Cell, None] = dict.fromkeys(b.cell for b in system.blocks if b.cell is not None)
    written = [
        (next(e.lhs for e in cell.equations if e.lhs.name == name), rhs)
        for cell in cells
        for name, rhs in cell.written.items()
    ]
    return [(a, b) for a, b in in_layout(written, system.model.convention)]


# Ratios


def pairs(counts: Sequence[Count]) -> Iterator[tuple[Count, Count, Ratio]]:
    """Yield every two models with the ratio of their parameters."""
    for a, b in combinations(counts, 2):
        yield a, b, ratio(a.formula.value, b.formula.value)


def _ratios(counts: Sequence[Count]) -> Iterator[Block]:
    for a, b, found in pairs(counts):
        names = " : ".join(titles((a.system, b.system)))
        yield Paragraph(prose(f"Parameters, {names} = ", *_verdict(found)))
        work = ratio(a.multiply_adds.formula.value, b.multiply_adds.formula.value)
        yield Paragraph(prose(f"Multiply–adds per step, {names} = ", *_verdict(work)))
        yield from _when_it_fails(a.system, b.system, found)


def _verdict(found: Ratio) -> Prose:
    if found.constant:
        return (*_sides(found), ", whatever the sizes are.")
    if found.limit is None:
        return (*_sides(found), ", which depends on the sizes.")
    top, bottom = found.limit
    tail = f", which depends on the sizes; it tends to {top} : {bottom} as all of them grow."
    return (*_sides(found), tail)


def _sides(found: Ratio) -> Prose:
    return prose(*_side(found.top), " : ", *_side(found.bottom))


def _side(polynomial: Expr) -> Prose:
    return prose("(", polynomial, ")") if polynomial.is_Add else prose(polynomial)


def variants(a: System, b: System) -> Iterator[tuple[str, Ratio]]:
    """Yield what changes two cells, and the ratio of their parameters then.

    Each cell in turn is replaced by the others of its family, and both are read in every other
    convention that has them.
    """
    texts = str(a.model), str(b.model)
    plain = all(not is_path(t) and t in cell_names(a.model.convention) for t in texts)
    if not plain or a.model.convention != b.model.convention:
        return
    for convention in CONVENTIONS:
        known = cell_names(convention)
        if convention != a.model.convention and all(t in known for t in texts):
            models = [replace(m, convention=convention, sizes=()) for m in (a.model, b.model)]
            first, second = (count(build_system(m)) for m in models)
            yield f"{convention} convention", ratio(first.formula.value, second.formula.value)
    for place, name in enumerate(texts):
        for other in cell_names(a.model.convention):
            if other not in texts and family(other) == family(name):
                pair = [other if i == place else t for i, t in enumerate(texts)]
                first, second = (_count(t, a) for t in pair)
                yield f"{pair[0]} : {pair[1]}", ratio(first.formula.value, second.formula.value)


def _count(name: str, like: System) -> Count:
    model = like.model
    return count(build_system(read_model(name, convention=model.convention, bias=model.bias)))


def _when_it_fails(a: System, b: System, found: Ratio) -> Iterator[Block]:
    others = list(variants(a, b))
    same = [what for what, other in others if other == found]
    differing = [(what, other) for what, other in others if other != found]
    if same:
        yield Paragraph(prose(f"The ratio of parameters is the same for: {', '.join(same)}."))
    if differing:
        rows = tuple((prose(what), _sides(other), _limit(other)) for what, other in differing)
        head = (prose("it changes for"), prose("ratio of parameters"), prose("as sizes grow"))
        yield Table(head, rows)


def _limit(found: Ratio) -> Prose:
    if found.limit is None:
        return prose("depends on the sizes")
    top, bottom = found.limit
    return prose(f"{top} : {bottom}")


# Paths and guidance


def _paths(systems: Sequence[System]) -> Iterator[Block]:
    items: list[Prose] = []
    for system, name in zip(systems, titles(systems), strict=True):
        convention = system.model.convention
        for chain in jacobians(system):
            bounds, title = chain_bounds(chain), name.replace(str(system.model), chain.title)
            for edge in chain.edges:
                said = in_layout(edge_prose(system, edge, bounds), convention)
                items.append((f"{title}: direct edge ", *said[1:]))
            table = step_paths(chain).through_time
            total = sum(sum(row) for row in table)
            ways = "1 path" if total == 1 else f"{total} paths"
            pairs_ = "the state" if len(chain.states) == 1 else f"its {len(chain.states)} states"
            items.append(
                prose(f"{title}: {ways} from {pairs_} of one step to {pairs_} of the next.")
            )
    yield Listing(tuple(items))


def _guidance(systems: Sequence[System]) -> Listing:
    return Listing(tuple(prose(line) for line in guidance(systems)))
