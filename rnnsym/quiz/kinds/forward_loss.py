"""From the input to the loss: state, scores, softmax where there is one, and the loss itself."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from rnnsym.blocks import Block, Equations, Line, Paragraph, Prose, Relation, prose
from rnnsym.expr import (
    STEPS,
    Array,
    Constant,
    Family,
    Integer,
    Node,
    Plus,
    Rational,
    apply,
    matmul,
    minus,
    plus,
    scale,
    softmax,
    transpose,
)
from rnnsym.item import Item
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.forward_draws import STEEP
from rnnsym.quiz.forward_items import build
from rnnsym.quiz.forward_net import Net, holds, net_of, place_of
from rnnsym.quiz.forward_question import Ask, Question
from rnnsym.quiz.forward_slips import Slipped, again, state_slips
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import cell_of, equation_note
from rnnsym.sheet.worked_lines import Row, placed

__all__ = ["KIND"]

TAUGHT = ("vanilla", "mingru", "mgu")
LONGEST = 6
"""Lines of one step of a cell that leaves time for the loss."""
CLASSES = (2, 3)
LOG10 = Rational(4342944819, 10**10)
HALF = Rational(1, 2)
TOTAL = Array(Family("L", "L"), (Integer(1), Integer(1)))


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    short = [
        c for c in cells or TAUGHT if len(net_of(c, 1).rows) <= LONGEST and not holds(c, Constant)
    ]
    guesses = [(f"{c}, dense:{q}", "cross-entropy", "every") for c in short for q in CLASSES]
    values = [(f"{c}, dense:1", "squared", at) for c in short for at in ("every", "last")]
    return [
        (("model", model), ("convention", "textbook"), ("loss", loss), ("loss at", at))
        for model, loss, at in (*guesses, *values)
    ]


@lru_cache(maxsize=256)
def _question(model: str, loss: str, at: str) -> Question:
    steps = 1 if loss == "cross-entropy" else 2
    whole = net_of(model, steps, loss, at)
    asks = _class_asks(whole) if loss == "cross-entropy" else _value_asks(whole)
    net = whole.only([row for ask in asks for row in ask.rows])
    return Question(
        "forward_loss", net, asks, _intro(net, steps, loss, at), 4 if steps > 1 else 3, pool=STEEP
    )


def _states(net: Net) -> list[Ask]:
    """The parts before the loss: the states and the scores."""
    states = [s.array.name for s in net.system.states]
    scores = net.system.loss_terms[0].target.name
    found: list[Ask] = []
    for loop, layer, time, rows in net.passes():
        names = [row.target.name for row in rows]
        asked = scores if scores in names else states[0]
        steps = [row.target for row in rows if row.target.name == asked]
        if time == 1 or asked != scores:
            slips = (
                *state_slips(net, loop, layer, time, rows),
                *again(net, loop, layer, time, rows),
            )
            found.append(Ask(rows, tuple(steps), slips or _no_bias(rows)))
        else:
            last = found[-1]
            lines = (*last.rows, *rows)
            carried = (replace(slip, rows=(*slip.rows, *rows)) for slip in last.slips)
            slips = (*carried, *_no_bias(rows, last.rows))
            found[-1] = Ask(lines, (*last.asked, *steps), slips)
    return found


def _no_bias(rows: Sequence[Row], before: Sequence[Row] = ()) -> tuple[Slipped, ...]:
    def bare(row: Row) -> Row:
        kept = [term for term in row.value.children if not isinstance(term, Array)]
        return Row(row.target, plus(*kept)) if isinstance(row.value, Plus) else row

    why = prose("The bias of the readout is left out.")
    return (Slipped("bias forgotten", why, (*before, *map(bare, rows))),)


def _class_asks(net: Net) -> tuple[Ask, ...]:
    term = net.system.loss_terms[0]
    scores, target = (placed(a, net.sizes, 0, 1) for a in (term.target, term.given))
    guess = Array(Family("p", "p"), scores.shape, None, scores.time)
    flat = Slipped(
        "σ for softmax",
        prose("The classes share one total: softmax, not a σ for each."),
        (Row(guess, apply("sigmoid", scores)),),
    )
    losses = (
        ("minus forgotten", prose("A probability is below 1 and its logarithm below 0: the loss "
                                  "takes the minus."),
         matmul(transpose(target), apply("log", guess))),
        ("logarithm to base 10", prose("The logarithm of the loss is the natural one."),
         scale(-LOG10, matmul(transpose(target), apply("log", guess)))),
        ("1 − p for −log p", prose("Cross-entropy takes the logarithm of the probability."),
         minus(matmul(transpose(target), target), matmul(transpose(target), guess))),
    )  # fmt: skip
    value = scale(-1, matmul(transpose(target), apply("log", guess)))
    slips = tuple(Slipped(name, why, (Row(TOTAL, wrong),)) for name, why, wrong in losses)
    return (
        *_states(net),
        Ask((Row(guess, softmax(scores)),), (guess,), (flat,)),
        Ask((Row(TOTAL, value),), (TOTAL,), slips),
    )


def _value_asks(net: Net) -> tuple[Ask, ...]:
    term = net.system.loss_terms[0]
    times = net.sizes.range(term.time) if term.time else [net.sizes.steps]
    errors = [_error(net, time) for time in times]
    other = [_error(net, t) for t in range(1, net.sizes.steps + 1)] if term.time else []
    value = plus(*(_half_square(e) for e in errors))
    slips = tuple(_value_slips(value, errors, other))
    return (*_states(net), Ask((Row(TOTAL, value),), (TOTAL,), slips))


def _error(net: Net, time: int) -> Node:
    term = net.system.loss_terms[0]
    target, given = (placed(a, net.sizes, 0, time) for a in (term.target, term.given))
    return minus(target, given)


def _half_square(error: Node) -> Node:
    """Return ½(s − τ)² of a readout with one entry."""
    return scale(HALF, apply("square", error))


def _value_slips(value: Node, errors: Sequence[Node], every: Sequence[Node]) -> Iterator[Slipped]:
    def slip(name: str, why: Prose, wrong: Node) -> Slipped:
        return Slipped(name, why, (Row(TOTAL, wrong),))

    yield slip("½ forgotten", prose("The loss has the factor ½."), scale(2, value))
    yield slip("difference not squared", prose("The difference is squared."),
               scale(HALF, plus(*errors)))  # fmt: skip
    yield slip("sign of the target", prose("The target is subtracted, not added."),
               plus(*(_half_square(_sum_of(e)) for e in errors)))  # fmt: skip
    if every:
        yield slip("mean for the sum", prose("The loss is the sum over the steps, not their mean."),
                   scale(HALF, value))  # fmt: skip
        yield slip("last step only", prose("Every step has its loss."), _half_square(every[-1]))
        scores, targets = zip(*(error.children for error in every), strict=True)
        crossed = map(plus, scores, reversed(targets))
        yield slip("targets exchanged", prose("Each step has its own target."),
                   plus(*map(_half_square, crossed)))  # fmt: skip


def _sum_of(error: Node) -> Node:
    """Return s + τ of s − τ."""
    first, second = error.children
    return plus(first, scale(-1, second))


def _intro(net: Net, steps: int, loss: str, at: str) -> tuple[Block, ...]:
    system = net.system
    term = system.loss_terms[0]
    y, given = term.target, term.given
    title = cell_of(system).title
    if loss == "cross-entropy":
        guess = Array(Family("p", "p"), y.shape, None, y.time)
        rule = Relation((TOTAL, scale(-1, matmul(transpose(given), apply("log", guess)))))
        said = prose("The loss ", TOTAL, " is the cross-entropy with the natural logarithm, ",
                     rule, ", where ", Relation((guess, softmax(y))), " and ", given,
                     " is 1 at the right class and 0 elsewhere.")  # fmt: skip
    else:
        where = "summed over all steps" if at == "every" else "at the last step only"
        error = minus(y, given)
        said = prose("The loss ", TOTAL, " is ", scale(HALF, apply("square", error)),
                     f", {where}; ", given, " is the target.")  # fmt: skip
    numbered = Relation((STEPS, Integer(steps)))
    return (
        Paragraph(prose(f"A layer of the cell “{title}” with a linear readout is computed by")),
        Equations(tuple(Line(e.lhs, e.rhs) for e in system.equations)),
        Paragraph(prose(*equation_note(system), " The readout ", y, " has ", y.shape[0],
                        " entries.")),
        Paragraph(prose("The net reads ", numbered, " step", "s" if steps > 1 else "", ". ",
                        *said)),
    )  # fmt: skip


def _about(parameters: Parameters) -> Question:
    values = dict(parameters)
    return _question(values["model"], values["loss"], values["loss at"])


def _variants(subject: Parameters) -> int:
    return int(4 ** len(_about(subject).net.given))


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    question = _about(subject)
    if dict(subject)["loss"] == "squared":
        return (*subject, *question.drawn(draw))
    given = placed(question.net.system.loss_terms[0].given, question.net.sizes, 0, 1)
    classes, _ = question.net.sizes.shape(given.shape)
    right = draw.integer("class", 0, classes - 1)
    hot = tuple((Decimal(i == right),) for i in range(classes))
    return (*subject, *question.drawn(draw, {place_of(given): hot}))


def _make(parameters: Parameters) -> Item:
    return build(_about(parameters), parameters)


KIND = Kind("forward_loss", "forward", "apply", (3, 4), (6, 11), _subjects, _variants, _draw, _make)
