"""A model as the source of a module, for each target."""

import re

from rnnsym.code.numpy_source import numpy_source
from rnnsym.code.pytorch_source import pytorch_source
from rnnsym.derive import derive
from rnnsym.equations import Model
from rnnsym.errors import one_of
from rnnsym.system import build_system

__all__ = ["TARGETS", "file_name", "module_source"]

TARGETS = {"numpy": numpy_source, "pytorch": pytorch_source}


def module_source(model: Model, target: str = "numpy") -> str:
    """Return the source of a self-contained module: forward, backward, loss and check.

    Raises:
        InputError: an unknown target, or a depth L without its number.

    >>> from rnnsym.system import read_model
    >>> "def lstm_forward(" in module_source(read_model("lstm"))
    True
    """
    write = TARGETS[one_of("target", target, TARGETS)]
    return write(derive(build_system(model, final_gradients=True)))


def file_name(model: Model, target: str) -> str:
    """Return the name of the file: a Python identifier, so that it can be imported.

    >>> from rnnsym.system import read_model
    >>> file_name(read_model("bi(mgu)*2"), "numpy")
    'bi_mgu_2_numpy.py'
    """
    slug = re.sub(r"[^0-9A-Za-z]+", "_", str(model)).strip("_").lower()
    return f"{slug}_{target}.py" if slug[:1].isalpha() else f"model_{slug}_{target}.py"
