"""The papers that ``rnnsym quiz`` makes: exported, and written all or none."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from rnnsym.cli.options import say
from rnnsym.cli.output import DEFAULT_FORMATS, Output, Progress, conclude, rendered
from rnnsym.cli.quiz_wanted import Wanted
from rnnsym.errors import RnnsymError
from rnnsym.record import record

if TYPE_CHECKING:
    from rnnsym.document import Document, Style
    from rnnsym.quiz.paper import Paper
    from rnnsym.quiz.roster import Student

__all__ = ["Writer"]

LONG = 1000
"""Questions from which on it is worth while that processes share one paper."""


@record
class _Made:
    """What became of a paper: its files, its lines in manifest and ledger, and PDFs that failed.

    Attributes:
        losses: what a format cannot carry.
    """

    files: dict[str, bytes]
    losses: list[str]
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
        losses: list[str] = []
        failures: list[RnnsymError] = []
        files = dict(self.files(paper, losses, failures))
        kept = self.wanted and self.wanted.ledger
        asked = "".join(map(ledger_line, paper.items)) if kept else ""
        return _Made(files, losses, manifest_line(paper), asked, failures)

    def files(
        self, paper: "Paper", losses: list[str], failures: list[RnnsymError]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield the files of a paper; what a format cannot carry is added to ``losses``."""
        from rnnsym.export.quiz import paper_exporter, paper_formats
        from rnnsym.quiz.paper import paper_document

        for name in self.formats:
            if name in paper_formats():
                exported = paper_exporter(name, self.style)(paper)
                losses += (f"{name} cannot carry: {loss}" for loss in exported.losses)
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
        losses = _Losses()
        for made in side_by_side(self.make, _noting_forms(papers, forms), jobs):
            yield from made.files.items()
            losses.add(made.losses)
            listed.write(made.listed.encode())
            asked.write(made.asked.encode())
            self.failures += made.failures
        losses.say()
        if forms:
            yield from self.make.rendered([answers_of_forms(forms)], self.failures)
        if self.wanted:
            seed = self.wanted.seed
            listed.seek(0)
            yield f"quiz-seed{seed}-manifest.jsonl", chain([manifest_head(seed).encode()], listed)


class _Losses:
    """What formats cannot carry: of one paper by question, of several each loss once."""

    def __init__(self) -> None:
        self.first: list[str] = []
        self.papers, self.questions = 0, Counter[str]()

    def add(self, losses: list[str]) -> None:
        """Add those of the next paper."""
        self.first = self.first if self.papers else losses
        self.papers += 1
        self.questions.update(re.sub(r": question \d+: ", ": ", loss) for loss in losses)

    def say(self) -> None:
        """Say on stderr what they are."""
        counts = sorted(self.questions.items())
        each = [f"{loss} (questions: {n}, of {self.papers} papers)" for loss, n in counts]
        for loss in self.first if self.papers == 1 else each:
            print(f"rnnsym: {loss}", file=sys.stderr)


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
