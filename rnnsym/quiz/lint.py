"""Lint: many seeds of a kind, each item looked at again, and their keys searched for cues."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from itertools import islice
from typing import Any

from rnnsym.errors import RnnsymError
from rnnsym.item import LETTERS, Choice, Item
from rnnsym.quiz import guard
from rnnsym.quiz.drawing import attempts, guarded, turns
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.pool import side_by_side
from rnnsym.quiz.registry import Kind, Parameters, load_kind
from rnnsym.quiz.responses import answer_text, asked, key_blocks
from rnnsym.quiz.selection import meaning
from rnnsym.record import record

__all__ = ["Finding", "KindReport", "lint_kind", "lint_kinds"]

mpmath: Any = import_module("mpmath")  # it has no types

CHANCE = 1e-9
"""How unlikely a distribution of key letters is before it counts as a cue."""
LENGTH = 0.25
"""How far above chance the key may be the longest option, or the shortest."""
FEWEST = 100
"""Items with so many options from which on cues are looked for."""


@record
class Finding:
    """What is wrong, and where: a seed and an item, or none where the kind as a whole is."""

    seed: int | None
    item: str
    reason: str


@dataclass
class KindReport:
    """What was found about one kind.

    Attributes:
        items: how many were made.
        draws: how many it took, refused ones included.
        distinct: how many differ by meaning.
        letters: how often each letter was the key, by number of options.
        longest: how often the key was the only longest option, by number of options.
        shortest: the same of the only shortest.
    """

    kind: str
    items: int = 0
    draws: int = 0
    distinct: int = 0
    letters: dict[int, dict[str, int]] = field(default_factory=dict[int, dict[str, int]])
    longest: dict[int, int] = field(default_factory=dict[int, int])
    shortest: dict[int, int] = field(default_factory=dict[int, int])
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def accepted(self) -> float:
        """The share of draws that gave an item."""
        return self.items / self.draws if self.draws else 0.0


def lint_kinds(kinds: Iterable[Kind], seeds: range, jobs: int = 1) -> Iterator[KindReport]:
    """Yield the report of each kind in their order, with ``jobs`` of them at work side by side."""
    names = [kind.file or kind.name for kind in kinds]
    yield from side_by_side(partial(_lint_named, seeds=seeds), names, min(jobs, len(names)))


def _lint_named(name: str, seeds: range) -> KindReport:
    """Lint a kind that is loaded here: its functions do not travel between processes."""
    return lint_kind(load_kind(name), seeds)


def lint_kind(kind: Kind, seeds: range) -> KindReport:
    """Make an item of ``kind`` for each seed and look for what is wrong with it."""
    report = KindReport(kind.name)
    meanings: set[object] = set()
    try:
        with guarded(kind, "its subjects"):
            known = {subject: kind.variants(subject) for subject in kind.subjects(())}
        for seed in seeds:
            item = _drawn(kind, known, seed, report)
            if item is None:
                continue
            report.items += 1
            meanings.add(meaning(item))
            report.findings += (Finding(seed, item.id, reason) for reason in _wrong(kind, item))
            _note_cues(report, item)
    except RnnsymError as error:
        report.findings.append(Finding(None, "", str(error)))
    report.distinct = len(meanings)
    report.findings += (Finding(None, "", reason) for reason in _cues(report))
    return report


def _drawn(
    kind: Kind, known: Mapping[Parameters, int], seed: int, report: KindReport
) -> Item | None:
    reason = "it has no subjects"
    for _, subject, draw in islice(turns(kind, known, seed), 1):
        for outcome in attempts(kind, subject, draw):
            report.draws += 1
            if isinstance(outcome, Item):
                return outcome
            reason = outcome
    report.findings.append(Finding(seed, "", f"no draw gives a fair item; the last one: {reason}"))
    return None


def _wrong(kind: Kind, item: Item) -> Iterator[str]:
    """Yield what is wrong with an item that was let pass."""
    yield from guard.check(item)
    with guarded(kind, item.id):
        again = kind.make(item.parameters)
    if again != item:
        yield "the same parameters give another item"
    if not item.proof.method or not item.proof.error:
        yield "it carries no proof"
    for what, given, (low, high) in (("level", item.level, kind.level),
                                     ("marks", item.marks, kind.marks)):  # fmt: skip
        if not low <= given <= high:
            yield f"its {what} is {given}, not {low} to {high}"
    if item.minutes < 1 or (item.kind, item.topic) != (kind.name, kind.topic):
        yield f"it says {item.kind}, {item.topic}, {item.minutes} minutes"
    for part in item.parts:
        if not part.stem and not item.stem:
            yield "a part asks nothing"
        if not answer_text(item) or not [*asked(part.response), *key_blocks(part)]:
            yield "a part prints nothing"
        if not part.solution:
            yield "a part has no worked solution"


# Cues


def _note_cues(report: KindReport, item: Item) -> None:
    for part in item.parts:
        response = part.response
        if not isinstance(response, Choice) or response.several:
            continue
        size = len(response.options)
        letters = report.letters.setdefault(size, dict.fromkeys(LETTERS[:size], 0))
        letters[response.key] += 1
        key = next(len(printed(o.content)) for o in response.options if o.correct)
        others = [len(printed(o.content)) for o in response.options if not o.correct]
        report.longest[size] = report.longest.get(size, 0) + (key > max(others))
        report.shortest[size] = report.shortest.get(size, 0) + (key < min(others))


def _cues(report: KindReport) -> Iterator[str]:
    """Yield by what the key could be guessed."""
    for size, letters in report.letters.items():
        total = sum(letters.values())
        if total < FEWEST:
            continue
        if _likelihood(letters) < CHANCE:
            spread = ", ".join(f"{k} {v}" for k, v in sorted(letters.items()))
            yield f"the key's place among {size} options is a cue: {spread}"
        for what, counts in (("longest", report.longest), ("shortest", report.shortest)):
            if counts[size] / total > 1 / size + LENGTH:
                yield f"the key is the {what} of {size} options in {counts[size]} of {total} items"


def _likelihood(letters: Mapping[str, int]) -> float:
    """Return how likely letters are at least as uneven by chance: the χ² test."""
    expected = sum(letters.values()) / len(letters)
    statistic = sum((count - expected) ** 2 / expected for count in letters.values())
    return float(mpmath.gammainc((len(letters) - 1) / 2, statistic / 2, regularized=True))
