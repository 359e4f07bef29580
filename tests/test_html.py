"""Pages in HTML: every block and formula, words for each, escapes."""

import re
import xml.etree.ElementTree as ET
from functools import cache
from html import unescape
from typing import get_args

import pytest

import rnnsym
from rnnsym.blocks import (
    Block,
    Box,
    Code,
    Contents,
    Emphasis,
    EquationRef,
    Equations,
    Heading,
    Line,
    Listing,
    NumberMatrix,
    PageBreak,
    Paragraph,
    Partial,
    Relation,
    Table,
    prose,
)
from rnnsym.cell import cell_names
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.equations import CONVENTIONS
from rnnsym.export.html import export_html
from rnnsym.export.html_blocks import block_html
from rnnsym.export.html_math import TERM_SIGNS, broken, split
from rnnsym.export.html_question import asked
from rnnsym.export.latex_math import SIGNS, math_latex
from rnnsym.export.spoken import SIGNS as SPOKEN_SIGNS
from rnnsym.export.spoken import spoken
from rnnsym.expr import TIME, Basic, Integer, Node, hadamard, matmul, plus, size, transpose
from rnnsym.item import Response
from rnnsym.sheet.counts import count_blocks
from tests.strategies import array, samples, vector

HOSTILE = "<script>alert(1)</script>&amp;\"'{{ 7*7 }}\\("
MODELS = ("bi(lstm)*2", "gru*L", "slstm", "embedding:10000:128, bi(lstm:64), dense:10:softmax")
CELLS = [(c, name) for c in CONVENTIONS for name in cell_names(c)]


def page(document: Document, style: Style = PLAIN) -> str:
    [(name, content)] = export_html(document, style).items()
    assert name == f"{document.name}.html"
    return content.decode()


def made_of(*blocks: Block | Question, title: str = "Title") -> Document:
    return Document("page", "sheet", title, (prose("line"),), blocks)


@cache
def derived(convention: str, text: str) -> Document:
    """The derivation, Jacobians and counts of a model, without its check."""
    model = rnnsym.model(text, convention)
    document = model.document(unroll=2)
    blocks = (*document.blocks, *count_blocks(model.count()))
    return Document(document.name, document.kind, document.title, document.lines, blocks)


def check_maths(text: str) -> None:
    """Every formula is well-formed MathML without an error or a rest of LaTeX, and has words."""
    formulas = re.findall(r"<math.*?</math>", text, re.DOTALL)
    assert formulas
    for formula in dict.fromkeys(formulas):
        tree = ET.fromstring(formula.replace("&ApplyFunction;", "\u2061"))
        assert tree.find(".//merror") is None, formula
        letters = "".join(tree.itertext())
        assert letters.strip(), formula
        assert not re.search(r"[\\{}$&_^#]", letters), formula
        assert tree.get("aria-hidden") or tree.get("aria-label"), formula
    for words in re.findall(r'role="math" aria-label="([^"]*)"', text):
        assert words.strip()
        assert not re.search(r"[\\{}$_^=+−()]", unescape(words)), words


@pytest.mark.parametrize(("convention", "name"), CELLS)
def test_every_formula_of_every_cell(convention: str, name: str) -> None:
    check_maths(page(derived(convention, name)))


@pytest.mark.parametrize("text", MODELS)
def test_every_formula_of_a_stack(text: str) -> None:
    check_maths(page(derived("textbook", text)))


# Words


def collected_maths(part: object) -> list[tuple[str, str]]:
    """Return LaTeX and words of the equations of a document."""
    if isinstance(part, Document | Box):
        return [pair for block in part.blocks for pair in collected_maths(block)]
    if not isinstance(part, Equations):
        return []
    sides = [s for line in part.lines for s in (line.lhs, line.rhs) if not isinstance(s, tuple)]
    return [(math_latex(side), spoken(side)) for side in sides]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_formulas_that_look_different_sound_different(convention: str) -> None:
    heard: dict[str, str] = {}
    for name in cell_names(convention):
        for latex, words in collected_maths(derived(convention, name)):
            assert heard.setdefault(words, latex) == latex, words


def test_words() -> None:
    n = size("n")
    weight, state = array("U_f", (n, n)), vector("h", n, TIME - 1)
    said = spoken(Relation((Partial(state, state, "∂⁺"), weight), "≠"))
    assert said == (
        "the direct partial derivative of h at step t minus 1 with respect to h at step t minus 1 "
        "is not equal to U f"
    )
    assert spoken(NumberMatrix((("1", "−2"), ("3", "4")))) == (
        "the matrix with rows 1, minus 2; 3, 4"
    )
    assert SPOKEN_SIGNS.keys() == SIGNS.keys()


def test_brackets_and_transposes_are_heard() -> None:
    n = size("n")
    weight, a, b, c = array("U", (n, n)), vector("a"), vector("b"), vector("c")
    assert spoken(hadamard(plus(a, b), c)) == (
        "the quantity a, plus b, end quantity elementwise times c"
    )
    assert spoken(plus(a, hadamard(b, c))) == "a, plus b elementwise times c"
    assert spoken(matmul(transpose(weight), a)) == "U transpose times a"


@pytest.mark.parametrize("kind", samples(), ids=lambda kind: kind.__name__)
def test_every_node_has_words(kind: type[Node]) -> None:
    words = spoken(samples()[kind])
    assert re.fullmatch(r"[A-Za-z0-9 ,]+", words), words


def test_unknown_things_have_no_words_and_no_html() -> None:
    class Unknown(Node):
        __slots__ = ()

    with pytest.raises(TypeError, match="Unknown"):
        spoken(Unknown(Integer(1)))
    with pytest.raises(TypeError, match="no words for a Basic"):
        spoken(Basic())  # type: ignore[arg-type] # what is tested
    with pytest.raises(TypeError, match="no HTML for a int"):
        page(made_of(7))  # type: ignore[arg-type] # what is tested


# Blocks


def test_every_block_and_response_has_its_rule() -> None:
    default = block_html.dispatch(object)
    assert all(block_html.dispatch(block) is not default for block in get_args(Block))
    unasked = asked.dispatch(object)
    assert all(asked.dispatch(response) is not unasked for response in get_args(Response))


def test_structure() -> None:
    text = page(
        made_of(
            Contents(),
            Heading("Part"),
            Heading("Deep", 3),
            Heading("Forward", 2),
            Paragraph(prose("See ", EquationRef("3"), " and ", EquationRef("9"), ".")),
            Equations((Line(vector("h", size("n")), vector("c", size("n")), "3"),)),
            Box("mistakes", "Mistakes", (Heading("Forward", 2),)),
            PageBreak(),
        )
    )
    assert text.count("<h1>") == 1
    assert re.findall(r"<(h[2-6])", text) == ["h2", "h3", "h3", "h3"]
    assert '<h3 id="forward">' in text
    assert '<h3 id="forward-2">' in text
    assert 'href="#forward-2"' in text
    assert '<a href="#eq-3">(3)</a>' in text
    assert 'id="eq-3"' in text
    assert "and (9)." in text  # no such line: no link


def test_long_formulas_break_between_terms_then_factors() -> None:
    assert list(split("= a + (b + c) - d", TERM_SIGNS, nested=False)) == [
        "= a",
        "{}+ (b + c)",
        "{}- d",
    ]
    factor = r"\operatorname{step}(\log(f_t) + m_{t - 1})"
    [[*pieces]] = broken(rf"{factor} \odot {factor} \odot z")
    assert pieces == [factor, rf"{{}}\odot {factor}", r"{}\odot z"]


def test_text_is_escaped() -> None:
    words = prose(HOSTILE, Emphasis(HOSTILE))
    text = page(
        made_of(
            Heading(HOSTILE),
            Paragraph(words),
            Table((words,), ((words,),), HOSTILE),
            Listing((words,)),
            Code(HOSTILE, '"><script>'),
            Box("note", HOSTILE, ()),
            Contents(),
            title=HOSTILE,
        )
    )
    assert "<script" not in text
    assert "49" not in re.sub(r"base64,[^\"]*", "", text)
    assert text.count("&lt;script&gt;alert(1)") >= 12


def test_same_bytes() -> None:
    document = derived("textbook", "lstm")
    assert export_html(document) == export_html(document)


def test_nothing_is_fetched() -> None:
    text = page(derived("textbook", "gru"))
    assert not re.search(r'(src|href)="(?!#|data:)|<script|@import|url\((?!"data:)', text)


def test_style() -> None:
    document = made_of(Paragraph(prose("x")))
    plain, other = page(document), page(document, Style(paper="letter", large=True))
    assert "@page { size: A4" in plain
    assert "@page { size: letter" in other
    assert "font-size: 137.5%" in other
    assert "font-size: 137.5%" not in plain
