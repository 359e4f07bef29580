"""The bank of claims: what is said is so, and what can be computed is computed.

Over 300 lines: whole sections of the bank are checked by the same few helpers.
"""

from collections import Counter
from dataclasses import replace
from statistics import mean
from typing import Any

import numpy as np
import pytest

from rnnsym.errors import InputError
from rnnsym.export.latex_math import prose_latex
from rnnsym.expr import UNICODE, formula_in
from rnnsym.quiz.claim_bank import Claim, Section, load
from rnnsym.quiz.claim_checks import CHECKS, holds
from rnnsym.quiz.claim_items import proof_of
from rnnsym.quiz.claim_text import read_formula, read_prose
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import kind_names, load_kind

SECTIONS = [section for section in load() if section.claims]
CLAIMS = [claim for section in SECTIONS for claim in section.claims]
CHECKED = [claim for claim in CLAIMS if claim.check]
FROM_CLAIMS = ("concept_choice", "concept_exception", "true_false", "choose_all")
KINDS = [name for name in kind_names() if load_kind(name).topic == "concepts"]

# What the course notes treat, and what they leave out and examiners ask; the section that has it.
TREATED = {
    "why deep recurrent architectures": "motivation",
    "the vanilla network's equation": "vanilla",
    "bidirectional networks": "bidirectional",
    "stacked networks": "stacked",
    "gated recurrent unit": "gru",
    "long short-term memory": "lstm",
    "GRU or LSTM, practical guidance, summary table": "guidance",
    "parameter counting": "counts",
    "backpropagation through time": "bptt",
    "vanishing, exploding, clipping, truncation": "flow",
    "conventions of frameworks": "conventions",
    "language models, encoder–decoder, batches of sequences": "use",
}


@pytest.mark.parametrize("claim", CHECKED, ids=lambda claim: claim.id)
def test_what_can_be_computed_is_so(claim: Claim) -> None:
    assert holds(claim.check) == claim.true


def test_the_bank_is_large_and_mostly_computed() -> None:
    assert len(CLAIMS) >= 150
    assert len(CHECKED) >= 100
    assert sum(not claim.true for claim in CHECKED) >= 40
    assert {claim.check[claim.check[0] == "not"] for claim in CHECKED} <= CHECKS.keys()
    assert set(TREATED.values()) == {section.name for section in SECTIONS}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_neither_truth_is_given_away(section: Section) -> None:
    true = [claim for claim in section.claims if claim.true]
    false = [claim for claim in section.claims if not claim.true]
    assert len(section.claims) >= 14
    assert abs(len(true) - len(false)) <= 2
    lengths = [
        mean(len(printed(read_prose(text))) for claim in claims for text in claim.texts)
        for claims in (true, false)
    ]
    assert max(lengths) < 1.2 * min(lengths)


def test_claims_are_worded_with_care() -> None:
    texts = [text for claim in CLAIMS for text in claim.texts]
    assert len(set(texts)) == len(texts)
    for claim in CLAIMS:
        words = " ".join(claim.texts).casefold()
        assert "always" not in words, claim.id
        assert all(text.endswith(".") for text in claim.texts), claim.id
        if claim.source == "course notes" and claim.true and not claim.check:
            assert all("course notes" in text for text in claim.texts), claim.id
        assert claim.why.endswith("."), claim.id


def test_a_true_and_a_false_claim_never_share_a_text() -> None:
    by_text = Counter(printed(read_prose(t)).casefold() for c in CLAIMS for t in c.texts)
    assert max(by_text.values()) == 1


def test_terms_have_definitions_of_their_own() -> None:
    terms = [term for section in load() for term in section.terms]
    texts = Counter(text for term in terms for text in term.texts)
    assert len(terms) >= 25
    assert max(texts.values()) == 1
    for term in terms:
        said = " ".join(term.texts).casefold()
        assert not any(len(name) > 3 and name.casefold() in said for name in term.names), term.id
    for group in {term.group for term in terms}:
        shown = [term.names[0] for term in terms if term.group == group]
        assert len(set(shown)) == len(shown) >= 4


def test_a_term_may_be_written_out() -> None:
    """Who writes "recurrent network" for "RNN" names the same; what is printed fits the stem."""
    for term in (term for section in load() for term in section.terms):
        assert len(term.names[0].split()) <= 3, term.id
        for name in term.names:
            if name.split()[-1] == "RNN":
                for written in ("recurrent network", "recurrent neural network"):
                    assert name.replace("RNN", written) in term.names, term.id


def test_verdicts_are_two_to_two_with_the_key() -> None:
    for section in load():
        for claim in section.claims:
            same = [reason.verdict == claim.true for reason in claim.reasons]
            assert not same or sum(same) == 1, claim.id


# Checks, against numbers worked here

D, N = 3, 4
RANDOM = np.random.default_rng(5)


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def gru(z: float | None, r: float | None) -> tuple[Any, Any, Any]:
    """Return the old state, the candidate and the new state of a GRU whose gates may be set."""
    x, h = RANDOM.normal(size=D), RANDOM.normal(size=N)
    w, u = RANDOM.normal(size=(3, N, D)), RANDOM.normal(size=(3, N, N))
    reset = sigmoid(w[0] @ x + u[0] @ h) if r is None else r
    update = sigmoid(w[1] @ x + u[1] @ h) if z is None else z
    candidate = np.tanh(w[2] @ x + u[2] @ (reset * h))
    return h, candidate, (1 - update) * h + update * candidate


@pytest.mark.parametrize(("z", "kept", "replaced"), [(0.0, True, False), (1.0, False, True)])
def test_an_update_gate_keeps_or_replaces(z: float, kept: bool, replaced: bool) -> None:
    old, candidate, new = gru(z, None)
    assert np.allclose(new, old) == kept == holds(("step", "gru", f"z={z:g}", "h[t] = h[t-1]"))
    found = holds(("step", "gru", f"z={z:g}", "h[t] = g[t]"))
    assert np.allclose(new, candidate) == replaced == found


@pytest.mark.parametrize(
    ("cell", "maps", "extra"),
    [("vanilla", 1, 0), ("gru", 3, 0), ("lstm", 4, 0), ("lstm-coupled", 3, 0),
     ("lstm-peephole", 4, 3)],
)  # fmt: skip
def test_counts_agree_with_formulas_written_by_hand(cell: str, maps: int, extra: int) -> None:
    right = f"{maps}*(n*d + n**2 + n)" + (f" + {extra}*n" if extra else "")
    assert holds(("parameters", cell, right))
    assert holds(("affine_maps", str(maps), cell))
    assert not holds(("parameters", cell, f"{maps}*(n*d + n**2)"))


@pytest.mark.parametrize(("biases", "convention"), [(150, "textbook"), (155, "flax"),
                                                    (165, "pytorch"), (165, "keras")])  # fmt: skip
def test_three_counts_of_one_gru(biases: int, convention: str) -> None:
    vectors = {"textbook": 3, "flax": 4, "pytorch": 6, "keras": 6}[convention]
    assert biases == 3 * (5 * 4 + 5 * 5) + vectors * 5
    assert holds(("parameters_in", convention, "gru", "d=4 n=5", str(biases)))


def test_slopes_and_powers() -> None:
    a = np.linspace(-4, 4, 4001)
    value = sigmoid(a)
    assert abs(np.max(value * (1 - value)) - 0.25) < 1e-6
    assert holds(("steepest", "sigmoid", "1/4"))
    assert holds(("steepest", "tanh", "1"))
    assert not holds(("steepest", "sigmoid", "1"))
    assert holds(("decays_below", "1/2", "50", "1e-15")) == (0.5**50 < 1e-15)
    assert not holds(("decays_below", "1/2", "50", "8e-16"))


@pytest.mark.parametrize(("functions", "written", "gate"), [
    ("", np.tanh, sigmoid), ("g=sigmoid", sigmoid, sigmoid), ("g=sigmoid f=tanh", sigmoid, np.tanh),
])  # fmt: skip
def test_a_cell_that_starts_at_zero_or_above(functions: str, written: Any, gate: Any) -> None:
    old, (f, i, g) = RANDOM.random(200), RANDOM.normal(size=(3, 200))
    new = gate(f) * old + sigmoid(i) * written(g)
    assert holds(("stays_positive", "lstm", "c", functions)) == bool(np.all(new >= 0))


@pytest.mark.parametrize(("text", "value", "right"), [("1/2 1/8", "4", True), ("1/4", "2", False),
                                                      ("1/2 1/2", "4", False)])  # fmt: skip
def test_perplexity_is_one_over_the_geometric_mean(text: str, value: str, right: bool) -> None:
    chances = [chance(word) for word in text.split()]
    assert np.isclose(np.prod(chances) ** (-1 / len(chances)), float(value)) == right
    assert holds(("perplexity", text, value)) == right


def chance(word: str) -> float:
    one, _, other = word.partition("/")
    return int(one) / int(other)


@pytest.mark.parametrize(("temperature", "sharper"), [("1/2", True), ("2", False), ("1", False)])
def test_temperature(temperature: str, sharper: bool) -> None:
    scores = np.array([3.0, 2.0, -1.0])
    given = {"1/2": 0.5}.get(temperature) or float(temperature)
    cold, plain = (np.exp(scores / t) / np.exp(scores / t).sum() for t in (given, 1.0))
    assert bool(cold.max() > plain.max()) == sharper == holds(("sharpens", temperature))


@pytest.mark.parametrize(
    ("then", "best"), [("0.5 0.5 | 0.9 0.1", False), ("0.7 0.3 | 0.9 0.1", True)]
)
def test_the_likeliest_words_are_not_the_likeliest_text(then: str, best: bool) -> None:
    joint = np.array([[0.6], [0.4]]) * np.array([r.split() for r in then.split("|")], float)
    assert bool(joint[0].max() == joint.max()) == best
    assert holds(("greedy_finds_best", "0.6 0.4", then)) == best


@pytest.mark.parametrize("lag", range(-3, 4))
def test_what_an_output_sees(lag: int) -> None:
    assert holds(("output_reads", "vanilla*2", str(lag))) == (lag <= 0)
    assert holds(("output_reads", "bi(gru)", str(lag)))


@pytest.mark.parametrize("lag", range(9))
def test_truncation_cuts_where_the_state_is_detached(lag: int) -> None:
    # Nine steps, detached after the third and the sixth: the last loss reaches steps 7 to 9.
    assert holds(("truncation_cuts", "3", str(lag))) == (9 - lag < 7)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (("stap", "gru", "", ""), "unknown check 'stap'; did you mean 'step'?"),
        (("step", "gru"), "the check 'step' takes cell, settings, equation, not ['gru']"),
        (("step", "gru", "q=0", "h[t] = h[t-1]"), "unknown array of 'gru' 'q'"),
        (("step", "gru", "z", "h[t] = h[t-1]"), "settings are written name=value"),
        (("step", "gru", "z=0", "h[t]"), "'h[t]' is no equation"),
        (("parameters", "gru", "3*sin(n)"), "neither a number nor a size"),
        (("stays_positive", "lstm", "c", "q=tanh"), "unknown array of 'lstm' 'q'"),
        (("stays_positive", "lstm", "c", "g=tahn"), "unknown function 'tahn'; did you mean 'tanh'"),
        (("clipping_keeps", "length", "3 4"), "not by 'length'"),
    ],
)
def test_checks_name_what_is_wrong(check: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError) as found:
        holds(check)
    assert words in str(found.value)


# Texts


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("{h[t] = (1 - z[t]) * h[t-1]}", r"$h_t = (1 - z_t) \odot h_{t-1}$"),
        ("{4*(n*d + n**2 + n)}", "$4(nd + n^{2} + n)$"),
        ("of {h_tilde[t]}", r"of $\tilde{h}_t$"),
        ("{h_bwd[t+1]}", r"$\overleftarrow{h}_{t+1}$"),
        ("{U.T @ delta(a[t])}", r"$U^\top \delta_{a,t}$"),
        ("50 % & more_", r"50 \% \& more\_"),
    ],
)
def test_maths_in_braces(text: str, latex: str) -> None:
    assert prose_latex(read_prose(text)) == latex


def test_counts_keep_their_form() -> None:
    assert formula_in(read_formula("3*(n*d + n**2 + n)"), UNICODE) == "3(nd + n² + n)"


@pytest.mark.parametrize(
    "text",
    [
        "{h[t]",
        "h}",
        "{__import__('os')}",
        "{h[t] = 0 < 1}",
        "{f(}",
        "{__x__[t]}",
        "{ß}",
        "{2.5}",
        "{" + "-" * 5000 + "h[t]}",
        "{h[t].real}",
    ],
)
def test_broken_maths_is_named(text: str) -> None:
    with pytest.raises(InputError):
        read_prose(text)


# A bank of one's own


def test_a_flipped_claim_is_noticed() -> None:
    claim = CHECKED[0]
    assert proof_of([claim]).error == "exact"
    with pytest.raises(InputError, match="its check differs"):
        proof_of([replace(claim, true=not claim.true)])


@pytest.mark.parametrize("kind", KINDS)
def test_cells_select_claims(kind: str) -> None:
    some = load_kind(kind).subjects(["lstm"])
    assert 0 < len(some) <= len(load_kind(kind).subjects(()))
    assert load_kind(kind).subjects(["no-such-cell"]) == []
