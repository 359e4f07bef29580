"""Questions that match what is said of a remedy with the remedy."""

from collections.abc import Callable, Sequence

from rnnsym.blocks import Paragraph, prose
from rnnsym.item import Item, Mark, Matching, Part, Proof
from rnnsym.quiz.derivation_remedies import REMEDIES, Remedy, holds
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["matching_kind"]

ASKED = 3
"""Prompts; the other remedies are answers that nothing needs."""


def matching_kind(
    name: str,
    question: str,
    said: Callable[[Remedy], Sequence[str]],
    why: Callable[[Remedy, str], str],
) -> Kind:
    """Return a kind that asks for the remedy that goes with each of some sentences.

    Args:
        name: of the kind.
        question: its stem.
        said: the wordings of the sentence about a remedy.
        why: what the solution says of a remedy and the sentence about it that was asked.
    """
    by_name = {remedy.name: remedy for remedy in REMEDIES}

    def draw(subject: Parameters, draw: Draw) -> Parameters:
        asked = draw.ranked("remedies", by_name)[:ASKED]
        wordings = [draw.choice(f"wording of {r}", range(len(said(by_name[r])))) for r in asked]
        return (
            *subject,
            ("remedies", "; ".join(asked)),
            ("wordings", " ".join(map(str, wordings))),
        )

    def make(parameters: Parameters) -> Item:
        values = dict(parameters)
        asked = [by_name[each] for each in values["remedies"].split("; ")]
        wordings = [int(each) for each in values["wordings"].split()]
        for remedy in asked:
            if not holds(remedy.name):
                raise Unfair(f"the numbers do not bear out {remedy.name}")
        prompts = [said(r)[wording] for r, wording in zip(asked, wordings, strict=True)]
        pairs = tuple(
            (prose(text.rstrip(".")), r.name) for text, r in zip(prompts, asked, strict=True)
        )
        reasons = (
            f"{_capital(r.name)}: {why(r, text)}" for text, r in zip(prompts, asked, strict=True)
        )
        extras = tuple(r.name for r in REMEDIES if r not in asked)
        shown = arranger(name, parameters).ranked("order", by_name)
        return Item(
            id=identifier(name, parameters),
            kind=name,
            topic="gradient-flow",
            level=2,
            minutes=3,
            convention="textbook",
            parameters=parameters,
            stem=(Paragraph(prose(question)),),
            parts=(
                Part(
                    (),
                    Matching(pairs, extras, tuple(shown)),
                    ASKED,
                    tuple(Paragraph(prose(reason)) for reason in reasons),
                    tuple(Mark(1, "B", prose(remedy.name)) for remedy in asked),
                ),
            ),
            proof=Proof("what each remedy does, and does not, computed on numbers", "exact"),
            tags=("remedies",),
        )

    def subjects(_cells: Sequence[str]) -> Sequence[Parameters]:
        return [(("about", name),)]

    def variants(_subject: Parameters) -> int:
        return 60

    return Kind(
        name, "gradient-flow", "understand", (2, 2), (ASKED, ASKED), subjects, variants, draw, make
    )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
