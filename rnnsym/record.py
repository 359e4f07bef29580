"""Records: dataclasses with slots, equal by value, whose fields nothing sets again.

``dataclasses`` compiles six methods for each class, and did so for a seventh of the time in which a
sheet is made. Here it compiles ``__init__``; the others are one text for all classes, and that no
field is set is what the type checkers see to.
"""

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

__all__ = ["record"]

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class a record. What the class itself defines of ``==``, hash and repr stays.

    >>> @record
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(1, 0), len({Point(1), Point(1, 0)})
    (Point(x=1, y=0), True, 1)
    """
    made: Any = dataclass(slots=True, eq=False, repr=False)(cls)
    names = [f.name for f in fields(made)]
    values: Any = attrgetter(*names) if names else type

    def equal(self: object, other: object) -> bool:
        same = other.__class__ is self.__class__
        return values(self) == values(other) if same else NotImplemented

    def hashed(self: object) -> int:
        return hash(values(self))

    def shown(self: object) -> str:
        given = (f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({', '.join(given)})"

    for name, method in (("__eq__", equal), ("__hash__", hashed), ("__repr__", shown)):
        if name not in cls.__dict__:
            setattr(made, name, method)
    finished: type[T] = made
    return finished
