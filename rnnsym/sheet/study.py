"""A model as sheets use it: derived, and never printed before its check has passed."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from rnnsym.count import Count, count
from rnnsym.derivation import Derivation
from rnnsym.derive import derive
from rnnsym.equations import Model, System
from rnnsym.errors import RnnsymError
from rnnsym.jacobian import ChainJacobians, jacobians
from rnnsym.numeric.check import CheckReport, check_derivation
from rnnsym.sheet.lines import Numbering
from rnnsym.system import build_system, read_model

__all__ = ["CheckError", "Study", "studied", "study"]


class CheckError(RnnsymError):
    """A sheet is never printed of a derivation that its check refutes."""

    exit_code = 1


@dataclass(frozen=True)
class Study:
    """A model whose derivation has passed its check.

    Attributes:
        report: what the check found, on random numbers.
    """

    derivation: Derivation
    report: CheckReport

    @property
    def system(self) -> System:
        """The model's index equations."""
        return self.derivation.system

    @cached_property
    def numbers(self) -> Numbering:
        """The numbers of its equations, from 1, and of the rules they cite."""
        return Numbering(self.derivation)

    @cached_property
    def count(self) -> Count:
        """Its parameters."""
        return count(self.system)

    @cached_property
    def chains(self) -> tuple[ChainJacobians, ...]:
        """The Jacobians of its chains."""
        return jacobians(self.system)


def study(
    text: str,
    convention: str = "textbook",
    *,
    loss: str = "free",
    loss_at: str = "every",
    **sizes: int,
) -> Study:
    """Return a model by its text, derived and checked; the same text is checked once in a run.

    Raises:
        CheckError: its derivation fails the check.
    """
    return studied(read_model(text, convention=convention, loss=loss, loss_at=loss_at, sizes=sizes))


def studied(model: Model) -> Study:
    """Return a model, derived and checked.

    Raises:
        CheckError: its derivation fails the check.
    """
    return _studied(build_system(model), build_system(model, final_gradients=True))


@lru_cache(maxsize=64)
def _studied(system: System, checked: System) -> Study:
    report = check_derivation(derive(checked))
    if not report.passed:
        raise CheckError(
            f"'{system.model}' fails its check ({report.max_relative_error:.1e}): no sheet is made"
        )
    return Study(derive(system), report)
