"""Every kind over many seeds: fair, proven by a path of the test's own, the key's place even."""

import tomllib
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.api import generate_quiz as generate
from rnnsym.audit.rewrite import Misconception
from rnnsym.audit.slips import MISCONCEPTIONS as LINE_SLIPS
from rnnsym.blocks import NumberMatrix
from rnnsym.cell import FOLDER
from rnnsym.derive import derive
from rnnsym.equations import System
from rnnsym.expr import Expr, Integer, Node, equal, text
from rnnsym.item import Item
from rnnsym.numeric.check import check_derivation
from rnnsym.quiz import forward_slips, guard, slips, truth
from rnnsym.quiz.count_slips import MISCONCEPTIONS as COUNT_SLIPS
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item, fair
from rnnsym.quiz.kinds import adjoint, count, forward
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.numbers import as_text, read_matrix
from rnnsym.quiz.registry import Kind, load_kind
from rnnsym.quiz.subject import EXAMINED
from rnnsym.system import build_system, read_model

SEEDS = 300
EVEN = 16.27  # chi-squared, three degrees of freedom, one in a thousand


def key_of(item: Item) -> Any:
    [content] = next(o.content for o in item.options if o.correct)
    return content


def items(kind: str) -> list[Item]:
    return [item for seed in range(SEEDS) for item in generate(1, seed, [kind])]


@pytest.mark.parametrize("kind", ["adjoint", "count", "forward"])
def test_every_item_is_fair(kind: str) -> None:
    found = items(kind)
    for seed, item in enumerate(found):
        assert guard.check(item) == (), seed
        assert len(item.options) == 4
        assert sum(o.correct for o in item.options) == 1
        assert len({printed(o.content) for o in item.options}) == 4
        assert all(o.why for o in item.options)
        assert item.stem
        assert item.solution
        assert item.proof.error in {"exact", "≤ 1e-12"}
    places = Counter(item.key for item in found)
    expected = SEEDS / 4
    assert sum((places[k] - expected) ** 2 / expected for k in "ABCD") < EVEN, places


# Counts

BLOCKS = {"vanilla": 1, "relu-rnn": 1, "gru": 3, "gru-reset-after": 3, "lstm": 4,
          "lstm-peephole": 4, "lstm-coupled": 3, "lstm-1997": 3, "mgu": 2, "ugrnn": 2}  # fmt: skip
EXTRA = {"lstm-peephole": 3, "gru-reset-after": 1}


def published(cell: str, convention: str, width: int, n: int, p: int) -> int:
    """The counts of the literature, typed in by hand."""
    special = {
        "indrnn": n * width + 2 * n,
        "mingru": 2 * n * (width + 1),
        "jordan": n * (width + p + 1) + p * (n + 1),
        "lstm-projection": 4 * n * (width + p) + 4 * n + p * n,
    }
    if cell in special:
        return special[cell] + (4 * n if convention == "pytorch" else 0)
    biases = 2 if convention == "pytorch" else 1
    return BLOCKS[cell] * n * (width + n + biases) + EXTRA.get(cell, 0) * n


def test_count_is_the_published_one() -> None:
    for item in chain(items("count"), generate(150, 5, ["count"])):
        values = dict(item.parameters)
        if "biases" in values:
            continue  # tests/test_kinds_counts_head.py
        model = values["model"]
        directions, layers = 2 if "bi(" in model else 1, 2 if model.endswith("*2") else 1
        cell = model.removeprefix("bi(").removesuffix("*2").removesuffix(")")
        d, n, p = (int(values.get(name, 0)) for name in "dnp")
        total, width = 0, d
        for _ in range(layers):
            total += directions * published(cell, values["convention"], width, n, p)
            width = directions * (p or n)
        assert key_of(item) == total, values


def test_count_options_are_sorted_numbers() -> None:
    for item in items("count")[:50]:
        numbers = [content for option in item.options for content in option.content]
        assert all(isinstance(x, Integer) for x in numbers)
        assert [int(x) for x in numbers if isinstance(x, Expr)] == sorted(
            int(x) for x in numbers if isinstance(x, Expr)
        )


# Forward


def by_hand(item: Item) -> Any:
    """The step again: the cell file's text run as Python, on floats."""
    values = dict(item.parameters)
    file = Path(FOLDER) / f"{values['model']}.toml"
    equations = tomllib.loads(file.read_text(encoding="utf-8"))["equations"]

    def relu(a: Any) -> Any:
        return np.maximum(a, 0)

    def sigmoid(a: Any) -> Any:
        return 1 / (1 + np.exp(-a))

    known: dict[str, Any] = {"t": 1, "tanh": np.tanh, "relu": relu, "sigmoid": sigmoid, "x": {}}
    known |= {name: {} for name in equations}
    for name, given in values.items():
        array, _, index = name.rstrip("]").partition("[")
        if name in {"model", "convention", "asked", "arrangement", "d", "n", "p"}:
            continue
        numbers = np.array(read_matrix(given), dtype=float)
        if index:
            known[array][int(index)] = numbers
        else:
            known[array] = numbers
    waiting = dict(equations)
    for _ in equations:
        for name, code in list(waiting.items()):
            try:
                known[name][1] = eval(code, known)
                del waiting[name]
            except (KeyError, NameError):
                continue
    return known[values["asked"]][1]


def test_forward_key_is_what_the_cell_file_computes() -> None:
    for item in items("forward"):
        key = key_of(item)
        assert isinstance(key, NumberMatrix)
        shown = np.array(key.rows, dtype=float)
        assert np.max(np.abs(shown - by_hand(item))) < 0.0005, item.parameters


def test_forward_options_are_near_each_other_and_in_order() -> None:
    """None can be left out without any work, and the key is no more central than another."""
    central = 0
    for item in items("forward"):
        shown = [np.array(o.content[0].rows, float) for o in item.options]  # type: ignore[union-attr]
        key = np.array(key_of(item).rows, float)
        near = 0.7 * max(1, np.max(np.abs(key)))
        off = [np.max(np.abs(option - key)) for option in shown]
        assert max(off) <= near + 1e-12, item.parameters
        assert [o[0, 0] for o in shown] == sorted({o[0, 0] for o in shown})
        far = [sum(np.abs(a - b).sum() for b in shown) for a in shown]
        central += bool(np.all(shown[int(np.argmin(far))] == key))
    assert central < 0.4 * SEEDS


def test_forward_marks_and_minutes_follow_the_work() -> None:
    """A mark for each entry asked and every two entries of maps; two to three minutes each."""
    for item in items("forward")[:60]:
        entries, values = len(key_of(item).rows), dict(item.parameters)
        maps = sum(v.count(";") + 1 for k, v in values.items() if k.startswith("b"))
        maps += entries if values["asked"] == "r" else 0  # the projection, which has no bias
        assert item.marks == entries + (maps + 1) // 2, item.parameters
        assert 1.5 <= item.minutes / item.marks <= 3.5


def test_forward_solution_follows_from_its_own_lines() -> None:
    """The last line of the solution rounds to the key."""
    for item in items("forward")[:60]:
        lines: Any = item.solution[-1]
        last = lines.lines[-1].rhs.sides[-1]
        worked = np.array(read_matrix(str(last).strip("[]")), dtype=float)
        assert np.max(np.abs(worked - np.array(key_of(item).rows, dtype=float))) < 0.0006


# Adjoint


def system_of(model: str) -> System:
    return build_system(read_model(model))


@pytest.mark.parametrize("cell", EXAMINED)
def test_adjoint_key_is_the_checked_derivation(cell: str) -> None:
    derivation = derive(system_of(cell))
    assert check_derivation(derivation).passed
    kind = load_kind("adjoint")
    subjects = [subject for subject in kind.subjects([cell]) if kind.variants(subject)]
    found = generate(len(subjects), 1, ["adjoint"], [cell])
    bare = [item for item in found if dict(item.parameters)["model"] == cell]
    assert len(bare) >= 4
    for item in bare:
        [step] = derivation.find(dict(item.parameters)["line"])
        assert key_of(item) == step.value()
        for option in item.options:
            [value] = option.content
            assert isinstance(value, Node)
            error = truth.error(system_of(cell), step, value)
            assert error <= 1e-12 if option.correct else error > 1e-6
            assert option.correct or not equal(value, step.value())


def test_the_proof_of_a_line_can_fail() -> None:
    system = system_of("lstm")
    [right] = derive(system).find("delta_c")
    [other] = derive(system).find("delta_h")
    assert truth.error(system, right, right.value()) <= 1e-12
    assert truth.error(system, right, other.value()) > 1e-3


def test_lstm_carry_is_asked_as_the_textbooks_write_it() -> None:
    found = [i for i in generate(34, 1, ["adjoint"], ["lstm"]) if "lstm" in i.tags]
    lines = {dict(i.parameters)["line"]: text(key_of(i)) for i in found}
    assert lines["delta_c"] == "δ_hₜ ⊙ oₜ ⊙ (1 − tanh²(cₜ)) + δ_cₜ₊₁ ⊙ fₜ₊₁"
    assert lines["dU_f"] == "Σₜ δ_fₜ hₜ₋₁ᵀ"


# Misconceptions

ALL: list[tuple[str, Misconception[Any]]] = [
    *(("count", m) for m in COUNT_SLIPS),
    *(("forward", m) for m in slips.MISCONCEPTIONS),
    *(("adjoint", m) for m in LINE_SLIPS),
]
SHOWN_WITH = {"peepholes forgotten": ["lstm-peephole"],
              "reset after instead of before": ["gru", "mgu"],
              "reset before instead of after": ["gru-reset-after"]}  # fmt: skip


@pytest.mark.parametrize(("kind", "misconception"), ALL, ids=lambda x: getattr(x, "name", x))
def test_every_misconception_is_shown(kind: str, misconception: Misconception[Any]) -> None:
    cells = SHOWN_WITH.get(misconception.name, [])
    shown = {o.misconception for i in generate(170, 2, [kind], cells) for o in i.options}
    assert misconception.name in shown


def _clear() -> None:
    for cached in (forward._slips, forward_slips.slips_of, adjoint._wrong):  # pyright: ignore[reportPrivateUsage]
        cached.cache_clear()


def _identity(work: Any) -> Any:
    return [(work, ("nothing is wrong here",))]


@pytest.mark.parametrize(
    ("kind", "module"),
    [("count", count), ("forward", forward_slips), ("adjoint", adjoint)],
    ids=["count", "forward", "adjoint"],
)
def test_an_operator_that_gives_the_key_never_reaches_a_paper(
    kind: str, module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Misconception("broken", _identity)
    monkeypatch.setattr(module, "MISCONCEPTIONS", (*module.MISCONCEPTIONS, broken))
    _clear()
    try:
        shown = [o for o in _options(load_kind(kind)) if o == "broken"]
        assert shown == []
    finally:
        monkeypatch.undo()
        _clear()


def _options(kind: Kind) -> list[str]:
    found: list[str] = []
    for subject in list(kind.subjects(["lstm"]))[:4]:
        for seed in range(10):
            parameters = (*kind.draw(subject, Draw(seed, "q")), ("arrangement", str(seed)))
            try:
                found += [o.misconception for o in fair(kind.make(parameters)).options]
            except guard.Unfair:
                continue
    return found


def test_a_broken_operator_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every count with an operator that gives the key is refused, so none can be drawn."""
    broken = Misconception("broken", _identity)
    monkeypatch.setattr(count, "MISCONCEPTIONS", (*COUNT_SLIPS, broken))
    kind = load_kind("count")
    with pytest.raises(Exception, match="'broken' gives the key"):
        draw_item(kind, kind.subjects(["lstm"])[0], Draw(1, "0"), ())


def test_numbers_in_parameters_read_back() -> None:
    assert as_text(read_matrix("1 -0.5; 2 1")) == "1 -0.5; 2 1"
