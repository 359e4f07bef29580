"""From the loss to a recurrent parameter: every line on the way, each as one expression."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.derive import needed
from rnnsym.item import Item, Part, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    PROOF,
    derivation_of,
    how_of,
    line,
    listed,
    model_blocks,
    readouts,
    system_of,
)
from rnnsym.quiz.derivation_writing import HOW, asked_as, is_work, written
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "derive_gradient"
TAUGHT = ("vanilla", "relu-rnn")
LINES = 6
"""A derivation by hand has no more."""
READING = 3
"""Minutes before the first line is written."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    nets = [net for net, _ in readouts(cells or TAUGHT) if dict(net)["loss at"] == "every"]
    return [(*net, ("line", key)) for net in nets for key in _wanted(net)]


def _wanted(net: Parameters) -> Iterator[str]:
    """Yield the parameters of the cell whose gradients take some lines, but not too many."""
    model, how = dict(net)["model"], how_of(dict(net))
    readout = system_of(model, *how).output
    for step in derivation_of(model, *how).weights:
        inside = any(term.source and term.source.lhs != readout for term in step.terms)
        few = len(_lines(model, step.key, *how)) <= LINES
        if inside and few and is_work(model, step.key, *how):
            yield step.key


@lru_cache(maxsize=256)
def _lines(model: str, wanted: str, *how: str) -> tuple[str, ...]:
    """The δ that a gradient rests on, as they are computed, and the readout's own gradient."""
    derivation = derivation_of(model, *how)
    [last] = derivation.find(wanted)
    lines = [step.key for step in needed(derivation, last)]
    return (lines[0], *_of_readout(model, *how), *lines[1:], wanted)


def _of_readout(model: str, *how: str) -> Iterator[str]:
    """Yield the gradients of the readout's own parameters that are to be written."""
    readout = system_of(model, *how).output
    for step in derivation_of(model, *how).weights:
        own = any(term.source and term.source.lhs == readout for term in step.terms)
        if own and is_work(model, step.key, *how):
            yield step.key


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, wanted, how = values["model"], values["line"], how_of(values)
    parts = tuple(_part(model, key, *how) for key in _lines(model, wanted, *how))
    marks = sum(part.marks for part in parts)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=5,
        minutes=READING + marks,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, wanted, *how),
        parts=parts,
        proof=Proof(f"{PROOF}; audit finds each key equal", "≤ 1e-12"),
        tags=(model, DERIVATION, "formula"),
    )


def _part(model: str, key: str, *how: str) -> Part:
    step, _ = line(model, key, *how)
    return replace(written(model, key, *how), stem=(asked_as(step),))


@lru_cache(maxsize=256)
def _stem(model: str, wanted: str, *how: str) -> tuple[Block, ...]:
    system = system_of(model, *how)
    shown = (line(model, key, *how)[0].target for key in _lines(model, wanted, *how))
    asked = [line(model, key, *how)[0].target for key in (*_of_readout(model, *how), wanted)]
    then = f" from the loss, in the order of the parts. {HOW}"
    said = prose("Derive ", *listed(asked), then)
    return (*model_blocks(system, shown), Paragraph(said))


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "create", (5, 5), (9, 20), _subjects, _variants, _draw, _make)
