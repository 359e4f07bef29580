"""Nets under a framework's convention, and random weights for them."""

from rnnsym.equations import System
from rnnsym.system import build_system, read_model


def system_of(text: str, convention: str = "pytorch", **sizes: int) -> System:
    return build_system(read_model(text, convention=convention, sizes=sizes))
