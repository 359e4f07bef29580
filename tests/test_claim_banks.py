"""Banks of one's own: their claims are asked, their errors are named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnsym.errors import InputError
from rnnsym.item import Item
from rnnsym.quiz.claim_bank import load
from rnnsym.quiz.claim_items import banked
from rnnsym.quiz.drawing import series
from rnnsym.quiz.registry import load_kind
from rnnsym.quiz.selection import Selection

ENTRY = """
[[claim]]
id = "claim-{n}"
true = {true}
about = "thing {n}"
texts = ["Statement {n} is made here.", "Here statement {n} is made."]
why = "So it is."
{more}
"""


def bank(folder: Path, extra: str = "", *, claims: int = 10) -> Path:
    named = ("", 'misconception = "none of it"')
    entries = (
        ENTRY.format(n=n, true=str(n % 2 == 0).lower(), more=named[n % 2]) for n in range(claims)
    )
    path = folder / "mine.toml"
    text = 'title = "mine & <b>yours</b>"\nsource = "\\\\input{x} 50 %"\n' + "".join(entries)
    path.write_text(text + extra, encoding="utf-8")
    load.cache_clear()
    return path


def items(path: Path, kind: str, number: int = 8) -> list[Item]:
    found = series(banked(load_kind(kind), str(path)), Selection((load_kind(kind),)), 3)
    return [item for item, _ in zip(found, range(number), strict=False)]


ESSAY = """
[[essay]]
id = "essay-1"
texts = ["Say how a statement is made.", "How is a statement made?"]
points = ["claim-0", "claim-2", "claim-4", "claim-6"]
mistakes = ["claim-1"]
"""


CATEGORY = """
[[category]]
id = "category-1"
texts = ["have three affine maps", "need three affine maps"]
members = [["the gated unit", "gru", "one paper"], ["the LSTM of 1997", "lstm-1997"],
           "lstm-coupled"]
outsiders = [["the minimal gated unit (MGU)", "It has two.", "mgu"],
             ["the other unit", "It has two.", "ugrnn", "another paper"]]
why = "It has three."
check = ["affine_maps", "3"]
"""


def test_what_a_check_takes_may_differ_from_what_is_printed(tmp_path: Path) -> None:
    for item in items(bank(tmp_path, CATEGORY), "odd_one_out", 2):
        assert item.proof.method == "computed from the equations"
        [right] = [o for o in item.options if o.correct]
        assert right.content in {("the minimal gated unit (MGU)",), ("the other unit",)}
        assert ("the LSTM of 1997",) in [o.content for o in item.options]


def test_only_what_is_shown_is_cited(tmp_path: Path) -> None:
    seen: set[bool] = set()
    for item in items(bank(tmp_path, CATEGORY), "odd_one_out", 4):
        [right] = [o for o in item.options if o.correct]
        cited = str(item.parts[0].solution)
        assert "one paper" in cited
        assert ("another paper" in cited) == (right.content == ("the other unit",))
        seen.add("another paper" in cited)
    assert seen == {True, False}


def test_a_member_that_computes_otherwise_is_never_asked(tmp_path: Path) -> None:
    path = bank(tmp_path, CATEGORY.replace('"gru"', '"lstm"'))
    with pytest.raises(InputError, match="'the gated unit' of 'category-1': its check differs"):
        items(path, "odd_one_out")


@pytest.mark.parametrize(
    "kind", ["concept_choice", "concept_exception", "true_false", "choose_all"]
)
def test_a_bank_of_ones_own(tmp_path: Path, kind: str) -> None:
    path = bank(tmp_path)
    drawn = items(path, kind)
    assert len(drawn) >= 5
    for item in drawn:
        assert dict(item.parameters)["bank"] == str(path)
        assert load_kind(kind).make(item.parameters) == item
        assert "Statement" in str(item) or "statement" in str(item)


def test_something_of_ones_own_to_explain(tmp_path: Path) -> None:
    drawn = items(bank(tmp_path, ESSAY), "explain")
    assert sorted(str(item.stem[0]) for item in drawn) == [
        "Paragraph(content=('How is a statement made?',))",
        "Paragraph(content=('Say how a statement is made.',))",
    ]
    assert {item.marks for item in drawn} == {6}


def test_other_kinds_take_no_bank() -> None:
    assert banked(load_kind("count"), "x.toml") is load_kind("count")


def test_an_entry_that_is_gone_is_named(tmp_path: Path) -> None:
    [item] = items(bank(tmp_path), "true_false", 1)
    parameters = tuple((k, "claim-99" if k == "entry" else v) for k, v in item.parameters)
    with pytest.raises(InputError, match="has no entry 'claim-99'"):
        load_kind("true_false").make(parameters)


WRONG = ENTRY.format(n=50, true="true", more='check = ["parameters", "gru", "n*d"]')


def test_a_claim_that_computes_otherwise_is_never_asked(tmp_path: Path) -> None:
    path = bank(tmp_path, WRONG, claims=0)
    with pytest.raises(InputError, match="'claim-50' is said to be true, but its check differs"):
        items(path, "true_false")


Change = Callable[[str], str]
ERRORS: list[tuple[Change, str]] = [
    (lambda s: s + "[[claim]]\nid = 'x'\n", "claim 11 ('x'): the field 'true' is missing"),
    (lambda s: s.replace("why =", "wy =", 1), "claim 1 ('claim-0'): unknown field 'wy'; did you"),
    (lambda s: s.replace("true = true", "true = 1", 1), "true is true or false, not 1"),
    (lambda s: s.replace('misconception = "none of it"', "", 1), "claim names its misconception"),
    (lambda s: s.replace("true = false", "true = true", 1), "a true claim has no misconception"),
    (lambda s: s.replace("claim-1", "claim-0", 1), "'claim-0' stands in mine and in mine"),
    (lambda s: s.replace("Statement 0 is", "{h[t] is", 1), "a brace has no partner"),
    (lambda s: s.replace(', "Here statement 0 is made."', "", 1), "at least two wordings, not 1"),
    (lambda s: s.replace("title", "titel", 1), "unknown field 'titel'; did you mean 'title'"),
    (lambda s: s.replace("source", "cells = 3\nsource", 1), "cells is a list, not 3"),
    (lambda s: s + 'check = ["stap"]\n', "unknown check 'stap'"),
    (lambda s: s + "level = 9\n", "level is 1 to 5, not 9"),
    (lambda s: s + 'reasons = [[true, "a"]]\n', "a reason is [true or false, text, why not]"),
    (lambda s: s + "[[", "mine.toml: "),
    (lambda s: s + ESSAY.replace("claim-6", "claim-7"), "'claim-7', which is no true claim"),
    (lambda s: s + ESSAY.replace("claim-1", "claim-2"), "'claim-2', which is no false claim"),
    (lambda s: s + ESSAY.replace("claim-6", "claim-4"), "four to six true claims, not 3"),
    (lambda s: s + CATEGORY.replace('"gru"', '"gru", ""'), "a member is a text or [text, what"),
    (lambda s: s + CATEGORY.replace(', "It has two.", "mgu"', ""), "an outsider is [text, why"),
    (lambda s: "claim = [1]\n" + s.partition("[[")[0], "entries are tables, written [[claim]]"),
]


@pytest.mark.parametrize(("change", "words"), ERRORS, ids=[words for _, words in ERRORS])
def test_errors_name_file_and_entry(tmp_path: Path, change: Change, words: str) -> None:
    path = bank(tmp_path)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    load.cache_clear()
    with pytest.raises(InputError) as found:
        load(str(path))
    assert words in str(found.value)
    assert "mine" in str(found.value)
    assert "\n" not in str(found.value)


def test_a_missing_bank_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the claim bank .*none\.toml"):
        load(str(tmp_path / "none.toml"))
