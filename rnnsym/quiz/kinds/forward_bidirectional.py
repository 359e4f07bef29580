"""A bidirectional layer over three steps: two chains, aligned by step and then merged."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, Relation, prose
from rnnsym.equations import Loop
from rnnsym.expr import STEPS, Array, Concat, Constant, Integer, Transpose, arrays_in
from rnnsym.quiz.forward_draws import STEEP
from rnnsym.quiz.forward_items import by_model, forward_kind
from rnnsym.quiz.forward_net import Net, holds, net_of, place_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import IGNORED, Slipped, cell_slips, instead, slips_of
from rnnsym.quiz.registry import Parameters
from rnnsym.quiz.slips import NO_BIAS
from rnnsym.quiz.subject import cell_of, equation_note
from rnnsym.sheet.worked_lines import Row, placed

__all__ = ["KIND"]

TAUGHT = ("vanilla", "mingru")
"""Cells short enough for six steps by hand."""
LONGEST = 4
MERGES = ("concat", "sum", "mean")
LENGTH = 3
SWAPPED = "1 − z and z swapped"


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", f"bi({name})" if merge == "concat" else f"bi({name}, {merge})"),
         ("convention", "textbook"))
        for name in cells or TAUGHT
        if len(net_of(name, 1).rows) <= LONGEST and not holds(name, Transpose, Constant)
        for merge in MERGES
    ]  # fmt: skip


@lru_cache(maxsize=256)
def _question(model: str) -> Question:
    net = net_of(model, LENGTH)
    chains = _by_direction(net)
    asks = (
        _chain(net, chains["fwd"], tuple(_forward_slips(net, chains["fwd"]))),
        _chain(net, chains["bwd"], tuple(_backward_slips(net, chains["bwd"]))),
        _merged(net, chains[""]),
    )
    return Question("forward_bidirectional", net, asks, _intro(net), 4, pool=STEEP)


Chain = list[tuple[Loop, int, tuple[Row, ...]]]


def _by_direction(net: Net) -> dict[str, Chain]:
    """The passes of the forward chain, the backward chain and the merge, each in its order."""
    found: dict[str, Chain] = {"fwd": [], "bwd": [], "": []}
    for loop, _, time, rows in net.passes():
        found[rows[0].target.family.direction].append((loop, time, rows))
    return found


def _states(net: Net, direction: str) -> list[Array]:
    return [s.array for s in net.system.states if s.array.family.direction == direction]


def _rows(chain: Chain) -> tuple[Row, ...]:
    return tuple(row for *_, rows in chain for row in rows)


def _chain(net: Net, chain: Chain, slips: tuple[Slipped, ...]) -> Ask:
    state = _states(net, chain[0][2][0].target.family.direction)[-1]
    times = sorted(time for _, time, _ in chain)
    asked = tuple(placed(state, net.sizes, 0, time) for time in times)
    return Ask(_rows(chain), asked, slips)


def _forward_slips(net: Net, chain: Chain) -> Iterator[Slipped]:
    """Yield what goes wrong in the cell's own lines: at every step, or at the start."""
    yield from _at_every_step(net, chain, SWAPPED)
    yield from _at_every_step(net, chain, NO_BIAS)
    for slip in _of_step(net, *chain[0], IGNORED):
        yield replace(slip, rows=(*slip.rows, *_rows(chain[1:])))


def _at_every_step(net: Net, chain: Chain, name: str) -> Iterator[Slipped]:
    reasons = [why for slip, why, _ in slips_of(net.system, chain[0][0]) if slip == name]
    for why, *steps in zip(reasons, *(_of_step(net, *one, name) for one in chain), strict=True):
        said = steps[0].why if name == NO_BIAS else why  # biases are those of all steps
        yield Slipped(name, said, tuple(row for step in steps for row in step.rows))


def _of_step(net: Net, loop: Loop, time: int, rows: tuple[Row, ...], name: str) -> list[Slipped]:
    return [slip for slip in cell_slips(net, loop, 0, time, rows) if slip.name == name]


def _backward_slips(net: Net, chain: Chain) -> Iterator[Slipped]:
    yield from _at_every_step(net, chain, NO_BIAS)
    states = _states(net, "bwd")
    last = placed(states[0], net.sizes, 0, LENGTH)
    start = placed(states[0], net.sizes, 0, LENGTH + 1)
    from_left = {
        place_of(placed(s, net.sizes, 0, time + 1)): place_of(
            placed(s, net.sizes, 0, time - 1 or LENGTH + 1)
        )
        for s in states
        for time in range(LENGTH, 0, -1)
    }
    why = prose("The backward chain starts at the end: ", last, " is computed first, from ",
                start, ".")  # fmt: skip
    yield instead("backward chain run from the left", why, _rows(chain[::-1]), from_left)
    forward = {
        place_of(w.array): (w.array.name, "fwd", None, None)
        for w in net.system.weights
        if w.array.family.direction == "bwd"
    }
    why = prose("Each direction has weights of its own: these are the forward chain's.")
    yield instead("weights of the other direction", why, _rows(chain), forward)


def _merged(net: Net, chain: Chain) -> Ask:
    """Ask the output at the first and the last step: in the middle, alignment cannot go wrong."""
    ends = [(time, rows) for _, time, rows in chain if time in (1, LENGTH)]
    rows = tuple(row for _, lines in ends for row in lines)
    backward = (a for row in rows for a in arrays_in(row.value) if a.family.direction == "bwd")
    reading = {place_of(a): place_of(_mirrored(a)) for a in backward}
    why = prose("The backward chain computes its last step first: its list is turned round before "
                "the two are merged step by step.")  # fmt: skip
    slip = instead("backward list left in reading order", why, rows, reading)
    asked = tuple(lines[-1].target for _, lines in ends)
    return Ask(rows, asked, (slip,), entry=_copied_second(net))


def _copied_second(net: Net) -> int | None:
    """Return the entry to ask of vectors put one below the other: the other is a copy of (a)."""
    return 1 if isinstance(net.system.equations[-1].rhs, Concat) else None


def _mirrored(array: Array) -> Array:
    """The same array as many steps from the other end."""
    assert array.time is not None, "a merge reads arrays of a step"
    return Array(array.family, array.shape, array.layer, LENGTH + 1 - array.time)


def _intro(net: Net) -> tuple[Block, ...]:
    system = net.system
    title = cell_of(system).title
    [(right, *_), (left, *_)] = (_states(net, direction) for direction in ("fwd", "bwd"))
    merge = system.equations[-1]
    above, *below = merge.rhs.children
    one = prose(" ", merge.lhs, " has ", above, " above ", *below, ".")
    stacked = one if isinstance(merge.rhs, Concat) else ()
    return (
        Paragraph(prose(f"A bidirectional layer of the cell “{title}” is computed by")),
        Equations(tuple(Line(e.lhs, e.rhs) for e in system.equations)),
        Paragraph(equation_note(system)),
        Paragraph(
            prose(
                "The net reads ",
                Relation((STEPS, Integer(LENGTH))),
                " steps: the chain of ",
                right,
                " from the first to the last, the chain of ",
                left,
                " from the last to the first.",
                *stacked,
            )
        ),
    )


KIND = forward_kind("forward_bidirectional", ((4, 4), (10, 10)), _subjects, by_model(_question))
