"""Jupyter notebooks (nbformat 4.5): the text of a sheet, and cells that build, derive, check, plot.

What a notebook runs is what printed the sheet: the same models, by name and options.
"""

import json
from collections.abc import Iterator
from typing import Any

from rnnsym.blocks import Block, Heading
from rnnsym.document import PLAIN, Document, Question, Style
from rnnsym.equations import Model
from rnnsym.export.markdown import document_markdown, opening_markdown
from rnnsym.flow.measure import MAX_UNITS
from rnnsym.system import build_system
from rnnsym.version import VERSION

__all__ = ["export_notebook"]

# How the decay of gradients is measured: lags, and units and layers where they are symbols.
LAGS, UNITS, LAYERS = 20, 16, 2
DEFAULTS = Model(layers=())


def export_notebook(document: Document, _style: Style = PLAIN, /) -> dict[str, bytes]:
    """Return a document as one ``.ipynb`` file.

    Its cells need rnnsym; the last ones of each model matplotlib (``rnnsym[plot]``) and IPython.
    """
    cells = [*_cells(document)]
    notebook = {
        "cells": [{"id": f"cell-{i}", **cell} for i, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "rnnsym": VERSION,
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    text = json.dumps(notebook, indent=1, ensure_ascii=False, allow_nan=False)
    return {f"{document.name}.ipynb": f"{text}\n".encode()}


def _cells(document: Document) -> Iterator[dict[str, Any]]:
    yield _text(opening_markdown(document))
    names = _names(document.models)
    if names:
        built = (f"{name} = {_built(model)}" for name, model in names.items())
        yield _code("\n".join(["import rnnsym", "", *built]))
    for section in _sections(document.blocks):
        yield _text(document_markdown(document, section))
    for name, model in names.items():
        yield from _runs(name, model)


def _names(models: tuple[Model, ...]) -> dict[str, Model]:
    """Return the models by the variables that hold them."""
    if len(models) == 1:
        return {"model": models[0]}
    return {f"model_{i}": model for i, model in enumerate(models, 1)}


def _built(model: Model, **sizes: int) -> str:
    """Return the call that builds a model, with numbers for sizes that have none."""
    given = [repr(str(model))]
    for name in ("convention", "loss", "loss_at", "bias"):
        value = getattr(model, name)
        if value != getattr(DEFAULTS, name):
            given.append(f"{name}={value!r}")
    given += [f"{name}={value}" for name, value in (*model.sizes, *sizes.items())]
    return f"rnnsym.model({', '.join(given)})"


def _runs(name: str, model: Model) -> Iterator[dict[str, Any]]:
    """Yield what can be run of a model: its equations, derivation, check and decay."""
    yield _text(f"## Run it: {str(model).replace('*', chr(92) + '*')}")
    yield _code(f"{name}  # its equations")
    yield _code(f"for step in {name}.derive().steps:\n    print(step.key, '=', step.value())")
    yield _code(
        f"report = {name}.check()\n"
        f"assert report.passed\n"
        f"f'largest relative error {{report.max_relative_error:.0e}}'"
    )
    system = build_system(model)
    if max(system.bound.values(), default=0) <= MAX_UNITS:
        free = [size for size in system.size_names if size not in system.bound]
        sizes = dict.fromkeys(free, UNITS) | ({"L": LAYERS} if system.symbolic_depth else {})
        yield _code(
            "from IPython.display import SVG\n\n"
            "from rnnsym.export.plot import plot_decay\n"
            "from rnnsym.flow.measure import Setting, measure\n\n"
            f"measured = {_built(model, **sizes)}\n"
            f"SVG(plot_decay([measure(measured.system, Setting(lags={LAGS}))], 'svg'))"
        )


def _sections(blocks: tuple[Block | Question, ...]) -> Iterator[tuple[Block | Question, ...]]:
    """Yield the blocks from heading to heading."""
    section: list[Block | Question] = []
    for block in blocks:
        if isinstance(block, Heading) and section:
            yield tuple(section)
            section = []
        section.append(block)
    if section:
        yield tuple(section)


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def _code(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }
