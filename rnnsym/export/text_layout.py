"""Text in columns: widths as a terminal shows them, lines wrapped, right-hand sides broken."""

import unicodedata

__all__ = ["WIDTH", "broken", "column_widths", "display_width", "pad", "wrapped"]

WIDTH = 80


def display_width(text: str) -> int:
    """Return how many columns a text takes: combining marks take none."""
    return sum(not unicodedata.combining(c) for c in text)


def pad(text: str, width: int) -> str:
    """Return ``text`` filled with blanks to ``width`` columns."""
    return text + " " * max(0, width - display_width(text))


def column_widths(rows: list[list[str]]) -> list[int]:
    """Return widths that fit the page: the widest column gives way to the others."""
    columns = list(zip(*rows, strict=True))
    widths = [max(display_width(cell) for cell in column) for column in columns]
    longest = [
        max(display_width(w) for cell in column for w in cell.split() or [""]) for column in columns
    ]
    while sum(widths) + 2 * len(widths) > WIDTH and widths != longest:
        slack = [w if w > least else 0 for w, least in zip(widths, longest, strict=True)]
        widths[slack.index(max(slack))] -= 1
    return widths


def wrapped(text: str, first: str, later: str, width: int = WIDTH) -> str:
    """Return ``text`` in lines of at most ``width`` columns, after the given indents."""
    rows: list[str] = []
    row = first
    empty = True
    for word in text.split(" "):
        if not empty and display_width(row) + 1 + display_width(word) > width:
            rows.append(row)
            row, empty = later, True
        row = row + word if empty else f"{row} {word}"
        empty = False
    return "\n".join([*rows, row])


def broken(rhs: str, start: str, room: int) -> list[str]:
    """Break a right-hand side before its signs: the outermost first, sums before products."""
    indent = " " * min(display_width(start) - 2, 24)
    rows: list[str] = []
    row, rest = start, rhs
    if display_width(start) > room // 2:
        rows, row = [start.rstrip()], indent
    while display_width(row + rest) > room:
        cut = _cut(rest, room - display_width(row))
        if cut is None:
            break
        rows.append(row + rest[:cut])
        row, rest = indent, rest[cut:].lstrip()
    return [*rows, row + rest]


_SIGNS = (
    (" = ", -1),
    (" ≈ ", -1),
    (" + ", 0),
    (" − ", 0),
    (" - ", 0),
    (" ⊙ ", 1),
    (" * ", 1),
    (" @ ", 2),
    (" ", 3),
)
_STRANDED = tuple(sign.rstrip() for sign, _ in _SIGNS)


def _cut(text: str, room: int) -> int | None:
    """Return where to break so that the first part fits; where none fits, the first place."""
    places: list[tuple[int, int, int]] = []
    depth = 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        kind = next((k for sign, k in _SIGNS if text.startswith(sign, i)), None)
        if kind is not None and i > 0 and not _after_sign(text, i):
            places.append((depth, kind, i))
    fitting = [p for p in places if display_width(text[: p[2]]) <= room]
    if fitting:
        depth, kind, _ = min(fitting)
        return max(i for d, k, i in fitting if (d, k) == (depth, kind))
    return min((i for _, _, i in places), default=None)


def _after_sign(text: str, i: int) -> bool:
    """Tell whether the blank at ``i`` follows a sign, which a break would strand."""
    return text[max(0, i - 2) : i] in _STRANDED or text[i - 1] in ",;"
