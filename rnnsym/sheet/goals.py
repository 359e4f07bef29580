"""What a sheet teaches: goals in the words of an exam, and takeaways, from what a model has."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import Block, Box, Inline, Listing, Math, Partial, Prose, Relation, prose
from rnnsym.derivation import Step
from rnnsym.equations import Equation, Loop
from rnnsym.expr import Map, Node, apply
from rnnsym.jacobian import StateJacobian, TooManyPathsError
from rnnsym.sheet.guidance import guidance
from rnnsym.sheet.jacobians import all_alike
from rnnsym.sheet.limits import gates_of_cell
from rnnsym.sheet.naming import tied
from rnnsym.sheet.study import Study

__all__ = ["goals", "takeaways"]

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
CURES = "Gates work against vanishing, clipping against exploding; neither does the other's work."


def goals(study: Study) -> Block:
    """Return what a student can do who knows the sheet."""
    return Box("goals", "After this sheet you can", (Listing(tuple(_goals(study))),))


def _goals(study: Study) -> Iterator[Prose]:
    system = study.system
    cells = dict.fromkeys(b.cell for b in system.blocks if b.cell is not None)
    yield prose("write down the forward equations, give the shape of every array and say what "
                "each equation is for")  # fmt: skip
    gates = [gate for cell in cells for gate in gates_of_cell(cell)]
    if gates:
        which = "the gate" if len(gates) == 1 else f"each of the {_word(len(gates))} gates"
        yield prose(f"explain {which} ", *_listed(gates), ", and what is left at 0 and at 1")
    for cell in cells:
        if len(cell.states) > 1:
            yield prose("tell apart what the states ", *_listed(cell.states), " are for")
    if any(loop.order < 0 for block in system.blocks for loop in block.loops):
        yield prose("say what each direction reads, how their states are aligned and merged, and "
                    "why such a layer cannot run online")  # fmt: skip
    if system.depth != 1:
        yield prose("write the recursion over layers and over time, and name the gradient's two "
                    "ways")  # fmt: skip
    longest = _longest(study)
    yield prose("derive ", longest.target, f" with its {_many(len(longest.terms), 'term')}, one "
                "for each edge, and from the adjoints the gradient of every parameter")  # fmt: skip
    edges = [Partial(e.of, e.wrt, "∂⁺") for e in _edges(study)]
    if edges:
        total = "" if all(map(all_alike, study.chains)) else ", tell it from the total"
        yield prose("state the direct edge ", *_listed(edges), f"{total}, and say when gradients "
                    "vanish or explode and which remedy helps")  # fmt: skip
    yield prose("count the parameters, ", study.count.formula, ", for any sizes")
    yield prose("work a short sequence by hand, forward and backward")


def takeaways(study: Study) -> Block:
    """Return what to keep in mind."""
    return Box("takeaways", "Takeaways", (Listing(tuple(_takeaways(study))),))


def _takeaways(study: Study) -> Iterator[Prose]:
    system = study.system
    for block in system.blocks:
        states = set[str]() if block.cell is None else {s.family.name for s in block.cell.states}
        for equation in block.loops[0].equations:
            if equation.lhs.family.name in states:
                parts = Relation((equation.lhs, tied(system, _written(equation, block.loops[0]))))
                yield prose(parts, f", {equation.purpose}." if equation.purpose else ".")
    yield from _backward(study)
    for edge in _edges(study):
        if edge.value is not None:
            value = Relation((Partial(edge.of, edge.wrt, "∂⁺"), tied(system, edge.value)))
            alone = all(map(all_alike, study.chains))
            other = "it is the whole Jacobian" if alone else "the total has the other paths too"
            yield prose("The direct edge is ", value, f"; {other}.")
    yield prose(CURES)
    yield prose("Parameters: ", study.count.formula, ", whatever the length of the sequence.")
    yield from (prose(sentence) for sentence in guidance([system]))


def _written(equation: Equation, loop: Loop) -> Node:
    """Return what an equation computes, the pre-activation it names put in."""
    rhs = equation.rhs
    if not isinstance(rhs, Map):
        return rhs
    inner = next((e.rhs for e in loop.equations if e.lhs == rhs.arg), rhs.arg)
    return apply(rhs.name, inner)


def _backward(study: Study) -> Iterator[Prose]:
    longest = _longest(study)
    carried = [t for t in longest.terms if t.source is not None and t.index[1] != longest.of.time]
    terms = prose(longest.target, f" has {_many(len(longest.terms), 'term')}, one for each edge")
    if carried:
        number = _word(len(carried))
        yield (*terms, f"; {number} of them carried from step ", carried[0].index[1], ".")
    else:
        yield (*terms, ".")


def _longest(study: Study) -> Step:
    """Return the adjoint of a state that adds up the most edges."""
    states = {state.array.family for state in study.system.states}
    steps = [s for s in study.derivation.adjoints if s.of.family in states]
    return max(steps or study.derivation.adjoints, key=lambda step: len(step.terms))


def _edges(study: Study) -> list[StateJacobian]:
    """Return the direct edges that are not zero."""
    try:
        return [e for chain in study.chains for e in chain.edges if e.value is not None]
    except TooManyPathsError:
        return []


def _listed(parts: Sequence[Math]) -> Prose:
    joined: list[Inline] = []
    for part in parts:
        joined += [", ", part] if joined else [part]
    return tuple(joined)


def _many(number: int, word: str) -> str:
    return f"{_word(number)} {word}" if number == 1 else f"{_word(number)} {word}s"


def _word(number: int) -> str:
    return WORDS[number - 1] if number <= len(WORDS) else str(number)
