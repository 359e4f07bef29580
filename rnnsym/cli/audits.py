"""``rnnsym audit``."""

from typing import Any

import click

from rnnsym.cli.options import (
    ascii_option,
    build,
    format_option,
    json_text,
    model_options,
    plain_terminal,
    say,
)
from rnnsym.errors import InputError

__all__ = ["COMMANDS"]

LARGEST_FILE = 100_000


@click.command()
@model_options
@click.argument("formula", required=False)
@click.option(
    "--wrt",
    default=None,
    metavar="NAME",
    help="What FORMULA is the gradient of (U_f, x, h_0, f), an adjoint (delta_c), or params.",
)
@click.option("--file", "path", type=click.Path(), default=None, help="Read FORMULA from a file.")
@click.option(
    "--alias", "aliases", multiple=True, metavar="NEW=OLD", help="Another name for a symbol."
)
@format_option("text", "json")
@ascii_option
def audit(
    formula: str | None,
    wrt: str | None,
    path: str | None,
    aliases: tuple[str, ...],
    format_name: str,
    ascii_only: bool,
    **chosen: Any,
) -> int:
    """Judge a FORMULA derived by hand: equal, transposed, shape, different or undecided.

    With a left-hand side, as in "c[t] = f * c[t-1] + i * g", a forward equation is judged too.
    """
    from rnnsym.audit import audit as judge

    text = _formula(formula, path)
    verdict = judge(build(**chosen).derive(), wrt, text, _aliases(aliases))
    if format_name == "json":
        say(json_text(verdict.to_json()))
    else:
        say("\n".join(verdict.lines(ascii_only=ascii_only or plain_terminal())))
    return verdict.exit_code


def _formula(formula: str | None, path: str | None) -> str:
    if (formula is None) == (path is None):
        raise InputError("audit takes one formula: as FORMULA, or with --file PATH")
    if path is None:
        return str(formula)
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read(LARGEST_FILE)
    except OSError as error:
        raise InputError(f"cannot read '{path}': {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"'{path}' is no text in UTF-8") from None
    return text.strip()


def _aliases(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in given:
        new, sign, old = (part.strip() for part in item.partition("="))
        if not sign or not new or not old:
            raise InputError(f"--alias takes NEW=OLD such as Wf=W_f, not '{item}'")
        if new in found:
            raise InputError(f"--alias gives '{new}' twice")
        found[new] = old
    return found


COMMANDS = (audit,)
