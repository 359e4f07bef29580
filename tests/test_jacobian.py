"""The three Jacobians and the unrolled sums, against the complex step through the oracle."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnnsym.cell import cell_names
from rnnsym.equations import System
from rnnsym.expr import TIME, Array, Integer, Node, rebuild, text
from rnnsym.jacobian import ChainJacobians, jacobian_name, jacobians, unrolled
from rnnsym.numeric.oracle import STEP, Values, evaluate, forward
from rnnsym.numeric.sizes import Sizes, small_sizes
from rnnsym.system import build_system, read_model

Numbers = Any
STEPS_RUN = 4


def inputs(system: System, sizes: Sizes) -> dict[Any, Numbers]:
    """Random weights, inputs and initial states of one unstacked model."""
    draw = np.random.default_rng(5)
    known: dict[Any, Numbers] = {}

    def put(array: Array, time: int | None) -> None:
        value = draw.standard_normal((1, *sizes.shape(array.shape)))
        known[array.name, array.family.direction, None, time] = 0.7 * np.abs(value) + 0j

    for weight in system.weights:
        put(weight.array, None)
    for time in range(1, STEPS_RUN + 1):
        put(system.input, time)
    for state in system.states:
        put(state.array, sizes.number(state.initial))
    return known


def ran(system: System, sizes: Sizes, known: dict[Any, Numbers]) -> Values:
    names = frozenset(s.array.name for s in system.states)
    values = Values(sizes, None, dict(known), states=names)
    forward(system, values)
    return values


def truth(
    system: System, sizes: Sizes, values: Values, of: Array, wrt: Array, steps: int
) -> Numbers:
    """∂of/∂wrt over ``steps`` steps from the start, the other initial states held fixed."""
    known = {k: v for k, v in values.known.items() if k in inputs(system, sizes)}
    back = of.family.direction == "bwd"
    start, end = (STEPS_RUN + 1, STEPS_RUN + 1 - steps) if back else (0, steps)
    place = (wrt.name, wrt.family.direction, None, start)
    rows = known[place].shape[1]
    known[place] = known[place] + 1j * STEP * np.eye(rows)[:, :, None]
    moved = ran(system, sizes, known)
    found = moved.known[of.name, of.family.direction, None, end]
    return (found.imag / STEP)[:, :, 0].T


def value_at(node: Node | None, values: Values, time: int, shape: tuple[int, int]) -> Numbers:
    if node is None:
        return np.zeros(shape)
    values.time = time
    return evaluate(node, values)[0].real


def put_jacobians(chain: ChainJacobians, values: Values, sizes: Sizes) -> None:
    """Evaluate the blocks by name at every step, those that others call first."""
    for time in range(1, STEPS_RUN + 1):
        waiting = list(chain.blocks)
        while waiting:
            block = waiting.pop(0)
            assert block.name is not None
            shape = sizes.shape((block.of.shape[0], block.wrt.shape[0]))
            try:
                found = value_at(block.value, values, time, shape)
            except KeyError:
                waiting.append(block)
                continue
            values.known[block.name.name, block.name.family.direction, None, time] = (
                found[None] + 0j
            )


CASES = [*cell_names(), *(f"bi({n})" for n in ("lstm-peephole", "gru", "lstm-projection"))]


@pytest.mark.parametrize("text_", CASES)
def test_blocks_and_unrolled_paths_are_the_derivatives(text_: str) -> None:
    system = build_system(read_model(text_))
    sizes = small_sizes(system, steps=STEPS_RUN)
    values = ran(system, sizes, inputs(system, sizes))
    for chain in jacobians(system):
        put_jacobians(chain, values, sizes)
        first = STEPS_RUN if chain.blocks[0].wrt.time == TIME + 1 else 1
        for block in chain.blocks:
            wanted = truth(system, sizes, values, block.of, block.wrt, 1)
            found = value_at(block.value, values, first, wanted.shape)
            assert np.abs(found - wanted).max() <= 1e-12
        back = chain.blocks[0].wrt.time == TIME + 1
        for of, wrt, paths in unrolled(chain, 3):
            wanted = truth(system, sizes, values, of, wrt, 3)
            moved = {Integer(k): Integer(k + STEPS_RUN - 3) for k in range(5)} if back else {}
            total = sum(
                (value_at(shifted(p, moved), values, 0, wanted.shape) for p in paths),
                np.zeros(wanted.shape),
            )
            assert np.abs(total - wanted).max() <= 1e-12


def shifted(node: Node, moved: dict[Integer, Integer]) -> Node:
    """A backward chain of 3 steps, placed at the start of a run of 4."""
    if not moved:
        return node
    if isinstance(node, Array) and node.time is not None:
        return Array(node.family, node.shape, node.layer, moved[node.time])  # type: ignore[index]
    return rebuild(node, tuple(shifted(child, moved) for child in node.children))


@pytest.mark.parametrize("text_", ["lstm", "lstm-peephole", "lstm-coupled", "gru", "vanilla"])
def test_totals_are_the_derivatives_along_the_graph(text_: str) -> None:
    """A state is moved where it is computed, and everything computed from it follows."""
    system = build_system(read_model(text_))
    sizes = small_sizes(system, steps=STEPS_RUN)
    values = ran(system, sizes, inputs(system, sizes))
    [chain] = jacobians(system)
    put_jacobians(chain, values, sizes)
    for total in chain.totals:
        rows, cols = sizes.shape((total.of.shape[0], total.wrt.shape[0]))
        found = value_at(total.value, values, 3, (rows, cols))
        assert np.abs(found - moved_at(system, sizes, total.of, 2)).max() <= 1e-12


def moved_at(system: System, sizes: Sizes, state: Array, time: int) -> Numbers:
    """d state_{time+1} / d state_time, by moving the state right where it is computed."""
    names = frozenset(s.array.name for s in system.states)
    values = Values(sizes, None, inputs(system, sizes), states=names)
    rows = sizes.number(state.shape[0])
    for values.time in range(1, time + 2):
        for equation in system.equations:
            value = evaluate(equation.rhs, values)
            if equation.lhs == state and values.time == time:
                value = value + 1j * STEP * np.eye(rows)[:, :, None]
            values.known[values.key(equation.lhs)] = value
    found = values.known[state.name, "", None, time + 1]
    return (found.imag / STEP)[:, :, 0].T


def test_the_three_objects_of_the_lstm_and_its_peephole_variant() -> None:
    edges = {
        name: [text(e.value) for e in jacobians(build_system(read_model(name)))[0].edges if e.value]
        for name in ("lstm", "lstm-peephole", "lstm-coupled", "gru", "mingru", "vanilla")
    }
    assert edges["lstm"] == edges["lstm-peephole"] == edges["lstm-coupled"] == ["diag(fₜ)"]
    assert edges["gru"] == edges["mingru"] == ["diag(1 − zₜ)"]
    assert edges["vanilla"] == ["diag(1 − hₜ²) U"]
    [chain] = jacobians(build_system(read_model("lstm-peephole")))
    own = jacobian_name(chain.states[1], chain.states[1])
    [block] = [b for b in chain.blocks if b.name == own]
    assert block.value is not None
    assert "p_f" in text(block.value)


def test_a_wrong_jacobian_is_noticed() -> None:
    system = build_system(read_model("lstm"))
    sizes = small_sizes(system, steps=STEPS_RUN)
    values = ran(system, sizes, inputs(system, sizes))
    [chain] = jacobians(system)
    put_jacobians(chain, values, sizes)
    broken = replace(chain.blocks[0], value=chain.blocks[3].value)
    wanted = truth(system, sizes, values, broken.of, broken.wrt, 1)
    assert np.abs(value_at(broken.value, values, 1, wanted.shape) - wanted).max() > 1e-3
