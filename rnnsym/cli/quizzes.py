"""``rnnsym quiz``: papers, kinds, and papers rebuilt from their manifests."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import click
from click.core import ParameterSource

from rnnsym.cli.options import ChoiceOf, Group, say
from rnnsym.cli.output import Output, output_options
from rnnsym.errors import InputError
from rnnsym.export.quiz import paper_formats

__all__ = ["COMMANDS"]

MOST_FORMS = 26
MANY = 50
"""Papers from which on it pays to start processes."""


class QuizGroup(Group):
    """The quiz commands; ``generation`` means ``generate``."""

    aliases: ClassVar[Mapping[str, str]] = {"generation": "generate"}


@click.group(cls=QuizGroup)
def quiz() -> None:
    """Questions with proven keys."""


def _listed(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> Any:
    """Split what was given several times, or with commas."""
    return tuple(part.strip() for text in given for part in text.split(",") if part.strip())


FILE = click.Path(path_type=Path)


@quiz.command()
@click.option("-n", "count", type=int, default=10, show_default=True, help="How many questions.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same paper.")
@click.option("--topic", "topics", multiple=True, metavar="TOPIC", callback=_listed,
              help="Only these topics; quiz kinds lists them.")  # fmt: skip
@click.option("--kind", "kinds", multiple=True, metavar="KIND", callback=_listed,
              help="Only these kinds; a .py file is a kind of your own.")  # fmt: skip
@click.option("--cell", "subjects", multiple=True, metavar="CELL", callback=_listed,
              help="Only about these cells.")  # fmt: skip
@click.option("--level", "levels", default="1-5", show_default=True, metavar="2-4",
              help="Only of these levels.")  # fmt: skip
@click.option("--bank", type=FILE, metavar="FILE.toml",
              help="Claims of your own for the concept questions.")  # fmt: skip
@click.option("--blueprint", type=FILE, metavar="FILE.toml", help="What each section holds.")
@click.option("--forms", metavar="A,B,C", default=None, help="Forms of equal worth.")
@click.option("--roster", type=FILE, metavar="FILE.csv", help="A paper for each student.")
@click.option("--ledger", type=FILE, metavar="FILE.jsonl",
              help="Asks nothing that stands in it, and adds what is asked.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=None,
              help="Processes that share forms, a roster, or a long paper in JSON; without it, one "
              "for each processor where that pays.")  # fmt: skip
@output_options(*paper_formats())
def generate(
    forms: str | None, roster: Path | None, jobs: int | None, output: Output, **chosen: Any
) -> None:
    """Write an exam paper, its key, and a manifest that rebuilds both."""
    from rnnsym.cli.quiz_files import Writer
    from rnnsym.cli.quiz_wanted import Wanted, blueprint_of
    from rnnsym.quiz.pool import processors
    from rnnsym.quiz.roster import read_roster

    letters = _forms(forms)
    if roster and letters:
        raise InputError("--forms and --roster exclude each other: a student's paper is a form")
    wanted = Wanted(**chosen)
    if wanted.blueprint:
        _check_said_once()
    students = read_roster(roster) if roster else ()
    blueprint_of(wanted)  # before there are processes that would each read it, and each complain
    writer = Writer(output, wanted)
    several = len(students) or len(letters) or 1
    papers = students or wanted.drawn(letters)
    jobs = jobs or (processors() if several >= MANY or writer.shares else 1)
    if several == 1 < jobs and writer.shares:
        papers = wanted.shared(jobs)
    writer.write(papers, min(jobs, several))


def _forms(text: str | None) -> tuple[str, ...]:
    letters = tuple(part.strip() for part in text.split(",")) if text else ()
    for letter in letters:
        if not (letter.isascii() and letter.isalnum()):
            raise InputError(f"a form is a letter or a number, as in A,B,C, not '{letter}'")
    if len(set(letters)) < len(letters) or len(letters) > MOST_FORMS:
        raise InputError(f"forms are at most {MOST_FORMS}, each once, not {text}")
    return letters


def _check_said_once() -> None:
    """See that nothing is asked for that is said by a blueprint."""
    context = click.get_current_context()
    for name, option in (("count", "-n"), ("topics", "--topic"), ("kinds", "--kind"),
                         ("subjects", "--cell"), ("levels", "--level")):  # fmt: skip
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise InputError(f"{option} is said by the blueprint, section by section")


@quiz.command()
@click.argument("manifest", type=FILE)
@click.option("--kind", "kinds", multiple=True, metavar="FILE.py", callback=_listed,
              help="A kind of your own that MANIFEST asks.")  # fmt: skip
@output_options(*paper_formats())
def regrade(manifest: Path, kinds: Sequence[str], output: Output) -> None:
    """Write the papers and keys of MANIFEST again."""
    from rnnsym.cli.quiz_files import Writer
    from rnnsym.quiz.manifest import read_manifest
    from rnnsym.quiz.registry import load_kind

    own = [load_kind(name) for name in kinds]
    Writer(output).write(read_manifest(manifest, own))


@quiz.command()
@click.option("--n", "-n", "count", type=click.IntRange(1), default=2000, show_default=True,
              help="Seeds of each kind.")  # fmt: skip
@click.option("--first", type=click.IntRange(0), default=0, show_default=True,
              help="The first seed.")  # fmt: skip
@click.option("--kind", "kinds", multiple=True, metavar="KIND", callback=_listed,
              help="Only these kinds; a .py file is a kind of your own.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1), default=None,
              help="Kinds looked at side by side; without it, one for each processor.")  # fmt: skip
@click.option("--format", "format_name", type=ChoiceOf("format", ("text", "json"), {}),
              default="text", show_default=True, help="Format.")  # fmt: skip
def lint(count: int, first: int, kinds: tuple[str, ...], jobs: int | None, format_name: str) -> int:
    """Look at many items of each kind for whatever would make them unfair."""
    from rnnsym.quiz.lint import lint_kinds
    from rnnsym.quiz.pool import processors
    from rnnsym.quiz.registry import kind_names, load_kind

    failed = False
    chosen = [load_kind(name) for name in dict.fromkeys(kinds or kind_names())]
    reports: list[dict[str, Any]] = []
    for report in lint_kinds(chosen, range(first, first + count), jobs or processors()):
        failed = failed or bool(report.findings)
        reports.append(asdict(report) | {"accepted": round(report.accepted, 4)})
        if format_name == "text":
            verdict = f"{len(report.findings)} findings" if report.findings else "clean"
            say(f"{report.kind}: {verdict}; {report.items} items, {report.distinct} distinct, "
                f"{report.accepted:.0%} of {report.draws} draws accepted")  # fmt: skip
            for found in report.findings:
                where = "" if found.seed is None else f"seed {found.seed}, "
                say(f"  {where}{found.item or 'kind'}: {found.reason}")
    if format_name == "json":
        say(json.dumps({"clean": not failed, "kinds": reports}, ensure_ascii=False, indent=2))
    return int(failed)


@quiz.command(name="kinds")
def list_kinds() -> None:
    """List the kinds of question."""
    from rnnsym.quiz.registry import kind_names, load_kind

    rows = [("kind", "topic", "level", "marks", "verb", "variants")]
    for name in kind_names():
        kind = load_kind(name)
        variants = sum(kind.variants(subject) for subject in kind.subjects(()))
        rows.append((name, kind.topic, _span(kind.level), _span(kind.marks), kind.bloom,
                     f"{variants:,}" if variants < 10**6 else "over 1,000,000"))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip())


def _span(ends: tuple[int, int]) -> str:
    low, high = ends
    return str(low) if low == high else f"{low}–{high}"


COMMANDS = (quiz,)
