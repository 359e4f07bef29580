"""A paper with every kind of response, and with text that means something to each format."""

from decimal import Decimal

from rnnsym.blocks import Code, Emphasis, Equations, Line, Listing, Paragraph, Prose, Table, prose
from rnnsym.expr import TIME, size
from rnnsym.item import (
    Blank,
    Choice,
    FormulaAnswer,
    Item,
    Mark,
    Matching,
    Numeric,
    Open,
    Option,
    Ordering,
    Part,
    Proof,
    Response,
    Words,
    WrongNumber,
)
from rnnsym.quiz.paper import Paper
from rnnsym.quiz.roster import Student
from tests.strategies import vector

HOSTILE = (
    "<script>alert(1)</script> ]]> &amp; \"' }{ {1:SHORTANSWER:=x} {#1} ~ # = : \\ \\( $$ \\nabla "
    "-> // %50% [id:x] \\input{x}"
)
LINES = f"{HOSTILE}\nsecond\r\n\nfourth"
STATE = vector("h", size("n"), TIME)


def numbers(*values: str, tolerance: str = "0.005") -> Numeric:
    """Return blanks with these values; what is 1 more or 2 more is a misconception."""
    return Numeric(
        tuple(
            Blank(
                prose(vector("h", size("n"), TIME + i)),
                Decimal(value),
                Decimal(tolerance),
                tuple(
                    WrongNumber(Decimal(value) + more, f"{more} more", prose(f"It is {more} less."))
                    for more in (1, 2)
                ),
            )
            for i, value in enumerate(values)
        )
    )


def options(*right: bool) -> tuple[Option, ...]:
    """Return options, right or wrong."""
    return tuple(
        Option(
            prose(f"option {i} }}#~ ", STATE),
            "" if correct else f"wrong {i}",
            prose("so it is" if correct else f"not {i}"),
        )
        for i, correct in enumerate(right)
    )


RESPONSES: dict[str, Response] = {
    "choice": Choice(options(False, True, False)),
    "several": Choice(options(True, False, True, True, False), several=True),
    "number": numbers("-0.250"),
    "numbers": numbers("0.545", "1234", "2"),
    "matching": Matching(
        ((prose("f ", STATE), "forget"), (prose("i"), "input"), (prose("o"), "forget")),
        ("cell & <gate>",),
        ("input", "cell & <gate>", "forget"),
    ),
    "ordering": Ordering((prose("one"), prose("two ", STATE), prose("three")), (2, 0, 1)),
    "words": Words(("Vanishing gradient", "vanishing  gradients")),
    "formula": FormulaAnswer("lstm", "h_0", prose(STATE)),
    "open": Open(3),
}


def part(response: Response, marks: int = 2, stem: Prose = ("What is it?",)) -> Part:
    """Return a part with a solution, a scheme and two hints."""
    scheme = (Mark(1, "M", prose("method")), Mark(marks - 1, "A", prose("answer")))
    return Part(
        (Paragraph(stem),),
        response,
        marks,
        (Paragraph(prose("Because of ", STATE, ".")),),
        scheme if marks > 1 else (),
        (prose("Think of ", STATE), prose("Think again")),
    )


def item(name: str, *parts: Part, text: str = "About the state") -> Item:
    """Return a question; ``text`` stands in its stem."""
    stem = (
        Paragraph(prose(f"{text} ", STATE, " and ", Emphasis(text))),
        Equations((Line(STATE, STATE, "1", comment=prose(text)),)),
        Table((prose("a"), prose(STATE)), ((prose(text), prose("b")),)),
        Listing((prose(text), prose("second")), "letters"),
        Code("x = {1}\n  y = 2", "python"),
    )
    tags = (text, "tag")
    proof = Proof(f"by hand {text}", "exact")
    return Item(f"{name}-0a1b", name, "concepts", 2, 3, "textbook", (), stem, parts, proof, tags)


def sample_paper(text: str = "About the state", title: str = "Quiz") -> Paper:
    """Return a paper with a question for each response, and two with several parts."""
    singles = tuple(item(name, part(response), text=text) for name, response in RESPONSES.items())
    together = [RESPONSES[name] for name in ("choice", "number", "matching", "ordering", "words")]
    mixed = [RESPONSES[name] for name in ("numbers", "formula")]
    whole = (
        item("together", *(part(response, 3) for response in together), text=text),
        item("apart", *(part(response, 4) for response in mixed), text=text),
    )
    sections = (("", singles), (f"Parts {text}", whole))
    return Paper("sample", 7, sections, title, "", Student("s1", title))


def hostile_paper() -> Paper:
    """Return the same with text that means something to each format."""
    return sample_paper(LINES, LINES)
