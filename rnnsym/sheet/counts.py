"""A Count as blocks: the formula, the tally per gate, operations and memory."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Math, Paragraph, Prose, Relation, Table, prose
from rnnsym.count import Amount, Count, Gate
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.expr import Array, Integer, Span, size
from rnnsym.sheet.layout import laid_out
from rnnsym.sheet.naming import convention_lines, slug

__all__ = ["count_blocks", "count_document"]


def count_document(system: System, count: Count) -> Document:
    """Return a count as a document."""
    name = f"params-{slug(str(system.model))}"
    title = f"Parameters: {system.model}"
    lines = convention_lines(system)[:1]
    document = Document(name, "derivation", title, lines, tuple(count_blocks(count)))
    return laid_out(document, system.model.convention)


def count_blocks(count: Count) -> Iterator[Block]:
    """Yield the tally, layer by layer and gate by gate, then the totals."""
    for layer in count.layers:
        deep = any(gate.layers is not None for gate in layer.gates)
        head = ("affine map", *(["layers"] if deep else []), "parameters", "count")
        rows = tuple(_row(gate, deep) for gate in layer.gates)
        yield Table(tuple(prose(h) for h in head), rows, caption=f"Layer {layer.title}")
        if len(count.layers) > 1:
            yield Paragraph(prose("Together: ", *_value(layer)))
    if count.system.bound:
        given = [Relation((size(k), Integer(v))) for k, v in count.system.bound.items()]
        yield Paragraph(prose("With ", *_listed(given), ":"))
    yield Paragraph(prose("Parameters: ", *_value(count)))
    yield Paragraph(prose("Multiply–adds per step, forward: ", *_value(count.multiply_adds)))
    yield Paragraph(prose("Numbers kept for BPTT over T steps: ", *_value(count.memory)))


def _row(gate: Gate, deep: bool) -> tuple[Prose, ...]:
    parts: list[str | Math] = []
    for parameter in gate.parameters:
        parts += [", "] if parts else []
        parts += [_bare(parameter.array), " ", Relation(parameter.shape, "×")]
    layers = [_layers(gate.layers)] if deep else []
    return prose(_bare(gate.array)), *layers, tuple(parts), prose(*_value(gate))


def _bare(array: Array) -> Array:
    """The name and direction alone: layers have a column of their own."""
    return Array(array.family, array.shape)


def _layers(span: Span | None) -> Prose:
    if span is None:
        return ()
    if span.first == span.last:
        return prose(span.first)
    return prose(span.first, "…", span.last)


def _value(amount: Amount) -> Prose:
    if amount.total is None:
        return prose(amount.formula)
    return prose(Relation((amount.formula, Integer(amount.total))))


def _listed(items: list[Relation]) -> Prose:
    parts: list[str | Math] = []
    for item in items:
        parts += [", ", item] if parts else [item]
    return tuple(parts)
