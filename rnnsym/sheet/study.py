"""The study sheet of a model: what it computes, its derivation, counts and Jacobians, checked."""

from collections.abc import Iterator

from rnnsym.blocks import Block, Heading, Listing, Paragraph, Prose, prose
from rnnsym.count import Count
from rnnsym.derivation import Derivation
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.errors import RnnsymError
from rnnsym.numeric.check import TOLERANCE, CheckReport
from rnnsym.sheet.counts import count_blocks
from rnnsym.sheet.derivation import derivation_blocks
from rnnsym.sheet.layout import laid_out
from rnnsym.sheet.naming import convention_lines, slug
from rnnsym.version import VERSION

__all__ = ["study_sheet"]


class CheckError(RnnsymError):
    """A sheet is never printed of a derivation that its check refutes."""

    exit_code = 1


def study_sheet(derivation: Derivation, count: Count, report: CheckReport) -> Document:
    """Return the sheet of a model whose derivation has passed its check.

    Raises:
        CheckError: it has not.
    """
    system = derivation.system
    if not report.passed:
        raise CheckError(
            f"'{system.model}' fails its check ({report.max_relative_error:.1e}): no sheet is made"
        )
    title = _title(system)
    lines = (*convention_lines(system), prose(f"rnnsym {VERSION}"))
    blocks = (*_sources(system), *derivation_blocks(derivation), *_counts(count), *_proof(report))
    document = Document(slug(str(system.model)), "sheet", title, lines, blocks)
    return laid_out(document, system.model.convention)


def _title(system: System) -> str:
    cells = [b.cell for b in system.blocks if b.cell is not None]
    plain = len(system.model.layers) == 1 and str(system.model) == cells[0].name
    return cells[0].title if plain else f"Recurrent network {system.model}"


def _sources(system: System) -> Iterator[Block]:
    cells = dict.fromkeys(b.cell for b in system.blocks if b.cell is not None)
    items: list[Prose] = [
        prose(f"{cell.name}: {cell.title}. {cell.source}") for cell in cells if cell.source
    ]
    if items:
        yield Listing(tuple(items))


def _counts(count: Count) -> Iterator[Block]:
    yield Heading("Parameters, operations, memory", 2)
    yield from count_blocks(count)


def _proof(report: CheckReport) -> Iterator[Block]:
    """The bound, not the residual: its last bits differ between processors."""
    yield Heading("Check", 2)
    yield Paragraph(
        prose(
            f"Every gradient above was run as a program and compared with the complex step of the "
            f"forward equations, {report.entries or 'random'} derivatives at T = {report.steps}: "
            f"largest relative error ≤ {TOLERANCE:.0e}."
        )
    )
