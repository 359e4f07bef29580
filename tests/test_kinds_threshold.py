"""Threshold nets: an answer is right if and only if the net behaves, run again here in integers.

Over 300 lines: the nets, run again in integers, stand with all that is asked of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import pytest

from rnnsym.api import generate_quiz
from rnnsym.blocks import Listing, Paragraph
from rnnsym.item import Item, Words
from rnnsym.quiz import threshold_runs
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.kinds import design_threshold
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind
from rnnsym.quiz.threshold_nets import DESIGNS
from rnnsym.quiz.threshold_runs import LENGTH, accepted, failure, table

Inputs = tuple[tuple[int, ...], ...]
Nets = dict[str, tuple[int, ...]]

# What each unit shall put out, as a machine that goes on from step to step.


def walk(
    inputs: Inputs, start: int, step: Callable[[int, tuple[int, ...]], tuple[int, int]]
) -> list[int]:
    state, found = start, list[int]()
    for bits in inputs:
        state, out = step(state, bits)
        found.append(out)
    return found


def output(
    step: Callable[[int, tuple[int, ...]], int], out: Callable[[int, tuple[int, ...]], int]
) -> Callable[[Inputs], list[int]]:
    """Put out what is made of the old state and the input."""
    return lambda inputs: walk(inputs, 0, lambda old, bits: (step(old, bits), out(old, bits)))


def state(step: Callable[[int, tuple[int, ...]], int]) -> Callable[[Inputs], list[int]]:
    return output(step, step)


def carry(c: int, bits: tuple[int, ...]) -> int:
    return (sum(bits) + c) // 2


def borrow(c: int, bits: tuple[int, ...]) -> int:
    return int(bits[0] - bits[1] - c < 0)


def digit(c: int, bits: tuple[int, ...]) -> int:
    return (sum(bits) + c) % 2


def flip(p: int, bits: tuple[int, ...]) -> int:
    return p ^ bits[0]


held = state(lambda _, b: b[0])
seen = state(lambda h, b: h | b[0])
SPECIFIED = {
    "latch": {"h": seen},
    "alarm": {"h": state(lambda h, b: h | (1 - b[0]))},
    "reset latch": {"h": state(lambda h, b: 0 if b[1] else h | b[0])},
    "set latch": {"h": state(lambda h, b: 1 if b[0] else h & (1 - b[1]))},
    "comparison": {"g": state(lambda g, b: g if b[0] == b[1] else b[0])},
    "parity": {"a": output(flip, lambda p, b: p & b[0]), "p": state(flip)},
    "sum": {"c": state(carry), "s": output(carry, digit)},
    "difference": {"c": state(borrow), "s": output(borrow, digit)},
    "change": {
        "d": held,
        "a": output(lambda _, b: b[0], lambda d, b: d & b[0]),
        "h": output(lambda _, b: b[0], lambda d, b: d ^ b[0]),
    },
    "rise": {"d": held, "h": output(lambda _, b: b[0], lambda d, b: int(b[0] > d))},
    "twice": {"a": seen, "h": output(lambda n, b: n + b[0], lambda n, b: int(n + b[0] > 1))},
    "majority": {
        "d": held,
        "a": output(lambda _, b: b[0], lambda d, _: d),
        "h": output(lambda n, b: n % 2 * 2 + b[0], lambda n, b: int((n // 2) + n % 2 + b[0] > 1)),
    },
}


def run(name: str, weights: Nets, inputs: Inputs) -> dict[str, list[int]]:
    """Return the values of all units, step by step."""
    design = DESIGNS[name]
    values = {f"{unit.name}-": 0 for unit in design.units}
    found: dict[str, list[int]] = {unit.name: [] for unit in design.units}
    for bits in inputs:
        values |= dict(zip(design.inputs, bits, strict=True))
        for unit in design.units:
            *factors, bias = weights[unit.name]
            total = sum(w * values[read] for w, read in zip(factors, unit.reads, strict=True))
            values[unit.name] = int(total + bias > 0)
            found[unit.name].append(values[unit.name])
        values |= {f"{unit.name}-": values[unit.name] for unit in design.units}
    return found


def every(name: str) -> list[Inputs]:
    return list(product(product((0, 1), repeat=len(DESIGNS[name].inputs)), repeat=LENGTH))


def keys(name: str) -> Nets:
    return {u.name: accepted(name, i, 2)[0] for i, u in enumerate(DESIGNS[name].units)}


def behaves(name: str, unit: str, weights: tuple[int, ...]) -> bool:
    nets = keys(name) | {unit: weights}
    wanted = SPECIFIED[name][unit]
    return all(run(name, nets, inputs)[unit] == wanted(inputs) for inputs in every(name))


def items(count: int = 60) -> tuple[Item, ...]:
    return generate_quiz(count, 1, ["design_threshold"])


def answers(item: Item) -> Iterator[tuple[str, int, tuple[tuple[int, ...], ...]]]:
    """Yield for each part: the unit, the place of the weight that is given or −1, the answers."""
    values = dict(item.parameters)
    for part, unit in zip(item.parts, DESIGNS[values["design"]].units, strict=True):
        assert isinstance(part.response, Words)
        given = values[unit.name]
        found = tuple(tuple(map(int, text.split())) for text in part.response.accepted)
        if given == "none":
            yield unit.name, -1, found
        else:
            i, value = map(int, given.split())
            yield unit.name, i, tuple((*w[:i], value, *w[i:]) for w in found)


def test_all_units_are_specified_here() -> None:
    assert {name: [u.name for u in d.units] for name, d in DESIGNS.items()} == {
        name: list(units) for name, units in SPECIFIED.items()
    }


@pytest.mark.parametrize("name", DESIGNS)
def test_exactly_what_behaves_is_accepted(name: str) -> None:
    for place, unit in enumerate(DESIGNS[name].units):
        found = accepted(name, place, 2)
        size = len(unit.reads) + 1
        tried = list(product(range(-2, 3), repeat=size))
        assert [w for w in tried if behaves(name, unit.name, w)] == sorted(found)


@pytest.mark.parametrize("name", DESIGNS)
def test_units_that_are_right_one_by_one_are_right_together(name: str) -> None:
    units = DESIGNS[name].units
    for chosen in product(*(accepted(name, place, 2) for place, _ in enumerate(units))):
        nets = {unit.name: weights for unit, weights in zip(units, chosen, strict=True)}
        for inputs in every(name)[::7]:
            assert run(name, nets, inputs) == {u: f(inputs) for u, f in SPECIFIED[name].items()}


def test_answers_are_complete_for_what_is_given() -> None:
    asked = items()
    assert {dict(item.parameters)["design"] for item in asked} == set(DESIGNS)
    for item in asked:
        values = dict(item.parameters)
        name, reach = values["design"], int(values["reach"])
        for place, (_, fixed, found) in enumerate(answers(item)):
            every_one = accepted(name, place, reach)
            assert set(found) == {w for w in every_one if fixed < 0 or w[fixed] == found[0][fixed]}
            assert 1 <= len(found) <= 8


def columns(shown: str) -> Inputs:
    """Read the inputs at which a near miss fails: for each step a bit for each."""
    read = shown.partition(" makes")[0].split(" with ")
    return tuple(zip(*([int(b) for b in one.split(" = ")[1].split(", ")] for one in read),
                     strict=True))  # fmt: skip


def test_near_misses_fail_where_the_key_says() -> None:
    for item in items(30):
        name = dict(item.parameters)["design"]
        for part, (unit, fixed, found) in zip(item.parts, answers(item), strict=True):
            [listing] = [block for block in part.solution if isinstance(block, Listing)]
            assert listing.items
            for [said] in listing.items:
                assert isinstance(said, str)
                text, _, rest = said.replace("−", "-").partition(": ")
                weights = tuple(map(int, text.split()))
                assert not behaves(name, unit, weights)
                assert fixed < 0 or weights[fixed] == found[0][fixed]
                values, wanted = (
                    [int(bit) for bit in side.rstrip(".").split(", ")]
                    for side in rest.split("makes the unit ")[1].split(", not ")
                )
                assert values != wanted
                inputs = columns(rest.split(". ")[1])
                assert run(name, keys(name) | {unit: weights}, inputs)[unit] == values
                assert SPECIFIED[name][unit](inputs) == wanted


def said_of(item: Item) -> Iterator[tuple[str, list[str]]]:
    """Yield for each part its unit and the near misses."""
    design = DESIGNS[dict(item.parameters)["design"]]
    for part, unit in zip(item.parts, design.units, strict=True):
        [listing] = [block for block in part.solution if isinstance(block, Listing)]
        yield unit.name, [printed(one).replace("−", "-") for one in listing.items]


def test_near_misses_are_told_apart() -> None:
    for item in items():
        for _, said in said_of(item):
            assert len({text.partition(": ")[2].partition(". ")[0] for text in said}) == len(said)


def test_what_an_unread_value_would_tell_is_said_of_the_input_shown() -> None:
    """The cases that look alike shall differ, and the first is that of the input that fails."""
    checked: set[tuple[str, str, str]] = set()
    for item in items():
        name = dict(item.parameters)["design"]
        for unit, said in said_of(item):
            for text in said:
                if " looks like " not in text:
                    continue
                about, shown = text.partition("so ")[2].split(". ")
                one, _, others = about.partition(" looks like ")
                other, _, rest = others.partition(" where ")
                now = columns(shown)
                fed = run(name, keys(name), now)
                values = {f"new {u}": bits[-1] for u, bits in fed.items()}
                values |= {f"old {u}": bits[-2] for u, bits in fed.items()}
                values |= dict(zip(DESIGNS[name].inputs, now[-1], strict=True))
                for claim in (one, *filter(None, rest.split(", "))):
                    what, _, bit = claim.partition(" = ")
                    assert values[what] == int(bit)
                assert other == one.replace("= 1", "= 0")
                checked.add((name, unit, one))
    assert len(checked) > 12


def test_a_new_value_is_said_to_be_needed_only_where_no_weights_do_without_it() -> None:
    found: set[str] = set()
    for item in items():
        name = dict(item.parameters)["design"]
        for place, (_, said) in enumerate(said_of(item)):
            for text in said:
                if "without it" in text:
                    unit = DESIGNS[name].units[place]
                    weights = text.partition(": ")[0].split()
                    helper = text.partition("new value of unit ")[2][0]
                    i = unit.reads.index(helper)
                    assert weights[i] == "0"
                    assert all(w[i] for w in accepted(name, place, 3))
                    found.add(name)
    assert found == {"change", "difference", "parity", "sum"}


def test_right_weights_alone_have_all_the_marks() -> None:
    for item in items():
        for part in item.parts:
            alone = "without working" in printed(part.scheme[-1].text)
            assert alone == (part.marks > 1)


def test_the_latch_that_forgets_and_the_parity_that_only_adds() -> None:
    assert failure("latch", 0, (1, 0, 0)) == (((1,), (0,)), (1, 0), (1, 1))
    assert failure("parity", 1, (1, 1, 0, 0)) == (((1,), (1,)), (1, 1), (1, 0))
    assert failure("latch", 0, (1, 1, 0)) is None


def last(inputs: Inputs) -> int:
    return inputs[-1][0]


def after_two(inputs: Inputs) -> int:
    return int(len(inputs) > 2)


def test_a_wish_that_the_unit_cannot_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    latch = DESIGNS["latch"]
    late = replace(latch, units=(replace(latch.units[0], value=after_two),))
    monkeypatch.setitem(DESIGNS, "late", late)
    with pytest.raises(Unfair, match="does not say what it shall be"):
        table("late", 0)


def test_a_table_that_disagrees_with_the_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    latch = DESIGNS["latch"]
    copy = replace(latch, units=(replace(latch.units[0], value=last),))
    monkeypatch.setitem(DESIGNS, "copy", copy)
    wrong = table("copy", 0) | {(0, 1): 1}

    def mistaken(_name: str, _place: int) -> dict[tuple[int, ...], int]:
        return wrong

    monkeypatch.setattr(threshold_runs, "table", mistaken)
    with pytest.raises(Unfair, match="other weights behave"):
        accepted("copy", 0, 1)


@pytest.mark.parametrize("name", DESIGNS)
def test_every_input_is_introduced(name: str) -> None:
    kind = load_kind("design_threshold")
    subject = (("design", name), ("convention", "textbook"))
    item = draw_item(kind, subject, Draw(1, name), ())
    said = item.stem[-1]
    assert isinstance(said, Paragraph)
    told, *_ = printed(said.content).partition(" The function")
    assert all(f"{letter}ₜ" in told for letter in DESIGNS[name].inputs)
    assert ("digits" in told) == (name in {"comparison", "sum", "difference"})


def test_the_number_of_variants_is_what_can_be_drawn() -> None:
    kind = design_threshold.KIND
    for subject in kind.subjects(())[:2]:
        drawn = {kind.draw(subject, Draw(seed, "threshold")) for seed in range(600)}
        assert len(drawn) == kind.variants(subject)
