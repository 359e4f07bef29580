"""Trees of which there is one each: equal ones are one object."""

from threading import Lock
from typing import Any, Self, cast
from weakref import WeakValueDictionary

from rnnsym.expr._sympy import Basic

__all__ = ["Interned"]

KNOWN: WeakValueDictionary[tuple[Any, ...], "Interned"] = WeakValueDictionary()
MAKING = Lock()


class Interned(Basic):
    """A tree that is made once while anybody holds it, so that to compare is to look at one name.

    Tables are keyed by trees everywhere; SymPy alone would walk two equal trees at each look-up.
    """

    def __new__(cls, *args: Any) -> Self:
        """Return the tree of these arguments: the one that there is, if there is one."""
        key = (cls, args)
        known = KNOWN.get(key)
        if known is None:
            with MAKING:
                known = KNOWN.setdefault(key, super().__new__(cls, *args))
        return cast("Self", known)

    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__
