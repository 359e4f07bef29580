"""Names in print: sizes tied over the layers of a stack, the convention line, file slugs."""

import re
from collections.abc import Sequence
from typing import TypeVar

from rnnsym.blocks import Prose, Relation, prose
from rnnsym.convention import read_convention
from rnnsym.equations import System
from rnnsym.expr import AppliedUndef, Array, Basic, Family, Integer, Shape, size

T = TypeVar("T", bound=Basic)

__all__ = [
    "NOTATION",
    "convention_lines",
    "conventions_in",
    "slug",
    "tied",
    "tied_shape",
    "titles",
]

SHAPE = (size("n"), Integer(1))
ADJOINT = Array(Family("delta_a", "a", "", "adjoint"), SHAPE)
GRADIENT = Array(Family("a", "a", "", "gradient"), SHAPE)
NOTATION = prose(
    "⊙ is the elementwise product, squares of vectors are elementwise; ",
    Relation((ADJOINT, GRADIENT)),
)

LOSS_LINES = {
    "free": "L is any scalar loss; Δ = ∂L/∂output is given",
    "squared": "L = ½ Σ ‖output − τ‖²",
    "cross-entropy": "L = −Σ τᵀ log softmax(output)",
}
PLACE_LINES = {"every": "at every step", "last": "at the last step only"}


def tied(system: System, node: T) -> T:
    """Return ``node`` with a stack's sizes n(l) printed as n."""
    names = {name for name, _ in system.layered_sizes}
    if not names:
        return node
    rule = {s: size(s.func.__name__) for s in node.atoms(AppliedUndef) if s.func.__name__ in names}
    return node.xreplace(rule) if rule else node


def tied_shape(system: System, shape: Shape) -> Shape:
    """Return a shape with a stack's sizes tied."""
    return tied(system, shape[0]), tied(system, shape[1])


def convention_lines(system: System) -> tuple[Prose, ...]:
    """Return the lines under a title: convention, notation, loss."""
    model = system.model
    bias = "" if model.bias else ", no biases"
    sizes = ", ".join(f"{k} = {v}" for k, v in system.bound.items())
    lines = [
        f"{LOSS_LINES[model.loss]}, {PLACE_LINES[model.loss_at]}",
        *system.notes,
        *([f"Sizes: {sizes}"] if sizes else []),
    ]
    convention = f"{read_convention(model.convention).line}{bias}"
    return prose(convention), NOTATION, *(prose(line) for line in lines)


def conventions_in(systems: Sequence[System]) -> tuple[Prose, ...]:
    """Return the lines under the title of several models: every convention, and the notation."""
    found = (convention_lines(system)[0] for system in systems)
    return (*dict.fromkeys(found), NOTATION)


def titles(systems: Sequence[System]) -> tuple[str, ...]:
    """Return what several models are called: their texts, behind conventions that differ."""
    models = [system.model for system in systems]
    mixed = len({model.convention for model in models}) > 1
    return tuple(f"{m.convention} {m}" if mixed else str(m) for m in models)


def slug(text: str) -> str:
    """Return a file name for what was asked.

    >>> slug("bi(mgu)*2")
    'bi-mgu-2'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "model"
