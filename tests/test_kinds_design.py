"""Designed nets do what is asked: run again here by a formula of our own, in fractions."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest

from rnnsym.api import generate_quiz
from rnnsym.blocks import NumberMatrix, Paragraph, Prose, Relation
from rnnsym.item import Item, Option
from rnnsym.quiz.design_nets import BEHAVIOURS, MISTAKES, Weights, rebuilt
from rnnsym.quiz.design_runs import LENGTH, behaves, prove
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.kinds import design_gates, design_purpose, design_weights
from rnnsym.quiz.numbers import Matrix, read_matrix
from rnnsym.quiz.registry import Kind

INPUTS = list(product((0, 1), repeat=LENGTH))


def outputs(w: Weights, inputs: tuple[int, ...]) -> list[Fraction]:
    """Return V h_t by hand, two units."""
    (w1,), (w2,) = w.W
    (b1,), (b2,) = w.b
    (u11, u12), (u21, u22) = w.U
    ((v1, v2),) = w.V
    h1 = h2 = Fraction(0)
    found: list[Fraction] = []
    for x in inputs:
        h1, h2 = (
            max(
                Fraction(0),
                Fraction(w1) * x + Fraction(u11) * h1 + Fraction(u12) * h2 + Fraction(b1),
            ),
            max(
                Fraction(0),
                Fraction(w2) * x + Fraction(u21) * h1 + Fraction(u22) * h2 + Fraction(b2),
            ),
        )
        found.append(Fraction(v1) * h1 + Fraction(v2) * h2)
    return found


def latch(x: tuple[int, ...]) -> list[int]:
    return [max(x[: t + 1]) for t in range(len(x))]


def parity(x: tuple[int, ...]) -> list[int]:
    return [x[: t + 1].count(1) % 2 for t in range(len(x))]


def delay(x: tuple[int, ...]) -> list[int]:
    return [0, *x[:-1]]


def count(x: tuple[int, ...]) -> list[int]:
    return [x[: t + 1].count(1) for t in range(len(x))]


def add(x: tuple[int, ...]) -> list[int]:
    return [a + b for a, b in zip(x, (0, *x), strict=False)]


def pair(x: tuple[int, ...]) -> list[int]:
    return [a & b for a, b in zip(x, (0, *x), strict=False)]


def rise(x: tuple[int, ...]) -> list[int]:
    return [a & (1 - b) for a, b in zip(x, (0, *x), strict=False)]


def fall(x: tuple[int, ...]) -> list[int]:
    return [b & (1 - a) for a, b in zip(x, (0, *x), strict=False)]


def earlier(x: tuple[int, ...]) -> list[int]:
    return [0, *count(x)[:-1]]


def surplus(x: tuple[int, ...]) -> list[int]:
    return [n - latched for n, latched in zip(count(x), latch(x), strict=True)]


def first(x: tuple[int, ...]) -> list[int]:
    return [int(1 in x and t == x.index(1)) for t in range(len(x))]


SPECIFIED = {
    f.__name__: f
    for f in (latch, parity, delay, count, add, pair, rise, fall, earlier, surplus, first)
}


def does(weights: Weights, name: str) -> bool:
    return all(outputs(weights, x) == SPECIFIED[name](x) for x in INPUTS)


def printed(content: Prose) -> dict[str, Matrix]:
    """Return the matrices that are printed, by name."""
    pairs = [piece.sides for piece in content if isinstance(piece, Relation)]
    return {
        str(name): read_matrix("; ".join(map(" ".join, side.rows)))
        for name, side in pairs
        if isinstance(side, NumberMatrix)
    }


def net(item: Item, option: Option) -> Weights:
    """Return the net that an option makes of what is given."""
    [block] = item.parts[0].stem
    assert isinstance(block, Paragraph)
    given, chosen = printed(block.content), printed(option.content)
    assert len(given) == len(chosen) == 2
    return Weights(**given, **chosen)


def test_all_behaviours_are_specified_here() -> None:
    assert sorted(SPECIFIED) == sorted(BEHAVIOURS)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_one_behaviour_each(name: str) -> None:
    parameters = (("behaviour", name),)
    for other, behaviour in BEHAVIOURS.items():
        assert does(behaviour.weights, name) == (other == name)
        assert behaves(parameters, behaviour.weights) == (other == name)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_mistakes_are_judged_by_what_they_do(name: str) -> None:
    for change, _ in MISTAKES.values():
        weights = change(BEHAVIOURS[name].weights)
        assert behaves((("behaviour", name),), weights) == does(weights, name)


def test_units_may_be_exchanged_and_scaled() -> None:
    (factors,) = [read_matrix("2 0.5")[0]]
    for name, behaviour in BEHAVIOURS.items():
        changed = rebuilt(behaviour.weights, (1, 0), factors)
        assert changed != behaviour.weights
        assert does(changed, name)


def test_the_oracle_refuses_a_wrong_claim() -> None:
    weights = BEHAVIOURS["latch"].weights
    prove((weights,), "latch", behaving=True)
    others = tuple(BEHAVIOURS[name].weights for name in ("parity", "delay"))
    prove(others, "latch", behaving=False)
    with pytest.raises(Unfair, match="does behave"):
        prove((*others, weights), "latch", behaving=False)
    with pytest.raises(Unfair, match="does not behave"):
        prove((weights,), "parity", behaving=True)


def test_exactly_one_option_behaves() -> None:
    items = generate_quiz(60, 3, ["design_weights"])
    for item in items:
        name = dict(item.parameters)["behaviour"]
        assert len(item.options) == 4
        for option in item.options:
            assert does(net(item, option), name) == option.correct
            assert ".0'" not in str(option.content)
        nets = [net(item, option) for option in item.options]
        done = {tuple(tuple(outputs(one, x)) for x in INPUTS) for one in nets}
        assert len(done) == 4, "two options do the same, so neither can be the right one"
    labels = [option.misconception for item in items for option in item.options]
    assert {mistake for label in labels for mistake in label.split("; ")} == {"", *MISTAKES}


def test_no_option_is_what_the_others_resemble() -> None:
    for item in generate_quiz(20, 2, ["design_weights"]):
        columns = zip(*(printed(option.content).values() for option in item.options), strict=True)
        assert [sorted(Counter(column).values()) for column in columns] == [[2, 2], [2, 2]]


def test_every_reason_shows_where_the_net_fails() -> None:
    for item in generate_quiz(20, 4, ["design_weights"]):
        name = dict(item.parameters)["behaviour"]
        for option in item.options:
            if option.correct:
                continue
            words = str(option.why[-1])
            inputs, found, wanted = (
                tuple(Fraction(n.replace("−", "-")) for n in part.split(", "))
                for part in words.removeprefix("Input ").rstrip(".")
                .replace(", not ", " gives ").split(" gives ")
            )  # fmt: skip
            bits = tuple(map(int, inputs))
            assert list(found) == outputs(net(item, option), bits)
            assert list(wanted) == SPECIFIED[name](bits) != list(found)


@pytest.mark.parametrize("kind", [design_weights.KIND, design_purpose.KIND])
def test_every_net_can_be_asked(kind: Kind) -> None:
    assert {dict(s)["behaviour"] for s in kind.subjects(())} == set(BEHAVIOURS)


def test_one_description_fits() -> None:
    names = {f"{b.words[0].upper()}{b.words[1:]}.": name for name, b in BEHAVIOURS.items()}
    for item in generate_quiz(40, 5, ["design_purpose"]):
        [weights] = [
            Weights(**printed(block.content))
            for block in item.stem
            if isinstance(block, Paragraph) and "weights" in str(block.content[0])
        ]
        for option in item.options:
            assert does(weights, names[str(option.content[0])]) == option.correct


def test_the_first_step_leaves_a_wrong_description_in_doubt() -> None:
    names = {f"{b.words[0].upper()}{b.words[1:]}.": name for name, b in BEHAVIOURS.items()}
    for item in generate_quiz(60, 5, ["design_purpose"]):
        first = SPECIFIED[dict(item.parameters)["behaviour"]]((1,))
        others = [names[str(o.content[0])] for o in item.options if not o.correct]
        assert first in [SPECIFIED[name]((1,)) for name in others]


UPDATES: dict[str, Callable[[int, int, list[int]], int]] = {
    "lstm": lambda c, g, bits: bits[0] * c + bits[1] * g,
    "lstm-1997": lambda c, g, bits: c + bits[0] * g,
    "lstm-coupled": lambda c, g, bits: bits[0] * c + (1 - bits[0]) * g,
    "gru": lambda c, g, bits: (1 - bits[0]) * c + bits[0] * g,
    "ugrnn": lambda c, g, bits: bits[0] * c + (1 - bits[0]) * g,
}
WISHES: dict[str, Callable[[int, int], int]] = {
    "keep": lambda c, g: c,
    "overwrite": lambda c, g: g,
    "erase": lambda c, g: 0,
    "add": lambda c, g: c + g,
}


@pytest.mark.parametrize("cell", UPDATES)
def test_exactly_one_set_of_gates_does_it(cell: str) -> None:
    for item in generate_quiz(5, 6, ["design_gates"], [cell]):
        task = dict(item.parameters)["task"].split()
        assert len(item.options) == 4
        for option in item.options:
            columns = [
                [int(bit) for (bit,) in piece.sides[1].rows]
                for piece in option.content
                if isinstance(piece, Relation) and isinstance(piece.sides[1], NumberMatrix)
            ]
            right = all(
                UPDATES[cell](c, g, bits) == WISHES[effect](c, g)
                for effect, *bits in zip(task, *columns, strict=True)
                for c, g in product((-2, 3, 11), (-5, 4, 7))
            )
            assert right == option.correct


@pytest.mark.parametrize("cell", UPDATES)
def test_the_gates_the_wrong_way_round_are_an_option(cell: str) -> None:
    for item in generate_quiz(5, 6, ["design_gates"], [cell]):
        shown = [list(printed(option.content).values()) for option in item.options]
        [key] = [bits for bits, option in zip(shown, item.options, strict=True) if option.correct]
        assert [tuple((1 - bit,) for (bit,) in gate) for gate in key] in shown


def test_no_gate_is_the_same_in_all_options() -> None:
    for item in generate_quiz(60, 1, ["design_gates"], ["lstm"]):
        columns = zip(*(printed(option.content).values() for option in item.options), strict=True)
        assert all(len(set(column)) > 1 for column in columns)


def test_reasons_say_what_gates_would_do() -> None:
    said = {"kept": "keep", "overwritten": "overwrite", "erased": "erase", "summed": "add"}
    for item in generate_quiz(20, 3, ["design_gates"], ["lstm"]):
        for option in item.options:
            words = str(option.why[-1]).split("would be ")[-1].rstrip(".").replace(" and ", ", ")
            done = [said[word] for word in words.split(", ")] if not option.correct else []
            columns = zip(*printed(option.content).values(), strict=True)
            for effect, bits in zip(done if len(done) > 1 else done * 3, columns, strict=False):
                (f,), (i,) = bits
                assert UPDATES["lstm"](7, 11, [int(f), int(i)]) == WISHES[effect](7, 11)


def test_one_gate_is_asked_for_as_one() -> None:
    for cell in UPDATES:
        for item in generate_quiz(5, 6, ["design_gates"], [cell]):
            several = len([p for p in item.options[0].content if isinstance(p, Relation)]) > 1
            assert ("Which gates do that?" in str(item.parts[0].stem)) == several


def test_what_gates_can_do() -> None:
    cells = {dict(s)["model"] for s in design_gates.KIND.subjects(())}
    assert set(UPDATES) <= cells
    assert "vanilla" not in cells
    asked = {dict(i.parameters)["task"] for i in generate_quiz(40, 1, ["design_gates"], ["lstm"])}
    assert {effect for task in asked for effect in task.split()} == set(WISHES)
