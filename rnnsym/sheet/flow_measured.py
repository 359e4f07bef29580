"""What a random run showed: norms per lag side by side, and the weights they belong to."""

from collections.abc import Iterator, Sequence

from rnnsym.blocks import Block, Heading, Inline, Paragraph, Prose, Table, prose
from rnnsym.expr import Array
from rnnsym.flow.measure import Decay, Setting, shown_lags

__all__ = ["curve_label", "measured_blocks", "number_text"]

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
    labels = [(d, i) for d in decays for i in range(len(d.curves))]
    head = (prose("lag k"), *(prose(curve_label(d, i)) for d, i in labels))
    rows = tuple(
        (
            prose(str(lag)),
            *(prose(number_text(d.curves[i].norms[lag - 1])) for d, i in labels),
        )
        for lag in shown_lags(setting.lags)
    )
    yield Table(head, rows, "Largest singular value of ∂s_T/∂s_(T−k)")
    yield from _weights(decays)


def _how(decays: Sequence[Decay], setting: Setting) -> Prose:
    bound = {k: v for d in decays for k, v in d.system.bound.items()}
    sizes = ", ".join(f"{k} = {v}" for k, v in bound.items())
    return prose(
        f"One run of T = {setting.lags} steps from zero states with {sizes}; inputs from N(0, 1), "
        f"{DRAWS[setting.init]}, zero biases; seed {setting.seed}. The Jacobians are the derived "
        "ones, evaluated along the run and multiplied; the other states of step T − k are held "
        "fixed. In a stack: the last layer, in a bidirectional layer its forward chain."
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
        bound = (
            number_text(decay.step_bound) if decay.step_bound is None else f"{decay.step_bound:.2f}"
        )
        for i, weight in enumerate(decay.weights):
            radius = weight.spectral_radius
            rows.append(
                (
                    prose(str(decay.system.model) if i == 0 else ""),
                    prose(_bare(weight.array)),
                    prose(f"{weight.largest_singular_value:.2f}"),
                    prose("" if radius is None else f"{radius:.2f}"),
                    prose(bound if i == 0 else ""),
                )
            )
        if not decay.weights:
            rows.append(
                (prose(str(decay.system.model)), prose("none"), prose(""), prose(""), prose(bound))
            )
    yield Table(tuple(prose(h) for h in head), tuple(rows), "Recurrent weights of the run")
    yield Paragraph(
        prose(
            "A bound above 1 does not say that the gradient explodes: compare it with the decay "
            "measured."
        )
    )


def _bare(array: Array) -> Array:
    return Array(array.family, array.shape)


def curve_label(decay: Decay, place: int) -> str:
    """Return the name of a curve: the model, and the state.

    The state is left out where there is one only.
    """
    name = str(decay.system.model)
    return f"{name} {decay.curves[place].state.name}" if len(decay.curves) > 1 else name


def number_text(norm: float | None) -> str:
    """Return a norm with two digits.

    >>> number_text(0.00123), number_text(None)
    ('1.2e-03', 'overflow')
    """
    return "overflow" if norm is None else f"{norm:.1e}"
