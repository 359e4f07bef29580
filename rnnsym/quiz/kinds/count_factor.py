"""How many times the parameters of one layer has another, and where that depends on the sizes."""

from collections.abc import Sequence
from fractions import Fraction

from rnnsym.blocks import Block, Inline, Paragraph, Prose, prose
from rnnsym.count import count
from rnnsym.equations import System
from rnnsym.expr import Formula, Group, Integer, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import MISCONCEPTIONS, Work
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    blank,
    count_blank,
    counted,
    given_sizes,
    parts_of,
    system_of,
    tally,
    total_line,
)
from rnnsym.quiz.counting_factors import (
    factor_blank,
    factor_of_maps,
    in_decimals,
    maps_of,
    surplus,
    total_of,
    wrong_factors,
)
from rnnsym.quiz.counting_items import (
    NO_BIASES,
    SIZES,
    computed,
    derived,
    drawn_sizes,
    listed,
    numeric,
)
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of

__all__ = ["KIND"]

NAME = "count_factor"
TAUGHT = ("vanilla", "gru", "lstm")
"""Their equations are to be known: how many of them have parameters is what is asked."""
PAIRS = (("vanilla", "lstm"), ("vanilla", "gru"), ("lstm", "gru"), ("lstm", "vanilla"))
WITHOUT = ("lstm", "gru-reset-after")
"""A further pair where there are no biases."""
UNLIKE = (
    ("lstm", "gru-reset-after", "textbook"),
    ("vanilla", "gru-reset-after", "textbook"),
    ("vanilla", "lstm-peephole", "textbook"),
    ("lstm", "gru", "keras"),
    ("vanilla", "gru", "keras"),
)
"""The second has further vectors: the factor depends on the sizes."""
CONVENTIONS = {
    "textbook": "Convention: textbook, one bias vector for each affine map.",
    "pytorch": "Convention: PyTorch, two bias vectors for each affine map, one for each matrix.",
    "keras": "Convention: Keras, with the bias vectors as written here.",
}
NONE = "Convention: textbook, but no bias vectors at all."
SLIPS = tuple(slip for slip in MISCONCEPTIONS if slip.name != "times T")
APART = "0.005"


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    own = [("vanilla", cell) for cell in cells if cell not in TAUGHT]
    found = [_pair(a, b, "textbook") for a, b in (*PAIRS, *own)]
    found += [(*_pair(a, b, "textbook"), NO_BIASES) for a, b in (*PAIRS, WITHOUT)]
    found += [_pair(a, b, "pytorch") for a, b in PAIRS]
    found += [_pair(*each) for each in UNLIKE]
    asked = (s for s in dict.fromkeys(found) if not cells or {s[0][1], s[1][1]} & {*cells})
    return [s for s in asked if _fits(s)]


def _pair(first: str, second: str, convention: str) -> Parameters:
    return (("first", first), ("second", second), ("convention", convention))


def _fits(subject: Parameters) -> bool:
    """Tell whether a pair has a factor that can be asked for: only of ours it may vary."""
    a, b = _systems(subject)
    if {*a.size_names, *b.size_names} != {"d", "n"}:
        return False
    ours = tuple(value for _, value in subject) in UNLIKE
    factor = factor_of_maps(a, b)
    return ours or (surplus(a, b) == 0 and factor != 1 and factor.denominator in (1, 4))


def _systems(subject: Parameters) -> tuple[System, System]:
    values, bias = dict(subject), NO_BIASES not in subject
    a, b = (system_of(values[name], values["convention"], bias=bias)
            for name in ("first", "second"))  # fmt: skip
    return a, b


def _variants(_subject: Parameters) -> int:
    return len(SIZES) * (len(SIZES) - 1)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return (*subject, *drawn_sizes(("d", "n"), draw))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    a, b = _systems(parameters)
    given = given_sizes(values, ("d", "n"))
    alike = surplus(a, b) == 0
    numbers = () if alike else (Paragraph(prose("Here ", *listed(given), ".")),)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=2 if alike else 3,
        minutes=3 if alike else 8,
        convention=values["convention"],
        parameters=parameters,
        stem=(*_stem(a, b), *numbers),
        parts=(_alike if alike else _unlike)(a, b, given),
        proof=Proof(PROOF, "exact"),
        tags=(cell_of(a).name, cell_of(b).name, "factor"),
        asks=() if alike else (counted(a, given), counted(b, given)),
    )


def _stem(a: System, b: System) -> tuple[Block, ...]:
    model = a.model
    convention = Paragraph(prose(CONVENTIONS[model.convention] if model.bias else NONE))
    same = prose("Two layers read the same input of ", size("d"), " entries and have states of ",
                 size("n"), " entries.")  # fmt: skip
    if {cell_of(a).name, cell_of(b).name} <= {*TAUGHT} and model.convention != "keras":
        which = (f" The first is of the cell “{cell_of(a).title}”, the second of the cell "
                 f"“{cell_of(b).title}”.")  # fmt: skip
        return Paragraph(prose(*same, which)), convention
    first, second = computed(a, "The first: "), computed(b, "The second: ")
    return Paragraph(same), *first, *second, convention


# Where all affine maps are alike


def _alike(a: System, b: System, given: Given) -> tuple[Part, ...]:
    key = factor_of_maps(a, b)
    k, shown, wrong = size("k"), in_decimals(key), wrong_factors(a, b, key)
    first, second = (total_of(system, given) for system in (a, b))
    claims = [(name, int(v * first), why) for name, v, why in wrong if first % v.denominator == 0]
    [layer] = count(a).layers
    maps = prose("In both, an affine map has ", layer.gates[0].formula, " parameters. The first "
                 "layer has ", *_listed(a), ", the second ", *_listed(b), ". So ", k,
                 f" = {shown}, whatever ", size("d"), " and ", size("n"), " are.")  # fmt: skip
    return (
        numeric(
            prose("The first layer has ", size("P"), " parameters and the second has ",
                  Formula((Group((), ((k, size("P")),)),)), ", whatever ", size("d"), " and ",
                  size("n"), " are. What is ", k, ", exactly?"),
            [factor_blank(prose(k), key, wrong)],
            (Paragraph(maps),),
            [Mark(1, "M", prose("the affine maps of each")), Mark(1, "A", prose(k))],
        ),
        numeric(
            prose(f"The first layer has {first} parameters. How many has the second?"),
            [blank(prose("Parameters of the second"), second, claims)],
            (Paragraph(prose(f"{shown} · {first} = {second}")),),
            [Mark(1, "A", prose("the product"))],
            (0,),
        ),
    )  # fmt: skip


def _listed(system: System) -> Prose:
    """Return how many affine maps there are, and for what."""
    arrays = [gate.array for layer in count(system).layers for gate in layer.gates]
    found: list[Inline] = [f"{maps_of(system)} (for "]
    for array in arrays:
        found += [", ", array] if len(found) > 1 else [array]
    parts = parts_of(system)
    apart = {p.block for p in parts} - {p.block for p in parts if p.reads == "x"}
    for equation in cell_of(system).equations:
        if equation.lhs.name in apart:
            found += ["; part of the last one stands in the equation of ", equation.lhs]
    return prose(*found, ")")


# Where the second has further vectors


def _unlike(a: System, b: System, given: Given) -> tuple[Part, ...]:
    first, second = (total_of(system, given) for system in (a, b))
    return (
        _counted("first", a, given, first),
        _counted("second", b, given, second),
        _quotient(a, b, first, second),
        _beyond(a, b, given, first, second),
    )


def _counted(name: str, system: System, given: Given, total: int) -> Part:
    work = Work(parts_of(system), given, 1)
    return numeric(
        prose(f"How many parameters does the {name} layer have?"),
        [count_blank(prose(f"Parameters of the {name} layer"), total, work, SLIPS)],
        (*tally(parts_of(system), given), *derived(total_line(count(system).formula, total))),
        [Mark(1, "M", prose("all arrays with their shapes")), Mark(1, "A", prose("the number"))],
    )


def _quotient(a: System, b: System, first: int, second: int) -> Part:
    key = Fraction(second, first)
    alike = ("all maps alike", factor_of_maps(a, b), _vectors(b))
    return numeric(
        prose("What is the number of parameters of the second layer divided by that of the first? "
              "Give three decimals."),
        [factor_blank(prose("Quotient"), key, [*wrong_factors(a, b, key), alike], APART)],
        (Paragraph(prose(f"{second} / {first} = {in_decimals(key)} to three decimals.")),),
        [Mark(1, "A", prose("the quotient"))],
        (0, 1),
    )  # fmt: skip


def _vectors(system: System) -> Prose:
    many = sum(part.sides[1] == (1, "") for part in parts_of(system))
    return prose(f"The second layer has {maps_of(system)} affine maps of the input, but {many} "
                 "vectors of ", size("n"), " entries.")  # fmt: skip


def _beyond(a: System, b: System, given: Given, first: int, second: int) -> Part:
    factor, n = factor_of_maps(a, b), dict(given)["n"]
    key = int(second - factor * first)
    vectors = (("one vector more", 1), ("one vector more for each map", maps_of(b)))
    claims = [
        *((name, many * n, _vectors(b)) for name, many in vectors if many * n != key),
        ("a matrix more", n * n, prose("What it has more are vectors.")),
        (
            "no factor",
            second - first,
            prose("In this answer the first layer is counted only once."),
        ),
    ]
    shown = in_decimals(factor)
    return numeric(
        prose(f"The second layer has more than {shown} times the parameters of the first. How many "
              "more than that?"),
        [blank(prose("Parameters more"), key, claims)],
        (Paragraph(prose(Integer(second), f" − {shown} · ", Integer(first), " = ", Integer(key),
                         ", which is ", surplus(a, b), ". ", *_vectors(b))),),
        [Mark(1, "M", prose("the difference")), Mark(1, "A", prose("the number"))],
        (0, 1),
    )  # fmt: skip


KIND = Kind(NAME, "counts", "apply", (2, 3), (3, 7), _subjects, _variants, _draw, _make)
