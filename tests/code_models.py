"""Models whose code is emitted and run, and their modules."""

from functools import cache
from typing import Any

from rnnsym.cell import cell_names
from rnnsym.code.module import module_source
from rnnsym.system import read_model

SHAPES = (
    "{0}",
    "{0}*2",
    "bi({0})",
    "bi({0})*2",
    "embedding:6:4, {0}, dense:3:tanh, {0}, dense:2:softmax",
)
# Cells of different make are tested in every arrangement, the others alone.
VARIED = (
    *("vanilla", "gru", "gru-reset-after", "lstm", "lstm-peephole", "lstm-projection"),
    *("mgu", "jordan", "fastgrnn", "slstm", "antisymmetric", "qrnn"),
)
GRID = [(c, s) for c in cell_names() for s in (SHAPES if c in VARIED else SHAPES[:1])]


@cache
def source_of(text: str, target: str = "numpy") -> str:
    return module_source(read_model(text), target)


def loaded(text: str, **options: Any) -> dict[str, Any]:
    """Return the names of a model's module."""
    namespace: dict[str, Any] = {"__name__": "emitted"}
    source = module_source(read_model(text, **options)) if options else source_of(text)
    exec(compile(source, "emitted.py", "exec"), namespace)
    return namespace
