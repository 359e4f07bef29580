"""Long work: processes that nobody asked for, and memory that does not grow with the papers."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from rnnsym.cli.output import Output
from rnnsym.cli.quiz_files import Writer
from rnnsym.cli.quiz_wanted import Wanted
from rnnsym.cli.quizzes import MANY
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.pool import processors
from rnnsym.quiz.registry import load_kind
from rnnsym.quiz.roster import Student
from rnnsym.quiz.rounds import generate
from rnnsym.quiz.selection import Selection
from tests.terminal import run
from tests.test_papers import MINE, written

NOTED = """
    import os, time
    from pathlib import Path
    time.sleep(0.005)  # so that no process does all the work before another has begun
    Path("seen", str(os.getpid())).touch()
"""


def processes(folder: Path, *options: str) -> int:
    """Tell how many processes made questions of a user's kinds, of which there are two."""
    (folder / "seen").mkdir()
    for name in ("mine", "yours"):
        text = MINE.replace("\n    BODY\n", NOTED).replace('"mine"', f'"{name}"')
        # There are enough of them for a long paper.
        written(folder, f"{name}.py", text.replace("2, 9", "2, 9999").replace(": 8,", ": 9998,"))
    done = run("quiz", *options, "--kind", "mine.py,yours.py", folder=folder)
    assert done.returncode in {0, 1}, done.stderr  # lint finds fault with such kinds
    return len(list((folder / "seen").iterdir()))


@pytest.mark.skipif(processors() < 2, reason="there is one processor to share work")
@pytest.mark.parametrize(
    ("options", "students", "shared"),
    [
        ("lint -n 8", 0, True),
        ("lint -n 8 --jobs 1", 0, False),
        ("generate -n 1 --roster r.csv --format gift", MANY, True),
        ("generate -n 1 --roster r.csv --format gift", MANY - 1, False),
        ("generate -n 1 --roster r.csv --format gift --jobs 1", MANY, False),
        ("generate -n 1000 --format json", 0, True),
    ],
)
def test_long_work_is_shared_unasked(
    options: str, students: int, shared: bool, tmp_path: Path
) -> None:
    written(tmp_path, "r.csv", "id\n" + "".join(f"s{i}\n" for i in range(students)))
    assert (processes(tmp_path, *options.split()) > 1) is shared


def peak(folder: Path, kind: Path, papers: int) -> int:
    """Return how many bytes are held at most while papers are written one after the other."""
    wanted = Wanted(0, 1, (), (str(kind),), (), "1-5", None, None, None)
    output = Output("gift", folder / str(papers), force=False, paper="a4", large=False,
                    templates=None)  # fmt: skip
    writer = Writer(output, wanted)
    tracemalloc.start()
    writer.write(Student(f"s{i}", "") for i in range(papers))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_is_flat_in_the_number_of_papers(tmp_path: Path) -> None:
    size = 20_000
    text = MINE.replace("BODY", "pass").replace('("about", "k")', f'("about", "k" * {size})')
    kind = written(tmp_path, "mine.py", text)
    peak(tmp_path, kind, 10)  # whatever is set up once
    few, many = peak(tmp_path, kind, 20), peak(tmp_path, kind, 120)
    assert many - few < 100 * size / 4
    assert (tmp_path / "120" / "quiz-seed0-manifest.jsonl").stat().st_size > 100 * size


def test_what_a_format_cannot_carry_is_said_once_of_many_papers(tmp_path: Path) -> None:
    """A thousand papers had twenty thousand lines, of which none named its paper."""
    written(tmp_path, "r.csv", "id\n" + "".join(f"s{i}\n" for i in range(20)))
    options = ("generate", "-n", "3", "--kind", "prove", "--format", "gift")
    one = run("quiz", *options, folder=tmp_path).stderr.splitlines()
    roster = ("--roster", "r.csv", "--out", "many")
    many = run("quiz", *options, *roster, folder=tmp_path).stderr.splitlines()
    assert any(line.startswith("rnnsym: gift cannot carry: question 1: ") for line in one)
    assert 0 < len(many) < 20
    assert len({line.partition(" (questions: ")[0] for line in many}) == len(many)
    assert all(line.endswith(", of 20 papers)") for line in many)


def test_a_draw_that_is_refused_is_let_go() -> None:
    """Each held the lines worked so far until the collector came round."""
    gc.collect()
    gc.disable()
    try:
        kinds = tuple(map(load_kind, ("forward_steps", "bptt_bias")))
        assert generate(Selection(kinds), 20, 3)
        kept = [o for o in gc.get_objects() if isinstance(o, Unfair)]
    finally:
        gc.enable()
    assert not kept
