"""An Item: one question with its key, its options and their misconceptions, and its proof."""

from dataclasses import dataclass

from rnnsym.blocks import Block, Prose

__all__ = ["Item", "Option", "Proof"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose: the key, or what a named misconception gives.

    Attributes:
        content: what is printed.
        misconception: the name of the misconception, "" for the key.
        why: why it is wrong, or why it is right.
    """

    content: Prose
    misconception: str
    why: Prose

    @property
    def correct(self) -> bool:
        """Whether this is the key."""
        return not self.misconception


@dataclass(frozen=True, slots=True)
class Proof:
    """How the key was recomputed by a path that shares nothing with the one that made it.

    Attributes:
        method: what was done.
        error: the largest difference found, as a bound in text ("≤ 1e-12", "exact").
    """

    method: str
    error: str


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Attributes:
        id: derived from kind and parameters, so that it survives re-export.
        kind: which generator made it.
        parameters: what was drawn, by name; they and the kind give the item again.
        stem: the question, with convention, initial states and rounding rule where they matter.
        options: shuffled or sorted; exactly one is correct.
        solution: the worked solution.
        minutes: how long a student needs.
        level: 1 (recall) to 5 (proof).
    """

    id: str
    kind: str
    topic: str
    level: int
    marks: int
    minutes: int
    convention: str
    parameters: tuple[tuple[str, str], ...]
    stem: tuple[Block, ...]
    options: tuple[Option, ...]
    solution: tuple[Block, ...]
    proof: Proof

    @property
    def key(self) -> str:
        """The letter of the right option."""
        return "ABCDEFGH"[next(i for i, o in enumerate(self.options) if o.correct)]
