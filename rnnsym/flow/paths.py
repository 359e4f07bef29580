"""How many ways a gradient has: paths of the computational graph through time and depth.

A path counts the arrays it passes, so an array that an equation reads twice is one way, not two.
"""

from rnnsym.equations import Loop, System
from rnnsym.expr import LAYER, LAYERS, TIME, Array, Expr, Integer, Span, arrays_in
from rnnsym.jacobian import ChainJacobians
from rnnsym.model_text import Recurrent
from rnnsym.record import record

__all__ = ["StepPaths", "closed_form", "count_paths", "main_state", "step_paths"]

Place = tuple[str, str, int, int]


@record
class StepPaths:
    """The paths of one step of a chain.

    Attributes:
        through_time: from each state at t − 1 (column) to each state at t (row).
        through_depth: from what the layer reads at t to each state at t.
    """

    through_time: tuple[tuple[int, ...], ...]
    through_depth: tuple[int, ...]

    def over(self, steps: int) -> tuple[tuple[int, ...], ...]:
        """Return the paths over several steps: the matrix power.

        >>> StepPaths(((4, 1), (3, 1)), (4, 3)).over(2)
        ((19, 5), (15, 4))
        """
        states = range(len(self.through_time))
        power = tuple(tuple(int(i == j) for j in states) for i in states)
        for _ in range(steps):
            columns = list(zip(*power, strict=True))
            power = tuple(
                tuple(sum(a * b for a, b in zip(row, column, strict=True)) for column in columns)
                for row in self.through_time
            )
        return power


def step_paths(chain: ChainJacobians) -> StepPaths:
    """Return the paths of one step of a chain.

    >>> from rnnsym.jacobian import jacobians
    >>> from rnnsym.system import build_system, read_model
    >>> [gru] = jacobians(build_system(read_model("gru")))
    >>> step_paths(gru)
    StepPaths(through_time=((4,),), through_depth=(3,))
    """
    before = TIME - chain.loop.order
    old = [s.xreplace({TIME: before}) for s in chain.states]
    columns = [_reached(chain.loop, (start,), chain.states) for start in old]
    below = _reached(chain.loop, _read(chain.loop), chain.states)
    return StepPaths(tuple(zip(*columns, strict=True)), below)


def _read(loop: Loop) -> tuple[Array, ...]:
    """Return what a layer reads of the layer below."""
    own = {e.lhs.family for e in loop.equations}
    found = (a for e in loop.equations for a in arrays_in(e.rhs))
    return tuple(dict.fromkeys(a for a in found if a.time is not None and a.family not in own))


def _reached(loop: Loop, starts: tuple[Array, ...], ends: tuple[Array, ...]) -> tuple[int, ...]:
    ways: dict[Array, int] = dict.fromkeys(starts, 1)
    for equation in loop.equations:
        ways[equation.lhs] = sum(ways.get(a, 0) for a in dict.fromkeys(arrays_in(equation.rhs)))
    return tuple(ways[end] for end in ends)


def main_state(chain: ChainJacobians) -> Array:
    """Return the state that the next layer reads, or the first one where it reads none."""
    output = None if chain.block.cell is None else chain.block.cell.output.name
    return next((s for s in chain.states if s.name == output), chain.states[0])


def closed_form(system: System, chain: ChainJacobians) -> tuple[int, int] | None:
    """Return a and b where C(k + L − 1, k) aᵏ bᴸ⁻¹ paths lead over k steps and L layers.

    From the state of layer 1 at t − k to that of layer L at t a path takes k steps in time and
    L − 1 in depth, in any order. None where a layer has several states or two directions, where
    the next layer reads no state or another step, and where layers differ.
    """
    recurrent = [x for x in system.model.layers if isinstance(x, Recurrent)]
    if len(recurrent) > 1 or recurrent[0].bidirectional or len(chain.states) > 1:
        return None
    output = None if chain.block.cell is None else chain.block.cell.output.name
    if output != main_state(chain).name or any(a.time != TIME for a in _read(chain.loop)):
        return None
    paths = step_paths(chain)
    return paths.through_time[0][0], paths.through_depth[0]


def count_paths(system: System, start: Array, end: Array, steps: int, depth: int) -> int:
    """Return the paths from ``start`` in its first layer to ``end`` in its last, over ``steps``.

    As in the Jacobians, the other states of the first step are held fixed.
    The graph is walked through layer by layer and step by step, so that this holds for any model.

    Args:
        system: index equations.
        start: a state at time t, taken at step 1, or at the last step in a backward chain.
        end: a state at time t, taken at the other end.
        steps: how many steps lie between them.
        depth: the number for L, where the model leaves it open.
    """
    at: dict[Expr, Expr] = {LAYERS: Integer(depth)}
    last_step = steps + 1
    ways: dict[Place, int] = {}
    first = _place(start, _ends(system, start, at).first, 1, at)
    if start.family.direction == "bwd":
        first = (*first[:3], last_step)
    fixed = {(s.array.name, s.array.family.direction) for s in system.states}
    for block in system.blocks:
        span = block.loops[0].equations[0].layer
        for layer in _range(span, at):
            for loop in block.loops:
                times = range(1, last_step + 1) if loop.order else range(1)
                for time in times if loop.order >= 0 else reversed(times):
                    for e in loop.equations:
                        here = _place(e.lhs, layer, time, at)
                        read = {_place(a, layer, time, at) for a in arrays_in(e.rhs)}
                        if here[:2] in fixed and here[2:] == first[2:]:
                            ways[here] = int(here == first)
                        else:
                            ways[here] = sum(ways.get(place, 0) for place in read)
    final = 1 if end.family.direction == "bwd" else last_step
    return ways[_place(end, _ends(system, end, at).last, final, at)]


def _ends(system: System, state: Array, at: dict[Expr, Expr]) -> Span:
    span = next(s.layer for s in system.states if s.array == state)
    return Span(Integer(0), Integer(0)) if span is None else span.at(at)


def _range(span: Span | None, at: dict[Expr, Expr]) -> list[Expr]:
    if span is None:
        return [Integer(0)]
    placed = span.at(at)
    return [Integer(k) for k in range(int(placed.first), int(placed.last) + 1)]


def _place(array: Array, layer: Expr, time: int, at: dict[Expr, Expr]) -> Place:
    indices = [
        0 if index is None else _number(index, layer, time, at)
        for index in (array.layer, array.time)
    ]
    return array.name, array.family.direction, indices[0], indices[1]


def _number(index: Expr, layer: Expr, time: int, at: dict[Expr, Expr]) -> int:
    placed = index.xreplace({LAYER: layer, TIME: Integer(time)}).xreplace(at)
    # What is read at the last step only has T for its time, and leads to no state.
    return int(placed) if placed.is_number else -1
