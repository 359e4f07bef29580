"""Families: what all arrays of one name share, whatever their layer and time."""

from functools import cached_property

from rnnsym.expr._sympy import Str
from rnnsym.expr.interned import Interned

__all__ = ["Family"]


class Family(Interned):
    """What arrays of one name have in common: name, printed label, direction and role.

    ``direction`` is "" or "fwd" / "bwd" in a bidirectional layer. ``role`` is "value", "adjoint"
    (∂L/∂ of what the label names, printed δ), "gradient" (printed ∂L/∂…), or "number" (the name
    holds the entries: see ``literal``).
    """

    def __new__(
        cls, name: Str | str, label: Str | str, direction: Str | str = "", role: Str | str = "value"
    ) -> "Family":
        """Take texts, or SymPy's own, as ``func(*args)`` hands them over."""
        texts = (a if isinstance(a, Str) else Str(a) for a in (name, label, direction, role))
        return super().__new__(cls, *texts)

    @cached_property
    def name(self) -> str:
        """The name, as in a cell file."""
        return str(self.args[0].name)

    @cached_property
    def label(self) -> str:
        """The name in LaTeX, as ``base`` or ``base_subscript``."""
        return str(self.args[1].name)

    @cached_property
    def direction(self) -> str:
        """Which chain of a bidirectional layer."""
        return str(self.args[2].name)

    @cached_property
    def role(self) -> str:
        """Whether this is a value, an adjoint or a gradient."""
        return str(self.args[3].name)
