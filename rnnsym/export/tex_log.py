"""What TeX's log says of an error, told by the block and the formula that it came from."""

import re
from collections.abc import Sequence

__all__ = ["complaint"]

_ERROR = re.compile(r"^(?:\S*?\.tex:(\d+): |! )(.*)$", re.MULTILINE)
_LINE = re.compile(r"^l\.(\d+)", re.MULTILINE)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_TARGET = re.compile(r"\\hypertarget\{eq:([^}]*)\}")
BLOCK = "%% "
"""Begins the comments by which ``export.latex`` names its blocks."""
LONGEST = 120


def complaint(name: str, source: str, log: str) -> str:
    r"""Return TeX's first error with its line, and which block and formula stand there.

    >>> source = "%% block 2, paragraph\n\\foo"
    >>> complaint("gru", source, "./gru.tex:2: Undefined control sequence.\nl.2 \\foo")
    'TeX failed on gru.tex, line 2 (block 2, paragraph): Undefined control sequence: \\foo'
    """
    found = _ERROR.search(log)
    if found is None:
        last = log.strip().splitlines()[-1:] or ["no message"]
        return f"TeX failed on {name}.tex: {last[0]}"
    rest = log[found.end() :]
    at = _LINE.search(rest)
    number = int(found[1] or (at[1] if at else 0))
    before = source.splitlines()[:number]
    start = next((i for i in reversed(range(len(before))) if before[i].startswith(BLOCK)), None)
    if start is None:
        return f"TeX failed on {name}.tex, line {number}: {_said(found[2], before[-1:])}"
    row = _row(before[start + 1 :], rest[: at.end() if at else 0])
    where = before[start].removeprefix(BLOCK) + _equation(before[start + 1 + row :])
    text = before[start + 1 + row : start + 2 + row]
    return f"TeX failed on {name}.tex, line {number} ({where}): {_said(found[2], text)}"


def _said(error: str, text: Sequence[str]) -> str:
    shown = text[0].strip()[:LONGEST] if text else ""
    return f"{error.rstrip('. ')}: {shown}" if shown else error


def _row(lines: Sequence[str], context: str) -> int:
    """Return which line of a block the error is in.

    An alignment is read as a whole: TeX names its last line, and the command before the break.
    """
    broken = next((x for x in context.splitlines() if _COMMAND.search(x)), "")
    culprits = _COMMAND.findall(broken)
    places = [i for i, line in enumerate(lines) if culprits and culprits[-1] in line]
    return places[0] if places else len(lines) - 1


def _equation(lines: Sequence[str]) -> str:
    """Return the number of the first equation in or after a line."""
    found = _TARGET.search("\n".join(lines))
    return f", equation ({found[1]})" if found else ""
