"""``rnnsym flow``, ``rnnsym compare`` and ``rnnsym diff``."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rnnsym.cli.options import (
    ChoiceOf,
    ascii_option,
    build,
    format_option,
    json_text,
    print_document,
    say,
)
from rnnsym.convention import TEXTBOOK, convention_names
from rnnsym.errors import InputError

if TYPE_CHECKING:
    from rnnsym.equations import System
    from rnnsym.flow.measure import Decay

__all__ = ["COMMANDS"]

F = TypeVar("F", bound=Callable[..., Any])
MAX_MODELS = 8


def several_models(function: F) -> F:
    """Add MODEL… and the options that belong to every one of them."""
    decorators = [
        click.argument("texts", metavar="MODEL...", nargs=-1, required=True),
        click.option(
            "--convention",
            "conventions",
            type=ChoiceOf("convention", convention_names(), {}),
            multiple=True,
            default=[TEXTBOOK],
            show_default=True,
            help="Whose equations; given several times, one for each MODEL.",
        ),
        click.option("--no-bias", is_flag=True, help="Leave out all bias vectors."),
        click.option(
            "--set", "sizes", multiple=True, metavar="NAME=NUMBER", help="A size, e.g. n=128."
        ),
    ]
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def systems_of(
    texts: tuple[str, ...], conventions: tuple[str, ...], no_bias: bool, sizes: tuple[str, ...]
) -> "list[System]":
    """Return the equations of every model, each with the sizes given."""
    if len(texts) > MAX_MODELS:
        raise InputError(f"{len(texts)} models at once (at most {MAX_MODELS})")
    if len(conventions) == 1:
        conventions *= len(texts)
    if len(conventions) != len(texts):
        raise InputError(
            f"--convention is given once for all models, or once for each: {len(texts)} models "
            f"and {len(conventions)} conventions"
        )
    return [
        build(
            text,
            layers=None,
            bidirectional=False,
            merge=None,
            convention=convention,
            loss="free",
            loss_at="every",
            no_bias=no_bias,
            sizes=sizes,
        ).system
        for text, convention in zip(texts, conventions, strict=True)
    ]


def measured_options(function: F) -> F:
    """Add what a measured run depends on."""
    decorators = [
        click.option("--lags", type=int, metavar="K", help="Measure over K steps  [default: 50]"),
        click.option("--seed", type=int, metavar="S", help="Of the measured run  [default: 0]"),
        click.option("--init", metavar="gaussian|orthogonal", help="Recurrent matrices."),
        click.option(
            "--forget-bias", type=float, metavar="B", help="Bias of gates that keep a state."
        ),
    ]
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


@click.command()
@several_models
@measured_options
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="Also draw the decay: .svg, .pdf or .png.",
)
@click.option("--force", is_flag=True, help="Replace a plot that differs.")
@format_option("text", "latex", "markdown", "json")
@ascii_option
def flow(plot: Path | None, force: bool, format_name: str, ascii_only: bool, **chosen: Any) -> None:
    """Show how gradients flow through each MODEL: Jacobians, bounds, paths.

    With sizes (--set n=32) also how they decay along a random run, side by side; d is n where it
    is not given.
    """
    from rnnsym.flow.measure import Setting, measure
    from rnnsym.sheet.flow import flow_document

    options = {name: chosen.pop(name) for name in ("lags", "seed", "init", "forget_bias")}
    given = {name: value for name, value in options.items() if value is not None}
    setting = replace(Setting(), **given)
    setting.check()
    if plot is not None:
        from rnnsym.export.plot import check_plot

        check_plot(plot)
    sized = any(not item.strip().startswith("L=") for item in chosen["sizes"])
    systems = systems_of(**chosen)
    decays: list[Decay] = []
    if given or sized or plot is not None:
        systems = [_with_inputs(system) for system in systems]
        decays = [measure(system, setting) for system in systems]
        _refuse_idle_bias(decays)
    if plot is not None:
        _save_plot(plot, decays, force)
    if format_name == "json":
        from rnnsym.export.flow_json import flow_json

        say(json_text(flow_json(systems, decays)))
    else:
        print_document(flow_document(systems, decays), format_name, ascii_only)


def _with_inputs(system: "System") -> "System":
    """Return the system with d = n where n is given and d is not."""
    from rnnsym.system import build_system

    first = next((v for k, v in system.bound.items() if k.split("_")[0] == "n"), None)
    if "d" not in system.size_names or "d" in system.bound or first is None:
        return system
    model = system.model
    return build_system(replace(model, sizes=(("d", first), *model.sizes)))


def _refuse_idle_bias(decays: "list[Decay]") -> None:
    """A forget bias that sets nothing anywhere is a mistake."""
    if decays and decays[0].setting.forget_bias is not None and not any(d.gates for d in decays):
        names = ", ".join(str(d.system.model) for d in decays)
        raise InputError(f"--forget-bias: no gate with a bias keeps a state in {names}")


def _save_plot(path: Path, decays: "list[Decay]", force: bool) -> None:
    from rnnsym.export.files import write_files
    from rnnsym.export.plot import plot_decay

    content = plot_decay(decays, path.suffix[1:].lower())
    for written in write_files(path.parent, [(path.name, content)], force=force):
        # On the other stream: JSON and LaTeX on the first one stay whole.
        print(f"{written.status}: {written.path}", file=sys.stderr)


@click.command()
@several_models
@format_option("text", "latex", "markdown", "json")
@ascii_option
def compare(format_name: str, ascii_only: bool, **chosen: Any) -> None:
    """Set two or more models side by side: equations, counts and their ratios, paths, guidance."""
    systems = systems_of(**chosen)
    if len(systems) < 2:
        raise InputError(f"compare takes two models or more, not '{systems[0].model}' alone")
    if format_name == "json":
        from rnnsym.export.compare_json import compare_json

        say(json_text(compare_json(systems)))
    else:
        from rnnsym.sheet.compare import compare_document

        print_document(compare_document(systems), format_name, ascii_only)


@click.command()
@several_models
@format_option("text", "latex", "markdown", "json")
@ascii_option
def diff(format_name: str, ascii_only: bool, **chosen: Any) -> None:
    """Show two derivations side by side, the lines that differ marked.

    Lines are matched by name and compared in normal form. The exit code is 0 whether they differ
    or not.
    """
    systems = systems_of(**chosen)
    if len(systems) != 2:
        raise InputError(f"diff takes two models, not {len(systems)}")
    from rnnsym.derive import derive

    left, right = (derive(system) for system in systems)
    if format_name == "json":
        from rnnsym.export.diff_json import diff_json

        say(json_text(diff_json(left, right)))
    else:
        from rnnsym.sheet.diff import diff_document

        print_document(diff_document(left, right), format_name, ascii_only)


COMMANDS = (flow, compare, diff)
