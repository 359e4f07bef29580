"""From model text to index equations: what reads what, over which range, in which size."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnsym.equations import LOSSES, PLACES, Equation, System
from rnnsym.errors import InputError
from rnnsym.expr import Array, shape_text, source
from rnnsym.numeric.sizes import Sizes, small_sizes, uniform_sizes
from rnnsym.system import build_system, read_model, size_names
from tests.strategies import model_texts


def system(text: str, **choices: Any) -> System:
    return build_system(read_model(text, **choices))


def lines(built: System) -> list[str]:
    return [f"{source(e.lhs)} = {source(e.rhs)}" for e in built.equations]


def ranges(built: System) -> dict[str, tuple[str, str]]:
    return {source(e.lhs): (str(e.layer), str(e.time)) for e in built.equations}


def test_one_layer_has_no_layer_index() -> None:
    assert lines(system("vanilla")) == ["a[t] = W @ x[t] + U @ h[t-1] + b", "h[t] = tanh(a[t])"]
    assert ranges(system("vanilla")) == {"a[t]": ("None", "1..T"), "h[t]": ("None", "1..T")}


def test_a_stack_is_written_once_for_all_its_layers() -> None:
    built = system("vanilla*3")
    assert lines(built) == [
        "y[0,t] = x[t]",
        "a[l,t] = W[l] @ y[l-1,t] + U[l] @ h[l,t-1] + b[l]",
        "h[l,t] = tanh(a[l,t])",
        "y[l,t] = h[l,t]",
    ]
    assert ranges(built)["a[l,t]"] == ("1..3", "1..T")
    assert ranges(system("vanilla*L"))["a[l,t]"] == ("1..L", "1..T")
    assert source(built.output) == "y[3,t]"


def test_each_direction_is_a_chain_of_its_own() -> None:
    built = system("bi(vanilla)")
    assert lines(built) == [
        "a_fwd[t] = W_fwd @ x[t] + U_fwd @ h_fwd[t-1] + b_fwd",
        "h_fwd[t] = tanh(a_fwd[t])",
        "a_bwd[t] = W_bwd @ x[t] + U_bwd @ h_bwd[t+1] + b_bwd",
        "h_bwd[t] = tanh(a_bwd[t])",
        "y[t] = concat(h_fwd[t], h_bwd[t])",
    ]
    assert [(str(s.initial), str(s.final)) for s in built.states] == [("0", "T"), ("T + 1", "1")]


@pytest.mark.parametrize(
    ("merge", "value", "shape"),
    [
        ("concat", "concat(h_fwd[t], h_bwd[t])", "2*n×1"),
        ("sum", "h_fwd[t] + h_bwd[t]", "n×1"),
        ("mean", "1/2 * (h_fwd[t] + h_bwd[t])", "n×1"),
        ("mul", "h_fwd[t] * h_bwd[t]", "n×1"),
    ],
)
def test_merges(merge: str, value: str, shape: str) -> None:
    last = system(f"bi(vanilla,{merge})").equations[-1]
    assert (source(last.rhs), shape_text(last.lhs.shape)) == (value, shape)


def test_a_layer_reads_the_width_below() -> None:
    shapes = {w.array.key: shape_text(w.array.shape) for w in system("lstm, gru").weights}
    assert (shapes["W_f[1]"], shapes["W_r[2]"]) == ("n_1×d", "n_2×n_1")
    shapes = {w.array.key: shape_text(w.array.shape) for w in system("bi(lstm)*2").weights}
    assert shapes["W_f[l,fwd]"] == "n(l)×m(l - 1)"
    assert [(n, str(b), str(v)) for n, _, b, v in system("bi(lstm)*2").widths] == [
        ("m", "d", "2*n(l)")
    ]
    assert [str(v) for *_, v in system("lstm-projection*2").widths] == ["p(l)"]
    embedded = {
        w.array.key: shape_text(w.array.shape) for w in system("embedding:9:4, gru").weights
    }
    assert (embedded["E"], embedded["W_r"]) == ("e×V", "n×e")


def test_a_stack_above_a_readout_has_a_layer_output_of_its_own() -> None:
    built = system("vanilla, dense:3, vanilla*2")
    defined = [source(e.lhs) for e in built.equations]
    assert len(set(defined)) == len(defined)
    assert {"y[1,t]", "y[2,t]", "y[l,t]"} <= set(defined)
    assert ranges(built)["h[l,t]"] == ("3..4", "1..T")


def test_loss_at_the_last_step() -> None:
    assert [str(t.time) for t in system("gru").loss_terms] == ["1..T"]
    assert [source(t.target) for t in system("gru", loss_at="last").loss_terms] == ["h[T]"]
    built = system("bi(gru), dense:3", loss_at="last")
    assert "y_last = concat(h_fwd[T], h_bwd[1])" in lines(built)
    assert "s = V @ y_last + b_V" in lines(built)
    [note] = built.notes
    assert "forward at T, backward at 1" in note


@pytest.mark.parametrize("loss", LOSSES)
def test_what_the_loss_hands_back(loss: str) -> None:
    [term] = system("vanilla", loss=loss).loss_terms
    assert (
        source(term.gradient)
        == {
            "free": "Delta[t]",
            "squared": "h[t] - target[t]",
            "cross-entropy": "softmax(h[t]) - target[t]",
        }[loss]
    )


def test_final_states_may_have_a_loss_too() -> None:
    built = build_system(read_model("bi(lstm)"), final_gradients=True)
    targets = [source(t.target) for t in built.loss_terms]
    assert targets == ["y[t]", "h_fwd[T]", "c_fwd[T]", "h_bwd[1]", "c_bwd[1]"]


def instances(equation: Equation, sizes: Sizes) -> list[tuple[int, int]]:
    return [(k, t) for k in sizes.range(equation.layer) for t in sizes.range(equation.time)]


def key(array: Array, sizes: Sizes, layer: int, time: int) -> tuple[object, ...]:
    """Return an array element's name and indices as numbers."""
    from rnnsym.expr import LAYER, TIME, Integer

    at = array.xreplace({LAYER: Integer(layer), TIME: Integer(time)})
    places = [None if i is None else sizes.number(i) for i in (at.layer, at.time)]
    return (array.family.name, array.family.direction, *places)


@given(model_texts(), st.sampled_from(PLACES))
def test_everything_is_defined_once_and_before_it_is_read(text: str, place: str) -> None:
    built = system(text, loss_at=place)
    sizes = small_sizes(built, steps=3)
    equations = [(e, *at) for e in built.equations for at in instances(e, sizes)]
    defined = [key(e.lhs, sizes, k, t) for e, k, t in equations]
    assert len(defined) == len(set(defined))
    weights = {key(w.array, sizes, k, 0) for w in built.weights for k in sizes.range(w.layer)}
    initial = {
        key(s.array, sizes, k, sizes.number(s.initial))
        for s in built.states
        for k in sizes.range(s.layer)
    }
    inputs = {key(built.input, sizes, 0, t) for t in range(1, sizes.steps + 1)}
    everything = weights | initial | inputs | set(defined)
    states = {s.array.family for s in built.states}
    for equation, layer, time in equations:
        assert sizes.shape(equation.lhs.shape, layer) == sizes.shape(equation.rhs.shape, layer)
        for array in equation.rhs.atoms(Array):
            read = key(array, sizes, layer, time)
            if array.family not in states and read[-1] in (0, sizes.steps + 1):
                read = (*read[:-1], 1)  # what a layer reads is zero before the start
            assert read in everything, (source(equation.lhs), source(array))
    assert key(built.output, sizes, 0, 1) in everything or place == "last"


def test_small_sizes_are_pairwise_distinct_and_free_in_every_layer() -> None:
    values = small_sizes(system("bi(lstm-projection)*3, gru*2, dense:9")).values
    flat = [n for v in values.values() for n in (v.values() if not isinstance(v, int) else (v,))]
    assert len(flat) == len(set(flat)) == 1 + 2 * 3 + 2 + 1


def test_uniform_sizes() -> None:
    built = system("gru*2, dense:3", sizes={"d": 4, "n": 5})
    assert uniform_sizes(built, steps=7).values == {"d": 4, "q": 3, "n": {1: 5, 2: 5}}
    with pytest.raises(InputError, match=r"'gru' needs numbers for its sizes: d=…, n=…"):
        uniform_sizes(system("gru"), steps=1)


def test_names_of_sizes() -> None:
    assert size_names(read_model("lstm:64")) == {"d": None, "n": 64}
    assert size_names(read_model("lstm-projection:8:3")) == {"d": None, "n": 8, "p": 3}
    several = read_model("embedding:9:2, lstm, gru:4*L, dense:5, dense:6")
    assert size_names(several) == {
        "V": 9,
        "e": 2,
        "n_1": None,
        "n_2": 4,
        "q_1": 5,
        "q_2": 6,
        "L": None,
    }


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"convention": "tensorflow"}, "unknown convention 'tensorflow'"),
        ({"convention": "pytorhc"}, "did you mean 'pytorch'"),
        ({"loss": "crossentropy"}, "did you mean 'cross-entropy'"),
        ({"loss_at": "lst"}, "unknown place of the loss 'lst'; did you mean 'last'"),
        ({"sizes": {"m": 3}}, "'lstm:4' has no size 'm'"),
        ({"sizes": {"n": 3}}, "size n is given twice: 4 in 'lstm:4', and 3"),
        ({"sizes": {"d": 0}}, "size d must be at least 1, not 0"),
        ({"sizes": {"d": "x"}}, "size d must be a whole number, not 'x'"),
        ({"sizes": {"d": 10**10}}, "size d = 10000000000 is too large"),
    ],
)
def test_bad_choices(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        read_model("lstm:4", **choices)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_without_biases() -> None:
    names = {w.array.name for w in system("gru", bias=False).weights}
    assert names == {"W_r", "U_r", "W_z", "U_z", "W_h", "U_h"}
    names = {w.array.name for w in system("vanilla, dense:2:softmax", bias=False).weights}
    assert names == {"W", "U", "V"}, "a readout has none either"
