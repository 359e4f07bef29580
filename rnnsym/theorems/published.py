"""Adjoints as papers print them, compared with the derived ones term by term."""

import re
from collections.abc import Mapping
from functools import cache

from rnnsym.derivation import Derivation, Step
from rnnsym.derive import derive
from rnnsym.equation_nodes import build_expression
from rnnsym.equation_text import parse_equation
from rnnsym.expr import (
    BOUND,
    STEPS,
    TIME,
    Array,
    Expr,
    Integer,
    Node,
    plus,
    sigma,
    softmax,
)
from rnnsym.record import record
from rnnsym.system import build_system, read_model
from rnnsym.theorems.claim import Theorem, difference

__all__ = ["PUBLISHED", "Published"]

NEXT, GUESS = "_next", "guess"


@record
class Published:
    """Claim: the lines of a derivation are those of a publication.

    Attributes:
        model, loss: what is derived.
        lines: right-hand sides in the cell language, by the names of the lines; [t+1] is legal,
            ``guess`` is the softmax of the readout, ``sum:`` is Σ_t, and a name with @T is the
            line at the last step.
        inlined: adjoints to which the publication gives no name.
    """

    model: str
    lines: Mapping[str, str]
    loss: str = "free"
    inlined: tuple[str, ...] = ()
    how: str = "normal forms"

    def residual(self, seed: int) -> float:
        """Compare every line."""
        return max(self.differences(seed).values())

    def differences(self, seed: int) -> dict[str, float]:
        """Return the difference of every line."""
        derivation = _derived(self.model, self.loss)
        system, known = derivation.system, _arrays(derivation)
        found: dict[str, float] = {}
        for name, text in self.lines.items():
            [step] = derivation.find(name.removesuffix("@T"))
            derived = _at_the_end(step) if name.endswith("@T") else step.value()
            for inner in self.inlined:
                derived = _inlined(derived, derivation, inner)
            found[name] = difference(derived, _read(text, known), system, seed)
        return found


@cache
def _derived(model: str, loss: str) -> Derivation:
    return derive(build_system(read_model(model, loss=loss)))


def _at_the_end(step: Step) -> Node:
    """Return a line at t = T: the terms that exist there."""
    there = (t.value for t in step.terms if t.time is None or t.time.has(STEPS))
    return plus(*there).xreplace({TIME: STEPS})


def _inlined(node: Node, derivation: Derivation, name: str) -> Node:
    """Write an adjoint out wherever it stands."""
    [step] = derivation.find(name)
    places: list[Expr] = [TIME - 1, TIME, TIME + 1, BOUND]
    at = ({TIME: place} for place in places)
    return node.xreplace({step.target.xreplace(r): step.value().xreplace(r) for r in at})


def _arrays(derivation: Derivation) -> dict[str, Array]:
    """Return every array of a derivation by name, its next value by name and ``_next``."""
    system = derivation.system
    found = [a for s in derivation.steps for a in (s.target, s.of)]
    found += [a for e in system.equations for a in (e.lhs, *e.rhs.atoms(Array))]
    found += [term.given for term in system.loss_terms]
    known = {a.name: a for a in sorted(found, key=str) if a.family.role != "gradient"}
    after = {k + NEXT: Array(a.family, a.shape, None, TIME + 1) for k, a in known.items()}
    known[GUESS] = Array(system.output.family, system.output.shape, Integer(0))
    return known | after


def _read(text: str, known: Mapping[str, Array]) -> Node:
    """Return a published right-hand side."""
    plain = re.sub(r"(\w+)\[t\+1\]", rf"\1{NEXT}", text.removeprefix("sum: "))
    node = build_expression(parse_equation(plain.replace("[T]", "[t]")), known)
    scores = Array(known[GUESS].family, known[GUESS].shape, None, TIME)
    node = node.xreplace({known[GUESS]: softmax(scores)})
    if "[T]" in text:
        return node.xreplace({TIME: STEPS})
    if text.startswith("sum: "):
        return sigma(node.xreplace({TIME: BOUND}), BOUND, Integer(1), STEPS)
    return node


# The book's W, U, V, b, c are our U, W, V, b, b_V; its ∇_{o} is our delta_s.
GOODFELLOW = {
    "delta_s": "guess - target[t]",
    "delta_h@T": "V.T @ delta_s[T]",
    "delta_h": "U.T @ ((1 - square(h[t+1])) * delta_h[t+1]) + V.T @ delta_s[t]",
    "db_V": "sum: delta_s[t]",
    "db": "sum: (1 - square(h[t])) * delta_h[t]",
    "dV": "sum: delta_s[t] @ h[t].T",
    "dU": "sum: ((1 - square(h[t])) * delta_h[t]) @ h[t-1].T",
    "dW": "sum: ((1 - square(h[t])) * delta_h[t]) @ x[t].T",
}
# The paper's y, z are our h, g, and its R the recurrent U.
GREFF = {
    "delta_h": "Delta[t] + U_c.T @ delta_g[t+1] + U_i.T @ delta_i[t+1] + U_f.T @ delta_f[t+1]"
    " + U_o.T @ delta_o[t+1]",
    "delta_o": "delta_h[t] * tanh(c[t]) * o[t] * (1 - o[t])",
    "delta_c": "delta_h[t] * o[t] * (1 - square(tanh(c[t]))) + p_o * delta_o[t]"
    " + p_i * delta_i[t+1] + p_f * delta_f[t+1] + delta_c[t+1] * f[t+1]",
    "delta_f": "delta_c[t] * c[t-1] * f[t] * (1 - f[t])",
    "delta_i": "delta_c[t] * g[t] * i[t] * (1 - i[t])",
    "delta_g": "delta_c[t] * i[t] * (1 - square(g[t]))",
    "dx": "W_c.T @ delta_g[t] + W_i.T @ delta_i[t] + W_f.T @ delta_f[t] + W_o.T @ delta_o[t]",
    **{f"dW_{k}": f"sum: delta_{a}[t] @ x[t].T" for k, a in zip("fico", "figo", strict=True)},
    **{f"dU_{k}": f"sum: delta_{a}[t] @ h[t-1].T" for k, a in zip("fico", "figo", strict=True)},
    **{f"db_{k}": f"sum: delta_{a}[t]" for k, a in zip("fico", "figo", strict=True)},
    "dp_f": "sum: c[t-1] * delta_f[t]",
    "dp_i": "sum: c[t-1] * delta_i[t]",
    "dp_o": "sum: c[t] * delta_o[t]",
}

PUBLISHED = (
    Theorem(
        "goodfellow",
        "(10.18)–(10.28) are the derived adjoints and gradients of the vanilla network",
        "Goodfellow, Bengio and Courville 2016, Deep Learning",
        Published("vanilla, dense:3", GOODFELLOW, "cross-entropy", ("delta_a",)),
    ),
    Theorem(
        "greff",
        "the published backward pass of the peephole LSTM is the derived one",
        "Greff et al. 2017 (arXiv:1503.04069)",
        Published("lstm-peephole", GREFF),
    ),
)
