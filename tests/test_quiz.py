"""Questions: drawn by name, the same everywhere; papers and keys; bad input."""

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rnnsym.api import generate_quiz as generate
from rnnsym.blocks import Table, prose
from rnnsym.document import Question
from rnnsym.errors import InputError
from rnnsym.item import (
    Choice,
    Item,
)
from rnnsym.quiz import drawing, guard, registry
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.paper import paper
from rnnsym.quiz.responses import answer_text
from rnnsym.quiz.selection import meaning
from rnnsym.version import VERSION


def test_a_choice_depends_on_its_own_name_only() -> None:
    draw = Draw(7, "count/0")
    before = draw.integer("d", 1, 10**6)
    draw.integer("another", 1, 10)
    assert draw.integer("d", 1, 10**6) == before
    others = (Draw(8, "count/0"), Draw(7, "count/1"), draw.again())
    assert all(other.integer("d", 1, 10**6) != before for other in others)


def test_a_new_option_changes_only_the_choices_it_wins() -> None:
    draws = [Draw(seed, "q") for seed in range(500)]
    old = [draw.choice("x", "abcd") for draw in draws]
    new = [draw.choice("x", "abcde") for draw in draws]
    assert all(b in (a, "e") for a, b in zip(old, new, strict=True))
    assert 60 < new.count("e") < 140
    for draw in draws[:50]:
        assert [x for x in draw.ranked("x", "abcde") if x != "e"] == draw.ranked("x", "abcd")


def test_numbers_are_the_same_on_every_machine() -> None:
    draw = Draw(7, "count/0")
    assert (draw.integer("d", 1, 1000), draw.choice("x", "abcd")) == (825, "b")


def test_same_seed_same_items() -> None:
    assert generate(6, 7) == generate(6, 7)
    assert {i.id for i in generate(6, 7)} != {i.id for i in generate(6, 8)}


def test_every_kind_has_its_turn() -> None:
    chosen = ["adjoint", "count", "forward"]
    for seed in range(20):
        kinds = Counter(i.kind for i in generate(5, seed, chosen))
        assert set(kinds) == set(chosen)
        assert max(kinds.values()) == 2


def test_another_kind_or_a_longer_paper_changes_no_item() -> None:
    chosen = ["adjoint", "count", "forward"]
    whole = generate(12, 7, chosen)
    assert generate(5, 7, chosen) == whole[:5]
    for kind in chosen:
        own = [i for i in whole if i.kind == kind]
        assert tuple(own) == generate(len(own), 7, [kind])
    pair = generate(6, 7, ["count", "forward"])
    assert [i for i in pair if i.kind == "count"] == [i for i in whole if i.kind == "count"][:3]


def test_no_two_items_of_a_paper_ask_the_same() -> None:
    found = [meaning(i) for i in generate(120, 3)]
    assert len(set(found)) == len(found)


def test_an_item_follows_from_its_parameters() -> None:
    for found in generate(6, 11):
        assert registry.load_kind(found.kind).make(found.parameters) == found


def test_ids_are_xml_names_and_come_from_the_content() -> None:
    ids = [i.id for seed in (1, 2) for i in generate(30, seed)]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*-[0-9a-f]{12}", name) for name in ids)
    assert len(set(ids)) == len(ids)


def test_kinds_are_listed_without_importing_sympy() -> None:

    code = "import sys; from rnnsym.quiz.registry import kind_names; print(kind_names());"
    code += "assert not {'sympy', 'numpy'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{registry.kind_names()}\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 0}, "at least 1 question, not 0"),
        ({"n": 3, "kinds": ["cuont"]}, "unknown kind 'cuont'; did you mean 'count'?"),
        ({"n": 3, "subjects": ["ltsm"]}, "unknown cell 'ltsm'; did you mean 'lstm'?"),
        ({"n": 10_001}, "at most 10000"),
        ({"n": 1000, "kinds": ["adjoint"], "subjects": ["lstm"]}, "of which there are only 34"),
    ],
)
def test_bad_input_gets_one_line(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        generate(**{"seed": 1, **arguments})  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_that_exist_can_be_drawn() -> None:
    found = generate(20, 5, ["adjoint"], ["lstm"])
    assert len({meaning(i) for i in found}) == 20


def test_a_kind_that_is_never_fair_ends_with_kind_and_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def check(_: Item) -> tuple[str, ...]:
        tried.append(1)
        return ("never",)

    monkeypatch.setattr(guard, "check", check)
    with pytest.raises(InputError, match=r"kind 'adjoint' in 200 draws \(seed 9, adjoint/.*never"):
        generate(1, 9, ["adjoint"])
    assert 0 < len(tried) <= drawing.ATTEMPTS


def test_paper_and_key() -> None:
    items = generate(5, 7)
    asked, solved = (paper(items, 7, solved=s) for s in (False, True))
    assert (asked.name, solved.name) == ("quiz-seed7", "quiz-seed7-key")
    assert asked.kind == solved.kind == "paper"
    assert asked.blocks == tuple(Question(item, i) for i, item in enumerate(items, 1))
    table, *questions = solved.blocks
    assert isinstance(table, Table)
    assert [row[1] for row in table.rows] == [prose(answer_text(item)) for item in items]
    assert all(isinstance(q, Question) and q.solved for q in questions)
    lines = " ".join(printed(line) for line in asked.lines)
    for words in ("Textbook", "Seed 7", VERSION, "four decimals"):
        assert words in lines


def test_a_users_cell_is_a_subject(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'title = "Mine"\nsource = "nobody"\n[states]\nh = "n"\n[equations]\n'
        'z = "sigmoid(W_z @ x[t] + V_z @ x[t-1] + b_z)"\n'
        'h = "(1 - z[t]) * h[t-1] + z[t] * tanh(W @ x[t] + U @ h[t-1] + b)"\n'
    )
    found = generate(40, 7, subjects=[str(file)])
    assert all(str(file) in str(i.parameters) for i in found)
    assert {"adjoint", "count", "forward"} < {i.kind for i in found}
    assert all(guard.check(i) == () for i in found)


def test_an_operator_that_returns_the_key_is_refused() -> None:
    [good] = generate(1, 7, ["forward"])
    key = next(o for o in good.options if o.correct)
    broken = tuple(o if o.correct else replace(o, content=key.content) for o in good.options)
    with pytest.raises(guard.Unfair, match="printed alike"):
        drawing.fair(replace(good, parts=(replace(good.parts[0], response=Choice(broken)),)))


def test_no_choice_depends_on_the_hash_seed() -> None:
    code = "from rnnsym.api import generate_quiz as generate; "
    code += "from rnnsym.quiz.paper import paper; "
    code += "items = generate(9, 7); print(items, paper(items, 7, solved=True))"
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(told[0]) > 1000
