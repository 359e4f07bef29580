"""PDF from LaTeX by whatever engine runs here: latexmk, pdflatex or tectonic, each probed first.

The engine works in a scratch folder, without shell escape, reading and writing only there.
"""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rnnsym.errors import RnnsymError

__all__ = ["Engine", "TexError", "find_engine", "typeset"]

INSTALL = (
    "no TeX engine found: install one, e.g. 'apt-get install latexmk texlive-latex-extra lmodern' "
    "or \"pip install 'rnnsym[pdf]'\""
)
TIMEOUT = 180
PROBE_TIMEOUT = 20


class TexError(RnnsymError):
    """TeX refused a document."""

    exit_code = 70


@dataclass(frozen=True, slots=True)
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


def find_engine() -> Engine | None:
    """Return the first engine that starts, or None."""
    return next((engine for engine in ENGINES if _starts(engine)), None)


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


def typeset(name: str, tex: bytes, engine: Engine) -> bytes:
    """Return the PDF of a LaTeX source, the same bytes every time.

    Raises:
        TexError: with TeX's first complaint and the source line it points to.
    """
    with tempfile.TemporaryDirectory(prefix="rnnsym-") as scratch:
        folder = Path(scratch)
        source = folder / f"{name}.tex"
        source.write_bytes(tex)
        output = b""
        for _ in range(engine.runs):
            output, code = _run(engine, source, folder)
            if code != 0:
                raise TexError(_complaint(name, tex, output.decode("utf-8", "replace")))
        made = folder / f"{name}.pdf"
        if not made.exists():
            raise TexError(f"{engine.name} made no PDF of {name}.tex")
        return made.read_bytes()


def _run(engine: Engine, source: Path, folder: Path) -> tuple[bytes, int]:
    confined = {
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
        "openin_any": "p",
        "openout_any": "p",
        "TEXMFOUTPUT": str(folder),
        "max_print_line": "1000",
    }
    try:
        done = subprocess.run(
            [*engine.command, source.name],
            cwd=folder,
            env={**os.environ, **confined},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TexError(f"{engine.name} did not finish within {TIMEOUT} s") from None
    return done.stdout, done.returncode


def _complaint(name: str, tex: bytes, log: str) -> str:
    """Return TeX's first error with the source line it names, and the question it is in."""
    found = re.search(r"^(?:\S*?\.tex:(\d+): |! )(.*)$", log, re.MULTILINE)
    if found is None:
        return f"TeX failed on {name}.tex: {log.strip().splitlines()[-1] if log.strip() else ''}"
    number = found.group(1) or next(iter(re.findall(r"^l\.(\d+)", log, re.MULTILINE)), "0")
    lines = tex.decode().splitlines()
    place = int(number)
    text = lines[place - 1].strip() if 0 < place <= len(lines) else ""
    question = next((x for x in reversed(lines[:place]) if x.startswith(r"\question")), "")
    where = f", in {question.rsplit('% ', 1)[-1]}" if "% " in question else ""
    return f"TeX failed on {name}.tex, line {number}{where}: {found.group(2)}: {text}"
