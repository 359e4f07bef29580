"""The papers that ``rnnsym quiz`` is asked for: drawn, exported, and written all or none."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from rnnsym.cli.options import say
from rnnsym.cli.output import DEFAULT_FORMATS, Output, Progress, conclude, rendered
from rnnsym.errors import InputError, RnnsymError
from rnnsym.record import record

if TYPE_CHECKING:
    from rnnsym.document import Document, Style
    from rnnsym.item import Item
    from rnnsym.quiz.blueprint import Blueprint, Section
    from rnnsym.quiz.drawing import KindError
    from rnnsym.quiz.paper import Paper
    from rnnsym.quiz.registry import Kind
    from rnnsym.quiz.roster import Student
    from rnnsym.quiz.selection import Selection

__all__ = ["Wanted", "Writer", "blueprint_of"]

LONG = 1000
"""Questions from which on it is worth while that processes share one paper."""


@record
class Wanted:
    """What is asked for, as it was typed: any process draws the same from it."""

    seed: int
    count: int
    topics: tuple[str, ...]
    kinds: tuple[str, ...]
    subjects: tuple[str, ...]
    levels: str
    bank: Path | None
    blueprint: Path | None
    ledger: Path | None

    def drawn(
        self, forms: Sequence[str] = (), students: "Sequence[Student]" = ()
    ) -> "Iterator[Paper]":
        """Yield one paper, or one for each form or student."""
        from rnnsym.quiz.paper import draw_papers

        return draw_papers(blueprint_of(self), self.seed, forms, students, _warn)

    def shared(self, jobs: int) -> "Iterator[Paper]":
        """Yield one paper in JSON, whose questions ``jobs`` processes draw and write."""
        from rnnsym.quiz.paper import draw_papers
        from rnnsym.quiz.pool import drawn_ahead

        written: dict[str, str] = {}
        [section] = blueprint_of(self).sections
        kinds = sorted(section.selection.kinds, key=lambda kind: kind.topic)
        names = [kind.name for kind in kinds]
        with drawn_ahead(_Questions(self), names, jobs) as pieces:

            def source(kind: "Kind", *_: object) -> "Iterator[Item]":
                for item, text in pieces(kind.name):
                    written[item.id] = text
                    yield item

            [paper] = draw_papers(blueprint_of(self), self.seed, (), (), _warn, source)
        yield replace(paper, written=written)


@record
class _Questions:
    """Draws the questions of a kind and writes them in JSON; it can be pickled."""

    wanted: Wanted

    def __call__(self, name: str) -> "Iterator[tuple[Item, str]]":
        """Yield each without its content, which would travel slowly, and its text."""
        from rnnsym.export.quiz.json import question_text
        from rnnsym.quiz.drawing import drawn

        [section] = blueprint_of(self.wanted).sections
        [kind] = [kind for kind in section.selection.kinds if kind.name == name]
        files = {name: kind.file} if kind.file else {}
        for item in drawn(kind, section.selection, self.wanted.seed):
            yield replace(item, stem=(), parts=()), question_text(item, files)


def _warn(error: "KindError") -> None:
    print(f"rnnsym: {error}; the paper is made without it", file=sys.stderr)


@lru_cache(maxsize=1)
def blueprint_of(wanted: Wanted) -> "Blueprint":
    """Return what papers hold, less what stands in the ledger; files are read once.

    Raises:
        InputError: what is asked for does not exist, or a file cannot be read.
    """
    from rnnsym.quiz.blueprint import Blueprint, Section, read_blueprint, read_levels
    from rnnsym.quiz.manifest import read_ledger
    from rnnsym.quiz.selection import Selection

    used = read_ledger(wanted.ledger) if wanted.ledger else ()
    if wanted.blueprint:
        found = read_blueprint(wanted.blueprint)
    else:
        levels = read_levels(wanted.levels)
        selection = Selection.of(wanted.kinds, wanted.topics, wanted.subjects, levels)
        found = Blueprint((Section(selection, wanted.count),))
    sections = [replace(s, selection=s.selection.without(used)) for s in found.sections]
    if wanted.bank:
        named = wanted.blueprint or wanted.kinds or wanted.topics
        sections = _from_bank(sections, wanted.bank, others=bool(named))
    return replace(found, sections=tuple(sections))


def _from_bank(sections: "Sequence[Section]", bank: Path, *, others: bool) -> "list[Section]":
    """Return the sections, with the kinds that are made of claims taking those of ``bank``.

    The other kinds stay if ``others`` is true: where they were named.
    """
    from rnnsym.quiz.claim_items import banked

    def own(selection: "Selection") -> "Selection":
        pairs = [(kind, banked(kind, str(bank))) for kind in selection.kinds]
        return replace(selection, kinds=tuple(b for k, b in pairs if others or b != k))

    found = [replace(s, selection=own(s.selection)) for s in sections]
    if found == sections or not all(s.selection.kinds for s in found):
        raise InputError(f"no question asked for is made of claims, as those of {bank} are")
    return found


@record
class _Made:
    """What became of a paper: its files, its lines in manifest and ledger, and PDFs that failed."""

    files: dict[str, bytes]
    listed: str
    asked: str
    failures: list[RnnsymError]


@record
class _Maker:
    """Makes papers, or their files alone where they are drawn already; it can be pickled."""

    wanted: Wanted | None
    formats: Sequence[str]
    style: "Style"

    def __call__(self, of: "Student | Paper") -> _Made:
        from rnnsym.quiz.manifest import ledger_line, manifest_line
        from rnnsym.quiz.paper import Paper

        if isinstance(of, Paper):
            paper = of
        else:
            assert self.wanted is not None, "a paper to draw, of nothing"
            [paper] = self.wanted.drawn(students=[of])
        failures: list[RnnsymError] = []
        files = dict(self.files(paper, failures))
        kept = self.wanted and self.wanted.ledger
        asked = "".join(map(ledger_line, paper.items)) if kept else ""
        return _Made(files, manifest_line(paper), asked, failures)

    def files(self, paper: "Paper", failures: list[RnnsymError]) -> Iterator[tuple[str, bytes]]:
        """Yield the files of a paper; what a format cannot carry is said."""
        from rnnsym.export.quiz import paper_exporter, paper_formats
        from rnnsym.quiz.paper import paper_document

        for name in self.formats:
            if name in paper_formats():
                exported = paper_exporter(name, self.style)(paper)
                for loss in exported.losses:
                    print(f"rnnsym: {name} cannot carry: {loss}", file=sys.stderr)
                yield from exported.files.items()
        documents = (paper_document(paper, solved=solved) for solved in (False, True))
        yield from self.rendered(documents, failures)

    def rendered(
        self, documents: "Iterable[Document]", failures: list[RnnsymError]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield the files of documents, in the formats that are not made for quizzes."""
        from rnnsym.export.quiz import paper_formats

        plain = [name for name in self.formats if name not in paper_formats()]
        if not plain:
            return
        with Progress() as progress:
            for document in documents:
                for name in plain:
                    progress.say(f"{document.name}: {name}")
                    yield from rendered(document, name, self.style, failures).items()


class Writer:
    """Writes papers in the formats asked for, with a manifest, and says which files there are."""

    def __init__(self, output: Output, wanted: Wanted | None = None) -> None:
        from rnnsym.export.files import check_folder
        from rnnsym.export.formats import FORMATS, parse_formats
        from rnnsym.export.quiz import paper_formats

        known = dict.fromkeys((*FORMATS, *paper_formats()))
        asked = output.formats
        formats = DEFAULT_FORMATS if asked is None else parse_formats(asked, known)
        self.output, self.wanted = output, wanted
        self.make = _Maker(wanted, tuple(formats), output.style())
        self.failures: list[RnnsymError] = []
        check_folder(output.out)

    @property
    def shares(self) -> bool:
        """Whether processes can share one paper: a long one, of which only the JSON is wanted."""
        wanted = self.wanted
        long = wanted and not wanted.blueprint and wanted.count >= LONG
        return bool(long) and self.make.formats == ("json",)

    def write(self, papers: "Iterable[Student | Paper]", jobs: int = 1) -> None:
        """Write papers, all or none, and then what they ask into the ledger."""
        from rnnsym.export.files import write_files

        # Lines wait on disk for the last paper: memory is flat in the number of papers.
        with TemporaryFile() as listed, TemporaryFile() as asked:
            files = self._everything(papers, jobs, listed, asked)
            for written in write_files(self.output.out, files, force=self.output.force):
                say(f"{written.status}: {written.path}")
            conclude(self.failures, self.output)
            if self.wanted and self.wanted.ledger:
                _extend(self.wanted.ledger, asked)

    def _everything(
        self,
        papers: "Iterable[Student | Paper]",
        jobs: int,
        listed: IO[bytes],
        asked: IO[bytes],
    ) -> Iterator[tuple[str, bytes | Iterable[bytes]]]:
        """Yield the files of each paper, the answers of forms, and of new papers the manifest.

        Args:
            papers: drawn, or to draw.
            jobs: how many processes make them.
            listed: takes the lines of the manifest.
            asked: takes the lines of a ledger.
        """
        from rnnsym.quiz.manifest import manifest_head
        from rnnsym.quiz.paper import answers_of_forms
        from rnnsym.quiz.pool import side_by_side

        forms: list[Paper] = []
        for made in side_by_side(self.make, _noting_forms(papers, forms), jobs):
            yield from made.files.items()
            listed.write(made.listed.encode())
            asked.write(made.asked.encode())
            self.failures += made.failures
        if forms:
            yield from self.make.rendered([answers_of_forms(forms)], self.failures)
        if self.wanted:
            seed = self.wanted.seed
            listed.seek(0)
            yield f"quiz-seed{seed}-manifest.jsonl", chain([manifest_head(seed).encode()], listed)


def _noting_forms(
    papers: "Iterable[Student | Paper]", forms: "list[Paper]"
) -> "Iterator[Student | Paper]":
    """Yield papers, and keep the forms among them."""
    from rnnsym.quiz.paper import Paper

    for paper in papers:
        if isinstance(paper, Paper) and paper.form:
            forms.append(paper)
        yield paper


def _extend(ledger: Path, asked: IO[bytes]) -> None:
    """Add what was asked to a ledger, whole or not at all."""
    from rnnsym.export.files import write_files

    asked.seek(0)
    before = ledger.read_bytes() if ledger.exists() else b""
    write_files(ledger.parent, [(ledger.name, chain([before], asked))], force=True)
