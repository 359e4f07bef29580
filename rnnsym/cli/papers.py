"""``rnnsym sheet`` and ``rnnsym quiz``."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click
from click.core import ParameterSource

from rnnsym.cli.options import Group, build, models_options, say
from rnnsym.errors import InputError

if TYPE_CHECKING:
    from rnnsym.document import Document

__all__ = ["COMMANDS"]

DEFAULT = ParameterSource.DEFAULT


def output_options(function: Any) -> Any:
    """Add where and how files are written."""
    decorators = [
        click.option(
            "--format",
            "formats",
            default=None,
            metavar="tex,pdf,md,text",
            help="Formats, comma-separated  [default: tex, and pdf where TeX runs]",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            default=Path("output"),
            show_default=True,
            help="Folder.",
        ),
        click.option("--force", is_flag=True, help="Replace files that hold other content."),
    ]
    for decorator in reversed(decorators):
        function = decorator(function)
    return function


def save(documents: "list[Document]", formats: str | None, out: Path, force: bool) -> None:
    """Write documents in the formats asked for and say which files there are."""
    from rnnsym.export.files import check_folder, write_files
    from rnnsym.export.formats import parse_formats, render_files

    chosen = ("latex", "pdf") if formats is None else parse_formats(formats)
    check_folder(out)
    files: dict[str, bytes] = {}
    for document in documents:
        for name in chosen:
            if name == "pdf" and formats is None:
                files |= _pdf_if_possible(document)
            else:
                files |= render_files(document, name)
    for written in write_files(out, files, force=force):
        say(f"{written.status}: {written.path}")


def _pdf_if_possible(document: "Document") -> dict[str, bytes]:
    from rnnsym.export.formats import pdf_files
    from rnnsym.export.pdf import INSTALL

    files = pdf_files(document)
    if not files:
        print(f"rnnsym: {document.name}.pdf is not made: {INSTALL}", file=sys.stderr)
    return files


@click.command()
@models_options("[TOPIC]...")
@click.option("--list", "listing", is_flag=True, help="List the topics.")
@output_options
def sheet(
    texts: tuple[str, ...], listing: bool, formats: str | None, out: Path, force: bool,
    **chosen: Any,
) -> None:  # fmt: skip
    """Write the study sheet of each TOPIC: a topic of the list, a cell or a model text."""
    if listing:
        _list_topics()
        return
    if not texts:
        raise InputError("no topic is given; rnnsym sheet --list shows them")
    save([_sheet(text, chosen) for text in texts], formats, out, force)


def _list_topics() -> None:
    from rnnsym.sheet.topic import load_topic, topic_names

    names = topic_names()
    width = max(map(len, names)) + 2
    for name in names:
        say(f"{name:{width}}{load_topic(name).line}")
    say('or any cell (rnnsym cells) or model text, such as gru-reset-after or "bi(mgu)*2"')


def _sheet(text: str, chosen: Any) -> "Document":
    from rnnsym.sheet.topic import find_topic, topic_document

    topic = find_topic(text, chosen["convention"])
    if topic is None:
        return build(text, **chosen).sheet()
    context = click.get_current_context()
    given = [name for name in chosen if context.get_parameter_source(name) is not DEFAULT]
    if given:
        option = given[0].replace("sizes", "set").replace("_", "-")
        raise InputError(f"--{option} goes with a cell or a model text; '{text}' is a topic")
    return topic_document(topic)


class QuizGroup(Group):
    """The quiz commands; ``generation`` means ``generate``."""

    aliases: ClassVar[Mapping[str, str]] = {"generation": "generate"}


@click.group(cls=QuizGroup)
def quiz() -> None:
    """Questions with proven keys."""


@quiz.command()
@click.option("-n", "count", type=int, default=10, show_default=True, help="How many questions.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same paper.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these kinds.")
@click.option("--cell", "subjects", multiple=True, metavar="CELL", help="Only about these cells.")
@output_options
def generate(
    count: int, seed: int, kinds: tuple[str, ...], subjects: tuple[str, ...], **output: Any
) -> None:
    """Write an exam paper, and its key as a second file."""
    from rnnsym.api import generate_quiz
    from rnnsym.quiz.paper import paper

    items = generate_quiz(count, seed, kinds, subjects)
    save([paper(items, seed, solved=False), paper(items, seed, solved=True)], **output)


@quiz.command(name="kinds")
def list_kinds() -> None:
    """List the kinds of question."""
    from rnnsym.quiz.registry import kind_names

    for name in kind_names():
        say(name)


COMMANDS = (sheet, quiz)
