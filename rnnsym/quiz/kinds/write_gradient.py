"""A gradient or an adjoint to be written as one expression, judged as ``rnnsym audit`` does."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.blocks import Block
from rnnsym.item import Item, Proof
from rnnsym.quiz.derivation_lines import (
    DERIVATION,
    PROOF,
    derivation_of,
    how_of,
    line,
    model_blocks,
    readouts,
    system_of,
)
from rnnsym.quiz.derivation_loss import is_of_loss
from rnnsym.quiz.derivation_writing import HOW, asked_as, is_work, written
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED

__all__ = ["KIND"]

NAME = "write_gradient"


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    nets = [
        ((("model", name), ("convention", "textbook")), [s.key for s in derivation_of(name).steps])
        for name in cells or EXAMINED
    ]
    return [
        (*net, ("line", key))
        for net, keys in (*nets, *readouts(cells))
        for key in keys
        if is_work(dict(net)["model"], key, *how_of(dict(net)))
    ]


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, key, how = values["model"], values["line"], how_of(values)
    step, _ = line(model, key, *how)
    part = written(model, key, *how)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=3 if step.time is None or is_of_loss(step) else 4,
        minutes=2 + len(part.scheme),
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(model, key, *how),
        parts=(part,),
        proof=Proof(f"{PROOF}; audit finds the key equal", "≤ 1e-12"),
        tags=(model, DERIVATION, "formula"),
    )


@lru_cache(maxsize=4096)
def _stem(model: str, key: str, *how: str) -> tuple[Block, ...]:
    step, _ = line(model, key, *how)
    shown = (s.target for s in derivation_of(model, *how).adjoints)
    return (*model_blocks(system_of(model, *how), shown), asked_as(step, f" {HOW}"))


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "derivations", "create", (3, 4), (2, 4), _subjects, _variants, _draw, _make)
