"""The paths between states of successive steps, walked along the edges of the derivation."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from rnnsym.expr import TIME, Array, arrays_in
from rnnsym.flow.paths import step_paths
from rnnsym.jacobian import ChainJacobians, TooManyPathsError, jacobians
from rnnsym.quiz.derivation_lines import derivation_of, source_of, system_of

__all__ = [
    "Path",
    "broken_paths",
    "chain_of",
    "counted",
    "gaps",
    "has_chain",
    "paths",
    "readers",
    "skipping",
]

Path = tuple[Array, ...]
"""From a state at t to one at t − 1, against the arrows."""


@lru_cache(maxsize=256)
def chain_of(model: str) -> ChainJacobians:
    """Return the one chain of a model of one layer."""
    [chain] = jacobians(system_of(model))
    return chain


@lru_cache(maxsize=256)
def has_chain(model: str) -> bool:
    """Tell whether the Jacobians of one step can be written out."""
    try:
        return bool(chain_of(model).states)
    except TooManyPathsError:
        return False


@lru_cache(maxsize=1024)
def counted(model: str, of: Array, wrt: Array) -> int:
    """Return how many paths lead from ``wrt`` at t − 1 to ``of`` at t, counted forward."""
    chain = chain_of(model)
    found = step_paths(chain).through_time
    return found[chain.states.index(of)][chain.states.index(wrt)]


@lru_cache(maxsize=1024)
def paths(model: str, of: Array, wrt: Array) -> tuple[Path, ...]:
    """Return those paths by name, from the terms of the adjoint lines; pre-activations left out."""
    before = wrt.xreplace({TIME: TIME - 1})
    return tuple(sorted((p[::-1] for p in _walked(model, before, of)), key=_length))


def _length(path: Path) -> tuple[int, str]:
    return len(path), str(path)


def _walked(model: str, start: Array, end: Array) -> Iterator[Path]:
    """Yield the ways from ``start`` to ``end`` along the edges that its adjoint adds up."""
    if start == end:
        yield (start,)
        return
    for onward in _onward(model, start):
        for rest in _walked(model, onward, end):
            yield (start, *rest)


@lru_cache(maxsize=4096)
def _onward(model: str, array: Array) -> tuple[Array, ...]:
    """What is computed at step t from an array, by the terms of its adjoint line."""
    named = _names(model)
    for step in derivation_of(model).adjoints:
        at = named.get(step.of, step.of)
        if at.family == array.family:
            move = {TIME: array.time} if array.time is not None else {}
            found = (source_of(term) for term in step.terms)
            placed = (named.get(a, a).xreplace(move) for a in _at_t(found, named))
            return tuple(dict.fromkeys(a for a in placed if a.time == TIME and a != array))
    return ()


def _at_t(found: Iterator[Array | None], named: dict[Array, Array]) -> Iterator[Array]:
    """Yield what an edge leads to: a gate for its pre-activation, at the step it has there."""
    for array in found:
        if array is not None:
            here = array.xreplace({array.time: TIME}) if array.time is not None else array
            gate = named.get(here, here)
            yield gate.xreplace({TIME: array.time}) if array.time is not None else gate


@lru_cache(maxsize=256)
def _names(model: str) -> dict[Array, Array]:
    """The gate or state that each pre-activation is only the argument of."""
    equations = system_of(model).equations
    return {
        e.rhs.children[0]: e.lhs
        for e in equations
        if e.rhs.children and isinstance(e.rhs.children[0], Array) and len(e.rhs.children) == 1
    }


@lru_cache(maxsize=1024)
def broken_paths(model: str, of: Array, wrt: Array) -> tuple[Path, ...]:
    """Return ways that look like paths but use an edge that no equation has.

    An array is left out of a path, or put into it.
    """
    true = set(paths(model, of, wrt))
    before = wrt.xreplace({TIME: TIME - 1})
    others = dict.fromkeys(a for a in _names(model).values() if a not in (of, before))
    found: list[Path] = []
    for path in true:
        inner = path[1:-1]
        found += _shorter(path)
        longer = [
            (*inner[:i], a, *inner[i:]) for a in others for i in range(len(inner) + 1)
            if a not in inner
        ]  # fmt: skip
        found += [(of, *way, before) for way in longer]
    return tuple(sorted((p for p in set(found) if gaps(model, p)), key=_length))


def skipping(model: str, path: Path) -> bool:
    """Tell whether a way is a path from which an array is left out."""
    of, before = path[0], path[-1]
    wrt = before.xreplace({before.time: TIME})
    return any(path in _shorter(true) for true in paths(model, of, wrt))


def _shorter(path: Path) -> Sequence[Path]:
    return [path[:i] + path[i + 1 :] for i in range(1, len(path) - 1)]


@lru_cache(maxsize=16384)
def gaps(model: str, path: Path) -> tuple[tuple[Array, Array], ...]:
    """Return the neighbours that no equation joins, the second not read by the first.

    They are in the order of print, from the old state on. This walks the forward equations, not
    the derivation.
    """
    pairs = [(a, b) for a, b in pairwise(path) if b not in _read_by(model, a, path)]
    return tuple(reversed(pairs))


@lru_cache(maxsize=1024)
def readers(model: str, read: Array) -> tuple[Array, ...]:
    """Return the arrays whose equations read an array, pre-activations left out."""
    inner = _names(model)
    lhs = (e.lhs for e in chain_of(model).loop.equations if e.lhs not in inner)
    return tuple(array for array in lhs if read in _read_by(model, array, ()))


def _read_by(model: str, reader: Array, path: Path) -> set[Array]:
    """What an equation reads, through a pre-activation that the path leaves out."""
    equations = {e.lhs: e.rhs for e in chain_of(model).loop.equations}
    found = set(arrays_in(equations[reader]))
    for inner in found & _names(model).keys() - set(path):
        found = found | set(arrays_in(equations[inner]))
    return found
