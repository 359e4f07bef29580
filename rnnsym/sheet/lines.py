"""The lines of a derivation: equation numbers, the rules they cite, and a note for every term."""

from collections.abc import Iterable, Iterator

from rnnsym.blocks import EquationRef, Inline, Line, Note, Prose, Relation, prose
from rnnsym.derivation import Derivation, Step, Term
from rnnsym.expr import LAYER, TIME, Expr, Node, Span
from rnnsym.sheet.naming import tied, tied_shape

__all__ = [
    "Numbering",
    "index_rule",
    "note_of",
    "range_of",
    "rules_in",
    "rules_of",
    "source_at",
    "step_line",
    "turned",
    "where_of",
]

SUM_RULE = "y = u + v: ū = ȳ"


class Numbering:
    """Equation numbers, and the local rules in the order of first use."""

    def __init__(self, derivation: Derivation) -> None:
        equations = derivation.system.equations
        self.forward = {e: str(i) for i, e in enumerate(equations, 1)}
        later = enumerate(derivation.steps, len(equations) + 1)
        self.steps = {s: str(i) for i, s in later}
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


def rules_in(step: Step) -> Iterator[str]:
    """Yield the local rules of a line, its factor's last."""
    for term in step.terms:
        yield from rules_of(term)
    if step.factor_rule:
        yield step.factor_rule


def range_of(layer: Span | None, time: Span | None) -> Prose:
    """Return over which indices a display holds, in the order in which it is computed."""
    parts: list[Inline] = ["For "]
    if layer is not None:
        parts += [*_span(LAYER, layer), ", "]
    if time is not None:
        return (*parts, *_span(TIME, time), ":")
    return (*parts, "the whole sequence:") if layer else prose("Once:")


def turned(span: Span | None) -> Span | None:
    """Return a span run through from its end."""
    return None if span is None else Span(span.last, span.first)


def _span(index: Expr, span: Span) -> Prose:
    if span.first == span.last:
        return prose(Relation((index, span.first)))
    return prose(Relation((index, span.first)), ", …, ", span.last)


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
    return term.source.lhs.xreplace(index_rule(term))


def index_rule(term: Term) -> dict[Expr, Expr]:
    """Return what turns an edge's source equation into the target's indices."""
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
        number = EquationRef(numbers.forward[term.source])
        reason = prose("via ", source, " ", number, f", {cited}")
    return Note(tied(system, term.value), reason, where_of(derivation, step, term))


def where_of(derivation: Derivation, step: Step, term: Term) -> Prose:
    """Return where an edge exists, if not all along the line's own range."""
    parts: list[Inline] = []
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
