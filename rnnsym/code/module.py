"""A model as the source of a module, for each target."""

import re
import textwrap

from rnnsym.code.numpy_source import numpy_source
from rnnsym.code.pytorch_source import pytorch_source
from rnnsym.derive import derive
from rnnsym.equations import Model
from rnnsym.errors import one_of
from rnnsym.system import build_system

__all__ = ["TARGETS", "file_name", "module_source"]

WIDTH = 100
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
    source = write(derive(build_system(model, final_gradients=True)))
    return "\n".join(short for line in source.splitlines() for short in _short(line)) + "\n"


def _short(line: str) -> list[str]:
    """Return a line as lines of at most WIDTH characters."""
    line = line.rstrip()
    if len(line) <= WIDTH:
        return [line]
    indent = line[: len(line) - len(line.lstrip())]
    assigned = re.match(r"( *(?:[\w\[\], .:\"+]+ [-+*]?= |return ))(.*)$", line)
    if line.lstrip().startswith("#"):
        return _wrapped(line.strip(), indent, f"{indent}#     ")
    if assigned is None or assigned[2].endswith("("):
        return _wrapped(line.strip(), indent, f"{indent}    ")
    return [f"{assigned[1]}(", *_wrapped(assigned[2], *[f"{indent}    "] * 2), f"{indent})"]


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH - 2,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )


def file_name(model: Model, target: str) -> str:
    """Return the name of the file: a Python identifier, so that it can be imported.

    >>> from rnnsym.system import read_model
    >>> file_name(read_model("bi(mgu)*2"), "numpy")
    'bi_mgu_2_numpy.py'
    """
    slug = re.sub(r"[^0-9A-Za-z]+", "_", str(model)).strip("_").lower()
    return f"{slug}_{target}.py" if slug[:1].isalpha() else f"model_{slug}_{target}.py"
