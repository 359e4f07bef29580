"""Markdown: what GitHub's Markdown does to maths before maths is read, and what users typed."""

import re
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt

import rnnsym
from rnnsym.blocks import (
    Block,
    Box,
    Contents,
    EquationRef,
    Heading,
    Listing,
    NumberMatrix,
    Paragraph,
    Relation,
    Table,
    prose,
)
from rnnsym.cell import cell_names
from rnnsym.document import Document
from rnnsym.equations import CONVENTIONS
from rnnsym.export.markdown import export_markdown, markdown_math, prose_markdown
from rnnsym.expr import size
from rnnsym.sheet.topic import load_topic, topic_document, topic_names

MODELS = ("bi(lstm)*2", "gru*L", "embedding:100:12, bi(gru:6,sum), lstm:5, dense:4:softmax")
HOSTILE = "\\input{x} $a$ `b` $$ | <script>alert(1)</script> *c* _d_ [e](f) &lt; ~~g~~ # ![h](i)"
N = size("n")


def markdown(document: Document) -> str:
    [content] = export_markdown(document).values()
    return content.decode()


def formulas(text: str) -> Iterator[str]:
    """Yield what stands between dollars, displays too."""
    for display, inline in re.findall(r"\$\$\n(.*?)\n\$\$|(?<!\\)\$([^$\n]+)\$", text, re.DOTALL):
        yield display or inline


def read(text: str) -> tuple[str, list[str]]:
    """Return the text that Markdown shows, and the kinds of everything it found."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    kinds = [token.type for token in (*tokens, *inline)]
    return "\n".join(child.content for child in inline if child.content), kinds


def untouched(text: str) -> None:
    """See that Markdown, which knows no maths, leaves every formula as it was."""
    for formula in formulas(text):
        shown, kinds = read(f"and ${formula}$ and ${formula}$, too")
        assert shown == f"and ${formula}$ and ${formula}$, too"
        assert {"em_open", "strong_open", "link_open", "html_inline"}.isdisjoint(kinds)
        assert formula == formula.strip()
        assert "|" not in formula, "a bar ends a cell of a table"


@pytest.mark.parametrize("text", [*cell_names(), *MODELS])
def test_maths_is_left_alone(text: str) -> None:
    untouched(markdown(rnnsym.model(text).document(unroll=2)))


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_maths_of_conventions_is_left_alone(convention: str) -> None:
    untouched(markdown(rnnsym.model("gru", convention).document()))


@pytest.mark.parametrize("name", topic_names())
def test_topics_are_left_alone(name: str) -> None:
    text = markdown(topic_document(load_topic(name)))
    untouched(text)
    _, kinds = read(text)
    assert {"html_inline", "html_block", "code_block", "image"}.isdisjoint(kinds)


def test_dollars_stand_where_github_sees_them() -> None:
    n = N
    assert prose_markdown(prose("the ", n, "th of ", n, n, "s")) == "the $n$ th of $n$ $n$ s"
    assert prose_markdown(prose("(", n, ")", n, ", ", n, ".")) == "($n$)$n$, $n$."
    assert prose_markdown(prose("2", n)) == "2 $n$"
    assert prose_markdown(prose("costs 2 $", n)) == r"costs 2 \$ $n$"


def test_signs_that_markdown_reads_have_names() -> None:
    matrix = NumberMatrix((("1", "2"), ("3", "4")))
    assert r"1 & 2 \cr  3 & 4" in markdown_math(matrix)
    assert markdown_math(Relation((N, N), "<")) == r"n \lt  n"


@pytest.mark.parametrize("start", ["- a", "1. a", "+ a", "= a", "# a", "> a", "* a", "2) a"])
def test_words_begin_no_list_and_no_heading(start: str) -> None:
    shown, kinds = read(prose_markdown(prose(start)))
    assert kinds[:2] == ["paragraph_open", "inline"]
    assert shown.replace("\n", "") == start


def test_hostile_words_are_shown_as_they_are() -> None:
    words = prose(HOSTILE)
    blocks: tuple[Block, ...] = (
        Heading(f"{HOSTILE}\n# not", 2), Paragraph(words), Listing((words,)),
        Table((words,), ((words,),), HOSTILE), Box("note", HOSTILE, (Paragraph(words),)),
    )  # fmt: skip
    shown, kinds = read(markdown(Document("x", "sheet", HOSTILE, (words,), blocks)))
    bad = {"html_inline", "html_block", "link_open", "image", "code_inline", "fence", "math"}
    assert bad.isdisjoint(kinds)
    assert kinds.count("heading_open") == 2
    assert kinds.count("td_open") == 1
    assert shown.replace("\n", "").count(HOSTILE) == 10


def test_contents_link_to_the_headings_as_github_names_them() -> None:
    blocks: tuple[Block, ...] = (
        Contents(), Heading("1 Gates, and more", 1), Heading("Why? (h_t)", 2), Heading("x", 3),
        Heading("Why? (h_t)", 2), Paragraph(prose("see ", EquationRef("3.7"))),
    )  # fmt: skip
    text = markdown(Document("x", "sheet", "Booklet", (), blocks))
    links = re.findall(r"^( *)- \[.*\]\((.*)\)$", text, re.MULTILINE)
    assert links == [("", "#1-gates-and-more"), ("  ", "#why-h_t"), ("  ", "#why-h_t-1")]
    assert "see (3.7)" in text
