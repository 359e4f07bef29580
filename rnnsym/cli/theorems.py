"""``rnnsym prove``."""

import math

import click

from rnnsym.cli.options import ascii_option, format_option, json_text, plain_terminal, say

__all__ = ["COMMANDS"]


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the random numbers."
)
@format_option("text", "json")
@ascii_option
def prove(names: tuple[str, ...], seed: int, format_name: str, ascii_only: bool) -> int:
    """Prove identities between cells and published formulas: all of them, or those named."""
    from rnnsym.theorems import THEOREMS, theorem

    outcomes = [theorem(name).prove(seed) for name in dict.fromkeys(names or THEOREMS)]
    proved = all(outcome.proved for outcome in outcomes)
    if format_name == "json":
        found = [
            {
                "name": o.theorem.name,
                "statement": o.theorem.statement,
                "source": o.theorem.source,
                "how": o.theorem.claim.how,
                "residual": o.residual if math.isfinite(o.residual) else None,
                "proved": o.proved,
            }
            for o in outcomes
        ]
        say(json_text({"schema": 1, "proved": proved, "seed": seed, "theorems": found}))
        return 0 if proved else 1
    from rnnsym.export.text import ASCII, TEXT

    words = (ASCII if ascii_only or plain_terminal() else TEXT).words
    for o in outcomes:
        verdict = "proved" if o.proved else "FAILED"
        line = f"{o.theorem.name:17} {o.residual:8.1e}  {verdict}  {o.theorem.statement}"
        say(words(line))
    return 0 if proved else 1


COMMANDS = (prove,)
