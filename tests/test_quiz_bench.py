"""What the bench of quizzes times: items that are drawn, and processes that end well."""

from pathlib import Path

import pytest

from rnnsym.quiz.registry import load_kind
from tests.bench.quiz import rate_of, run


def test_a_rate_lies_between_those_of_the_batches() -> None:
    rate = rate_of(load_kind("clip_value"))
    assert rate is not None
    middle, (slowest, fastest) = rate
    assert 0 < slowest <= middle <= fastest


def test_a_kind_that_runs_out_has_no_rate() -> None:
    assert rate_of(load_kind("two_biases")) is None


def test_a_run_writes_its_papers_and_reports_what_it_took(tmp_path: Path) -> None:
    cpu, seconds, peak = run(tmp_path, "-n", "2", "--kind", "clip_value", "--format", "json")
    assert cpu > 0
    assert seconds > 0
    assert peak > 10
    assert list((tmp_path / "out").glob("*.json"))


def test_a_run_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with 2"):
        run(tmp_path, "--kind", "no_such_kind")
