"""What is drawn for a question about a designed net: a behaviour, and one of many equal nets."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import product

from rnnsym.blocks import Prose, prose
from rnnsym.quiz.design_nets import BEHAVIOURS, Weights, rebuilt
from rnnsym.quiz.design_runs import MODEL
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.registry import Parameters

__all__ = ["designed", "draw_net", "idea_of", "subjects", "variants"]

ORDERS = ("0 1", "1 0")
FACTORS = tuple(" ".join(pair) for pair in product(("1", "2", "0.5"), repeat=2))
SCALED = " Units are scaled here, and the weights that read them by the inverse."


def subjects(_cells: Sequence[str]) -> Sequence[Parameters]:
    """Return every behaviour: the net is always the same one."""
    return [
        (("model", MODEL), ("convention", "textbook"), ("behaviour", name)) for name in BEHAVIOURS
    ]


def variants(_subject: Parameters) -> int:
    """Return how many equal nets there are at most."""
    return len(ORDERS) * len(FACTORS)


def draw_net(subject: Parameters, draw: Draw) -> Parameters:
    """Return a behaviour with the order and the scales of the units."""
    order, factors = draw.choice("order", ORDERS), draw.choice("factors", FACTORS)
    return (*subject, ("order", order), ("factors", factors))


def designed(name: str, parameters: Parameters) -> Weights:
    """Return a net that behaves as named, with the units as drawn."""
    values = dict(parameters)
    order = tuple(map(int, values["order"].split()))
    factors = tuple(map(Decimal, values["factors"].split()))
    return rebuilt(BEHAVIOURS[name].weights, order, factors)


def idea_of(parameters: Parameters) -> Prose:
    """Return how the net works."""
    values = dict(parameters)
    scaled = "" if values["factors"] == "1 1" else SCALED
    return prose(BEHAVIOURS[values["behaviour"]].idea + scaled)
