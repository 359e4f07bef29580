"""A document as JSON: every block, maths as text of the cell language and as LaTeX.

Schema 1: ``rnnsym``, ``schema``, ``name``, ``kind``, ``title``, ``lines`` [prose], ``models``
[{text, convention, loss, loss_at, bias, sizes}], ``data`` (the numbers behind the blocks, by
section: ``worked`` holds the worked example), and ``blocks``, each with its ``type``:

    heading {level, text}                     paragraph {content}
    equations {lines: [{number, lhs, rhs: [maths], shape, where, comment, notes: [{term, reason,
    where}]}]}                                table {caption, head: [prose], rows: [[prose]]}
    listing {marks, items: [prose]}           code {language, text}
    figure {title, description, caption}      box {kind, title, blocks}
    page_break {}                             contents {}
    question {number, id, solved}

Prose is a list of texts and of {"emphasis": text}, {"equation": number} and maths. Maths is
{"latex"} with one of ``formula`` (text of the cell language), ``rows`` (a matrix of decimals),
``relation`` (its sign, with ``sides``), ``partial`` (its sign, with ``of`` and ``wrt``).
"""

import json
from functools import lru_cache, singledispatch
from typing import Any

from rnnsym.blocks import (
    Box,
    Code,
    Contents,
    Emphasis,
    EquationRef,
    Equations,
    Figure,
    Heading,
    Inline,
    Line,
    Listing,
    Math,
    NumberMatrix,
    PageBreak,
    Paragraph,
    Partial,
    Prose,
    Relation,
    Table,
)
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.equations import Model
from rnnsym.export.latex_math import math_latex
from rnnsym.export.text import ASCII
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "block_json", "document_json", "export_json", "prose_json"]

SCHEMA = 1


def export_json(document: Document, _style: Style = PLAIN, /) -> dict[str, bytes]:
    """Return a document as one ``.json`` file."""
    text = json.dumps(document_json(document), indent=1, ensure_ascii=False, allow_nan=False)
    return {f"{document.name}.json": f"{text}\n".encode()}


def document_json(document: Document) -> dict[str, Any]:
    """Return a document as plain data."""
    return {
        "rnnsym": VERSION,
        "schema": SCHEMA,
        "name": document.name,
        "kind": document.kind,
        "title": document.title,
        "lines": [prose_json(line) for line in document.lines],
        "models": [_model(model) for model in document.models],
        "data": dict(document.data),
        "blocks": [block_json(block) for block in document.blocks],
    }


def _model(model: Model) -> dict[str, Any]:
    return {
        "text": str(model),
        "convention": model.convention,
        "loss": model.loss,
        "loss_at": model.loss_at,
        "bias": model.bias,
        "sizes": dict(model.sizes),
    }


def prose_json(content: Prose) -> list[Any]:
    """Return prose as plain data."""
    return [_inline(part) for part in content]


def _inline(part: Inline) -> Any:
    match part:
        case str():
            return part
        case Emphasis(text):
            return {"emphasis": text}
        case EquationRef(number):
            return {"equation": number}
        case _:
            return _math(part)


@lru_cache(maxsize=4096)
def _math(math: Math) -> dict[str, Any]:
    """What many questions share, such as a cell's equations, is printed once."""
    printed = math_latex(math)
    match math:
        case NumberMatrix(rows):
            return {"rows": [list(row) for row in rows], "latex": printed}
        case Relation(sides, sign):
            return {"relation": sign, "sides": [_math(s) for s in sides], "latex": printed}
        case Partial(of, wrt, sign):
            return {"partial": sign, "of": _math(of), "wrt": _math(wrt), "latex": printed}
        case _:
            return {"formula": ASCII.math(math), "latex": printed}


@singledispatch
def block_json(block: object) -> dict[str, Any]:
    """Return a block as plain data.

    Raises:
        TypeError: not a block; names it.
    """
    raise TypeError(f"no JSON for a {type(block).__name__}")


@block_json.register
def _(block: Heading) -> dict[str, Any]:
    return {"type": "heading", "level": block.level, "text": block.text}


@block_json.register
def _(block: Paragraph) -> dict[str, Any]:
    return {"type": "paragraph", "content": prose_json(block.content)}


@block_json.register
def _(block: Equations) -> dict[str, Any]:
    return {"type": "equations", "lines": [_line(line) for line in block.lines]}


def _line(line: Line) -> dict[str, Any]:
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    notes = [
        {"term": _math(n.term), "reason": prose_json(n.reason), "where": prose_json(n.where)}
        for n in line.notes
    ]
    return {
        "number": line.number,
        "lhs": _math(line.lhs),
        "rhs": [_math(side) for side in sides],
        "shape": None if line.shape is None else [ASCII.math(size) for size in line.shape],
        "where": prose_json(line.where),
        "comment": prose_json(line.comment),
        "notes": notes,
    }


@block_json.register
def _(block: Table) -> dict[str, Any]:
    rows = [[prose_json(cell) for cell in row] for row in block.rows]
    head = [prose_json(cell) for cell in block.head]
    return {"type": "table", "caption": block.caption, "head": head, "rows": rows}


@block_json.register
def _(block: Listing) -> dict[str, Any]:
    return {"type": "listing", "marks": block.marks, "items": [prose_json(x) for x in block.items]}


@block_json.register
def _(block: Code) -> dict[str, Any]:
    return {"type": "code", "language": block.language, "text": block.text}


@block_json.register
def _(block: Figure) -> dict[str, Any]:
    drawn, caption = block.diagram, prose_json(block.caption)
    return {
        "type": "figure",
        "title": drawn.title,
        "description": drawn.description,
        "caption": caption,
    }


@block_json.register
def _(block: Box) -> dict[str, Any]:
    inner = [block_json(b) for b in block.blocks]
    return {"type": "box", "kind": block.kind, "title": block.title, "blocks": inner}


@block_json.register
def _(_: PageBreak) -> dict[str, Any]:
    return {"type": "page_break"}


@block_json.register
def _(_: Contents) -> dict[str, Any]:
    return {"type": "contents"}


@block_json.register
def _(block: Question) -> dict[str, Any]:
    item = block.item
    return {"type": "question", "number": block.number, "id": item.id, "solved": block.solved}
