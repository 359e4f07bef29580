"""A cell file as text: read safely, its entries and names checked, every error with its place."""

import keyword
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from rnnsym.errors import InputError, nearest
from rnnsym.expr import ACTIVATIONS, LABEL_COMMANDS, Constant
from rnnsym.texts import parse_toml, read_text

__all__ = ["MAX_EQUATIONS", "CellFile", "read_cell_file"]

MAX_BYTES = 64 * 1024
MAX_EQUATIONS = 64
MAX_NUMBER = 10**9
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}(_[A-Za-z0-9]{1,15})?")
LABEL = re.compile(r"([A-Za-z0-9{}_^,' ]|\\[A-Za-z]+){1,60}")
# Indices, and what generated programs and the cell language call something else.
_OWN = "x t l T L B np env target softmax rows concat diag max"
RESERVED = frozenset([*_OWN.split(), *ACTIVATIONS, *keyword.kwlist])
# What models call their indices, widths and the sizes of layers that are no cells.
TAKEN_SIZES = frozenset({"d", "t", "l", "T", "L", "B", "m", "q", "V", "e"})
TABLES = (
    "states",
    "equations",
    "constants",
    "latex",
    "purpose",
    "sizes",
    "pack",
    "domain",
    "textbook",
)
TEXTS = ("title", "source", "constraint", "output")
KEYS = (*TABLES, *TEXTS, "scalars")
DOMAINS = ("real", "positive")


def read_cell_file(path: Path) -> "CellFile":
    """Read one cell file (the format is described in ``rnnsym/cells/README.md``).

    Raises:
        InputError: names the cell, the file, and the line at fault.
    """
    if not path.exists():
        others = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise InputError(f"no cell file {path}{nearest(path.name, others)}")
    text = read_text("cell file", path, MAX_BYTES)
    return CellFile(path, text, parse_toml(f"cell '{path.stem}' ({path.name})", text))


class CellFile:
    """The tables of one cell file; every error says where in the file.

    Attributes:
        name: the cell's name.
        sources: the equations as text, by the name of what they define.
        states: the name of each state's size.
        sizes: the name of the size of any other variable that declares one.
        scalars: the trained parameters that are one number each.
        constants: the numbers that have a name and are not trained.
    """

    def __init__(self, path: Path, text: str, table: dict[str, Any]) -> None:
        self.path, self.text, self.table = path, text, table
        self.name = path.stem
        self._check_tables()
        self.sources: dict[str, str] = table["equations"]
        self.states: dict[str, str] = table["states"]
        self.sizes: dict[str, str] = table.get("sizes", {})
        self.scalars: tuple[str, ...] = self._scalars()
        self.constants = {k: self._constant(k, v) for k, v in self.entries("constants").items()}
        self._check_names()
        self._check_labels()

    def entry(self, key: str, default: str = "") -> str:
        """Return the text of a top-level entry."""
        return str(self.table.get(key, default))

    def entries(self, key: str) -> Mapping[str, Any]:
        """Return a table, empty where the file has none."""
        found: Mapping[str, Any] = self.table.get(key, {})
        return found

    @property
    def output(self) -> str:
        """The name of the output: the first state unless the file says otherwise."""
        return self.entry("output", next(iter(self.states)))

    def label(self, name: str) -> str:
        """The LaTeX of a name: the file's, or the name with braces round its subscript."""
        base, _, sub = name.partition("_")
        return str(self.entries("latex").get(name, f"{base}_{{{sub}}}" if sub else base))

    def fail(self, problem: str, equation: str = "") -> InputError:
        """Return the error with its place: equation, cell, file and line."""
        lines = self.text.splitlines()
        wanted = re.compile(rf'\s*"?{re.escape(equation)}"?\s*=')
        start = next((i for i, line in enumerate(lines) if line.strip() == "[equations]"), 0)
        places = [i + 1 for i, line in enumerate(lines) if i >= start and wanted.match(line)]
        line = f", line {places[0]}" if equation and places else ""
        where = f"in equation {equation} of cell" if equation else "in cell"
        return InputError(f"{problem}, {where} '{self.name}' ({self.path.name}{line})")

    @contextmanager
    def at(self, equation: str) -> Generator[None]:
        """Add the place to the errors of what is done with one equation."""
        try:
            yield
        except InputError as error:
            raise self.fail(str(error), equation) from None

    def _check_tables(self) -> None:
        for key in self.table:
            if key not in KEYS:
                raise self.fail(f"unknown entry '{_cut(key)}'{nearest(key, KEYS)}")
        for key in TABLES:
            if not isinstance(self.table.get(key, {}), dict):
                raise self.fail(f"'{key}' must be a table, written [{key}]")
            for name, value in (
                self.entries(key).items() if key not in ("pack", "constants") else ()
            ):
                if not isinstance(value, str):
                    raise self.fail(
                        f"{key}.{_cut(name)} must be a text in quotes, not {_cut(repr(value))}"
                    )
        for key in TEXTS:
            if not isinstance(self.table.get(key, ""), str):
                raise self.fail(f"{key} must be a text in quotes")
        for key in ("equations", "states"):
            if not self.entries(key):
                raise self.fail(f"the table [{key}] is missing or empty")

    def _scalars(self) -> tuple[str, ...]:
        names: Any = self.table.get("scalars", [])
        if not isinstance(names, list) or any(not isinstance(n, str) for n in _items(names)):
            raise self.fail("scalars must be a list of names in quotes")
        return tuple(_items(names))

    def _constant(self, name: str, value: Any) -> Constant:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not abs(value) <= MAX_NUMBER:
            given = _cut(repr(value))
            raise self.fail(
                f"constants.{_cut(name)} must be a number of at most {MAX_NUMBER:,}, not {given}"
            )
        return Constant(name, self.label(name), Fraction(str(value)))

    def _check_names(self) -> None:
        if len(self.sources) > MAX_EQUATIONS:
            raise self.fail(f"{len(self.sources)} equations; at most {MAX_EQUATIONS} are read")
        for name in (*self.sources, *self.states, *self.scalars, *self.constants):
            self.check_name(name)
        for name in (*self.scalars, *self.constants):
            if name in self.sources:
                raise self.fail(
                    f"'{name}' has an equation, so it is neither a scalar nor a constant"
                )
        for size_name in (*self.states.values(), *self.sizes.values()):
            if not NAME.fullmatch(size_name) or size_name in TAKEN_SIZES:
                raise self.fail(f"'{_cut(size_name)}' cannot be used as a size")
        for key in ("states", "sizes", "purpose", "domain"):
            for name in self.entries(key):
                self.check_defined(name, f"[{key}] names '{_cut(name)}', which")
        self.check_defined(self.output, f"the output '{_cut(self.output)}'")

    def check_name(self, name: str) -> None:
        """Refuse a name that an array cannot have; delta_f and Delta are names of adjoints."""
        adjoint = name.lower().startswith("delta")
        if not NAME.fullmatch(name) or name in RESERVED or adjoint:
            raise self.fail(f"'{_cut(name)}' cannot be used as a name")

    def check_defined(self, name: str, what: str) -> None:
        """Refuse a name that no equation defines."""
        if name not in self.sources:
            raise self.fail(f"{what} has no equation{nearest(name, self.sources)}")

    def _check_labels(self) -> None:
        """Only letters, accents and subscripts: a label goes into LaTeX as it stands."""
        for name, label in self.entries("latex").items():
            commands = set(re.findall(r"\\([A-Za-z]+)", label))
            balanced = label.count("{") == label.count("}")
            if not LABEL.fullmatch(label) or not balanced or commands - LABEL_COMMANDS:
                raise self.fail(f"the LaTeX {_cut(label)!r} of '{_cut(name)}' is not a symbol")
        for name, domain in self.entries("domain").items():
            if domain not in DOMAINS:
                known = ", ".join(DOMAINS)
                raise self.fail(f"unknown domain '{_cut(domain)}' of '{name}' (known: {known})")


def _items(names: Any) -> list[Any]:
    return [*names]


def _cut(text: str) -> str:
    """Return what was given, short enough for one line."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:60]}…"
