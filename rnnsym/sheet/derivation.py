"""A Derivation as blocks: symbols, forward equations, rules, adjoints, gradients, Jacobians."""

from collections.abc import Iterable, Iterator, Sequence

from rnnsym.blocks import (
    Block,
    Equations,
    Heading,
    Line,
    Listing,
    Math,
    Note,
    Paragraph,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.derive import Derivation, Step, Term
from rnnsym.document import Document
from rnnsym.expr import LAYER, STEPS, TIME, Array, Expr, Integer, Node, Span
from rnnsym.equations import Equation, System
from rnnsym.numeric.check import TOLERANCE, CheckReport
from rnnsym.sheet.jacobians import jacobian_blocks, unrolled_blocks
from rnnsym.sheet.naming import convention_lines, slug, tied, tied_shape

__all__ = ["check_sentence", "derivation_blocks", "derivation_document", "explanation"]

SUM_RULE = "y = a + b: ā = ȳ"


class Numbering:
    """Equation numbers, and the local rules in the order of first use."""

    def __init__(self, derivation: Derivation) -> None:
        equations = derivation.system.equations
        self.forward = {e: i for i, e in enumerate(equations, 1)}
        self.steps = {s: i for i, s in enumerate(derivation.steps, len(equations) + 1)}
        self.rules: dict[str, int] = {}
        for step in derivation.steps:
            for rule in (r for term in step.terms for r in rules_of(term)):
                self.rules.setdefault(rule, len(self.rules) + 1)
            if step.factor_rule:
                self.rules.setdefault(step.factor_rule, len(self.rules) + 1)

    def cite(self, rules: Iterable[str]) -> str:
        """Return the rules' numbers, e.g. "R1, R3"."""
        return ", ".join(f"R{self.rules[rule]}" for rule in rules)


def rules_of(term: Term) -> tuple[str, ...]:
    """Return the local rules of an edge; a bare summand is passed by the rule of sums."""
    if term.source is None:
        return ()
    return term.rules or (SUM_RULE,)


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
        blocks.append(Paragraph(check_sentence(report)))
    title = f"Backpropagation through time: {system.model}"
    name = slug(str(system.model))
    return Document(name, "derivation", title, convention_lines(system), tuple(blocks))


def check_sentence(report: CheckReport) -> Prose:
    """Say what the check compared and found."""
    verdict = "Check passed" if report.passed else "CHECK FAILED"
    relation = "≤" if report.passed else ">"
    sizes = ", ".join(f"{k}={_sizes(v)}" for k, v in report.sizes.items())
    error = f"{report.max_relative_error:.1e} {relation} {TOLERANCE:.0e}"
    return prose(f"{verdict}: largest relative error {error} ({sizes}, T={report.steps})")


def _sizes(value: object) -> str:
    return "/".join(str(v) for v in value.values()) if isinstance(value, dict) else str(value)


def derivation_blocks(
    derivation: Derivation, wanted: Sequence[Step] | None = None, unroll: int | None = None
) -> Iterator[Block]:
    """Yield the sections of a derivation in the order in which one reads them."""
    system, numbers = derivation.system, Numbering(derivation)
    steps = derivation.steps if wanted is None else tuple(wanted)
    yield Heading("Symbols", 2)
    yield symbol_table(system)
    yield from _widths(system)
    yield Heading("Forward", 2)
    yield from forward_blocks(system, numbers)
    yield Heading("Local rules", 2)
    used = dict.fromkeys(r for s in steps for r in _rules_in(s))
    yield Listing(tuple(prose(f"R{numbers.rules[r]}  {r}") for r in used))
    yield from _backward(derivation, steps, numbers)
    if wanted is None:
        yield Heading("Jacobians between successive states", 2)
        yield from jacobian_blocks(system)
    if unroll is not None:
        yield Heading(f"Unrolled over {unroll} steps", 2)
        yield from unrolled_blocks(system, unroll)


def _rules_in(step: Step) -> Iterator[str]:
    for term in step.terms:
        yield from rules_of(term)
    if step.factor_rule:
        yield step.factor_rule


# Symbols and forward equations


def symbol_table(system: System) -> Table:
    """Return the dictionary of symbols: name, shape, meaning."""
    rows = [_symbol(system, system.input, "input of step t")]
    named = {e.lhs for e in system.equations}
    for state in system.states:
        start = state.array.xreplace({TIME: state.initial})
        rows.append(_symbol(system, start, "initial state, given"))
    inner = [e for e in system.equations if not e.purpose and e.lhs in named and not e.fused]
    for equation in system.equations:
        if equation.purpose:
            rows.append(_symbol(system, equation.lhs, equation.purpose))
    by_shape: dict[tuple[Expr, Expr], list[Array]] = {}
    for weight in system.weights:
        by_shape.setdefault(tied_shape(system, weight.array.shape), []).append(weight.array)
    for shape, arrays in by_shape.items():
        kind = "vector, trained" if shape[1] == 1 else "matrix, trained"
        rows.append((_listed(arrays), _shape(shape), prose(kind)))
    for equation in inner[:1]:
        meaning = "pre-activation: what a function is applied to"
        rows.append(_symbol(system, equation.lhs, meaning))
    for term in system.loss_terms:
        meaning = "∂L/∂ of the output, given" if term.kind == "free" else "target, given"
        rows.append(_symbol(system, term.given, meaning))
    return Table((prose("symbol"), prose("shape"), prose("meaning")), tuple(rows))


def _listed(arrays: Sequence[Array]) -> Prose:
    parts: list[str | Math] = []
    for array in arrays:
        parts += [", ", array] if parts else [array]
    return tuple(parts)


def _shape(shape: tuple[Expr, Expr]) -> Prose:
    return prose(Relation(shape, "×"))


def _symbol(system: System, array: Array, meaning: str) -> tuple[Prose, Prose, Prose]:
    return prose(array), _shape(tied_shape(system, array.shape)), prose(meaning)


def _widths(system: System) -> Iterator[Block]:
    from rnnsym.expr import size_of_layer

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


def forward_blocks(system: System, numbers: Numbering) -> Iterator[Block]:
    """Yield the forward equations, a display for every loop, each headed by its range."""
    for block in system.blocks:
        for loop in block.loops:
            yield Paragraph(_range(loop.equations[0], loop.order))
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


def _range(equation: Equation, order: int) -> Prose:
    parts: list[str | Math] = ["For "]
    if equation.layer is not None:
        parts += [*_span(LAYER, equation.layer), ", "]
    if equation.time is None:
        return (*parts, "the whole sequence:") if equation.layer else prose("Once:")
    span = equation.time if order >= 0 else Span(equation.time.last, equation.time.first)
    return (*parts, *_span(TIME, span), ":")


def _span(index: Expr, span: Span) -> Prose:
    if span.first == span.last:
        return prose(Relation((index, span.first)))
    return prose(Relation((index, span.first)), ", …, ", span.last)


# Adjoints and gradients


def _backward(
    derivation: Derivation, steps: Sequence[Step], numbers: Numbering
) -> Iterator[Block]:
    kept = set(steps)
    yield Heading("Backward", 2)
    for stage in derivation.stages:
        chosen = [s for s in stage.steps if s in kept]
        if chosen:
            yield Paragraph(_backward_range(chosen[0], stage.loop.order))
            yield Equations(tuple(step_line(derivation, s, numbers) for s in chosen))
    yield from _boundary(derivation)
    for title, group in (
        ("Gradients of the parameters", derivation.weights),
        ("Gradient of the input", derivation.inputs),
        ("Gradients of the initial states", derivation.initial),
    ):
        chosen = [s for s in group if s in kept]
        if chosen:
            yield Heading(title, 2)
            yield Equations(tuple(step_line(derivation, s, numbers) for s in chosen))


def _backward_range(step: Step, order: int) -> Prose:
    parts: list[str | Math] = ["For "]
    if step.layer is not None:
        parts += [*_span(LAYER, Span(step.layer.last, step.layer.first)), ", "]
    if step.time is None:
        return (*parts, "the whole sequence:") if step.layer else prose("Once:")
    span = step.time if order < 0 else Span(step.time.last, step.time.first)
    return (*parts, *_span(TIME, span), ":")


def step_line(derivation: Derivation, step: Step, numbers: Numbering) -> Line:
    """Return one line of the derivation, a note for every term."""
    system = derivation.system
    notes = [note_of(derivation, step, term, numbers) for term in step.terms]
    if step.factor is not None:
        notes.append(Note(tied(system, step.factor), prose(numbers.cite([step.factor_rule]))))
    alone = len(notes) == 1 and not notes[0].where
    return Line(
        step.target,
        tied(system, step.value()),
        numbers.steps[step],
        tied_shape(system, step.target.shape),
        # The one term of a line is the line: only its reason is worth printing.
        comment=notes[0].reason if alone else (),
        notes=() if alone else tuple(notes),
    )


def source_at(term: Term) -> Node | None:
    """Return the left-hand side that an edge comes through, in the target's index."""
    if term.source is None:
        return None
    return term.source.lhs.xreplace(_index_rule(term))


def _index_rule(term: Term) -> dict[Expr, Expr]:
    layer, time = term.index
    return {LAYER: layer, TIME: time}


def note_of(derivation: Derivation, step: Step, term: Term, numbers: Numbering) -> Note:
    """Return why a term stands in its line: the edge, the rule, and where it holds."""
    system = derivation.system
    source = source_at(term)
    if term.source is None or source is None:
        reason = prose("the loss")
    else:
        cited = numbers.cite(rules_of(term))
        reason = prose("via ", source, f" ({numbers.forward[term.source]}), {cited}")
    return Note(tied(system, term.value), reason, where_of(derivation, step, term))


def where_of(derivation: Derivation, step: Step, term: Term) -> Prose:
    """Return where an edge exists, if not all along the line's own range."""
    parts: list[str | Math] = []
    for index, own, whole in ((LAYER, term.layer, step.layer), (TIME, term.time, step.time)):
        if own is not None and whole is not None:
            for relation in _bounds(index, own, whole):
                parts += [", ", relation] if parts else ["only ", relation]
    if derivation.truncate and term.detached:
        parts += ["; "] if parts else []
        parts += [f"dropped at every {_ordinal(derivation.truncate)} step"]
    return tuple(parts)


def _ordinal(k: int) -> str:
    last = "th" if 10 <= k % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"{k}{last}"


def _bounds(index: Expr, own: Span, whole: Span) -> Iterator[Relation]:
    if own.first == own.last and own != whole:
        yield Relation((index, own.first))
        return
    if own.first != whole.first:
        yield Relation((index, own.first - 1), ">")
    if own.last != whole.last:
        yield Relation((index, own.last + 1), "<")


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
    if any(b.layers is not None and b.layers.first != b.layers.last for b in derivation.system.blocks):
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
                    prose(tied(derivation.system, term.value), " of ", step.target, ", via ", source)
                )
    yield Paragraph(
        prose(
            f"Truncation: states are detached after every {k} steps of their chain "
            f"(forward at t = {k}, {2 * k if k else 0}, …); there these terms are dropped, and the "
            "gradients are those of the truncated graph, not of L:"
        )
    )
    yield Listing(tuple(dropped))


# explain


def explanation(derivation: Derivation, steps: Sequence[Step]) -> Document:
    """Return why each term stands in each of ``steps``: edge, rule, shapes."""
    system, numbers = derivation.system, Numbering(derivation)
    blocks: list[Block] = []
    for step in steps:
        blocks.append(Heading(step.key, 2))
        line = step_line(derivation, step, numbers)
        blocks.append(Equations((Line(line.lhs, line.rhs, line.number, line.shape),)))
        count = len(step.terms)
        subject = "it reaches the loss along" if count == 1 else "it reaches the loss along"
        plural = "edge" if count == 1 else "edges"
        blocks.append(
            Paragraph(prose(step.of, f": {subject} {count} {plural}, one term for each."))
        )
        for place, term in enumerate(step.terms, 1):
            blocks += _explained(derivation, step, term, place, numbers)
        if step.factor is not None:
            blocks.append(
                Paragraph(
                    prose("Factor ", tied(system, step.factor), f": {step.factor_rule}, because ",
                          step.of, " only acts through its function.")
                )
            )
        if step.summed is not None:
            blocks.append(
                Paragraph(prose("Σ: the same array is used at every step, so the terms add up."))
            )
    name = f"explain-{slug(str(system.model))}-{slug(steps[0].name)}"
    title = f"{system.model}: {steps[0].name}"
    return Document(name, "derivation", title, convention_lines(system), tuple(blocks))


def _explained(
    derivation: Derivation, step: Step, term: Term, place: int, numbers: Numbering
) -> Iterator[Block]:
    system = derivation.system
    shape = Relation(tied_shape(system, term.value.shape), "×")
    head: list[str | Math] = [f"Term {place}: ", tied(system, term.value), "  (", shape, ")"]
    yield Paragraph(tuple(head))
    items: list[Prose] = []
    source = source_at(term)
    if term.source is None or source is None:
        items.append(prose("edge: the loss sees ", step.of, " directly"))
    else:
        read = term.source.rhs.xreplace(_index_rule(term))
        equation = Relation((source, tied(system, read)))
        number = numbers.forward[term.source]
        items.append(prose("edge: read by equation ", f"({number}) ", equation))
        items += [prose(f"rule: {r}") for r in rules_of(term)]
    items.append(prose("shapes: ", *_factor_shapes(system, term.value)))
    where = where_of(derivation, step, term)
    if where:
        items.append(where)
    yield Listing(tuple(items))


def _factor_shapes(system: System, node: Node) -> Iterator[str | Math]:
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


