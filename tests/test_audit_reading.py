"""What the judge reads: every notation and all that is printed, and the values that it gives."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnsym.audit
from rnnsym.api import model
from rnnsym.audit import audit
from rnnsym.audit.evaluate import evaluate
from rnnsym.audit.notation import parse
from rnnsym.audit.points import point
from rnnsym.audit.reading import Reading
from rnnsym.audit.symbols import Symbols
from rnnsym.cell import cell_names
from rnnsym.equations import CONVENTIONS
from rnnsym.errors import InputError
from rnnsym.expr import Array, Node, latex, normal, source, text
from rnnsym.sheet.layout import in_layout
from tests.audits import derived, judged, lines, program_values, relative
from tests.strategies import samples

README = Path(rnnsym.audit.__file__).with_name("README.md")
SHAPES = ("{}", "bi({})*2", "{}*L", "{}, dense:3")
STACKS = (
    ("bi(lstm)*2, dense:3", "last"),
    ("gru*L", "last"),
    ("gru*L, dense:3", "every"),
    ("embedding:7:4, bi(gru,sum)*3, dense:5", "last"),
    ("bi(lstm)*L, gru", "every"),
)


# Reading


def _rows() -> list[list[str]]:
    table = README.read_text(encoding="utf-8").split("**Layers and directions**")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ")]
    return [found for row in rows if (found := re.findall(r"`([^`]+)`", row))]


@pytest.mark.parametrize("examples", _rows(), ids=lambda row: row[0])
def test_every_notation_of_the_table_is_read(examples: list[str]) -> None:
    derivation = derived("lstm")
    line = derivation.find("delta_c")[0].target
    at = point(derivation, 1).at(l=0, t=2)
    values = [
        evaluate(Reading(Symbols(derivation), line, e).expression(parse(e)[1]), at)
        for e in examples
    ]
    for example, value in zip(examples, values, strict=True):
        assert relative(value, values[0]) < 1e-30, example


def test_the_table_is_long_enough() -> None:
    assert len(_rows()) >= 15


PRINTERS = {"source": source, "text": text, "latex": latex}


@pytest.mark.parametrize("printer", PRINTERS.values(), ids=PRINTERS)
@pytest.mark.parametrize(
    ("convention", "cell"), [(c, x) for c in CONVENTIONS for x in cell_names(c)]
)
def test_every_line_is_equal_as_it_is_printed(
    convention: str, cell: str, printer: Callable[[Node], str]
) -> None:
    """Forward equations, adjoints and gradients, left-hand side included, in their own layout."""
    derivation = model(cell, convention).derive()
    pairs = [(e.lhs, e.rhs) for e in derivation.system.equations]
    pairs += [(step.target, step.value()) for step in derivation.steps]
    for pair in pairs:
        formula = " = ".join(printer(side) for side in in_layout(pair, convention))
        assert audit(derivation, None, formula).kind == "equal", formula


@pytest.mark.parametrize("printer", PRINTERS.values(), ids=PRINTERS)
@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize(("network", "place"), STACKS)
def test_every_line_of_a_stack_is_equal(
    network: str, place: str, convention: str, printer: Callable[[Node], str]
) -> None:
    derivation = model(network, convention, loss="squared", loss_at=place).derive()
    for pair in lines(derivation):
        formula = " = ".join(printer(side) for side in in_layout(pair, convention))
        assert audit(derivation, None, formula).kind == "equal", formula


def test_every_line_of_two_stacks_is_equal() -> None:
    """ℓ runs over the layers of one of them, whichever makes sense."""
    derivation = derived("bi(mgu)*2, dense:2, gru*2")
    for lhs, line in lines(derivation):
        assert audit(derivation, None, f"{text(lhs)} = {text(line)}").kind == "equal", text(line)
    assert judged("lstm*2, gru*2", "h[l,t]", "(1 - z) ⊙ h[l,t-1] + g") == "different"
    with pytest.raises(InputError, match="unknown symbol 'q'"):
        judged("lstm*2, gru*2", "U_f", "q")


@pytest.mark.parametrize(
    ("convention", "wrt", "formula", "kind", "said"),
    [
        ("d2l", "W_xr", "Σ_t X^T δ_R", "equal", "∂L/∂W_xr = Σₜ Xₜᵀ δ_Rₜ   (d×n)"),
        ("d2l", "W_xr", "Σ_t δ_R^T X", "transposed", "is n×d, dL/dW_xr is d×n"),
        (
            "d2l",
            "W_xr",
            "Σ_t δ_R X^T",
            "shape",
            "delta_R[t] (1×n) and X[t].T (d×1) have no product",
        ),
        ("d2l", "W_hr", "Σ_t H_t^T δ_R", "different", "It is Hₜ₋₁ that belongs there"),
        ("d2l", None, "R = σ(X W_xr + H_prev W_hr + b_r)", "equal", "Rₜ = σ(Xₜ W_xr"),
        ("d2l", None, "dL/dX = δ_R W_xr^T + δ_Z W_xz^T + δ_G W_xh^T", "equal", "∂L/∂Xₜ"),
        ("onnx", "R_r", "Σ_t δ_r^T H_{t-1}", "equal", "(n×n)"),
        ("onnx", "R_r", "Σ_t H_{t-1}^T δ_r", "transposed", "∂L/∂R_r = Σₜ Hₜ₋₁ᵀ δ_rₜ   (n×n)"),
        ("onnx", "W_r", "Σ_t X^T δ_r", "transposed", "is d×n, dL/dW_r is n×d"),
    ],
)
def test_rows_are_read_as_rows(
    convention: str, wrt: str | None, formula: str, kind: str, said: str
) -> None:
    verdict = model("gru", convention).audit(formula, wrt)
    assert verdict.kind == kind
    assert said in "\n".join(verdict.lines())


@pytest.mark.parametrize("cell", cell_names("textbook"))
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_printed_is_read(cell: str, shape: str) -> None:
    derivation = derived(shape.format(cell))
    symbols = Symbols(derivation)
    for lhs, line in lines(derivation):
        for printer in PRINTERS.values():
            written = printer(line)
            found = Reading(symbols, lhs, written).expression(parse(written)[1])
            assert source(found) == source(line) or normal(found) == normal(line), written


# Values


@pytest.mark.parametrize("cell", cell_names("textbook"))
@pytest.mark.parametrize("shape", SHAPES)
def test_points_agree_with_the_program(cell: str, shape: str) -> None:
    derivation = derived(shape.format(cell))
    at, values = point(derivation, 1), program_values(derivation, 1)
    compared = 0
    for (family, layer, step), value in at.known.items():
        name = family.name + (f"_{family.direction}" if family.direction else "")
        if family.role == "gradient":
            continue
        where = tuple(i for i in (layer, step) if i is not None)
        found: Any = values[name]
        found = found[where[0] if len(where) == 1 else where] if where else found
        assert np.max(np.abs(found - value.astype(float))) < 1e-12, name
        compared += 1
    assert compared > 15


def test_a_rule_for_every_node() -> None:
    here = point(derived("vanilla"), 1).at(l=0, t=1)
    for kind, node in samples().items():
        known = dict(here.known)
        for array in node.atoms(Array):
            rows, cols = here.shape(array)
            value = np.full((rows, cols), here.context.mpf(1) / 2, object)
            times = range(1, 5) if array.time is not None else [None]
            known |= {(array.family, None, time): value for time in times}
        found = evaluate(node, replace(here, known=known))
        assert found is not None, kind
        assert found.shape == here.shape(node), kind


def test_an_unknown_node_is_named() -> None:
    class Strange(Node):
        pass

    with pytest.raises(TypeError, match="Strange"):
        evaluate(Strange(), point(derived("vanilla"), 1))
