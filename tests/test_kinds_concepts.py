"""Questions about claims: their keys against the bank read again here, and no cue in them."""

import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rnnsym.blocks import Listing, Paragraph
from rnnsym.item import LETTERS, SEVERAL, Choice, Item, Matching, Words
from rnnsym.quiz import claim_bank
from rnnsym.quiz.claim_items import DENIED
from rnnsym.quiz.claim_text import read_prose
from rnnsym.quiz.drawing import series
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import kind_names, load_kind
from rnnsym.quiz.responses import asked, key_blocks
from rnnsym.quiz.selection import Selection

FOLDER = Path(claim_bank.__file__).parent / "claims"
CHOICES = ("concept_choice", "concept_exception", "choose_all")
KINDS = [name for name in kind_names() if load_kind(name).topic == "concepts"]
NUMBER = 150


@cache
def tables(name: str) -> list[dict[str, Any]]:
    """The entries of the shipped bank, as the TOML files have them."""
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.toml")]
    return [entry for file in files for entry in file.get(name, ())]


def shown(text: str) -> str:
    return printed(read_prose(text))


@cache
def by_text() -> dict[str, dict[str, Any]]:
    """Which claim a wording belongs to."""
    return {shown(text): claim for claim in tables("claim") for text in claim["texts"]}


@cache
def items(kind: str) -> list[Item]:
    found = load_kind(kind)
    drawn = series(found, Selection((found,)), 11)
    return [item for item, _ in zip(drawn, range(NUMBER), strict=False)]


def choice(item: Item) -> Choice:
    response = item.parts[0].response
    assert isinstance(response, Choice)
    return response


def entry(item: Item, table: str) -> dict[str, Any]:
    name = dict(item.parameters)["entry"]
    return next(one for one in tables(table) if one["id"] == name)


def test_there_are_ten_kinds() -> None:
    assert len(KINDS) >= 10


@pytest.mark.parametrize("kind", CHOICES)
def test_options_are_claims_and_the_key_is_their_truth(kind: str) -> None:
    right = kind != "concept_exception"
    for item in items(kind):
        options = choice(item).options
        claims = [by_text()[printed(option.content)] for option in options]
        assert [c["true"] == right for c in claims] == [option.correct for option in options]
        assert len({c["about"] for c in claims}) == len(claims)
        for claim, option in zip(claims, options, strict=True):
            assert printed(option.why) == shown(claim["why"])
            if not option.correct:
                assert option.misconception == claim.get("misconception", DENIED)


def test_several_hold_and_several_do_not() -> None:
    true = Counter(len(choice(item).key) for item in items("choose_all"))
    assert set(true) == {2, 3}
    assert min(true.values()) > NUMBER / 4


def test_paper_and_key_say_how_several_are_marked() -> None:
    [part] = items("choose_all")[0].parts
    [mark] = part.scheme
    for block in (next(asked(part.response)), Paragraph(mark.text)):
        assert isinstance(block, Paragraph)
        assert printed(block.content).rstrip(".").endswith(SEVERAL)


def test_every_claim_is_asked_and_every_misconception_appears() -> None:
    kind = load_kind("true_false")
    found = list(series(kind, Selection((kind,)), 1))
    assert len(found) == sum(len(claim["texts"]) for claim in tables("claim"))
    assert len({item.id for item in found}) == len(found)
    for item in found:
        claim = entry(item, "claim")
        right, wrong = ("A", "B") if claim["true"] else ("B", "A")
        assert item.key == right
        option = item.options[LETTERS.index(wrong)]
        assert option.misconception == claim.get("misconception", DENIED)
    assert 0.45 < Counter(item.key for item in found)["A"] / len(found) < 0.55


def test_verdicts_with_reasons() -> None:
    asked = items("true_false_reason")
    assert len({entry(item, "claim")["id"] for item in asked}) >= 30
    for item in asked:
        claim = entry(item, "claim")
        verdicts = {shown(text): (verdict, why) for verdict, text, why in claim["reasons"]}
        for option in item.options:
            verdict, _, reason = printed(option.content).partition(": ")
            if option.correct:
                assert (verdict == "True", reason) == (claim["true"], shown(claim["why"]))
            else:
                given, why = verdicts[reason]
                assert (verdict == "True", printed(option.why)) == (given, shown(why))
        said = {printed(option.content).partition(":")[0] for option in item.options}
        assert said == {"True", "False"}


def test_terms_are_matched() -> None:
    terms = {shown(t.rstrip(".")): term for term in tables("term") for t in term["texts"]}
    for item in items("matching_terms"):
        response = item.parts[0].response
        assert isinstance(response, Matching)
        assert len(response.pairs) == 4
        found = [terms[printed(prompt)] for prompt, _ in response.pairs]
        assert [term["names"][0] for term in found] == [answer for _, answer in response.pairs]
        assert len({term["group"] for term in found}) == 1
        others = {t["names"][0] for t in tables("term") if t["group"] == found[0]["group"]}
        assert set(response.extras) <= others
        assert item.marks == 4


def test_terms_are_named() -> None:
    for item in items("short_answer"):
        response = item.parts[0].response
        assert isinstance(response, Words)
        assert list(response.accepted) == entry(item, "term")["names"]
        assert all(len(name) > 1 and "_" not in name for name in response.accepted)  # no symbols


def test_one_is_odd() -> None:
    for item in items("odd_one_out"):
        category = entry(item, "category")
        odd = {shown(text): why for text, why, *_ in category["outsiders"]}
        members = {shown(one if isinstance(one, str) else one[0]) for one in category["members"]}
        for option in item.options:
            text = printed(option.content)
            assert (text in odd, text in members) == (option.correct, not option.correct)
            assert printed(option.why) == shown(odd.get(text, category["why"]))
        [reasons] = [block for block in key_blocks(item.parts[0]) if isinstance(block, Listing)]
        assert len(reasons.items) == 2  # what three have in common is said once


def test_what_is_explained_is_marked_point_by_point() -> None:
    claims = {claim["id"]: claim for claim in tables("claim")}
    for item in items("explain"):
        essay = entry(item, "essay")
        points = [claims[name] for name in essay["points"]]
        mistakes = [claims[name] for name in essay["mistakes"]]
        [part] = item.parts
        *stated, reasons = part.scheme
        assert [printed(mark.text) for mark in stated] == [shown(c["texts"][0]) for c in points]
        assert printed(reasons.text) == "reasons for two of these points, 1 each"
        assert item.marks == len(points) + 2
        listings = [block.items for block in part.solution if isinstance(block, Listing)]
        for claimed, listed in zip((points, mistakes), listings, strict=True):
            expected = [
                f"{shown(claim['texts'][0])} {shown(claim['why'])}"
                if claim["true"]
                else f"Wrong: {shown(claim['texts'][0])} Right: {shown(claim['why'])}"
                for claim in claimed
            ]
            assert [printed(one) for one in listed] == expected
        assert [c["true"] for c in (*points, *mistakes)] == [
            *(True for _ in points), *(False for _ in mistakes)
        ]  # fmt: skip
        assert set(item.asks) == {claim["about"] for claim in points}


def essays(name: str) -> list[Item]:
    return [load_kind("explain").make((("entry", name), ("text", text))) for text in "01"]


@pytest.mark.parametrize("essay", [e["id"] for e in tables("essay")])
def test_below_an_essay_stands_only_what_an_answer_needs(essay: str) -> None:
    for item in essays(essay):
        question, _, *notes = (printed(b.content) for b in item.stem if isinstance(b, Paragraph))
        note = " ".join(notes)
        assert "statement" not in note, "no statements follow"
        scheme = " ".join(printed(mark.text) for mark in item.parts[0].scheme)
        sizes = {"d", "n"} & set(re.findall(r"[^\W\d_]+", f"{question} {scheme}"))
        assert ("hidden units" in note) == bool(sizes)
        assert "bias" not in note or "parameter" in question


def test_an_essay_on_two_conventions_says_what_holds_for_which() -> None:
    for item in essays("conventions-explain-gru"):
        note = item.stem[-1]
        assert isinstance(note, Paragraph)
        assert "Convention:" not in printed(note.content)
        assert {"course notes", "nn.GRU"} <= set(re.findall(r"course notes|nn\.GRU", str(note)))


@pytest.mark.parametrize("kind", CHOICES)
def test_every_gradient_of_a_state_is_said_to_be_one(kind: str) -> None:
    """δ is told what it is the gradient of where an option uses it, and only there."""
    seen = set[str]()
    for item in items(kind):
        options = " ".join(printed(option.content) for option in choice(item).options)
        used = set(re.findall(r"δ_(\w)", options))
        stem = " ".join(printed(b.content) for b in item.stem if isinstance(b, Paragraph))
        told = set(re.findall(r"δ_(\w)\S* is the gradient with respect to \1", stem))
        assert told == used, item.id
        seen |= used
    assert "a" in seen


ONLINE = ("at once", "while", "hour by hour", "may not wait", "as soon as")
SMALL = ("dataset is small", "are short", "has to be fast", "few parameters")
LARGE = ("much data", "are long", "many steps back", "heavier model")


def test_an_architecture_follows_from_the_notes() -> None:
    for item in items("architecture"):
        [said, _] = [str(block) for block in item.stem]
        small, large = ([word for word in words if word in said] for words in (SMALL, LARGE))
        assert sorted((len(small), len(large))) == [0, 2]
        cell = "GRU" if small else "LSTM"
        way = "left to right" if any(word in said for word in ONLINE) else "both directions"
        for option in item.options:
            text = printed(option.content)
            assert option.correct == (cell in text and way in text)
            assert ("exchanged" in option.misconception) == (cell not in text)
    assert {item.key for item in items("architecture")} == set("ABCD")


@pytest.mark.parametrize("kind", CHOICES)
def test_wordings_vary(kind: str) -> None:
    used = {dict(item.parameters)["text"] for item in items(kind)}
    assert used == {"0", "1"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_source_stands_in_the_solution(kind: str) -> None:
    for item in items(kind):
        assert "Source: " in str(item.solution)
        assert item.convention == "textbook"


@pytest.mark.parametrize("kind", [*CHOICES, "true_false"])
def test_what_a_convention_chooses_says_which(kind: str) -> None:
    """Sizes, matrices and z differ from one to the next; h and c do not, nor does English."""
    without: set[str] = set()
    for item in items(kind):
        noted = "Convention: Textbook, with " in str(item.stem)
        stem = [b.content for b in item.stem if isinstance(b, Paragraph)][: -1 if noted else None]
        texts = [*stem, *(o.content for o in item.options)]
        symbols = [part for text in texts for part in text if not isinstance(part, str)]
        names = set(re.findall(r"[A-Za-z]+", repr(symbols)))
        if not noted:
            without |= names
    assert not without & {"U", "W", "d", "n", "z"}
    assert without & {"h", "c", "x"}


@pytest.mark.parametrize(("text", "noted"), [("0", False), ("1", True)])
def test_the_convention_stands_only_with_the_wording_that_rests_on_it(
    text: str, noted: bool
) -> None:
    item = load_kind("true_false").make((("entry", "bptt-backwards"), ("text", text)))
    assert ("Convention: " in str(item.stem)) == noted


@pytest.mark.parametrize("kind", ["true_false", "true_false_reason"])
def test_a_single_statement_says_what_it_is_about(kind: str) -> None:
    titles = {section.name: section.title for section in claim_bank.load()}
    for item in items(kind):
        assert f"about {titles[item.tags[0]]} true or false" in str(item.stem[0])


def test_symbols_of_a_section_are_explained_with_them() -> None:
    asked = [i for i in items("true_false") if i.tags[0] == "bptt" and len(i.stem) > 2]
    assert asked
    for item in asked:
        note = item.stem[-1]
        assert isinstance(note, Paragraph)
        assert shown("a step is {h[t] = tanh(a[t])}") in printed(note.content)
