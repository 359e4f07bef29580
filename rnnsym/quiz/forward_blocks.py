"""What forward questions print: numbers handed out, lines of a solution, marks for a method."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Relation, prose
from rnnsym.expr import Array, Integer, Product, Softmax, arrays_in, size
from rnnsym.item import Mark
from rnnsym.quiz.decimals import Place, Point
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.forward_net import Net, place_of
from rnnsym.quiz.numbers import Matrix, number_matrix
from rnnsym.sheet.arithmetic import Arithmetic, is_data, number
from rnnsym.sheet.worked_lines import Row

__all__ = ["given_blocks", "method_marks", "worked_lines"]

ALSO = "Also given"


def worked_lines(rows: Sequence[Row], net: Net, worked: Mapping[Place, Matrix]) -> list[Line]:
    """Return the worked solution: formula = numbers = value."""
    put = Arithmetic(net.sizes, Point(net.numbers, lambda place, _shape: worked[place]))
    found: list[Line] = []
    for row in rows:
        value = number(worked[place_of(row.target)])
        if is_data(row.value):
            found.append(Line(row.target, Relation((row.value, value))))
        else:
            found.append(Line(row.target, Relation((row.value, put.of(row.value), value))))
    return found


def given_blocks(net: Net, given: Mapping[Place, Matrix]) -> tuple[Block, ...]:
    """Return what is handed out: weights, inputs and states each in a line, matrices displayed."""
    arrays = net.given
    if any(net.sizes.shape(a.shape) != (1, 1) for a in arrays):
        lines = tuple(Line(a, number_matrix(given[place_of(a)])) for a in arrays)
        return Paragraph(prose("Given are, for ", *_sizes(net), ",")), Equations(lines)
    groups = (
        ("Weight", [a for a in arrays if a.time is None]),
        ("Input", [a for a in arrays if a.time is not None and a.name == "x"]),
        (ALSO, [a for a in arrays if a.time is not None and a.name != "x"]),
    )
    return (
        Paragraph(
            prose(
                "All sizes are 1: ", Relation((*map(size, net.system.size_names), Integer(1))), "."
            )
        ),
        *(
            Paragraph(prose(f"{head}{s}: ", *listed([_equal(a, given) for a in group], ", "), "."))
            for head, group in groups
            for s in ["s" if len(group) > 1 and head != ALSO else ""]
            if group
        ),
    )


def _sizes(net: Net) -> Prose:
    """The sizes that stand in the shape of something given."""
    known = dict(net.numbers)
    read = {symbol for a in net.given for side in a.shape for symbol in side.free_symbols}
    sizes = [size(name) for name in net.system.size_names if size(name) in read]
    return listed([Relation((symbol, Integer(known[symbol]))) for symbol in sizes])


@lru_cache(maxsize=1024)
def method_marks(rows: tuple[Row, ...], net: Net, printed: frozenset[str]) -> tuple[Mark, ...]:
    """Return what the affine maps of a part earn: a mark for two entries, not at each step.

    A line goes by its own name where that is ``printed`` in an equation, else by that of the line
    which reads it.
    """
    made = [row for row in rows if _reads_weights(row)]
    targets = [row.target for row in made]
    if not targets:
        guesses = [row for row in rows if row.value.atoms(Softmax)]
        return (Mark(1, "M", prose("each exponential over the sum of all")),) * len(guesses)
    equations = {(r.target.name, r.target.family.direction): _sums(r, net) for r in made}
    lines = "line" if len(targets) == 1 else "lines"
    named = [t if t.name in printed else _reader(rows, t) for t in targets]
    points = (sum(equations.values()) + 1) // 2
    return (Mark(points, "M", prose(f"the numbers put into the {lines} of ", *listed(named))),)


def _sums(row: Row, net: Net) -> int:
    """Return how many entries of a line add products up; a number times a column counts once."""
    products = [net.sizes.shape(p.children[0].shape) for p in row.value.atoms(Product)]
    alone = sum(columns for _, columns in products) == 1
    return 1 if alone else net.sizes.shape(row.target.shape)[0]


def _reader(rows: Sequence[Row], read: Array) -> Array:
    return next(row.target for row in rows if read in arrays_in(row.value))


def _reads_weights(row: Row) -> bool:
    return any(a.time is None for p in row.value.atoms(Product) for a in p.atoms(Array))


def _equal(array: Array, given: Mapping[Place, Matrix]) -> Relation:
    return Relation((array, number(given[place_of(array)])))
