"""LaTeX: documents as articles, papers in the exam class, through the templates of the folder."""

import re
from functools import singledispatch

from rnnsym.blocks import (
    Code,
    Emphasis,
    Equations,
    Heading,
    Inline,
    Line,
    Listing,
    Math,
    Note,
    NumberMatrix,
    Paragraph,
    Partial,
    Prose,
    Relation,
    Table,
)
from rnnsym.document import Document, Question
from rnnsym.export.templates import environment
from rnnsym.expr import (
    LATEX,
    UNICODE,
    Formula,
    Hadamard,
    Node,
    Plus,
    Product,
    Scale,
    formula_in,
    inside,
    render,
)
from rnnsym.item import Option

__all__ = ["block_latex", "escape", "export_latex", "math_latex", "prose_latex"]

VISIBLE = 62
SIGNS = {"=": "=", "×": r"\times", "≤": r"\le", "≥": r"\ge", "<": "<", ">": ">", "→": r"\to",
         "≈": r"\approx", "≠": r"\neq", "∈": r"\in"}  # fmt: skip
_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "\"": "''",
}  # fmt: skip
_MATHS = {
    "−": "-", "×": r"\times", "⊙": r"\odot", "≤": r"\le", "≥": r"\ge", "…": r"\dots",
    "→": r"\to", "Σ": r"\Sigma", "δ": r"\delta", "Δ": r"\Delta", "∂": r"\partial", "σ": r"\sigma",
    "′": "'", "½": r"\tfrac12", "ᵀ": r"^{\top}", "·": r"\cdot", "‖": r"\|", "²": "^{2}",
    "τ": r"\tau", "⁺": "^{+}", "≈": r"\approx", "ℓ": r"\ell", "ε": r"\varepsilon", "γ": r"\gamma",
    "α": r"\alpha", "≠": r"\neq", "∈": r"\in",
}  # fmt: skip
_BARRED = re.compile("(\\w)\u0304")
_WORDS = {"–": "--", "—": "---", "’": "'", "“": "``", "”": "''", "\u00a0": "~"}


def escape(text: str) -> str:
    r"""Return words for LaTeX: its own signs escaped, mathematical letters set as maths.

    >>> escape("50 % of R_1")
    '50 \\% of R\\_1'
    >>> escape("ȳ ⊙ b")
    '$\\bar{y}$ $\\odot$ b'
    """
    import unicodedata

    marked = _BARRED.sub("\ue000\\1\ue001", unicodedata.normalize("NFD", text))
    composed = unicodedata.normalize("NFC", marked)
    pieces: list[str] = []
    for c in composed:
        if c in _MATHS:
            pieces.append(f"${_MATHS[c]}$")
        else:
            pieces.append(_ESCAPES.get(c, _WORDS.get(c, c)))
    return re.sub("\ue000(\\w)\ue001", r"$\\bar{\1}$", "".join(pieces)).replace("$$", "")


def math_latex(math: Math) -> str:
    """Return maths in LaTeX, without dollars."""
    if isinstance(math, Node):
        return render(math, LATEX)
    if isinstance(math, Formula):
        return formula_in(math, LATEX)
    if isinstance(math, Relation):
        return f" {SIGNS[math.sign]} ".join(math_latex(side) for side in math.sides)
    if isinstance(math, Partial):
        return _partial(math)
    if isinstance(math, NumberMatrix):
        rows = r" \\ ".join(" & ".join(row) for row in math.rows).replace("−", "-")
        return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"
    return LATEX.scalar(math)


def _partial(math: Partial) -> str:
    top = {"∂": r"\partial ", "∂⁺": r"\partial^{+} ", "d": r"\mathrm{d} "}[math.sign]
    bottom = r"\mathrm{d} " if math.sign == "d" else r"\partial "
    return rf"\frac{{{top}{math_latex(math.of)}}}{{{bottom}{math_latex(math.wrt)}}}"


def prose_latex(content: Prose) -> str:
    """Return prose in LaTeX."""
    return "".join(_inline(part) for part in content)


def _inline(part: Inline) -> str:
    if isinstance(part, str):
        return escape(part)
    if isinstance(part, Emphasis):
        return rf"\emph{{{escape(part.text)}}}"
    return f"${math_latex(part)}$"


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
    name = "enumerate" if block.ordered else "itemize"
    items = "\n".join(rf"\item {prose_latex(item)}" for item in block.items)
    return f"\\begin{{{name}}}\n{items}\n\\end{{{name}}}" if block.items else ""


@block_latex.register
def _(block: Code) -> str:
    lines = block.text.replace(r"\end{verbatim}", r"\end {verbatim}")
    return f"\\begin{{verbatim}}\n{lines}\n\\end{{verbatim}}"


@block_latex.register
def _(block: Table) -> str:
    columns = "l" * (len(block.head) - 1) + "X"
    rows = [" & ".join(prose_latex(c) for c in row) + r" \\" for row in block.rows]
    head = " & ".join(rf"\textbf{{{prose_latex(c)}}}" for c in block.head) + r" \\"
    body = "\n".join([r"\toprule", head, r"\midrule", *rows, r"\bottomrule"])
    caption = rf"\textit{{{escape(block.caption)}}}\\[2pt]" if block.caption else ""
    return (
        f"\\noindent {caption}\\begin{{tabularx}}{{\\linewidth}}{{@{{}}{columns}@{{}}}}\n"
        f"{body}\n\\end{{tabularx}}\n"
    )


@block_latex.register
def _(block: Equations) -> str:
    parts: list[str] = []
    display: list[str] = []
    for line in block.lines:
        display.append(_line(line))
        notes = _notes(line.notes)
        if notes:
            parts += [_aligned(display), notes]
            display = []
    return "\n".join([*parts, *([_aligned(display)] if display else [])])


def _aligned(rows: list[str]) -> str:
    joined = " \\\\\n".join(rows)
    return f"\\begin{{align}}\n{joined}\n\\end{{align}}"


def _line(line: Line) -> str:
    """One row of an align: number as tag, shape and comment in the second column."""
    tag = rf"\tag{{{line.number}}}" if line.number is not None else r"\notag"
    side = ""
    if line.shape is not None:
        side = rf" && {math_latex(Relation(line.shape, '×'))}"
    if line.comment:
        text = rf"\comment{{{prose_latex(line.comment)}}}"
        side += (r"\quad " if side else " && ") + text
    sides = line.rhs if isinstance(line.rhs, tuple) else (line.rhs,)
    rows = _broken(sides)
    first = f"{math_latex(line.lhs)} &= {rows[0]}"
    later = [rf"&\qquad {row}" for row in rows[1:]]
    return " \\notag\\\\\n".join([first, *later]) + side + tag


def _width(math: Math) -> int:
    return len(render(math, UNICODE)) if isinstance(math, Node) else 8


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
    printed, width = math_latex(term), _width(term)
    if isinstance(term, Hadamard | Product) and width > VISIBLE:
        return _factors(term, sign)
    return [(sign + printed, width)]


def _factors(term: Node, sign: str) -> list[tuple[str, int]]:
    """Break a product that is longer than a row between its factors."""
    mark = r"{} \odot " if isinstance(term, Hadamard) else ""
    printed = [inside(c, LATEX, 3) for c in term.children]
    shown = [sign + printed[0], *(mark + p for p in printed[1:])]
    return [(p, _width(c)) for p, c in zip(shown, term.children, strict=True)]


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
        lines += [r"\begin{solution}", solution, "", proof, r"\end{solution}"]
    return "\n".join(lines)


def _choice(option: Option, solved: bool) -> str:
    command = r"\CorrectChoice" if option.correct else r"\choice"
    why = rf"\\ {{\small {prose_latex(option.why)}}}" if solved and option.why else ""
    return f"{command} {prose_latex(option.content)}{why}"


def _notes(notes: tuple[Note, ...]) -> str:
    rows = [
        f"${math_latex(n.term)}$ & {prose_latex(n.reason)} & {prose_latex(n.where)}" for n in notes
    ]
    if not rows:
        return ""
    joined = " \\\\\n".join(rows)
    return f"\\begin{{edges}}\n{joined} \\\\\n\\end{{edges}}"


# Documents


def export_latex(document: Document) -> dict[str, bytes]:
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
