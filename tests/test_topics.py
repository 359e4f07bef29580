"""Topics that are not one cell, the booklet and the cheat sheet.

Over 300 lines: every chapter is read by the same few helpers.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from math import comb, exp, isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.blocks import Box, EquationRef, Figure, Heading, Line, Listing, PageBreak, Table
from rnnsym.document import Document, Style
from rnnsym.errors import InputError, ShapeError
from rnnsym.export.formats import render_files
from rnnsym.export.text import TEXT
from rnnsym.sheet.chapters import booklet, bptt, compare
from rnnsym.sheet.chapters.flow_remedies import clipping_answer
from rnnsym.sheet.chapters.phrases import about
from rnnsym.sheet.formula_index import formula_index, numbered_lines
from rnnsym.sheet.study import CheckError
from rnnsym.sheet.topic import load_topic, topic_document, topic_names
from rnnsym.theorems import THEOREMS, Theorem

CHAPTERS = ("bptt", "gradient-flow", "bidirectional", "stacked", "params", "compare")
TOPICS = (*CHAPTERS, "booklet", "cheatsheet")
FORMATS = ("latex", "markdown", "text")
OURS = ("rnnsym.blocks", "rnnsym.document")


@cache
def document(name: str) -> Document:
    return topic_document(load_topic(name))


def parts(part: Any) -> Iterator[Any]:
    """Yield everything that a document is made of, outermost first."""
    yield part
    match part:
        case (*several,):
            for inner in several:
                yield from parts(inner)
        case _ if is_dataclass(part) and type(part).__module__ in OURS:
            for field in fields(part):
                yield from parts(getattr(part, field.name))
        case _:
            pass


@cache
def printed(name: str) -> str:
    """Return a topic as text, its lines joined."""
    return " ".join(TEXT.document(document(name)).split())


def table(name: str, caption: str = "", head: str = "") -> Table:
    """Return the table with this caption, or with this word in its first head."""
    for block in parts(document(name).blocks):
        if isinstance(block, Table) and (
            (caption and block.caption == caption) or (head and head in TEXT.prose(block.head[0]))
        ):
            return block
    raise AssertionError((name, caption, head))


def cells(found: Table) -> list[list[str]]:
    return [[TEXT.prose(cell) for cell in row] for row in found.rows]


def test_topics_are_listed() -> None:
    assert set(TOPICS) < set(topic_names())


@pytest.mark.parametrize("name", TOPICS)
def test_every_topic_is_printed(name: str) -> None:
    for format_name in FORMATS:
        [content] = render_files(document(name), format_name).values()
        text = content.decode()
        assert len(text) > 5000
        # What a phrase left unread would still stand in its braces.
        assert not re.search(r"\{@|\{\{|\{∂", text) or format_name == "latex"


@pytest.mark.parametrize("name", CHAPTERS)
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    [content] = render_files(document(name), "markdown").values()
    golden(f"sheet-{name}.md", content.decode())


def test_golden_cheatsheet(golden: Callable[[str, str], None]) -> None:
    [content] = render_files(document("cheatsheet"), "markdown").values()
    golden("sheet-cheatsheet.md", content.decode())


@pytest.mark.parametrize("name", TOPICS)
def test_every_reference_finds_its_line(name: str) -> None:
    found = list(parts(document(name).blocks))
    numbers = [x.number for x in found if isinstance(x, Line) and x.number is not None]
    assert len(numbers) == len(set(numbers))
    assert {x.number for x in found if isinstance(x, EquationRef)} <= set(numbers)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_has_its_parts(name: str) -> None:
    blocks = document(name).blocks
    kinds = [block.kind for block in blocks if isinstance(block, Box)]
    assert kinds[0] == "goals"
    assert {"mistakes", "takeaways"} <= set(kinds)
    headings = [block.text for block in blocks if isinstance(block, Heading)]
    assert headings[-2:] == ["Questions", "Answers"]
    assert "Sources" in headings
    end = blocks[-5:]
    questions, answers = (block for block in end if isinstance(block, Listing))
    assert len(questions.items) == len(answers.items) == 5
    assert any(isinstance(block, PageBreak) for block in end)


def test_advice_is_worded_as_advice() -> None:
    for name in CHAPTERS:
        text = printed(name).replace("“The LSTM is always better.”", "").lower()
        text = text.replace("“deeper is always better.”", "")
        assert "always better" not in text
        for found in re.finditer(r"two to four", text):
            assert "course notes" in text[max(0, found.start() - 900) : found.end() + 300]


# Phrases


def test_a_phrase_is_read_by_the_model() -> None:
    words = about("lstm")
    assert words.say("{n} and {∂⁺c[t]/∂c[t-1]}")[-1].sign == "∂⁺"  # type: ignore[union-attr]
    with pytest.raises(InputError, match="unknown symbol 'q'"):
        words.say("{q[t]}")
    with pytest.raises(ShapeError, match="inner sizes"):
        words.say("{W_f @ h[t]}")
    with pytest.raises(InputError, match="no step 'nothing'"):
        words.say("{@nothing}")


def test_a_number_is_that_of_its_line() -> None:
    words = about("bi(vanilla)")
    for name, number in (("a[fwd]", "1"), ("a[bwd]", "3"), ("delta_h[bwd]", "7"), ("dx", "17")):
        assert words.ref(name).number == number


# Numbers, each found again by other means


def test_counterexample_and_powers() -> None:
    matrix = np.array([[1.5, -1.0], [1.0, -0.9]])
    assert f"is {max(abs(np.linalg.eigvals(matrix))):.2f}" in printed("gradient-flow")
    rows = cells(table("gradient-flow", head="steps"))
    for steps, shown in zip((1, 10, 20, 30), rows[0][1:], strict=True):
        jacobian = np.diag([1.0, 0.0]) @ matrix
        norm = np.linalg.svd(np.linalg.matrix_power(jacobian, steps))[1][0]
        assert isclose(number(shown), norm, rel_tol=0.06)
    for gate, *shown_powers in cells(table("gradient-flow", head="forget gate")):
        kept = 1 / (1 + exp(-int(gate[2]))) if gate.startswith("σ") else float(gate)
        for k, shown in zip((10, 50, 100), shown_powers, strict=True):
            assert isclose(number(shown), kept**k, rel_tol=0.06)


def number(shown: str) -> float:
    """Read 2.3 · 10⁵ as a number."""
    digits, _, power = shown.replace("\N{NO-BREAK SPACE}", " ").partition(" · 10")
    raised = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(f"{digits}e{raised or 0}")


def test_paths_are_those_of_the_closed_form() -> None:
    for depth, *found in cells(table("stacked", head="layers")):
        layers = int(depth)
        for k, shown in zip((1, 2, 5, 10), found, strict=True):
            assert int(shown.replace(",", "")) == comb(k + layers - 1, k)


def test_clipping() -> None:
    gradient = np.array([3.0, 4.0])
    by_norm = gradient / np.linalg.norm(gradient)
    shown = [float(x) for x in re.findall(r"[\d.]+\d", clipping_answer().partition("norm (")[2])]
    assert np.allclose(shown[:2], by_norm)


def test_counts_by_hand() -> None:
    d, n, p, q = 4, 5, 3, 3
    by_hand = {
        "vanilla": n * (d + n + 1),
        "gru": 3 * n * (d + n + 1),
        "lstm": 4 * n * (d + n + 1),
        "lstm-peephole": 4 * n * (d + n + 1) + 3 * n,
        "lstm-coupled": 3 * n * (d + n + 1),
        "lstm-projection": 4 * n * (d + p + 1) + p * n,
        "gru*3": 3 * n * (d + n + 1) + 2 * 3 * n * (2 * n + 1),
        "bi(gru)": 6 * n * (d + n + 1),
        "bi(gru)*2": 6 * n * (d + n + 1) + 6 * n * (3 * n + 1),
        "bi(lstm,sum)*2": 8 * n * (d + n + 1) + 8 * n * (2 * n + 1),
        "lstm, dense:3": 4 * n * (d + n + 1) + q * (n + 1),
        "bi(lstm), dense:3": 8 * n * (d + n + 1) + q * (2 * n + 1),
    }
    found = {
        TEXT.prose(row[0]): int(TEXT.prose(row[-1]).rpartition("= ")[2])
        for block in document("params").blocks
        if isinstance(block, Table) and TEXT.prose(block.head[0]) == "model"
        for row in block.rows
        if "=" in TEXT.prose(row[-1])
    }
    assert found == by_hand


def test_sizes_found_back() -> None:
    text = printed("params")
    assert f"has {4 * 128 * (64 + 128 + 1)} parameters" in text
    assert text.count("d = 193 − 129 = 64")
    [widest, above] = [3 * n * (64 + n + 1) for n in (152, 153)]
    assert widest <= 100_000 < above
    assert f"n = 152 gives {widest}" in text


def test_conventions_give_the_known_numbers() -> None:
    assert "150, 155 or 165 parameters" in printed("params")


def test_merges_have_their_widths() -> None:
    rows = {row[0]: row[1:] for row in cells(table("bidirectional", head="merge"))}
    assert [rows[m][1:3] for m in ("concat", "sum", "mean", "mul")] == [
        ["2n"] * 2,
        *[["n"] * 2] * 3,
    ]


@pytest.mark.parametrize(("chapter", "name"), [(bptt, "goodfellow"), (compare, "cifg")])
def test_a_failing_theorem_stops_the_sheet(
    chapter: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        how = "broken"

        def residual(self, seed: int) -> float:
            return 1.0

    known = THEOREMS[name]

    def theorem(_: str) -> Theorem:
        return Theorem(name, known.statement, known.source, Broken())

    monkeypatch.setattr(chapter, "theorem", theorem)
    with pytest.raises(CheckError, match=name):
        list(chapter.sections())


def test_corners_of_a_stack() -> None:
    rows = dict(cells(table("stacked", head="where")))
    assert rows["top layer, last step"] == "Δₜ"
    assert rows["top layer"].endswith("δ_a⁽ˡ⁾ₜ₊₁")
    assert "W" not in rows["top layer"]
    assert rows["last step"].endswith("δ_a⁽ˡ⁺¹⁾ₜ")
    assert "U" not in rows["last step"]
    assert "Δ" not in rows["inside the stack"]


# The booklet and the cheat sheet


def test_the_booklet_holds_every_chapter() -> None:
    headings = [b.text for b in document("booklet").blocks if isinstance(b, Heading)]
    for place, name in enumerate(booklet.CHAPTERS, 2):
        assert f"{place}  {load_topic(name).title}" in headings
    assert set(CHAPTERS) | {"vanilla", "gru", "lstm"} == set(booklet.CHAPTERS)


def test_the_booklet_says_once_what_every_chapter_ends_with() -> None:
    blocks = document("booklet").blocks
    headings = [b.text for b in blocks if isinstance(b, Heading)]
    answers = [text for text in headings if text.startswith("Answers to chapter")]
    assert answers == [f"Answers to chapter {k}" for k in range(1, len(booklet.CHAPTERS) + 2)]
    assert headings.index(answers[0]) > headings.index("10  Recurrent architectures compared")
    assert headings.count("Checks and sources") == 1
    assert "Sources" not in headings
    assert "Check" not in headings
    miscounts = [b for b in blocks if isinstance(b, Box) and b.title == booklet.MISCOUNTS]
    assert len(miscounts) == 1
    assert "Answer 5" in " ".join(headings)


def test_the_measured_run_is_described_as_it_went() -> None:
    rows = cells(table("gradient-flow", head="lag"))
    vanilla, *gated = (number(x) for x in rows[-1][1:])
    assert vanilla < min(gated) < 1e-3, "the vanilla net loses its gradient first"
    norm = re.search(r"Its ‖U‖ is ([\d.]+), above 1", printed("gradient-flow"))
    assert norm is not None
    assert float(norm[1]) > 1


@pytest.mark.parametrize(("name", "steps"), [("bptt", 3), ("bidirectional", 2), ("stacked", 2)])
def test_a_chapter_carries_the_numbers_of_its_example(name: str, steps: int) -> None:
    worked = document(name).data["worked"]
    assert worked["T"] == steps
    for given in worked["given"]:
        assert f"{given['value'][0][0]}".replace("-", "−") in printed(name).replace("-", "−")


def test_the_index_lists_every_numbered_symbol() -> None:
    blocks = [b for b in document("booklet").blocks if not isinstance(b, Heading)]
    lines = list(numbered_lines(blocks))  # type: ignore[arg-type]
    listed = {
        part.number
        for found in formula_index(blocks)  # type: ignore[arg-type]
        for part in parts(found)
        if isinstance(part, EquationRef)
    }
    named = {line.number for line in lines if hasattr(line.lhs, "family")}
    assert listed == named
    assert len(named) > 90
    assert cells(table("booklet", caption="Forward equations"))[8][1] == "cell state"


@pytest.mark.parametrize(("paper", "size"), [("a4", "A4"), ("letter", "letter")])
def test_the_cheat_sheet_has_two_pages(
    paper: str, size: str, tmp_path: Path, require_engine: Callable[[str], str]
) -> None:
    require_engine("pdflatex")
    info = require_engine("pdfinfo")
    files = render_files(document("cheatsheet"), "pdf", Style(paper))
    path = tmp_path / "cheatsheet.pdf"
    path.write_bytes(files["cheatsheet.pdf"])
    found = subprocess.run([info, path], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Pages: +2$", found, re.MULTILINE)
    assert size in found


def test_every_input_feeds_both_chains() -> None:
    [figure] = (b for b in document("bidirectional").blocks if isinstance(b, Figure))
    reads = figure.diagram.graph.description
    for subscript in "₁₂₃":
        assert f"vanilla→ reads x{subscript} " in reads
        assert f"vanilla← reads x{subscript} " in reads
