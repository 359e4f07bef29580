"""A gradient clipped by norm, in numbers."""

from rnnsym.quiz.backward_clip import BY_NORM, clip_kind

__all__ = ["KIND"]

KIND = clip_kind(BY_NORM)
