"""One line of backpropagation through time: which expression is this adjoint or gradient?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from rnnsym.audit.rewrite import Misconception, everywhere, subtrees
from rnnsym.audit.slips import MISCONCEPTIONS as LINE
from rnnsym.audit.slips import SIGN, Row, Slip
from rnnsym.blocks import Block, Paragraph, Prose, prose
from rnnsym.derivation import Step, Term
from rnnsym.errors import ShapeError
from rnnsym.expr import LAYER, TIME, Array, Expr, Node, Product, arrays_in, transpose
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    INSIDE,
    PROOF,
    by_chain_rule,
    derivation_of,
    how_of,
    line,
    model_blocks,
    proven,
    readouts,
    source_of,
    system_of,
)
from rnnsym.quiz.derivation_loss import is_of_loss
from rnnsym.quiz.derivation_rules import explained
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.likeness import fingerprint
from rnnsym.quiz.loss_slips import loss_slips
from rnnsym.quiz.options import WRONG, arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND", "MISCONCEPTIONS"]


def _another_step(row: Row) -> Sequence[Slip]:
    """Every δ of this step in place of the next one's, and the other way round."""
    times: dict[Expr, Expr] = {TIME: TIME + 1, TIME + 1: TIME}
    moved = {
        a: a.xreplace({a.time: times[a.time]})
        for a in arrays_in(row.value)
        if a.family.role == "adjoint" and a.time is not None and a.time in times
    }
    if not moved or row.step.target in moved.values():
        return []
    value = everywhere(row.value, lambda node: moved.get(node) if isinstance(node, Array) else None)
    why = prose("Each δ stands at a step that is not its own.")
    if len(moved) == 1:
        [(its, other)] = moved.items()
        why = prose("It is ", its, " that belongs there, not ", other, ".")
    return [(replace(row, value=value), why)]


def _other_matrix(row: Row) -> Sequence[Slip]:
    """The matrix of the state in place of that of the input, in every term."""
    others: dict[Node, Node] = {}
    taken: list[tuple[Node, Node]] = []
    for term in row.step.terms:
        read = _at_its_step(term).atoms(Product) if term.source is not None else ()
        if len(read) == 2:
            first, second = read
            a, b = (transpose(product.children[0]) for product in (first, second))
            others |= {a: b, b: a}
            taken.append((first, second) if a in subtrees(term.value) else (second, first))
    try:
        value = everywhere(row.value, others.get)
    except ShapeError:  # a term that has no other matrix
        return []
    why = prose("The matrices that stand here multiply another vector than ", row.step.of, ".")
    if len(taken) == 1:
        [(right, wrong)] = taken
        why = prose(wrong.children[0], " multiplies ", *wrong.children[1:], "; it is ",
                    right.children[0], " that multiplies ", *right.children[1:], ".")  # fmt: skip
    return [(replace(row, value=value), why)]


def _at_its_step(term: Term) -> Node:
    """Return the right-hand side that a term comes through, at the step it has in the line."""
    if term.source is None:
        raise ValueError("the loss is no equation")
    return term.source.rhs.xreplace(dict(zip((LAYER, TIME), term.index, strict=True)))


MISCONCEPTIONS = (
    *LINE,
    Misconception("all at another step", _another_step),
    Misconception("matrix of the other vector", _other_matrix),
)
"""Those of a line, and some that are as long as it is: a key is not to be the longest option."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    bare = [
        (("model", name), ("convention", "textbook"), ("line", step.key))
        for name in cells or EXAMINED
        for step in derivation_of(name).steps
    ]
    return [*bare, *((*net, ("line", key)) for net, keys in readouts(cells) for key in keys)]


@lru_cache(maxsize=4096)
def _enough(model: str, key: str, *how: str) -> bool:
    return len(tuple(islice(_distinct(model, key, *how), WRONG))) == WRONG


@lru_cache(maxsize=4096)
def _wrong(model: str, key: str, *how: str) -> tuple[Option, ...]:
    """What the misconceptions give, each different thing once."""
    system = system_of(model, *how)
    return tuple(replace(o, why=explained(o.why, system)) for o in _distinct(model, key, *how))


def _distinct(model: str, key: str, *how: str) -> Iterator[Option]:
    step, value = line(model, key, *how)
    seen = {fingerprint(value)}
    for misconception in (*loss_slips(system_of(model, *how)), *MISCONCEPTIONS):
        for row, why in misconception.apply(Row(step, value)):
            if fingerprint(row.value) not in seen:
                seen.add(fingerprint(row.value))
                yield Option(prose(row.value), misconception.name, why)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key, how = values["model"], values["line"], how_of(values)
    step, value = line(model, key, *how)
    right = Option(prose(value), "", _why_right(step))
    wrong = _wrong(model, key, *how)
    likely = tuple(option for option in wrong if option.misconception != SIGN)
    options = mixed(
        right, likely if len(likely) >= WRONG else wrong, arranger("adjoint", parameters)
    )
    others = (o.content[0] for o in options if not o.correct)
    proven(model, key, value, (other for other in others if isinstance(other, Node)), *how)
    sums = len(step.terms) > 1
    return Item(
        id=identifier("adjoint", parameters),
        kind="adjoint",
        topic="derivations",
        level=4 if sums else 3,
        minutes=5 if sums else 3,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key, *how),
        parts=(Part((), Choice(options), 3 if sums else 2, by_chain_rule(model, key, *how)),),
        proof=Proof(f"{PROOF}, all options evaluated", "≤ 1e-12"),
        tags=(model, DERIVATION),
    )


def _why_right(step: Step) -> Prose:
    if is_of_loss(step):
        return prose("It is the derivative of the loss of its step.")
    made = "what is made of " if step.factor is not None else ""
    slope = ", and the slope of its function is a factor" if step.factor is not None else ""
    if len(step.terms) != 1:
        return prose(f"Every place where {made}", step.of, f" is used gives one term{slope}.")
    [term] = step.terms
    always = ", at every step" if step.summed is not None else ""
    return prose(made.capitalize(), step.of, " is used in ", source_of(term) or "the loss",
                 f" only{always}{slope}.")  # fmt: skip


@lru_cache(maxsize=4096)
def _stem(model: str, key: str, *how: str) -> tuple[Block, ...]:
    step, value = line(model, key, *how)
    shifted = any(a.time not in (None, TIME) for a in arrays_in(value))
    where = INSIDE if step.time is not None and shifted else ""
    asked = Paragraph(prose("Which expression is ", step.target, where, "?"))
    system = system_of(model, *how)
    # An option may hold what the loss sends back where the line itself does not.
    seen = (s.target for s in derivation_of(model, *how).adjoints if s.of == system.output)
    others = seen if len(how) > 1 else ()
    return (*model_blocks(system, (step.target, value, *others)), asked)


def _variants(subject: Parameters) -> int:
    values = dict(subject)
    return int(_enough(values["model"], values["line"], *how_of(values)))


KIND = Kind("adjoint", "derivations", "analyse", (3, 4), (2, 3), _subjects, _variants, _draw, _make)
