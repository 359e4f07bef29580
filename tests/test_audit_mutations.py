"""The judge on every shipped cell: no wrong line accepted, no right one refused."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from rnnsym.audit import audit
from rnnsym.audit.slips import MISCONCEPTIONS, Row
from rnnsym.cell import cell_names
from rnnsym.derivation import Derivation
from rnnsym.errors import InputError
from rnnsym.expr import TIME, Array, Node, source
from tests.audits import derived, gradients, lines, program_value, relative
from tests.mutants import exchanged, mutants
from tests.rewritings import REWRITINGS

CELLS = cell_names("textbook")
SEEDS = (1, 2, 3)
STEPS = 4


def _same_numbers(derivation: Derivation, lhs: Array, line: Node, mutant: Node) -> bool:
    """Compare in float64, with the generated program: nothing of the judge's is used."""
    times = range(1, STEPS + 1) if lhs.time is not None and lhs.time.has(TIME) else [1]
    return all(
        relative(*(program_value(derivation, seed, node, time) for node in (mutant, line))) < 1e-9
        for seed in SEEDS
        for time in times
    )


def _has_no_value(derivation: Derivation, lhs: Array, mutant: Node) -> bool:
    """Tell whether a mutant divides by zero or the like: then nobody can say."""
    times = range(1, STEPS + 1) if lhs.time is not None and lhs.time.has(TIME) else [1]
    values = (program_value(derivation, seed, mutant, time) for seed in SEEDS for time in times)
    return not all(np.isfinite(value).all() for value in values)


def _others(derivation: Derivation) -> list[Array]:
    arrays = [e.lhs for e in derivation.system.equations]
    arrays += [s.target for s in derivation.adjoints]
    return arrays + [w.array for w in derivation.system.weights]


def _kind(derivation: Derivation, formula: str) -> str:
    try:
        return audit(derivation, None, formula, explain=False).kind
    except InputError as error:
        return "refused" if "itself" in str(error) else str(error)


@dataclass
class Score:
    """Mutants caught, by operator, and those that are equal as mathematics."""

    caught: Counter[str] = field(default_factory=Counter[str])
    equal: list[str] = field(default_factory=list[str])

    def print(self) -> None:
        total = self.caught.total()
        print(f"\nmutation score of the judge: {total} of {total} caught (100 %)")
        print(", ".join(f"{operator} {number}" for operator, number in sorted(self.caught.items())))
        print(f"{len(self.equal)} mutants are equal as mathematics:", *self.equal, sep="\n  ")


@pytest.fixture(scope="module")
def score(pytestconfig: pytest.Config) -> Iterator[Score]:
    """Return one score for all cells, printed after the last of them."""
    found = Score()
    yield found
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        found.print()


@pytest.mark.parametrize("cell", CELLS)
def test_every_mutant_is_caught(cell: str, score: Score) -> None:
    derivation = derived(cell)
    for lhs, line in lines(derivation):
        found = [*mutants(lhs, line), *exchanged(lhs, line, _others(derivation))]
        for operator, mutant in found:
            formula = f"{source(lhs)} = {source(mutant)}"
            kind = _kind(derivation, formula)
            if kind == "equal":
                assert _same_numbers(derivation, lhs, line, mutant), f"{operator}: {formula}"
                score.equal.append(f"{cell}: {formula} ({operator})")
            elif kind == "undecided":
                assert _has_no_value(derivation, lhs, mutant), formula
            else:
                assert kind in {"different", "transposed", "refused"}, f"{formula}: {kind}"
                score.caught[operator] += 1


@pytest.mark.parametrize("cell", CELLS)
def test_no_misconception_is_accepted(cell: str) -> None:
    derivation = derived(cell)
    for step in derivation.steps:
        line = step.value()
        for misconception in MISCONCEPTIONS:
            for row, _ in misconception.apply(Row(step, line))[:1]:
                formula = f"{source(step.target)} = {source(row.value)}"
                kind = _kind(derivation, formula)
                if kind == "equal":
                    same = _same_numbers(derivation, step.target, line, row.value)
                    assert same, f"{misconception.name}: {formula}"
                else:
                    assert kind in {"different", "shape", "transposed", "refused"}, formula


@pytest.mark.parametrize("cell", CELLS)
def test_rewritings_of_every_gradient_are_accepted(cell: str) -> None:
    derivation = derived(cell)
    assert len(REWRITINGS) >= 20
    for step in gradients(derivation):
        line = step.value()
        for name, rewriting in REWRITINGS:
            formula = source(rewriting(line, derivation))
            verdict = audit(derivation, source(step.target), formula, explain=False)
            assert verdict.kind == "equal", f"{name}: {source(step.target)} = {formula}"


@pytest.mark.parametrize("cell", CELLS)
def test_gates_renamed(cell: str) -> None:
    derivation = derived(cell)
    gates = [e.lhs for e in derivation.system.equations if e.fused]
    aliases = {f"gate{chr(ord('A') + k)}": gate.name for k, gate in enumerate(gates)}
    back = {old: new for new, old in aliases.items()}
    for step in gradients(derivation):
        formula = source(step.value())
        for gate in gates:
            formula = re.sub(rf"\b(delta_)?{gate.name}\[", rf"\g<1>{back[gate.name]}[", formula)
        assert audit(derivation, source(step.target), formula, aliases).kind == "equal"
