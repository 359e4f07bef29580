"""Plots of measured decay: the same bytes for the same numbers, whatever the day."""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from rnnsym.errors import InputError, one_of
from rnnsym.flow.measure import Decay
from rnnsym.sheet.flow_measured import curves_of

__all__ = ["INSTALL", "PLOT_FORMATS", "check_plot", "plot_decay"]

INSTALL = "plots need matplotlib: pip install 'rnnsym[plot]'"
# A file's own dates and the version of its maker are left out: they change and the plot does not.
METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}
PLOT_FORMATS = tuple(METADATA)
SETTINGS = {"svg.hashsalt": "rnnsym", "pdf.fonttype": 42, "font.size": 9.0, "axes.grid": True}
DASHES = ("-", "--", ":", "-.")


def check_plot(path: Path) -> None:
    """See that a plot of this name can be made.

    Raises:
        InputError: an unknown ending, or matplotlib is not installed.
    """
    ending = path.suffix[1:].lower()
    one_of("plot format", ending or path.name, PLOT_FORMATS)
    if find_spec("matplotlib") is None:
        raise InputError(INSTALL)


def plot_decay(decays: Sequence[Decay], format_name: str) -> bytes:
    """Return a plot of norm against lag, one curve for every state of every network.

    Args:
        decays: measured with one setting.
        format_name: one of ``PLOT_FORMATS``.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        mpl: Any = import_module("matplotlib")  # it is an extra: checkers may not find it
        figures: Any = import_module("matplotlib.figure")
    except ImportError:
        raise InputError(INSTALL) from None
    setting = decays[0].setting
    with mpl.rc_context({**mpl.rcParamsDefault, **SETTINGS}):
        figure = figures.Figure(figsize=(6.0, 3.75), layout="constrained")
        axes = figure.subplots()
        for colour, decay in enumerate(decays):
            for place, (label, curve) in enumerate(curves_of(decay)):
                points = [(k, v) for k, v in enumerate(curve.norms, 1) if v]
                axes.semilogy(
                    [k for k, _ in points],
                    [v for _, v in points],
                    color=f"C{colour}",
                    linestyle=DASHES[place % len(DASHES)],
                    linewidth=1.5 / (1 + place // len(DASHES)),
                    label=label,
                )
        axes.axhline(1.0, color="0.5", linewidth=0.8)
        axes.set_xlabel("lag k")
        axes.set_ylabel(r"$\|\partial s_T / \partial s_{T-k}\|$")
        bias = "" if setting.forget_bias is None else f", forget bias {setting.forget_bias:g}"
        axes.set_title(f"T = {setting.lags}, {setting.init} weights{bias}, seed {setting.seed}")
        axes.legend()
        stream = BytesIO()
        figure.savefig(stream, format=format_name, dpi=150, metadata=METADATA[format_name])
    return stream.getvalue()
