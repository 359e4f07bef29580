"""Stacked and bidirectional layers: the first, those above it, and all of them."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.blocks import Line, Prose, prose
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import LAYER as INDEX
from rnnsym.expr import Expr, Formula, Integer, Symbol, size
from rnnsym.expr.formula import Group, gathered
from rnnsym.item import Blank, Item, Mark, Numeric, Part, Proof
from rnnsym.model_text import Recurrent
from rnnsym.quiz.count_slips import Counted, Work
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    blank,
    count_blank,
    counted,
    given_sizes,
    number,
    parts_of,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_carried import carried_apart, total_at, wrong_at
from rnnsym.quiz.counting_items import (
    about,
    derived,
    draw_numbers,
    model_of,
    model_stem,
    numeric,
    size_variants,
)
from rnnsym.quiz.counting_slips import LAYER, SHARED_BIAS, STACK, WIDE, WIDE_ABOVE, named
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of
from rnnsym.tied import TiedSizes

__all__ = ["KIND"]

NAME = "count_stack"
FORMS = ("{}*2", "{}*3", "bi({})*2", "bi({})*3")
WHOLE = (*STACK, *named("sizes swapped"), SHARED_BIAS, WIDE, *WIDE_ABOVE)
FIRST = tuple(m for m in WHOLE if m.name not in ("all layers alike", "one layer only"))
LAYER_1 = "every layer reads the input"
"""The mistake that gives what layer 1 has, whatever the sizes are."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return about(cells, ("textbook", "pytorch"), FORMS)


def _stack(system: System) -> Recurrent:
    [layer] = [x for x in system.model.layers if isinstance(x, Recurrent)]
    return layer


@lru_cache(maxsize=256)
def _layer_formula(system: System, *, first: bool) -> Formula:
    """Return the parameters of the first layer, or of one layer above it, in all directions."""
    [layer] = count(system).layers
    groups: list[Group] = []
    for gate in layer.gates:
        if gate.layers is not None and (gate.layers.first == Integer(1)) == first:
            groups += gate.formula.groups
    terms = ((*group.times, *term) for group in groups for term in group.terms)
    return Formula((Group((), gathered(terms)),))


@lru_cache(maxsize=256)
def _width(system: System) -> Expr:
    """Return how many entries the second layer reads."""
    [(_, _, _, inside)] = system.widths
    return TiedSizes(system).at(inside.xreplace({INDEX: Integer(1)}))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, convention = model_of(parameters)
    system = system_of(model, convention)
    given = given_sizes(values, system.size_names)
    layer = _stack(system)
    directions = " in both directions together" if layer.bidirectional else ""
    parts = (
        _first(system, given, int(values["T"]), directions),
        _read(system, given),
        _above(system, given, int(values["T"]), directions),
        _together(system, given, int(values["T"])),
    )
    _apart([b for p in parts if isinstance(p.response, Numeric) for b in p.response.blanks])
    _carried(system, given, int(values["T"]))
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=3,
        minutes=8,
        convention=convention,
        parameters=parameters,
        stem=model_stem(system, given, f"a sequence has {values['T']} steps."),
        parts=parts,
        proof=Proof(PROOF, "exact"),
        tags=(model, "stack"),
        asks=(counted(system, given),),
    )


def _apart(blanks: Sequence[Blank]) -> None:
    """Compare the parts.

    Raises:
        Unfair: layer 2 has a multiple of what layer 1 has, or the other way round, so that a wrong
            reason gives its number; or a mistake in one layer gives the key of another part.
    """
    first, _, above, _ = keys = [one.value for one in blanks]
    if max(first, above) % min(first, above) == 0:
        raise Unfair(f"one layer has a multiple of the other's parameters: {first} and {above}")
    for wrong in (wrong for one in blanks[:-1] for wrong in one.wrong):
        if wrong.value in keys and LAYER_1 not in wrong.misconception:
            raise Unfair(f"'{wrong.misconception}' gives {wrong.value}, the key of another part")


def _of_layer(system: System, layer: int) -> tuple[Counted, ...]:
    return tuple(p for p in parts_of(system) if p.layer == layer)


def _carried(system: System, given: Given, steps: int) -> None:
    """Compare what follows from a wrong answer with what is said to be a mistake in a later part.

    Raises:
        Unfair: as ``carried_apart``.
    """
    first, above, every = (
        Work(parts, given, steps)
        for parts in (_of_layer(system, 1), _of_layer(system, 2), parts_of(system))
    )
    copies = _stack(system).depth - 1

    def from_width(sizes: Given) -> Sequence[int]:
        read = sum(p.entries({**dict(sizes), p.sides[1][1]: 1}) // p.sides[1][0]
                   for p in above.parts if p.reads == "x")  # fmt: skip
        return [
            total_at(above, sizes) + read * (value - _entries(_width(system), sizes))
            for _, value, _ in _widths(system, sizes)
        ]

    def together(sizes: Given) -> Sequence[int]:
        wrong = [*wrong_at(above, LAYER, sizes), *from_width(sizes)]
        return [
            *(value + copies * total_at(above, sizes) for value in wrong_at(first, FIRST, sizes)),
            *(total_at(first, sizes) + copies * value for value in wrong),
        ]

    carried_apart(given, from_width, lambda sizes: wrong_at(above, LAYER, sizes))
    carried_apart(given, together, lambda sizes: wrong_at(every, WHOLE, sizes))


def _first(system: System, given: Given, steps: int, directions: str) -> Part:
    formula = _layer_formula(system, first=True)
    total = value_of(formula, given)
    chosen = _of_layer(system, 1)
    return numeric(
        prose(f"How many parameters does layer 1 have{directions}?"),
        [count_blank(prose("Parameters of layer 1"), total, Work(chosen, given, steps), FIRST)],
        (*tally(chosen, given), *derived(total_line(formula, total, "P_1"))),
        _two_marks("all matrices and vectors of the layer with their shapes"),
    )


def _read(system: System, given: Given) -> Part:
    width = _width(system)
    label = prose("Entries of the input of layer 2")
    key = _entries(width, given)
    output = _entries(cell_of(system).output.shape[0], given)
    if key != output * (2 if _stack(system).bidirectional else 1):
        raise Unfair(f"layer 2 reads {key} entries, but the outputs below have {output} each")
    return numeric(
        prose("How many entries does the vector have that layer 2 reads at each step?"),
        [blank(label, key, _widths(system, given))],
        derived(Line(width, number(key))),
        [Mark(1, "B", prose("the output of the layer below"))],
    )


def _widths(system: System, given: Given) -> Sequence[tuple[str, int, Prose]]:
    """Return the wrong numbers of entries that layer 2 may be said to read."""
    made, output = dict(given)["n"], _entries(cell_of(system).output.shape[0], given)
    claims: list[tuple[str, int, Prose]] = [
        ("every layer reads the input", dict(given)["d"],
         prose("Only layer 1 reads the input of size ", size("d"), ".")),
    ]  # fmt: skip
    if made != output:
        claims.append(("n entries handed on", made, prose("The output below has ", size("p"),
                       " entries.")))  # fmt: skip
    if _stack(system).bidirectional:
        why = prose("The outputs of both directions are concatenated.")
        claims.append(("second layer reads one direction", output, why))
    return claims


def _entries(length: Expr, given: Given) -> int:
    times, rest = length.as_coeff_Mul()
    return int(times) * (dict(given)[rest.name] if isinstance(rest, Symbol) else 1)


def _above(system: System, given: Given, steps: int, directions: str) -> Part:
    formula = _layer_formula(system, first=False)
    total = value_of(formula, given)
    chosen = _of_layer(system, 2)
    return numeric(
        prose(f"How many parameters does layer 2 have{directions}?"),
        [count_blank(prose("Parameters of layer 2"), total, Work(chosen, given, steps), LAYER)],
        (*tally(chosen, given), *derived(total_line(formula, total, "P_2"))),
        _two_marks("what multiplies its input has as many columns as found in (b)"),
        (1,),
        "Only what multiplies the layer's input has another shape than in layer 1.",
    )


def _together(system: System, given: Given, steps: int) -> Part:
    depth = _stack(system).depth
    formula = count(system).formula
    total = value_of(formula, given)
    work = Work(parts_of(system), given, steps)
    ask = "How many parameters do both layers have?"
    how = "layer 1 and layer 2"
    if depth > 2:
        ask = f"How many parameters do all {depth} layers have?"
        how = "layer 1 once, and layer 2 for itself and each layer above it"
    label: list[Blank] = [count_blank(prose("Parameters ", size("P")), total, work, WHOLE)]
    scheme = [Mark(1, "A", prose(how))]
    return numeric(prose(ask), label, derived(total_line(formula, total)), scheme, (0, 2))


def _two_marks(method: str) -> Sequence[Mark]:
    return Mark(1, "M", prose(method)), Mark(1, "A", prose("the number"))


KIND = Kind(NAME, "counts", "apply", (3, 3), (6, 6), _subjects, size_variants, draw_numbers, _make)
