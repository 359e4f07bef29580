"""Files of others: limits of what is read, and letters that show something other than is there."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rnnsym.code.module import module_source
from rnnsym.errors import InputError
from rnnsym.export.files import write_files
from rnnsym.quiz.blueprint import read_blueprint
from rnnsym.quiz.claim_bank import load
from rnnsym.quiz.manifest import read_ledger, read_manifest
from rnnsym.quiz.roster import read_roster
from rnnsym.system import read_model
from rnnsym.texts import check_letters, parse_toml, read_text
from rnnsym.version import VERSION

Reader = Callable[[Path], object]
READERS: dict[str, Reader] = {"bank": lambda path: load(str(path)), "blueprint": read_blueprint}
BOMBS = {
    "nested lists": ("title = " + "[" * 1900 + "]" * 1900, "nested too deeply"),
    "nested tables": ("a = " + "{a=" * 900 + "1" + "}" * 900, "nested too deeply"),
    "long line": (f"title = '{'x' * 4000}'", "line 1 has more than 4000 characters"),
    "long name": ("\na" + ".a" * 100_000 + " = 1", "line 2 has more than 4000 characters"),
    "large": ("# x\n" * 70_000, "is larger than 262144 bytes"),
    "long number": (f"title = {'9' * 3000}", "a whole number of more than 64 bits"),
    "null": ('title = "a\\u0000b"', "U+0000, which cannot be printed"),
    "escape sequence": ('title = "\\u001b[2J"', "U+001B, which cannot be printed"),
    "order turned round": ('title = "\\u202Egnorw"', "U+202E, which cannot be printed"),
    "in a name": ('"a\\u2028" = "b"', "U+2028, which cannot be printed"),
    "in a list": ('claim = [{id = "\\uFFFE"}]', "U+FFFE, which cannot be printed"),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(("text", "reason"), BOMBS.values(), ids=BOMBS)
def test_what_is_too_much_is_refused_in_one_line(
    text: str, reason: str, reader: Reader, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        reader(path)
    message = str(error.value)
    assert reason in message
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    "text", ["naïve Ω ∂⁺ ᾱ", "نيم\u200cفاصله", "e\u0301 \U0001f600", "a\tb\r\nc", "\ufeffid"]
)
def test_letters_of_any_script_are_read(text: str) -> None:
    check_letters("here", {"a": [text, 1, 2.5, True, None]})


def test_a_byte_order_mark_is_no_letter(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("title = 'x'", encoding="utf-8-sig")
    assert parse_toml("here", read_text("file", path)) == {"title": "x"}


def test_no_path_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the file .*: Is a directory"):
        read_text("file", tmp_path)
    with pytest.raises(InputError, match=r"cannot read the file: .*null"):
        read_text("file", Path("a\x00b"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("s\x00,b", "row 2, column id: a text with U"),
        ("s,\u202ebob", "row 2, column name: a text with U"),
        ("s,'\u2028'", "row 2, column name: a text with U"),
        ('s,"a\nb"', "row 3, column name: not one line of at most 200"),
        (f"{'x' * 10**6},b", "row 1: field larger than field limit"),
    ],
)
def test_rosters_hold_names(row: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text(f"id,name\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        read_roster(path)


HEAD = f'{{"manifest": 1, "rnnsym": "{VERSION}", "seed": 7}}\n'
PAPER: dict[str, Any] = {"name": "p", "title": "t", "form": "", "student": None, "sections": []}


def manifest(folder: Path, paper: str) -> Path:
    path = folder / "m.jsonl"
    path.write_text(HEAD + paper + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("paper", "reason"),
    [
        ("[" * 100_000, "line 2: nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "line 2: a whole number of more than 64 bits"),
        ('{"a": "\\u0000"}', "line 2: a text with U+0000, which cannot be printed"),
        ('{"a": "\\ud800"}', "line 2: a text with U+D800, which cannot be printed"),
        ("[]", "line 2: an object in braces is expected"),
        (json.dumps(PAPER | {"title": 3}), "line 2: no paper can be rebuilt"),
        (json.dumps(PAPER | {"student": {"id": 3}}), "line 2: no paper can be rebuilt"),
        (json.dumps(PAPER | {"sections": [{"title": "", "questions": [3]}]}), "can be rebuilt"),
    ],
)
def test_manifests_of_others(paper: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        list(read_manifest(manifest(tmp_path, paper)))
    assert reason in str(error.value)


@pytest.mark.parametrize("by_kind", [True, False])
def test_a_manifest_runs_no_code(tmp_path: Path, *, by_kind: bool) -> None:
    code = tmp_path / "code.py"
    code.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    question: dict[str, Any] = {"kind": "mine", "file": str(code), "id": "mine-1", "parameters": {}}
    if by_kind:
        question = {"kind": str(code), "id": "mine-1", "parameters": {}}
    paper = PAPER | {"sections": [{"title": "", "questions": [question]}]}
    with pytest.raises(InputError, match=r"--kind|unknown kind"):
        list(read_manifest(manifest(tmp_path, json.dumps(paper))))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "line", ['{"kind": "count"}', '{"kind": "count", "parameters": {"a": [1]}}', '{"kind": 1}']
)
def test_ledgers_of_others(line: str, tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1: a ledger's line has kind and parameters"):
        read_ledger(path)


@pytest.mark.parametrize("name", ["../x.txt", "/tmp/x.txt", "a/b", "..", "", "a\x00b"])
def test_no_file_leaves_its_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "output"
    with pytest.raises(InputError, match="folder"):
        write_files(folder, [("good.txt", b"x"), (name, b"x")])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target", ["numpy", "pytorch"])
def test_the_path_of_a_cell_stays_within_the_docstring(target: str, tmp_path: Path) -> None:
    path = tmp_path / 'a"""+undefined\\N+r"""\\.toml'
    path.write_text('[states]\nh = "n"\n[equations]\nh = "tanh(W @ x[t] + U @ h[t-1])"\n')
    tree = ast.parse(module_source(read_model(str(path)), target))
    docstring = ast.get_docstring(tree)
    assert docstring
    assert str(path) in "".join(docstring.split())
