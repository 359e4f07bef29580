"""Local rules as questions quote them: in letters that no array of the question has."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.blocks import Prose, Written, prose
from rnnsym.equations import System
from rnnsym.expr import arrays_in
from rnnsym.item import Mark

__all__ = ["BARS", "barred", "explained", "in_free_letters"]

BARS = " (a bar is short for ∂L/∂)"
LETTER = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])")
MACRON = "\u0304"
SPARE = {"f": "FGH", "A": "MBC"}
"""Letters in place of that of a function, or of a matrix; any other is a vector's."""
VECTORS = "rswzkmjq"


@lru_cache(maxsize=256)
def _taken(system: System) -> frozenset[str]:
    """Return the names of a system's arrays and sizes, as they are written and as they print."""
    arrays = {a for e in system.equations for side in (e.lhs, e.rhs) for a in arrays_in(side)}
    names = {name for a in arrays for name in (a.family.name, a.family.label)}
    return frozenset(names | set(system.size_names))


@lru_cache(maxsize=1024)
def _respelled(rule: Written, system: System) -> Written:
    text = unicodedata.normalize("NFD", rule.text)
    own, taken = dict.fromkeys(LETTER.findall(text)), _taken(system)
    used, found = taken | set(own), dict[str, str]()
    for letter in own:
        free = (s for s in SPARE.get(letter, VECTORS) if s not in used)
        found[letter] = next(free, letter) if letter in taken else letter
        used |= {found[letter]}
    changed = LETTER.sub(lambda match: found[match[0]], text)
    return Written(unicodedata.normalize("NFC", changed))


def in_free_letters(text: Prose, system: System) -> Prose:
    """Return a text whose rules have no letter that is an array of the system, or one of its sizes.

    >>> from rnnsym.system import build_system, read_model
    >>> indrnn = build_system(read_model("indrnn"))
    >>> in_free_letters((Written("y = u ⊙ v: ū = ȳ ⊙ v"),), indrnn)
    (Written(text='y = r ⊙ v: r̄ = ȳ ⊙ v'),)
    """
    return tuple(_respelled(p, system) if isinstance(p, Written) else p for p in text)


def _has_bars(text: Prose) -> bool:
    written = (p.text for p in text if isinstance(p, Written))
    return any(MACRON in unicodedata.normalize("NFD", one) for one in written)


def explained(text: Prose, system: System) -> Prose:
    """Return a sentence in free letters, with what its bars are short for, where it has any."""
    if not _has_bars(text):
        return in_free_letters(text, system)
    *said, stop = in_free_letters(text, system)
    return prose(*said, *((BARS, stop) if stop == "." else (stop, BARS)))


def barred(marks: Sequence[Mark], system: System) -> tuple[Mark, ...]:
    """Return the marks in free letters, the first that quotes a rule with what its bars mean."""
    quoting = [m for m in marks if any(isinstance(piece, Written) for piece in m.text)][:1]
    return tuple(
        replace(m, text=prose(*in_free_letters(m.text, system), *((BARS,) if m in quoting else ())))
        for m in marks
    )
