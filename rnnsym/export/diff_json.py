"""Two derivations line by line as JSON.

Schema 1: ``rnnsym``, ``schema``, ``models`` and ``conventions`` (two each), ``lines``
[{section, name, verdict, left, right}] and ``differing``, how many are not the same. ``verdict`` is
same, different, left or right (in one derivation only); a side is {target, formula, latex} or null.
"""

from typing import Any

from rnnsym.derivation import Derivation
from rnnsym.expr import latex, source
from rnnsym.sheet.diff import Side, diff_lines
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "diff_json"]

SCHEMA = 1


def diff_json(left: Derivation, right: Derivation) -> dict[str, Any]:
    """Return two derivations as plain data, matched line by line."""
    lines = diff_lines(left, right)
    return {
        "rnnsym": VERSION,
        "schema": SCHEMA,
        "models": [str(d.system.model) for d in (left, right)],
        "conventions": [d.system.model.convention for d in (left, right)],
        "lines": [
            {
                "section": line.section.lower(),
                "name": line.name,
                "verdict": line.verdict,
                "left": _side(line.left),
                "right": _side(line.right),
            }
            for line in lines
        ],
        "differing": sum(line.verdict != "same" for line in lines),
    }


def _side(side: Side | None) -> dict[str, str] | None:
    if side is None:
        return None
    lhs, rhs = side.printed
    return {"target": source(lhs), "formula": source(rhs), "latex": latex(rhs)}
