"""Files of others: limits of what is read, and letters that show something other than is there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnsym.errors import InputError
from rnnsym.quiz.claim_bank import load
from rnnsym.quiz.roster import read_roster
from rnnsym.texts import check_letters, parse_toml, read_text

Reader = Callable[[Path], object]
READERS: dict[str, Reader] = {"bank": lambda path: load(str(path))}
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
