"""Cells as data: read a cell file, parse its equations safely, infer every shape by unification."""

import keyword
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from rnnsym.equation_text import Sizing, build_expression, names_used, parse_equation
from rnnsym.errors import InputError, nearest, one_of
from rnnsym.expr import (
    ACTIVATIONS,
    TIME,
    Array,
    Family,
    Integer,
    Map,
    Node,
    Plus,
    Tuple,
    apply,
    plus,
    rebuild,
    size,
)

__all__ = ["Cell", "CellEquation", "cell_names", "load_cell", "read_cell"]

FOLDER = Path(__file__).parent / "cells"
CONVENTIONS = Path(__file__).parent / "conventions"
MAX_BYTES = 64 * 1024
MAX_EQUATIONS = 64
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}(_[A-Za-z0-9]{1,15})?")
RESERVED = frozenset(
    {
        "x",
        "t",
        "l",
        "T",
        "L",
        "B",
        "np",
        "env",
        "target",
        "softmax",
        "rows",
        "concat",
        "diag",
        *ACTIVATIONS,
        *keyword.kwlist,
    }
)
TABLES = frozenset({"states", "equations", "latex", "purpose", "sizes", "pack", "domain"})
TEXTS = frozenset({"title", "source", "output"})


@dataclass(frozen=True, slots=True)
class CellEquation:
    """One equation of one step: a gate, a state, or a pre-activation named on the way.

    Attributes:
        lhs: the array defined, at time t.
        rhs: its value.
        adjoint: name and LaTeX label of its adjoint's subject ("f" for the pre-activation a_f).
        fused: whether this is y = f(a) with a named and y no state, so that ∂L/∂y is written
            inside the adjoint of a and nowhere else.
        purpose: one line on what the equation is for.
    """

    lhs: Array
    rhs: Node
    adjoint: tuple[str, str]
    fused: bool
    purpose: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A recurrent cell: named vector equations of one time step.

    Attributes:
        equations: in an order in which they can be computed, pre-activations named.
        written: the equations as the file writes them, by name.
        states: the arrays carried from step to step, at time t.
        output: what the next layer and the loss see.
        parameters: in order of appearance.
        pack: for a framework's cell, how its packed arrays are made of the parameters.
        domain: states whose initial value is restricted, e.g. ``{"s": "positive"}``.
    """

    name: str
    title: str
    source: str
    equations: tuple[CellEquation, ...]
    written: Mapping[str, Node]
    states: tuple[Array, ...]
    output: Array
    parameters: tuple[Array, ...]
    pack: Mapping[str, Any] = field(default_factory=dict)
    domain: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.equations))

    @property
    def size_names(self) -> tuple[str, ...]:
        """The symbolic sizes besides the input's d, in order of appearance."""
        arrays = (*self.states, *(e.lhs for e in self.equations), *self.parameters)
        found = (str(s) for a in arrays for s in a.shape if s.is_Symbol)
        return tuple(dict.fromkeys(name for name in found if name != "d"))

    @property
    def biases(self) -> tuple[Array, ...]:
        """The parameter vectors that are only ever added."""
        added = [c for e in self.equations for c in _added(e.rhs)]
        uses = [a for e in self.equations for a in _arrays(e.rhs)]
        return tuple(p for p in self.parameters if added.count(p) == uses.count(p) > 0)

    def without_biases(self) -> "Cell":
        """Return the cell with every bias vector left out."""
        gone = frozenset(self.biases)
        return replace(
            self,
            equations=tuple(replace(e, rhs=_without(e.rhs, gone)) for e in self.equations),
            written={name: _without(rhs, gone) for name, rhs in self.written.items()},
            parameters=tuple(p for p in self.parameters if p not in gone),
            pack={k: v for k, v in self.pack.items() if not k.startswith("bias")},
        )


def _arrays(node: Node) -> list[Array]:
    if isinstance(node, Array):
        return [node]
    return [a for c in node.children for a in _arrays(c)]


def _added(node: Node) -> list[Node]:
    own = list(node.children) if isinstance(node, Plus) else []
    return own + [a for c in node.children for a in _added(c)]


def _without(node: Node, gone: frozenset[Array]) -> Node:
    if isinstance(node, Plus):
        return plus(*(_without(c, gone) for c in node.children if c not in gone))
    return rebuild(node, tuple(_without(c, gone) for c in node.children))


def cell_names(convention: str = "textbook") -> list[str]:
    """Return the names of the shipped cells, from the file names alone."""
    folder = FOLDER if convention == "textbook" else CONVENTIONS / convention
    return sorted(p.stem for p in folder.glob("*.toml") if p.stem != "convention")


def is_path(name: str) -> bool:
    """Tell whether a cell is named by a file rather than by its name."""
    return name.endswith(".toml") or "/" in name or "\\" in name


def _usable(name: str) -> bool:
    """Tell whether an array may have this name; delta_f and Delta are names of adjoints."""
    adjoint = name.lower().startswith("delta")
    return bool(NAME.fullmatch(name)) and name not in RESERVED and not adjoint


@cache
def _shipped(name: str, convention: str) -> Cell:
    folder = FOLDER if convention == "textbook" else CONVENTIONS / convention
    return read_cell(folder / f"{name}.toml")


def load_cell(name: str, convention: str = "textbook") -> Cell:
    """Return a shipped cell by name, or a user's cell by path.

    Raises:
        InputError: no such cell or file, or a convention that lacks the cell.
    """
    if is_path(name):
        return read_cell(Path(name))
    if convention != "textbook" and name in cell_names() and name not in cell_names(convention):
        has = ", ".join(cell_names(convention))
        raise InputError(f"{convention} has no cell '{name}' (it has: {has})")
    return _shipped(one_of("cell", name, cell_names(convention)), convention)


def read_cell(path: Path) -> Cell:
    """Read one cell file (the format is described in ``rnnsym/cells/README.md``).

    Raises:
        InputError: names the cell, the file, and the line or equation at fault.
    """
    text = _read(path)
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"cell file {path}: {error}") from None
    return _Reader(path, text, table).cell()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"cell file {path} is larger than {MAX_BYTES} bytes")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        others = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise InputError(f"no cell file {path}{nearest(path.name, others)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read cell file {path}: {error}") from None


class _Reader:
    """One cell file on its way to a Cell; every error says where in the file."""

    def __init__(self, path: Path, text: str, table: dict[str, Any]) -> None:
        self.path, self.text, self.table = path, text, table
        self.name = path.stem
        self._check_tables()
        self.sources: dict[str, str] = table["equations"]
        self.states: dict[str, str] = table["states"]
        self._check_names()

    def fail(self, problem: str, equation: str = "") -> InputError:
        """Return the error with its place: equation, cell, file and line."""
        lines = self.text.splitlines()
        wanted = re.compile(rf'\s*"?{re.escape(equation)}"?\s*=')
        start = next((i for i, line in enumerate(lines) if line.strip() == "[equations]"), 0)
        places = [i + 1 for i, line in enumerate(lines) if i >= start and wanted.match(line)]
        line = f", line {places[0]}" if equation and places else ""
        where = f"in equation {equation} of cell" if equation else "in cell"
        return InputError(f"{problem}, {where} '{self.name}' ({self.path.name}{line})")

    def _check_tables(self) -> None:
        for key in self.table:
            if key not in TABLES | TEXTS:
                raise self.fail(f"unknown entry '{key}'{nearest(key, TABLES | TEXTS)}")
        for key in TABLES & set(self.table):
            if not isinstance(self.table[key], dict):
                raise self.fail(f"'{key}' must be a table, written [{key}]")
        for key in ("equations", "states"):
            if not self.table.get(key):
                raise self.fail(f"the table [{key}] is missing or empty")
        for key in TABLES - {"pack"}:
            for name, value in self.table.get(key, {}).items():
                if not isinstance(value, str):
                    raise self.fail(f"{key}.{name} must be a text in quotes, not {value!r}")
        for key in TEXTS & set(self.table):
            if not isinstance(self.table[key], str):
                raise self.fail(f"{key} must be a text in quotes")

    def _check_names(self) -> None:
        if len(self.sources) > MAX_EQUATIONS:
            raise self.fail(f"{len(self.sources)} equations; at most {MAX_EQUATIONS} are read")
        for name in (*self.sources, *self.states):
            if not _usable(name):
                raise self.fail(f"'{name}' cannot be used as a name")
        for size_name in (*self.states.values(), *self.table.get("sizes", {}).values()):
            if not NAME.fullmatch(size_name) or size_name in {"d", "t", "T", "L"}:
                raise self.fail(f"'{size_name}' cannot be used as a size")
        for key in ("states", "sizes", "latex", "purpose", "domain"):
            for name in self.table.get(key, {}):
                known = self.sources if key != "latex" else None
                if known is not None and name not in known:
                    hint = nearest(name, known)
                    raise self.fail(f"[{key}] names '{name}', which has no equation{hint}")
        if self.output_name not in self.sources:
            raise self.fail(f"the output '{self.output_name}' has no equation")

    @property
    def output_name(self) -> str:
        """The name of the output: the first state unless the file says otherwise."""
        return str(self.table.get("output", next(iter(self.states))))

    def label(self, name: str) -> str:
        """The LaTeX of a name: the file's, or the name with braces round its subscript."""
        given = self.table.get("latex", {}).get(name)
        if given is not None:
            return str(given)
        base, _, sub = name.partition("_")
        return f"{base}_{{{sub}}}" if sub else base

    def cell(self) -> Cell:
        """Parse, order, size and build."""
        trees = {name: self._parse(name, text) for name, text in self.sources.items()}
        order = self._ordered({n: names_used(tree) for n, tree in trees.items()})
        sizing = self._sizing()
        for name in self.sources:
            self._guard(name, lambda n=name: sizing.equation(n, trees[n]))
        arrays = {name: self._array(name, sizing) for name in sizing.names}
        written = {
            name: self._guard(name, lambda n=name: build_expression(trees[n], arrays))
            for name in self.sources
        }
        equations = [
            e for name in order for e in self._named(name, written[name], set(sizing.names))
        ]
        appearing = dict.fromkeys(
            a for name in self.sources for a in _arrays(written[name]) if a.time is None
        )
        return Cell(
            name=self.name,
            title=str(self.table.get("title", self.name)),
            source=str(self.table.get("source", "")),
            equations=tuple(equations),
            written={name: written[name] for name in order},
            states=tuple(arrays[s] for s in self.states),
            output=arrays[self.output_name],
            parameters=tuple(appearing),
            pack=self.table.get("pack", {}),
            domain=self.table.get("domain", {}),
        )

    def _guard(self, name: str, action: Any) -> Any:
        try:
            return action()
        except InputError as error:
            raise self.fail(str(error), name) from None

    def _parse(self, name: str, text: str) -> Any:
        return self._guard(name, lambda: parse_equation(text))

    def _ordered(self, used: dict[str, set[tuple[str, int]]]) -> list[str]:
        """Order equations so that each is computed after those it reads, else as in the file."""
        needs: dict[str, set[str]] = {}
        for name, uses in used.items():
            needs[name] = {v for v, shift in uses if shift == 0 and v in self.sources}
            for variable, shift in sorted(uses):
                known = variable in self.sources or variable == "x"
                if not known:
                    hint = nearest(variable, [*self.sources, "x"])
                    raise self.fail(f"'{variable}[t]' is never defined{hint}", name)
                if shift == -1 and variable not in self.states and variable != "x":
                    raise self.fail(f"'{variable}[t-1]' is read, but [states] lacks it", name)
        done: list[str] = []
        while len(done) < len(needs):
            ready = [n for n in needs if n not in done and needs[n] <= set(done)]
            if not ready:
                loop = " → ".join(_cycle({n: needs[n] for n in needs if n not in done}))
                raise self.fail(f"the equations of one step form a cycle: {loop}")
            done.append(ready[0])
        return done

    def _sizing(self) -> Sizing:
        sizing = Sizing(set(self.sources))
        sizing.declare("x", "d")
        for name, size_name in {**self.table.get("sizes", {}), **self.states}.items():
            sizing.declare(name, size_name)
        return sizing

    def _array(self, name: str, sizing: Sizing) -> Array:
        timed = name in self.sources or name == "x"
        shape = sizing.shape_of(name)
        if shape is None:
            kind = "variable" if timed else "parameter"
            where = next(n for n, text in self.sources.items() if re.search(rf"\b{name}\b", text))
            raise self.fail(f"the shape of {kind} '{name}' is not determined", where)
        if not timed and not _usable(name):
            raise self.fail(f"'{name}' cannot be used as a parameter's name")
        if name[0] == "d" and name[1:] in sizing.names:
            raise self.fail(f"'{name}' would be taken for the gradient of '{name[1:]}'")
        rows, cols = (Integer(1) if s == "1" else size(s) for s in shape)
        family = Family(name, self.label(name))
        return Array(family, Tuple(rows, cols), None, TIME if timed else None)

    def _named(self, name: str, rhs: Node, taken: set[str]) -> list[CellEquation]:
        """Split an equation at its elementwise functions, naming what they are applied to."""
        inner: list[CellEquation] = []
        lhs = Array(Family(name, self.label(name)), rhs.shape, None, TIME)
        pure = isinstance(rhs, Map) and not isinstance(rhs.arg, Array)
        fused = pure and name not in self.states

        def visit(node: Node) -> Node:
            node = rebuild(node, tuple(visit(c) for c in node.children))
            if not isinstance(node, Map) or isinstance(node.arg, Array):
                return node
            family, adjoint = self._preactivation(name, fused, taken)
            taken.add(family.name)
            array = Array(family, node.arg.shape, None, TIME)
            inner.append(CellEquation(array, node.arg, adjoint, fused=False, purpose=""))
            return apply(node.name, array)

        outer = visit(rhs)
        purpose = self.table.get("purpose", {}).get(name, "")
        return [*inner, CellEquation(lhs, outer, (name, self.label(name)), fused, purpose)]

    def _preactivation(
        self, name: str, fused: bool, taken: set[str]
    ) -> tuple[Family, tuple[str, str]]:
        if fused:
            family = Family(f"a_{name}", f"a_{{{self.label(name)}}}")
            if family.name not in taken:
                return family, (name, self.label(name))
        for fresh in ("a", f"a_{name}", *(f"a_{name}{k}" for k in range(2, MAX_EQUATIONS))):
            if fresh not in taken:
                base, _, sub = fresh.partition("_")
                label = f"{base}_{{{sub}}}" if sub else base
                return Family(fresh, label), (fresh, label)
        raise self.fail("too many functions in one equation", name)


def _cycle(needs: dict[str, set[str]]) -> list[str]:
    path = [next(iter(needs))]
    while True:
        following = next(n for n in sorted(needs[path[-1]]) if n in needs)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
