"""What a step costs: multiply–adds, and the numbers kept for backpropagation through time."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.blocks import Line, Paragraph, Prose, Relation, prose
from rnnsym.count import count
from rnnsym.derive import derive
from rnnsym.equations import System
from rnnsym.expr import LAYER, Formula, Product, arrays_in, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.memory import Stored, stored
from rnnsym.quiz.count_slips import Counted, Work, bare
from rnnsym.quiz.counting import (
    Given,
    blank,
    claims_of,
    given_sizes,
    number,
    parts_of,
    proven,
    system_of,
    tally,
    value_of,
)
from rnnsym.quiz.counting_items import (
    about,
    derived,
    draw_numbers,
    listed,
    model_of,
    model_stem,
    numeric,
    size_variants,
)
from rnnsym.quiz.counting_slips import named
from rnnsym.quiz.derivation_lines import listed as in_a_row
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of
from rnnsym.tied import TiedSizes

__all__ = ["KIND"]

NAME = "per_step_cost"
SLIPS = named("recurrent part forgotten", "one block forgotten", "one block too many",
              "one direction forgotten", "one layer forgotten")  # fmt: skip
PRODUCTS = {
    "one block forgotten": prose("The matrices of one equation are left out."),
    "one block too many": prose("The matrices of one equation are counted twice."),
    "one direction forgotten": prose("The other direction has products of its own."),
    "one layer forgotten": prose("The other layer has products of its own."),
}
"""Why a slip in a count of parameters is wrong where products are counted."""


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    subjects = about(cells, ("textbook", "pytorch"), ("{}", "bi({})", "{}*2"))
    return [s for s in subjects if _once(system_of(*model_of(s)))]


@lru_cache(maxsize=256)
def _once(system: System) -> bool:
    """Tell whether each entry of each matrix is multiplied once in a step."""
    entries: dict[str, int] = {name: k for k, name in enumerate(system.size_names, 7)}
    try:
        work = Work(_matrices(system), tuple(entries.items()), 1)
    except Unfair:
        return False
    return work.total == value_of(_of_a_step(system), work.sizes)


@lru_cache(maxsize=256)
def _matrices(system: System) -> tuple[Counted, ...]:
    return tuple(part for part in parts_of(system) if part.sides[1] != (1, ""))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, convention = model_of(parameters)
    system = system_of(model, convention)
    given = given_sizes(values, system.size_names)
    steps = int(values["T"])
    step, sequence = _products(system, given, steps)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=4,
        minutes=8,
        convention=convention,
        parameters=parameters,
        stem=model_stem(system, given, f"a sequence has {steps} steps."),
        parts=(step, sequence, _kept(system, given, steps)),
        proof=Proof("entries of all matrices, each multiplied once; entries of the arrays listed",
                    "exact"),
        tags=(model, "cost"),
    )  # fmt: skip


@lru_cache(maxsize=256)
def _of_a_step(system: System) -> Formula:
    """Return the multiply–adds of a step."""
    return count(system).multiply_adds.formula


def _products(system: System, given: Given, steps: int) -> tuple[Part, Part]:
    formula = _of_a_step(system)
    matrices = _matrices(system)
    work = Work(matrices, given, steps)
    key = proven(work, value_of(formula, given))
    chains = len(system.states) > len(cell_of(system).states)
    both = "directions" if chains else "layers" if system.widths else ""
    where = f" in both {both} together" if both else ""
    whys = {**PRODUCTS, "recurrent part forgotten": _what_recurs(system)}
    claims = [(name, value, whys.get(name, why)) for name, value, why in claims_of(work, SLIPS)]
    claims += _vectors_too(system, given, key)
    one = numeric(
        prose(f"How many multiply–adds do the matrix products of one step of the forward pass "
              f"take{where}? (Elementwise products and functions are not counted.)"),
        [blank(prose("Multiply–adds of one step"), key, claims)],
        (*tally(matrices, given),
         Paragraph(prose("Together, with ", size("M"), " for the number of multiply–adds:")),
         *derived(Line(size("M"), Relation((formula, number(key)))))),
        [
            Mark(1, "M", prose("as many as the matrices have entries")),
            Mark(1, "A", prose("the number")),
        ],
        (),
        "A matrix of r rows and k columns times a vector takes r times k of them.",
    )  # fmt: skip
    once = prose("Every step does all the products again.")
    all_steps = numeric(
        prose("And how many for the whole sequence?"),
        [blank(prose("Multiply–adds of the sequence"), steps * key, [("one step", key, once)])],
        derived(Line(size("T") * size("M"),
                     Relation((Relation((number(steps), number(key)), "×"), number(steps * key))))),
        [Mark(1, "A", prose("the number of (a) times the steps"))],
        (0,),
    )  # fmt: skip
    return one, all_steps


@lru_cache(maxsize=256)
def _what_recurs(system: System) -> Prose:
    """Say which matrices multiply what comes from the old state, and what that is."""
    found = dict.fromkeys(bare(part.array) for part in _matrices(system) if part.reads == "state")
    products = [p for e in cell_of(system).equations for p in e.rhs.atoms(Product)]
    taken = dict.fromkeys(
        product.children[-1]
        for matrix in found
        for product in products
        if matrix.name in {a.name for a in arrays_in(product.children[0])}
    )
    too = " multiply too: they take " if len(found) > 1 else " multiplies too: it takes "
    return prose(*in_a_row(list(found)), too, *in_a_row(list(taken)), ".")


def _vectors_too(system: System, given: Given, key: int) -> Iterator[tuple[str, int, Prose]]:
    """Yield what is found where vectors are counted like matrices: biases, the others, or all."""
    vectors = [part for part in parts_of(system) if part.sides[1] == (1, "")]
    added, multiplied = (
        sum(part.entries(dict(given)) for part in vectors if (part.reads == "1") is is_bias)
        for is_bias in (True, False)
    )
    bias = prose("A bias is added, not multiplied.")
    entrywise = prose("What multiplies entry by entry is not counted here.")
    if added:
        yield "biases multiplied", key + added, bias
    if multiplied:
        yield "elementwise products counted", key + multiplied, entrywise
    if added and multiplied:
        yield "parameters counted", key + added + multiplied, prose(*bias, " ", *entrywise)


@lru_cache(maxsize=256)
def _stored_numbers(system: System) -> Formula:
    return count(system).memory.formula


def _kept(system: System, given: Given, steps: int) -> Part:
    formula = _stored_numbers(system)
    sized: Given = (*given, ("T", steps))
    key = value_of(formula, sized)
    arrays = _stored(system)
    rows = [(layers * _rows(side, given), kept) for side, layers, kept in arrays]
    found = sum(entries * (steps if kept.every_step else 1) for entries, kept in rows)
    if found != key:
        raise Unfair(f"the formula keeps {key} numbers, the arrays hold {found}")
    weights = sum(part.entries(dict(given)) for part in parts_of(system))
    states = {s.array.family for s in system.states}
    only = sum(steps * entries for entries, kept in rows if kept.array.family in states)
    claims: list[tuple[str, int, Prose]] = [
        ("one step kept", key // steps, prose("The backward pass comes back to every step.")),
        ("parameters counted", key + weights,
         prose("Parameters are not among the arrays listed.")),
        ("parameters for values", weights, prose("These are the parameters, not what is kept.")),
    ]  # fmt: skip
    if only != key:
        claims.append(("states only", only, prose("All the arrays listed are kept.")))
    names = tuple(
        x for i, (_, k) in enumerate(rows) for x in ((", ", k.array) if i else (k.array,))
    )
    several = any(k.array.layer is not None for _, k in rows)
    where = (prose(" at every step, those with ", LAYER, " in every layer") if several
             else prose(" at every step"))  # fmt: skip
    return numeric(
        prose("For the backward pass the forward pass keeps ", *names, *where,
              ", of a single sequence. How many numbers are kept?"),
        [blank(prose("Numbers kept"), key, claims)],
        (
            Paragraph(prose("With ", size("K"), " for the numbers kept and ", *listed(sized), ":")),
            *derived(Line(size("K"), Relation((formula, number(key))))),
            Paragraph(prose("The memory grows with the length of the sequence; the number of "
                            "parameters does not.")),
        ),
        [
            Mark(1, "M", prose("the entries of the arrays of one step, times the steps")),
            Mark(1, "A", prose("the number")),
        ],
    )  # fmt: skip


@lru_cache(maxsize=256)
def _stored(system: System) -> tuple[tuple[tuple[int, str], int, Stored], ...]:
    """Return what is kept: its rows, in how many layers, and the array."""
    tied = TiedSizes(system)
    found: list[tuple[tuple[int, str], int, Stored]] = []
    for kept in stored(derive(system)):
        times, rest = tied.at(kept.array.shape[0], kept.layers.first).as_coeff_Mul()
        layers = int(kept.layers.last - kept.layers.first) + 1
        found.append(((int(times), str(rest)), layers, kept))
    return tuple(found)


def _rows(side: tuple[int, str], given: Given) -> int:
    times, name = side
    return times * dict(given).get(name, 1)


KIND = Kind(NAME, "counts", "apply", (4, 4), (5, 5), _subjects, size_variants, draw_numbers, _make)
