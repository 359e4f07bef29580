"""A judge for formulas: what somebody derived by hand against what the derivation gives."""

from rnnsym.audit.judge import audit
from rnnsym.audit.verdict import Counterexample, Mistake, Verdict

__all__ = ["Counterexample", "Mistake", "Verdict", "audit"]
