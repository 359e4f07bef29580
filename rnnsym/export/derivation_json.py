"""A derivation as JSON: every line, term, rule and range, in the cell language and in LaTeX.

Schema 1: ``rnnsym``, ``schema``, ``model``, ``convention``, ``loss``, ``loss_at``, ``truncate``,
``sizes`` (numbers given), ``symbols`` [{name, latex, shape, role}], ``forward``
[{number, name, formula, latex, shape, range, purpose}], ``steps`` [{number, name, formula, latex,
shape, range, factor, terms: [{formula, latex, via, rules, range, detached}]}], ``jacobians``
[{kind, of, wrt, formula, latex}], and ``check``. A ``range`` is {"l": [first, last], "t": […]};
a formula is a text such as ``U_f.T @ delta_f[t+1]``.
"""

import math
from collections.abc import Sequence
from typing import Any

from rnnsym.derivation import Derivation, Step, Term
from rnnsym.equations import Equation, System
from rnnsym.expr import Array, Node, Span, latex, source, source_scalar
from rnnsym.jacobian import MOST_PATHS, StateJacobian, jacobians, step_paths
from rnnsym.numeric.check import TOLERANCE, CheckReport
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "check_json", "derivation_json", "jacobian_json"]

SCHEMA = 1


def derivation_json(
    derivation: Derivation, report: CheckReport | None, wanted: Sequence[Step] | None = None
) -> dict[str, Any]:
    """Return the derivation as plain data."""
    system = derivation.system
    equations = system.equations
    steps = derivation.steps if wanted is None else wanted
    numbers = {s: i for i, s in enumerate(derivation.steps, len(equations) + 1)}
    forward = {e: i for i, e in enumerate(equations, 1)}
    return {
        "rnnsym": VERSION,
        "schema": SCHEMA,
        "model": str(system.model),
        "convention": system.model.convention,
        "loss": system.model.loss,
        "loss_at": system.model.loss_at,
        "truncate": derivation.truncate,
        "sizes": dict(system.bound),
        "symbols": _symbols(system),
        "forward": [_equation(e, forward[e]) for e in equations],
        "steps": [_step(s, numbers[s], forward) for s in steps],
        "jacobians": _jacobians(system),
        "check": None if report is None else check_json(report),
    }


def _finite(error: float) -> float | None:
    """JSON has no infinity: the error of what is no number is null, and the check has failed."""
    return error if math.isfinite(error) else None


def check_json(report: CheckReport) -> dict[str, Any]:
    """Return a check's report as plain data."""
    return {
        "model": report.model,
        "convention": report.convention,
        "passed": report.passed,
        "max_relative_error": _finite(report.max_relative_error),
        "tolerance": TOLERANCE,
        "gradients": {
            name: {"max_relative_error": _finite(error)} for name, error in report.errors.items()
        },
        "derivatives_compared": report.entries,
        "sizes": {
            k: v if isinstance(v, int) else list(v.values()) for k, v in report.sizes.items()
        },
        "T": report.steps,
        "seed": report.seed,
    }


def _shape(node: Node) -> list[str]:
    return [source_scalar(s) for s in node.shape]


def _formula(node: Node) -> dict[str, str]:
    return {"formula": source(node), "latex": latex(node)}


def _symbol(array: Array, role: str) -> dict[str, Any]:
    return {"name": source(array), "latex": latex(array), "shape": _shape(array), "role": role}


def _symbols(system: System) -> list[dict[str, Any]]:
    found = [_symbol(system.input, "input")]
    found += [_symbol(s.array, "state") for s in system.states]
    states = {s.array for s in system.states}
    found += [_symbol(e.lhs, "variable") for e in system.equations if e.lhs not in states]
    found += [_symbol(w.array, "parameter") for w in system.weights]
    return found + [_symbol(t.given, "given") for t in system.loss_terms]


def _range(layer: Span | None, time: Span | None) -> dict[str, list[str]]:
    spans = (("l", layer), ("t", time))
    return {
        name: [source_scalar(s.first), source_scalar(s.last)] for name, s in spans if s is not None
    }


def _equation(equation: Equation, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "name": source(equation.lhs),
        **_formula(equation.rhs),
        "shape": _shape(equation.lhs),
        "range": _range(equation.layer, equation.time),
        "purpose": equation.purpose,
    }


def _step(step: Step, number: int, forward: dict[Equation, int]) -> dict[str, Any]:
    return {
        "number": number,
        "name": step.key,
        "target": source(step.target),
        **_formula(step.value()),
        "shape": _shape(step.target),
        "range": _range(step.layer, step.time),
        "factor": None
        if step.factor is None
        else {**_formula(step.factor), "rule": step.factor_rule},
        "terms": [_term(term, forward) for term in step.terms],
    }


def _term(term: Term, forward: dict[Equation, int]) -> dict[str, Any]:
    via = "loss" if term.source is None else source(term.source.lhs)
    return {
        **_formula(term.value),
        "via": via,
        "equation": None if term.source is None else forward[term.source],
        "index": [source_scalar(i) for i in term.index],
        "rules": list(term.rules),
        "range": _range(term.layer, term.time),
        "detached": term.detached,
    }


def _jacobians(system: System) -> list[dict[str, Any]]:
    if step_paths(system) > MOST_PATHS:
        return []
    return [
        jacobian_json(item)
        for chain in jacobians(system)
        for item in (*chain.edges, *chain.blocks, *chain.totals)
    ]


def jacobian_json(item: StateJacobian) -> dict[str, Any]:
    """Return one Jacobian as plain data."""
    formula = {"formula": "0", "latex": "0"} if item.value is None else _formula(item.value)
    return {
        "kind": item.kind,
        "of": source(item.of),
        "wrt": source(item.wrt),
        "name": None if item.name is None else source(item.name),
        **formula,
    }
