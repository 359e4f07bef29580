"""Of which remedy is this the limit?"""

from rnnsym.quiz.derivation_matching import matching_kind

__all__ = ["KIND"]

KIND = matching_kind(
    "remedy_limits",
    "No remedy cures everything. Write the remedy of which each sentence is true. Use each at most "
    "once; two are left over.",
    lambda remedy: remedy.limits,
    lambda remedy, limit: f"{limit} What it is made for: {remedy.symptoms[0]}",
)
