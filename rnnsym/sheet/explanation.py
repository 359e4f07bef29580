"""Why each term stands in a line of the derivation: the edge it came through, rules, shapes."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import (
    Block,
    EquationRef,
    Equations,
    Heading,
    Inline,
    Line,
    Listing,
    Paragraph,
    Prose,
    Relation,
    prose,
)
from rnnsym.derivation import Derivation, Step, Term
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.expr import Array, Node
from rnnsym.sheet.layout import laid_out
from rnnsym.sheet.lines import Numbering, index_rule, rules_of, source_at, step_line, where_of
from rnnsym.sheet.naming import convention_lines, slug, tied, tied_shape

__all__ = ["explanation"]


def explanation(derivation: Derivation, steps: Sequence[Step]) -> Document:
    """Return why each term stands in each of ``steps``: edge, rule, shapes."""
    system, numbers = derivation.system, Numbering(derivation)
    blocks: list[Block] = []
    for step in steps:
        blocks.append(Heading(step.key, 2))
        line = step_line(derivation, step, numbers)
        blocks.append(Equations((Line(line.lhs, line.rhs, line.number, line.shape),)))
        blocks.append(Paragraph(_ways(system, step)))
        for place, term in enumerate(step.terms, 1):
            blocks += _explained(derivation, step, term, place, numbers)
        if step.factor is not None:
            factor = tied(system, step.factor)
            blocks.append(Paragraph(prose("Factor: ", factor, f", by {step.factor_rule}")))
        if step.summed is not None:
            blocks.append(
                Paragraph(prose("Σ: the same array is used at every step, so the terms add up."))
            )
    name = f"explain-{slug(str(system.model))}-{slug(steps[0].name)}"
    title = f"{system.model}: {steps[0].name}"
    document = Document(name, "derivation", title, convention_lines(system), tuple(blocks))
    return laid_out(document, system.model.convention)


def _ways(system: System, step: Step) -> Prose:
    """Say along how many edges an array reaches the loss."""
    count = len(step.terms)
    edges = "1 edge, one term" if count == 1 else f"{count} edges, one term for each"
    for equation in system.equations:
        if step.factor is not None and equation.fused and step.of in equation.rhs.children:
            through = Relation((equation.lhs, equation.rhs))
            return prose(step.of, " acts only through ", through, f", which has {edges}.")
    return prose(step.of, f" reaches the loss along {edges}.")


def _explained(
    derivation: Derivation, step: Step, term: Term, place: int, numbers: Numbering
) -> Iterator[Block]:
    system = derivation.system
    shape = Relation(tied_shape(system, term.value.shape), "×")
    head: list[Inline] = [f"Term {place}: ", tied(system, term.value), "  (", shape, ")"]
    yield Paragraph(tuple(head))
    items: list[Prose] = []
    source = source_at(term)
    if term.source is None or source is None:
        items.append(prose("edge: the loss sees ", step.of, " directly"))
    else:
        read = term.source.rhs.xreplace(index_rule(term))
        equation = Relation((source, tied(system, read)))
        number = EquationRef(numbers.forward[term.source])
        items.append(prose("edge: read by equation ", number, " ", equation))
        items += [prose(f"rule: {r}") for r in rules_of(term)]
    items.append(prose("shapes: ", *_factor_shapes(system, term.value)))
    where = where_of(derivation, step, term)
    if where:
        items.append(where)
    yield Listing(tuple(items))


def _factor_shapes(system: System, node: Node) -> Iterator[Inline]:
    arrays: list[Array] = []
    _collect(node, arrays)
    for i, array in enumerate(dict.fromkeys(arrays)):
        yield from (", ", array) if i else (array,)
        yield " "
        yield Relation(tied_shape(system, array.shape), "×")


def _collect(node: Node, found: list[Array]) -> None:
    if isinstance(node, Array):
        found.append(node)
    for child in node.children:
        _collect(child, found)
