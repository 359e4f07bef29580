"""Cells: named vector equations of one step, read from a file, their shapes inferred."""

import re
from functools import cache
from pathlib import Path

from rnnsym.cell_equations import Cell, CellEquation
from rnnsym.cell_file import MAX_EQUATIONS, CellFile, read_cell_file
from rnnsym.convention import FOLDER as CONVENTIONS
from rnnsym.convention import TEXTBOOK
from rnnsym.equation_nodes import build_expression
from rnnsym.equation_text import Tree, names_used, parameters_used, parse_equation
from rnnsym.errors import InputError, nearest, one_of
from rnnsym.expr import (
    TIME,
    Array,
    Family,
    Integer,
    Map,
    Node,
    Tuple,
    apply,
    arrays_in,
    rebuild,
    size,
)
from rnnsym.sizing import Sizing

__all__ = ["Cell", "CellEquation", "cell_names", "load_cell", "read_cell"]

FOLDER = Path(__file__).parent / "cells"


def cell_names(convention: str = "textbook") -> list[str]:
    """Return the names of the shipped cells, from the file names alone."""
    return list(_names(convention))


@cache
def _names(convention: str) -> tuple[str, ...]:
    found = (p.stem for p in _folder(convention).glob("*.toml"))
    return tuple(sorted(name for name in found if name != "convention"))


def _folder(convention: str) -> Path:
    return FOLDER if convention == TEXTBOOK else CONVENTIONS / convention


def is_path(name: str) -> bool:
    """Tell whether a cell is named by a file rather than by its name."""
    return name.endswith(".toml") or "/" in name or "\\" in name


@cache
def _shipped(name: str, convention: str) -> Cell:
    return read_cell(_folder(convention) / f"{name}.toml")


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
    """Return the cell of one cell file.

    Raises:
        InputError: names the cell, the file, and the line or equation at fault.
    """
    return _Reader(read_cell_file(path)).cell()


class _Reader:
    """A cell file on its way to a Cell: parsed, ordered, sized and built."""

    def __init__(self, file: CellFile) -> None:
        self.file = file
        self.trees: dict[str, Tree] = {}
        for name, text in file.sources.items():
            with file.at(name):
                self.trees[name] = parse_equation(text)
        used = {name for tree in self.trees.values() for name in parameters_used(tree)}
        for name in (*file.scalars, *file.constants):
            if name not in used:
                hint = nearest(name, used)
                raise file.fail(f"'{name}' is declared, but stands in no equation{hint}")
        self.order = self._ordered({n: names_used(tree) for n, tree in self.trees.items()})
        self.sizing = Sizing(set(file.sources), file.scalars, file.constants)
        for name, size_name in {"x": "d", **file.sizes, **file.states}.items():
            self.sizing.declare(name, size_name)
        for name, tree in self.trees.items():
            with file.at(name):
                self.sizing.equation(name, tree)
        self.taken = set(self.sizing.names)

    def cell(self) -> Cell:
        """Return the cell."""
        file = self.file
        arrays = {name: self._array(name) for name in self.sizing.names}
        written: dict[str, Node] = {}
        for name, tree in self.trees.items():
            with file.at(name):
                written[name] = build_expression(tree, arrays, self.sizing)
        equations = [e for name in self.order for e in self._named(name, written[name])]
        appearing = (a for rhs in written.values() for a in arrays_in(rhs) if a.time is None)
        return Cell(
            name=file.name,
            title=file.entry("title", file.name),
            source=file.entry("source"),
            equations=tuple(equations),
            written={name: written[name] for name in self.order},
            states=tuple(arrays[s] for s in file.states),
            output=arrays[file.output],
            parameters=tuple(dict.fromkeys(appearing)),
            constraint=file.entry("constraint"),
            pack=file.entries("pack"),
            domain=file.entries("domain"),
            textbook=file.entries("textbook"),
        )

    def _ordered(self, used: dict[str, set[tuple[str, int]]]) -> list[str]:
        """Order equations so that each is computed after those it reads, else as in the file."""
        needs: dict[str, set[str]] = {}
        for name, uses in used.items():
            with self.file.at(name):
                for variable, shift in sorted(uses):
                    self._check_use(variable, shift)
            needs[name] = {v for v, shift in uses if shift == 0 and v in used}
        done: list[str] = []
        while len(done) < len(needs):
            ready = [n for n in needs if n not in done and needs[n] <= set(done)]
            if not ready:
                loop = " → ".join(_cycle({n: needs[n] for n in needs if n not in done}))
                raise self.file.fail(f"the equations of one step form a cycle: {loop}")
            done.append(ready[0])
        return done

    def _check_use(self, variable: str, shift: int) -> None:
        if variable == "x":
            return
        if variable not in self.trees:
            hint = nearest(variable, [*self.trees, "x"])
            raise InputError(f"'{variable}[t]' is never defined{hint}")
        if shift == -1 and variable not in self.file.states:
            raise InputError(f"'{variable}[t-1]' is read, but [states] lacks it")

    def _array(self, name: str) -> Array:
        timed = name in self.trees or name == "x"
        if not timed:
            self._check_parameter(name)
        shape = self.sizing.shape_of(name)
        if shape is None:
            kind = "variable" if timed else "parameter"
            raise self.file.fail(
                f"the shape of {kind} '{name}' is not determined", self._reader_of(name)
            )
        rows, cols = (Integer(1) if s == "1" else size(s) for s in shape)
        family = Family(name, self.file.label(name))
        return Array(family, Tuple(rows, cols), None, TIME if timed else None)

    def _reader_of(self, name: str) -> str:
        """Return the first equation in which a name stands."""
        texts = self.file.sources.items()
        return next(n for n, text in texts if re.search(rf"\b{re.escape(name)}\b", text))

    def _check_parameter(self, name: str) -> None:
        self.file.check_name(name)
        if name[0] == "d" and name[1:] in self.sizing.names:
            raise self.file.fail(f"'{name}' would be taken for the gradient of '{name[1:]}'")
        if name.endswith("_0") and name[:-2] in self.file.states:
            raise self.file.fail(f"'{name}' would be taken for the initial '{name[:-2]}'")

    def _named(self, name: str, rhs: Node) -> list[CellEquation]:
        """Split an equation at its elementwise functions, naming what they are applied to."""
        inner: list[CellEquation] = []
        lhs = Array(Family(name, self.file.label(name)), rhs.shape, None, TIME)
        pure = isinstance(rhs, Map) and not isinstance(rhs.arg, Array)
        fused = pure and name not in self.file.states

        def visit(node: Node) -> Node:
            node = rebuild(node, tuple(visit(c) for c in node.children))
            if not isinstance(node, Map) or isinstance(node.arg, Array):
                return node
            family, adjoint = self._preactivation(name, fused)
            self.taken.add(family.name)
            array = Array(family, node.arg.shape, None, TIME)
            inner.append(CellEquation(array, node.arg, adjoint, fused=False, purpose=""))
            return apply(node.name, array)

        outer = visit(rhs)
        purpose = str(self.file.entries("purpose").get(name, ""))
        return [*inner, CellEquation(lhs, outer, (name, self.file.label(name)), fused, purpose)]

    def _preactivation(self, name: str, fused: bool) -> tuple[Family, tuple[str, str]]:
        if fused:
            family = Family(f"a_{name}", f"a_{{{self.file.label(name)}}}")
            if family.name not in self.taken:
                return family, (name, self.file.label(name))
        for fresh in ("a", f"a_{name}", *(f"a_{name}{k}" for k in range(2, MAX_EQUATIONS))):
            if fresh not in self.taken:
                base, _, sub = fresh.partition("_")
                label = f"{base}_{{{sub}}}" if sub else base
                return Family(fresh, label), (fresh, label)
        raise self.file.fail("too many functions in one equation", name)


def _cycle(needs: dict[str, set[str]]) -> list[str]:
    path = [next(iter(needs))]
    while True:
        following = next(n for n in sorted(needs[path[-1]]) if n in needs)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
