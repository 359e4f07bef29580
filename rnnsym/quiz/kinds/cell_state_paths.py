"""How the cell state depends on the one before: the direct edge against the total derivative."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.audit.misconceptions import MISCONCEPTIONS, mistakes
from rnnsym.audit.rewrite import throughout
from rnnsym.audit.slips import SIGN, Row
from rnnsym.blocks import Block, Equations, Line, Paragraph, Partial, Prose, Relation, prose
from rnnsym.derive import derive
from rnnsym.errors import InputError
from rnnsym.expr import TIME, Array, Diag, Expr, Integer, Node, arrays_in
from rnnsym.item import Item, Mark, Numeric, Part, Proof
from rnnsym.numeric.oracle import STEP, evaluate
from rnnsym.quiz.backward_draws import drawn, read
from rnnsym.quiz.backward_gates import ALONE, HERE
from rnnsym.quiz.backward_items import given_lines, given_of, rounding_note, value_of
from rnnsym.quiz.backward_numbers import Wrong, blanks_of
from rnnsym.quiz.backward_plan import Given, run
from rnnsym.quiz.backward_plan import Line as Worked
from rnnsym.quiz.backward_slopes import slopes_misplaced, turned
from rnnsym.quiz.backward_walk import BOUND, METHOD, Walk
from rnnsym.quiz.by_hand import WORKED
from rnnsym.quiz.cell_paths import INNER, RULE, Paths, line_of, named, paths_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of, equation_note, equations_of

__all__ = ["KIND"]

NAME = "cell_state_paths"
LIKELY = ("derivative forgotten", "value for derivative", "factor forgotten", "one term missing",
          "1 − z and z swapped")  # fmt: skip
BEFORE: dict[Expr, Expr] = {TIME: Integer(HERE - 1)}


def _subjects(cells: Sequence[str]) -> list[Parameters]:
    asked = cells or ("lstm", "lstm-coupled")
    return [(("model", c), ("convention", "textbook")) for c in asked if _provable(c)]


@lru_cache(maxsize=256)
def _provable(model: str) -> bool:
    """Tell whether a cell has such a state, and nothing but what is given moves it."""
    paths = paths_of(model)
    if paths is None:
        return False
    plan = paths.plan
    try:
        given = read(plan.given, drawn(plan, plan.given, Draw(0, "trial")))
        found = run(plan.lines, given, plan.numbers)
        _prove(paths, given, found[plan.lines[0].target], found[plan.lines[-1].target])
    except (KeyError, Unfair):  # the lines read an input, or there are other paths
        return False
    return True


def _of(parameters: Parameters) -> Paths:
    found = paths_of(dict(parameters)["model"])
    if found is None:
        raise InputError(f"'{dict(parameters)['model']}' has no cell state beside its output")
    return found


def _variants(subject: Parameters) -> int:
    return int(4 ** len(_of(subject).plan.given))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    plan = _of(subject).plan
    return (*subject, *drawn(plan, given_of((plan,)), draw))


# The item


def _make(parameters: Parameters) -> Item:
    paths = _of(parameters)
    plan = paths.plan
    given = read(given_of((plan,)), parameters)
    exact = run(plan.lines, given, plan.numbers)
    worked = run(plan.lines, given, plan.numbers, WORKED)
    first, last = plan.lines[0].target, plan.lines[-1].target
    total = _part(paths, parameters, last, first, (exact, worked))  # first: it is refused most
    edge = _part(paths, parameters, first, last, (exact, worked))
    _prove(paths, given, exact[first], exact[last])  # last: it takes longest and refuses least
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="backward",
        level=4,
        minutes=10,
        convention="textbook",
        parameters=parameters,
        stem=_stem(paths, given),
        parts=(edge, total),
        proof=Proof(METHOD, "≤ 1e-12"),
        tags=(dict(parameters)["model"],),
    )


def _part(
    paths: Paths, parameters: Parameters, asked: Array, other: Array,
    values: tuple[dict[Array, Matrix], dict[Array, Matrix]],
) -> Part:  # fmt: skip
    exact, worked = values
    plan, direct = paths.plan, asked == paths.plan.lines[0].target
    given = read(given_of((plan,)), parameters)
    why = prose("That is the ", "total derivative." if direct else "direct edge only.")
    rival = ("total for direct" if direct else "direct for total", why, {asked: worked[other]})
    wrong = (rival, *_wrong(paths, asked, given))
    [blank] = blanks_of(asked, exact[asked], worked[asked], wrong, is_plain=direct)
    label = _label(paths, "∂⁺" if direct else "d")
    lines = [x for x in plan.lines if (x.target == plan.lines[0].target) == direct]
    scheme = (Mark(1, "B", prose("the factor of the state itself")),) if direct else SCHEME
    return Part(
        stem=(Paragraph(prose("Give " if direct else "Compute ", label, ".")),),
        response=Numeric((replace(blank, label=prose(label)),)),
        marks=sum(mark.points for mark in scheme),
        scheme=scheme,
        solution=(
            Paragraph(prose("Read off:" if direct else f"Line by line, to {WORKED} decimals:")),
            Equations(tuple(_shown(paths, x, worked) for x in lines)),
        ),
        carries=() if direct else (0,),
    )


SCHEME = (
    Mark(1, "M", prose("the state reaches the gates as well, through the output of its step")),
    Mark(2, "M", prose("a term for each gate in the state's equation and for the candidate; 1 if "
                       "one is wrong")),
    Mark(1, "A", prose("the sum, the direct edge included")),
)  # fmt: skip


@lru_cache(maxsize=256)
def _label(paths: Paths, sign: str) -> Partial:
    before = paths.state.xreplace(BEFORE)
    return Partial(paths.state.xreplace(RULE), before, sign)


def _shown(paths: Paths, line: Worked, worked: Mapping[Array, Matrix]) -> Line:
    value = value_of(worked[line.target], exact=line.target.name == "edge")
    before, state = (a.xreplace(BEFORE) for a in (paths.plan.system.output, paths.state))
    names = {
        "edge": _label(paths, "∂⁺"),
        "total": _label(paths, "d"),
        INNER: Partial(before, state),
    }
    inner = {x.target: x.value for x in paths.plan.lines if x.target.name == INNER}
    if line.target.name in names:
        return Line(names[line.target.name], Relation((line.value.xreplace(inner), value)))
    return Line(line.target, Relation((_meanings(paths)[line.target], line.value, value)))


@lru_cache(maxsize=256)
def _meanings(paths: Paths) -> dict[Array, Partial]:
    """What the names in the total stand for, at the step that is asked about."""
    return {
        b.name.xreplace(RULE): _label(paths, "∂⁺")
        if b.of.family == b.wrt.family == paths.state.family
        else Partial(b.of.xreplace(RULE), b.wrt.xreplace(RULE))
        for b in paths.blocks
        if b.name is not None
    }


def _wrong(paths: Paths, asked: Array, given: Given) -> Iterator[Wrong]:
    """Yield what the mistakes in a formula give."""
    slips = _mistakes(str(paths.plan.system.model), asked == paths.plan.lines[0].target)
    found = run([line for _, _, line in slips], given, paths.plan.numbers)
    for name, why, line in slips:
        yield name, why, {asked: found[line.target]}


@lru_cache(maxsize=256)
def _mistakes(model: str, direct: bool) -> tuple[tuple[str, Prose, Worked], ...]:
    """The mistakes in one of the two formulas that there are numbers for, each as a line."""
    paths = _of((("model", model),))
    plan, (edge, *parts, total) = paths.plan, paths.plan.lines
    [step] = derive(plan.system).find(f"delta_{paths.state.name}")
    kept = edge.value.arg if isinstance(edge.value, Diag) else edge.value
    state = paths.state.xreplace(BEFORE)
    swapped = [turned(gate, kept, state) for gate in arrays_in(edge.value)]
    if direct:
        gates = [a for a in plan.given if a.time == HERE]
        row = Row(step, edge.value)
        found = [m for m in mistakes(row, gates) if m[0] != SIGN]
        found += [(m.name, why, slip.value) for m in swapped for slip, why in m.apply(row)]
    else:
        whole: dict[Node, Node] = {part.target: part.value for part in parts}
        inner: dict[Node, Node] = {x.target: x.value for x in parts if x.target.name == INNER}
        # First the slips beside the names of the parts: they spoil all paths at once.
        known = {m.name: m for m in reversed(MISCONCEPTIONS)}
        likely = (*(known[name] for name in LIKELY), *swapped)
        rows = (Row(step, total.value.xreplace(rule)) for rule in (inner, whole))
        found = [
            (m.name, why, slip.value.xreplace(whole))
            for row in rows for m in (*likely, *slopes_misplaced([row.value]))
            for slip, why in throughout(m, row)
        ]  # fmt: skip
    once: dict[Node, tuple[str, Prose]] = {}
    for name, why, value in found:
        once.setdefault(value, (name, why))
    return tuple(
        (name, why, line_of(named(f"mistake {i}", paths.state), value))
        for i, (value, (name, why)) in enumerate(once.items())
        if {*arrays_in(value)} <= {*plan.given}
    )


def _prove(paths: Paths, given: Given, edge: Matrix, total: Matrix) -> None:
    """Compare both with the slope of the forward equations, the output before held and not.

    Raises:
        Unfair: they differ, so the question has no proven key.
    """
    state = paths.state.name
    for key, held in ((edge, True), (total, False)):
        walk = Walk(paths.plan, given, {(state, "", None, HERE - 1): 0})
        output = paths.plan.system.output
        [equation] = [e for e in paths.plan.system.equations if e.lhs == output]
        walk.values.time = HERE - 1
        before = evaluate(equation.rhs, walk.values)
        walk.values.known[output.name, "", None, HERE - 1] = before.real + 0j if held else before
        walk.step(HERE)
        slope = walk.values.known[state, "", None, HERE].imag.item() / STEP
        if not abs(slope - float(key[0][0])) <= BOUND:
            raise Unfair(f"the complex step gives {slope}, not {key[0][0]}")


@lru_cache(maxsize=64)
def _told(paths: Paths) -> tuple[Block, ...]:
    system = paths.plan.system
    title, at_start = cell_of(system).title, BEFORE
    before, state = system.output.xreplace(at_start), paths.state.xreplace(at_start)
    return (
        Paragraph(prose(f"One unit of the cell “{title}”, with ", ALONE,
                        ": each step is computed by")),
        equations_of(system),
        Paragraph(equation_note(system)),
        Paragraph(prose(_label(paths, "∂⁺"), " is the direct edge: ", before, " is held fixed, and "
                        f"so are the gates and the candidate of step {HERE}. ",
                        _label(paths, "d"), " follows all paths: as ", state, " changes, so does ",
                        before, f" (the gates of step {HERE - 1} stay as they are), and so does "
                        "all that reads ", before, ".")),
        Paragraph(prose("Of a sequence are given")),
    )  # fmt: skip


def _stem(paths: Paths, given: dict[Array, Matrix]) -> tuple[Block, ...]:
    return (*_told(paths), given_lines(given), Paragraph(rounding_note(paths.plan)))


KIND = Kind(NAME, "backward", "analyse", (4, 4), (5, 5), _subjects, _variants, _draw, _make)
