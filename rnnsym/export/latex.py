"""LaTeX: documents as articles, papers in the exam class, through the templates of the folder."""

from functools import singledispatch

from rnnsym.blocks import (
    Box,
    Code,
    Contents,
    Equations,
    Heading,
    Line,
    Listing,
    Math,
    Note,
    NumberMatrix,
    PageBreak,
    Paragraph,
    Relation,
    Table,
)
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.export.latex_math import math_latex, math_width, prose_latex, prose_width
from rnnsym.export.latex_words import escape
from rnnsym.export.templates import environment
from rnnsym.expr import (
    LATEX,
    Hadamard,
    Node,
    Plus,
    Product,
    Scale,
    inside,
)
from rnnsym.item import Option

__all__ = ["block_latex", "export_latex"]

# Widths in letters, as the text page has room for them.
VISIBLE = 62
PAGE = 76
LONG_CELL = 26
LONG_TERM = 36
COMMENT_SHARE = 0.75


# Blocks


@singledispatch
def block_latex(block: object) -> str:
    """Return one block in LaTeX."""
    raise TypeError(f"no LaTeX for a {type(block).__name__}")


@block_latex.register
def _(block: Heading) -> str:
    command = {1: "section", 2: "section", 3: "subsection"}[block.level]
    return rf"\{command}*{{{escape(block.text)}}}"


@block_latex.register
def _(block: Paragraph) -> str:
    return prose_latex(block.content) + "\n"


@block_latex.register
def _(block: Listing) -> str:
    name = "itemize" if block.marks == "bullets" else "enumerate"
    letters = r"[label=\Alph*.]" if block.marks == "letters" else ""
    items = "\n".join(rf"\item {prose_latex(item)}" for item in block.items)
    return f"\\begin{{{name}}}{letters}\n{items}\n\\end{{{name}}}" if block.items else ""


@block_latex.register
def _(block: Box) -> str:
    inner = "\n\n".join(block_latex(b) for b in block.blocks)
    return f"\\begin{{panel}}{{{block.kind}}}{{{escape(block.title)}}}\n{inner}\n\\end{{panel}}"


@block_latex.register
def _(_: PageBreak) -> str:
    return r"\clearpage"


@block_latex.register
def _(_: Contents) -> str:
    return r"\tableofcontents"


@block_latex.register
def _(block: Code) -> str:
    lines = block.text.replace(r"\end{verbatim}", r"\end {verbatim}")
    return f"\\begin{{verbatim}}\n{lines}\n\\end{{verbatim}}"


@block_latex.register
def _(block: Table) -> str:
    rows = [" & ".join(prose_latex(c) for c in row) + r" \\" for row in block.rows]
    head = " & ".join(rf"\textbf{{{prose_latex(c)}}}" for c in block.head) + r" \\"
    body = "\n".join([r"\toprule", head, r"\midrule", r"\endhead", *rows, r"\bottomrule"])
    caption = rf"\noindent\textit{{{escape(block.caption)}}}\nopagebreak" if block.caption else ""
    return f"{caption}\n\\begin{{xltabular}}{{\\linewidth}}{{@{{}}{_columns(block)}@{{}}}}\n" + (
        f"{body}\n\\end{{xltabular}}\n"
    )


def _columns(block: Table) -> str:
    """Natural widths, but a long column wraps; the last one takes what is left."""
    found: list[str] = []
    for i in range(len(block.head) - 1):
        widest = max((prose_width(row[i]) for row in block.rows), default=0)
        found.append("l" if widest <= LONG_CELL else r">{\raggedright\arraybackslash}X")
    return "".join(found) + r">{\raggedright\arraybackslash}X"


@block_latex.register
def _(block: Equations) -> str:
    if all(_is_given(line) for line in block.lines):
        shown = (rf"\mbox{{${math_latex(Relation((line.lhs, line.rhs)))}$}}" for line in block.lines
                 if not isinstance(line.rhs, tuple))  # fmt: skip
        given = r"\qquad ".join(shown)
        return f"{{\\raggedright {given}\\par}}\n"
    beside = _fits_beside(block)
    parts: list[str] = []
    display: list[str] = []
    for line in block.lines:
        display.append(_line(line, beside))
        notes = _notes(line.notes)
        if notes:
            parts += [_aligned(display), notes]
            display = []
    return "\n".join([*parts, *([_aligned(display)] if display else [])])


def _is_given(line: Line) -> bool:
    """A number that is handed out: several of these share a row."""
    return isinstance(line.rhs, NumberMatrix) and line.number is None and line.shape is None


def _fits_beside(block: Equations) -> bool:
    """Tell whether the comments of a display fit to the right of its shapes."""
    sides = max(math_width(line.lhs) + _side_width(line) for line in block.lines)
    return sides + COMMENT_SHARE * max(prose_width(x.comment) for x in block.lines) <= PAGE


def _side_width(line: Line) -> int:
    return min(sum(math_width(r) for r in _sides(line)), VISIBLE) + 10


def _sides(line: Line) -> tuple[Math, ...]:
    return line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)


def _aligned(rows: list[str]) -> str:
    joined = " \\\\\n".join(rows)
    return f"\\begin{{align}}\n{joined}\n\\end{{align}}"


def _line(line: Line, beside: bool) -> str:
    """One row of an align: number as tag, shape in the second column, comment beside or below."""
    tag = _tag(line.number)
    side = f" && {math_latex(Relation(line.shape, '×'))}" if line.shape is not None else ""
    comment = rf"\remark{{{prose_latex(line.comment)}}}" if line.comment else ""
    rows = _broken(_sides(line))
    first = f"{math_latex(line.lhs)} &= {rows[0]}"
    printed = " \\notag\\\\\n".join([first, *(rf"&\qquad {row}" for row in rows[1:])]) + side
    if comment and beside:
        gap = r"\quad " if side else " && "
        return f"{printed}{gap}{comment}{tag}"
    return printed + tag + (f" \\\\[-2pt]\n&\\quad {comment}\\notag" if comment else "")


def _tag(number: str | None) -> str:
    return r"\notag" if number is None else rf"\tag{{{number}}}\label{{eq:{number}}}"


def _broken(sides: tuple[Math, ...]) -> list[str]:
    """Put the terms of a right-hand side on as many rows as the page's width asks for."""
    terms: list[tuple[str, int]] = []
    for side in sides:
        children = side.children if isinstance(side, Plus) else (side,)
        for child in children:
            terms += _signed(child, first=not terms)
    rows: list[str] = []
    used = VISIBLE + 1
    for printed, width in terms:
        if used + width > VISIBLE:
            rows.append(printed)
            used = width
        else:
            rows[-1] += f" {printed}"
            used += width + 3
    return rows


def _signed(term: Math, *, first: bool) -> list[tuple[str, int]]:
    sign = "" if first else "+ "
    if isinstance(term, Scale) and bool(term.factor.is_negative):
        sign, bare = "- ", Scale(-term.factor, term.arg)
        term = bare.arg if bare.factor == 1 else bare
    printed, width = math_latex(term), math_width(term)
    if isinstance(term, Hadamard | Product) and width > VISIBLE:
        return _factors(term, sign)
    return [(sign + printed, width)]


def _factors(term: Node, sign: str) -> list[tuple[str, int]]:
    """Break a product that is longer than a row between its factors."""
    mark = r"{} \odot " if isinstance(term, Hadamard) else ""
    printed = [inside(c, LATEX, 3) for c in term.children]
    shown = [sign + printed[0], *(mark + p for p in printed[1:])]
    return [(p, math_width(c)) for p, c in zip(shown, term.children, strict=True)]


@block_latex.register
def _(block: Question) -> str:
    """One question of the exam class; its solution is set where answers are printed."""
    item = block.item
    stem = "\n\n".join(block_latex(b) for b in item.stem)
    choices = [_choice(option, block.solved) for option in item.options]
    lines = [rf"\question[{item.marks}] % {item.id}", stem, r"\begin{choices}", *choices]
    lines.append(r"\end{choices}")
    if block.solved:
        solution = "\n\n".join(block_latex(b) for b in item.solution)
        proof = escape(f"Proof: {item.proof.method} ({item.proof.error}).")
        lines += [r"\begin{solution}\leavevmode\par", solution, "", proof, r"\end{solution}"]
    return "\n".join(lines)


def _choice(option: Option, solved: bool) -> str:
    command = r"\CorrectChoice" if option.correct else r"\choice"
    why = rf"\\ {{\small {prose_latex(option.why)}}}" if solved and option.why else ""
    return f"{command} {prose_latex(option.content)}{why}"


def _notes(notes: tuple[Note, ...]) -> str:
    if not notes:
        return ""
    rows = " \\\\\n".join(_note(note) for note in notes)
    return f"\\begin{{edges}}\n{rows} \\\\\n\\end{{edges}}"


def _note(note: Note) -> str:
    """One row; a term too long for its column stands above its reason."""
    term = f"${math_latex(note.term)}$"
    if math_width(note.term) > LONG_TERM:
        term = rf"\multicolumn{{3}}{{@{{}}l}}{{{term}}} \\ "
    return f"{term} & {prose_latex(note.reason)} & {prose_latex(note.where)}"


# Documents


def export_latex(document: Document, _style: Style = PLAIN, /) -> dict[str, bytes]:
    """Return a document as one ``.tex`` file."""
    env = environment("latex")
    env.filters.update(prose=prose_latex, block=block_latex, words=escape)
    template = env.get_template("paper.tex.j2" if document.kind == "paper" else "article.tex.j2")
    questions = [b for b in document.blocks if isinstance(b, Question)]
    others = [b for b in document.blocks if not isinstance(b, Question)]
    text = template.render(
        document=document,
        questions=questions,
        others=others,
        solved=any(q.solved for q in questions),
    )
    return {f"{document.name}.tex": text.encode()}
