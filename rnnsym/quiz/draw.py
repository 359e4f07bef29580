"""Counter-based randomness: a choice depends on seed, question and name, and on nothing else."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TypeVar

from rnnsym.record import record

__all__ = ["Draw", "Unlike", "digest"]

T = TypeVar("T")


def digest(*parts: object, size: int = 8) -> bytes:
    """Return the hash of ``parts``, the same on every machine."""
    return blake2b(repr(parts).encode(), digest_size=size).digest()


@record
class Draw:
    """The choices of one question; ``attempt`` counts the draws that were not fair.

    >>> Draw(7, "count/0").integer("d", 1, 6) == Draw(7, "count/0").integer("d", 1, 6)
    True
    """

    seed: int
    question: str
    attempt: int = 0

    def _lots(self, name: str) -> Callable[[object], bytes]:
        """Return what draws a lot for an option: the digest of all that it depends on."""
        head = repr((self.seed, self.question, self.attempt, name))[:-1]
        return lambda option: blake2b(f"{head}, {option!r})".encode(), digest_size=8).digest()

    def integer(self, name: str, first: int, last: int) -> int:
        """Return a whole number from ``first`` to ``last``, both included."""
        drawn = int.from_bytes(digest(self.seed, self.question, self.attempt, name), "big")
        return first + drawn % (last - first + 1)

    def ranked(
        self, name: str, options: Iterable[T], label: Callable[[T], object] = str
    ) -> list[T]:
        """Return ``options`` shuffled by rendezvous: a new one moves none of the others.

        Args:
            name: what is drawn.
            options: from what.
            label: the text that stands for an option.
        """
        lot = self._lots(name)
        return sorted(options, key=lambda option: lot(label(option)))

    def choice(self, name: str, options: Sequence[T]) -> T:
        """Return one of ``options``; a new one changes only the choices that it wins."""
        lot = self._lots(name)
        return min(options, key=lambda option: lot(str(option)))

    def again(self) -> "Draw":
        """Return the next attempt at the same question."""
        return replace(self, attempt=self.attempt + 1)

    def first(self) -> "Draw":
        """Return the first attempt: its choices do not depend on what was refused."""
        return replace(self, attempt=0)


class Unlike:
    """Choices of one question, no two alike as long as there are others left.

    Who takes one number for another is to notice it. There are many to draw, from lists that hardly
    ever change: one lot decides, not one for each option.

    >>> one = Unlike(Draw(7, "count/0"))
    >>> sorted(one.choice(name, "abc") for name in ("first", "second", "third"))
    ['a', 'b', 'c']
    """

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.taken = set[object]()

    def choice(self, name: str, options: Sequence[T]) -> T:
        """Return one of ``options`` that was not chosen before, if there is one."""
        left = [o for o in options if o not in self.taken] or options
        found = left[self.draw.integer(name, 0, len(left) - 1)]
        self.taken.add(found)
        return found
