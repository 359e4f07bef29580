"""The study sheet of a cell or a model: everything an examiner may ask about it, in order."""

from collections.abc import Iterator
from math import log10

from rnnsym.blocks import Block, Figure, Heading, Listing, Paragraph, Prose, Relation, prose
from rnnsym.cell import Cell
from rnnsym.convention import TEXTBOOK
from rnnsym.diagram import cell_diagram, unrolled_diagram
from rnnsym.document import Document
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.expr import STEPS, Integer, Symbol
from rnnsym.model_text import Recurrent
from rnnsym.numeric.check import TOLERANCE, CheckReport
from rnnsym.sheet.derivation import backward_blocks, forward_blocks
from rnnsym.sheet.goals import goals, takeaways
from rnnsym.sheet.layout import laid_out
from rnnsym.sheet.limits import limits_section
from rnnsym.sheet.mistakes import mistakes_box
from rnnsym.sheet.naming import convention_lines, slug
from rnnsym.sheet.parameters import parameter_section
from rnnsym.sheet.questions import question_blocks
from rnnsym.sheet.remedies import flow_section
from rnnsym.sheet.study import Study
from rnnsym.sheet.symbols import symbol_table, widths
from rnnsym.sheet.worked import worked_data, worked_example
from rnnsym.version import VERSION

__all__ = ["model_sections", "model_sheet", "model_title", "proof", "sources"]

MOST_LINES = 300
UNROLLED = (3, 2)
"""Steps of the figure of a composed model; the second where the first is too large."""


def model_sheet(study: Study) -> Document:
    """Return the sheet of a model.

    Raises:
        InputError: it has too many lines for a sheet that anybody reads.
    """
    lines_in_all = len(study.system.equations) + len(study.derivation.steps)
    if lines_in_all > MOST_LINES:
        raise InputError(
            f"'{study.system.model}' has {lines_in_all} equations, adjoints and gradients; a sheet "
            f"prints up to {MOST_LINES} (rnnsym derive --wrt NAME prints one of them)"
        )
    model = study.system.model
    lines = (*convention_lines(study.system), prose(f"rnnsym {VERSION}"))
    blocks = tuple(model_sections(study))
    document = Document(
        slug(str(model)),
        "sheet",
        model_title(study),
        lines,
        blocks,
        (model,),
        {"worked": worked_data(study.derivation)},
    )
    return laid_out(document, model.convention)


def model_title(study: Study) -> str:
    """Return the title of a model's sheet: its cell's where it is that cell alone."""
    cell = _alone(study.system)
    return f"Recurrent network {study.system.model}" if cell is None else cell.title


def _alone(system: System) -> Cell | None:
    """Return the cell of a model that is one layer of it in one direction, and nothing else."""
    [first, *others] = system.model.layers
    alone = not others and isinstance(first, Recurrent) and first.depth == 1 and not first.merge
    return system.model.cell(first) if alone and isinstance(first, Recurrent) else None


def model_sections(study: Study) -> Iterator[Block]:
    """Yield the sections of a model's sheet."""
    system, numbers = study.system, study.numbers
    cells = list(dict.fromkeys(b.cell for b in system.blocks if b.cell is not None))
    yield goals(study)
    yield Heading("Symbols", 2)
    yield symbol_table(system)
    yield from widths(system)
    yield Heading("Forward equations", 2)
    yield from forward_blocks(system, numbers)
    yield from _figures(system)
    for cell in cells:
        yield from limits_section(cell, placed=_alone(system) is None)
    yield from backward_blocks(study.derivation, study.derivation.steps, numbers)
    yield from flow_section(study)
    yield Heading("Parameters, operations, memory", 2)
    yield from parameter_section(system)
    yield Heading("Worked example", 2)
    yield from worked_example(study.derivation)
    yield from mistakes_box(study)
    yield takeaways(study)
    yield from proof([study.report])
    yield from sources(study)
    if system.model.convention == TEXTBOOK and system.model.bias:
        text = str(system.model)
        yield from question_blocks(slug(text), [text], system if _alone(system) else None)


def _figures(system: System) -> Iterator[Block]:
    """Yield the inside of a cell, or how a model is composed: unrolled, if that can be drawn."""
    cell = _alone(system)
    if cell is not None:
        yield Figure(cell_diagram(cell))
        return
    for steps in UNROLLED:
        try:
            yield Figure(unrolled_diagram(system, steps))
            return
        except InputError:  # it holds more than a figure can: fewer steps may do
            continue


def sources(*studies: Study) -> Iterator[Block]:
    """Yield where the cells of these models come from."""
    systems = (s.system for s in studies)
    cells = dict.fromkeys(b.cell for s in systems for b in s.blocks if b.cell is not None)
    items: list[Prose] = [prose(f"{c.name}: {c.title}. {c.source}.") for c in cells if c.source]
    if items:
        yield Heading("Sources", 2)
        yield Listing(tuple(items))


def proof(reports: list[CheckReport]) -> Iterator[Block]:
    """Say what was checked. It is the bound, not the residual, whose last bits differ."""
    yield Heading("Check", 2)
    for report in reports:
        compared = f"{report.entries} derivatives" if report.entries else "random directions"
        yield Paragraph(
            prose(
                f"Every gradient of {report.model} above was run as a program and compared with "
                f"the complex step of the forward equations, {compared} at ",
                Relation((STEPS, Integer(report.steps))),
                ": largest relative error ≤ ",
                Symbol("10") ** round(log10(TOLERANCE)),
                ".",
            )
        )
