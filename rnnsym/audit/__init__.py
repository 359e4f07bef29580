"""A judge for formulas: what somebody derived by hand against what the derivation gives."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnsym.audit.judge import audit
    from rnnsym.audit.verdict import Counterexample, Mistake, Verdict

__all__ = ["Counterexample", "Mistake", "Verdict", "audit"]


def __getattr__(name: str) -> Any:
    """Load the judge when it is first asked: sheets and quizzes use the misconceptions alone."""
    from importlib import import_module

    if name in __all__:
        home = "judge" if name == "audit" else "verdict"
        return getattr(import_module(f"rnnsym.audit.{home}"), name)
    raise AttributeError(f"module 'rnnsym.audit' has no attribute '{name}'")
