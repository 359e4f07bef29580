"""Which of four statements about one thing is true?"""

from rnnsym.quiz.claim_choices import choice_among_claims

__all__ = ["KIND"]

KIND = choice_among_claims("concept_choice", key=True)
