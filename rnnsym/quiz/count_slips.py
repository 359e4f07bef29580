"""Mistakes in a count, as operators on the arrays counted and the numbers put in."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Inline, Prose, prose
from rnnsym.expr import Array, size
from rnnsym.quiz.derivation_lines import listed
from rnnsym.record import record

__all__ = ["MISCONCEPTIONS", "ONE_EQUATION", "Counted", "Work", "bare", "one_equation"]

ONE_EQUATION = {"one block forgotten": "left out", "one block too many": "counted twice"}
"""The misconceptions about the arrays of one equation, and what each does with them."""


@record
class Counted:
    """One trained array: the affine map it belongs to, what it multiplies, and its shape.

    It reads "x", the old "state", a state by a "peephole", something "other", or nothing: "1".
    A side of its shape is a number of times a size: ``(2, "n")``.
    """

    array: Array
    block: str
    reads: str
    layer: int
    sides: tuple[tuple[int, str], tuple[int, str]]

    def entries(self, sizes: dict[str, int]) -> int:
        """Return how many numbers it holds."""
        (a, rows), (b, columns) = self.sides
        return a * sizes.get(rows, 1) * b * sizes.get(columns, 1)


@record
class Work:
    """A count on its way: the arrays counted, the numbers put in, and a factor.

    Attributes:
        by_steps: whether it is multiplied by the steps too, as no count should be.
    """

    parts: tuple[Counted, ...]
    sizes: tuple[tuple[str, int], ...]
    steps: int
    times: int = 1
    by_steps: bool = False

    @property
    def total(self) -> int:
        """What it comes to."""
        sizes = {"": 1, **dict(self.sizes)}
        found = 0
        for part in self.parts:
            (a, m), (b, n) = part.sides
            found += a * sizes[m] * b * sizes[n]
        return found * self.times * (self.steps if self.by_steps else 1)

    @property
    def blocks(self) -> tuple[str, ...]:
        """The affine maps that the arrays belong to."""
        return tuple(dict.fromkeys(part.block for part in self.parts))


Slips = Sequence[tuple[Work, Prose]]


def _kept(work: Work, parts: Sequence[Counted], *why: Inline) -> Slips:
    """The work with these parts only, unless they are all."""
    changed = tuple(parts) != work.parts and len(parts) > 0
    return [(replace(work, parts=tuple(parts)), prose(*why))] if changed else []


def _no_biases(work: Work) -> Slips:
    kept = [p for p in work.parts if p.reads != "1"]
    one = len(work.parts) - len(kept) == 1
    return _kept(work, kept, f"The bias {'vector is' if one else 'vectors are'} trained too.")


def _second_bias(work: Work) -> Slips:
    biases = [p for p in work.parts if p.reads == "1"]
    if len({(p.block, p.layer, p.array.family.direction) for p in biases}) != len(biases):
        return []
    return _kept(work, [*work.parts, *biases], "No equation here has a second bias vector.")


def _one_bias(work: Work) -> Slips:
    """In a convention with two bias vectors, one of each pair."""
    seen: set[tuple[object, ...]] = set()
    kept: list[Counted] = []
    for part in work.parts:
        place = (part.block, part.layer, part.array.family.direction)
        if part.reads != "1" or place not in seen:
            kept.append(part)
        if part.reads == "1":
            seen.add(place)
    return _kept(work, kept, "Where an equation has two bias vectors, both are trained.")


def _no_recurrence(work: Work) -> Slips:
    why = "The recurrent weights are trained too."
    return _kept(work, [p for p in work.parts if p.reads != "state"], why)


def _no_peepholes(work: Work) -> Slips:
    why = "The peephole weights are trained too."
    return _kept(work, [p for p in work.parts if p.reads != "peephole"], why)


def _block_forgotten(work: Work) -> Slips:
    return [
        (replace(work, parts=tuple(p for p in work.parts if p.block != own[0].block)), why)
        for own, why in _unlike_equations(work.parts, "one block forgotten")
    ]


def _block_too_many(work: Work) -> Slips:
    return [
        (replace(work, parts=(*work.parts, *own)), why)
        for own, why in _unlike_equations(work.parts, "one block too many")
    ]


@lru_cache(maxsize=1024)
def _unlike_equations(
    parts: tuple[Counted, ...], slip: str
) -> tuple[tuple[tuple[Counted, ...], Prose], ...]:
    """Return the arrays of one equation of each kind, where several have any, and which it is."""
    blocks: dict[str, list[Counted]] = {}
    for part in parts:
        blocks.setdefault(part.block, []).append(part)
    kinds: dict[tuple[object, ...], list[tuple[Counted, ...]]] = {}
    for own in blocks.values():
        kinds.setdefault(tuple(sorted((p.layer, p.sides) for p in own)), []).append(tuple(own))
    if len(blocks) == 1:
        return ()
    named = {alike[0]: _first_arrays(alike) if len(kinds) > 1 else () for alike in kinds.values()}
    return tuple((own, one_equation(slip, len(blocks), *that)) for own, that in named.items())


def one_equation(slip: str, equations: int, *which: Inline) -> Prose:
    """Return why a number is wrong that one of so many equations, any or these, accounts for."""
    how = f"The parameters of one equation are {ONE_EQUATION[slip]}"
    return prose(how, *which, f": {equations} equations of the cell have parameters.")


def _first_arrays(equations: Sequence[Sequence[Counted]]) -> Prose:
    """Return ", the one with W_r or W_z": an equation is known by an array of its own."""
    return prose(", the one with ", *listed([bare(own[0].array) for own in equations], " or "))


def bare(array: Array) -> Array:
    """Return an array as the equations write it, without direction or layer."""
    return Array(type(array.family)(array.family.name, array.family.label), array.shape)


def _swapped(work: Work) -> Slips:
    names = tuple(name for name, _ in work.sizes)
    main = "n" if "n" in names else next(name for name in names if name != "d")
    if not _swapping_matters(work.parts, names, main):
        return []  # every array is n × d
    d, n = size("d"), size(main)
    why = prose("This swaps ", d, " and ", n, ": it is the input that has ", d, " entries.")
    return [(_exchanged(work, main), why)]


@lru_cache(maxsize=1024)
def _swapping_matters(parts: tuple[Counted, ...], names: tuple[str, ...], main: str) -> bool:
    anywhere = Work(parts, tuple((name, 101 + k) for k, name in enumerate(names)), 1)
    return _exchanged(anywhere, main).total != anywhere.total


def _exchanged(work: Work, main: str) -> Work:
    sizes = dict(work.sizes)
    sizes["d"], sizes[main] = sizes[main], sizes["d"]
    return replace(work, sizes=tuple(sizes.items()))


def _times_steps(work: Work) -> Slips:
    why = "Every step uses the same parameters: the length of the sequence does not enter."
    return [(replace(work, by_steps=True), prose(why))]


def _one_direction(work: Work) -> Slips:
    why = "The backward chain has parameters of its own."
    return _kept(work, [p for p in work.parts if p.array.family.direction != "bwd"], why)


def _one_layer(work: Work) -> Slips:
    why = "The second layer has parameters of its own."
    return _kept(work, [p for p in work.parts if p.layer == 1], why)


def _layers_alike(work: Work) -> Slips:
    first = [p for p in work.parts if p.layer == 1]
    if len(first) == len(work.parts):
        return []
    why = ("The second layer reads the output of the first, not the input of size ", size("d"), ".")
    return _kept(work, [*first, *(replace(p, layer=2) for p in first)], *why)


def _narrow_second(work: Work) -> Slips:
    parts = [
        replace(p, sides=(p.sides[0], (1, p.sides[1][1]))) if p.sides[1][0] == 2 else p
        for p in work.parts
    ]
    return _kept(work, parts, "A layer above the first reads the outputs of both directions.")


MISCONCEPTIONS = (
    Misconception("no biases", _no_biases),
    Misconception("second bias", _second_bias),
    Misconception("one bias for two", _one_bias),
    Misconception("recurrent part forgotten", _no_recurrence),
    Misconception("peepholes forgotten", _no_peepholes),
    Misconception("one block forgotten", _block_forgotten),
    Misconception("one block too many", _block_too_many),
    Misconception("sizes swapped", _swapped),
    Misconception("times T", _times_steps),
    Misconception("one direction forgotten", _one_direction),
    Misconception("one layer forgotten", _one_layer),
    Misconception("both layers alike", _layers_alike),
    Misconception("second layer reads one direction", _narrow_second),
)
