"""Every claim of the README that can be run is run."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from tests.terminal import run

README = Path(__file__).parent.parent / "README.md"
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ERROR = re.compile(r"\d\.\de-\d\d")


def blocks(language: str, file: Path = README) -> list[str]:
    return [text for name, text in FENCED.findall(file.read_text("utf-8")) if name == language]


def sessions() -> list[tuple[str, str]]:
    """Every command of a console block with the output printed below it."""
    found: list[tuple[str, str]] = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def pattern(output: str) -> str:
    """The output as a pattern, … for any lines."""
    lines = output.splitlines(keepends=True)
    return "".join("(?:.*\n)*?" if line == "…\n" else re.escape(line) for line in lines)


def without_errors(text: str) -> str:
    """A text without its rounding errors, whose last bits differ between processors."""
    return ERROR.sub("(error)", text)


@pytest.mark.parametrize(("command", "output"), sessions(), ids=lambda v: str(v)[:40])
def test_console_blocks_show_what_is_printed(command: str, output: str, tmp_path: Path) -> None:
    done = run(*shlex.split(command)[1:], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = without_errors(done.stdout)
    assert re.fullmatch(pattern(without_errors(output)), printed), printed


def test_python_blocks_are_true() -> None:
    text = "\n".join(blocks("python"))
    example = doctest.DocTestParser().get_doctest(text, {}, "README", str(README), 0)
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


def test_exit_codes_are_those_listed(tmp_path: Path) -> None:
    assert run("check", "vanilla", folder=tmp_path).returncode == 0
    assert run("check", "no-such-cell", folder=tmp_path).returncode == 2


def test_the_blueprint_and_the_roster_that_are_described_make_papers(tmp_path: Path) -> None:
    described = README.parent / "rnnsym" / "quiz" / "README.md"
    for language, name in (("toml", "exam.toml"), ("csv", "students.csv")):
        [text] = blocks(language, described)
        (tmp_path / name).write_text(text, encoding="utf-8")
    asked = ("--blueprint", "exam.toml", "--roster", "students.csv", "--format", "md")
    done = run("quiz", "generate", *asked, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("written: output/") == 2 * 2 + 1
