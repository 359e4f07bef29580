"""What commands write: all of it or nothing, quietly, and never over other content unasked."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.terminal import call, run


def test_files_are_left_alone_replaced_only_by_force_and_never_half_written(tmp_path: Path) -> None:
    sheet = ["sheet", "vanilla", "--format", "tex"]
    assert call(*sheet, folder=tmp_path).stdout == "written: output/vanilla.tex\n"
    assert call(*sheet, folder=tmp_path).stdout == "unchanged: output/vanilla.tex\n"
    path = tmp_path / "output" / "vanilla.tex"
    whole = path.read_bytes()
    path.write_text("mine")
    refused = call(*sheet, folder=tmp_path)
    assert (refused.returncode, path.read_text()) == (2, "mine")
    assert "--force" in refused.stderr
    assert call(*sheet, "--force", folder=tmp_path).returncode == 0
    assert path.read_bytes() == whole
    assert [p.name for p in path.parent.iterdir()] == ["vanilla.tex"]


def test_without_a_tex_engine_the_sheet_is_still_written(tmp_path: Path) -> None:
    done = run("sheet", "vanilla", folder=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 0
    assert "install" in done.stderr
    assert (tmp_path / "output" / "vanilla.tex").exists()
    asked = run("sheet", "vanilla", "--format", "pdf", folder=tmp_path, PATH=str(tmp_path))
    assert (asked.returncode, asked.stderr.count("\n")) == (2, 1)


def test_every_format_at_once_from_one_sheet(tmp_path: Path) -> None:
    formats = "tex,html,md,ipynb,json,text"
    done = call("sheet", "vanilla", "--format", formats, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    endings = sorted(path.suffix for path in (tmp_path / "output").iterdir())
    assert endings == [".html", ".ipynb", ".json", ".md", ".tex", ".txt"]


def test_other_content_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "vanilla.md").write_text("mine")
    done = call("sheet", "vanilla", "--format", "tex,md", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "vanilla.md exists with other content; --force replaces it" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["vanilla.md"]


def test_progress_is_shown_on_a_terminal_only_where_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rnnsym.cli import output

    monkeypatch.setattr(output, "DELAY", 0.05)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for wait, shown in ((0.0, False), (0.6, True)):
        with output.Progress() as progress:
            progress.say("lstm: pdf")
            time.sleep(wait)
        assert ("lstm: pdf" in capsys.readouterr().err) == shown
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    with output.Progress():
        time.sleep(0.3)
    assert capsys.readouterr().err == ""


def test_interrupted_and_broken_pipe_are_quiet(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m rnnsym derive 'bi(lstm)*2' | head -n 1",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    process = subprocess.Popen(
        [sys.executable, "-m", "rnnsym", "check", "all"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background inherit that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread runs
    )
    assert process.stdout is not None
    process.stdout.readline()  # it is at work now
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint.strip()) == (130, "rnnsym: interrupted")


def test_a_kill_while_writing_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Killed at any moment there is a whole file or none, and no scratch file."""
    command = [sys.executable, "-m", "rnnsym", "sheet", "vanilla", "--format", "tex"]
    whole = run(*command[3:], folder=tmp_path)
    assert whole.returncode == 0
    content = (tmp_path / "output" / "vanilla.tex").read_bytes()
    for tenths in range(3, 11, 2):
        folder = tmp_path / str(tenths)
        folder.mkdir()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=tenths / 10)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        left = [p for p in folder.rglob("*") if p.is_file()]
        assert all(p.name == "vanilla.tex" and p.read_bytes() == content for p in left)
