"""Checks: what a claim says, computed from the equations; a false claim computes to False.

A claim names one with its arguments, all texts: ``check = ["parameters", "gru", "3*n*(d+n+1)"]``.
Everything is read, nothing is evaluated as a program.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from inspect import signature

from rnnsym.cell import load_cell
from rnnsym.count import count
from rnnsym.derive import derive
from rnnsym.equation_nodes import build_expression
from rnnsym.equation_text import parse_equation
from rnnsym.equations import System
from rnnsym.errors import InputError, one_of
from rnnsym.expr import Array, Expr, Integer, Map, arrays_in, diag, equal, expand, size
from rnnsym.flow.paths import step_paths
from rnnsym.flow.ranges import ranges
from rnnsym.jacobian import ChainJacobians, jacobians
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.quiz.claim_language import greedy_finds_best, perplexity, sharpens
from rnnsym.quiz.claim_numbers import (
    affects,
    clipping_keeps,
    counterexample_explodes,
    decays_below,
    never_negative,
    sides_agree,
    steepest,
    truncation_cuts,
)
from rnnsym.quiz.claim_text import read_formula
from rnnsym.system import build_system, read_model

__all__ = ["CHECKS", "holds"]


@lru_cache(maxsize=1024)
def holds(check: tuple[str, ...]) -> bool:
    """Tell whether what a check says is so.

    Raises:
        InputError: no such check, a wrong number of arguments, or one that cannot be read.

    >>> holds(("parameters", "gru", "3*(n*d + n**2 + n)"))
    True
    >>> holds(("step", "gru", "z=0", "h[t] = g[t]"))
    False
    >>> holds(("not", "states", "gru", "2"))
    True
    """
    name, *arguments = check
    if name == "not":
        return not holds(tuple(arguments))
    function = CHECKS[one_of("check", name, ["not", *CHECKS])]
    wanted = list(signature(function).parameters)
    if len(arguments) != len(wanted):
        raise InputError(f"the check '{name}' takes {', '.join(wanted)}, not {arguments}")
    return function(*arguments)


def _system(model: str, convention: str = "textbook", sizes: str = "") -> System:
    given: dict[str, str] = dict(_settings(sizes))
    return build_system(read_model(model, convention=convention, sizes=given))


def _settings(text: str) -> list[tuple[str, str]]:
    """Read "d=4 n=5" as pairs."""
    pairs = [word.partition("=") for word in text.split()]
    if not all(sign for _, sign, _ in pairs):
        raise InputError(f"settings are written name=value, not '{text}'")
    return [(name, value) for name, _, value in pairs]


def _chain(model: str) -> ChainJacobians:
    return jacobians(_system(model))[0]


def _state(chain: ChainJacobians, name: str) -> int:
    return [state.name for state in chain.states].index(name)


# Counts and shapes


def parameters(model: str, formula: str) -> bool:
    """The model trains so many numbers."""
    return expand(_counted(_system(model)) - read_formula(formula).value) == 0


def _counted(system: System) -> Expr:
    """Return the parameters of a model, with the sizes that its text gives."""
    numbers = {size(name): Integer(value) for name, value in system.bound.items()}
    return count(system).formula.value.xreplace(numbers)


def parameters_in(convention: str, model: str, sizes: str, number: str) -> bool:
    """With these sizes, the model of a convention trains so many numbers."""
    return count(_system(model, convention, sizes)).total == int(number)


def share(model: str, of: str, fraction: str) -> bool:
    """One model has this fraction of the other's parameters, whatever the sizes."""
    few, many = (_counted(_system(text)) for text in (model, of))
    ratio = Fraction(fraction)
    return expand(few * ratio.denominator - many * ratio.numerator) == 0


def affine_maps(number: str, cell: str) -> bool:
    """A layer of the cell has so many affine maps."""
    [layer] = count(_system(cell)).layers
    return len(layer.gates) == int(number)


def multiply_adds(model: str, formula: str) -> bool:
    """One step takes so many multiply–adds."""
    found = count(_system(model)).multiply_adds.formula.value
    return expand(found - read_formula(formula).value) == 0


def memory_grows_with(model: str, name: str) -> bool:
    """What backpropagation through time keeps depends on a size."""
    found = count(_system(model)).memory.formula.value
    return name in {str(symbol) for symbol in found.free_symbols}


def parameters_grow_with(model: str, name: str) -> bool:
    """The number of parameters depends on a size."""
    found = count(_system(model)).formula.value
    return name in {str(symbol) for symbol in found.free_symbols}


def packed_shape(convention: str, model: str, sizes: str, name: str, shape: str) -> bool:
    """An array of a framework has this name and this shape, such as "20 10"."""
    found = parameter_shapes(_system(model, convention, sizes))
    return found.get(name) == tuple(map(int, shape.split()))


def packed_order(convention: str, cell: str, array: str, names: str) -> bool:
    """A framework's array holds these matrices, in this order."""
    return list(load_cell(cell, convention).pack[array]) == names.split()


# Equations


def gates(cell: str, number: str) -> bool:
    """So many equations of the cell apply σ."""
    return len(_gates(cell)) == int(number)


def _gates(cell: str) -> list[str]:
    written = load_cell(cell).written
    return [k for k, e in written.items() if isinstance(e, Map) and e.name == "sigmoid"]


def has_gate(cell: str, name: str) -> bool:
    """The cell has a gate of this purpose, such as "forget gate"."""
    purposes = {e.lhs.name: e.purpose for e in _system(cell).equations}
    return any(purposes.get(gate, "").partition(":")[0] == name for gate in _gates(cell))


def states(cell: str, number: str) -> bool:
    """The cell carries so many states."""
    return len(load_cell(cell).states) == int(number)


def one_state(cell: str) -> bool:
    """The cell carries a single state."""
    return states(cell, "1")


def keeps_at_one(convention: str) -> bool:
    """A framework's GRU keeps its state where the update gate is 1."""
    cell = load_cell("gru", convention)
    gate = next(name for name in cell.written if name.lower() == "z")
    state = cell.states[0].name
    return step_in(convention, "gru", f"{gate}=1", f"{state}[t] = {state}[t-1]")


def square_in(cell: str, printed: str) -> bool:
    """A parameter of the cell is an n × n matrix."""
    return gradient_shape(cell, printed.strip("{}"), "n n")


def reads(cell: str, of: str, array: str) -> bool:
    """The equation of an array reads another array."""
    found = load_cell(cell).written[of]
    return array in {a.name for a in arrays_in(found)}


def step(cell: str, settings: str, equation: str) -> bool:
    """With gates set to numbers, an equation between arrays of one step holds."""
    return step_in("textbook", cell, settings, equation)


def step_in(convention: str, cell: str, settings: str, equation: str) -> bool:
    """The same in a framework's equations."""
    given = {name: Fraction(value) for name, value in _settings(settings)}
    return sides_agree(load_cell(cell, convention), given, equation)


def stays_positive(cell: str, state: str, functions: str) -> bool:
    """A state at 0 or above stays so, with functions of equations replaced: "g=sigmoid"."""
    return never_negative(load_cell(cell), state, dict(_settings(functions)))


# Jacobians and gradients


def direct_edge(cell: str, state: str, entries: str) -> bool:
    """The direct edge of a state is the diagonal matrix of these entries."""
    chain = _chain(cell)
    value = chain.edges[_state(chain, state)].value
    arrays: Mapping[str, Array] = {e.lhs.name: e.lhs for e in chain.loop.equations}
    wanted = diag(build_expression(parse_equation(entries), arrays))
    return value is not None and equal(value, wanted)


def edge_is_total(cell: str, state: str) -> bool:
    """The direct edge of a state is its total Jacobian."""
    chain = _chain(cell)
    place = _state(chain, state)
    blocks = [b.value is not None for b in chain.blocks if b.of.name != b.wrt.name]
    return equal_or_none(chain, place) and not any(blocks)


def equal_or_none(chain: ChainJacobians, place: int) -> bool:
    """Tell whether edge and block of a state are the same."""
    edge, state = chain.edges[place].value, chain.states[place]
    block = next(b.value for b in chain.blocks if b.of == state and b.wrt.name == state.name)
    if edge is None or block is None:
        return edge is block
    return equal(edge, block)


def paths(cell: str, of: str, wrt: str, number: str) -> bool:
    """So many paths lead from one state to another over one step."""
    chain = _chain(cell)
    found = step_paths(chain).through_time[_state(chain, of)][_state(chain, wrt)]
    return found == int(number)


def stays_within_one(cell: str, state: str) -> bool:
    """A state that starts in [−1, 1] stays there, whatever the weights."""
    chain = _chain(cell)
    return state in {a.name for a in ranges(chain.loop, chain.states).bounded}


def gradient_shape(cell: str, name: str, shape: str) -> bool:
    """The gradient of a parameter has this shape, such as "n d"."""
    [line] = derive(_system(cell)).find(f"d{name}")
    return [str(side) for side in line.target.shape] == shape.split()


def terms(cell: str, line: str, number: str) -> bool:
    """A line of the derivation adds up so many terms."""
    [found] = derive(_system(cell)).find(line)
    return len(found.terms) == int(number)


def output_reads(model: str, lag: str) -> bool:
    """The output of a step depends on the input so many steps after it."""
    return affects(_system(model), int(lag))


CHECKS: dict[str, Callable[..., bool]] = {
    function.__name__: function
    for function in (
        affine_maps, clipping_keeps, counterexample_explodes, decays_below, direct_edge,
        edge_is_total, gates, gradient_shape, greedy_finds_best, has_gate, keeps_at_one,
        memory_grows_with, multiply_adds, one_state, output_reads, packed_order, packed_shape,
        parameters, parameters_grow_with, parameters_in, paths, perplexity, reads, share, sharpens,
        square_in, states, stays_positive, stays_within_one, steepest, step, step_in, terms,
        truncation_cuts,
    )
}  # fmt: skip
