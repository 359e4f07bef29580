"""Weights, states and packs that do not fit: what the errors say."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rnnsym.errors import InputError
from rnnsym.numeric.gradients import Gradients, gradients
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.system import build_system, read_model
from tests.framework_nets import system_of

if TYPE_CHECKING:
    from rnnsym.equations import System


def call(**changes: Any) -> Gradients:
    """Run an LSTM of d = 3 and n = 2 on four steps, with something changed."""
    system: System = changes.pop("system", None) or system_of("lstm", d=3, n=2)
    given: dict[str, Any] = {"x": np.ones((4, 3)), "dy": np.ones((4, 2))}
    if "weights" not in changes:
        shapes = parameter_shapes(system)
        given["weights"] = {name: np.ones(shape) for name, shape in shapes.items()}
        for name, value in changes.pop("change", {}).items():
            given["weights"][name] = value
    return gradients(system, **(given | changes))


TOKENS = "embedding:6:3, gru:2"
NAMES = "weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0"
BAD: list[tuple[Callable[[], object], str]] = [
    (
        lambda: call(weights={}),
        "missing weight 'weight_ih_l0' of shape (8, 3)",
    ),
    (
        lambda: call(change={"weight_ih_10": 0}),
        f"unknown weight 'weight_ih_10'; did you mean 'weight_ih_l0'? (known: {NAMES})",
    ),
    (
        lambda: call(weights=[1, 2]),
        "weight: expected a mapping from names to arrays, not list",
    ),
    (
        lambda: call(change={"weight_ih_l0": np.ones((3, 8))}),
        "weight 'weight_ih_l0' must have shape (8, 3), not (3, 8)",
    ),
    (
        lambda: call(change={"bias_hh_l0": np.ones((8, 1))}),
        "weight 'bias_hh_l0' must have shape (8,), not (8, 1)",
    ),
    (
        lambda: call(change={"bias_hh_l0": [0, 1, 2, math.nan, 4, 5, 6, 7]}),
        "weight 'bias_hh_l0' must be finite, but holds nan at index [3]",
    ),
    (
        lambda: call(x=[[1, 2, 3], [1, -math.inf, 3]]),
        "x must be finite, but holds -inf at index [1, 1]",
    ),
    (
        lambda: call(x=[[1, 2, 3], [1, 2]]),
        "x is not an array of numbers: its rows differ in length",
    ),
    (lambda: call(x=[["a", "b", "c"]]), "x must hold real numbers, not values of type <U1"),
    (lambda: call(x=[[None] * 3]), "x must hold real numbers, not values of type object"),
    (
        lambda: call(dy=np.ones((4, 2)) * 1j),
        "dy must hold real numbers, not values of type complex128",
    ),
    (
        lambda: call(x=np.ones((4, 5))),
        "x must have shape (T, 3) or (T, B, 3), not (4, 5)",
    ),
    (lambda: call(x=np.ones(3)), "x must have shape (T, 3) or (T, B, 3), not (3,)"),
    (lambda: call(x=1.0), "x must have shape (T, 3) or (T, B, 3), not ()"),
    (
        lambda: call(x=np.ones((0, 3))),
        "x needs at least one step and one sequence, not shape (0, 3)",
    ),
    (
        lambda: call(x=np.ones((4, 0, 3))),
        "x needs at least one step and one sequence, not shape (4, 0, 3)",
    ),
    (
        lambda: call(dy=np.ones((4, 3))),
        "dy must have shape (4, 2), the shape of y, not (4, 3)",
    ),
    (
        lambda: call(initial={"s": 0}),
        "unknown initial state 's' (known: h, c)",
    ),
    (
        lambda: call(initial=(np.ones((1, 2)), np.ones((1, 2)))),
        "initial state: expected a mapping from names to arrays, not tuple",
    ),
    (
        lambda: call(initial={"h": np.ones(2)}),
        "initial state 'h' must have shape (1, 2), not (2,)",
    ),
    (
        lambda: call(final_gradients={"h[1]": 0}),
        "unknown gradient of the final state 'h[1]' (known: h, c)",
    ),
    (
        lambda: call(final_gradients={"c": np.ones((1, 3))}),
        "gradient of the final state 'c' must have shape (1, 2), not (1, 3)",
    ),
    (
        lambda: call(system=system_of(TOKENS), x=[0, 1, 6, 2]),
        "tokens x must be from 0 to 5, but hold 6",
    ),
    (
        lambda: call(system=system_of(TOKENS), x=[0, 1, -1, 2]),
        "tokens x must be from 0 to 5, but hold -1",
    ),
    (
        lambda: call(system=system_of(TOKENS), x=[0.0, 1.0]),
        "tokens x must be whole numbers, not values of type float64",
    ),
    (
        lambda: call(system=system_of(TOKENS)),
        "x must have whole numbers of shape (T,) or (T, B), or one-hot of shape (T, 6) or "
        "(T, B, 6), not (4, 3)",
    ),
    (
        lambda: parameter_shapes(system_of("gru", d=3)),
        "'gru' needs numbers for its sizes: n=…",
    ),
    (
        lambda: call(system=system_of("gru*L", d=3, n=2), weights={}),
        "'gru*L' needs numbers for its sizes: L=…",
    ),
    (
        lambda: parameter_shapes(system_of("gru*L", d=3, n=2, L=65)),
        "arrays of L = 65 layers are too many (at most 64)",
    ),
    (
        lambda: call(system=build_system(read_model("gru", loss="squared")), weights={}),
        "gradients take dy at every step, so they need the loss 'free' at 'every', "
        "not 'squared' at 'every'",
    ),
    (
        lambda: call(system=build_system(read_model("gru", loss_at="last")), weights={}),
        "gradients take dy at every step, so they need the loss 'free' at 'every', "
        "not 'free' at 'last'",
    ),
]


@pytest.mark.parametrize(("action", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_says_what_was_expected(action: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        action()
    assert str(caught.value) == message


PACKS = {
    '[pack]\nweight = "W"': "[pack] weight must be a list of parameters, or a list of such lists",
    '[pack]\nweight = ["W_x", "Z"]': "[pack] weight names 'Z', which is no parameter",
    '[pack]\nweight = ["W_x", "U_h"]': "[pack] weight stacks arrays of different shapes",
    '[pack]\nweight = ["W_x"]\nagain = ["W_x"]\nu = ["U_h"]':
        "[pack] must name every parameter once, but W_x 2 times",
    '[pack]\nweight = ["W_x"]': "[pack] must name every parameter once, but U_h 0 times",
}  # fmt: skip


@pytest.mark.parametrize(("pack", "message"), PACKS.items())
def test_a_pack_that_does_not_fit_its_cell(tmp_path: Path, pack: str, message: str) -> None:
    file = tmp_path / "own.toml"
    cell = '[states]\nh = "n"\n[equations]\nh = "tanh(W_x @ x[t] + U_h @ h[t-1])"\n'
    file.write_text(cell + pack)
    with pytest.raises(InputError) as caught:
        parameter_shapes(system_of(str(file), d=3, n=2))
    assert str(caught.value).startswith(message)
    assert str(caught.value).endswith("in cell 'own'")


def test_a_cell_without_a_pack_keeps_its_own_names(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[states]\nh = "n"\n[equations]\nh = "tanh(W @ x[t] + U @ h[t-1])"\n')
    shapes = parameter_shapes(system_of(str(file), d=3, n=2))
    assert shapes == {"W": (2, 3), "U": (2, 2)}
