"""What is drawn stays as it is when kinds, cells and claims are added; nothing is asked twice."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from rnnsym.errors import InputError
from rnnsym.item import Item
from rnnsym.quiz.blueprint import Blueprint, Section, fill
from rnnsym.quiz.claim_bank import load
from rnnsym.quiz.claim_items import banked, known_entries
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import attempts, known_subjects, series
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.paper import draw_papers
from rnnsym.quiz.registry import TOPICS, Kind, Parameters, load_kind
from rnnsym.quiz.rounds import generate
from rnnsym.quiz.selection import Selection, asked, meaning, themes
from tests.test_claim_banks import bank

ABOUT_CELLS = ("adjoint", "count", "count_stack", "forward", "gradient_shape", "missing_term",
               "write_gradient")  # fmt: skip
ROUNDS = 2


def rounds(kind: Kind, cells: tuple[str, ...] = (), seed: int = 7) -> list[Item]:
    """The first items about each subject."""
    subjects = [s for s in kind.subjects(cells) if kind.variants(s)]
    found = series(kind, Selection((kind,), cells), seed)
    return list(islice(found, ROUNDS * len(subjects)))


def test_numbers_that_do_not_fit_are_drawn_anew() -> None:
    kind = load_kind("count")

    def choosy(subject: Parameters, draw: Draw) -> Parameters:
        if not draw.attempt:
            raise Unfair("these do not fit")
        return kind.draw(subject, draw)

    found = attempts(replace(kind, draw=choosy), kind.subjects(["lstm"])[0], Draw(7, "one"))
    first, second, *_ = found
    assert first == "these do not fit"
    assert first != second


def forget() -> None:
    """Let a bank that has changed be read again."""
    known_entries.cache_clear()
    known_subjects.cache_clear()


@pytest.mark.parametrize("name", ABOUT_CELLS)
def test_a_new_cell_changes_no_item_about_another(name: str) -> None:
    kind = load_kind(name)
    before = rounds(kind, ("gru", "lstm"))
    after = rounds(kind, ("gru", "mgu", "lstm"))
    assert {item.id for item in before} < {item.id for item in after}
    kept = [item for item in after if item in before]
    if len(after) == len(before) + ROUNDS * len(kind.subjects(("mgu",))):
        assert kept == before


def test_a_new_claim_changes_no_item_about_another(tmp_path: Path) -> None:
    kind = banked(load_kind("true_false"), str(bank(tmp_path, claims=12)))
    before = rounds(kind)
    bank(tmp_path, claims=13)
    forget()
    after = rounds(kind)
    assert len(after) == len(before) + ROUNDS
    assert [item for item in after if item in before] == before


def test_a_new_claim_enters_few_other_choices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a bank's path is part of what is drawn
    bank(tmp_path, claims=60)
    kind = banked(load_kind("concept_choice"), "mine.toml")
    before = rounds(kind)
    bank(tmp_path, claims=62)
    forget()
    after = rounds(kind)
    kept = sum(item in after for item in before)
    assert len(before) > kept >= 0.8 * len(before)


def test_a_new_kind_only_takes_places() -> None:
    names = ["adjoint", "count", "forward", "remedy", "count_ratio"]
    for seed in range(5):
        old = generate(Selection.of(names), 10, seed)
        new = generate(Selection.of([*names, "gradient_shape"]), 10, seed)
        kept = [item for item in new if item.kind != "gradient_shape"]
        assert 8 <= len(kept) <= 9
        assert all(item in old for item in kept)


def test_topics_take_turns() -> None:
    everything = Selection.of()
    for seed in range(3):
        topics = [item.topic for item in generate(everything, 10, seed)]
        assert len(set(topics)) == len(TOPICS)
        assert topics[:9] != [item.topic for item in generate(everything, 10, seed + 9)][:9]


def test_a_theme_comes_again_only_after_the_others() -> None:
    kinds = ["clip_norm", "clip_value", "clipping_effect", "flow_scale", "forget_bias"]
    for seed in range(20):
        found = [themes(item) for item in generate(Selection.of(kinds), 5, seed)]
        first, *others = (place for place, theme in enumerate(found) if "clipping" in theme)
        assert first < 3
        assert others == [3, 4]


def test_a_paper_of_ten_has_one_question_about_a_gated_update() -> None:
    alike = {"cell_update", "design_gates", "forward_saturated", "missing_gate"}
    for seed in range(6):
        found = generate(Selection.of([*alike, "clip_value", "flow_scale", "path_count"]), 4, seed)
        assert len([item for item in found if item.kind in alike]) == 1


@pytest.mark.parametrize("number", range(4))
def test_numbers_that_suit_no_place_do_not_move_the_key(number: int) -> None:
    """Were the place drawn with the numbers, places that few numbers suit would be rarer."""
    kind = load_kind("count")
    found: set[str] = set()
    for subject in kind.subjects(("gru", "indrnn", "mingru", "vanilla")):
        for seed in range(20):
            drawn = kind.draw(subject, Draw(seed, "place"))
            with suppress(Unfair):
                found.add(kind.make((*drawn, ("arrangement", str(40 + number)))).key)
    assert found == {"ABCD"[number]}


# Nothing twice


def repeated(items: Iterator[Item] | tuple[Item, ...]) -> list[object]:
    """What more than one of the items asks."""
    often = Counter(one for item in items for one in asked(item))
    return [one for one, times in often.items() if times > 1]


CONCEPTS = Selection.of(topics=["concepts"])


@pytest.mark.parametrize("seed", range(4))
def test_no_claim_stands_twice_on_a_paper(seed: int) -> None:
    items = generate(CONCEPTS, 30, seed)
    assert not repeated(items)
    assert len({item.kind for item in items}) >= 8
    assert any(len(item.asks) > 1 for item in items)


def test_no_claim_stands_twice_in_sections_of_fixed_worth() -> None:
    sections = (Section(CONCEPTS, 8, marks=14), Section(CONCEPTS, len(CONCEPTS.kinds), each=1))
    for seed in range(3):
        assert not repeated(item for part in fill(Blueprint(sections), seed) for item in part)


def test_no_claim_stands_twice_in_a_form_and_no_question_in_two() -> None:
    papers = list(draw_papers(Blueprint((Section(CONCEPTS, 12),)), 5, "ABCDE"))
    assert len(papers) == 5
    assert not any(repeated(paper.items) for paper in papers)
    questions = [meaning(item) for paper in papers for item in paper.items]
    assert len(set(questions)) == len(questions)


def test_what_two_kinds_ask_is_asked_once() -> None:
    kind = load_kind("count")

    def twin(name: str) -> Kind:
        """The kind of another name whose questions all count the one layer."""

        def make(parameters: Parameters) -> Item:
            return replace(kind.make(parameters), kind=name, asks=("the layer",))

        return replace(kind, name=name, make=make)

    both = Selection((twin("one"), twin("two")), ("gru",))
    assert len(generate(both, 1, 3)) == 1
    with pytest.raises(InputError, match="2 different questions asked, of which there are only 1"):
        generate(both, 2, 3)


def test_a_count_has_one_name_whichever_kind_asks() -> None:
    given = (("model", "gru"), ("convention", "textbook"), ("d", "4"), ("n", "7"))
    tail = (("T", "10"), ("arrangement", "1"))
    names = {
        load_kind("count").make((*given, *tail)).asks,
        load_kind("count_itemised").make((*given[:2], ("map", "z"), *given[2:], *tail)).asks,
    }
    assert names == {("parameters of gru (textbook), d = 4, n = 7",)}
    designs = (("first", "gru"), ("second", "lstm"), ("convention", "textbook"))
    pair = (*designs, ("d", "4"), ("n", "7"), ("m", "6"), *tail)
    assert load_kind("count_compare").make(pair).asks[:1] in names


def test_claims_about_one_thing_share_its_name() -> None:
    about = Counter(claim.about for section in load() for claim in section.claims)
    item = generate(Selection.of(["choose_all"]), 1, 0)[0]
    assert len(item.asks) == 5
    assert all(about[name] for name in item.asks)
