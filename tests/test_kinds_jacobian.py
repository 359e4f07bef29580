"""Jacobians as expressions, and bounds on them: keys against nets written by hand."""

from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.api import generate_quiz as generate
from rnnsym.blocks import Paragraph
from rnnsym.expr import Node, size, text
from rnnsym.item import Item
from rnnsym.quiz import jacobian_sums
from rnnsym.quiz.decimals import Place, Point, evaluate
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.jacobian_slips import MISCONCEPTIONS
from rnnsym.quiz.kinds import jacobian
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind
from tests.asked import mistakes
from tests.nets_with_gradients import NETS, N, T, net, value

KIND = load_kind("jacobian")


def items_of(cell: str, seeds: int = 1) -> list[Item]:
    return [
        draw_item(KIND, subject, Draw(seed, "q"), ())
        for subject in KIND.subjects([cell])
        for seed in range(seeds)
    ]


def by_small_changes(cell: str, of: str, wrt: str, steps: int) -> Any:
    """∂of/∂wrt over the last steps of a net written by hand, its other state held fixed."""
    values, _ = net(cell)
    start = T - steps

    def after(change: Any) -> Any:
        add = {(wrt, start): change}
        if wrt == "c":  # h is computed from it, at the same step
            add["h", start] = values["h", start] - NETS[cell](values, add)["h", start]
        return NETS[cell](values, add)[of, T][:, 0]

    changes = [1e-5 * unit[:, None] for unit in np.eye(N)]
    return np.array([(after(change) - after(-change)) / 2e-5 for change in changes]).T


def _half(*_: object, **__: object) -> float:
    return 0.5


def _zero(*_: object) -> float:
    return 0.0


@pytest.mark.parametrize("cell", ["vanilla", "lstm"])
def test_only_the_key_is_the_jacobian_of_a_net_written_here(cell: str) -> None:
    forms: set[str] = set()
    for item in items_of(cell, 6):
        asked = dict(item.parameters)
        forms.add(asked["form"])
        true = by_small_changes(cell, asked["of"], asked["from"], int(asked["steps"]))
        if asked["form"] == "direct edges":
            gates = [net(cell)[0]["f", T - k][:, 0] for k in range(int(asked["steps"]))]
            true = np.diag(np.prod(gates, axis=0))
        for option in item.options:
            [node] = option.content
            assert isinstance(node, Node)
            found = value(cell, node, T)
            near = found.shape == (N, N) and bool(np.max(np.abs(found - true)) < 1e-7)
            assert near == option.correct, (asked, text(node))
    assert forms == {"vanilla": {"one step", "several steps"},
                     "lstm": {"one step", "direct edges"}}[cell]  # fmt: skip


def test_jacobians_as_a_textbook_has_them() -> None:
    keys = {printed(o.content) for i in items_of("vanilla", 6) for o in i.options if o.correct}
    assert keys == {
        "diag(1 − hₜ²) U",
        "diag(1 − hₜ²) U diag(1 − hₜ₋₁²) U",
        "diag(1 − hₜ²) U diag(1 − hₜ₋₁²) U diag(1 − hₜ₋₂²) U",
    }
    lstm = {printed(o.content) for i in items_of("lstm", 6) for o in i.options if o.correct}
    assert {"diag(fₜ)", "diag(fₜ ⊙ fₜ₋₁ ⊙ fₜ₋₂)"} <= lstm


def test_every_misconception_is_shown() -> None:
    cells = ("vanilla", "lstm", "lstm-1997", "elman-output")
    seen = {o.misconception for c in cells for i in items_of(c, 30) for o in i.options}
    assert seen == {"", *(m.name for m in MISCONCEPTIONS)}


def test_the_stem_says_what_is_held_fixed_and_what_signs_mean() -> None:
    for item in generate(40, 2, ["jacobian"]):
        said = " ".join(printed(b.content) for b in item.stem if isinstance(b, Paragraph))
        asked = dict(item.parameters)
        shown = " ".join(printed(o.content) for o in item.options)
        assert "in row i and column j the derivative of entry i of" in said
        assert ("diag(v)" in said) == ("diag" in shown)
        assert "²" not in shown or "Squares are taken entry by entry" in said
        assert ("held fixed" in said) == ("lstm" in asked["model"] or "edges" in asked["form"])


def test_long_jacobians_and_unwritten_arrays_are_not_asked(tmp_path: Path) -> None:
    forms = [dict(subject)["form"] for subject in KIND.subjects(["gru"])]
    assert forms == ["direct edges"]
    assert not KIND.subjects(["leaky"])
    file = tmp_path / "mine.toml"
    file.write_text(f'{CELL}h = "tanh(V @ h[t-1] + W @ x[t])"\n')
    keys = {printed(o.content) for i in items_of(str(file)) for o in i.options if o.correct}
    assert "diag(1 − hₜ²) V" in keys


def test_a_key_that_is_not_the_jacobian_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    item = items_of("vanilla")[0]
    monkeypatch.setattr(jacobian, "_error", _half)
    with pytest.raises(Unfair, match="is off by"):
        KIND.make(item.parameters)
    monkeypatch.setattr(jacobian, "_error", _zero)
    with pytest.raises(Unfair, match="0 mistakes show"):
        KIND.make(item.parameters)


# Proofs


def test_the_bound_names_the_largest_slope() -> None:
    a: Any = np.linspace(-5, 5, 10001)
    slopes: dict[str, Any] = {
        "vanilla": 1 - np.tanh(a) ** 2,
        "elman-output": np.exp(-a) / (1 + np.exp(-a)) ** 2,
        "relu-rnn": (a > 0) * 1.0,
    }
    for cell, slope in slopes.items():
        largest = float(slope.max())
        kind = load_kind("prove_bound")
        for subject in kind.subjects([cell]):
            bound, vanishes, _ = draw_item(kind, subject, Draw(1, "q"), ()).parts
            assert Fraction(printed(bound.scheme[0].text).removeprefix("γ = ")) == largest
            limit = printed(vanishes.scheme[-1].text).split(" < ")[1]
            assert int(limit) * largest == 1


def test_what_a_bound_leaves_open_is_asked_as_it_is_paid() -> None:
    kind = load_kind("prove_bound")
    for subject in kind.subjects([]):
        *_, left_open = draw_item(kind, subject, Draw(1, "q"), ()).parts
        asked = "".join(printed(b.content) for b in left_open.stem if isinstance(b, Paragraph))
        assert "what the bound says" in asked
        assert "name a case" in asked
        assert len(left_open.scheme) == 2
        one_unit = dict(subject)["form"] == "one unit"
        assert ("but one, off its diagonal" in printed(left_open.scheme[1].text)) != one_unit


def test_the_path_is_the_gate_that_keeps() -> None:
    kind = load_kind("prove_path")
    goals = {"lstm": "fₜ near 1", "gru": "zₜ near 0", "ugrnn": "zₜ near 1"}
    for cell, goal in goals.items():
        [subject] = kind.subjects([cell])
        item = draw_item(kind, subject, Draw(1, "q"), ())
        assert printed(item.parts[1].scheme[-1].text).startswith(goal)
        assert len(item.parts) == 4
        assert "another true difference" in printed(item.parts[2].scheme[0].text)
    [subject] = kind.subjects(["mingru"])
    assert len(draw_item(kind, subject, Draw(1, "q"), ()).parts) == 3  # there is no other path


def test_a_proof_of_another_cell_is_not_asked() -> None:
    for cell in ("leaky", "gru", "linear", "jordan"):
        assert not load_kind("prove_bound").subjects([cell])
    for cell in ("vanilla", "lstm-1997", "fastrnn"):
        assert not load_kind("prove_path").subjects([cell])


CELL = 'title = "Mine"\nsource = "nobody"\n[states]\nh = "n"\n[equations]\n'


@pytest.mark.parametrize(
    "equations",
    [
        'h = "step(U @ h[t-1] + W @ x[t] + b)"',
        'z = "sigmoid(W @ x[t] + h[t-1])"\nh = "z[t] * h[t-1] + 1 - z[t]"',
    ],
)
def test_a_cell_about_which_nothing_is_to_be_shown(equations: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(CELL + equations + "\n")
    for kind in ("prove_bound", "prove_path", "gradient_sum"):
        assert not load_kind(kind).subjects([str(file)])


def test_a_claim_that_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, broken, reason in (
        ("prove_bound", "norms", "is above the bound"),
        ("prove_bound", "saturated", "no Jacobian was small"),
        ("prove_bound", "of_one_entry", "let a signal through"),
        ("prove_path", "error", "off by"),
    ):
        module = import_module(f"rnnsym.quiz.kinds.{name}")
        getattr(module, "_prove").cache_clear()  # noqa: B009 - it is private
        subject, *_ = load_kind(name).subjects([])
        with monkeypatch.context() as patched:
            patched.setattr(module, broken, _pair if broken == "norms" else _half)
            with pytest.raises(Unfair, match=reason):
                load_kind(name).make((*subject, ("arrangement", "0")))


def _pair(*_: object) -> list[tuple[float, float]]:
    return [(0.1, 0.5)]


def test_only_the_key_is_the_gradient_of_a_net_written_here() -> None:
    kind = load_kind("gradient_sum")
    values_, _ = net("vanilla")
    g: Any = np.array([[0.3], [-0.7], [0.5]])
    for subject in kind.subjects(["vanilla"]):
        for seed in range(12):
            item = draw_item(kind, subject, Draw(seed, "q"), ())
            asked = dict(item.parameters)
            name, last = asked["matrix"], int(asked["steps"])
            true: Any = np.zeros_like(values_[name])
            for index in np.ndindex(true.shape):
                step: Any = np.zeros_like(true)
                step[index] = 1e-5
                up, down = (NETS["vanilla"](values_, {name: s * step}) for s in (1, -1))
                true[index] = (g * (up["h", last] - down["h", last])).sum() / 2e-5
            for option in item.options:
                [node] = option.content
                assert isinstance(node, Node)
                numbers = ((size("n"), N), (size("d"), true.shape[1]))
                point = Point(numbers, lambda place, _: _decimals(place, g))
                found = np.array(evaluate(node, point), dtype=float)
                near = found.shape == true.shape and bool(np.max(np.abs(found - true)) < 1e-7)
                assert near == option.correct, (asked, text(node))


def _decimals(place: Place, g: Any) -> Any:
    """Return an array of the net written by hand, g included."""
    name, _, _, time = place
    found = g if name == "g" else net("vanilla")[0][name if time is None else (name, time)]
    return tuple(tuple(Decimal(float(entry)) for entry in row) for row in found)


def test_every_misconception_of_a_sum_is_shown() -> None:
    kind = load_kind("gradient_sum")
    made = (
        draw_item(kind, s, Draw(seed, "q"), ()) for s in kind.subjects([]) for seed in range(25)
    )
    names = {name for item in made for name in mistakes(item)} - {""}
    assert names == {m.name for m in jacobian_sums.MISCONCEPTIONS}
