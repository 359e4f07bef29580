"""PDF from LaTeX by whatever engine runs here: latexmk, pdflatex or tectonic, each probed first.

The engine works in a scratch folder, without shell escape, reading and writing only there.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rnnsym.errors import InputError, RnnsymError
from rnnsym.export.tex_log import complaint
from rnnsym.record import record

__all__ = ["Engine", "NoEngineError", "OwnTexError", "TexError", "find_engine", "typeset"]

INSTALL = (
    "no TeX engine found: install one, e.g. 'apt-get install latexmk texlive-latex-extra lmodern' "
    "or \"pip install 'rnnsym[pdf]'\""
)
TIMEOUT = 180
PROBE_TIMEOUT = 20


class NoEngineError(InputError):
    """There is no TeX to make a PDF with."""


class TexError(RnnsymError):
    """TeX refused a document."""

    exit_code = 70


class OwnTexError(TexError):
    """TeX refused a document that is set with templates of the user's."""

    exit_code = 2


@record
class Engine:
    """A TeX engine: its name, its command, and how many runs settle references."""

    name: str
    command: tuple[str, ...]
    runs: int


ENGINES = (
    Engine(
        "latexmk",
        ("latexmk", "-pdf", "-norc", "-interaction=nonstopmode", "-halt-on-error",
         "-latexoption=-no-shell-escape", "-latexoption=-file-line-error"),
        1,
    ),
    Engine(
        "pdflatex",
        ("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape",
         "-file-line-error"),
        3,
    ),
    Engine("tectonic", ("tectonic", "--untrusted"), 1),
)  # fmt: skip


def find_engine(name: str = "document") -> Engine:
    """Return the first engine that starts.

    Args:
        name: of the document, for the message.

    Raises:
        NoEngineError: none does; says what to install.
    """
    for engine in ENGINES:
        if _starts(engine):
            return engine
    raise NoEngineError(f"{name}.pdf is not made: {INSTALL}; its .tex is written")


def _starts(engine: Engine) -> bool:
    program = shutil.which(engine.command[0])
    if program is None or (engine.name == "latexmk" and shutil.which("pdflatex") is None):
        return False
    try:
        probe = subprocess.run(
            [program, "--version"], capture_output=True, timeout=PROBE_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def typeset(name: str, files: Mapping[str, bytes], engine: Engine) -> bytes:
    """Return the PDF of a LaTeX source, the same bytes every time.

    Args:
        name: of the document; its source is ``name.tex``.
        files: the source, and what it includes.
        engine: what ``find_engine`` found.

    Raises:
        TexError: with TeX's first complaint, the source line, and the block and formula there.
    """
    with tempfile.TemporaryDirectory(prefix="rnnsym-") as scratch:
        folder = Path(scratch)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        for _ in range(engine.runs):
            output, code = _run(engine, f"{name}.tex", folder)
            if code != 0:
                source = files[f"{name}.tex"].decode()
                raise TexError(complaint(name, source, output.decode("utf-8", "replace")))
        made = folder / f"{name}.pdf"
        if not made.exists():
            raise TexError(f"{engine.name} made no PDF of {name}.tex")
        return made.read_bytes()


def _run(engine: Engine, source: str, folder: Path) -> tuple[bytes, int]:
    confined = {
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
        "openin_any": "p",
        "openout_any": "p",
        "TEXMFOUTPUT": str(folder),
        "max_print_line": "1000",
    }
    process = subprocess.Popen(
        [*engine.command, source],
        cwd=folder,
        env={**os.environ, **confined},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise TexError(f"{engine.name} did not finish {source} within {TIMEOUT} s") from None
    finally:
        _end(process)
    return output, process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an engine that still runs, and what it started: latexmk leaves TeX behind."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
