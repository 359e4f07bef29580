"""Questions about derivations: keys against a net written here, misconceptions, broken keys.

Over 300 lines: one table of kinds is worked by one net written by hand.
"""

import re
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnsym.api import generate_quiz as generate
from rnnsym.audit import audit
from rnnsym.blocks import Equations, Line, Listing, Paragraph, Relation
from rnnsym.derive import derive
from rnnsym.expr import Array, Node, Sigma, Transpose, arrays_in, source, text
from rnnsym.item import Choice, FormulaAnswer, Item, Numeric, Open, Option, Ordering
from rnnsym.quiz import derivation_lines, guard
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import form_of, printed
from rnnsym.quiz.registry import load_kind
from rnnsym.system import build_system, read_model
from tests.nets_with_gradients import T, net, right, true, value

KINDS = ("find_error", "gradient_shape", "missing_term", "name_paths", "order_steps", "orientation",
         "prove", "write_gradient")  # fmt: skip


@cache
def items(kind: str, cell: str = "", number: int = 12) -> tuple[Item, ...]:
    """Some items of a kind, about one cell or about those of a paper."""
    return generate(number, 3, [kind], [cell] if cell else [])


def all_of(kind: str, cell: str, most: int = 60) -> list[Item]:
    """The items of every subject of a cell that stands alone, one of each."""
    chosen = load_kind(kind)
    subjects = [s for s in chosen.subjects([cell]) if "loss" not in dict(s)][:most]
    return [draw_item(chosen, s, Draw(5, f"{i}"), ()) for i, s in enumerate(subjects)]


def node_in(content: Any) -> Node:
    [node] = [part for part in content if isinstance(part, Node)]
    return node


# Keys


@pytest.mark.parametrize("cell", ["vanilla", "lstm"])
def test_gradients_to_write_are_those_of_a_net_written_here(cell: str) -> None:
    found = all_of("write_gradient", cell)
    assert len(found) > 5
    for item in found:
        response = item.parts[0].response
        assert isinstance(response, FormulaAnswer)
        target, _, answer = response.answer
        assert isinstance(target, Array)
        assert isinstance(answer, Node)
        assert right(cell, target, answer), text(target)
        turned = source(Transpose(answer))
        derivation = derive(build_system(read_model(cell)))
        assert audit(derivation, response.wrt, source(answer)).kind == "equal"
        assert audit(derivation, response.wrt, turned).kind != "equal"


@pytest.mark.parametrize("cell", ["jordan", "gru", "lstm"])
def test_the_steps_between_are_meant_where_the_line_is_another_at_the_ends(cell: str) -> None:
    for item in all_of("write_gradient", cell):
        response = item.parts[0].response
        assert isinstance(response, FormulaAnswer)
        later = "ₜ₊₁" in text(node_in(response.answer[2:]))
        assert ("neither the first nor the last" in printed_stem(item)) == later


@pytest.mark.parametrize("cell", ["vanilla", "lstm"])
def test_exactly_the_line_named_is_wrong(cell: str) -> None:
    for seed in range(25):
        item = draw_item(load_kind("find_error"), load_kind("find_error").subjects([cell])[0],
                         Draw(seed, "q"), ())  # fmt: skip
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        verdicts = [right(cell, line.lhs, line.rhs) for line in shown.lines
                    if isinstance(line.lhs, Array) and isinstance(line.rhs, Node)]  # fmt: skip
        assert len(verdicts) == 4
        response = item.parts[0].response
        assert isinstance(response, Choice)
        assert [v for v in verdicts if not v] == [False], item.parameters
        assert "ABCD"[verdicts.index(False)] == response.key
        mended = item.parts[1].response
        assert isinstance(mended, FormulaAnswer)
        target, _, answer = mended.answer
        assert isinstance(target, Array)
        assert isinstance(answer, Node)
        assert right(cell, target, answer)


def test_no_step_is_read_in_the_wrong_line_only() -> None:
    """Else it is seen without thinking: T beside t, Σ from 2 on."""
    for item in several("find_error", "gru"):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        response = item.parts[0].response
        assert isinstance(response, Choice)
        wrong, place = item.parts[1].response, "ABCD".index(response.key)
        assert isinstance(wrong, FormulaAnswer)
        texts = [text(node_in([line.rhs])) for line in shown.lines]
        beside = [*texts[:place], *texts[place + 1 :], text(node_in(wrong.answer[2:]))]
        for step in ("ₜ₋₁", "ₜ₊₁", "T", "₌₂"):
            assert step not in texts[place] or any(step in other for other in beside), texts


def test_a_step_is_spoken_of_where_a_line_has_one() -> None:
    seen: set[bool] = set()
    for item in several("find_error", "gru"):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        texts = [text(node_in([line.lhs])) for line in shown.lines]
        timed = [f"({i})" for i, left in enumerate(texts, 1) if "ₜ" in left]
        said = printed_stem(item).partition("exactly one mistake")[2]
        assert ("neither the first nor the last" in said) == bool(timed)
        assert re.findall(r"\(\d\)", said) == timed
        seen.add(bool(timed))
    assert seen == {True, False}


@pytest.mark.parametrize("cell", ["vanilla", "lstm-peephole"])
def test_no_sum_reads_what_does_not_exist(cell: str) -> None:
    """δ₀, x₀ and whatever stands at T + 1 are seen without thinking; h₀ and c₀ are given."""
    for item in several("find_error", cell):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        sums = [t for line in shown.lines if "Σ" in (t := text(node_in([line.rhs])))]
        assert not [t for t in sums if "ₜ₊₁" in t]
        assert all(re.search(r"[hc]ₜ₋₁", t) for t in sums if "ₜ₋₁" in t)
        assert not [t for t in sums if re.search(r"(δ_\S+|x)ₜ₋₁", t)]


@pytest.mark.parametrize("cell", ["lstm", "lstm-coupled", "gru", "lstm-peephole"])
def test_no_term_beside_the_missing_one_shows_its_form(cell: str) -> None:
    """Of ∂L/∂h = Δ + U_fᵀ δ_f + U_oᵀ δ_o, all of the next step, nothing but Δ could be asked."""
    for item in all_of("missing_term", cell):
        [key] = [node_in(o.content) for o in item.options if o.correct]
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        beside = node_in((shown.lines[0].rhs,)).children
        alike = [
            node for node in beside
            if form_of(node) == form_of(key)
            and {a.time for a in arrays_in(node)} == {a.time for a in arrays_in(key)}
        ]  # fmt: skip
        assert not alike


def test_why_a_right_line_is_right_names_equations_and_rules() -> None:
    for item in several("find_error", "gru"):
        whys = [printed(option.why) for option in item.options if not option.correct]
        assert all("through" in why for why in whys)
        assert all("by y = " in why or "added as it is" in why for why in whys)


def test_only_the_missing_term_completes_its_line() -> None:
    for item in all_of("missing_term", "lstm"):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        [line] = shown.lines
        assert isinstance(line, Line)
        assert isinstance(line.lhs, Array)
        assert isinstance(line.rhs, Node)
        gap = next(a for a in line.rhs.atoms(Array) if a.name == "?")
        fits = [right("lstm", line.lhs, line.rhs.xreplace({gap: node_in(o.content)}))
                for o in item.options]  # fmt: skip
        if line.lhs.family.role == "adjoint":
            assert fits == [o.correct for o in item.options]


def tokens(math: Node) -> set[str]:
    return set(re.split(r"[ ()]+", text(math)))


def test_no_other_order_is_valid() -> None:
    for item in items("order_steps"):
        response = item.parts[0].response
        assert isinstance(response, Ordering)
        sides = [step[0].sides if isinstance(step[0], Relation) else (step[0], step[-1])
                 for step in response.steps]  # fmt: skip
        nodes = [[side for side in pair if isinstance(side, Node)] for pair in sides]
        gives = [text(target) for target, _ in nodes]
        reads = [{token.rstrip("ᵀ²") for token in tokens(rhs)} for _, rhs in nodes]
        places = range(len(gives))
        valid = [
            order
            for order in permutations(places)
            if all(
                gives[late] not in reads[early]
                for i, early in enumerate(order)
                for late in order[i + 1 :]
            )
        ]
        assert valid == [tuple(places)], gives


@pytest.mark.parametrize("cell", ["vanilla", "lstm-projection"])
def test_one_line_is_not_said_to_be_in_order(cell: str) -> None:
    kind = load_kind("order_steps")
    [subject] = kind.subjects([cell])
    for seed in range(10):
        item = draw_item(kind, subject, Draw(seed, "order"), ())
        _, *lines = dict(item.parameters)["lines"].split(" ")[::-1]
        deltas = sum(name.startswith("delta") for name in lines)
        said = [printed(mark.text) for mark in item.parts[0].scheme]
        assert ("forward lines" in said[0]) == (len(lines) - deltas - 1 > 1)
        assert ("every δ" in said[1]) == ("the δ in order" in said[2]) == (deltas > 1)


@pytest.mark.parametrize("kind", ["order_steps", "prove", "find_error"])
def test_the_slope_of_relu_is_explained(kind: str) -> None:
    for item in all_of(kind, "relu-rnn"):
        assert "derivative of relu is written step" in str(item.stem)


SLOPED = ("adjoint", "bptt_scalar", "carry_gradient", "find_error", "flow_bound", "flow_threshold",
          "forget_bias", "gate_gradient", "gradient_sum", "jacobian", "order_steps", "prove_bound",
          "prove_path")  # fmt: skip


@pytest.mark.parametrize("kind", SLOPED)
def test_who_needs_its_slope_is_told_which_function_is_meant_by_sigma(kind: str) -> None:
    sloped = load_kind(kind)
    told = set[bool]()
    for subject in sloped.subjects(["elman-output", "gru", "logistic-rnn", "lstm", "vanilla"])[:20]:
        said = str(draw_item(sloped, subject, Draw(1, "sigma"), ()).stem)
        told.add("σ is the logistic function." in said)
        assert ("σ is the logistic function." in said) == ("sigmoid(" in said)
    assert True in told


PATHS = {
    ("gru", "h", "h"): 4, ("lstm", "h", "h"): 4, ("lstm", "c", "h"): 3, ("ugrnn", "h", "h"): 3,
    ("lstm-coupled", "h", "h"): 3, ("lstm-1997", "c", "h"): 2, ("lstm-peephole", "c", "c"): 3,
    ("lstm-peephole", "h", "c"): 6, ("lstm-peephole", "h", "h"): 7,
}  # fmt: skip


@pytest.mark.parametrize("cell", sorted({cell for cell, _, _ in PATHS}))
def test_numbers_of_paths_counted_by_hand(cell: str) -> None:
    for item in all_of("name_paths", cell):
        values = dict(item.parameters)
        known = PATHS.get((cell, values["of"], values["from"]))
        response, which = item.parts[0].response, item.parts[1].response
        assert isinstance(response, Numeric)
        assert isinstance(which, Choice)
        assert known is None or int(response.blanks[0].value) == known
        shown = sum(option.correct for option in which.options)
        number = int(response.blanks[0].value)
        assert min(2, number - 1) <= shown < number
    seen = {(cell, dict(i.parameters)["of"], dict(i.parameters)["from"])
            for i in all_of("name_paths", cell)}  # fmt: skip
    assert {key for key in PATHS if key[0] == cell} <= seen


def test_paths_miscounted() -> None:
    found: dict[tuple[str, str], dict[int, str]] = {}
    for item in [*all_of("name_paths", "lstm-1997"), *all_of("name_paths", "gru")]:
        values, response = dict(item.parameters), item.parts[0].response
        assert isinstance(response, Numeric)
        [blank] = response.blanks
        assert blank.value not in {wrong.value for wrong in blank.wrong}
        found[values["model"], values["of"]] = {int(w.value): printed(w.why) for w in blank.wrong}
    assert found["lstm-1997", "c"] == {
        1: "Of the equations that read hₜ₋₁, those of c̃ₜ and iₜ lead on to cₜ.",
        3: "oₜ reads hₜ₋₁, but no path goes on from it to cₜ.",
    }
    assert found["gru", "h"] == {
        1: "hₜ₋₁ is read by the equations of hₜ, h̃ₜ, zₜ and rₜ.",
        3: "A path may pass more than one array: hₜ₋₁ → rₜ → h̃ₜ → hₜ.",
    }


def _arrows(option: Option) -> list[tuple[str, str]]:
    return list(pairwise(printed(option.content).split(" → ")))


@pytest.mark.parametrize("cell", ["lstm", "lstm-coupled", "lstm-projection"])
def test_false_paths_have_different_faults_and_all_are_named(cell: str) -> None:
    """One of them leaves an array out: it is a true path but for that."""
    kind = load_kind("name_paths")
    subjects = kind.subjects([cell])
    for item in (draw_item(kind, s, Draw(k, "q"), ()) for s in subjects for k in range(9)):
        values = dict(item.parameters)
        if values["of"] != values["from"] or values["of"] == "c":
            continue  # an arrow may be real though no path of these has it
        listing, which = item.parts[0].solution[1], item.parts[1].response
        assert isinstance(listing, Listing)
        assert isinstance(which, Choice)
        true = [printed(path).split(" → ") for path in listing.items]
        real = {arrow for path in true for arrow in pairwise(path)}
        wrong = [option for option in which.options if not option.correct]
        faults = [{arrow for arrow in _arrows(o) if arrow not in real} for o in wrong]
        assert sum(map(len, faults)) == len({arrow for fault in faults for arrow in fault}), values
        for option, fault in zip(wrong, faults, strict=True):
            why = printed(option.why)
            assert why.count("does not read") == len(fault)
            assert all(f"of {reader} does not read {read}" in why for read, reader in fault)
        shorter = [path[:i] + path[i + 1 :] for path in true for i in range(1, len(path) - 1)]
        assert any(printed(option.content).split(" → ") in shorter for option in wrong)


def test_the_reset_gate_alone_reaches_no_new_state() -> None:
    item, *_ = all_of("name_paths", "gru")
    response = item.parts[1].response
    assert isinstance(response, Choice)
    right_ones = {"".join(map(str, o.content)) for o in response.options if o.correct}
    wrong = {"".join(map(str, o.content)) for o in response.options if not o.correct}
    real = {"h[t-1] → h[t]", "h[t-1] → z[t] → h[t]", "h[t-1] → g[t] → h[t]",
            "h[t-1] → r[t] → g[t] → h[t]"}  # fmt: skip
    assert right_ones <= real
    assert not wrong & real


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_shapes_of_gradients(cell: str) -> None:
    looked = 0
    for item in all_of("gradient_shape", cell):
        values = dict(item.parameters)
        n, d = values["n"], values["d"]
        wanted = {"dW": f"{n}×{d}", "dU": f"{n}×{n}", "db": f"{n}×1"}.get(values["line"][:2])
        [key] = [o.content for o in item.options if o.correct]
        if values["of"] == "the line" and wanted:
            looked += 1
            [shown] = key
            assert isinstance(shown, Relation)
            assert "×".join(str(side) for side in shown.sides) == wanted
            assert "; here" not in str(item.stem)  # no δ stands in the question
    assert looked > 6


def test_orientations_in_a_net_written_here() -> None:
    for item in all_of("orientation", "vanilla"):
        values = dict(item.parameters)
        [key] = [node_in(o.content) for o in item.options if o.correct]
        if values["line"] == "delta_h":
            total = value("vanilla", key) + net("vanilla")[0]["Delta", 2]
            assert np.allclose(total, true("vanilla", _delta("h")), atol=1e-7)
        if values["line"] in ("dU", "dW"):
            total = sum(value("vanilla", key, t) for t in range(1, T + 1))
            assert np.allclose(total, net("vanilla")[1][values["line"][1:]], atol=1e-7)


@pytest.mark.parametrize("cell", ["lstm-peephole", "vanilla"])
def test_every_gradient_in_the_key_of_an_orientation_is_named(cell: str) -> None:
    for item in all_of("orientation", cell):
        shown = (*item.stem, *item.parts[0].solution)
        named = " ".join(printed(b.content) for b in shown if isinstance(b, Paragraph))
        [key] = [b for b in item.parts[0].solution if isinstance(b, Equations)]
        read = node_in([key.lines[0].rhs]).atoms(Array)
        adjoints = {text(a).rstrip("ₜ₊₁") for a in read if a.family.role == "adjoint"}
        assert all(f"{name}ₜ = ∂L" in named for name in adjoints), adjoints
        assert ("Δₜ is the gradient" in named) == ("Δₜ" in map(text, read))


def _delta(name: str) -> Array:
    [step] = derive(build_system(read_model("vanilla"))).find(f"delta_{name}")
    return step.target


def test_the_rubric_holds_every_term() -> None:
    for item in all_of("prove", "gru"):
        [shown] = [b for b in item.stem if isinstance(b, Equations)][-1:]
        part = item.parts[0]
        assert isinstance(part.response, Open)
        said = "; ".join(" ".join(map(str, mark.text)) for mark in part.scheme)
        [line] = shown.lines
        assert isinstance(line.rhs, Node)
        body = line.rhs.body if isinstance(line.rhs, Sigma) else line.rhs
        named = {a.name for a in body.atoms(Array) if a.family.role == "adjoint"}
        assert all(name in said for name in named), said
        assert sum(m.points for m in part.scheme) == part.marks == item.marks


@pytest.mark.parametrize("kind", ["prove", "write_gradient"])
def test_bars_are_explained_where_a_scheme_first_has_one(kind: str) -> None:
    for item in all_of(kind, "gru"):
        said = [printed(mark.text) for mark in item.parts[0].scheme]
        quoting = [text_ for text_ in said if "y = " in text_]
        explained = [text_ for text_ in said if "a bar is short for ∂L/∂" in text_]
        assert explained == quoting[:1]
        if kind == "prove":
            assert "may be quoted" in printed_stem(item)


def test_no_proof_is_asked_of_a_line_that_only_adds_up() -> None:
    assert not [i for i in all_of("prove", "lstm") if dict(i.parameters)["line"].startswith("db")]


def test_an_adjoint_is_not_to_be_written_in_terms_of_itself() -> None:
    for item in all_of("write_gradient", "lstm"):
        line = dict(item.parameters)["line"]
        assert (f"the δ above (not {line.replace('delta', 'δ')[:2]}" in printed_stem(item)) == (
            line.startswith("delta")
        )


def test_columns_of_one_length_do_have_a_product_entry_by_entry() -> None:
    for item in all_of("orientation", "vanilla"):
        said = str(item.parts[0].response)
        assert ("at best" in said) == (dict(item.parameters)["line"] == "dW")


def test_a_proof_says_what_it_needs_and_no_more() -> None:
    for item in all_of("prove", "mingru"):
        said = printed_stem(item)
        line = dict(item.parameters)["line"]
        assert ("is the gradient that reaches" in said) == (line == "delta_h")
        assert ("before the last" in said) == (line == "delta_h")
        assert "Initial states" not in said
        assert any(mark.points == 2 for mark in item.parts[0].scheme) == (line == "delta_z")


def test_every_size_is_introduced() -> None:
    for item in all_of("find_error", "jordan"):
        assert "yₜ has p entries, hₜ has n entries" in printed_stem(item)


def printed_stem(item: Item) -> str:
    return " ".join(printed(b.content) for b in item.stem if isinstance(b, Paragraph))


# Misconceptions, guards


SHOWN = {
    "missing_term": {"wrong step", "transpose missing", "factor forgotten"},
    "find_error": {"one path missing", "wrong step", "derivative forgotten", "factor forgotten",
                   "outer product turned round", "transpose missing",
                   "1 − z and z swapped", "value for derivative"},
    "gradient_shape": {"transposed", "sizes taken for each other", "inner product"},
    "orientation": {"outer product turned round", "inner product", "⊙ for the outer product",
                    "transpose missing", "factors exchanged", "row for column"},
}  # fmt: skip


def several(kind: str, cell: str) -> list[Item]:
    if kind != "find_error":
        return all_of(kind, cell, 90)
    subject, *_ = load_kind(kind).subjects([cell])
    return [draw_item(load_kind(kind), subject, Draw(seed, "q"), ()) for seed in range(80)]


@pytest.mark.parametrize("kind", SHOWN)
def test_every_misconception_is_shown(kind: str) -> None:
    seen: set[str] = set()
    for item in (*several(kind, "lstm"), *several(kind, "gru")):
        choices = [p.response for p in item.parts if isinstance(p.response, Choice)]
        seen |= {*item.tags, *(o.misconception for c in choices for o in c.options)}
    assert SHOWN[kind] <= seen


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_may_ask_about_any_shipped_cell(kind: str) -> None:
    for cell in ("gru-reset-after", "lem", "slstm"):
        for item in items(kind, cell, 1):
            assert guard.check(item) == ()


TANGLED = "\n".join(
    f'{name}{i} = "tanh(W_{name}{i} @ x[t] + p{i - 1}{at} * q{i - 1}{at})"'
    for i in range(1, 14)
    for name in "pq"
    for at in ["[t]" if i > 1 else "[t-1]"]
)
"""Equations with 2¹³ paths through one step."""


@pytest.mark.parametrize("kind", ["name_paths", "flow_scale", "forget_bias", "flow_threshold",
                                  "path_count", "truncation_reach"])  # fmt: skip
def test_a_cell_of_too_many_paths_is_no_subject(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "tangled.toml"
    text_ = TANGLED.replace("p0", "h").replace("q0", "h")
    states = '[states]\nh = "n"\n[equations]\n'
    file.write_text(
        f'title = "Tangled"\nsource = "nobody"\n{states}{text_}\nh = "p13[t] * q13[t]"\n'
    )
    found = load_kind(kind).subjects([str(file)])
    assert bool(found) == (kind == "truncation_reach")


def _half(*_: object) -> float:
    return 0.5


def _zero(*_: object) -> float:
    return 0.0


@pytest.mark.parametrize("kind", ["find_error", "missing_term", "orientation", "prove",
                                  "write_gradient"])  # fmt: skip
def test_a_key_that_is_not_the_gradient_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a rule that gives too much, every line is off, and no item is let pass."""
    item = items(kind, "gru", 4)[0]
    monkeypatch.setattr(derivation_lines, "error", _half)
    with pytest.raises(guard.Unfair, match="is off by"):
        load_kind(kind).make(item.parameters)


@pytest.mark.parametrize("kind", ["missing_term", "find_error"])
def test_a_wrong_answer_that_is_right_is_refused(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = items(kind, "gru", 4)[0]
    module = __import__(f"rnnsym.quiz.kinds.{kind}", fromlist=["KIND"])
    for where in (derivation_lines, module):
        if hasattr(where, "error"):
            monkeypatch.setattr(where, "error", _zero)
    with pytest.raises(guard.Unfair, match=r"is the gradient too|right all the same"):
        load_kind(kind).make(item.parameters)


def test_two_biases_have_equal_gradients_but_in_the_reset_candidate() -> None:
    for item in all_of("two_biases", "gru") + all_of("two_biases", "lstm"):
        values = dict(item.parameters)
        [key] = [o.content[0] for p in item.parts if isinstance(p.response, Choice)
                 for o in p.response.options if o.correct]  # fmt: skip
        model = read_model(values["model"], convention="pytorch")
        for part in item.parts[:1]:
            assert isinstance(part.response, FormulaAnswer)
            answer = source(node_in(part.response.answer[2:]))
            assert audit(derive(build_system(model)), part.response.wrt, answer).kind == "equal"
        candidate = values["model"] == "gru" and values["second"] == "db_hn"
        wanted = "They differ, for different factors" if candidate else "They are equal, whatever"
        assert str(key).startswith(wanted)
    assert len(all_of("two_biases", "gru")) == 3


def test_the_biases_each_have_their_own_reasons() -> None:
    for item in all_of("two_biases", "gru") + all_of("two_biases", "lstm"):
        compared = item.parts[1].response
        assert isinstance(compared, Choice)
        assert len({printed(option.why) for option in compared.options}) == 4


def test_the_slope_of_a_relu_is_named_before_it_is_used() -> None:
    for item in all_of("find_error", "relu-rnn"):
        assert "derivative of relu is written step" in str(item.stem)
    for item in all_of("find_error", "vanilla"):
        assert "relu" not in str(item.stem)
