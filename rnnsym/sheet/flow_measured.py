"""What a random run showed: norms per lag side by side, and the weights they belong to."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import Block, Heading, Inline, Paragraph, Prose, Table, prose
from rnnsym.expr import Array, Symbol
from rnnsym.flow.measure import Curve, Decay, LayerDecay, Setting, shown_lags
from rnnsym.sheet.rounded import short

__all__ = ["curves_of", "measured_blocks"]

OVERFLOW = "overflow"
LAG = Symbol("k", integer=True)
COLUMNS = 6
"""Curves that stand side by side in one table."""

DRAWS = {
    "gaussian": "every weight from N(0, 1/columns)",
    "orthogonal": "recurrent matrices orthogonal, other weights from N(0, 1/columns)",
}


def measured_blocks(decays: Sequence[Decay]) -> Iterator[Block]:
    """Yield the measured decay of several networks, drawn in the same way."""
    setting = decays[0].setting
    yield Heading("Measured decay", 2)
    yield Paragraph(_how(decays, setting))
    yield from _bias_lines(decays)
    own = [(label, curve) for decay in decays for label, curve in curves_of(decay)]
    yield from _table(own, setting, "Largest singular value of ∂s_T/∂s_(T−k)")
    deep = [found for decay in decays for found in _to_output(decay)]
    if deep:
        yield Paragraph(
            prose(
                "In a stack a gradient also has its way through the layers. Along all paths, from "
                "the state of each layer to the output of the last, y_T (of a backward chain: y_1):"
            )
        )
        yield from _table(deep, setting, "Largest singular value of dy_T/ds_(T−k)")
    yield from _weights(decays)


def _table(curves: Sequence[tuple[str, Curve]], setting: Setting, caption: str) -> Iterator[Block]:
    """Yield curves side by side, as many as a page takes, then the next ones below."""
    for first in range(0, len(curves), COLUMNS):
        here = curves[first : first + COLUMNS]
        head = (prose("lag ", LAG), *(prose(label) for label, _ in here))
        rows = tuple(
            (prose(str(lag)), *(_norm(curve.norms[lag - 1]) for _, curve in here))
            for lag in shown_lags(setting.lags)
        )
        yield Table(head, rows, caption)


def _how(decays: Sequence[Decay], setting: Setting) -> Prose:
    bound = {k: v for d in decays for k, v in d.system.bound.items()}
    sizes = ", ".join(f"{k} = {v}" for k, v in bound.items())
    return prose(
        f"One run of T = {setting.lags} steps from zero states with {sizes}; inputs from N(0, 1), "
        f"{DRAWS[setting.init]}, zero biases; seed {setting.seed}. The Jacobians are the derived "
        "ones, evaluated along the run and multiplied; the other states of step T − k are held "
        "fixed. In a backward chain: ∂s_1/∂s_(1+k)."
    )


def _bias_lines(decays: Sequence[Decay]) -> Iterator[Block]:
    for decay in decays:
        bias = decay.setting.forget_bias
        if bias is None:
            continue
        parts: list[Inline] = [f"Forget bias {bias:g} in {decay.system.model}: "]
        for i, gate in enumerate(decay.gates):
            parts += ["; " if i else "", gate.biases[0], f" = {gate.sign * bias:g}, so that "]
            parts += ["" if gate.sign > 0 else "1 − ", gate.gate, " keeps more of ", gate.state]
        if not decay.gates:
            parts.append("no gate with a bias is the direct edge of a state, so nothing is set")
        yield Paragraph((*parts, "."))


def _weights(decays: Sequence[Decay]) -> Iterator[Block]:
    head = ("net", "weight", "σ_max", "spectral radius", "bound per step")
    rows: list[tuple[Prose, ...]] = []
    for decay in decays:
        for layer in decay.layers:
            rows += _weights_of(_name(decay, layer), layer)
    yield Table(tuple(prose(h) for h in head), tuple(rows), "Recurrent weights of the run")
    yield Paragraph(
        prose(
            "A bound above 1 does not say that the gradient explodes: compare it with the decay "
            "measured."
        )
    )


def _weights_of(name: str, layer: LayerDecay) -> Iterator[tuple[Prose, ...]]:
    most = layer.step_bound
    bound = OVERFLOW if most is None else f"{most:.2f}"
    for i, weight in enumerate(layer.weights):
        radius = weight.spectral_radius
        yield (
            prose("" if i else name),
            prose(_bare(weight.array)),
            prose(f"{weight.largest_singular_value:.2f}"),
            prose("" if radius is None else f"{radius:.2f}"),
            prose("" if i else bound),
        )
    if not layer.weights:
        yield prose(name), prose("none"), prose(""), prose(""), prose(bound)


def _bare(array: Array) -> Array:
    return Array(array.family, array.shape)


def _name(decay: Decay, layer: LayerDecay) -> str:
    return f"{decay.system.model} {layer.title}".rstrip()


def curves_of(decay: Decay) -> Iterator[tuple[str, Curve]]:
    """Yield the curves of a network with their names: model, layer and state.

    The layer and the state are left out where there is one only.
    """
    for layer in decay.layers:
        for curve in layer.curves:
            state = f" {curve.state.name}" if len(layer.curves) > 1 else ""
            yield _name(decay, layer) + state, curve


def _to_output(decay: Decay) -> Iterator[tuple[str, Curve]]:
    for layer in decay.layers:
        if layer.to_output is not None:
            yield _name(decay, layer), layer.to_output


def _norm(norm: float | None) -> Prose:
    return prose(OVERFLOW) if norm is None else short(norm)
