"""Four numbered lines of a derivation, one of them changed by a mistake: which one is wrong?"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.audit.misconceptions import MISCONCEPTIONS
from rnnsym.audit.slips import SIGN, Row
from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Written, prose
from rnnsym.expr import STEPS, TIME, Array, Expr, Family, Node, Product, Sigma, arrays_in
from rnnsym.item import Choice, FormulaAnswer, Item, Mark, Option, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    FAR,
    INSIDE,
    PROOF,
    by_chain_rule,
    derivation_of,
    error,
    how_of,
    line,
    listed,
    model_blocks,
    proven,
    readouts,
    source_of,
    system_of,
)
from rnnsym.quiz.derivation_loss import is_of_loss
from rnnsym.quiz.derivation_rules import BARS, explained, in_free_letters
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.likeness import form_of, printed
from rnnsym.quiz.loss_slips import loss_slips
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED
from rnnsym.record import record

__all__ = ["KIND"]

NAME = "find_error"
LINES = 4
REPAIR = "Write the line that you found as it should be; any equal form counts."
UNLIKELY = (
    SIGN, "sign of a term", "sum over the steps missing", "last step only", "first step forgotten",
)  # fmt: skip
"""Mistakes that are seen without thinking."""


@record
class _Mistake:
    """A wrong right-hand side, what it is called and why it is wrong."""

    name: str
    value: Node
    why: Prose

    @property
    def label(self) -> str:
        """What a parameter of an item calls it."""
        return f"{self.name}: {printed(prose(self.value))}"


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    names = cells or EXAMINED
    nets = [(("model", n), ("convention", "textbook")) for n in names if len(_keys(n)) >= LINES]
    return [*nets, *(net for net, _ in readouts(cells) if dict(net)["loss at"] == "every")]


@lru_cache(maxsize=256)
def _keys(model: str, *how: str) -> tuple[str, ...]:
    """The lines that hold more than one array: in the others there is nothing to get wrong."""
    return tuple(s.key for s in derivation_of(model, *how).steps if s.value().children)


@lru_cache(maxsize=4096)
def _mistakes(model: str, key: str, *how: str) -> tuple[_Mistake, ...]:
    """What can go wrong in a line, every mistake that looks different."""
    found = {mistake.label: mistake for mistake in _mistaken(model, key, *how)}
    return tuple(found.values())


def _mistaken(model: str, key: str, *how: str) -> Iterator[_Mistake]:
    step, value = line(model, key, *how)
    system = system_of(model, *how)
    usual = () if is_of_loss(step) else MISCONCEPTIONS
    for misconception in (*loss_slips(system), *usual):
        if misconception.name not in UNLIKELY:
            for row, why in misconception.apply(Row(step, value)):
                if row.value.shape == value.shape and _defined(model, row.value):
                    yield _Mistake(misconception.name, row.value, explained(why, system))


def _defined(model: str, value: Node) -> bool:
    """Tell whether all that a sum reads exists: nothing does at T + 1, and at 0 only states do."""
    if not isinstance(value, Sigma):
        return True
    index, first, last = value.bounds
    starts = {array.family for array in arrays_in(value.body.xreplace({index: first}))
              if array.time == 0}  # fmt: skip
    ends = {array.time for array in arrays_in(value.body.xreplace({index: last}))}
    return starts <= _states(model) and STEPS + 1 not in ends


@lru_cache(maxsize=256)
def _states(model: str) -> frozenset[Family]:
    """Return what the equations read of the step before."""
    read = (array for e in system_of(model).equations for array in arrays_in(e.rhs))
    return frozenset(array.family for array in read if array.time == TIME - 1)


@lru_cache(maxsize=1024)
def _unobtrusive(model: str, keys: tuple[str, ...], wrong: str, *how: str) -> tuple[_Mistake, ...]:
    """Return the mistakes in a line that read no step of which no line beside it reads anything.

    Raises:
        Unfair: there is none.
    """
    read = {step for key in keys for step in _steps(line(model, key, *how)[1])}
    found = tuple(m for m in _mistakes(model, wrong, *how) if _steps(m.value) <= read)
    if not found:
        raise Unfair("every mistake in the line is seen without thinking")
    return found


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    model, how = dict(subject)["model"], how_of(dict(subject))
    keys = _keys(model, *how)
    chosen = draw.ranked("lines", keys)[:LINES]
    inside = [key for key in keys if key in chosen]
    wrong = inside[draw.first().integer("place", 0, LINES - 1)]
    mistakes = _unobtrusive(model, tuple(inside), wrong, *how)
    name = draw.choice("misconception", list(dict.fromkeys(m.name for m in mistakes)))
    mistake = draw.choice("mistake", [m.label for m in mistakes if m.name == name])
    return (*subject, ("lines", " ".join(inside)), ("wrong", wrong), ("mistake", mistake))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, wrong, how = values["model"], values["wrong"], how_of(values)
    keys = tuple(values["lines"].split(" "))
    found = {m.label: m for m in _unobtrusive(model, keys, wrong, *how)}
    mistake = found.get(values["mistake"])
    if mistake is None:
        raise Unfair(f"nobody makes the mistake '{values['mistake']}' in that line")
    lines = {key: line(model, key, *how)[1] for key in keys}
    if any(form_of(lines[key]) == form_of(lines[wrong]) or
           _products(lines[key]) & _products(lines[wrong])
           for key in keys if key != wrong):  # fmt: skip
        raise Unfair("a line beside the wrong one shows how it should be")
    for key in keys:
        proven(model, key, lines[key], (), *how)
    if not error(model, wrong, mistake.value, *how) > FAR:
        raise Unfair(f"{mistake.label} is right all the same")
    step, value = line(model, wrong, *how)
    shown = [(line(model, key, *how)[0].target, mistake.value if key == wrong else lines[key])
             for key in keys]  # fmt: skip
    whys = [mistake.why if key == wrong else _why_right(model, key, *how) for key in keys]
    options = tuple(_option(i, why, right=why != mistake.why) for i, why in enumerate(whys, 1))
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=4,
        minutes=6,
        convention=values["convention"],
        parameters=parameters,
        stem=(*_stem(model, keys, *how), _display(shown)),
        parts=(
            Part(
                (Paragraph(prose("Which line is wrong?")),),
                Choice(options),
                2,
                (Paragraph(prose(f"Line ({keys.index(wrong) + 1}). ", *mistake.why)),),
            ),
            Part(
                (Paragraph(prose(REPAIR)),),
                FormulaAnswer(model, step.name, prose(step.target, " = ", value)),
                2,
                by_chain_rule(model, wrong, *how),
                (
                    Mark(1, "M", prose("this fault is put right: ", *mistake.why)),
                    Mark(1, "A", prose("the whole line right: ", value, " (any equal form)")),
                ),
                carries=(0,),
            ),
        ),
        proof=Proof(f"{PROOF}: the line named is off, all others are right", "≤ 1e-12"),
        tags=(model, DERIVATION, mistake.name),
    )


@lru_cache(maxsize=4096)
def _steps(value: Node) -> frozenset[Expr | None]:
    """Return the steps of which a line reads anything."""
    return frozenset(array.time for array in arrays_in(value))


@lru_cache(maxsize=4096)
def _products(value: Node) -> frozenset[Node]:
    """Return what a line multiplies with matrices."""
    return frozenset(value.atoms(Product))


def _option(number: int, why: Prose, *, right: bool) -> Option:
    return Option(prose(f"Line ({number})"), "right line taken for wrong" if right else "", why)


@lru_cache(maxsize=4096)
def _why_right(model: str, key: str, *how: str) -> Prose:
    """Return through which equations the terms of a line come, and by which rules."""
    step, _ = line(model, key, *how)
    if is_of_loss(step):
        return prose("That line is right: it is the derivative of the loss of its step.")
    sources = dict.fromkeys(source_of(term) or "the loss" for term in step.terms)
    comes = "its terms come" if len(step.terms) > 1 else "its term comes"
    always = " at every step" if step.summed is not None else ""
    used = dict.fromkeys(rule for term in step.terms if term.source for rule in term.rules)
    rules = list(used) if step.factor is None else [*used, step.factor_rule]
    written = [part for rule in rules for part in ("; ", Written(rule))][1:]
    by = (", by ", *written, BARS) if rules else (", added as it is",)
    said = prose(f"That line is right: {comes}{always} through ", *listed(list(sources)), *by, ".")
    return in_free_letters(said, system_of(model, *how))


def _display(shown: Sequence[tuple[Array, Node]]) -> Block:
    lines = enumerate(shown, 1)
    return Equations(tuple(Line(target, value, str(i)) for i, (target, value) in lines))


@lru_cache(maxsize=4096)
def _stem(model: str, keys: tuple[str, ...], *how: str) -> tuple[Block, ...]:
    system = system_of(model, *how)
    targets = enumerate((line(model, key, *how)[0].target for key in keys), 1)
    timed = [f"({i})" for i, target in targets if target.time == TIME]
    before, after = ("lines ", " are meant") if len(timed) > 1 else ("line ", " is meant")
    where = (f"; {before}", *listed(timed), f"{after}{INSIDE}") if timed else ()
    said = "In these lines of its derivation there is exactly one mistake"
    asked = Paragraph(prose(said, *where, "."))
    shown = (s.target for s in derivation_of(model, *how).adjoints)
    return (*model_blocks(system, shown), asked)


def _variants(subject: Parameters) -> int:
    model, how = dict(subject)["model"], how_of(dict(subject))
    return sum(len(_mistakes(model, key, *how)) for key in _keys(model, *how))


KIND = Kind(NAME, "derivations", "analyse", (4, 4), (4, 4), _subjects, _variants, _draw, _make)
