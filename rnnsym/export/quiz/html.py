"""A paper as one HTML file that marks answers by itself, without a network.

The keys are in the file, written so that they are not read by the way: that is for practice, and no
secret. Errors carried forward and method are not marked; the scheme is shown with the solution.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import repeat

from markupsafe import Markup

from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.export.html import page_html, page_of
from rnnsym.export.html_blocks import Anchor, Page, block_html, blocks_html
from rnnsym.export.quiz import Exported
from rnnsym.export.quiz._html_form import form_html, marks
from rnnsym.export.quiz._numbered import numbered, proof_block, unmarked
from rnnsym.item import Item
from rnnsym.quiz.paper import Paper, paper_document
from rnnsym.quiz.responses import part_name

__all__ = ["export"]


def export(paper: Paper, style: Style = PLAIN) -> Exported:
    """Return a paper as one ``.html`` file."""
    document = paper_document(paper, solved=False, schemes=True)
    page = page_of(document.blocks)
    made = page_html("quiz.html.j2", document, page, list(_blocks(document, page)), style)
    losses = (
        f"question {number}: {loss}"
        for _, items in numbered(paper)
        for number, item in items
        for loss in unmarked(item)
    )
    return Exported({f"{paper.name}.html": made}, tuple(losses))


def _blocks(document: Document, page: Page) -> Iterator[Markup]:
    for block in document.blocks:
        if isinstance(block, Question):
            yield _question(block.item, block.number, page)
        else:
            yield block_html(block, page)


def _question(item: Item, number: int, page: Page) -> Markup:
    # Headings within a question are not among the contents, nor are its lines linked to.
    inner = replace(page, coming=repeat(Anchor("", "h4")), numbers=frozenset[str]())
    name = f"question-{number}"
    head = Markup(
        '<section class="question" aria-labelledby="{0}">\n<h2 id="{0}">Question {1} {2}</h2>'
    ).format(name, number, marks(item.marks))
    shown = [head, blocks_html(item.stem, inner)]
    for place, part in enumerate(item.parts):
        if len(item.parts) > 1:
            shown.append(Markup("<h3>{} {}</h3>").format(part_name(place), marks(part.marks)))
        shown.append(blocks_html(part.stem, inner))
        last = place == len(item.parts) - 1
        solved = replace(part, solution=(*part.solution, proof_block(item))) if last else part
        shown.append(form_html(solved, f"{name}-{place + 1}", inner))
    return Markup("\n").join([*(x for x in shown if x), Markup("</section>")])
