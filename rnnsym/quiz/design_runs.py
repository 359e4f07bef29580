"""What a net designed by hand does: it is run on every input of 0s and 1s of ``LENGTH`` steps."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from decimal import Decimal
from functools import cache, lru_cache
from itertools import product
from typing import Any

import numpy as np

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Relation, Table, prose
from rnnsym.equations import System
from rnnsym.expr import TIME, Array, Family, Integer, Node, matmul, size
from rnnsym.numeric.oracle import Values, forward
from rnnsym.quiz.design_nets import BEHAVIOURS, Inputs, Weights
from rnnsym.quiz.forward_net import net_of, place_of, run
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, number_matrix, shown
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.subject import cell_of
from rnnsym.sheet.worked_lines import Row

__all__ = [
    "LENGTH", "MATRICES", "MODEL", "alike", "behaves", "difference", "matrices", "net_blocks",
    "printed_weights", "prove", "told", "trace",
]  # fmt: skip

MODEL = "relu-rnn"
LENGTH = 6
UNITS = 2
TRACED = (1, 0, 1, 1, 0)
V = Array(Family("V", "V"), (Integer(1), size("n")), None, None)
ZERO = Decimal(0)
MATRICES = tuple(f.name for f in fields(Weights))


@cache
def _net() -> tuple[System, Array, Array]:
    net = net_of(MODEL, 1, n=UNITS)
    state = net.rows[-1].target
    return net.system, state, Array(Family("y", "y"), (Integer(1), Integer(1)), None, state.time)


@lru_cache(maxsize=1024)
def _step(weights: Weights, state: Matrix, entry: int) -> tuple[Matrix, Decimal]:
    """Return the new state and the output."""
    net, (_, last, output) = net_of(MODEL, 1, n=UNITS), _net()
    values = {f.name: getattr(weights, f.name) for f in fields(weights)}
    values |= {"h": state, "x": ((Decimal(entry),),)}
    given = {place_of(a): values[a.name] for a in (*net.given, V)}
    found = run((*net.rows, _read_out(last, output)), given, net.numbers)
    return found[place_of(last)], found[place_of(output)][0][0]


@cache
def _read_out(state: Array, output: Array) -> Row:
    return Row(output, matmul(V, state))


def _run(weights: Weights, inputs: Inputs) -> Iterator[tuple[Matrix, Decimal]]:
    state: Matrix = ((ZERO,),) * UNITS
    for entry in inputs:
        state, output = _step(weights, state, entry)
        yield state, output


def _reached(weights: Weights) -> Iterator[tuple[Inputs, Decimal]]:
    """Yield every input, the shortest first, with what a net puts out at its end."""
    reached: list[tuple[Inputs, Matrix]] = [((), ((ZERO,),) * UNITS)]
    for _ in range(LENGTH):
        grown: list[tuple[Inputs, Matrix]] = []
        for (inputs, state), entry in product(reached, (0, 1)):
            after, output = _step(weights, state, entry)
            grown.append(((*inputs, entry), after))
            yield grown[-1][0], output
        reached = grown


@lru_cache(maxsize=1024)
def difference(weights: Weights, name: str) -> Inputs:
    """Return the first of the shortest inputs at whose end a net fails; () for a net that does not.

    >>> difference(BEHAVIOURS["delay"].weights, "delay")
    ()
    >>> difference(BEHAVIOURS["delay"].weights, "latch")
    (1,)
    """
    wanted = BEHAVIOURS[name].output
    return next((inputs for inputs, output in _reached(weights) if output != wanted(inputs)), ())


def alike(one: Weights, other: Weights) -> bool:
    """Tell whether two nets put out the same at the end of every input.

    >>> alike(BEHAVIOURS["rise"].weights, BEHAVIOURS["fall"].weights)
    False
    """
    both = zip(_reached(one), _reached(other), strict=True)
    return all(first == second for first, second in both)


def behaves(parameters: Parameters, weights: Weights) -> bool:
    """Tell whether a net does what the question with these parameters asks for."""
    return not difference(weights, dict(parameters)["behaviour"])


def prove(nets: tuple[Weights, ...], name: str, *, behaving: bool) -> None:
    """Compare what the oracle says of nets with what they shall do.

    Raises:
        Unfair: one does behave, or does not, against what was said.
    """
    for same in (abs(_by_oracle(nets) - _wanted(name)) < 1e-9).all(axis=(1, 2)):
        if bool(same) is not behaving:
            raise Unfair(f"the oracle finds that a net {'does' if same else 'does not'} behave")


@lru_cache(maxsize=64)
def _by_oracle(nets: tuple[Weights, ...]) -> Any:
    """Run nets on all inputs at once by the oracle, as complex floats: nets × steps × inputs."""
    net = net_of(MODEL, LENGTH, n=UNITS)
    inputs = np.array(_longest(), complex)
    arrays = {
        name: np.array([getattr(weights, name) for weights in nets], complex).repeat(len(inputs), 0)
        for name in MATRICES
    }
    known: dict[Any, Any] = {(k, "", None, None): arrays[k] for k in "WUb"}
    known["h", "", None, 0] = np.zeros((len(nets) * len(inputs), UNITS, 1), complex)
    for t in range(LENGTH):
        known["x", "", None, t + 1] = np.tile(inputs[:, t], len(nets)).reshape(-1, 1, 1)
    values = Values(net.sizes, None, known)
    forward(net.system, values)
    found = [arrays["V"] @ values.known["h", "", None, t + 1] for t in range(LENGTH)]
    return np.array(found).reshape(LENGTH, len(nets), len(inputs)).swapaxes(0, 1)


@cache
def _wanted(name: str) -> Any:
    """Return what the net shall put out: steps × inputs."""
    output = BEHAVIOURS[name].output
    return np.array([[output(x[: t + 1]) for x in _longest()] for t in range(LENGTH)])


@cache
def _longest() -> tuple[Inputs, ...]:
    return tuple(product((0, 1), repeat=LENGTH))


# What is printed


@cache
def net_blocks() -> tuple[Block, ...]:
    """Return the net that all these questions are about."""
    system, state, _ = _net()
    cell = cell_of(system)
    output = Array(Family("y", "y"), (Integer(1), Integer(1)), None, TIME)
    lines = [Line(cell.states[0], rhs) for rhs in cell.written.values()]
    lines.append(Line(output, matmul(V, cell.states[0])))
    start = Relation((_initial(state), Integer(0)))
    return (
        Paragraph(prose("A net with two ReLU units reads one number in each step:")),
        Equations(tuple(lines)),
        Paragraph(prose("Convention: column vectors. The initial state is ", start, ".")),
    )


def _initial(state: Array) -> Node:
    """Return the state before the first step."""
    return Array(state.family, state.shape, state.layer, Integer(0))


@cache
def matrices() -> dict[str, Array]:
    """Return the weights as they stand in the equations, by name."""
    return {a.name: a for a in (*net_of(MODEL, 1, n=UNITS).given, V)}


@lru_cache(maxsize=512)
def printed_weights(weights: Weights, names: tuple[str, ...] = MATRICES) -> Prose:
    """Return a net's weights, or those of these names, as in "W = …, U = …"."""
    pairs = (Relation((matrices()[name], number_matrix(getattr(weights, name)))) for name in names)
    first, *others = pairs
    return prose(first, *(piece for one in others for piece in (", ", one)))


def _plain(numbers: Iterable[Decimal | int]) -> str:
    """Return numbers as words of a sentence."""
    return ", ".join(shown(Decimal(n).normalize() + 0) for n in numbers).replace("-", "−")


def trace(weights: Weights) -> Table:
    """Return some steps of the net: input, state, output."""
    rows = [
        tuple(prose(word) for word in (
            str(t + 1), str(entry), _plain(e for [e] in state), _plain([output]),
        ))
        for t, (entry, (state, output)) in enumerate(
            zip(TRACED, _run(weights, TRACED), strict=True)
        )
    ]  # fmt: skip
    heads = tuple(prose(word) for word in ("step", "input", "state", "output"))
    return Table(heads, tuple(rows))


def told(weights: Weights, name: str, inputs: Inputs) -> Prose:
    """Return on which inputs a net fails, with what it puts out and what it should."""
    wanted = [BEHAVIOURS[name].output(inputs[: t + 1]) for t in range(len(inputs))]
    found = [output for _, output in _run(weights, inputs)]
    read, given, right = _plain(inputs), _plain(found), _plain(wanted)
    return prose(f"Input {read} gives {given}, not {right}.")
