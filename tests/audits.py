"""What the tests of the judge share: lines, and a second evaluator of them."""

from functools import cache
from typing import Any

import numpy as np

from rnnsym.api import model
from rnnsym.audit import audit
from rnnsym.audit.points import point
from rnnsym.derivation import Derivation, Step
from rnnsym.expr import (
    STEPS,
    Array,
    Expr,
    Integer,
    Node,
    Sigma,
)
from rnnsym.numeric.notation import code, identifier
from rnnsym.numeric.program import run

ONE = Integer(1)


@cache
def derived(text: str) -> Derivation:
    return model(text).derive()


def judged(network: str, wrt: str | None, formula: str, **aliases: str) -> str:
    return audit(derived(network), wrt, formula, aliases).kind


# A second evaluator: the generated program in float64, and NumPy source of the line itself.


class _Steps(dict[Any, Any]):
    """An array by its indices; outside the model an adjoint is zero, a value anything."""

    outside = 0.5

    def __missing__(self, key: Any) -> Any:
        return np.full_like(next(iter(self.values())), self.outside)


class _Adjoints(_Steps):
    outside = 0.0


@cache
def program_values(derivation: Derivation, seed: int) -> dict[str, Any]:
    """Run the program on the inputs of a random point."""
    at = point(derivation, seed)
    system = derivation.system
    env: dict[str, Any] = {"T": at.sizes.steps, "L": at.sizes.depth, "B": 1}
    env |= {f"{name}_": value for name, value in at.sizes.tables().items()}
    given = {a.family for a in (system.input, *(w.array for w in system.weights))}
    given |= {term.given.family for term in system.loss_terms}
    starts = {(s.array.family, at.index(s.initial)) for s in system.states}
    for (family, layer, time), value in at.known.items():
        if family in given or (family, time) in starts:
            where = tuple(i for i in (layer, time) if i is not None)
            name, array = identifier(Array(family, (ONE, ONE))), value.astype(float)
            if where:
                env.setdefault(name, {})[where[0] if len(where) == 1 else where] = array
            else:
                env[name] = array
    found: dict[str, Any] = {}
    for k, v in run(derivation, env).items():
        steps: type[dict[Any, Any]] = _Adjoints if k.startswith("delta") else _Steps
        untyped: Any = v
        found[k] = steps(untyped) if isinstance(v, dict) else untyped
    return found


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _softmax(a: Any) -> Any:
    return np.exp(a) / np.exp(a).sum(axis=0)


FUNCTIONS: dict[str, Any] = {
    "np": np,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}


def program_value(derivation: Derivation, seed: int, node: Node, time: int, layer: int = 0) -> Any:
    """Evaluate an expression in the program's arithmetic."""
    values = FUNCTIONS | program_values(derivation, seed)
    if isinstance(node, Sigma):
        index, first, last = node.bounds
        total: Any = 0.0
        for step in range(_number(first), _number(last) + 1):
            body = node.body.xreplace({index: Integer(step)})
            total = total + program_value(derivation, seed, body, time, layer)
        return total
    with np.errstate(all="ignore"):  # a mutant may take the logarithm of zero
        return eval(code(node), values | {"t": time, "l": layer})  # our own printer's NumPy


def _number(expr: Expr) -> int:
    return int(expr.xreplace({STEPS: Integer(4)}))


# Lines


def lines(derivation: Derivation) -> list[tuple[Array, Node]]:
    """Every line of the derivation and of the forward pass."""
    found = [(s.target, s.value()) for s in derivation.steps]
    return found + [(e.lhs, e.rhs) for e in derivation.system.equations]


def gradients(derivation: Derivation) -> list[Step]:
    return [*derivation.weights, *derivation.inputs, *derivation.initial]


def relative(a: Any, b: Any) -> float:
    return float(np.max(np.abs(a - b)) / max(1e-3, float(np.max(np.abs(b)))))
