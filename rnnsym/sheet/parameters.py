"""How many parameters a model has: the formula, its tally, a worked number, and how one miscounts.

``parameter_section(system)`` yields the blocks; the heading is the caller's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from itertools import count as numbered
from math import prod

from rnnsym.blocks import (
    Block,
    Box,
    Equations,
    Inline,
    Line,
    Math,
    Paragraph,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.count import Amount, count
from rnnsym.equations import System
from rnnsym.expr import STEPS, Expr, Formula, Group, Integer, size
from rnnsym.model_text import Recurrent
from rnnsym.quiz.count_slips import MISCONCEPTIONS, Work
from rnnsym.quiz.counting import parts_of
from rnnsym.quiz.guard import Unfair
from rnnsym.sheet.conventions import conventions_document, forms
from rnnsym.sheet.counts import count_blocks
from rnnsym.system import build_system, read_model, size_names

__all__ = ["example_sizes", "parameter_section"]

USUAL = {"d": 4, "n": 5, "p": 3, "L": 3}
"""What sizes are in examples; any other is the next number that none has."""
LONG = 10
"""Steps of the example."""
CONVENTIONS = "Conventions have equations of their own, and with them other numbers of parameters."
COLUMNS = {
    "reset": "Reset: whether a gate multiplies the old state before the matrix product or after.",
    "old state": "Old state: which gate keeps or replaces it.",
    "biases": "Biases: the bias vectors of one cell.",
}
NOTHING = prose("–")


def parameter_section(
    system: System, sizes: Mapping[str, int] | None = None, *, conventions: bool = True
) -> Iterator[Block]:
    """Yield everything about counting a model's parameters.

    Args:
        system: of any model; a size bound in it keeps its number.
        sizes: numbers of the example, by default d = 4, n = 5, …
        conventions: also the table of what each convention makes of the model.
    """
    chosen = example_sizes(system, sizes or {})
    yield from (block for block in count_blocks(count(system)) if isinstance(block, Table))
    yield from _example(system, chosen)
    if conventions:
        yield from _by_convention(system, chosen)
    yield from _mistakes(system, chosen)


def example_sizes(system: System, given: Mapping[str, int]) -> dict[str, int]:
    """Return a number for every size, no two alike unless they are given so.

    >>> example_sizes(build_system(read_model("lstm-projection")), {"n": 8})
    {'d': 4, 'n': 8, 'p': 3}
    """
    found = dict(system.bound) | dict(given)
    for name in system.size_names:
        numbers = chain((USUAL.get(name, 6),), numbered(6))
        usual = (k for k in numbers if k not in found.values())
        found.setdefault(name, next(usual))
    return {name: found[name] for name in system.size_names}


# The worked number


def _example(system: System, sizes: Mapping[str, int]) -> Iterator[Block]:
    """Yield the counts with numbers put in, every step shown."""
    counted = count(system)
    given = [Relation((size(k), Integer(v))) for k, v in sizes.items()]
    yield Paragraph(prose("With ", *_listed([*given, Relation((STEPS, Integer(LONG)))]), ":"))
    amounts: tuple[tuple[Amount, str], ...] = (
        (counted, "parameters"),
        (counted.multiply_adds, "multiply–adds per step"),
        (counted.memory, "numbers kept"),
    )
    lines = (_worked(amount.formula, {**sizes, "T": LONG}, what) for amount, what in amounts)
    yield Equations(tuple(lines))


def _worked(formula: Formula, sizes: Mapping[str, int], what: str) -> Line:
    """Return formula = numbers put in = brackets worked out = number."""
    put, inside = substituted(formula, sizes), reduced(formula, sizes)
    total = Integer(int(formula.value.xreplace(_rule(sizes))))
    brackets = len(formula.groups) > 1 or any(t != 1 for g in formula.groups for t in g.times)
    sides: tuple[Math, ...] = (put, inside, total) if brackets else (put, total)
    return Line(formula, Relation(sides), comment=prose(what))


def _rule(sizes: Mapping[str, int]) -> dict[Expr, Expr]:
    symbols = {name: STEPS if name == "T" else size(name) for name in sizes}
    return {symbols[name]: Integer(value) for name, value in sizes.items()}


def _written(number: int) -> Expr:
    """Return a number as a symbol, so that nothing multiplies it out before it is printed."""
    return size(str(number))


def substituted(formula: Formula, sizes: Mapping[str, int]) -> Formula:
    """Return a count with numbers for its sizes, not yet worked out.

    >>> from rnnsym.expr import UNICODE, formula_in
    >>> lstm = count(build_system(read_model("lstm"))).formula
    >>> formula_in(substituted(lstm, {"d": 4, "n": 5}), UNICODE)
    '4(5·4 + 5² + 5)'
    """
    rule = {symbol: _written(int(value)) for symbol, value in _rule(sizes).items()}

    def put(factors: Sequence[Expr]) -> tuple[Expr, ...]:
        return tuple(factor.xreplace(rule) for factor in factors)

    return Formula(tuple(Group(put(g.times), tuple(map(put, g.terms))) for g in formula.groups))


def reduced(formula: Formula, sizes: Mapping[str, int]) -> Formula:
    """Return a count with numbers, every bracket worked out: 4·50."""
    rule = _rule(sizes)

    def worked(group: Group) -> Group:
        times = prod(int(factor.xreplace(rule)) for factor in group.times)
        inner = int(Group((), group.terms).value.xreplace(rule))
        return Group((_written(times),) if times != 1 else (), ((_written(inner),),))

    return Formula(tuple(map(worked, formula.groups)))


# Conventions


def _by_convention(system: System, sizes: Mapping[str, int]) -> Iterator[Block]:
    text = str(system.model)
    having = [(name, form) for name, form in forms(text) if form is not None]
    if len(having) == 1:
        yield Paragraph(prose("No other convention that rnnsym knows has this model."))
        return
    found = [(name, _in_convention(form, name, sizes)) for name, form in having]
    blocks = conventions_document(text, found).blocks
    for table in (_telling(block) for block in blocks if isinstance(block, Table)):
        meant = (f" {means}" for title, means in COLUMNS.items() if prose(title) in table.head)
        yield Paragraph(prose(CONVENTIONS, *meant))
        yield table


def _telling(table: Table) -> Table:
    """Return a table without the columns that say nothing: a cell may have no reset gate."""
    columns = list(zip(table.head, *table.rows, strict=True))
    head, *rows = zip(*(c for c in columns if set(c[1:]) != {NOTHING}), strict=True)
    return replace(table, head=head, rows=tuple(rows))


def _in_convention(text: str, convention: str, sizes: Mapping[str, int]) -> System:
    free = [k for k, v in size_names(read_model(text, convention=convention)).items() if v is None]
    bound = {name: sizes[name] for name in free if name in sizes}
    return build_system(read_model(text, convention=convention, sizes=bound))


# Mistakes


def _mistakes(system: System, sizes: Mapping[str, int]) -> Iterator[Block]:
    """Yield what each misconception counts, where it is not the right number."""
    [first, *others] = system.model.layers
    if others or not isinstance(first, Recurrent) or first.depth not in (1, 2):
        return
    try:
        work = Work(parts_of(system), tuple(sizes.items()), LONG)
    except Unfair:  # no net runs with these arrays, so nothing is said of mistakes in counting them
        return
    rows = tuple(
        (prose(misconception.name), prose(Integer(slip.total)), why)
        for misconception in MISCONCEPTIONS
        for slip, why in misconception.apply(work)
        if slip.total != work.total
    )
    if rows:
        at = [Relation((size(k), Integer(v))) for k, v in sizes.items()]
        right = prose("With ", *_listed(at), " the number is ", Integer(work.total), ".")
        head = (prose("mistake"), prose("gives"), prose("why it is wrong"))
        yield Box("mistakes", "Mistakes in counting", (Paragraph(right), Table(head, rows)))


def _listed(items: Sequence[Math]) -> Prose:
    parts: list[Inline] = []
    for item in items:
        parts += [", ", item] if parts else [item]
    return tuple(parts)
