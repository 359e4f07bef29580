"""Gradient flow as JSON.

Schema 2: ``rnnsym``, ``schema``, ``general`` {direct_edge, counterexample}, and ``models``
[{model, convention, sizes, chains, measured}]. A chain holds ``title``, ``states``, ``jacobians``
(as in a derivation), ``edges`` and ``bounds`` [{of, wrt, terms: [{number, norms, maxima}],
constant}], ``bounded_states``, and ``paths`` {through_time, through_depth}: from the state of the
column to that of the row. ``measured`` is null without sizes, else {lags, seed, init, forget_bias,
layers: [{title, curves: [{state, norms}], to_output (norms, or null), weights: [{name,
largest_singular_value, spectral_radius}], step_bound, gates}]}; a norm is null beyond floating
point.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rnnsym.equations import System
from rnnsym.export.derivation_json import Printed
from rnnsym.flow.bounds import Bound, chain_bounds
from rnnsym.flow.examples import DIRECT_EDGE, counterexample
from rnnsym.flow.measure import Decay, LayerDecay
from rnnsym.flow.paths import step_paths
from rnnsym.jacobian import ChainJacobians, jacobians
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "flow_json"]

SCHEMA = 2


def flow_json(systems: Sequence[System], decays: Sequence[Decay]) -> dict[str, Any]:
    """Return the flow of each model as plain data; ``decays`` is empty or one for each of them."""
    value, steps = DIRECT_EDGE
    nothing: list[dict[str, Any] | None] = [None] * len(systems)
    measured = [_decay(d) for d in decays] if decays else nothing
    return {
        "rnnsym": VERSION,
        "schema": SCHEMA,
        "models": [_model(s, m) for s, m in zip(systems, measured, strict=True)],
        "general": {
            "direct_edge": {"gate": value, "steps": steps, "kept": value**steps},
            "counterexample": asdict(counterexample()),
        },
    }


def _model(system: System, measured: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "model": str(system.model),
        "convention": system.model.convention,
        "sizes": dict(system.bound),
        "chains": [_chain(c, Printed(system.model.convention)) for c in jacobians(system)],
        "measured": measured,
    }


def _chain(chain: ChainJacobians, printed: Printed) -> dict[str, Any]:
    bounds, paths = chain_bounds(chain), step_paths(chain)
    return {
        "title": chain.title,
        "states": [printed.name(s) for s in chain.states],
        "jacobians": [printed.jacobian(j) for j in (*chain.edges, *chain.blocks, *chain.totals)],
        "edges": [_bound(b, printed) for b in bounds.edges],
        "bounds": [_bound(b, printed) for b in bounds.blocks],
        "bounded_states": [printed.name(s) for s in bounds.ranges.bounded],
        "paths": asdict(paths),
    }


def _bound(bound: Bound, printed: Printed) -> dict[str, Any]:
    constant = bound.constant
    return {
        "of": printed.name(bound.jacobian.of),
        "wrt": printed.name(bound.jacobian.wrt),
        "terms": [
            {
                "number": float(t.number),
                "norms": [printed.formula(n)["formula"] for n in t.norms],
                "maxima": [printed.formula(n)["formula"] for n in t.maxima],
            }
            for t in bound.terms
        ],
        "constant": None if constant is None else float(constant),
    }


def _decay(decay: Decay) -> dict[str, Any]:
    return {
        **asdict(decay.setting),
        "layers": [_layer(layer) for layer in decay.layers],
    }


def _layer(layer: LayerDecay) -> dict[str, Any]:
    return {
        "title": layer.title,
        "curves": [{"state": c.state.name, "norms": list(c.norms)} for c in layer.curves],
        "to_output": None if layer.to_output is None else list(layer.to_output.norms),
        "weights": [
            {
                "name": w.array.key,
                "largest_singular_value": w.largest_singular_value,
                "spectral_radius": w.spectral_radius,
            }
            for w in layer.weights
        ],
        "step_bound": layer.step_bound,
        "gates": [{"state": g.state.name, "gate": g.gate.name, "sign": g.sign,
                   "bias": g.biases[0].key} for g in layer.gates],
    }  # fmt: skip
