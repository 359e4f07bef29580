"""rnnsym derives, checks and prints backpropagation through time for recurrent networks.

>>> import rnnsym
>>> rnnsym.model("lstm").count().to_json()["formula"]
'4*(n*d + n**2 + n)'
"""

from typing import TYPE_CHECKING, Any

from rnnsym.version import VERSION

if TYPE_CHECKING:
    from rnnsym.api import Model, cells, generate_quiz, model, write
    from rnnsym.errors import InputError, RnnsymError
    from rnnsym.expr import equal, explicit, latex

__all__ = [
    "InputError",
    "Model",
    "RnnsymError",
    "__version__",
    "cells",
    "equal",
    "explicit",
    "generate_quiz",
    "latex",
    "model",
    "write",
]

__version__ = VERSION
_HOMES = {
    "rnnsym.api": ("Model", "cells", "generate_quiz", "model", "write"),
    "rnnsym.errors": ("InputError", "RnnsymError"),
    "rnnsym.expr": ("equal", "explicit", "latex"),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: SymPy takes half a second to import."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'rnnsym' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
