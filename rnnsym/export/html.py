"""HTML: one file that needs no script and no network, maths as MathML, for screen and paper."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from mimetypes import guess_type
from pathlib import Path

from markupsafe import Markup

from rnnsym.blocks import Block, Box, Equations, Heading
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.export.html_blocks import Anchor, Page, block_html, prose_html
from rnnsym.export.html_question import question_html
from rnnsym.export.templates import fill, template_assets, template_folder
from rnnsym.sheet.naming import slug
from rnnsym.version import VERSION

__all__ = ["export_html", "page_html", "page_of"]


def export_html(document: Document, style: Style = PLAIN, /) -> dict[str, bytes]:
    """Return a document as one ``.html`` file."""
    page = page_of(document.blocks)
    blocks = [
        question_html(block, page) if isinstance(block, Question) else block_html(block, page)
        for block in document.blocks
    ]
    solved = any(isinstance(b, Question) and b.solved for b in document.blocks)
    to_fill_in = document.kind == "paper" and not solved
    made = page_html("document.html.j2", document, page, blocks, style, to_fill_in=to_fill_in)
    return {f"{document.name}.html": made}


def page_html(
    template: str,
    document: Document,
    page: Page,
    blocks: Sequence[Markup],
    style: Style,
    *,
    to_fill_in: bool = False,
) -> bytes:
    """Return a template filled in with a document, its blocks printed already."""
    text = fill(
        "html",
        template,
        style.templates,
        document=document,
        lines=[prose_html(line, page) for line in document.lines],
        blocks=blocks,
        to_fill_in=to_fill_in,
        style=style,
        font=_font(),
        assets=_assets(style.templates),
        version=VERSION,
    )
    return text.encode()


def _assets(folder: Path | None) -> dict[str, str]:
    """The files beside templates of one's own, as addresses that hold them."""
    return {
        name: f"data:{guess_type(name)[0] or 'application/octet-stream'};base64,{_base64(content)}"
        for name, content in template_assets("html", folder).items()
    }


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


@cache
def _font() -> str:
    """The maths font, in base64."""
    return _base64((template_folder() / "html" / "rnnsym-math.woff2").read_bytes())


def page_of(blocks: Sequence[Block | Question]) -> Page:
    """Return what blocks must know of the page that they stand on."""
    anchors = tuple(_anchors(list(_headings(blocks))))
    return Page(anchors, frozenset(_numbers(blocks)), iter(anchors))


def _anchors(headings: Sequence[Heading]) -> Iterator[Anchor]:
    """Yield the headings' places; none is more than one level below the one it belongs to."""
    above: list[int] = []
    names = _unique(slug(heading.text) for heading in headings)
    for heading, name in zip(headings, names, strict=True):
        above = [level for level in above if level < heading.level]
        above.append(heading.level)
        yield Anchor(name, f"h{len(above) + 1}", heading)


def _headings(blocks: Sequence[Block | Question]) -> Iterator[Heading]:
    for block in blocks:
        if isinstance(block, Heading):
            yield block
        elif isinstance(block, Box):
            yield from _headings(block.blocks)


def _numbers(blocks: Sequence[Block | Question]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Equations):
            yield from (line.number for line in block.lines if line.number is not None)
        elif isinstance(block, Box):
            yield from _numbers(block.blocks)


def _unique(names: Iterator[str]) -> list[str]:
    """Number the names that were there before: symbols, symbols-2."""
    found: list[str] = []
    for name in names:
        again = (f"{name}-{i}" for i in range(2, len(found) + 3))
        found.append(next(n for n in (name, *again) if n not in found))
    return found
