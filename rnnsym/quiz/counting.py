"""What questions on counts share: trained arrays layer by layer, their tally, and blanks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from math import prod

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Block, Line, Math, Prose, Relation, Table, prose
from rnnsym.equations import Block as Layer
from rnnsym.equations import System, Weight
from rnnsym.expr import LAYER, TIME, Array, Expr, Formula, Integer, Symbol, arrays_in, size
from rnnsym.item import Blank, WrongNumber
from rnnsym.quiz.count_slips import MISCONCEPTIONS, ONE_EQUATION, Counted, Work, one_equation
from rnnsym.quiz.counting_proof import check_arrays
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.subject import uses
from rnnsym.quiz.wrong_numbers import told_apart
from rnnsym.system import build_system, read_model
from rnnsym.tied import TiedSizes

__all__ = [
    "PROOF", "Given", "blank", "claims_of", "count_blank", "counted", "given_sizes", "number",
    "parts_by_layer", "parts_of", "proven", "system_of", "tally", "total_line", "value_of",
]  # fmt: skip

Given = tuple[tuple[str, int], ...]
"""The numbers of the sizes, by name."""
PROOF = "entries of the arrays that a net runs with, added up"


@lru_cache(maxsize=512)
def system_of(model: str, convention: str = "textbook", *, bias: bool = True) -> System:
    """Return the index equations of a model text."""
    return build_system(read_model(model, convention=convention, bias=bias))


@lru_cache(maxsize=512)
def parts_by_layer(system: System) -> tuple[tuple[Counted, ...], ...]:
    """Return the trained arrays of each layer of the model's text.

    Raises:
        Unfair: no net runs with arrays of these shapes, and with all of them.
    """
    found = tuple(_parts(system, block) for block in system.blocks if block.spec is not None)
    check_arrays(system, tuple(part for parts in found for part in parts))
    return found


@lru_cache(maxsize=512)
def parts_of(system: System) -> tuple[Counted, ...]:
    """Return the trained arrays of a model, layer by layer; raises as ``parts_by_layer``."""
    return tuple(part for parts in parts_by_layer(system) for part in parts)


def _parts(system: System, block: Layer) -> tuple[Counted, ...]:
    tied = TiedSizes(system)
    equations = [e for loop in block.loops for e in loop.equations]
    read = {a for e in equations for a in arrays_in(e.rhs)}
    found: list[Counted] = []
    for weight in system.weights:
        if weight.array not in read:
            continue
        role = _role(block, weight.array)
        for layer in _layers(weight):
            rows, columns = (_side(tied.at(s, Integer(layer))) for s in weight.array.shape)
            found.append(Counted(weight.array, *role, layer, (rows, columns)))
    return tuple(found)


def _layers(weight: Weight) -> Sequence[int]:
    if weight.layer is None:
        return [1]
    return range(int(weight.layer.first), int(weight.layer.last) + 1)


def _side(length: Expr) -> tuple[int, str]:
    times, rest = length.as_coeff_Mul()
    return int(times), rest.name if isinstance(rest, Symbol) else ""


def _role(block: Layer, array: Array) -> tuple[str, str]:
    """The affine map in which a parameter stands, and what it multiplies.

    That is x, the old state, a state through a peephole, something other, or nothing (1).
    """
    if block.cell is None:
        return block.title, "1" if array.shape[1] == Integer(1) else "x"
    cell = block.cell
    map_of, read = uses(cell, array.name)
    if read is None:
        return map_of, "1"
    names = {a.name for a in read}
    states = {s.name for s in cell.states}
    if array.shape[1] == Integer(1) and names & states - {cell.output.name}:
        return map_of, "peephole"
    old = {a.name for a in read if a.time == TIME - 1}
    return map_of, "x" if "x" in names else "state" if old & states else "other"


# Numbers


def given_sizes(values: Mapping[str, str], names: Iterable[str]) -> Given:
    """Return the numbers that parameters of an item give to these sizes."""
    return tuple((name, int(values[name])) for name in names)


@lru_cache(maxsize=4096)
def _polynomial(formula: Formula) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Return a formula as terms: a number and the sizes that it multiplies."""
    terms: list[tuple[int, tuple[str, ...]]] = []
    for group in formula.groups:
        for term in group.terms:
            sides = [_side(factor) for factor in (*group.times, *term)]
            names = tuple(name for _, name in sides if name)
            terms.append((prod(times for times, _ in sides), names))
    return tuple(terms)


def value_of(formula: Formula, given: Given) -> int:
    """Return a formula's number."""
    sizes = dict(given)
    return sum(times * prod(sizes[name] for name in names) for times, names in _polynomial(formula))


def counted(system: System, given: Given) -> str:
    """Return the name of a count, by which it is known whatever kind asks for it."""
    sizes = ", ".join(f"{name} = {value}" for name, value in sorted(given))
    biases = "" if system.model.bias else ", no biases"
    return f"parameters of {system.model} ({system.model.convention}{biases}), {sizes}"


def proven(work: Work, key: int) -> int:
    """Return the key if arrays of these shapes hold so many numbers.

    Raises:
        Unfair: they hold another number, so the question has no proven key; or who takes n for the
            number of affine maps, or it for n, finds the key.
    """
    if dict(work.sizes).get("n") == len(work.blocks):
        raise Unfair(f"there are as many units as affine maps, {len(work.blocks)}")
    if work.total != key:
        raise Unfair(f"the formula gives {key}, the arrays hold {work.total} numbers")
    return key


def count_blank(
    label: Prose, key: int, work: Work, slips: Sequence[Misconception[Work]] = MISCONCEPTIONS
) -> Blank:
    """Return a blank for a count: what misconceptions make of the work is told apart from it."""
    return blank(label, proven(work, key), claims_of(work, slips))


def claims_of(
    work: Work,
    slips: Sequence[Misconception[Work]] = MISCONCEPTIONS,
    asked: Callable[[Work], int] = lambda work: work.total,
) -> list[tuple[str, int, Prose]]:
    """Return what each misconception makes of a count: its name, the number asked, and why not."""
    values = [value for _, value in work.sizes]
    places = tuple((name, place) for place, (name, _) in enumerate(work.sizes))
    claims: list[tuple[str, int, Prose]] = []
    for name, changed, why in _made(replace(work, sizes=places, steps=1), tuple(slips)):
        sizes = tuple((size, values[place]) for size, place in changed.sizes)
        claims.append((name, asked(replace(changed, sizes=sizes, steps=work.steps)), why))
    return _unnamed(claims, len(work.blocks))


@lru_cache(maxsize=512)
def _made(
    work: Work, slips: tuple[Misconception[Work], ...]
) -> tuple[tuple[str, Work, Prose], ...]:
    """Return each misconception's name, the count with it, and why not, whatever the sizes are.

    Where two of them count the same arrays, the later one says more about it.
    """
    made = [(slip.name, changed, why) for slip in slips for changed, why in slip.apply(work)]
    return tuple({changed: (name, changed, why) for name, changed, why in made}.values())


def _unnamed(claims: list[tuple[str, int, Prose]], blocks: int) -> list[tuple[str, int, Prose]]:
    """Name no equation where they all give one number."""
    found = {slip: [value for name, value, _ in claims if name == slip] for slip in ONE_EQUATION}
    alike = {slip for slip, values in found.items() if len(set(values)) == 1 < len(values)}
    return [
        (name, value, one_equation(name, blocks) if name in alike else why)
        for name, value, why in claims
    ]


def blank(label: Prose, key: int, claims: Iterable[tuple[str, int, Prose]]) -> Blank:
    """Return a blank for a whole number.

    Args:
        label: what it is.
        key: the answer.
        claims: the misconceptions by name, what they give and why that is wrong.

    Raises:
        Unfair: a misconception gives the key.
    """
    claims = list(claims)
    for name, value, _ in claims:
        if value == key:
            raise Unfair(f"'{name}' gives the key")
    wrong = (WrongNumber(Decimal(value), name, why) for name, value, why in claims)
    return Blank(label, Decimal(key), Decimal(0), told_apart(wrong))


# Printing


def number(value: int) -> Expr:
    """Return a whole number for print."""
    return Integer(value)


def total_line(formula: Formula, total: int, name: str = "P") -> Line:
    """Return ``P = formula = total``."""
    return Line(size(name), Relation((formula, Integer(total))))


def tally(parts: tuple[Counted, ...], given: Given) -> tuple[Block, ...]:
    """Return the table of arrays, those of one shape in a row, with their numbers."""
    sizes = dict(given)
    rows = tuple(
        (listed, shape, prose(_multiplied(len(alike), alike[0].entries(sizes))))
        for alike, listed, shape in _rows(parts)
    )
    return (Table((prose("Arrays"), prose("Shape"), prose("Numbers")), rows),)


@lru_cache(maxsize=512)
def _rows(parts: tuple[Counted, ...]) -> tuple[tuple[tuple[Counted, ...], Prose, Prose], ...]:
    """The rows of the table without the numbers."""
    by_shape: dict[tuple[tuple[int, str], ...], list[Counted]] = {}
    for part in parts:
        by_shape.setdefault(tuple(part.sides), []).append(part)
    found: list[tuple[tuple[Counted, ...], Prose, Prose]] = []
    for alike in by_shape.values():
        arrays = [p.array.xreplace({LAYER: Integer(p.layer)}) for p in alike]
        listed = tuple(x for i, a in enumerate(arrays) for x in ((", ", a) if i else (a,)))
        shape = prose(_length(alike[0], 0), " × ", _length(alike[0], 1))
        found.append((tuple(alike), listed, shape))
    return tuple(found)


def _length(part: Counted, side: int) -> Expr:
    times, name = part.sides[side]
    return Integer(times) * size(name) if name else Integer(times)


def _multiplied(times: int, entries: int) -> Math:
    """Return what the arrays of one shape hold, e.g. 4 × 16 = 64."""
    total = Integer(times * entries)
    if times == 1:
        return total
    return Relation((Relation((Integer(times), Integer(entries)), "×"), total))
