"""A check's report as a document."""

from rnnsym.blocks import Table, prose
from rnnsym.document import Document
from rnnsym.numeric.check import CheckReport
from rnnsym.sheet.derivation import check_blocks
from rnnsym.sheet.naming import slug

__all__ = ["check_document"]


def check_document(report: CheckReport) -> Document:
    """Return the largest relative error of every gradient, and the verdict last."""
    rows = tuple((prose(name), prose(f"{error:.1e}")) for name, error in report.errors.items())
    table = Table((prose("gradient of"), prose("largest relative error")), rows)
    compared = (
        f"{report.entries} derivatives entry by entry, and along random directions, against the "
        f"complex step; seed {report.seed}"
        if report.entries
        else f"along random directions, against the complex step; seed {report.seed}"
    )
    lines = (prose(f"{report.convention} convention: {compared}"),)
    title = f"Check: {report.model}"
    blocks = (table, *check_blocks(report))
    return Document(f"check-{slug(report.model)}", "derivation", title, lines, blocks)
