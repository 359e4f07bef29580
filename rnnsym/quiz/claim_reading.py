"""How what is printed of a bank is to be read: its convention, its sizes, what its symbols mean."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rnnsym.blocks import Prose, prose
from rnnsym.convention import TEXTBOOK, read_convention
from rnnsym.expr import size
from rnnsym.quiz.claim_bank import Category, Claim, Entry, Essay, Section
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.likeness import printed

__all__ = ["lines"]

ANYWHERE = frozenset({"h", "c", "x", "f", "i", "o", "a", "t", "T", "tanh", "sigmoid"})
"""What is called so in every convention, and means the same."""


def lines(
    section: Section, entries: Sequence[Entry], shown: str, expected: Sequence[str] = ()
) -> Iterator[Prose]:
    """Yield how what is printed is to be read, where it rests on a convention or a setting.

    Args:
        section: where it stands.
        entries: what is asked about, the first of them first.
        shown: the stem and the options as they are printed.
        expected: what is not printed, but an answer says it.
    """
    said = tuple(_said(entries, shown))
    if isinstance(entries[0], Essay):
        yield from _essay_lines(section, entries[0], said, expected)
    elif _is_needed(section, said):
        yield _convention_line(section, said)


def _convention_line(section: Section, said: Sequence[str]) -> Prose:
    """Return how statements are read that name no other convention, and what each δ in them is."""
    title = read_convention(section.convention).title
    biases = " and one bias vector for each affine map" if section.convention == TEXTBOOK else ""
    setting = (" ", *read_prose(section.setting)) if section.setting else ()
    return prose(
        f"Convention: {title}, with ", size("d"), " inputs, ", size("n"),
        f" hidden units{biases}, unless a statement says otherwise.", *setting, *_meant(said),
    )  # fmt: skip


def _meant(said: Sequence[str]) -> Prose:
    """Return of what each δ is the gradient."""
    names = sorted(dict.fromkeys(re.findall(r"delta\((\w+)\[", " ".join(said))))
    meanings = (f" {{delta({x}[t])}} is the gradient with respect to {{{x}[t]}}." for x in names)
    return read_prose("".join(meanings))


def _essay_lines(
    section: Section, essay: Essay, shown: Sequence[str], expected: Sequence[str]
) -> Iterator[Prose]:
    """Yield what an essay rests on: sizes and biases where an answer needs them, and symbols."""
    if essay.setting:
        yield read_prose(essay.setting)
        return
    needed: list[Prose] = []
    if {"d", "n"} & _names((*shown, *expected)):
        needed.append((size("d"), " inputs and ", size("n"), " hidden units"))
    if section.convention == TEXTBOOK and any("parameter" in text for text in shown):
        needed.append(("one bias vector for each affine map",))
    if needed:
        title = read_convention(section.convention).title
        yield prose(f"Convention: {title}", *(p for part in needed for p in (", ", *part)), ".")
    if _names(shown) & _names((section.setting,)):
        yield read_prose(section.setting)


def _names(texts: Iterable[str]) -> set[str]:
    """Return the names in the formulas of some texts."""
    formulas = re.findall(r"\{(.*?)\}", " ".join(texts))
    return {name for formula in formulas for name in re.findall(r"[^\W\d_]\w*", formula)}


def _is_needed(section: Section, texts: Sequence[str]) -> bool:
    """Tell whether counts stand in what is said, or symbols of a convention or of the setting."""
    counts = any(word in text for text in texts for word in ("parameter", "affine"))
    return counts or not _names(texts) <= (frozenset() if section.setting else ANYWHERE)


def _said(entries: Iterable[Entry], shown: str) -> Iterator[str]:
    """Yield what is printed of the wordings and reasons of entries."""
    for entry in entries:
        if isinstance(entry, Claim | Category | Essay):
            reasons = (
                (entry.why, *(r.text for r in entry.reasons)) if isinstance(entry, Claim) else ()
            )
            yield from (t for t in (*entry.texts, *reasons) if printed(read_prose(t)) in shown)
