"""Papers: blueprints, forms, rosters, manifests, ledgers, and kinds of a user's own.

Over 300 lines: tables of bad input, and one exam that most tests fill.
"""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from rnnsym.convention import read_convention
from rnnsym.errors import InputError
from rnnsym.quiz import limits
from rnnsym.quiz.blueprint import Blueprint, Section, fill, read_blueprint
from rnnsym.quiz.drawing import KindError
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.manifest import (
    ledger_line,
    manifest_head,
    manifest_line,
    read_ledger,
    read_manifest,
)
from rnnsym.quiz.paper import Paper, draw_papers, paper_document
from rnnsym.quiz.registry import load_kind
from rnnsym.quiz.roster import Student, read_roster
from rnnsym.quiz.rounds import generate
from rnnsym.quiz.selection import Selection, meaning
from tests.terminal import run

EXAM = """
title = "Midterm"
[[section]]
title = "Counting"
topics = ["counts"]
kinds = ["count"]
questions = 3
marks = 7
[[section]]
kinds = ["forward", "adjoint"]
each = 2
minutes = 22
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def exam(folder: Path, text: str = EXAM) -> Blueprint:
    return read_blueprint(written(folder, "exam.toml", text))


def test_a_blueprint_is_filled_exactly(tmp_path: Path) -> None:
    for seed in range(3):
        counting, other = fill(exam(tmp_path), seed)
        assert (len(counting), sum(i.marks for i in counting)) == (3, 7)
        assert Counter(i.kind for i in other) == {"forward": 2, "adjoint": 2}
        assert sum(i.minutes for i in other) == 22


def test_what_cannot_be_filled_is_refused_with_the_nearest_and_soon() -> None:
    section = Section(Selection.of(), 10, marks=12, minutes=59)
    with pytest.raises(InputError, match=r"10 questions of \d+ kinds .*; the nearest is \d+ marks"):
        fill(Blueprint((section,)), 0)


def test_sections_never_ask_the_same() -> None:
    section = Section(Selection.of(["adjoint"], (), ["vanilla"]), 2)
    first, second = fill(Blueprint((section, section)), 4)
    assert not {meaning(i) for i in first} & {meaning(i) for i in second}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("marks = 7", "marks = 70"), "section 1 'Counting': .* 70 marks; the nearest is 9"),
        (("each = 2", "each = 900"), "section 2: questions is 1 to 100, not 1800"),
        (("marks = 7", "mark = 7"), "section 1: unknown field 'mark'; did you mean 'marks'"),
        (("marks = 7", 'marks = "7"'), "marks is a whole number, not '7'"),
        (("marks = 7", "marks = true"), "marks is a whole number, not True"),
        (("questions = 3", "questions = 0"), "questions is at least 1, not 0"),
        (('"forward", "adjoint"', '"forwards"'), "unknown kind 'forwards'; did you mean 'forward'"),
        (('["counts"]', '["shapes"]'), "no questions of shapes"),
        (('["counts"]', '["count"]'), "unknown topic 'count'; did you mean 'counts'"),
        (("each = 2", "questions = 3\neach = 2"), "2 of each of 2 kinds are not 3 questions"),
        (("[[section]]", "[[section"), "exam.toml: "),
        (("[[section]]", "[[sections]]"), "unknown field 'sections'; did you mean 'section'"),
    ],
)
def test_a_bad_blueprint_gets_one_line(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        fill(exam(tmp_path, EXAM.replace(*change)), 1)
    assert "\n" not in str(caught.value)


def test_forms_are_of_equal_worth(tmp_path: Path) -> None:
    papers = list(draw_papers(exam(tmp_path), 7, "ABC"))
    assert [p.name for p in papers] == ["quiz-seed7-A", "quiz-seed7-B", "quiz-seed7-C"]
    worth = [[(i.kind, i.marks, i.level) for i in p.items] for p in papers]
    assert worth[0] == worth[1] == worth[2]
    asked = [meaning(i) for p in papers for i in p.items]
    assert len(set(asked)) == len(asked)


def test_letters_of_a_form_come_equally_often() -> None:
    selection = Selection.of(["adjoint"])
    for paper in draw_papers(Blueprint((Section(selection, 12),)), 3, "AB"):
        assert set(Counter(i.key for i in paper.items).values()) == {3}
    mixed = Section(Selection.of(["adjoint", "true_false"]), 24)
    for paper in draw_papers(Blueprint((mixed,)), 3, "AB"):
        keys = Counter(i.key for i in paper.items if len(i.options) == 4)
        assert set(keys.values()) == {3}


def test_a_key_says_what_its_marks_are_for() -> None:
    """The letters that occur, and errors carried forward where parts build on each other."""

    def last_line(kind: str, **how: bool) -> str:
        [item] = generate(Selection((load_kind(kind),)), 1, 7)
        paper = Paper("quiz", 7, (("", (item,)),))
        return printed(paper_document(paper, **{"solved": True, **how}).lines[-1])

    letters = "Marks: M for the method, also where a number in it is wrong; A for a right answer."
    assert last_line("forward") == letters
    assert last_line("forward_steps").startswith(f"{letters} An error carried forward costs once")
    assert last_line("count_ratio") == "Marks: B for what stands on its own."
    for without in (last_line("count"), last_line("forward", solved=False)):
        assert not without.startswith("Marks")
    assert last_line("forward", solved=False, schemes=True) == letters


def test_the_head_names_every_convention_of_a_paper() -> None:
    """An essay compares PyTorch's GRU with the textbook's, though its own is the textbook's."""
    kind = load_kind("explain")
    essays = ("conventions-explain-gru", "gru-explain-gates")
    both, one = (kind.make((("entry", name), ("text", "0"))) for name in essays)
    for item, named in ((both, True), (one, False)):
        document = paper_document(Paper("q", 1, (("", (item,)),)), solved=False)
        assert ("PyTorch (torch.nn) where it says so" in str(document.lines)) == named


def test_several_conventions_are_listed_with_one_or() -> None:
    [item] = generate(Selection((load_kind("count"),)), 1, 7)
    names = ("textbook", "keras", "onnx", "pytorch")
    items = tuple(replace(item, convention=name) for name in names)
    head = printed(paper_document(Paper("q", 1, (("", items),)), solved=False).lines[0])
    keras, onnx, pytorch = (read_convention(name).title for name in names[1:])
    assert f"; {keras}, {onnx} or {pytorch} where it says so." in head


def test_a_students_paper_depends_on_seed_and_id_only() -> None:
    blueprint = Blueprint((Section(Selection.of(["count", "adjoint"]), 3),))
    ann, bob = Student("s1", "Ann"), Student("s2", "Bob")
    alone = list(draw_papers(blueprint, 7, roster=[bob]))
    both = list(draw_papers(blueprint, 7, roster=[ann, bob]))
    assert alone[0].items == both[1].items != both[0].items
    names = [
        p.name for p in draw_papers(blueprint, 7, roster=[Student("ä 1", ""), Student("a-1", "")])
    ]
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,name\n1,Ann\n1,Bob\n", "row 3, column id: '1' stands in row 2 too"),
        ("id,name\n,Ann\n", "row 2, column id: empty"),
        ("id,nam\n1,Ann\n", "row 1: unknown column 'nam'; did you mean 'name'"),
        ("student\nAnn\n", "unknown column 'student' .columns: id, which draws the paper"),
        ("id;name\n1;Ann\n", "row 1: cells are parted by commas, not as in 'id;name'"),
        ("name\nAnn\n", "row 1: the columns are id and name, not name"),
        ("id,name\n1,Ann,x\n", "row 2: more cells than columns"),
        ('id,name\n1,"Ann\n', "row "),
        ("id,name\n1,A\x07n\n", "row 2, column name"),
        ("id,name\n", "lists no student"),
        ("", "the columns are id and name"),
    ],
)
def test_a_bad_roster_names_row_and_column(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_roster(written(tmp_path, "roster.csv", text))
    assert "\n" not in str(caught.value)


def test_a_roster_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes("id,name\r\ns1,Ann Ö.\r\n".encode("utf-8-sig"))
    assert read_roster(path) == (Student("s1", "Ann Ö."),)


def test_a_manifest_rebuilds_its_papers(tmp_path: Path) -> None:
    papers = list(draw_papers(exam(tmp_path), 7, roster=[Student("s1", "Ann"), Student("s2", "")]))
    text = manifest_head(7) + "".join(map(manifest_line, papers))
    assert list(read_manifest(written(tmp_path, "m.jsonl", text))) == papers


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"manifest"', '"list"'), "is no manifest"),
        (('"rnnsym": "', '"rnnsym": "9'), "was made by rnnsym 9"),
        (('"n": "', '"n": "1'), "comes out as"),
        (('"kind": "count"', '"kind": "cuont"'), "unknown kind"),
        (('"sections"', '"section"'), "line 2: no paper can be rebuilt"),
        (('{"name"', '{name"'), "line 2: "),
    ],
)
def test_a_changed_manifest_is_refused(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    items = generate(Selection.of(["count"], (), ["lstm"]), 1, 7)
    text = manifest_head(7) + manifest_line(Paper("quiz-seed7", 7, (("", items),)))
    assert change[0] in text
    with pytest.raises(InputError, match=words):
        list(read_manifest(written(tmp_path, "m.jsonl", text.replace(*change))))


def test_what_a_ledger_holds_is_not_asked_again(tmp_path: Path) -> None:
    first = generate(Selection.of(["adjoint"], (), ["lstm"]), 12, 7)
    ledger = written(tmp_path, "ledger.jsonl", "".join(map(ledger_line, first)))
    used = read_ledger(ledger)
    second = generate(Selection.of(["adjoint"], (), ["lstm"]).without(used), 22, 7)
    assert not {meaning(i) for i in first} & {meaning(i) for i in second}
    with pytest.raises(InputError, match="of which there are only 22"):
        generate(Selection.of(["adjoint"], (), ["lstm"]).without(used), 23, 7)
    assert read_ledger(tmp_path / "none.jsonl") == frozenset()


# Kinds of a user's own

MINE = """
from rnnsym.blocks import Paragraph, prose
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind

def draw(subject, draw):
    return (*subject, ("k", str(draw.integer("k", 2, 9))))

def make(parameters):
    BODY
    k = int(dict(parameters)["k"])
    options = tuple(Option(prose(str(k * (i + 1))), "" if i == 0 else f"times {i + 1}", prose("no"))
                    for i in range(3))
    part = Part((Paragraph(prose(f"What is 1 times {k}?")),), Choice(options), 1, ())
    return Item(identifier("mine", parameters), "mine", "counts", 1, 1, "textbook", parameters, (),
                (part,), Proof("arithmetic", "exact"))

KIND = Kind("mine", "counts", "remember", (1, 1), (1, 1), lambda cells: [(("about", "k"),)],
            lambda subject: 8, draw, make)
"""


def test_a_users_kind_is_drawn_and_rebuilt(tmp_path: Path) -> None:
    path = written(tmp_path, "mine.py", MINE.replace("BODY", "pass"))
    items = generate(Selection.of([str(path)]), 5, 7)
    assert len({meaning(i) for i in items}) == 5
    paper = Paper("p", 7, (("", items),), kind_files={"mine": str(path)})
    text = manifest_head(7) + manifest_line(paper)
    manifest = written(tmp_path, "m.jsonl", text)
    [again] = read_manifest(manifest, [load_kind(str(path))])
    assert again.items == items
    with pytest.raises(
        InputError, match=r"to run the code in .*mine.py, name that file with --kind"
    ):
        list(read_manifest(manifest))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('no')", "failed, ValueError: no .seed 7, mine/k/0"),
        ("while True: pass", "failed, TimeoutError"),
        ("return None", "failed, AttributeError"),
    ],
)
def test_a_failing_kind_is_named_and_the_others_go_on(
    body: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.2)
    path = written(tmp_path, "mine.py", MINE.replace("BODY", body))
    selection = Selection.of([str(path), "count"])
    with pytest.raises(KindError, match=words):
        generate(selection, 4, 7)
    told: list[KindError] = []
    assert [i.kind for i in generate(selection, 4, 7, failed=told.append)] == ["count"] * 4
    assert len(told) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("KIND = 3", "defines no KIND"),
        ("import nothing_of_this_name", "cannot be loaded: ModuleNotFoundError"),
        ("while True: pass", "cannot be loaded: TimeoutError"),
        (MINE.replace('"mine", "counts"', '"mine", "sums"', 2), "unknown topic 'sums'"),
        (MINE.replace('Kind("mine"', 'Kind("count"'), "is called 'count', as one of ours is"),
    ],
)
def test_a_file_that_is_no_kind_is_refused(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.2)
    with pytest.raises(InputError, match=words):
        Selection.of([str(written(tmp_path, "mine.py", text))])


# The command


def test_forms_from_the_command_line(tmp_path: Path) -> None:
    written(tmp_path, "exam.toml", EXAM)
    options = (
        "--blueprint",
        "exam.toml",
        "--forms",
        "A,B",
        "--format",
        "md",
        "--ledger",
        "l.jsonl",
    )
    done = run("quiz", "generate", "--seed", "7", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    names = sorted(p.name for p in (tmp_path / "output").iterdir())
    assert names == [
        "quiz-seed7-A-key.md", "quiz-seed7-A.md", "quiz-seed7-B-key.md", "quiz-seed7-B.md",
        "quiz-seed7-answers.md", "quiz-seed7-manifest.jsonl",
    ]  # fmt: skip
    assert len((tmp_path / "l.jsonl").read_text().splitlines()) == 14
    again = run("quiz", "regrade", "output/quiz-seed7-manifest.jsonl", "--format", "md",
                folder=tmp_path)  # fmt: skip
    assert again.returncode == 0
    assert {line.split(":")[0] for line in again.stdout.splitlines()} == {"unchanged"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--forms", "A", "--roster", "r.csv"), "exclude each other"),
        (("--forms", "A,A"), "each once"),
        (("--forms", "A,/x"), "a form is a letter or a number"),
        (("--blueprint", "exam.toml", "-n", "3"), "-n is said by the blueprint"),
        (("-n", "20000"), "a paper has at most 10000"),
        (("--level", "4-2"), "levels go from 1 to 5"),
        (("--kind", "count", "--level", "5"), "no questions of count at level 5: theirs is 2-3"),
        (("--kind", "count", "--topic", "shapes"), "no questions of shapes among count"),
        (
            ("--kind", "forward_stacked", "--cell", "lstm"),
            "kind 'forward_stacked' asks nothing about lstm; it asks about elman-output, ",
        ),
        (
            ("--kind", "remedy", "-n", "500"),
            "500 different questions asked, of which there are only",
        ),
        (("--level", "high"), "a level is 1 to 5"),
        (("--topic", "count"), "unknown topic 'count'; did you mean 'counts'?"),
        (("--kind", "no.py"), "no.py does not exist"),
        (("--roster", "none.csv"), "cannot read the roster none.csv"),
        (("--format", "moodel"), "unknown format 'moodel'"),
    ],
)
def test_bad_options_get_one_line(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    written(tmp_path, "exam.toml", EXAM)
    done = run("quiz", "generate", *options, folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "output").exists()


def test_papers_of_a_roster_are_written_all_or_none(tmp_path: Path) -> None:
    written(tmp_path, "r.csv", "id,name\ns1,Ann\ns2,Bob\n")
    options = ("-n", "2", "--kind", "count", "--roster", "r.csv", "--format", "md")
    (tmp_path / "output").mkdir()
    other = written(tmp_path / "output", "quiz-seed0-s2.md", "mine")
    refused = run("quiz", "generate", *options, "--ledger", "l.jsonl", folder=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "quiz-seed0-s2.md exists with other content" in refused.stderr
    assert list((tmp_path / "output").iterdir()) == [other]
    assert not (tmp_path / "l.jsonl").exists()
    done = run("quiz", "generate", *options, "--force", folder=tmp_path)
    assert done.returncode == 0
    assert len(list((tmp_path / "output").iterdir())) == 5


LONG = "-n 1000 --format json"


@pytest.mark.parametrize(
    ("options", "body", "code"),
    [
        ("--roster r.csv --bank b.toml --ledger l.jsonl", "", 0),
        ("--roster r.csv --kind mine.py,count,short_answer", "pass", 0),
        ("--roster r.csv --kind mine.py,count", "raise ValueError('no')", 0),
        ("--roster r.csv --kind mine.py -n 9", "pass", 2),
        ("--roster r.csv --kind mine.py", "raise ValueError('no')", 2),
        ("--forms A,B --kind mine.py,count,true_false", "pass", 0),
        ("--kind mine.py,count", "pass", 0),
        (f"{LONG} --kind mine.py,true_false,count_ratio,clip_value --ledger l.jsonl", "pass", 0),
        (f"{LONG} --kind mine.py,count_ratio,clip_value", "raise ValueError('no')", 0),
        (f"{LONG} --kind mine.py,true_false", "pass", 2),
        (f"{LONG} --bank b.toml", "", 2),
    ],
)
def test_papers_made_side_by_side_are_the_same(
    options: str, body: str, code: int, tmp_path: Path
) -> None:
    left: list[tuple[object, ...]] = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        folder.mkdir()
        students = "".join(f"s{i},Student {i}\n" for i in range(8))
        written(folder, "r.csv", f"id,name\n{students}")
        written(folder, "b.toml", BANK)
        written(folder, "mine.py", MINE.replace("BODY", body))
        asked = ("-n", "2", "--format", "md,gift", *options.split(), "--jobs", jobs)
        done = run("quiz", "generate", *asked, folder=folder)
        files = {p.name: p.read_bytes() for p in folder.rglob("*.[mgj]*") if p.is_file()}
        left.append((done.returncode, done.stdout, done.stderr, files))
    assert left[0] == left[1]
    assert left[0][0] == code


def test_regrade_makes_the_answers_of_forms_again(tmp_path: Path) -> None:
    options = ("-n", "2", "--kind", "count", "--forms", "A,B", "--format", "md")
    assert run("quiz", "generate", *options, folder=tmp_path).returncode == 0
    again = run("quiz", "regrade", "output/quiz-seed0-manifest.jsonl", "--format", "md",
                folder=tmp_path)  # fmt: skip
    assert "unchanged: output/quiz-seed0-answers.md" in again.stdout


BANK = """
title = "our own topic"
source = "The lecturer"
""" + "".join(
    f"""
[[claim]]
id = "own-{i}"
true = {str(i % 2 == 0).lower()}
about = "thing {i}"
texts = ["Our claim number {i} holds.", "What we claim as number {i} is so."]
why = "We say so."
"""
    + ("" if i % 2 == 0 else 'misconception = "the other way round"\n')
    for i in range(16)
)


def test_a_bank_of_ones_own(tmp_path: Path) -> None:
    written(tmp_path, "mine.toml", BANK)
    options = ("--bank", "mine.toml", "-n", "6", "--format", "md")
    done = run("quiz", "generate", *options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "output" / "quiz-seed0.md").read_text()
    assert "number" in text
    assert "GRU" not in text
    again = run("quiz", "regrade", "output/quiz-seed0-manifest.jsonl", "--format", "md",
                folder=tmp_path)  # fmt: skip
    assert "written" not in again.stdout
    other = run("quiz", "generate", "--bank", "mine.toml", "--topic", "counts", folder=tmp_path)
    assert other.returncode == 2
    assert "no question asked for is made of claims, as those of mine.toml are" in other.stderr
    missing = run("quiz", "generate", "--bank", "none.toml", folder=tmp_path)
    assert missing.returncode == 2
    assert "none.toml" in missing.stderr


def test_the_kinds_are_listed_with_topic_and_number(tmp_path: Path) -> None:
    lines = run("quiz", "kinds", folder=tmp_path).stdout.splitlines()
    assert lines[0].split() == ["kind", "topic", "level", "marks", "verb", "variants"]
    assert any(line.split()[:2] == ["count", "counts"] for line in lines)


def test_manifest_lines_are_json() -> None:
    items = generate(Selection.of(["count"]), 1, 7)
    data = json.loads(manifest_line(Paper("quiz-seed7", 7, (("Part", items),))))
    assert data["sections"][0]["questions"][0]["id"] == items[0].id
