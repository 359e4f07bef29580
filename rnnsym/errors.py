"""Errors for the person who can fix them, and the exit code that each stands for."""

import difflib
from collections.abc import Iterable

__all__ = ["InputError", "RnnsymError", "ShapeError", "nearest", "one_of"]


class RnnsymError(Exception):
    """Anything this program reports in one line instead of a traceback."""

    exit_code = 2


class InputError(RnnsymError):
    """What was asked for cannot be read or does not exist."""


class ShapeError(InputError):
    """Two shapes that must agree do not."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint naming the closest known name, or nothing.

    >>> nearest("ltsm", ["gru", "lstm"])
    "; did you mean 'lstm'?"
    >>> nearest("transformer", ["gru", "lstm"])
    ''
    """
    by_lower = {n.lower(): n for n in names}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.55)
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def one_of(kind: str, name: str, names: Iterable[str]) -> str:
    """Return ``name`` if it is one of ``names``.

    Raises:
        InputError: names what was given, the nearest right name, and all of them.
    """
    known = list(names)
    if name in known:
        return name
    raise InputError(f"unknown {kind} '{name}'{nearest(name, known)} (known: {', '.join(known)})")
