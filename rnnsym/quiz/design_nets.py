"""Nets designed by hand: ReLU nets of two units, what they shall do, and what mistakes do."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from rnnsym.quiz.numbers import Matrix, read_matrix
from rnnsym.record import record

__all__ = ["BEHAVIOURS", "MISTAKES", "Behaviour", "Inputs", "Weights", "rebuilt"]

Inputs = tuple[int, ...]


@record
class Weights:
    """The weights of h_t = relu(W x_t + U h_{t−1} + b), y_t = V h_t.

    Attributes:
        W: of shape (2, 1).
        U: of shape (2, 2).
        b: of shape (2, 1).
        V: of shape (1, 2).
    """

    W: Matrix
    U: Matrix
    b: Matrix
    V: Matrix


@record
class Behaviour:
    """What a net shall put out.

    Attributes:
        words: what the output is, as a clause.
        output: the output at the last step of a sequence of inputs.
        weights: a net that does it.
        idea: how it does it.
    """

    words: str
    output: Callable[[Inputs], int]
    weights: Weights
    idea: str


def _weights(w: str, u: str, b: str, v: str) -> Weights:
    return Weights(*map(read_matrix, (w, u, b, v)))


def _before(inputs: Inputs) -> int:
    return inputs[-2] if len(inputs) > 1 else 0


BEHAVIOURS = {
    "latch": Behaviour(
        "1 from the first input 1 on, and 0 before it",
        lambda x: int(1 in x),
        _weights("1; 1", "1 -1; 1 -1", "0; -1", "1 -1"),
        "One unit holds the sum s of input and old output, the other relu(s − 1); "
        "s − relu(s − 1) is min(s, 1).",
    ),
    "parity": Behaviour(
        "1 where the number of 1s so far is odd, and 0 where it is even",
        lambda x: sum(x) % 2,
        _weights("1; 1", "1 -2; 1 -2", "0; -1", "1 -2"),
        "One unit holds the sum s of input and old output, the other relu(s − 1); "
        "s − 2 relu(s − 1) makes 0, 1, 0 of s = 0, 1, 2.",
    ),
    "delay": Behaviour(
        "the input of the step before (0 at the first step)",
        _before,
        _weights("1; 0", "0 0; 1 0", "0; 0", "0 1"),
        "One unit holds the input, the other copies it one step later.",
    ),
    "pair": Behaviour(
        "1 where this input and the one before are both 1, and 0 elsewhere",
        lambda x: x[-1] * _before(x),
        _weights("1; 1", "0 0; 1 0", "0; -1", "0 1"),
        "One unit holds the input; the other adds the input to the one before, and only a sum "
        "of 2 passes the threshold.",
    ),
    "rise": Behaviour(
        "1 where an input 1 follows a 0 or comes first, and 0 elsewhere",
        lambda x: int(x[-1] > _before(x)),
        _weights("1; 1", "0 0; -1 0", "0; 0", "0 1"),
        "One unit holds the input; the other is the input minus the one before, cut off below 0.",
    ),
    "fall": Behaviour(
        "1 where an input 0 follows a 1, and 0 elsewhere",
        lambda x: int(x[-1] < _before(x)),
        _weights("1; -1", "0 0; 1 0", "0; 0", "0 1"),
        "One unit holds the input; the other is the one before minus the input, cut off below 0.",
    ),
    "add": Behaviour(
        "the sum of this input and the one before (at the first step this input alone)",
        lambda x: x[-1] + _before(x),
        _weights("1; 0", "0 0; 1 0", "0; 0", "1 1"),
        "One unit holds the input, the other the one before; the output adds them.",
    ),
    "count": Behaviour(
        "the number of 1s so far, this input included",
        sum,
        _weights("0; 1", "1 1; 0 0", "0; 0", "1 1"),
        "One unit holds the input, the other adds up those before; the output adds both.",
    ),
    "earlier": Behaviour(
        "the number of 1s before this step",
        lambda x: sum(x[:-1]),
        _weights("1; 0", "1 0; 1 0", "0; 0", "0 1"),
        "One unit counts the 1s, the other copies the count one step later.",
    ),
    "surplus": Behaviour(
        "the number of 1s so far, the first of them not counted",
        lambda x: max(sum(x) - 1, 0),
        _weights("1; 1", "1 0; 1 0", "0; -1", "0 1"),
        "One unit counts the 1s; the other is that count minus 1, cut off below 0.",
    ),
    "first": Behaviour(
        "1 at the first input 1, and 0 at all other steps",
        lambda x: int(sum(x) == x[-1] == 1),
        _weights("1; 1", "1 0; -1 0", "0; 0", "0 1"),
        "One unit counts the 1s; the other is the input minus the old count, cut off below 0.",
    ),
}  # fmt: skip


def _times(factor: int, matrix: Matrix) -> Matrix:
    return tuple(tuple((factor * entry).normalize() + 0 for entry in row) for row in matrix)


MISTAKES: dict[str, tuple[Callable[[Weights], Weights], str]] = {
    "thresholds left out": (lambda w: replace(w, b=_times(0, w.b)), "No threshold is subtracted."),
    "thresholds doubled": (lambda w: replace(w, b=_times(2, w.b)), "Too much is subtracted."),
    "thresholds added": (
        lambda w: replace(w, b=_times(-1, w.b)),
        "A threshold is to be subtracted, not added.",
    ),
    "no memory": (lambda w: replace(w, U=_times(0, w.U)), "No old state is read."),
    "memory with the wrong sign": (
        lambda w: replace(w, U=_times(-1, w.U)),
        "The old state is read with the wrong sign.",
    ),
    "rows and columns of U exchanged": (
        lambda w: replace(w, U=tuple(zip(*w.U, strict=True))),
        "Row i of U says what unit i reads, not what reads it.",
    ),
    "units of the output exchanged": (
        lambda w: replace(w, V=tuple(row[::-1] for row in w.V)),
        "The output reads each unit with the weight of the other.",
    ),
    "both units read out": (
        lambda w: replace(w, V=tuple(tuple(a or Decimal(1) for a in row) for row in w.V)),
        "The output adds a unit that it should not read.",
    ),
    "sum and difference exchanged": (
        lambda w: replace(w, V=tuple((a, -b if a else b) for a, b in w.V)),
        "The second unit enters the output with the wrong sign.",
    ),
    "units of the input exchanged": (
        lambda w: replace(w, W=w.W[::-1]),
        "Each unit reads the input with the weight of the other.",
    ),
}
"""What goes wrong in a design, and why it is wrong."""


def rebuilt(weights: Weights, order: Inputs, factors: tuple[Decimal, ...]) -> Weights:
    """Return another net that does the same: units in another order, each scaled."""

    def shift(matrix: Matrix, *, rows: bool, columns: bool) -> Matrix:
        downs = order if rows else range(len(matrix))
        acrosses = order if columns else range(len(matrix[0]))
        return tuple(
            tuple(
                (
                    matrix[i][j]
                    * (factors[i] if rows else 1)
                    / (factors[j] if columns else 1)
                ).normalize() + 0
                for j in acrosses
            )
            for i in downs
        )  # fmt: skip

    return Weights(
        shift(weights.W, rows=True, columns=False),
        shift(weights.U, rows=True, columns=True),
        shift(weights.b, rows=True, columns=False),
        shift(weights.V, rows=False, columns=True),
    )
