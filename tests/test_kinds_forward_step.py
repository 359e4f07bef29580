"""Questions about one step forward: every key against formulas written by hand."""

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest

from rnnsym.blocks import Equations, NumberMatrix, Paragraph
from rnnsym.expr import Array
from rnnsym.item import Item
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind
from tests.asked import HALF_UNIT, blanks, close, right_options, values, wrong
from tests.forward_questions import KINDS, all_count, given, items, model
from tests.nets_by_hand import Arrays, affine, sigmoid, states, unrolled


def test_a_part_for_every_gate() -> None:
    for item in items("forward_gates"):
        [found] = unrolled(model(item), given(item), 1)
        assert len(item.parts) == len(found)
        for part, (name, value) in zip(item.parts, by_print(item, found), strict=True):
            assert close(part, value), (model(item), name)
        assert item.parts[-1].carries


def by_print(item: Item, found: Arrays) -> Iterator[tuple[str, Any]]:
    """The arrays in the order in which the parts ask them."""
    names = {"c̃": "g", "h̃": "g"}
    for part in item.parts:
        name = printed(blanks(part)[0].label).removesuffix("₁")
        yield name, found[names.get(name, name)]


UPDATES: Mapping[str, Callable[[Arrays, Arrays], Any]] = {
    "gru": lambda p, gate: (1 - gate["z"]) * p["h[0]"] + gate["z"] * p["g[1]"],
    "ugrnn": lambda p, gate: gate["z"] * p["h[0]"] + (1 - gate["z"]) * p["g[1]"],
    "mgu": lambda p, gate: (1 - gate["f"]) * p["h[0]"] + gate["f"] * p["g[1]"],
    "lstm": lambda p, gate: gate["f"] * p["c[0]"] + gate["i"] * p["g[1]"],
    "lstm-coupled": lambda p, gate: gate["f"] * p["c[0]"] + (1 - gate["f"]) * p["g[1]"],
    "lstm-1997": lambda p, gate: p["c[0]"] + gate["i"] * p["g[1]"],
}
LIKE = {"gru-reset-after": "gru", "mingru": "gru", "lstm-peephole": "lstm",
        "lstm-projection": "lstm"}  # fmt: skip


SEVERAL = {"lstm", "lstm-peephole", "lstm-projection"}


def updated(item: Item, gates: Arrays) -> Any:
    return UPDATES[LIKE.get(model(item), model(item))](given(item), gates)


def gates_of(item: Item) -> Arrays:
    return {name.removesuffix("[1]"): value for name, value in given(item).items()}


def test_update_is_entry_by_entry() -> None:
    for item in items("cell_update"):
        assert close(item.parts[0], updated(item, gates_of(item)))
        assert {w.misconception for b in blanks(item.parts[0]) for w in b.wrong} >= {
            "⊙ read as a matrix product", "initial state ignored"}  # fmt: skip


def test_every_gate_can_be_put_in_the_wrong_place_or_left_out() -> None:
    for item in items("cell_update"):
        p, gates = given(item), gates_of(item)
        name = LIKE.get(model(item), model(item))
        slipped: dict[str, Any] = {}
        if name == "lstm":
            exchanged = {**gates, "f": gates["i"], "i": gates["f"]}
            slipped = {"gates exchanged": UPDATES[name](p, exchanged)}
        elif name in {"gru", "mgu"}:
            gate = gates["z" if name == "gru" else "f"]
            slipped = {"1 − z left out": p["h[0]"] + gate * p["g[1]"]}
        for what, values_ in slipped.items():
            told = [round(float(w.value), 9) for b in blanks(item.parts[0]) for w in b.wrong
                    if what in w.misconception]  # fmt: skip
            assert set(told) <= {round(float(value), 9) for value in values_.flat}
            assert told


def test_saturated_gates_are_bits() -> None:
    for item in items("forward_saturated"):
        bits = {
            name.removeprefix("a_"): np.where(value > 0, 1.0, 0.0)
            for name, value in gates_of(item).items()
        }
        assert close(item.parts[0], updated(item, bits))
        assert all(
            len(np.unique(bits[gate])) == 2 for gate in bits if f"a_{gate}" in gates_of(item)
        )
        assert item.minutes <= item.marks == 3
        assert not any(blank.tolerance for blank in blanks(item.parts[0]))
        said = "The gate is" if model(item) not in SEVERAL else "The gates are"
        assert any(said in printed(getattr(block, "content", ())) for block in item.stem)


def test_saturated_gates_can_be_exchanged() -> None:
    for item in items("forward_saturated"):
        if model(item) == "lstm":
            f, i = (np.where(gates_of(item)[name] > 0, 1.0, 0.0) for name in ("a_f", "a_i"))
            right, found = (updated(item, {"f": a, "i": b}).ravel() for a, b in ((f, i), (i, f)))
            named = wrong(item.parts[0], "gates exchanged")
            assert np.allclose(named, found[found != right])


def test_the_gate_found_gives_the_state() -> None:
    for item in items("missing_gate", 6):
        asked, gates = dict(item.parameters)["asked"], gates_of(item)
        [value] = values(item.parts[0])
        drawn, back = updated(item, gates), updated(item, {**gates, asked: value})
        assert np.max(np.abs(drawn - back)) < 1e-12
        assert abs(value - gates[asked][0, 0]) < 1e-12
        told = [text for block in item.stem for text in shown_numbers(block)]
        assert f"{asked}[1]" not in told
        assert told


def shown_numbers(block: Any) -> list[str]:
    """The names of the arrays whose numbers a paragraph tells."""
    return [str(part.sides[0]) for part in getattr(block, "content", ()) if hasattr(part, "sides")]


def test_affine_map_and_gate() -> None:
    for item in items("forward_affine", 2):
        p, asked = given(item), dict(item.parameters)["asked"]
        weights = next(k.removeprefix("W").removeprefix("_") for k in p if k.startswith("W"))
        tag = f"_{weights}" if weights else ""
        state = next(v for k, v in p.items() if k.endswith("[0]") and k[0] in "hry")
        inner = p[f"W{tag}"] @ p["x[1]"] + p[f"U{tag}"] @ state + p.get(f"b{tag}", 0)
        if "p" + tag in p:
            inner = inner + p["p" + tag] * p["c[0]"]
        assert close(item.parts[0], inner), (model(item), asked)
        outer = sigmoid(inner) if asked in set("fizory") else np.tanh(inner)
        assert close(item.parts[1], outer), (model(item), asked)
        columns = p[f"W{tag}"].T @ p["x[1]"] + inner - p[f"W{tag}"] @ p["x[1]"]
        found = wrong(item.parts[0], "matrix read by columns")
        assert any(np.min(np.abs(columns - value)) < HALF_UNIT for value in found)
        assert item.parts[1].carries == (0,)


def test_no_entry_of_a_gate_is_one_minus_the_other() -> None:
    for item in items("forward_affine", 40):
        first, second = (abs(blank.value) for blank in blanks(item.parts[0]))
        assert first != second, item.parameters


def test_the_bias_left_out_is_named() -> None:
    """Of one line it is that line's, whatever other biases the cell has."""
    found = [
        printed(slip.why)
        for item in items("forward_gates")
        for part in item.parts
        for blank in blanks(part)
        for slip in blank.wrong
        if slip.misconception == "bias forgotten"
    ]
    assert "b_f is left out." in found
    assert not any("vectors" in why for why in found)


def test_reset_before_and_after() -> None:
    for item in items("reset_placement", 6):
        p = given(item)
        gate = p["r[1]"] if "r[1]" in p else p["f[1]"]
        before = p["W_h"] @ p["x[1]"] + p["U_h"] @ (gate * p["h[0]"]) + p["b_h"]
        after = p["W_h"] @ p["x[1]"] + gate * (p["U_h"] @ p["h[0]"]) + p["b_h"]
        pair = [before, after]
        if model(item) == "gru-reset-after":
            pair = [after + gate * p["b_u"], before + p["b_u"]]
        assert close(item.parts[0], pair[0]), model(item)
        assert close(item.parts[1], pair[1]), model(item)
        [right] = right_options(item.parts[2])
        assert "is diagonal" in right


def equation_names(item: Item) -> set[str]:
    """The names on the left of what a question prints, its numbers included."""
    lines = (line for block in item.stem if isinstance(block, Equations) for line in block.lines)
    return {line.lhs.name for line in lines if isinstance(line.lhs, Array)}


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_scheme_names_nothing_that_the_paper_does_not(kind: str) -> None:
    for item in items(kind):
        methods = [m for part in item.parts for m in part.scheme if m.kind == "M"]
        named = {a.name for mark in methods for a in mark.text if isinstance(a, Array)}
        assert kind == "missing_gate" or named <= equation_names(item)


def test_one_input_is_an_input() -> None:
    for kind, head in (("forward_gates", "Input: "), ("forward_steps", "Inputs: ")):
        for item in items(kind):
            said = [printed(block.content) for block in item.stem if isinstance(block, Paragraph)]
            assert sum(text.startswith(head) for text in said) == 1


def test_no_term_of_a_map_can_be_left_out_unseen() -> None:
    """Where a function saturates, a term left out in one step alone may not reach any answer."""
    for item in items("forward_steps", 10):
        p, cell, steps = given(item), model(item), len(item.parts)
        for name in (k for k in p if k[0] in "WUb" and "[" not in k):
            for t in range(1, steps + 1):
                left_out = {**p, name: 0 * p[name]}
                found = unrolled(cell, p, steps, {t: left_out})
                zero = not (p[f"{states(cell)[0]}[0]"].any() or t > 1) and name[0] == "U"
                assert zero or not all_count(item, found), (item.parameters, name, t)


def one_step(cell: str, times: int = 8) -> list[Item]:
    """Questions with a step in numbers and letters for answers."""
    kind = load_kind("forward")
    [subject] = kind.subjects([cell])
    return [draw_item(kind, subject, Draw(seed, "step"), ()) for seed in range(times)]


def key_of(item: Item) -> Any:
    [key] = next(o.content for o in item.options if o.correct)
    assert isinstance(key, NumberMatrix)
    return np.array(key.rows, float)


def kept(value: float | Decimal, places: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def test_wrong_options_are_rounded_as_the_question_says() -> None:
    """Four decimals are kept of the new state, and then three shown."""
    twice = 0
    for item in one_step("vanilla", 40):
        p = given(item)
        for option in item.options:
            if option.misconception == "initial state ignored":
                state = np.tanh(p["W"] @ p["x[1]"] + p["b"]).ravel()
                by_rule = [kept(kept(x, 4), 3) for x in state]
                [shown] = option.content
                assert isinstance(shown, NumberMatrix)
                assert [Decimal(one) for [one] in shown.rows] == by_rule
                twice += by_rule != [kept(x, 3) for x in state]
    assert twice


def test_the_function_that_a_line_has_is_named() -> None:
    said = {
        printed(option.why)
        for item in one_step("gru", 20)
        for option in item.options
        if option.misconception == "σ for tanh, tanh for σ"
    }
    assert said == {
        "σ stands in place of tanh in h̃₁.", "tanh stands in place of σ in r₁.",
        "tanh stands in place of σ in z₁.",
    }  # fmt: skip


@pytest.mark.parametrize("cell", ["gru", "mgu"])
def test_the_gate_after_the_product_is_not_taken_for_the_key(cell: str) -> None:
    """Whoever makes this mistake finds nothing that looks like the right option."""
    for item in one_step(cell):
        p = given(item)
        h, gate = p["h[0]"], "r" if cell == "gru" else "f"
        both = (gate, "z" if gate == "r" else "f")
        opened, update = (sigmoid(affine(p, name, p["x[1]"], h)) for name in both)
        g = np.tanh(p["W_h"] @ p["x[1]"] + opened * (p["U_h"] @ h) + p["b_h"])
        off = (1 - update) * h + update * g - key_of(item)
        assert len(h) == 1 or np.max(np.abs(off)) > 0.0095, item.parameters
