"""Models side by side as JSON.

Schema 2: ``rnnsym``, ``schema``, ``models`` [{model, convention, states, gates, other_maps,
equations: [{name, formula, latex}], formula, total, multiply_adds, memory, edges, paths}],
``ratios`` [{of, to, parameters, multiply_adds, variants: [{change, parameters}]}], and
``guidance``. A ratio is {top, bottom, constant, limit}; ``limit`` is [top, bottom] as all sizes
grow together, or null.
"""

from collections.abc import Sequence
from typing import Any

from rnnsym.count import Count, count
from rnnsym.equations import System
from rnnsym.export.derivation_json import Printed
from rnnsym.expr import latex, source, source_scalar
from rnnsym.flow.paths import step_paths
from rnnsym.jacobian import jacobians
from rnnsym.ratio import Ratio, ratio
from rnnsym.sheet.compare import gates_of, pairs, variants, written_equations
from rnnsym.sheet.guidance import guidance
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "compare_json"]

SCHEMA = 2


def compare_json(systems: Sequence[System]) -> dict[str, Any]:
    """Return two or more models as plain data."""
    counts = [count(s) for s in systems]
    return {
        "rnnsym": VERSION,
        "schema": SCHEMA,
        "models": [_model(c) for c in counts],
        "ratios": [_pair(a, b, found) for a, b, found in pairs(counts)],
        "guidance": list(guidance(systems)),
    }


def _model(counted: Count) -> dict[str, Any]:
    system = counted.system
    gates, others = gates_of(system)
    numbers = counted.to_json()
    kept = ("formula", "total", "multiply_adds", "memory", "sizes")
    chains, printed = jacobians(system), Printed(system.model.convention)
    return {
        "model": str(system.model),
        "convention": system.model.convention,
        "states": [s.array.key for s in system.states],
        "gates": [printed.name(g) for g in gates],
        "other_maps": [printed.name(g) for g in others],
        "equations": [
            {"name": source(lhs), "formula": source(rhs), "latex": latex(rhs)}
            for lhs, rhs in written_equations(system)
        ],
        **{name: numbers[name] for name in kept},
        "edges": [printed.jacobian(edge) for chain in chains for edge in chain.edges],
        "paths": [list(map(list, step_paths(chain).through_time)) for chain in chains],
    }


def _pair(a: Count, b: Count, found: Ratio) -> dict[str, Any]:
    work = ratio(a.multiply_adds.formula.value, b.multiply_adds.formula.value)
    return {
        "of": str(a.system.model),
        "to": str(b.system.model),
        "parameters": _ratio(found),
        "multiply_adds": _ratio(work),
        "variants": [
            {"change": what, "parameters": _ratio(other)}
            for what, other in variants(a.system, b.system)
        ],
    }


def _ratio(found: Ratio) -> dict[str, Any]:
    return {
        "top": source_scalar(found.top),
        "bottom": source_scalar(found.bottom),
        "constant": found.constant,
        "limit": None if found.limit is None else list(found.limit),
    }
