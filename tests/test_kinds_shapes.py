"""Questions on shapes: keys by hand, and against the layers of PyTorch and Keras themselves.

Over 300 lines: the same calls are asked by hand, of PyTorch and of Keras.

PyTorch and Keras have CI steps of their own, so their tests are skipped where they are missing.
"""

import builtins
import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from rnnsym.blocks import Code, Paragraph
from rnnsym.item import Choice, Item, Numeric, Option
from rnnsym.numeric.packing import parameter_shapes as packed
from rnnsym.quiz import counting_layers, guard
from rnnsym.quiz.counting_layers import KERAS, Layer, parameter_shapes
from rnnsym.quiz.counting_shapes import chosen
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import Parameters, load_kind
from rnnsym.system import build_system, read_model
from tests.conftest import framework

# PyTorch has no oneDNN kernel for projections, and says so; Keras's PyTorch backend has no tensors
# that NumPy 2 can copy without a warning.
pytestmark = [
    pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

KINDS = ("code_trace", "keras_shape", "output_shape", "parameter_shapes", "parameter_shapes_keras",
         "state_shape")  # fmt: skip
NONE: tuple[Parameters, ...] = ()
TORCH_KINDS = ("code_trace", "output_shape", "parameter_shapes", "state_shape")
KERAS_KINDS = ("keras_shape", "parameter_shapes_keras")
GATES = {"vanilla": 1, "relu-rnn": 1, "gru": 3, "gru-reset-before": 3, "lstm": 4,
         "lstm-projection": 4}  # fmt: skip


@cache
def items(name: str) -> tuple[Item, ...]:
    """One item about every subject of a kind."""
    kind = load_kind(name)
    return tuple(
        draw_item(kind, subject, Draw(k, name), NONE) for k, subject in enumerate(kind.subjects(()))
    )


def keys(item: Item) -> Iterator[Any]:
    """Yield the answer of each part: a text, or the numbers."""
    for part in item.parts:
        match part.response:
            case Choice(options):
                [right] = [option for option in options if option.correct]
                yield printed(right.content)
            case Numeric(blanks):
                yield [int(blank.value) for blank in blanks]
            case other:
                raise AssertionError(other)


def of(item: Item) -> dict[str, Any]:
    """Return the parameters, numbers as numbers and yes as True."""
    truth = {"yes": True, "no": False}
    return {k: int(v) if v.isdigit() else truth.get(v, v) for k, v in item.parameters}


@pytest.mark.parametrize("name", KINDS)
def test_items_are_fair(name: str) -> None:
    for item in items(name):
        assert guard.check(item) == ()
        assert load_kind(name).make(item.parameters) == item
        for part in item.parts:
            assert part.solution
            if isinstance(part.response, Choice):
                assert len(part.response.options) == 4
                assert all(option.why for option in part.response.options)


# By hand


def width(v: Mapping[str, Any]) -> int:
    recurs: int = v.get("p", v["n"])
    return recurs * (2 if v["both"] else 1)


def output(v: Mapping[str, Any]) -> str:
    first = (v["B"], v["T"]) if v["batch_first"] else (v["T"], v["B"])
    return str((*first, width(v)))


def final(v: Mapping[str, Any], state: str) -> str:
    entries = v["n"] if state == "c" else v.get("p", v["n"])
    return str((v["depth"] * (2 if v["both"] else 1), v["B"], entries))


def trained(v: Mapping[str, Any]) -> int:
    """The formula of PyTorch's documentation, layer by layer."""
    gates, n, p = GATES[v["cell"]], v["n"], v.get("p", 0)
    directions = 2 if v["both"] else 1
    total = 0
    for layer in range(v["depth"]):
        read = v["d"] if layer == 0 else width(v)
        total += directions * (gates * n * (read + (p or n) + 2) + p * n)
    return total


def test_outputs_by_hand() -> None:
    for item in items("output_shape"):
        assert list(keys(item)) == [output(of(item))]


def test_states_by_hand() -> None:
    for item in items("state_shape"):
        v = of(item)
        shape, *slot = keys(item)
        assert shape == final(v, v["state"])
        directions = 2 if v["both"] else 1
        expected = (v["layer"] - 1) * directions + (v["chain"] == "backward")
        assert slot == ([] if v["depth"] * directions == 1 else [[expected]])


def test_traces_by_hand() -> None:
    for item in items("code_trace"):
        v = of(item)
        expected = [output(v), final(v, "h"), str((v["B"], v["q"])), [trained(v)]]
        assert list(keys(item)) == expected


@pytest.mark.parametrize("name", ["code_trace", "output_shape", "state_shape"])
def test_no_two_sizes_of_a_call_are_alike(name: str) -> None:
    for item in items(name):
        v = of(item)
        sizes = [v[name] for name in ("d", "n", "p", "B", "T", "q") if name in v]
        assert len(set(sizes)) == len(sizes)
        directions = 2 if v["both"] else 1
        chains = {v["depth"], directions, v["depth"] * directions}
        assert not chains & {v[name] for name in ("d", "n", "B", "T")}
        assert directions * v.get("p", v["n"]) not in (v["B"], v["T"])


def offered(item: Item, part: int) -> set[str]:
    """Return the options of a part as they are printed."""
    response = item.parts[part].response
    assert isinstance(response, Choice)
    return {printed(option.content) for option in response.options}


@pytest.mark.parametrize(("name", "part"), [("state_shape", 0), ("code_trace", 1)])
def test_batch_first_is_offered_for_a_state_where_it_is_set(name: str, part: int) -> None:
    for item in items(name):
        v = of(item)
        chains, batch, entries = final(v, v.get("state", "h")).strip("()").split(", ")
        assert not v["batch_first"] or f"({batch}, {chains}, {entries})" in offered(item, part)


@pytest.mark.parametrize("name", ["output_shape", "code_trace"])
def test_a_forgotten_projection_is_always_offered(name: str) -> None:
    for item in items(name):
        v = of(item)
        wide = str(v["n"] * (2 if v["both"] else 1))
        found = any(shape.strip("()").endswith(f" {wide}") for shape in offered(item, 0))
        assert "p" not in v or found


@pytest.mark.parametrize("name", ["code_trace", "output_shape"])
@pytest.mark.parametrize(("depth", "both", "n"), [("1", "yes", "12"), ("2", "no", "12")])
def test_a_projection_that_two_slips_undo_is_refused(
    name: str, depth: str, both: str, n: str
) -> None:
    """With n = 2 p who forgets projection and direction is right; layers look like directions."""
    values = {"cell": "lstm-projection", "depth": depth, "both": both, "convention": "pytorch",
              "d": "10", "n": n, "p": "6", "B": "5", "T": "3", "batch_first": "no", "q": "7",
              "arrangement": "0"}  # fmt: skip
    with pytest.raises(guard.Unfair, match="hidden_size is proj_size times"):
        load_kind(name).make(tuple(values.items()))
    assert load_kind(name).make(tuple((values | {"n": "11"}).items())).parts


def test_parameters_by_hand() -> None:
    for item in items("parameter_shapes"):
        v = of(item)
        reverse = "_reverse" if v["chain"] == "backward" else ""
        read = v["d"] if v["layer"] == 1 else width(v)
        columns = read if v["array"] == "weight_ih" else v.get("p", v["n"])
        name = f"{v['array']}_l{v['layer'] - 1}{reverse}"
        rows = GATES[v["cell"]] * v["n"]
        first = " weight_ih_l0 " in str(item.parts[1].stem)
        assert first == (rows == columns)
        assert list(keys(item)) == [name, [rows, v["d"] if first else columns]]


def test_it_is_h_that_is_projected_not_c() -> None:
    for item in items("parameter_shapes"):
        v, worked = of(item), str(item.parts[1].solution)
        first = " weight_ih_l0 " in str(item.parts[1].stem)
        recurs = "p" in v and v["array"] == "weight_hh" and not first
        assert ("projected state h" in worked) == (f"; c keeps {v['n']})" in worked) == recurs


def test_an_array_named_wrongly_costs_once() -> None:
    for item in items("parameter_shapes"):
        asked = "".join(printed(b.content) for b in item.parts[1].stem if isinstance(b, Paragraph))
        assert item.parts[1].carries == ((0,) if "columns does it have" in asked else ())


def test_why_other_columns_of_a_projected_layer_are_wrong() -> None:
    """Layer 1 reads the input: what is projected does not come into it."""
    for item in items("parameter_shapes"):
        v, columns = of(item), item.parts[1].response
        assert isinstance(columns, Numeric)
        whys = [str(w.why) for w in columns.blanks[1].wrong if "projection" in w.misconception]
        if "p" in v and v["array"] == "weight_ih" and v["layer"] == 1:
            assert whys == [str((f"Layer 1 reads the input, of {v['d']} entries, not a state.",))]
        else:
            assert ["proj_size" in why for why in whys] == ["p" in v] * len(whys)
            assert all(("recurs" in why) == (v["array"] == "weight_hh") for why in whys)


def test_keras_by_hand() -> None:
    for item in items("keras_shape"):
        v = of(item)
        shapes = [(v["B"], v["T"], width(v)) if v["sequences"] else (v["B"], width(v))]
        states = (2 if v["cell"] == "lstm" else 1) * (2 if v["both"] else 1)
        shapes += [(v["B"], v["n"])] * states if v["states"] else []
        assert list(keys(item)) == [str(shapes if len(shapes) > 1 else shapes[0])]


def test_keras_parameters_by_hand() -> None:
    for item in items("parameter_shapes_keras"):
        v = of(item)
        columns = GATES[v["cell"]] * v["n"]
        bias = (2, columns) if v["cell"] == "gru" else (columns,)
        one = [(v["d"], columns), (v["n"], columns), bias]
        assert list(keys(item)) == [str(one * 2 if v["both"] else one)]


# By the frameworks themselves


def code_of(item: Item) -> str:
    [code] = [block.text for block in item.stem if isinstance(block, Code)]
    return code


def run(code: str, names: dict[str, Any]) -> list[str]:
    """Run a stem's program and return what it prints."""
    lines: list[str] = []

    def noted(value: object) -> None:
        lines.append(str(value))

    names["print"] = noted
    names["__builtins__"] = builtins
    exec(code, names)
    return lines


@pytest.mark.parametrize("name", TORCH_KINDS)
def test_pytorch_says_the_same(name: str) -> None:
    torch: Any = framework("torch")
    for item in items(name):
        v, names = of(item), {"torch": torch, "nn": torch.nn}
        lines, found = run(code_of(item), names), list(keys(item))
        if name == "code_trace":
            assert [*found[:3], str(found[3][0])] == lines
        elif name == "output_shape":
            assert found == [str(tuple(names["out"].shape))]
        elif name == "state_shape":
            assert found[0] == str(tuple(names[v["state"]].shape))
        else:
            shapes = {k: tuple(w.shape) for k, w in names["rnn"].named_parameters()}
            square = len(set(shapes[found[0]])) == 1
            assert shapes["weight_ih_l0" if square else found[0]] == tuple(found[1])


def test_two_chains_of_keras_end_at_different_inputs() -> None:
    for item in items("keras_shape"):
        v = of(item)
        said = "".join(
            printed(b.content) for b in item.parts[0].solution if isinstance(b, Paragraph)
        )
        ends = "backward after the first" in said
        assert ends == (v["both"] and not v["sequences"])


def test_no_slot_is_asked_for_that_every_order_of_the_slots_has() -> None:
    for item in items("state_shape"):
        v = of(item)
        if len(item.parts) > 1:
            directions = 2 if v["both"] else 1
            places = range(v["depth"] * directions)
            [[index]] = list(keys(item))[1:]
            assert index != 0
            assert directions == 1 or v["depth"] == 1 or index != places[-1]
            asked = [printed(b.content) for b in item.parts[1].stem if isinstance(b, Paragraph)]
            assert ("layer" in asked[0]) == (v["depth"] > 1)


def test_a_gru_of_keras_is_offered_one_bias_and_no_kernel_of_two_rows() -> None:
    for item in items("parameter_shapes_keras"):
        v, [key] = of(item), keys(item)
        assert v["d"] > 2
        if v["cell"] == "gru":
            n = 3 * v["n"]
            assert key.replace(f"(2, {n})", f"({n},)") in offered(item, 0)


def test_pytorch_keeps_a_chain_where_the_key_says() -> None:
    """The slot of one layer and direction alone is that of its own bias, once all weights are 0."""
    torch: Any = framework("torch")
    for item in items("state_shape"):
        v, names = of(item), {"torch": torch, "nn": torch.nn}
        if len(item.parts) < 2 or v["cell"] != "vanilla":
            continue
        run(code_of(item).split("\n")[0], names)
        rnn = names["rnn"]
        reverse = "_reverse" if v["chain"] == "backward" else ""
        with torch.no_grad():
            for parameter in rnn.parameters():
                parameter.zero_()
            getattr(rnn, f"bias_ih_l{v['layer'] - 1}{reverse}").fill_(1.0)
            first = (v["B"], v["T"]) if v["batch_first"] else (v["T"], v["B"])
            _, h = rnn(torch.zeros(*first, v["d"]))
        slots = [k for k in range(len(h)) if bool((h[k] != 0).all())]
        assert [slots] == list(keys(item))[1:]


@pytest.mark.parametrize("name", KERAS_KINDS)
def test_keras_says_the_same(name: str) -> None:
    framework("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras: Any = framework("keras")
    for item in items(name):
        names = {"keras": keras, "layers": keras.layers}
        lines = run(code_of(item), names)
        assert (lines or [shapes_of(names["y"])]) == list(keys(item))


def shapes_of(returned: Any) -> str:
    """Return the shape of a tensor, or those of all tensors in a list or a tuple."""
    if hasattr(returned, "shape"):
        return str(tuple(returned.shape))
    return str([tuple(tensor.shape) for tensor in returned])


# What can fail


def test_a_layer_that_its_arrays_contradict_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Layer("lstm", "pytorch", (("d", 3), ("n", 2)), 2, both=True)
    assert layer.proven().width == 4

    def narrow(_system: object) -> tuple[int, str]:
        return 1, "n"

    monkeypatch.setattr(counting_layers, "_output", narrow)
    with pytest.raises(guard.Unfair, match="the layer gives 2"):
        layer.proven()


@pytest.mark.parametrize("cell", KERAS)
def test_arrays_are_linear_in_the_sizes(cell: str) -> None:
    """Shapes from a few numbers are those that the packing gives at any others."""
    sizes = {"d": 7, "n": 5}
    system = build_system(read_model(f"bi({cell})*2", convention="keras", sizes=sizes))
    layer = Layer(cell, "keras", tuple(sizes.items()), 2, both=True)
    assert parameter_shapes(layer) == packed(system)


def test_too_few_misconceptions_are_refused() -> None:
    claims = [("a", "(1,)", "no"), ("b", "(2,)", "no"), ("c", "(3,)", "x"), ("d", "(3,)", "y")]
    options: tuple[Option, ...] = chosen("(9,)", "yes", claims, Draw(1, "q")).options
    assert {o.misconception for o in options} == {"", "a", "b", "c, or d"}
    assert [o.why for o in options if "d" in o.misconception] == [("x Or: y",)]
    with pytest.raises(guard.Unfair, match="give only 2 answers"):
        chosen("(9,)", "yes", claims[:2], Draw(1, "q"))


def test_a_misconception_that_gives_the_key_is_refused() -> None:
    claims = [("a", "(1,)", "no"), ("b", "(2,)", "no"), ("c", "(3,)", "no"), ("d", "(9,)", "no")]
    with pytest.raises(guard.Unfair, match="'d' gives the key"):
        chosen("(9,)", "yes", claims, Draw(1, "q"))


def test_a_program_does_not_print_what_it_asks_for() -> None:
    """No line but the layer's says how wide its output is, and all scores are as many."""
    for item in items("code_trace"):
        v = of(item)
        assert f"head = nn.LazyLinear({v['q']})" in code_of(item)
        scores = item.parts[2].response
        assert isinstance(scores, Choice)
        lasts = {printed(o.content).strip("(,)").rpartition(" ")[2] for o in scores.options}
        assert lasts == {str(v["q"])}


def test_a_projection_may_be_forgotten_in_three_ways() -> None:
    """weight_hr left out; weight_hh as wide as hidden_size; no projection at all."""
    for item in items("code_trace"):
        v = of(item)
        number = item.parts[3].response
        assert isinstance(number, Numeric)
        [blank] = number.blanks
        wrong = {int(w.value): w.misconception for w in blank.wrong}
        directions = 2 if v["both"] else 1
        chains = v["depth"] * directions
        if v["cell"] == "lstm-projection":
            extra = 4 * v["n"] * (v["n"] - v["p"])
            untrained = trained(v) - chains * v["n"] * v["p"]
            wider = untrained + (chains + (chains - directions) * directions) * extra
            assert "projection matrix forgotten" in wrong[untrained]
            assert "recurrent matrix of n × n" in wrong[trained(v) + chains * extra]
            assert "projection forgotten" in wrong[wider]
            assert "weight_hr" in str(item.parts[3].scheme)


def test_the_top_layer_taken_alone_is_told_of() -> None:
    for item in items("code_trace"):
        v, number = of(item), item.parts[3].response
        assert isinstance(number, Numeric)
        below = v | {"depth": v["depth"] - 1}
        whys = {int(w.value): str(w.why) for w in number.blanks[0].wrong}
        if v["depth"] > 1:
            assert "Every layer has parameters" in whys[trained(v) - trained(below)]


@pytest.mark.parametrize("name", ["code_trace", "output_shape"])
def test_only_a_stack_has_a_top_layer(name: str) -> None:
    for item in items(name):
        worked = str(item.parts[0].solution) + str(item.parts[0].response)
        assert ("top layer" in worked) == (of(item)["depth"] > 1)


def test_every_misconception_of_the_output_is_shown() -> None:
    kind = load_kind("output_shape")
    shown = {
        name
        for k in range(6)
        for subject in kind.subjects(())
        for option in draw_item(kind, subject, Draw(k, "m"), NONE).options
        for name in option.misconception.split(", or ")
    }
    assert shown == {
        "", "axes swapped", "last step only", "width of the input", "one direction forgotten",
        "direction factor", "all layers side by side", "projection forgotten",
    }  # fmt: skip
