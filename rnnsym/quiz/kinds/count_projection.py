"""An LSTM with a projection: its arrays, its count, and what the projection saves."""

from collections.abc import Sequence

from rnnsym.blocks import Paragraph, Prose, prose
from rnnsym.count import Gate, count
from rnnsym.equations import System
from rnnsym.expr import Array, Integer, size
from rnnsym.item import Blank, Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import Counted, Work, bare
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    blank,
    claims_of,
    count_blank,
    counted,
    given_sizes,
    parts_of,
    proven,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_carried import Numbers, carried_apart, total_at, wrong_at
from rnnsym.quiz.counting_items import (
    SIZES,
    about,
    derived,
    draw_numbers,
    model_of,
    model_stem,
    numeric,
)
from rnnsym.quiz.counting_slips import PROJECTED, STACK, named
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters

__all__ = ["KIND"]

NAME = "count_projection"
CELL, PLAIN = "lstm-projection", "lstm"
FORMS = ("{}", "bi({})", "{}*2", "bi({})*2")
WHOLE = (*STACK, *named("sizes swapped"), *PROJECTED)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    asked = not cells or CELL in cells
    return about([CELL], ("textbook", "pytorch"), FORMS) if asked else []


def _variants(_subject: Parameters) -> int:
    return len(SIZES) * (len(SIZES) - 1) * (len(SIZES) - 2) // 2


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, convention = model_of(parameters)
    system = system_of(model, convention)
    plain = system_of(model.replace(CELL, PLAIN), convention)
    given = given_sizes(values, system.size_names)
    steps = int(values["T"])
    total = value_of(count(system).formula, given)
    asked = (_single(system, "state"), _single(system, "x"))
    _fair(system, plain, given, [part for _, part in asked])
    work, without = (Work(parts_of(of), given, steps) for of in (system, plain))
    _carried(work, without, [part for _, part in asked])
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=3,
        minutes=8,
        convention=convention,
        parameters=parameters,
        stem=model_stem(system, given, f"a sequence has {steps} steps."),
        parts=(
            _arrays(system, asked, given, steps),
            _whole(system, given, steps, total),
            _saved(system, plain, given, steps),
        ),
        proof=Proof(PROOF, "exact"),
        tags=(CELL, "projection"),
        asks=(counted(system, given),),
    )


def _fair(system: System, plain: System, given: Given, asked: Sequence[Counted]) -> None:
    """Compare the layers with and without the projection, and what it saves with the arrays asked.

    Raises:
        Unfair: a layer holds as much either way, or the difference is an answer given before.
    """
    sizes = dict(given)
    held: dict[int, int] = {}
    without: dict[int, int] = {}
    for of, found in ((system, held), (plain, without)):
        for part in parts_of(of):
            found[part.layer] = found.get(part.layer, 0) + part.entries(sizes)
    if any(held[layer] == without[layer] for layer in held):
        raise Unfair("a layer holds as much with the projection as without")
    if abs(sum(without.values()) - sum(held.values())) in {part.entries(sizes) for part in asked}:
        raise Unfair("what the projection saves is as much as one of its arrays")


def _carried(work: Work, plain: Work, asked: Sequence[Counted]) -> None:
    """Compare what follows from a wrong answer with what is said to be a mistake in a later part.

    Who has one array wrong has all that read the same wrong, in layer 1 or in both.

    Raises:
        Unfair: as ``carried_apart``.
    """

    def whole(sizes: Given) -> Sequence[int]:
        wrong = _wrong_arrays(sizes)
        return [
            total_at(work, sizes) + number * (value - part.entries(dict(sizes)))
            for part, (_, value, _) in zip(asked, wrong, strict=True)
            for number in {
                sum(p.sides == part.sides and p.reads == part.reads for p in of)
                for of in (work.parts, [p for p in work.parts if p.layer == 1])
            }
        ]

    def saved(wrong: Numbers) -> Numbers:
        return lambda sizes: [total_at(plain, sizes) - value for value in wrong(sizes)]

    def listed(sizes: Given) -> Sequence[int]:
        return wrong_at(work, WHOLE, sizes)

    def turned(sizes: Given) -> Sequence[int]:
        return [total_at(work, sizes) - total_at(plain, sizes)]

    carried_apart(work.sizes, whole, listed)
    carried_apart(
        work.sizes,
        saved(lambda sizes: [*listed(sizes), *whole(sizes)]),
        lambda sizes: [*turned(sizes), *saved(lambda at: wrong_at(work, PROJECTED, at))(sizes)],
    )


def _single(system: System, reads: str) -> tuple[Gate, Counted]:
    """Return the last array, of the forward chain of layer 1, that reads the "state" or "x"."""
    [layer] = count(system).layers
    forward = [p for p in parts_of(system) if p.layer == 1 and p.array.family.direction != "bwd"]
    part = [p for p in forward if p.reads == reads][-1]
    [gate] = [g for g in layer.gates if part.array in _own(g)][:1]
    return gate, part


def _own(gate: Gate) -> Sequence[Array]:
    return [p.array for p in gate.parameters]


def _arrays(
    system: System, asked: Sequence[tuple[Gate, Counted]], given: Given, steps: int
) -> Part:
    blanks: list[Blank] = []
    shown: list[Counted] = []
    for (gate, part), claim in zip(asked, _wrong_arrays(given), strict=True):
        [formula] = [p.formula for p in gate.parameters if p.array == part.array]
        key = proven(Work((part,), given, steps), value_of(formula, given))
        blanks.append(blank(prose("Entries of ", bare(part.array)), key, [claim]))
        shown.append(part)
    model = str(system.model)
    places = [
        place for sign, place in (("bi(", "one direction"), ("*", "layer 1")) if sign in model
    ]
    where = f", in {' of '.join(places)}" if places else ""
    return numeric(
        prose(f"How many numbers do these arrays hold{where}?"),
        blanks,
        tally(tuple(shown), given),
        [Mark(2, "B", prose("1 for each array"))],
    )


def _wrong_arrays(given: Given) -> Sequence[tuple[str, int, Prose]]:
    """Return a wrong number for each array that is asked."""
    sizes = dict(given)
    return (
        ("recurrent matrix of n × n", sizes["n"] ** 2,
         prose("What recurs is the projected state, of ", size("p"), " entries.")),
        ("gates of p entries", sizes["p"] * sizes["d"],
         prose("A gate has ", size("n"), " entries: only the state is projected.")),
    )  # fmt: skip


def _whole(system: System, given: Given, steps: int, total: int) -> Part:
    work = Work(parts_of(system), given, steps)
    return numeric(
        prose("How many trainable parameters are there in all?"),
        [count_blank(prose("Parameters ", size("P")), total, work, WHOLE)],
        (*tally(parts_of(system), given), *derived(total_line(count(system).formula, total))),
        [
            Mark(1, "M", prose("the recurrent matrices and the projection with their shapes")),
            Mark(1, "A", prose("the number")),
        ],
        (0,),
    )


def _saved(system: System, plain: System, given: Given, steps: int) -> Part:
    work = Work(parts_of(system), given, steps)
    total = work.total
    sizes = tuple((name, value) for name, value in given if name != "p")
    formula = count(plain).formula
    without = proven(Work(parts_of(plain), sizes, steps), value_of(formula, sizes))
    claims = [
        (
            "sign turned round",
            total - without,
            prose(
                "The sign is turned round: this is how many more the net with the projection has."
            ),
        ),
        *(
            (name, without - found, prose("In (b): ", *why))
            for name, found, why in claims_of(work, PROJECTED)
            if found != without
        ),
    ]
    key = without - total
    return numeric(
        prose("The projection is left out: the state has ", size("n"), " entries and recurs as it "
              "is. How many more parameters does this net have? (Negative where it has fewer.)"),
        [blank(prose("More without the projection"), key, claims)],
        (
            Paragraph(prose("Without the projection:")),
            *derived(total_line(formula, without)),
            Paragraph(prose(Integer(without), " less ", Integer(total), " is ", Integer(key), ".")),
        ),
        [
            Mark(1, "M", prose("the count of the plain LSTM")),
            Mark(1, "A", prose("the difference")),
        ],
        (1,),
    )  # fmt: skip


KIND = Kind(NAME, "counts", "apply", (3, 3), (6, 6), _subjects, _variants, draw_numbers, _make)
