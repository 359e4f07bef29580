"""The other way round: the largest state that a budget of parameters allows."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from math import isqrt

from rnnsym.blocks import Line, Paragraph, Prose, Relation, prose
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import Integer, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import (
    Given,
    blank,
    claims_of,
    number,
    parts_of,
    proven,
    system_of,
    value_of,
)
from rnnsym.quiz.counting_items import about, derived, model_of, model_stem, numeric
from rnnsym.quiz.counting_slips import named
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "count_budget"
INPUTS = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
BUDGETS = (500, 600, 750, 800, 1000, 1200, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000)
FEWEST = 5
SLIPS = named("no biases", "second bias", "one bias for two", "recurrent part forgotten",
              "peepholes forgotten", "one block forgotten", "one block too many",
              "one direction forgotten")  # fmt: skip


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    subjects = about(cells, ("textbook", "pytorch"), ("{}", "bi({})"))
    return [s for s in subjects if _quadratic(system_of(*model_of(s)))]


def _quadratic(system: System) -> bool:
    """Tell whether the count is a n² + b n, with nothing else in it."""
    if set(system.size_names) != {"d", "n"}:
        return False
    a, b = _coefficients(system, 7)
    return all(_at(system, 7, n) == a * n * n + b * n for n in (1, 2, 3))


def _variants(_subject: Parameters) -> int:
    return len(INPUTS) * len(BUDGETS)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    inputs, budget = draw.choice("d", INPUTS), draw.choice("budget", BUDGETS)
    return (*subject, ("d", str(inputs)), ("budget", str(budget)))


@lru_cache(maxsize=64)
def _at(system: System, d: int, n: int) -> int:
    return value_of(count(system).formula, (("d", d), ("n", n)))


def _coefficients(system: System, d: int) -> tuple[int, int]:
    """Return a and b of the count a n² + b n, by its values at 1 and 2."""
    return _of_totals(_at(system, d, 1), _at(system, d, 2))


def _of_totals(one: int, two: int) -> tuple[int, int]:
    return (two - 2 * one) // 2, (4 * one - two) // 2


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, convention = model_of(parameters)
    system = system_of(model, convention)
    d, budget = int(values["d"]), int(values["budget"])
    a, b = _coefficients(system, d)
    largest = _largest(system, d, budget, a, b)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=4,
        minutes=8,
        convention=convention,
        parameters=parameters,
        stem=model_stem(
            system, (("d", d),), f"at most {budget} numbers may be trained.",
        ),
        parts=(
            _polynomial(system, d, a, b),
            _units(system, d, budget, largest, (a, b)),
            _used(system, d, largest),
        ),
        proof=Proof("arrays added up keep within the budget, those of one unit more do not",
                    "exact"),
        tags=(model, "budget"),
    )  # fmt: skip


def _largest(system: System, d: int, budget: int, a: int, b: int) -> int:
    """Return the key by the quadratic formula, when arrays added up say the same.

    Raises:
        Unfair: they do not, the answer is too small, or nothing has to be rounded.
    """
    root = _solved(a, b, budget)
    if root < FEWEST:
        raise Unfair(f"{root} units are too few to ask for")
    spent, one_more = (_work(system, d, n).total for n in (root, root + 1))
    if not spent <= budget < one_more:
        raise Unfair(f"{root} units have {spent} parameters, one more has {one_more}")
    if spent == budget:
        raise Unfair(f"{root} units spend the whole budget: rounding up would do no harm")
    return root


def _solved(a: int, b: int, budget: int) -> int:
    """Return the largest n with a n² + b n within the budget."""
    return (isqrt(b * b + 4 * a * budget) - b) // (2 * a) if a else budget // b


def _work(system: System, d: int, n: int) -> Work:
    given: Given = (("d", d), ("n", n))
    return Work(parts_of(system), given, 1)


def _slipped(system: System, d: int, place: int, key: int) -> list[tuple[str, int, Prose]]:
    """Return what misconceptions make of a (place 0) or b (place 1), where they change it."""
    claims = claims_of(_work(system, d, 1), SLIPS, lambda changed: _counted(changed, d)[place])
    return [claim for claim in claims if claim[1] != key]


def _counted(work: Work, d: int) -> tuple[int, int]:
    """Return a and b of what a work comes to."""
    one, two = (Work(work.parts, (("d", d), ("n", n)), 1).total for n in (1, 2))
    return _of_totals(one, two)


def _polynomial(system: System, d: int, a: int, b: int) -> Part:
    of_b = _slipped(system, d, 1, b)
    if a == 0:
        ask = prose("For this ", size("d"), " the number of parameters is ", size("k"), " times ",
                    size("n"), ". Which number is ", size("k"), "?")  # fmt: skip
        blanks = [blank(prose(size("k")), b, of_b)]
    else:
        shape = size("a") * size("n") ** 2 + size("b") * size("n")
        ask = prose("For this ", size("d"), " the number of parameters is ", shape,
                    ". Which numbers are ", size("a"), " and ", size("b"), "?")  # fmt: skip
        of_a = _slipped(system, d, 0, a)
        blanks = [blank(prose(size("a")), a, of_a), blank(prose(size("b")), b, of_b)]
    scheme = [
        Mark(1, "M", prose("the count of the arrays as a formula in n")),
        Mark(len(blanks), "A", prose("1 for each number" if a else "the number")),
    ]
    formula = count(system).formula
    value = a * size("n") ** 2 + b * size("n")
    return numeric(ask, blanks, derived(Line(size("P"), Relation((formula, value)))), scheme)


def _units(system: System, d: int, budget: int, key: int, quadratic: tuple[int, int]) -> Part:
    a, b = quadratic
    needed = a * size("n") ** 2 + b * size("n")
    work = _work(system, d, key)
    claims: list[tuple[str, int, Prose]] = [
        ("rounded up", key + 1, prose("One unit more does not fit into the budget.")),
    ]
    slips = claims_of(work, SLIPS, lambda changed: _solved(*_counted(changed, d), budget))
    claims += [claim for claim in slips if claim[1] not in (key, key + 1)]
    tried = [number(_at(system, d, n)) for n in (key, key + 1)]
    return numeric(
        prose("Which is the largest ", size("n"), " within the budget?"),
        [blank(prose("Largest ", size("n")), key, claims)],
        (
            Paragraph(
                prose(
                    Relation((needed, Integer(budget))),
                    " gives ",
                    size("n"),
                    f" = {_root(a, b, budget)}, rounded down to {key}.",
                )
            ),
            Paragraph(
                prose(
                    *_equal(key),
                    " gives ",
                    tried[0],
                    ", which is within the budget; ",
                    *_equal(key + 1),
                    " gives ",
                    tried[1],
                    ", which is not.",
                )
            ),
        ),
        [
            Mark(1, "M", prose("the formula compared with the budget: solved for ", size("n"),
                               ", or tried on both sides of the limit")),
            Mark(1, "A", prose("the largest whole ", size("n"), " that fits")),
        ],
        (0,),
        "Solve for the budget and round down; then try n and n + 1.",
    )  # fmt: skip


def _root(a: int, b: int, budget: int) -> str:
    """Return for which n, positive and cut after one decimal, that many parameters are needed."""
    square = Decimal(b * b + 4 * a * budget)
    root = (square.sqrt() - b) / (2 * a) if a else Decimal(budget) / b
    cut = root.quantize(Decimal("0.1"), ROUND_DOWN)
    return f"{cut}{'' if cut == root else '…'}"


def _equal(n: int) -> Prose:
    return prose(Relation((size("n"), Integer(n))))


def _used(system: System, d: int, n: int) -> Part:
    total = proven(_work(system, d, n), _at(system, d, n))
    return numeric(
        prose("How many parameters does it then have?"),
        [blank(prose("Parameters"), total, ())],
        derived(Line(size("P"), Relation((count(system).formula, number(total))))),
        [Mark(1, "A", prose("the formula of (a) at the number of (b)"))],
        (0, 1),
    )


KIND = Kind(NAME, "counts", "analyse", (4, 4), (5, 6), _subjects, _variants, _draw, _make)
