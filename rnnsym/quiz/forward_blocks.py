"""What forward questions print: the numbers handed out, and the lines of a solution with them."""

from collections.abc import Mapping, Sequence

from rnnsym.blocks import Block, Equations, Line, Paragraph, Relation, prose
from rnnsym.expr import Array, Integer, size
from rnnsym.quiz.decimals import Place, Point
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.forward_net import Net, place_of
from rnnsym.quiz.numbers import Matrix, number_matrix
from rnnsym.sheet.arithmetic import Arithmetic, is_data, number
from rnnsym.sheet.worked_lines import Row

__all__ = ["given_blocks", "worked_lines"]


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
        return Paragraph(prose("Given are")), Equations(lines)
    sizes = listed([Relation((size(name), Integer(1))) for name in net.system.size_names])
    groups = (
        ("Weights: ", [a for a in arrays if a.time is None]),
        ("Inputs: ", [a for a in arrays if a.time is not None and a.name == "x"]),
        ("Also given: ", [a for a in arrays if a.time is not None and a.name != "x"]),
    )
    return (
        Paragraph(prose("All sizes are 1: ", *sizes, ".")),
        *(
            Paragraph(prose(head, *listed([_equal(a, given) for a in group], ", "), "."))
            for head, group in groups
            if group
        ),
    )


def _equal(array: Array, given: Mapping[Place, Matrix]) -> Relation:
    return Relation((array, number(given[place_of(array)])))
