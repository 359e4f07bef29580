"""Further mistakes in counts, as operators on a Work: single arrays and stacks."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Inline, Prose, prose
from rnnsym.expr import size
from rnnsym.quiz.count_slips import MISCONCEPTIONS, Counted, Work, bare
from rnnsym.quiz.derivation_lines import listed

__all__ = [
    "ARRAY", "LAYER", "PROJECTED", "SHARED_BIAS", "STACK", "WHOLE", "WIDE", "WIDE_ABOVE", "each",
    "named", "unprojected", "with_columns",
]  # fmt: skip

Slips = Sequence[tuple[Work, Prose]]


def named(*names: str) -> tuple[Misconception[Work], ...]:
    """Return these of the mistakes that any count invites."""
    return tuple(m for m in MISCONCEPTIONS if m.name in names)


def _without_inputs(work: Work) -> Slips:
    parts = tuple(part for part in work.parts if part.reads != "x")
    return [(replace(work, parts=parts), prose("What multiplies the input is trained too."))]


def _matrices_only(work: Work) -> Slips:
    """Vectors left out, where they are not the biases, or the peepholes, only."""
    vectors = {part.reads for part in work.parts if part.sides[1] == (1, "")}
    if vectors <= {"1"} or vectors == {"peephole"}:
        return []
    parts = tuple(part for part in work.parts if part.sides[1] != (1, ""))
    return [(replace(work, parts=parts), prose("Vectors are trained too, whatever they do."))]


def _as_gru(work: Work) -> Slips:
    """Three blocks, as in a GRU, where there is one."""
    why = "One equation of the cell has parameters, not three."
    return [(replace(work, times=3 * work.times), prose(why))] if len(work.blocks) == 1 else []


def _both_again(work: Work) -> Slips:
    why = "The arrays of both directions are counted already: there are no more of them."
    both = any(p.array.family.direction for p in work.parts)
    return [(replace(work, times=2 * work.times), prose(why))] if both else []


def _shared_bias(work: Work) -> Slips:
    """The biases of one equation for all of them, in each layer and direction."""
    first: dict[tuple[int, str], str] = {}
    for part in work.parts:
        if part.reads == "1":
            first.setdefault((part.layer, part.array.family.direction), part.block)
    parts = tuple(
        p for p in work.parts
        if p.reads != "1" or p.block == first[p.layer, p.array.family.direction]
    )  # fmt: skip
    return [(replace(work, parts=parts), _own_biases(work))] if parts != work.parts else []


def _own_biases(work: Work) -> Prose:
    """Say which equations have biases: all of them, or those of certain arrays."""
    biases = Counter((p.block, p.layer, p.array.family.direction)
                     for p in work.parts if p.reads == "1")  # fmt: skip
    word = "its own bias" if set(biases.values()) == {1} else "its own biases"
    having = {block for block, *_ in biases}
    if having == set(work.blocks):
        return prose(f"Every equation has {word}.")
    firsts = [next(p for p in work.parts if p.block == b) for b in work.blocks if b in having]
    return prose("Each of the equations with ", *listed([bare(p.array) for p in firsts]),
                 f" has {word}.")  # fmt: skip


SHARED_BIAS = Misconception("one bias for all equations", _shared_bias)
DIRECTIONS = Misconception("directions counted again", _both_again)


WHOLE = (
    *MISCONCEPTIONS,
    Misconception("input part forgotten", _without_inputs),
    Misconception("matrices only", _matrices_only),
    Misconception("counted as a GRU", _as_gru),
    DIRECTIONS,
)
"""Of a whole model, enough of them on either side of the right number."""


def each(work: Work, change: Callable[[Counted], Counted], *why: Inline) -> Slips:
    """Return the work with each array changed, if that changes any."""
    parts = tuple(change(part) for part in work.parts)
    return [] if parts == work.parts else [(replace(work, parts=parts), prose(*why))]


def with_columns(part: Counted, columns: tuple[int, str]) -> Counted:
    """Return an array with another number of columns."""
    return replace(part, sides=(part.sides[0], columns))


def _other_vector(work: Work) -> Slips:
    """An array with as many columns as the other vector has entries."""
    [part] = work.parts
    sizes = dict(work.sizes)
    if part.reads == "x" and part.sides[1] != part.sides[0]:
        changed = with_columns(part, part.sides[0])
    elif part.reads == "state" and part.sides[1][1] and "d" in sizes:
        changed = with_columns(part, (1, "d"))
    else:
        return []
    why = "A matrix has as many columns as the vector that it multiplies has entries."
    return [(replace(work, parts=(changed,)), prose(why))]


def _square(work: Work) -> Slips:
    """A vector taken for a matrix."""
    [part] = work.parts
    if part.sides[1] != (1, ""):
        return []
    why = "This is a vector, not a matrix."
    return [(replace(work, parts=(with_columns(part, part.sides[0]),)), prose(why))]


def _as_input(work: Work) -> Slips:
    """A bias with an entry for each entry of the input."""
    [part] = work.parts
    if part.reads != "1" or "d" not in dict(work.sizes):
        return []
    changed = replace(part, sides=((1, "d"), part.sides[1]))
    why = "A bias has an entry for each row of the matrices, not for each entry of the input."
    return [(replace(work, parts=(changed,)), prose(why))]


def _wide_recurrence(work: Work) -> Slips:
    """A recurrent matrix as if the state were not projected."""
    why = ("What recurs has ", size("p"), " entries, not ", size("n"), ".")
    return each(work, lambda p: unprojected(p) if p.reads == "state" else p, *why)


def unprojected(part: Counted) -> Counted:
    """Return an array that reads n entries where it reads the p of a projected state."""
    times, name = part.sides[1]
    return with_columns(part, (times, "n")) if name == "p" else part


def _wide_above(work: Work) -> Slips:
    """A layer above the first that reads n entries where the one below gives p."""
    why = (f"The output{_of_each(work)}, which the layer above reads, has ", size("p"),
           " entries, not ", size("n"), ".")  # fmt: skip
    return each(work, lambda p: unprojected(p) if p.reads == "x" else p, *why)


def _wide_throughout(work: Work) -> Slips:
    """Both what recurs and what a layer above the first reads."""
    why = prose("What recurs has ", size("p"), " entries, not ", size("n"), ", and so has the "
                f"output{_of_each(work)}, which the layer above reads.")  # fmt: skip
    wide = (changed for changed, _ in _wide_recurrence(work))
    return [(both, why) for changed in wide for both, _ in _wide_above(changed)]


def _of_each(work: Work) -> str:
    both = any(part.array.family.direction for part in work.parts)
    return " of each direction" if both else ""


WIDE = Misconception("recurrent matrix of n × n", _wide_recurrence)
WIDE_ABOVE = (
    Misconception("layer above reads n", _wide_above),
    Misconception("n in place of p", _wide_throughout),
)


ARRAY = (
    WIDE,
    Misconception("columns of the other vector", _other_vector),
    Misconception("vector taken for a matrix", _square),
    Misconception("bias as long as the input", _as_input),
)
"""Of one array."""


def _reads_input(work: Work) -> Slips:
    """Every layer reads the input."""
    why = "Only the first layer reads the input: the others read the output of the layer below."
    return each(work, lambda p: with_columns(p, (1, "d")) if p.reads == "x" else p, why)


def _direction(work: Work) -> Slips:
    parts = tuple(p for p in work.parts if p.array.family.direction != "bwd")
    why = "The backward chain has parameters of its own."
    return [(replace(work, parts=parts), prose(why))] if parts != work.parts else []


LAYER = (
    DIRECTIONS,
    Misconception("every layer reads the input", _reads_input),
    Misconception("one direction forgotten", _direction),
    *named("no biases", "second bias", "one bias for two", "recurrent part forgotten",
           "peepholes forgotten", "one block forgotten", "one block too many",
           "second layer reads one direction"),
    SHARED_BIAS,
    WIDE,
    *WIDE_ABOVE,
)  # fmt: skip
"""Of a layer above the first."""


def _alike(work: Work) -> Slips:
    first = [p for p in work.parts if p.layer == 1]
    depth = max(p.layer for p in work.parts)
    why = "Only the first layer reads the input: the layers above it have other shapes."
    parts = tuple(replace(p, layer=k) for k in range(1, depth + 1) for p in first)
    return [(replace(work, parts=parts), prose(why))] if depth > 1 else []


def _one_of(work: Work) -> Slips:
    why = "Every layer has parameters of its own."
    parts = tuple(p for p in work.parts if p.layer == 1)
    return [(replace(work, parts=parts), prose(why))] if parts != work.parts else []


STACK = (
    DIRECTIONS,
    Misconception("all layers alike", _alike),
    Misconception("one layer only", _one_of),
    *named("no biases", "second bias", "one bias for two", "recurrent part forgotten",
           "peepholes forgotten", "one block forgotten", "one block too many", "times T",
           "one direction forgotten",
           "second layer reads one direction"),
)  # fmt: skip
"""Of a whole stack."""


def _projection(work: Work) -> Slips:
    why = "The projection is trained too."
    parts = tuple(p for p in work.parts if p.sides[0] != (1, "p"))
    return [(replace(work, parts=parts), prose(why))] if parts != work.parts else []


def _plain(work: Work) -> Slips:
    """No projection: what it gives does not recur, and no layer reads it."""
    why = "This is the count without the projection: it changes what recurs, and is trained."
    parts = tuple(unprojected(p) for p in work.parts if p.sides[0] != (1, "p"))
    return [(replace(work, parts=parts), prose(why))] if parts != work.parts else []


PROJECTED = (
    WIDE,
    *WIDE_ABOVE,
    Misconception("projection matrix forgotten", _projection),
    Misconception("projection forgotten", _plain),
)
"""Of a state that is projected."""
