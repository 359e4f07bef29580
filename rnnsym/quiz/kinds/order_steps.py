"""The lines of one step, forward and backward, to be put in the order in which they follow."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Relation, prose
from rnnsym.equations import System
from rnnsym.expr import BOUND, STEPS, TIME, Array, Node, arrays_in
from rnnsym.item import Item, Mark, Ordering, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    LOSS,
    PROOF,
    derivation_of,
    line,
    listed,
    named_adjoints,
    proven,
    slope_of_relu,
    system_of,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED, described, equation_note

__all__ = ["KIND", "orders"]

NAME = "order_steps"
FEWEST, MOST = 5, 6
"""Lines to be ordered."""
Graph = Mapping[str, frozenset[str]]
"""What each line needs of the other lines of the same step."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    names = cells or EXAMINED
    return [(("model", n), ("convention", "textbook")) for n in names if _chains(n)]


@lru_cache(maxsize=256)
def _lines(model: str) -> dict[str, tuple[Array, Node]]:
    """Every line of a step by a name of its own: forward, what the loss gives, backward."""
    system = system_of(model)
    loss = system.loss_terms[0]
    found = {f"{e.lhs.name}": (e.lhs, e.rhs) for e in system.equations}
    found[loss.given.name] = (loss.given, loss.target)
    steps = (*derivation_of(model).adjoints, *derivation_of(model).weights)
    return found | {s.key: (s.target, s.value()) for s in steps}


@lru_cache(maxsize=256)
def _needs(model: str) -> dict[str, frozenset[str]]:
    """Which lines give what a line reads at the same step, or at each step of a sum."""
    lines = _lines(model)
    by_family = {target.family: key for key, (target, _) in lines.items()}

    def read(value: Node) -> frozenset[str]:
        now = (a for a in arrays_in(value) if a.time in (TIME, BOUND))
        return frozenset(by_family[a.family] for a in now if a.family in by_family)

    return {key: read(value) - {key} for key, (_, value) in lines.items()}


@lru_cache(maxsize=256)
def _chains(model: str) -> tuple[tuple[str, ...], ...]:
    """Lines each of which needs the one before, from a forward one to the gradient of a weight."""
    needs = _needs(model)
    loss = system_of(model).loss_terms[0].given.name
    ends = [step.key for step in derivation_of(model).weights]
    whole = (chain for end in ends for chain in _back(end, needs))
    parts = (c[-n:] for c in whole for n in range(FEWEST, MOST + 1) if len(c) >= n)
    return tuple(dict.fromkeys(c for c in parts if loss in c[1:]))


def _back(end: str, needs: Graph) -> Iterator[tuple[str, ...]]:
    if not needs[end]:
        yield (end,)
    for before in sorted(needs[end]):
        for chain in _back(before, needs):
            yield (*chain, end)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    chains = [" ".join(chain) for chain in _chains(dict(subject)["model"])]
    return (*subject, ("lines", draw.choice("lines", chains)))


def orders(keys: Sequence[str], needs: Graph) -> Iterator[tuple[str, ...]]:
    """Yield every order in which no line comes before one that it needs."""
    if not keys:
        yield ()
    for key in keys:
        rest = [other for other in keys if other != key]
        if not needs[key] & set(rest):
            for order in orders(rest, needs):
                yield (key, *order)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, keys = values["model"], values["lines"].split(" ")
    system, lines = system_of(model), _lines(model)
    draw = arranger(NAME, parameters)
    shown = draw.ranked("order", range(len(keys)))
    mixed = [keys[place] for place in shown]
    if list(orders(mixed, _needs(model))) != [tuple(keys)]:
        raise Unfair("the lines may be computed in more than one order")
    adjoints = {step.key for step in derivation_of(model).steps}
    backward = [key for key in keys if key in adjoints]
    for key in backward:
        proven(model, key, line(model, key)[1])
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=3,
        minutes=4,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, tuple(keys)),
        parts=(
            Part(
                (),
                Ordering(tuple(_said(system, *lines[key]) for key in keys), tuple(shown)),
                3,
                _solution(model, tuple(keys)),
                _scheme(model, tuple(keys)),
            ),
        ),
        proof=Proof(
            f"all orders that need nothing too early counted: 1; each backward line by {PROOF}",
            "≤ 1e-12",
        ),
        tags=(model, DERIVATION, "order"),
    )


@lru_cache(maxsize=4096)
def _scheme(model: str, keys: tuple[str, ...]) -> tuple[Mark, ...]:
    """Return the marks of an order that ends with the sum; one line has no order of its own."""
    loss, lines = system_of(model).loss_terms[0].given, _lines(model)
    place = keys.index(loss.name)
    (first, *more), (delta, *others) = keys[:place], keys[place + 1 : -1]
    forward = prose("the forward lines in order") if more else prose(lines[first][0])
    every = prose("every δ") if others else prose(lines[delta][0])
    order = (
        "the δ in order, the sum over the steps last" if others else "the sum over the steps last"
    )
    return (
        Mark(1, "B", prose(*forward, ", before " if more else " before ", loss)),
        Mark(1, "B", prose(loss, " before ", *every)),
        Mark(1, "B", prose(order)),
    )


def _said(system: System, target: Array, value: Node) -> Prose:
    if target == system.loss_terms[0].given:
        return prose(target, ", which the loss gives from ", value)
    return prose(Relation((target, value)))


@lru_cache(maxsize=4096)
def _solution(model: str, keys: tuple[str, ...]) -> tuple[Block, ...]:
    needs, lines = _needs(model), _lines(model)
    found: list[Block] = []
    for key in keys[1:]:
        read = [lines[other][0] for other in keys if other in needs[key]]
        found.append(Paragraph(prose(lines[key][0], " needs ", *listed(read), ".")))
    return tuple(found)


@lru_cache(maxsize=4096)
def _stem(model: str, keys: tuple[str, ...]) -> tuple[Block, ...]:
    system, lines = system_of(model), _lines(model)
    forward = tuple(Line(e.lhs, e.rhs, shape=e.lhs.shape) for e in system.equations)
    named = named_adjoints(system, (node for key in keys for node in lines[key]))
    known = "What stands at other steps, and what none of these lines gives, counts as known."
    asked = "In which order can the lines be computed?"
    return (
        Paragraph(prose(*described(system), " is computed by")),
        Equations(forward),
        Paragraph(equation_note(system)),
        Paragraph(prose("With the loss ", LOSS, ", ", *listed(named), ".", slope_of_relu(system))),
        Paragraph(
            prose(
                f"{known} {asked} The sum over the steps 1 to ",
                STEPS,
                " comes last, once all of them are done.",
            )
        ),
    )


def _variants(subject: Parameters) -> int:
    return len(_chains(dict(subject)["model"]))


KIND = Kind(NAME, "derivations", "understand", (3, 3), (3, 3), _subjects, _variants, _draw, _make)
