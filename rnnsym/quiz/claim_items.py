"""What questions about claims share: their subjects, options, proofs, and a bank of one's own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from rnnsym.blocks import Paragraph, Prose, prose
from rnnsym.convention import TEXTBOOK, convention_names, read_convention
from rnnsym.errors import InputError
from rnnsym.item import Choice, Item, Mark, Option, Part, Proof, Response
from rnnsym.quiz.claim_bank import Claim, Entry, Section, load
from rnnsym.quiz.claim_checks import holds
from rnnsym.quiz.claim_reading import lines
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.record import record

__all__ = [
    "DENIED", "Asked", "FromBank", "Shown", "asked_text", "banked", "best_of", "claim_of",
    "claim_option", "claims_apart", "concept_item", "draw_text", "entry_of", "known_entries",
    "option_choice", "proof_of", "shown_claim", "source_line", "variants", "with_text",
]  # fmt: skip

Shown: TypeAlias = tuple[Claim, int]
"""A claim, and which of its wordings."""
DENIED = "a true statement taken for a false one"
TRIES = 16
"""So many sets of options are looked at for one whose lengths give no cue."""
CUE = 1.15


@dataclass(frozen=True)
class FromBank:
    """The subjects of a kind: entries of a bank.

    Attributes:
        entries: those of a section that the kind can ask about.
        bank: the path of a bank, "" for the shipped one.
    """

    entries: Callable[[Section], Iterable[Entry]]
    bank: str = ""

    def __call__(self, cells: Sequence[str]) -> Sequence[Parameters]:
        """Return the subjects, about these cells if any are named."""
        bank = (("bank", self.bank),) if self.bank else ()
        return [
            (*bank, ("entry", entry.id))
            for section in load(self.bank)
            for entry in self.entries(section)
            if not cells or set(cells) & set(entry.cells)
        ]


def banked(kind: Kind, path: str) -> Kind:
    """Return a kind that draws from a bank of one's own; other kinds are returned as they are."""
    if not isinstance(kind.subjects, FromBank):
        return kind
    return replace(kind, subjects=replace(kind.subjects, bank=path))


@lru_cache(maxsize=64)
def known_entries(bank: str) -> dict[str, tuple[Section, Entry]]:
    """Return the entries of a bank by id, with their sections."""
    return {entry.id: (section, entry) for section in load(bank) for entry in section.entries}


def entry_of(parameters: Parameters) -> tuple[Section, Entry]:
    """Return what is asked about, and the section it stands in.

    Raises:
        InputError: the bank has no such entry any more.
    """
    values = dict(parameters)
    bank, name = values.get("bank", ""), values["entry"]
    if name not in known_entries(bank):
        raise InputError(f"{bank or 'the claim bank'} has no entry '{name}'")
    return known_entries(bank)[name]


def claim_of(parameters: Parameters) -> tuple[Section, Claim]:
    """Return the claim that is asked about."""
    section, entry = entry_of(parameters)
    if not isinstance(entry, Claim):
        raise InputError(f"'{entry.id}' is no claim")
    return section, entry


def variants(subject: Parameters) -> int:
    """Return how many wordings there are."""
    return len(entry_of(subject)[1].texts)


def draw_text(subject: Parameters, draw: Draw) -> Parameters:
    """Draw a wording."""
    _, entry = entry_of(subject)
    return (*subject, ("text", str(draw.integer("text", 0, len(entry.texts) - 1))))


def asked_text(parameters: Parameters) -> Prose:
    """Return the wording that was drawn."""
    return read_prose(entry_of(parameters)[1].texts[int(dict(parameters)["text"])])


def shown_claim(parameters: Parameters) -> Shown:
    """Return the claim that is asked about, and the wording that was drawn."""
    return claim_of(parameters)[1], int(dict(parameters)["text"])


# Options


def with_text(claim: Claim, draw: Draw) -> Shown:
    """Return a claim in a wording that is drawn."""
    return claim, draw.integer(f"text {claim.id}", 0, len(claim.texts) - 1)


def claim_option(shown: Shown, *, correct: bool) -> Option:
    """Return a claim as an option."""
    claim, text = shown
    name = "" if correct else claim.misconception or DENIED
    return Option(read_prose(claim.texts[text]), name, read_prose(claim.why))


def claims_apart(claims: Iterable[Claim], taken: Iterable[Claim], number: int) -> list[Claim]:
    """Return the first claims that are about different things, and about none of ``taken``."""
    found: list[Claim] = []
    about = {claim.about for claim in taken}
    for claim in claims:
        if claim.about not in about and len(found) < number:
            found.append(claim)
            about.add(claim.about)
    return found


def best_of(draw: Draw, drawn: Callable[[Draw], Sequence[Shown]]) -> Sequence[Shown]:
    """Return what is drawn first whose key, its first, stands out little by its length.

    Where none of some draws is so, it is the one whose key stands out least.
    """
    found: list[tuple[float, int, Sequence[Shown]]] = []
    for place in range(TRIES):
        shown = drawn(replace(draw, attempt=place))
        found.append((_length_cue(shown), place, shown))
        if found[-1][0] <= CUE:
            break
    return min(found, key=lambda one: one[:2])[2]


def _length_cue(shown: Sequence[Shown]) -> float:
    key, *others = (len(printed(read_prose(claim.texts[text]))) for claim, text in shown)
    return max(1.0, key / max(others), min(others) / key)


def option_choice(options: Sequence[Option], draw: Draw, *, several: bool = False) -> Choice:
    """Return options in an order drawn by what they say."""
    ranked = draw.ranked("order", options, lambda option: printed(option.content))
    return Choice(tuple(ranked), several)


# Items


def proof_of(claims: Sequence[Claim]) -> Proof:
    """Compute what can be computed of the claims.

    Raises:
        InputError: a check computes that a claim is not what its bank says.
    """
    computed = [claim for claim in claims if claim.check]
    for claim in computed:
        if holds(claim.check) != claim.true:
            said = str(claim.true).lower()
            raise InputError(f"the claim '{claim.id}' is said to be {said}, but its check differs")
    if not computed:
        return Proof("as the source states it", "exact")
    number = "" if len(computed) == len(claims) else f"{len(computed)} of {len(claims)} "
    return Proof(f"{number}computed from the equations, the rest as sources state it"
                 if number else "computed from the equations", "exact")  # fmt: skip


def source_line(entries: Iterable[Entry]) -> Paragraph:
    """Return where the statements come from."""
    sources = dict.fromkeys(source for e in entries for source in e.source.split("; "))
    return Paragraph(prose(f"Source: {'; '.join(sources)}."))


@record
class Asked:
    """What an item asks: the paragraphs of its stem, the response with its key, its marks.

    ``expected`` holds what is not printed, but an answer says it, symbols included.
    """

    stem: tuple[Prose, ...]
    response: Response
    proof: Proof
    marks: int = 1
    given_for: str = ""
    minutes: int = 1
    level: int | None = None
    expected: tuple[str, ...] = ()


def concept_item(kind: str, parameters: Parameters, entries: Sequence[Entry], asked: Asked) -> Item:
    """Return an item about entries of one section, the first of them the one asked about."""
    section, first = entry_of(parameters)
    scheme = (Mark(asked.marks, "B", prose(asked.given_for)),) if asked.given_for else ()
    options = asked.response.options if isinstance(asked.response, Choice) else ()
    shown = "\n".join(map(printed, (*asked.stem, *(option.content for option in options))))
    read_in = tuple(lines(section, entries, shown, asked.expected))
    part = Part((), asked.response, asked.marks, (source_line(entries),), scheme)
    return Item(
        id=identifier(kind, parameters),
        kind=kind,
        topic="concepts",
        level=first.level if asked.level is None else asked.level,
        minutes=asked.minutes,
        convention=section.convention,
        parameters=parameters,
        stem=tuple(Paragraph(text) for text in (*asked.stem, *read_in)),
        parts=(part,),
        proof=asked.proof,
        tags=(section.name, *first.cells, *_conventions_named((shown, *map(printed, read_in)))),
        asks=tuple(e.about if isinstance(e, Claim) else e.id for e in entries),
    )


def _conventions_named(texts: Iterable[str]) -> Iterator[str]:
    """Yield the conventions, but that of the textbook, whose names are printed."""
    shown = "\n".join(texts)
    for name in convention_names():
        if name != TEXTBOOK and read_convention(name).title.split()[0] in shown:
            yield name
