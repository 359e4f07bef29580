"""A whole network: an embedding, vectors or characters, recurrent layers, a dense layer on top."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Prose, prose
from rnnsym.count import Count, count
from rnnsym.equations import System
from rnnsym.expr import Array, Formula, Integer, size
from rnnsym.item import Item, Mark, Part, Proof
from rnnsym.quiz.count_slips import Counted, Work
from rnnsym.quiz.counting import (
    PROOF,
    Given,
    blank,
    count_blank,
    given_sizes,
    parts_by_layer,
    system_of,
    tally,
    total_line,
    value_of,
)
from rnnsym.quiz.counting_carried import carried_apart, total_at, wrong_at
from rnnsym.quiz.counting_head_slips import (
    HEAD,
    ONE_HOT,
    READS_VECTORS,
    READS_WORDS,
    TABLE,
    biases_counted,
)
from rnnsym.quiz.counting_head_stems import (
    both_directions,
    characters,
    depth,
    sentences,
    told_from_the_words,
    vectors,
)
from rnnsym.quiz.counting_items import (
    NO_BIASES,
    about,
    asked_system,
    derived,
    drawn_sizes,
    model_of,
    numeric,
    steps_drawn,
)
from rnnsym.quiz.derivation_lines import listed
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of

__all__ = ["KIND"]

NAME = "count_head"
FORMS = ("{}", "bi({})", "{}*2", "bi({})*2")
WORDS = "embedding:2:2, {}, dense:2"
VECTORS = "{}, dense:2"
"""Their numbers stand for symbols: an item draws its own."""
CHARACTERS = ("input", "one-hot")
VOCABULARIES = (50, 100, 200, 500, 1000, 2000)
ALPHABETS = (26, 27, 30, 36, 40, 50, 64, 65, 80, 96)
UNITS = (4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
CLASSES = (2, 3, 5, 7, 9)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    words = about(cells, ("textbook", "pytorch"), [WORDS.format(form) for form in FORMS])
    single = about(cells, ("textbook",), [VECTORS])
    found = [
        *words,
        *about(cells, ("textbook",), [VECTORS.format(form) for form in FORMS[:3]]),
        *about(cells, ("pytorch",), [VECTORS]),
        *((*s, CHARACTERS) for s in single),
        *((*s, NO_BIASES) for s in single),
        *((*s, CHARACTERS, NO_BIASES) for s in single),
    ]
    return [s for s in found if _plain(s)]


def _plain(subject: Parameters) -> bool:
    """Tell whether the state is the output and no name of the cell is one of the pipeline."""
    return set(asked_system(subject).size_names) <= {"V", "d", "e", "n", "p", "q"}


def _variants(subject: Parameters) -> int:
    if CHARACTERS in subject:
        return len(ALPHABETS) * len(UNITS)
    words = len(VOCABULARIES) if model_of(subject)[0].startswith("embedding") else 1
    return words * len(UNITS) * (len(UNITS) - 1) * len(CLASSES)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    names = asked_system(subject).size_names
    if CHARACTERS in subject:
        drawn = dict(drawn_sizes([name for name in names if name not in ("d", "q")], draw, UNITS))
        drawn["d"] = drawn["q"] = str(draw.choice("d", ALPHABETS))
    else:
        drawn = dict(drawn_sizes([name for name in names if name not in ("V", "q")], draw, UNITS))
        if "V" in names:
            drawn["V"] = str(draw.choice("V", VOCABULARIES))
        drawn["q"] = str(draw.choice("q", [q for q in CLASSES if str(q) not in drawn.values()]))
    sizes = tuple((name, drawn[name]) for name in names)
    return (*subject, *sizes, *steps_drawn(draw, sizes))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    system = asked_system(parameters)
    given = given_sizes(values, system.size_names)
    words = "V" in values
    stem = sentences if words else characters if CHARACTERS in parameters else vectors
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=3,
        minutes=8 if words else 6,
        convention=values["convention"],
        parameters=parameters,
        stem=stem(system, given, values["T"]),
        parts=tuple(_parts(system, given, parameters)),
        proof=Proof(PROOF, "exact"),
        tags=(cell_of(system).name, "head", *(["embedding"] if words else [])),
    )


@lru_cache(maxsize=256)
def _methods(parts: tuple[Counted, ...]) -> Sequence[Prose]:
    """Return the two things to be found in a recurrent network, each worth a mark."""
    both, first = both_directions(parts), "the arrays of one {} with their shapes"
    if depth(parts) > 1:
        times, name = next(p.sides[1] for p in parts if p.layer > 1 and p.reads == "x")
        other = "the other direction, and " if both else ""
        return (
            prose(first.format("direction of layer 1" if both else "layer")),
            prose(f"{other}the second layer with its own arrays, reading ",
                  Integer(times) * size(name), " entries"),
        )  # fmt: skip
    if both:
        then = prose("the other direction with its own arrays")
        return prose(first.format("direction")), then
    read = [part.array for part in parts if part.reads == "x"]
    others = [part.array for part in parts if part.reads != "x"]
    return [_shapes(arrays) for arrays in ((read, others) if others else (read[:1], read[1:]))]


def _shapes(arrays: Sequence[Array]) -> Prose:
    return prose(f"the shape{'s' if len(arrays) > 1 else ''} of ", *listed(arrays))


def _parts(system: System, given: Given, parameters: Parameters) -> Sequence[Part]:
    counted: Count = count(system)
    layers = parts_by_layer(system)
    *table, recurrent, _ = layers
    steps = int(dict(parameters)["T"])
    reads = READS_WORDS if table else ONE_HOT if CHARACTERS in parameters else READS_VECTORS
    read = "what it reads, and a bias" if system.model.bias else "what it reads, and no bias"
    asked = [
        ("embedding", (), TABLE),
        ("recurrent network", _methods(recurrent), reads),
        ("dense layer", (prose(read),), HEAD),
    ][-len(layers) :]
    with_biases = parts_by_layer(system_of(*model_of(parameters)))
    every = zip(asked, counted.layers, layers, with_biases, strict=True)
    found: list[Part] = []
    works: list[tuple[Work, Sequence[Misconception[Work]]]] = []
    for (name, methods, slips), layer, parts, all_parts in every:
        total = value_of(layer.formula, given)
        work, mistakes = Work(parts, given, steps), (*slips, biases_counted(all_parts))
        works.append((work, mistakes))
        one = count_blank(prose(f"Parameters of the {name}"), total, work, mistakes)
        listed = tally(told_from_the_words(parts) if table else parts, given)
        solution = (*listed, *derived(total_line(layer.formula, total)))
        scheme = [*(Mark(1, "M", m) for m in methods), Mark(1, "A", prose("the number"))]
        ask = prose(f"How many parameters does the {name} have?")
        found.append(numeric(ask, [one], solution, scheme))
    of, whole = (_of_words, "classifier") if table else (_of_vectors, "network")
    _fair(works, given, of)
    claims = of([work.total for work, _ in works], steps)
    return (*found, _together(counted.formula, given, claims, whole))


Claims = Sequence[tuple[str, int, Prose]]


def _fair(
    works: Sequence[tuple[Work, Sequence[Misconception[Work]]]],
    given: Given,
    of: Callable[[Sequence[int], int], Claims],
) -> None:
    """Compare the sums that have one wrong answer in them with what is said to be a mistake.

    Raises:
        Unfair: as ``carried_apart``.
    """

    def totals(sizes: Given) -> Sequence[int]:
        return [total_at(work, sizes) for work, _ in works]

    def carried(sizes: Given) -> Sequence[int]:
        return [
            sum(totals(sizes)) - total_at(work, sizes) + wrong
            for work, slips in works
            for wrong in wrong_at(work, slips, sizes)
        ]

    def listed(sizes: Given) -> Sequence[int]:
        return [value for _, value, _ in of(totals(sizes), works[0][0].steps)]

    carried_apart(given, carried, listed)


def _of_words(totals: Sequence[int], _steps: int) -> Claims:
    table, recurrent, head = totals
    return [
        ("embedding forgotten", recurrent + head, prose("The embedding is trained too.")),
        ("head forgotten", table + recurrent, prose("The dense layer is trained too.")),
        ("recurrent network only", recurrent, prose("Embedding and dense layer are trained too.")),
    ]


def _of_vectors(totals: Sequence[int], steps: int) -> Claims:
    recurrent, head = totals
    return [
        ("head forgotten", recurrent, prose("The dense layer is trained too.")),
        ("head at every step", recurrent + steps * head,
         prose("The dense layer has the same parameters at every step.")),
        ("times T", steps * (recurrent + head),
         prose("Every step uses the same parameters: the length of the sequence does not enter.")),
    ]  # fmt: skip


def _together(formula: Formula, given: Given, claims: Claims, whole: str) -> Part:
    total = value_of(formula, given)
    before = (0, 1, 2) if whole == "classifier" else (0, 1)
    added = "(a), (b) and (c)" if whole == "classifier" else "(a) and (b)"
    return numeric(
        prose(f"How many parameters does the {whole} have in all?"),
        [blank(prose("Parameters ", size("P")), total, claims)],
        derived(total_line(formula, total)),
        [Mark(1, "A", prose(f"the sum of {added}"))],
        before,
    )


KIND = Kind(NAME, "counts", "apply", (3, 3), (6, 7), _subjects, _variants, _draw, _make)
