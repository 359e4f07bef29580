"""Where documents go: formats, folder, paper and templates, and what is said of it."""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import wraps
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any

import click

from rnnsym.cli.options import ChoiceOf, say
from rnnsym.errors import RnnsymError
from rnnsym.record import record

if TYPE_CHECKING:
    from types import TracebackType

    from rich.status import Status

    from rnnsym.document import Document, Style

__all__ = [
    "DEFAULT_FORMATS",
    "Output",
    "Progress",
    "conclude",
    "output_options",
    "rendered",
    "save",
]

DEFAULT_FORMATS = ("latex", "pdf")
EVERY_FORMAT = ("tex", "pdf", "html", "md", "ipynb", "json", "text")
DELAY = 1.0
"""Seconds before a terminal is told what takes so long."""


@record
class Output:
    """What ``output_options`` reads; commands get it as ``output``.

    Attributes:
        formats: as typed; None means tex, and pdf where TeX runs.
    """

    formats: str | None
    out: Path
    force: bool
    paper: str
    large: bool
    templates: Path | None

    def style(self) -> "Style":
        """Return how documents are set.

        Raises:
            InputError: the folder of templates holds none.
        """
        from rnnsym.document import Style

        if self.templates is not None:
            from rnnsym.export.templates import check_templates

            check_templates(self.templates)
        return Style(self.paper, self.large, self.templates)


def output_options(*formats: str) -> Callable[[Any], Any]:
    """Add where and how files are written, as one argument ``output``.

    Args:
        formats: what a command writes beside the formats of every document.
    """
    names = ", ".join(dict.fromkeys((*EVERY_FORMAT, *formats)))
    return lambda function: _with_output(function, names)


def _with_output(function: Any, formats: str) -> Any:
    @wraps(function)
    def collected(*args: Any, **given: Any) -> Any:
        output = Output(**{f.name: given.pop(f.name) for f in fields(Output)})
        return function(*args, output=output, **given)

    decorators = [
        click.option(
            "--format",
            "formats",
            default=None,
            metavar="NAMES",
            help=f"Comma-separated, of {formats}  [default: tex, and pdf where TeX runs]",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            default=Path("output"),
            show_default=True,
            help="Folder.",
        ),
        click.option("--force", is_flag=True, help="Replace files that hold other content."),
        click.option(
            "--paper",
            type=ChoiceOf("paper", ("a4", "letter"), {}),
            default="a4",
            show_default=True,
            help="Paper of tex, pdf and html.",
        ),
        click.option("--large-print", "large", is_flag=True, help="Letters of 17 points."),
        click.option(
            "--templates",
            type=click.Path(path_type=Path),
            default=None,
            metavar="FOLDER",
            help="Templates that go before rnnsym's own: FOLDER/latex, FOLDER/html.",
        ),
    ]
    command: Any = collected
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


class Progress:
    """Says on a terminal what is being done, once it has taken over a second."""

    def __init__(self) -> None:
        self._text = "deriving and checking"
        self._status: Status | None = None
        self._lock = Lock()
        self._timer = Timer(DELAY, self._start)

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        self._timer.cancel()
        if self._timer.is_alive():
            self._timer.join()
        if self._status is not None:
            self._status.stop()

    def say(self, text: str) -> None:
        """Set what is being done."""
        with self._lock:
            self._text = text
            if self._status is not None:
                self._status.update(text)

    def _start(self) -> None:
        from rich.console import Console

        with self._lock:
            self._status = Console(stderr=True).status(self._text)
            self._status.start()


def save(documents: "Iterable[Document]", output: Output) -> None:
    """Write documents in the formats asked for and say which files there are."""
    from rnnsym.export.files import check_folder, write_files
    from rnnsym.export.formats import parse_formats

    style = output.style()
    formats = DEFAULT_FORMATS if output.formats is None else parse_formats(output.formats)
    files: dict[str, bytes] = {}
    failures: list[RnnsymError] = []
    with Progress() as progress:
        made = [*documents]
        check_folder(output.out)
        for document in made:
            for name in formats:
                progress.say(f"{document.name}: {name}")
                files |= rendered(document, name, style, failures)
    for written in write_files(output.out, files.items(), force=output.force):
        say(f"{written.status}: {written.path}")
    conclude(failures, output)


def rendered(
    document: "Document", name: str, style: "Style", failures: list[RnnsymError]
) -> dict[str, bytes]:
    """Return a document's files; where its PDF cannot be made, its ``.tex``, and add the failure.

    Args:
        document: what is rendered.
        name: the format.
        style: how it is set.
        failures: why there are fewer files than were asked for; ``conclude`` reports them.
    """
    from rnnsym.export.formats import render_files
    from rnnsym.export.pdf import NoEngineError, TexError

    try:
        return render_files(document, name, style)
    except (NoEngineError, TexError) as error:
        failures.append(error)
        return render_files(document, "latex", style)


def conclude(failures: Sequence[RnnsymError], output: Output) -> None:
    """Report PDFs that are missing: an error, unless nobody asked for them and TeX is not there.

    Raises:
        RnnsymError: the first failure.
    """
    from rnnsym.export.pdf import NoEngineError

    for error in failures[:1]:
        if output.formats is not None or not isinstance(error, NoEngineError):
            raise error
        print(f"rnnsym: {error}", file=sys.stderr)
