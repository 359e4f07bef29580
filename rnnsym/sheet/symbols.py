"""The dictionary of a model's symbols, with shapes and meanings."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import Block, Inline, Paragraph, Prose, Relation, Table, prose
from rnnsym.equations import System
from rnnsym.expr import LAYER, TIME, Array, Constant, Expr, Shape, size_of_layer
from rnnsym.sheet.naming import tied, tied_shape

__all__ = ["symbol_table", "widths"]

PRE_ACTIVATION = prose("pre-activation: what a function is applied to")


def symbol_table(system: System) -> Table:
    """Return the dictionary of symbols: name, shape, meaning."""
    rows = [_symbol(system, system.input, "input of step ", TIME)]
    named = {e.lhs for e in system.equations}
    for state in system.states:
        start = state.array.xreplace({TIME: state.initial})
        rows.append(_symbol(system, start, "initial state, given"))
    inner = [e for e in system.equations if not e.purpose and e.lhs in named and not e.fused]
    for equation in system.equations:
        if equation.purpose:
            # What it is; the forward equation says what for.
            name, _, _ = equation.purpose.partition(":")
            rows.append(_symbol(system, equation.lhs, name))
    by_shape: dict[tuple[Expr, Expr], list[Array]] = {}
    for weight in system.weights:
        by_shape.setdefault(tied_shape(system, weight.array.shape), []).append(weight.array)
    for shape, arrays in by_shape.items():
        rows.append((_listed(arrays), _shape(shape), prose(f"{_kind(shape)}, trained")))
    for constant in _constants(system):
        number = f"constant, not trained: {float(constant.value):g}"
        rows.append((prose(constant), prose(), prose(number)))
    for equation in inner[:1]:
        alike = [e.lhs for e in inner if e.lhs.shape == equation.lhs.shape]
        rows.append(
            (_listed(alike), _shape(tied_shape(system, equation.lhs.shape)), PRE_ACTIVATION)
        )
    for term in system.loss_terms:
        direct = prose("what reaches ", term.target, " directly from the loss, given")
        meaning = direct if term.kind == "free" else prose("target, given")
        rows.append(_symbol(system, term.given, *meaning))
    return Table((prose("symbol"), prose("shape"), prose("meaning")), tuple(rows))


def _kind(shape: Shape) -> str:
    return "scalar" if shape[0] == shape[1] == 1 else "vector" if shape[1] == 1 else "matrix"


def _constants(system: System) -> list[Constant]:
    found: set[Constant] = set()
    for equation in system.equations:
        found |= equation.rhs.atoms(Constant)
    return sorted(found, key=lambda c: (c.name, c.value))


def _listed(arrays: Sequence[Array]) -> Prose:
    parts: list[Inline] = []
    for array in arrays:
        parts += [", ", array] if parts else [array]
    return tuple(parts)


def _shape(shape: tuple[Expr, Expr]) -> Prose:
    return prose(Relation(shape, "×"))


def _symbol(system: System, array: Array, *meaning: Inline) -> tuple[Prose, Prose, Prose]:
    return prose(array), _shape(tied_shape(system, array.shape)), meaning


def widths(system: System) -> Iterator[Block]:
    """Say how wide the input of each layer of a stack is."""
    for name, span, below, inside in system.widths:
        at = [size_of_layer(name, span.first - 1), size_of_layer(name, LAYER)]
        yield Paragraph(
            prose(
                "Width of what a layer reads: ",
                Relation((at[0], tied(system, below))),
                ", ",
                Relation((at[1], tied(system, inside))),
                " for ",
                Relation((LAYER, span.first), "≥"),
                ". The derivation holds with a size of its own for every layer.",
            )
        )
