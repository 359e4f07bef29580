"""Mistakes in the shapes of weights, as operators on the arrays of one affine map and a readout.

The arrays of the work are four: what multiplies the input, what multiplies the old output, the
bias, and the readout's matrix.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Inline, Prose, prose
from rnnsym.expr import size
from rnnsym.item import Option
from rnnsym.quiz.count_slips import Counted, Work
from rnnsym.quiz.counting_slips import unprojected, with_columns
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair

__all__ = ["SLIPS", "four_options", "shape_of", "shapes_text"]

INPUT, STATE, BIAS, READOUT = range(4)
D, N, P, Q = map(size, "dnpq")


def shape_of(part: Counted, sizes: dict[str, int], turned: bool) -> tuple[int, int]:
    """Return the shape of an array as numbers; ``turned`` where vectors are rows."""
    (a, rows), (b, columns) = part.sides
    shape = a * sizes.get(rows, 1), b * sizes.get(columns, 1)
    return (shape[1], shape[0]) if turned else shape


def shapes_text(work: Work, turned: bool) -> str:
    """Return the shapes in print, one after the other."""
    sizes = dict(work.sizes)
    return ", ".join(" × ".join(map(str, shape_of(p, sizes, turned))) for p in work.parts)


# Misconceptions


def _changed(
    name: str, places: Sequence[int], change: Callable[[Work, Counted], Counted], *why: Inline
) -> Misconception[Work]:
    """Return the mistake that changes the arrays at these places."""

    def apply(work: Work) -> Sequence[tuple[Work, Prose]]:
        parts = (change(work, p) if k in places else p for k, p in enumerate(work.parts))
        return [(replace(work, parts=tuple(parts)), prose(*why))]

    return Misconception(name, apply)


def _turned(_work: Work, part: Counted) -> Counted:
    return replace(part, sides=part.sides[::-1])


def _reads_input(work: Work, part: Counted) -> Counted:
    return with_columns(part, work.parts[INPUT].sides[1])


def _as_input(work: Work, part: Counted) -> Counted:
    return replace(part, sides=(work.parts[INPUT].sides[1], part.sides[1]))


def _gives_scores(work: Work, part: Counted) -> Counted:
    return replace(part, sides=(work.parts[READOUT].sides[0], part.sides[1]))


def _reads_units(_work: Work, part: Counted) -> Counted:
    return unprojected(part)


def _exchanged(work: Work) -> Sequence[tuple[Work, Prose]]:
    sizes = dict(work.sizes)
    sizes["d"], sizes["n"] = sizes["n"], sizes["d"]
    return [(replace(work, sizes=tuple(sizes.items())), prose("It is the input that has ", D,
                                                              " entries."))]  # fmt: skip


SLIPS = (
    _changed("old output taken for the input", [STATE], _reads_input,
             "The second matrix multiplies the old state, not the input."),
    _changed("readout of the input", [READOUT], _reads_input,
             "The readout multiplies the output of the layer, not its input."),
    _changed("bias as long as the input", [BIAS], _as_input,
             "The bias is added to what the matrices give, not to the input."),
    _changed("map to the scores", [INPUT, STATE, BIAS], _gives_scores,
             "Only the readout gives ", Q, " entries."),
    _changed("n in place of p", [STATE, READOUT], _reads_units,
             "The output, which recurs and which the readout reads, has ", P, " entries."),
    Misconception("d and n exchanged", _exchanged),
    _changed("first matrix transposed", [INPUT], _turned,
             "The matrix of the input has rows and columns exchanged."),
    _changed("readout transposed", [READOUT], _turned,
             "The readout's matrix has rows and columns exchanged."),
    _changed("all transposed", range(4), _turned,
             "All rows and columns are exchanged."),
)  # fmt: skip
"""Those that transpose come last: they turn round what the others have made."""


# Options


def _is_of_readout(slip: Misconception[Work], work: Work) -> bool:
    """Tell whether a mistake changes the readout's matrix."""
    [(changed, _)] = slip.apply(work)
    return changed.parts[READOUT] != work.parts[READOUT]


def four_options(work: Work, turned: bool, reason: str, draw: Draw) -> tuple[Option, ...]:
    """Return the key, two mistakes, and both of them made together.

    So no shape stands in more of the options because it is right.

    Raises:
        Unfair: no two mistakes give three other answers.
    """
    places = {slip.name: place for place, slip in enumerate(SLIPS)}
    ranked = draw.ranked("slips", SLIPS, lambda slip: slip.name)
    key = shapes_text(work, turned)
    pairs = combinations(ranked, 2)
    for pair in sorted(pairs, key=lambda pair: sum(_is_of_readout(s, work) for s in pair) != 1):
        first, second = sorted(pair, key=lambda slip: places[slip.name])
        [(one, why)] = first.apply(work)
        [(two, because)] = second.apply(work)
        [(both, _)] = second.apply(one)
        names = (first.name, second.name, f"{first.name}, and {second.name}")
        whys = (why, because, prose(*why, " ", *because))
        texts = [shapes_text(wrong, turned) for wrong in (one, two, both)]
        if len({key, *texts}) == 4:
            wrong = (Option(prose(t), name, said)
                     for t, name, said in zip(texts, names, whys, strict=True))  # fmt: skip
            options = (Option(prose(key), "", prose(reason)), *wrong)
            return tuple(draw.ranked("order", options, lambda option: option.content))
    raise Unfair("no two mistakes give three other answers")
