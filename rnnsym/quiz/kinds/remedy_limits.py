"""Of which remedy is this the limit?"""

from rnnsym.quiz.derivation_matching import matching_kind

__all__ = ["KIND"]

KIND = matching_kind(
    "remedy_limits",
    "No remedy cures everything: each sentence tells the limit of one. Of which? Use each at most "
    "once; two are left over.",
    lambda remedy: remedy.limits,
    lambda remedy, limit: f"{limit} {remedy.does} {remedy.because}",
)
