"""Papers in the formats of other programs: one module for each, each with ``export``."""

import importlib
import pkgutil
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rnnsym.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from rnnsym.document import Style
    from rnnsym.quiz.paper import Paper

__all__ = ["Exported", "PaperExporter", "paper_exporter", "paper_formats"]


@record
class Exported:
    """The files of a paper in one format, and what the format could not carry, a line each."""

    files: dict[str, bytes]
    losses: tuple[str, ...] = ()


STYLED = "html"
"""The only format whose look is not left to another program."""

PaperExporter: TypeAlias = "Callable[[Paper], Exported]"


@cache
def paper_formats() -> tuple[str, ...]:
    """Return the formats' names, from the file names alone; helpers start with an underscore."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def paper_exporter(name: str, style: "Style | None" = None) -> PaperExporter:
    """Return the exporter of one of ``paper_formats``; a page is set in ``style``, if given."""
    exporter: Any = importlib.import_module(f"{__name__}.{name}").export
    return partial(exporter, style=style) if name == STYLED and style else exporter
