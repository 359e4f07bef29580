"""Records behave as the dataclasses they replace: values, equal, hashed and copied."""

import copy
import pickle
from dataclasses import dataclass, field, fields, replace

from rnnsym.record import record


@record
class Point:
    x: int
    y: tuple[int, ...] = ()


@record
class Other:
    x: int
    y: tuple[int, ...] = ()


@record
class Nothing:
    pass


@record
class Own:
    x: int
    made: dict[str, int] = field(default_factory=dict[str, int])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and abs(self.x) == abs(other.x)

    def __hash__(self) -> int:
        return abs(self.x)

    def __repr__(self) -> str:
        return "own"


@dataclass(frozen=True, slots=True)
class Standard:
    x: int
    y: tuple[int, ...] = ()


def test_values_are_equal_within_a_class() -> None:
    others: list[object] = [Point(1, (3,)), Other(1, (2,)), Nothing(), (1, (2,))]
    assert Point(1, (2,)) == Point(1, (2,))
    assert Point(1, (2,)) not in others
    assert Nothing() in others
    assert len({Point(1), Point(1, ()), Nothing(), Nothing()}) == 2


def test_it_is_shown_as_a_dataclass_is() -> None:
    assert repr(Point(1, (2,))) == repr(Standard(1, (2,))).replace("Standard", "Point")
    assert repr(Nothing()) == "Nothing()"


def test_dataclasses_know_it() -> None:
    assert [f.name for f in fields(Point)] == ["x", "y"]
    assert replace(Point(1, (2,)), x=3) == Point(3, (2,))
    assert not hasattr(Point(1), "__dict__")


def test_what_a_class_defines_itself_stays() -> None:
    assert Own(1) == Own(-1)
    assert len({Own(1), Own(-1)}) == 1
    assert repr(Own(1)) == "own"


def test_it_is_copied_and_pickled() -> None:
    point = Point(1, (2,))
    assert copy.deepcopy(point) == point == pickle.loads(pickle.dumps(point))
