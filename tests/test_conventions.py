"""Conventions: their list, what tells them apart, and counts side by side."""

import json
import math
from pathlib import Path

import pytest

from rnnsym.cell import cell_names, load_cell
from rnnsym.convention import convention_names, read_convention
from rnnsym.count import count
from rnnsym.derive import derive
from rnnsym.export.text import TEXT
from rnnsym.numeric.check import TOLERANCE, check_derivation
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.sheet.conventions import conventions_document, conventions_json, forms, traits
from rnnsym.system import build_system, read_model
from tests.packed import FRAMEWORKS, SHAPES, system_of
from tests.terminal import call


def test_the_folder_is_the_list() -> None:
    assert convention_names() == ("textbook", "d2l", "flax", "keras", "onnx", "pytorch")
    for name in convention_names():
        convention = read_convention(name)
        assert convention.product in ("W x", "x W", "x W.T")
        for cell, others in convention.variants.items():
            assert {cell, *others} <= set(cell_names(name))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("convention", "name"), FRAMEWORKS)
def test_every_cell_passes_its_check(convention: str, name: str, shape: str) -> None:
    model = read_model(shape.format(name), convention=convention)
    report = check_derivation(derive(build_system(model, final_gradients=True)))
    assert report.max_relative_error <= TOLERANCE


def test_an_unknown_convention_or_cell_says_what_there_is(tmp_path: Path) -> None:
    lacks = "keras has no cell 'gru-reset-after' (it has: gru, gru-reset-before, lstm"
    for cell, convention, message in (
        ("gru", "kears", "unknown convention 'kears'; did you mean 'keras'?"),
        ("gru-reset-after", "keras", lacks),
        ("grux", "onnx", "unknown cell 'grux'; did you mean 'gru'?"),
    ):
        outcome = call("derive", cell, "--convention", convention, folder=tmp_path)
        assert outcome.returncode == 2
        assert message in outcome.stderr
        assert outcome.stderr.count("\n") == 1


def test_a_gru_from_4_to_5_has_150_155_or_165_parameters() -> None:
    found = {
        (name, form): count(system_of(form, name)).total
        for name, form in forms("gru")
        if form is not None
    }
    assert found == {
        ("textbook", "gru"): 150,
        ("textbook", "gru-reset-after"): 155,
        ("d2l", "gru"): 150,
        ("flax", "gru"): 155,
        ("keras", "gru"): 165,
        ("keras", "gru-reset-before"): 150,
        ("onnx", "gru"): 165,
        ("onnx", "gru-linear-before-reset"): 165,
        ("pytorch", "gru"): 165,
    }
    for (name, form), total in found.items():
        shapes = parameter_shapes(system_of(form, name))
        assert sum(map(math.prod, shapes.values())) == total


TRAITS = {
    ("textbook", "gru"): ("before", "z", False, 3),
    ("textbook", "gru-reset-after"): ("after", "z", False, 4),
    ("d2l", "gru"): ("before", "Z", True, 3),
    ("pytorch", "gru"): ("after", "z", True, 6),
    ("keras", "gru"): ("after", "z", True, 6),
    ("keras", "gru-reset-before"): ("before", "z", True, 3),
    ("onnx", "gru"): ("before", "z", True, 6),
    ("onnx", "gru-linear-before-reset"): ("after", "z", True, 6),
    ("flax", "gru"): ("after", "z", True, 4),
    ("textbook", "lstm"): ("", "f", True, 4),
    ("pytorch", "lstm"): ("", "f", True, 8),
    ("textbook", "vanilla"): ("", None, False, 1),
}


@pytest.mark.parametrize(("convention", "name"), TRAITS)
def test_traits_are_read_from_the_equations(convention: str, name: str) -> None:
    found = traits(load_cell(name, convention))
    gate = None if found.gate is None else found.gate.name
    assert (found.reset, gate, found.keeps, found.biases) == TRAITS[convention, name]


def test_the_table_of_all_conventions(tmp_path: Path) -> None:
    systems = [(c, None if f is None else system_of(f, c)) for c, f in forms("gru")]
    printed = TEXT.document(conventions_document("gru", systems))
    assert "pytorch gru" in printed
    assert "z replaces" in printed
    assert max(map(len, printed.splitlines())) <= 80
    rows = conventions_json("gru", systems)["conventions"]
    assert [r["total"] for r in rows] == [150, 155, 150, 155, 165, 150, 165, 165, 165]
    options = ("--convention", "all", "--set", "d=4", "--set", "n=5", "--format", "json")
    outcome = call("params", "gru", *options, folder=tmp_path)
    assert json.loads(outcome.stdout)["conventions"] == rows


def test_a_convention_without_the_cell_is_a_row_that_says_so(tmp_path: Path) -> None:
    outcome = call("params", "mgu", "--convention", "all", folder=tmp_path)
    assert outcome.returncode == 0
    assert "pytorch has no such cell" in outcome.stdout
    outcome = call("params", "mgx", "--convention", "all", folder=tmp_path)
    assert outcome.returncode == 2
    assert "unknown cell 'mgx'; did you mean 'mgu'?" in outcome.stderr
