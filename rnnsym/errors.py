"""Errors for the person who can fix them, and the exit code that each stands for."""

from collections.abc import Iterable

__all__ = ["InputError", "RnnsymError", "ShapeError", "nearest", "one_of"]


FEW = 20


class RnnsymError(Exception):
    """Anything this program reports in one line instead of a traceback."""

    exit_code = 2


class InputError(RnnsymError):
    """What was asked for cannot be read or does not exist."""


class ShapeError(InputError):
    """Two shapes that must agree do not."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint naming the closest known name, or the only one that holds it, or nothing.

    >>> nearest("ltsm", ["gru", "lstm"])
    "; did you mean 'lstm'?"
    >>> nearest("transformer", ["gru", "lstm"])
    ''
    >>> nearest("flow", ["counts", "gradient-flow"])
    "; did you mean 'gradient-flow'?"
    """
    import difflib  # nobody waits for it who types a name right

    given, by_lower = name.lower(), {n.lower(): n for n in names}
    close = difflib.get_close_matches(given, list(by_lower), n=1, cutoff=0.55)
    if not close and len(given) > 2:
        holding = [n for n in by_lower if given in n]
        close = holding if len(holding) == 1 else []
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def one_of(kind: str, name: str, names: Iterable[str]) -> str:
    """Return ``name`` if it is one of ``names``.

    Raises:
        InputError: names what was given, the nearest right name, and all of them where they are
            few or none is near.
    """
    known = list(names)
    if name in known:
        return name
    hint = nearest(name, known)
    listed = "" if hint and len(known) > FEW else f" (known: {', '.join(known)})"
    raise InputError(f"unknown {kind} '{name}'{hint}{listed}")
