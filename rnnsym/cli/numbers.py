"""``rnnsym cells``, ``rnnsym params`` and ``rnnsym check``."""

from typing import TYPE_CHECKING, Any

import click

from rnnsym.cli.options import (
    ALL,
    ChoiceOf,
    ascii_option,
    build,
    format_option,
    json_text,
    model_options,
    model_options_in_all,
    print_document,
    say,
    say_unused,
)
from rnnsym.convention import TEXTBOOK, convention_names

if TYPE_CHECKING:
    from rnnsym.numeric.check import CheckReport

__all__ = ["COMMANDS"]

SHAPES = ("{}", "{}*2", "bi({})", "bi({})*2")


@click.command()
@click.option(
    "--convention",
    type=ChoiceOf("convention", convention_names(), {}),
    default="textbook",
    show_default=True,
    help="Whose cells.",
)
@format_option("text", "latex", "markdown", "json")
@ascii_option
def cells(convention: str, format_name: str, ascii_only: bool) -> None:
    """List the cells with their states, sizes and parameter counts."""
    from rnnsym.sheet.cells import cell_list, cells_json

    if format_name == "json":
        say(json_text(cells_json(convention)))
    else:
        print_document(cell_list(convention), format_name, ascii_only)


@click.command()
@model_options_in_all
@format_option("text", "latex", "markdown", "json")
@ascii_option
def params(text: str, format_name: str, ascii_only: bool, **chosen: Any) -> None:
    """Count the parameters of MODEL: formula, tally per gate, numbers.

    With --convention all: a table of what each convention makes of MODEL, variants included, such
    as Keras's GRU with reset_after=False or ONNX's with linear_before_reset=1.
    """
    if chosen["convention"] == ALL:
        _params_in_all(text, format_name, ascii_only, chosen)
        return
    from rnnsym.sheet.counts import count_document

    network = build(text, **chosen)
    if format_name == "json":
        say(json_text(network.count().to_json()))
    else:
        print_document(count_document(network.system, network.count()), format_name, ascii_only)


def _params_in_all(text: str, format_name: str, ascii_only: bool, chosen: Any) -> None:
    from rnnsym.sheet.conventions import conventions_document, conventions_json, forms

    found = [
        (name, None if form is None else build(form, **(chosen | {"convention": name})).system)
        for name, form in forms(text)
    ]
    if all(system is None for _, system in found):
        build(text, **(chosen | {"convention": TEXTBOOK}))  # says what there is instead
    if format_name == "json":
        say(json_text(conventions_json(text, found)))
    else:
        print_document(conventions_document(text, found), format_name, ascii_only)


@click.command()
@model_options
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the random numbers."
)
@click.option(
    "--truncate", type=click.IntRange(1), default=None, metavar="K", help="Check truncated BPTT."
)
@format_option("text", "json")
@ascii_option
def check(
    seed: int, truncate: int | None, format_name: str, ascii_only: bool, text: str, **chosen: Any
) -> int:
    """Check every derived gradient of MODEL, or of all shipped cells, against the complex step."""
    texts = _all_models(chosen["convention"]) if text == "all" else [text]
    passed = True
    results: list[dict[str, Any]] = []
    for model_text in texts:
        report = build(model_text, **chosen).check(seed, truncate)
        passed = passed and report.passed
        if format_name == "json":
            from rnnsym.export.derivation_json import check_json

            results.append(check_json(report))
        elif text == "all":
            say(_row(report, ascii_only))
        else:
            print_document(_document(report), "text", ascii_only)
    if format_name == "json":
        say(json_text(results[0] if text != "all" else _together(results, passed)))
    elif text == "all":
        verdict = "all passed" if passed else "FAILED"
        say(f"{len(texts)} models: {verdict}")
    say_unused(chosen["sizes"], "a check draws small sizes, all different, that hide no transpose")
    return 0 if passed else 1


def _all_models(convention: str) -> list[str]:
    from rnnsym.cell import cell_names

    return [shape.format(name) for name in cell_names(convention) for shape in SHAPES]


def _together(results: list[dict[str, Any]], passed: bool) -> dict[str, Any]:
    errors = [r["max_relative_error"] for r in results]
    worst = None if None in errors else max(errors)
    return {"passed": passed, "max_relative_error": worst, "models": results}


def _row(report: "CheckReport", ascii_only: bool) -> str:
    verdict = "ok" if report.passed else "FAILED"
    del ascii_only
    return f"{report.model:28}  {report.max_relative_error:8.1e}  {verdict}"


def _document(report: "CheckReport") -> Any:
    from rnnsym.sheet.checks import check_document

    return check_document(report)


COMMANDS = (cells, params, check)
