"""Which remedy is for this symptom?"""

from rnnsym.quiz.derivation_matching import matching_kind

__all__ = ["KIND"]

KIND = matching_kind(
    "remedy",
    "Which remedy is made for which symptom? Use each at most once; two are left over.",
    lambda remedy: remedy.symptoms,
    lambda remedy, symptom: f"{symptom} {remedy.does}",
)
