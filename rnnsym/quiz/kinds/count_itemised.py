"""The parameters of one layer, array by array: one affine map, and then all of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.blocks import Prose, prose
from rnnsym.count import Gate, count
from rnnsym.expr import Array, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import MISCONCEPTIONS, Counted, Work
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    claims_of,
    count_blank,
    counted,
    given_sizes,
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
from rnnsym.quiz.counting_slips import ARRAY, SHARED_BIAS, WIDE, named
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "count_itemised"
LAYER_SLIPS = (
    *(m for m in MISCONCEPTIONS if m.name != "both layers alike"), SHARED_BIAS, WIDE,
)  # fmt: skip
MAP_SLIPS = (
    *named("no biases", "second bias", "one bias for two", "recurrent part forgotten",
           "peepholes forgotten"),
    WIDE,
)  # fmt: skip


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (*subject, ("map", gate.array.name))
        for subject in about(cells, ("textbook", "pytorch", "keras"))
        for gate in _gates(*model_of(subject))
        if len(gate.parameters) > 1
    ]


@lru_cache(maxsize=256)
def _gates(model: str, convention: str) -> tuple[Gate, ...]:
    [layer] = count(system_of(model, convention)).layers
    return layer.gates


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, convention = model_of(parameters)
    system = system_of(model, convention)
    given = given_sizes(values, system.size_names)
    [gate] = [g for g in _gates(model, convention) if g.array.name == values["map"]]
    steps = int(values["T"])
    every = parts_of(system)
    parts = (
        *_arrays(gate, given, steps, every),
        *_all(gate, given, steps, every, model, convention),
    )
    _carried(gate, given, steps, every)
    several = len(_gates(model, convention)) > 1
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=2,
        minutes=2 + len(gate.parameters) // 2 + 2 * several,
        convention=convention,
        parameters=parameters,
        stem=model_stem(system, given, f"a sequence has {steps} steps."),
        parts=parts,
        proof=Proof(PROOF, "exact"),
        tags=(model, "by gate"),
        asks=(counted(system, given),),
    )


def _own(gate: Gate, every: tuple[Counted, ...]) -> tuple[Counted, ...]:
    arrays = {p.array for p in gate.parameters}
    return tuple(part for part in every if part.array in arrays)


def _carried(gate: Gate, given: Given, steps: int, every: tuple[Counted, ...]) -> None:
    """Compare what follows from a wrong answer with what is said to be a mistake in a later part.

    Who has one equation wrong has all of its form wrong.

    Raises:
        Unfair: as ``carried_apart``.
    """
    whole, own = (Work(parts, given, steps) for parts in (every, _own(gate, every)))
    forms = Counter(_form(block, every) for block in whole.blocks)
    alike = forms[_form(own.parts[0].block, every)]

    def together(sizes: Given) -> Sequence[int]:
        arrays = [replace(own, parts=(part,)) for part in own.parts]
        return [
            total_at(own, sizes) - total_at(array, sizes) + value
            for array in arrays
            for value in wrong_at(array, ARRAY, sizes)
        ]

    def layer(sizes: Given) -> Sequence[int]:
        wrong = [*wrong_at(own, MAP_SLIPS, sizes), *together(sizes)]
        return [total_at(whole, sizes) + alike * (value - total_at(own, sizes)) for value in wrong]

    carried_apart(given, together, lambda sizes: wrong_at(own, MAP_SLIPS, sizes))
    if len(every) > len(own.parts):
        carried_apart(given, layer, lambda sizes: wrong_at(whole, LAYER_SLIPS, sizes))


def _form(block: str, every: Iterable[Counted]) -> tuple[object, ...]:
    """Return the shapes of the arrays of an equation."""
    return tuple(sorted(part.sides for part in every if part.block == block))


def _arrays(gate: Gate, given: Given, steps: int, every: tuple[Counted, ...]) -> tuple[Part, ...]:
    """Ask for the arrays of the map, one by one."""
    own = {part.array: part for part in every}
    chosen = tuple(own[p.array] for p in gate.parameters)
    biases = [p.array for p in gate.parameters if own[p.array].reads == "1"]
    blanks = [
        count_blank(prose("Entries of ", *(_each(biases) if p.array in biases else (p.array,))),
                    value_of(p.formula, given), Work((own[p.array],), given, steps), ARRAY)
        for p in gate.parameters if p.array not in biases[1:]
    ]  # fmt: skip
    ask = prose(
        "How many numbers are in each trained array that the equation of ", gate.array, " reads?"
    )
    together = ", biases together" if len(biases) > 1 else ""
    scheme = [Mark(len(blanks), "B", prose(f"1 for each array{together}"))]
    return (numeric(ask, blanks, tally(chosen, given), scheme),)


def _each(biases: Sequence[Array]) -> Prose:
    """Return an only bias, or "each of b_i and b_h"."""
    return prose("each of " if len(biases) > 1 else "", *listed(biases))


def _all(
    gate: Gate, given: Given, steps: int, every: tuple[Counted, ...], model: str, convention: str
) -> tuple[Part, ...]:
    """Ask for the whole layer, and on the way for the map unless it is all there is."""
    whole = count(system_of(model, convention)).formula
    total = value_of(whole, given)
    chosen = _own(gate, every)
    single = value_of(gate.formula, given)
    label = prose("Parameters for ", gate.array)
    found = [
        numeric(
            prose("How many are they together?"),
            [count_blank(label, single, Work(chosen, given, steps), MAP_SLIPS)],
            derived(total_line(gate.formula, single)),
            [Mark(1, "A", prose("the sum of (a)"))],
            (0,),
        )
    ]
    if len(every) > len(chosen):
        ask = prose("How many trainable parameters does the whole layer have?")
        work = Work(every, given, steps)
        _meant_alike(work)
        # The thought is here: with it, the arrays of (a) are at most half of the marks.
        asked = {part.array if part.reads != "1" else "bias" for part in chosen}
        thought = max(1, len(asked) - 2)
        scheme = [
            Mark(thought, "M", prose("the equations that hold parameters, and their arrays")),
            Mark(1, "A", prose("all of them added up")),
        ]
        found.append(
            numeric(
                ask,
                [count_blank(prose("Parameters ", size("P")), total, work, LAYER_SLIPS)],
                (*tally(every, given), *derived(total_line(whole, total))),
                scheme,
                (1,),
                "Count the equations that hold parameters.",
            )
        )
    return tuple(found)


def _meant_alike(work: Work) -> None:
    """Compare mistakes that give the same number.

    Raises:
        Unfair: they do so by chance, as other sizes show; such a number does not tell them apart.
    """
    meant: dict[int, set[int]] = {}
    sizes = tuple((name, 101 + k) for k, (name, _) in enumerate(work.sizes))
    claims = claims_of(work, LAYER_SLIPS)
    others = claims_of(replace(work, sizes=sizes), LAYER_SLIPS)
    for (_, value, _), (_, elsewhere, _) in zip(claims, others, strict=True):
        meant.setdefault(value, set()).add(elsewhere)
    if any(len(found) > 1 for found in meant.values()):
        raise Unfair("one number stands for two mistakes")


KIND = Kind(NAME, "counts", "apply", (2, 2), (2, 11), _subjects, size_variants, draw_numbers, _make)
