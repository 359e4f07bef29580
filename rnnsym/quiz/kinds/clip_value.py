"""A gradient clipped by value, in numbers."""

from rnnsym.quiz.backward_clip import BY_VALUE, clip_kind

__all__ = ["KIND"]

KIND = clip_kind(BY_VALUE)
