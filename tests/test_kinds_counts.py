"""Counts asked in parts: keys by formulas of the literature, typed in here by hand.

Over 300 lines: tables of counts that people know.
"""

from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from rnnsym.audit.rewrite import Misconception
from rnnsym.blocks import Paragraph
from rnnsym.cell import cell_names
from rnnsym.count import count
from rnnsym.item import Blank, Choice, Item, Numeric
from rnnsym.quiz import guard
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import (
    blank,
    claims_of,
    count_blank,
    parts_of,
    proven,
    system_of,
    value_of,
)
from rnnsym.quiz.counting_head_slips import HEAD, TABLE
from rnnsym.quiz.counting_slips import ARRAY, LAYER, SHARED_BIAS, STACK, WIDE, WIDE_ABOVE
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.kinds import count_budget, count_ratio
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import Parameters, load_kind
from rnnsym.quiz.subject import elsewhere
from tests.asked import mistakes, right_options
from tests.test_quiz_kinds import published

KINDS = (
    "count_budget", "count_compare", "count_convention", "count_head", "count_itemised",
    "count_projection", "count_ratio", "count_stack", "per_step_cost",
)  # fmt: skip
SEEDS = 60
NONE: tuple[Parameters, ...] = ()


@cache
def items(name: str) -> tuple[Item, ...]:
    """Items of one kind, each about another subject as far as there are any."""
    kind = load_kind(name)
    subjects = Draw(1, name).ranked("subjects", kind.subjects(()))
    return tuple(
        draw_item(kind, subjects[k % len(subjects)], Draw(k, name), NONE) for k in range(SEEDS)
    )


def blanks(item: Item) -> list[Blank]:
    return [b for p in item.parts if isinstance(p.response, Numeric) for b in p.response.blanks]


def answers(item: Item) -> list[int]:
    return [int(b.value) for b in blanks(item)]


def sizes(item: Item) -> dict[str, int]:
    return {k: int(v) for k, v in item.parameters if v.isdigit()}


def cell_of(model: str) -> str:
    recurrent = next(t for t in model.split(", ") if not t.startswith(("embedding", "dense")))
    return recurrent.removeprefix("bi(").partition("*")[0].removesuffix(")")


def shape_of(model: str) -> tuple[int, int]:
    """Return directions and layers."""
    depth = model.partition("*")[2][:1]
    return 2 if "bi(" in model else 1, int(depth or 1)


def layers(model: str, convention: str, d: int, n: int, p: int = 0) -> list[int]:
    """Parameters layer by layer: a layer above a bidirectional one reads both its outputs."""
    directions, depth = shape_of(model)
    width = d
    found: list[int] = []
    for _ in range(depth):
        found.append(directions * published(cell_of(model), convention, width, n, p))
        width = directions * (p or n)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_items_are_fair_and_whole(name: str) -> None:
    for item in items(name):
        assert guard.check(item) == ()
        assert load_kind(name).make(item.parameters) == item
        assert item.proof.error == "exact"
        for part in item.parts:
            assert part.solution
            assert sum(mark.points for mark in part.scheme) == part.marks
        for one in blanks(item):
            assert one.tolerance == 0
            assert one.value == one.value.to_integral_value()
            assert len({w.value for w in one.wrong}) == len(one.wrong)


def keras_count(cell: str, d: int, n: int) -> int:
    blocks, biases = {"gru": (3, 2), "lstm": (4, 1), "vanilla": (1, 1), "relu-rnn": (1, 1)}[cell]
    return blocks * n * (d + n + biases)


def test_itemised() -> None:
    for item in items("count_itemised"):
        values, given = dict(item.parameters), sizes(item)
        *arrays, gate, whole = answers(item) if len(item.parts) == 3 else [*answers(item), 0]
        two_biases = "each of" in printed(blanks(item)[len(arrays) - 1].label)
        assert gate == sum(arrays) + two_biases * arrays[-1]
        assert item.parts[0].marks == len(arrays)
        total = whole or gate
        n, d, p = given["n"], given["d"], given.get("p", 0)
        if values["convention"] == "keras":
            assert total == keras_count(values["model"], d, n)
        else:
            assert total == published(values["model"], values["convention"], d, n, p)
        if values["model"] in ("gru", "lstm", "vanilla") and values["convention"] == "textbook":
            assert arrays == [n * d, n * n, n]


def test_a_number_that_two_mistakes_give_by_chance_is_refused() -> None:
    """With d = 8 and n = 3, four matrices n × n hold as much as one equation, 3 (8 + 3 + 1)."""
    given = (("model", "lstm"), ("convention", "textbook"), ("map", "f"))
    numbers = (("d", "8"), ("n", "3"), ("T", "20"))
    with pytest.raises(guard.Unfair, match="one number stands for two mistakes"):
        load_kind("count_itemised").make((*given, *numbers))


def test_a_hint_names_the_equations_that_have_a_bias() -> None:
    """The projection of an LSTM has none; in a GRU all have one, in PyTorch's all have two."""
    for model, convention, said in (
        ("lstm-projection", "textbook", "Each of the equations with W_f, W_i, W_c and W_o has its "
                                        "own bias."),
        ("gru", "textbook", "Every equation has its own bias."),
        ("gru", "pytorch", "Every equation has its own biases."),
    ):  # fmt: skip
        work = Work(parts_of(system_of(model, convention)), (("d", 3), ("n", 4), ("p", 2)), 5)
        [(_, why)] = SHARED_BIAS.apply(work)
        assert printed(why) == said


@pytest.mark.parametrize(("model", "of"), [("{}*2", ""), ("bi({})*2", " of each direction")])
def test_each_place_of_p_has_a_hint_of_its_own(model: str, of: str) -> None:
    work = Work(parts_of(system_of(model.format("lstm-projection"))),
                (("d", 3), ("n", 5), ("p", 2)), 5)  # fmt: skip
    slips = (WIDE, *WIDE_ABOVE)
    recurs, above = (
        "What recurs has p entries, not n",
        f"the output{of}, which the layer above reads",
    )
    found = {
        name: (total - work.total, printed(why)) for name, total, why in claims_of(work, slips)
    }
    (a, first), (b, second), (both, third) = found.values()
    assert both == a + b
    assert first == f"{recurs}."
    assert second == f"T{above[1:]}, has p entries, not n."
    assert third == f"{recurs}, and so has {above}."


def test_the_projection_left_out_has_one_hint() -> None:
    for item in items("count_projection"):
        [hint] = [w for w in blanks(item)[-2].wrong if "projection matrix" in w.misconception]
        assert "one block forgotten" not in hint.misconception or "W_hr" not in printed(hint.why)


def test_a_bidirectional_projection_shows_the_arrays_of_the_forward_chain() -> None:
    for item in items("count_projection"):
        assert "_bwd" not in str(item.parts[0].solution)


CARRIED = [
    ("count_head", "lstm-peephole, dense:2", (("input", "one-hot"), ("biases", "none")),
     {"d": 64, "n": 16, "q": 64, "T": 15}, 5168),
    ("count_itemised", "gru", (("map", "z"),), {"d": 12, "n": 8, "T": 10}, 672),
    ("count_stack", "lstm-coupled*2", (), {"d": 10, "n": 12, "T": 25}, 1656),
    ("count_projection", "lstm-projection*2", (), {"d": 50, "n": 6, "p": 5, "T": 15}, 1716),
]  # fmt: skip
"""With d = 4n a head on it adds to a net of four gates what their U hold, 4n²: so who forgets U
arrives at the number of who forgets the head."""


@pytest.mark.parametrize(("name", "model", "more", "given", "number"), CARRIED)
def test_what_follows_from_a_wrong_answer_is_no_mistake_of_another_kind(
    name: str, model: str, more: Parameters, given: dict[str, int], number: int
) -> None:
    numbers = tuple((size, str(value)) for size, value in given.items())
    with pytest.raises(guard.Unfair, match=f"^{number} follows from a wrong answer"):
        load_kind(name).make((("model", model), ("convention", "textbook"), *more, *numbers))


def test_stack() -> None:
    for item in items("count_stack"):
        values, given = dict(item.parameters), sizes(item)
        n, p = given["n"], given.get("p", 0)
        first, *above = layers(values["model"], values["convention"], given["d"], n, p)
        directions, _ = shape_of(values["model"])
        width = directions * (p or n)
        assert answers(item) == [first, width, above[0], first + sum(above)]
        assert max(first, above[0]) % min(first, above[0])


def test_layers_in_a_simple_ratio_are_refused() -> None:
    """With n = 2d + 2, layer 2 has twice the parameters of layer 1, for another reason than 2n."""
    given = (("model", "bi(relu-rnn)*3"), ("convention", "pytorch"), ("d", "24"), ("n", "50"))
    with pytest.raises(guard.Unfair, match="7600 and 15200"):
        load_kind("count_stack").make((*given, ("T", "20")))


BIASES = {
    ("gru", "textbook"): 3, ("gru", "d2l"): 3, ("gru-reset-before", "keras"): 3,
    ("gru", "flax"): 4, ("gru", "keras"): 6, ("gru", "pytorch"): 6, ("gru", "onnx"): 6,
    ("lstm", "textbook"): 4, ("lstm", "keras"): 4, ("lstm", "flax"): 4, ("lstm", "pytorch"): 8,
    ("vanilla", "textbook"): 1, ("vanilla", "keras"): 1, ("vanilla", "flax"): 1,
    ("vanilla", "pytorch"): 2,
}  # fmt: skip


def in_convention(design: str, d: int, n: int) -> int:
    cell, convention = design.split()
    blocks = {"gru": 3, "gru-reset-before": 3, "lstm": 4, "vanilla": 1}[cell]
    return blocks * n * (d + n) + BIASES[cell, convention] * n


def test_convention() -> None:
    for item in items("count_convention"):
        values, given = dict(item.parameters), sizes(item)
        a, b = (in_convention(values[w], given["d"], given["n"]) for w in ("first", "second"))
        named = {values[w].split()[1] for w in ("first", "second")}
        assert named <= set(item.tags), "a paper's head takes the conventions from here"
        assert answers(item) == [a, b, abs(a - b)]


def test_the_other_layer_may_be_a_second_bias_too() -> None:
    """A GRU of the book has 3 bias vectors, one of PyTorch 6."""
    given = (("cell", "gru"), ("first", "gru textbook"), ("second", "gru pytorch"))
    item = load_kind("count_convention").make((*given, ("d", "4"), ("n", "5"), ("T", "20")))
    first, second, _ = ({w.value: printed(w.why) for w in b.wrong} for b in blanks(item))
    other = "Or: This is the count of the other layer."
    assert first[Decimal(165)] == f"No equation here has a second bias vector. {other}"
    both = "Where an equation has two bias vectors, both are trained."
    assert second[Decimal(150)] == f"{both} {other}"


def test_the_three_counts_of_one_gru() -> None:
    found = [in_convention(f"gru {c}", 4, 5) for c in ("textbook", "flax", "pytorch")]
    assert found == [150, 155, 165]
    engine = [
        sum(part.entries({"d": 4, "n": 5}) for part in parts_of(system_of("gru", c)))
        for c in ("textbook", "flax", "pytorch")
    ]
    assert engine == found


def test_budget() -> None:
    for item in items("count_budget"):
        values, given = dict(item.parameters), sizes(item)

        def total(n: int, model: str = values["model"], where: str = values["convention"],
                  d: int = given["d"]) -> int:  # fmt: skip
            return sum(layers(model, where, d, n))

        *coefficients, n, used = answers(item)
        assert total(n) == used < given["budget"] < total(n + 1)
        assert all(b.wrong for b in blanks(item)[:-1])
        a, b = [0, *coefficients][-2:]
        assert all(a * k * k + b * k == total(k) for k in (1, 5, 12))


def test_compare() -> None:
    for item in items("count_compare"):
        values, given = dict(item.parameters), sizes(item)
        a = sum(layers(values["first"], "textbook", given["d"], given["n"]))
        b = sum(layers(values["second"], "textbook", given["d"], given["m"]))
        assert answers(item) == [a, b, b - a]
        for one in blanks(item)[:2]:
            assert any("sizes swapped" in wrong.misconception for wrong in one.wrong)


def test_ratio() -> None:
    exact = {"textbook", "pytorch", "onnx", "d2l", "keras-before", "both", "stack"}
    for item in items("count_ratio"):
        shown = dict(item.parameters)["pairs"].split()
        [part] = item.parts
        right = set(right_options(part))
        expected = {count_ratio.PAIRS[name].text for name in shown if name in exact}
        assert isinstance(part.response, Choice)
        assert isinstance(part.solution[1], Paragraph)
        order = [printed(option.content).partition(" (")[0] for option in part.response.options]
        told = printed(part.solution[1].content).removeprefix("It holds for: ").removesuffix(".")
        places = [order.index(text.partition(" (")[0]) for text in told.split("; ")]
        assert places == sorted(places)
        assert {text.partition(" (")[0] for text in right} <= {t.partition(" (")[0]
                                                               for t in expected}  # fmt: skip
        assert len(right) == len(expected)


def test_biases_alone_give_no_ratio_away() -> None:
    """Numbers of bias vectors in all would be 3 to 4 where the ratio is."""
    for item in items("count_ratio"):
        [part] = item.parts
        assert isinstance(part.response, Choice)
        said = [(printed(o.content).partition(" (")[2], o.correct) for o in part.response.options]
        assert ("one)", False) in said
        assert not any(char.isdigit() for biases, _ in said for char in biases)


@pytest.mark.parametrize(("name", "maps"), [
    ("keras", [[2, 2, 2], [1, 1, 1, 1]]), ("flax", [[1, 1, 2], [1, 1, 1, 1]]),
    ("head", [[1] * 4, [1] * 5]), ("table", [[1] * 3, [1] * 4]),
])  # fmt: skip
def test_biases_of_a_pair(name: str, maps: list[list[int]]) -> None:
    assert count_ratio.biases_of_maps(name) == maps


def test_projection() -> None:
    for item in items("count_projection"):
        values, given = dict(item.parameters), sizes(item)
        d, n, p = given["d"], given["n"], given["p"]
        assert p < n
        whole = sum(layers(values["model"], values["convention"], d, n, p))
        plain = values["model"].replace("lstm-projection", "lstm")
        without = sum(layers(plain, values["convention"], d, n))
        assert answers(item) == [n * p, n * d, whole, without - whole]
        assert len({*map(abs, answers(item))}) == 4
        directions, depth = shape_of(values["model"])
        assert 4 * n * (n - p) != n * p
        names = {int(w.value): w.misconception for w in blanks(item)[-1].wrong}
        untrained = without - whole + directions * depth * n * p
        assert "projection matrix forgotten" in names[untrained]
        assert 0 not in names


def test_what_recurs_is_named_with_what_it_multiplies() -> None:
    said = {
        dict(item.parameters)["model"]: printed(claim.why)
        for item in (draw_item(kind, s, Draw(1, "c"), NONE)
                     for kind in (load_kind("per_step_cost"),)
                     for s in kind.subjects(["jordan", "gru", "lstm-projection"])
                     if dict(s)["convention"] == "textbook")
        for claim in blanks(item)[0].wrong if "recurrent part" in claim.misconception
    }  # fmt: skip
    assert said["jordan"].startswith("U_h multiplies too: it takes yₜ₋₁.")
    assert said["gru"] == "U_r, U_z and U_h multiply too: they take hₜ₋₁ and rₜ ⊙ hₜ₋₁."
    assert said["bi(lstm-projection)"] == "U_f, U_i, U_c and U_o multiply too: they take rₜ₋₁."


KEPT = {"vanilla": 1, "relu-rnn": 1, "gru": 4, "gru-reset-after": 5, "lstm": 6, "lstm-peephole": 6,
        "mgu": 3, "ugrnn": 3}  # fmt: skip


def test_cost() -> None:
    seen = 0
    for item in items("per_step_cost"):
        values, given = dict(item.parameters), sizes(item)
        cell = cell_of(values["model"])
        if cell not in KEPT or values["convention"] != "textbook":
            continue
        directions, depth = shape_of(values["model"])
        d, n, steps = given["d"], given["n"], given["T"]
        one, sequence, kept = answers(item)
        blocks = {"gru": 3, "gru-reset-after": 3, "lstm": 4, "lstm-peephole": 4, "mgu": 2,
                  "ugrnn": 2}.get(cell, 1)  # fmt: skip
        assert one == blocks * n * directions * ((d + n) + (depth - 1) * (n + n))
        assert sequence == steps * one
        assert kept == steps * (directions * depth * KEPT[cell] * n + d)
        seen += 1
    assert seen >= 10


# Misconceptions

OPERATORS: list[tuple[str, tuple[Misconception[Work], ...]]] = [
    ("count_itemised", ARRAY), ("count_stack", STACK), ("count_stack", LAYER),
    ("count_head", TABLE), ("count_head", HEAD),
]  # fmt: skip


@pytest.mark.parametrize("name", ["count", "count_compare", "count_head", "count_stack"])
def test_equations_say_whose_they_are(name: str) -> None:
    """Those of one chain of one layer stand there: the others differ in what they read."""
    for item in items(name):
        paragraphs = [printed(b.content) for b in item.stem if isinstance(b, Paragraph)]
        for model in (v for k, v in item.parameters if k in ("model", "first", "second")):
            said = " ".join(paragraphs)
            assert ("of layer 1 is" in said) >= ("*" in model)
            assert ("in place of xₜ" in said) >= ("*" in model)
            assert ("of the forward chain" in said and "in place of t−1" in said) >= (
                "bi(" in model
            )


@pytest.mark.parametrize(("name", "slips"), OPERATORS)
def test_every_misconception_appears(name: str, slips: tuple[Misconception[Work], ...]) -> None:
    found = {name for item in items(name) for name in mistakes(item)}
    assert {slip.name for slip in slips} <= found


@pytest.mark.parametrize(
    ("convention", "both"), [("textbook", 2 * (48 - 3 * 2)), ("pytorch", 2 * (56 - 3 * 4))]
)
def test_one_bias_for_all_gates_in_each_direction(convention: str, both: int) -> None:
    """An LSTM with d = 3, n = 2 has four biases of 2 entries in a direction, of PyTorch's eight."""
    work = Work(parts_of(system_of("bi(lstm)", convention)), (("d", 3), ("n", 2)), 5)
    [(shared, _)] = SHARED_BIAS.apply(work)
    assert shared.total == both


@pytest.mark.parametrize("name", ["count_itemised", "count_stack"])
def test_the_likeliest_slips_have_reasons(name: str) -> None:
    found = {name for item in items(name) for name in mistakes(item)}
    assert {SHARED_BIAS.name, WIDE.name} <= found


def test_a_count_that_arrays_do_not_hold_is_refused() -> None:
    work = Work(parts_of(system_of("lstm")), (("d", 3), ("n", 2)), 5)
    assert proven(work, 48) == 48
    with pytest.raises(guard.Unfair, match="arrays hold 48"):
        proven(work, 47)


def test_as_many_units_as_affine_maps_are_refused() -> None:
    """Who takes one for the other would be right."""
    work = Work(parts_of(system_of("lstm")), (("d", 3), ("n", 4)), 5)
    with pytest.raises(guard.Unfair, match="as many units as affine maps, 4"):
        proven(work, work.total)


def test_equations_unlike_each_other_are_told_apart() -> None:
    """The candidate of a peephole LSTM has no peephole: n fewer numbers than a gate."""
    work = Work(parts_of(system_of("lstm-peephole")), (("d", 3), ("n", 2)), 5)
    gate, candidate = 2 * (3 + 2 + 1 + 1), 2 * (3 + 2 + 1)
    found = [(v - work.total, printed(why)) for name, v, why in claims_of(work) if "block" in name]
    assert [change for change, _ in found] == [-gate, -candidate, gate, candidate]
    assert [("W_c" in why, "W_f, W_i or W_o" in why) for _, why in found] == [
        (False, True), (True, False)] * 2  # fmt: skip


def test_a_budget_names_no_equation_where_each_gives_the_number() -> None:
    """One matrix n × n less, or one more, whichever equation of a peephole LSTM it is."""
    given = (("model", "lstm-peephole"), ("convention", "textbook"))
    item = load_kind("count_budget").make((*given, ("d", "6"), ("budget", "5000")))
    found = {w.value: printed(w.why) for w in blanks(item)[0].wrong}
    how = {3: "left out", 5: "counted twice"}
    assert {number: found[Decimal(number)] for number in how} == {
        number: f"The parameters of one equation are {done}: "
        "4 equations of the cell have parameters."
        for number, done in how.items()
    }


def test_one_equation_alone_is_not_counted_twice() -> None:
    """What is counted twice there are directions."""
    for item in items("count_stack"):
        if "vanilla" in dict(item.parameters)["model"]:
            assert not any("block" in name for name in mistakes(item))
            both = "bi(" in dict(item.parameters)["model"]
            assert ("directions counted again" in mistakes(item)) == both


def test_a_misconception_that_gives_the_key_is_refused() -> None:
    work = Work(parts_of(system_of("lstm")), (("d", 3), ("n", 2)), 5)
    same: Misconception[Work] = Misconception("same", lambda w: [(w, ("",))])
    with pytest.raises(guard.Unfair, match="'same' gives the key"):
        count_blank(("P",), 48, work, [same])


def test_a_misconception_that_never_changes_a_count_is_none() -> None:
    """Matrices that are all n × d: swapping the sizes changes nothing, whatever they are."""
    system = system_of("qrnn")
    matrices = tuple(p for p in parts_of(system) if p.reads != "1")
    for n in (3, 4):
        names = [name for name, _, _ in claims_of(Work(matrices, (("d", 3), ("n", n)), 5))]
        assert "sizes swapped" not in names
        assert "times T" in names
    square = Work(parts_of(system_of("lstm")), (("d", 3), ("n", 3)), 5)
    assert ("sizes swapped", square.total) in [(name, v) for name, v, _ in claims_of(square)]


@pytest.mark.parametrize("name", KINDS)
def test_every_shipped_cell_is_asked_about(name: str) -> None:
    kind = load_kind(name)
    for cell in cell_names():
        for subject in kind.subjects([cell])[:1]:
            assert draw_item(kind, subject, Draw(2, name), NONE).parts


def test_what_two_misconceptions_give_is_told_of_both() -> None:
    found = blank(("P",), 7, [("a", 5, ("x",)), ("b", 5, ("y",)), ("c", 6, ("z",))])
    assert [(w.misconception, w.value, w.why) for w in found.wrong] == [
        ("a, or b", Decimal(5), ("x", " Or: ", "y")), ("c", Decimal(6), ("z",)),
    ]  # fmt: skip


def test_a_largest_state_that_arrays_do_not_prove_is_refused() -> None:
    system = system_of("gru")
    largest: Any = vars(count_budget)["_largest"]
    assert largest(system, 4, 170, 3, 15) == 5
    with pytest.raises(guard.Unfair, match="6 units have 198 parameters, one more has 252"):
        largest(system, 4, 170, 3, 5)


def test_dots_stand_only_where_digits_follow() -> None:
    root: Any = vars(count_budget)["_root"]
    assert [root(0, 16, 5000), root(4, 36, 5000), root(0, 3, 10)] == ["312.5", "31.1…", "3.3…"]


def test_each_chain_and_layer_is_said_to_have_its_own_arrays() -> None:
    said = printed(elsewhere(system_of("bi(gru)*2", "textbook")))
    assert said.count("its own arrays") == 2
    assert "its own arrays" in printed(elsewhere(system_of("lstm*3", "textbook")))
    assert not elsewhere(system_of("gru", "textbook"))


def test_no_count_is_the_middle_of_two_others() -> None:
    """What an equation left out and the same one counted twice would make of it."""
    kind = load_kind("count")
    subjects = [(("model", "bi(jordan)*2"), ("convention", "textbook")), *kind.subjects(())[:30]]
    for seed, subject in enumerate([subjects[0]] * 30 + subjects):
        response = draw_item(kind, subject, Draw(seed, "count"), NONE).parts[0].response
        assert isinstance(response, Choice)
        shown = {int(printed(option.content)): option for option in response.options}
        [key] = [number for number, option in shown.items() if option.correct]
        assert not any(2 * key - number in shown for number in shown if number != key)
        if subject == subjects[0]:
            assert sum("one block" in o.misconception for o in shown.values()) < 2


def test_a_budget_that_is_spent_exactly_is_refused() -> None:
    largest: Any = vars(count_budget)["_largest"]
    with pytest.raises(guard.Unfair, match="5 units spend the whole budget"):
        largest(system_of("gru"), 4, 150, 3, 15)


def test_formulas_read_as_polynomials() -> None:
    for model in ("bi(lstm-projection)*2", "embedding:2:2, gru, dense:2", "indrnn*3"):
        system = system_of(model)
        given = tuple((name, 3 + k) for k, name in enumerate(system.size_names))
        value = count(system).formula.value.subs(
            {s: dict(given)[s.name] for s in count(system).formula.value.free_symbols}
        )
        assert value_of(count(system).formula, given) == int(value)


def test_a_bias_inside_a_reset_is_a_bias() -> None:
    """nn.GRU has b_hn in r ⊙ (W_hn h + b_hn): it multiplies nothing."""
    roles = {p.array.name: p.reads for p in parts_of(system_of("gru", "pytorch"))}
    assert roles["b_hn"] == "1"
    assert roles["W_hn"] == "state"
    without = [p for p in parts_of(system_of("gru", "pytorch")) if p.reads != "1"]
    assert sum(p.entries({"d": 4, "n": 5}) for p in without) == 3 * 5 * (4 + 5)


ROLES = [
    ("lstm-peephole", {"U_o": "state", "p_f": "peephole", "p_o": "peephole", "b_o": "1"}),
    ("indrnn", {"W": "x", "u": "state"}),
    ("jordan", {"U_h": "state", "W_y": "other"}),
    ("elman-output", {"W_y": "other"}),
]


@pytest.mark.parametrize(("cell", "expected"), ROLES)
def test_what_an_array_multiplies(cell: str, expected: dict[str, str]) -> None:
    """A peephole and a readout are no recurrent part: what they multiply is not the old state."""
    roles = {p.array.name: p.reads for p in parts_of(system_of(cell))}
    assert {name: roles[name] for name in expected} == expected


@pytest.mark.parametrize("gate", ["f", "i", "o"])
def test_peepholes_may_be_forgotten(gate: str) -> None:
    """A gate has n of them, the layer 3 n."""
    kind = load_kind("count_itemised")
    subject = (("model", "lstm-peephole"), ("convention", "textbook"), ("map", gate))
    item = draw_item(kind, subject, Draw(1, "peepholes"), NONE)
    wrong = [[w.value for w in b.wrong if "peepholes forgotten" in w.misconception]
             for b in blanks(item)[-2:]]  # fmt: skip
    n = int(dict(item.parameters)["n"])
    assert wrong == [[blanks(item)[-2].value - n], [blanks(item)[-1].value - 3 * n]]
