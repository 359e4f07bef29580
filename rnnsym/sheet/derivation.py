"""A Derivation as blocks: symbols, forward equations, rules, adjoints, gradients, Jacobians."""

from collections.abc import Iterator, Mapping, Sequence

from rnnsym.blocks import (
    Block,
    Equations,
    Heading,
    Line,
    Listing,
    Paragraph,
    Prose,
    Relation,
    Written,
    prose,
)
from rnnsym.derivation import Derivation, Step
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.expr import LAYER, STEPS, TIME, Integer
from rnnsym.numeric.check import TOLERANCE, CheckReport
from rnnsym.sheet.jacobians import jacobian_blocks, unrolled_blocks
from rnnsym.sheet.layout import laid_out
from rnnsym.sheet.lines import Numbering, range_of, rules_in, source_at, step_line, turned
from rnnsym.sheet.naming import convention_lines, slug, tied, tied_shape
from rnnsym.sheet.symbols import symbol_table, widths

__all__ = ["backward_blocks", "check_blocks", "derivation_blocks", "derivation_document",
           "forward_blocks"]  # fmt: skip

TERMS = prose(
    "Every equation that reads an array sends one term back to it: what has arrived at its "
    "left-hand side, taken through the equation by a local rule. The terms of an array add up to "
    "its adjoint, the gradient of the loss with respect to it. In the rules ",
    Written("ȳ"),
    " is what has arrived at ",
    Written("y"),
    ", and ",
    Written("ū"),
    " what goes back to ",
    Written("u"),
    ". A factor that all terms of a line have in common is listed after them, with its own rule.",
)


def derivation_document(
    derivation: Derivation,
    report: CheckReport | None,
    wanted: Sequence[Step] | None = None,
    unroll: int | None = None,
) -> Document:
    """Return the derivation as a document.

    Args:
        derivation: what was derived.
        report: the check's outcome, printed last; None where it was skipped.
        wanted: only these lines and what they rest on.
        unroll: also print the Jacobian over so many steps as a sum over paths.
    """
    system = derivation.system
    blocks = list(derivation_blocks(derivation, wanted, unroll))
    if report is not None:
        blocks += check_blocks(report)
    title = f"Backpropagation through time: {system.model}"
    name = slug(str(system.model))
    document = Document(name, "derivation", title, convention_lines(system), tuple(blocks))
    return laid_out(document, system.model.convention)


def check_blocks(report: CheckReport) -> Iterator[Block]:
    """Say on which numbers the check was made, and last what it found."""
    sizes = ", ".join(f"{k}={_sizes(v)}" for k, v in report.sizes.items())
    yield Paragraph(prose(f"Checked on random numbers: {sizes}, T={report.steps}."))
    verdict = "Check passed" if report.passed else "CHECK FAILED"
    relation = "≤" if report.passed else ">"
    error = f"{report.max_relative_error:.1e} {relation} {TOLERANCE:.0e}"
    yield Paragraph(prose(f"{verdict}: largest relative error {error}"))


def _sizes(value: int | Mapping[int, int]) -> str:
    return str(value) if isinstance(value, int) else "/".join(str(v) for v in value.values())


def derivation_blocks(
    derivation: Derivation, wanted: Sequence[Step] | None = None, unroll: int | None = None
) -> Iterator[Block]:
    """Yield the sections of a derivation in the order in which one reads them."""
    system, numbers = derivation.system, Numbering(derivation)
    steps = derivation.steps if wanted is None else tuple(wanted)
    yield Heading("Symbols", 2)
    yield symbol_table(system)
    yield from widths(system)
    yield Heading("Forward", 2)
    yield from forward_blocks(system, numbers)
    yield from backward_blocks(derivation, steps, numbers)
    if wanted is None:
        yield Heading("Jacobians between successive states", 2)
        yield from jacobian_blocks(system)
    if unroll is not None:
        yield Heading(f"Unrolled over {unroll} steps", 2)
        yield from unrolled_blocks(system, unroll)


def forward_blocks(system: System, numbers: Numbering) -> Iterator[Block]:
    """Yield the forward equations, a display for every loop, each headed by its range."""
    for block in system.blocks:
        for loop in block.loops:
            first = loop.equations[0]
            time = first.time if loop.order >= 0 else turned(first.time)
            yield Paragraph(range_of(first.layer, time))
            lines = (
                Line(
                    e.lhs,
                    tied(system, e.rhs),
                    numbers.forward[e],
                    tied_shape(system, e.lhs.shape),
                    comment=prose(e.purpose) if e.purpose else (),
                )
                for e in loop.equations
            )
            yield Equations(tuple(lines))


def backward_blocks(
    derivation: Derivation, steps: Sequence[Step], numbers: Numbering
) -> Iterator[Block]:
    """Yield the local rules, the adjoints in the order in which they are computed, the gradients.

    Args:
        derivation: what was derived.
        steps: the lines that are wanted.
        numbers: of its lines.
    """
    kept = set(steps)
    used = dict.fromkeys(r for s in steps for r in rules_in(s))
    yield Heading("Backward", 2)
    yield Paragraph(TERMS)
    yield Heading("Local rules", 3)
    yield Listing(tuple(prose(f"R{numbers.rules[r]}  ", Written(r)) for r in used))
    yield Heading("Adjoints", 3)
    for stage in derivation.stages:
        chosen = [s for s in stage.steps if s in kept]
        if chosen:
            first = chosen[0]
            time = first.time if stage.loop.order < 0 else turned(first.time)
            yield Paragraph(range_of(turned(first.layer), time))
            yield Equations(tuple(step_line(derivation, s, numbers) for s in chosen))
    yield from _boundary(derivation)
    for title, group in (
        ("Gradients of the parameters", derivation.weights),
        ("Gradient of the input", derivation.inputs),
        ("Gradients of the initial states", derivation.initial),
    ):
        chosen = [s for s in group if s in kept]
        if chosen:
            yield Heading(title, 3)
            yield Equations(tuple(step_line(derivation, s, numbers) for s in chosen))


def _boundary(derivation: Derivation) -> Iterator[Block]:
    """Say what the recursion starts from, as the ranges give it."""
    directions = {loop.order for b in derivation.system.blocks if b.cell for loop in b.loops}
    for order, last in ((1, STEPS), (-1, Integer(1))):
        if order in directions:
            after = last + order
            yield Paragraph(
                prose(
                    "Boundary: at ",
                    Relation((TIME, last)),
                    " the terms of step ",
                    after,
                    " are absent",
                    " (backward chain)." if order < 0 else ".",
                )
            )
    if any(
        b.layers is not None and b.layers.first != b.layers.last for b in derivation.system.blocks
    ):
        yield Paragraph(
            prose(
                "Boundary: in the top layer the terms of the layer above are absent, and ",
                Relation((LAYER, Integer(0))),
                " is the input.",
            )
        )
    if derivation.truncate:
        yield from _truncation(derivation)


def _truncation(derivation: Derivation) -> Iterator[Block]:
    k = derivation.truncate
    dropped: list[Prose] = []
    for step in derivation.adjoints:
        for term in step.terms:
            source = source_at(term)
            if term.detached and source is not None:
                dropped.append(
                    prose(
                        tied(derivation.system, term.value), " of ", step.target, ", via ", source
                    )
                )
    yield Paragraph(
        prose(
            f"Truncation: states are detached after every {k} steps of their chain "
            f"(forward at t = {k}, {2 * k if k else 0}, …); there these terms are dropped, and the "
            "gradients are those of the truncated graph, not of L:"
        )
    )
    yield Listing(tuple(dropped))
