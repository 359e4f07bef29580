"""A derivation as JSON: every line, term, rule and range, in the cell language and in LaTeX.

Schema 2: ``rnnsym``, ``schema``, ``model``, ``convention``, ``layout`` ("columns", or "rows" where
the convention's formulas and shapes are those of rows), ``loss``, ``loss_at``, ``truncate``,
``sizes`` (numbers given), ``symbols`` [{name, latex, shape, role}], ``forward``
[{number, name, formula, latex, shape, range, purpose}], ``steps`` [{number, name, formula, latex,
shape, range, factor, terms: [{formula, latex, via, rules, range, detached}]}], ``jacobians``
[{kind, of, wrt, formula, latex}], and ``check``. A ``range`` is {"l": [first, last], "t": […]};
a formula is a text such as ``U_f.T @ delta_f[t+1]``.
"""

import math
from collections.abc import Sequence
from typing import Any

from rnnsym.blocks import Line, Partial
from rnnsym.convention import read_convention
from rnnsym.derivation import Derivation, Step, Term
from rnnsym.equations import Equation, System
from rnnsym.expr import Array, Integer, Node, Span, latex, source, source_scalar
from rnnsym.jacobian import MOST_PATHS, StateJacobian, jacobians, step_paths
from rnnsym.numeric.check import TOLERANCE, CheckReport
from rnnsym.record import record
from rnnsym.sheet.layout import in_layout
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "Printed", "check_json", "derivation_json"]

SCHEMA = 2


def derivation_json(
    derivation: Derivation, report: CheckReport | None, wanted: Sequence[Step] | None = None
) -> dict[str, Any]:
    """Return the derivation as plain data."""
    system = derivation.system
    printed = Printed(system.model.convention)
    columns = read_convention(system.model.convention).product == "W x"
    equations = system.equations
    steps = derivation.steps if wanted is None else wanted
    numbers = {s: i for i, s in enumerate(derivation.steps, len(equations) + 1)}
    forward = {e: i for i, e in enumerate(equations, 1)}
    return {
        "rnnsym": VERSION,
        "schema": SCHEMA,
        "model": str(system.model),
        "convention": system.model.convention,
        "layout": "columns" if columns else "rows",
        "loss": system.model.loss,
        "loss_at": system.model.loss_at,
        "truncate": derivation.truncate,
        "sizes": dict(system.bound),
        "symbols": _symbols(system, printed),
        "forward": [printed.equation(e, forward[e]) for e in equations],
        "steps": [printed.step(s, numbers[s], forward) for s in steps],
        "jacobians": _jacobians(system, printed),
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


def _range(layer: Span | None, time: Span | None) -> dict[str, list[str]]:
    spans = (("l", layer), ("t", time))
    return {
        name: [source_scalar(s.first), source_scalar(s.last)] for name, s in spans if s is not None
    }


@record
class Printed:
    """Maths as plain data, as a convention prints it."""

    convention: str

    def name(self, array: Array) -> str:
        """Return an array with its indices."""
        return source(in_layout(array, self.convention))

    def formula(self, node: Node) -> dict[str, str]:
        """Return an expression in the cell language and in LaTeX."""
        shown = in_layout(node, self.convention)
        return {"formula": source(shown), "latex": latex(shown)}

    def shape(self, node: Node) -> list[str]:
        """Return the shape of what is printed."""
        return [source_scalar(s) for s in in_layout(node, self.convention).shape]

    def symbol(self, array: Array, role: str) -> dict[str, Any]:
        """Return an entry of the list of symbols."""
        shown = latex(in_layout(array, self.convention))
        return {"name": self.name(array), "latex": shown, "shape": self.shape(array), "role": role}

    def equation(self, equation: Equation, number: int) -> dict[str, Any]:
        """Return a forward equation."""
        return {
            "number": number,
            "name": self.name(equation.lhs),
            **self.formula(equation.rhs),
            "shape": self.shape(equation.lhs),
            "range": _range(equation.layer, equation.time),
            "purpose": equation.purpose,
        }

    def step(self, step: Step, number: int, forward: dict[Equation, int]) -> dict[str, Any]:
        """Return a line of the derivation with its terms."""
        factor = step.factor
        return {
            "number": number,
            "name": step.key,
            "target": self.name(step.target),
            **self.formula(step.value()),
            "shape": self.shape(step.target),
            "range": _range(step.layer, step.time),
            "factor": None
            if factor is None
            else {**self.formula(factor), "rule": step.factor_rule},
            "terms": [self._term(term, forward) for term in step.terms],
        }

    def _term(self, term: Term, forward: dict[Equation, int]) -> dict[str, Any]:
        return {
            **self.formula(term.value),
            "via": "loss" if term.source is None else self.name(term.source.lhs),
            "equation": None if term.source is None else forward[term.source],
            "index": [source_scalar(i) for i in term.index],
            "rules": list(term.rules),
            "range": _range(term.layer, term.time),
            "detached": term.detached,
        }

    def jacobian(self, item: StateJacobian) -> dict[str, Any]:
        """Return one Jacobian."""
        line = in_layout(
            Line(Partial(item.of, item.wrt), item.value or Integer(0)), self.convention
        )
        value = line.rhs
        zero = {"formula": "0", "latex": "0"}
        shown = (
            {"formula": source(value), "latex": latex(value)} if isinstance(value, Node) else zero
        )
        return {
            "kind": item.kind,
            "of": self.name(item.of),
            "wrt": self.name(item.wrt),
            "name": None if item.name is None else self.name(item.name),
            **shown,
        }


def _symbols(system: System, printed: Printed) -> list[dict[str, Any]]:
    states = {s.array for s in system.states}
    variables = [e.lhs for e in system.equations if e.lhs not in states]
    by_role = (
        ("input", [system.input]),
        ("state", [s.array for s in system.states]),
        ("variable", variables),
        ("parameter", [w.array for w in system.weights]),
        ("given", [t.given for t in system.loss_terms]),
    )
    return [printed.symbol(array, role) for role, arrays in by_role for array in arrays]


def _jacobians(system: System, printed: Printed) -> list[dict[str, Any]]:
    if step_paths(system) > MOST_PATHS:
        return []
    return [
        printed.jacobian(item)
        for chain in jacobians(system)
        for item in (*chain.edges, *chain.blocks, *chain.totals)
    ]
