"""``rnnsym derive`` and ``rnnsym explain``."""

from typing import Any

import click

from rnnsym.cli.options import (
    ascii_option,
    build,
    format_option,
    json_text,
    model_options,
    print_document,
    say,
)

__all__ = ["COMMANDS"]


@click.command()
@model_options
@click.option("--wrt", default=None, metavar="NAME", help="One gradient only, e.g. U_f.")
@click.option(
    "--unroll",
    type=click.IntRange(1, 6),
    default=None,
    metavar="STEPS",
    help="Also the sum over state-to-state paths.",
)
@click.option(
    "--truncate",
    type=click.IntRange(1),
    default=None,
    metavar="K",
    help="Detach states every K steps.",
)
@click.option("--no-check", is_flag=True, help="Skip the numeric check.")
@format_option("text", "latex", "markdown", "json")
@ascii_option
def derive(
    text: str,
    *,
    wrt: str | None,
    unroll: int | None,
    truncate: int | None,
    no_check: bool,
    format_name: str,
    ascii_only: bool,
    **chosen: Any,
) -> int:
    """Derive all gradients of MODEL at matrix level, and check them."""
    network = build(text, **chosen)
    wanted = None if wrt is None else network.gradient(wrt, truncate)
    report = None if no_check else network.check(truncate=truncate)
    if format_name == "json":
        from rnnsym.export.derivation_json import derivation_json

        say(json_text(derivation_json(network.derive(truncate), report, wanted)))
    else:
        document = network.document(wrt, truncate=truncate, unroll=unroll, report=report)
        print_document(document, format_name, ascii_only)
    return 0 if report is None or report.passed else 1


@click.command()
@model_options
@click.argument("step", metavar="STEP")
@click.option(
    "--truncate",
    type=click.IntRange(1),
    default=None,
    metavar="K",
    help="Detach states every K steps.",
)
@format_option("text", "latex", "markdown")
@ascii_option
def explain(
    text: str, step: str, truncate: int | None, format_name: str, ascii_only: bool, **chosen: Any
) -> None:
    """Say why each term stands in the line STEP, e.g. delta_c or dU_f."""
    print_document(build(text, **chosen).explain(step, truncate), format_name, ascii_only)


COMMANDS = (derive, explain)
