"""The program: NumPy source generated from the forward equations and the derivation."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from rnnsym.derive import Derivation, Step, Term
from rnnsym.equations import Loop
from rnnsym.expr import (
    LAYER,
    STEPS,
    TIME,
    Array,
    Expr,
    Span,
    source_scalar,
)
from rnnsym.numeric.notation import code, identifier, is_timed, size_code, wide

__all__ = ["Program", "identifier", "program_source", "run"]

Program = Callable[[dict[str, Any]], dict[str, Any]]

_HEADER = """\
import numpy as np


def sigmoid(a):
    return 0.5 * (1.0 + np.tanh(0.5 * a))


def softmax(a):
    e = np.exp(a - a.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)

"""


class _Writer:
    """Lines of Python with their indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 1

    def add(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def loop(self, variable: str, span: Span, order: int = 1) -> None:
        first, last = source_scalar(span.first), source_scalar(span.last)
        if order > 0:
            self.add(f"for {variable} in range({first}, {last} + 1):")
        else:
            self.add(f"for {variable} in range({last}, {first} - 1, -1):")
        self.depth += 1


def program_source(derivation: Derivation) -> str:
    """Return NumPy source of ``run(env)``: forward pass, adjoints and gradients.

    Every array is kept by its indices, ``h[t]``, ``h[l, t]``; its value has one column for every
    sequence of the batch. ``env`` holds weights, inputs, initial states and the arrays the loss
    gives; the result holds every array by name.
    """
    system = derivation.system
    writer = _Writer()
    # Sizes, weights, inputs and initial states: whatever the environment holds.
    for name in ["T", "L", "B", *_size_tables(derivation), *_given(derivation)]:
        writer.add(f"{name} = env[{name!r}]")
    for name in _stores(derivation):
        writer.add(f"{name} = {{}}")
    for block in system.blocks:
        _nested(writer, block.layers if block.cell else None, block.loops, _forward)
    _backward(writer, derivation)
    for step in derivation.weights:
        _weight(writer, step)
    for step in derivation.inputs:
        writer.loop("t", Span(STEPS * 0 + 1, STEPS))
        _assign(writer, step, derivation, _slot(step, "d"))
        writer.depth -= 1
    for step in derivation.initial:
        _initial(writer, step, derivation)
    writer.add("del env")
    writer.add("return locals()")
    return _HEADER + "\ndef run(env):\n" + "\n".join(writer.lines) + "\n"


def _is_layered(span: Span | None, array: Array) -> bool:
    return span is not None and array.layer is not None and array.layer.has(LAYER)


def _given(derivation: Derivation) -> list[str]:
    system = derivation.system
    arrays = [w.array for w in system.weights] + [s.array for s in system.states]
    arrays += [system.input, *(term.given for term in system.loss_terms)]
    return list(dict.fromkeys(identifier(a) for a in arrays))


def _size_tables(derivation: Derivation) -> list[str]:
    system = derivation.system
    names = [n for n in system.size_names if n != "L"] + [w[0] for w in system.widths]
    return [f"{name}_" for name in names]


def _stores(derivation: Derivation) -> list[str]:
    given = set(_given(derivation))
    arrays = [e.lhs for e in derivation.system.equations if _indexed(e.lhs)]
    arrays += [s.target for s in derivation.adjoints if _indexed(s.target)]
    names = [identifier(a) for a in arrays]
    names += [f"d{identifier(s.of)}" for s in derivation.weights if s.of.layer is not None]
    names += [f"d{identifier(s.of)}" for s in derivation.inputs]
    names += [f"d{identifier(s.of)}_0" for s in derivation.initial if s.of.layer is not None]
    return [n for n in dict.fromkeys(names) if n not in given]


def _indexed(array: Array) -> bool:
    return array.layer is not None or array.time is not None


def _nested(
    writer: _Writer,
    layers: Span | None,
    loops: tuple[Loop, ...],
    body: Callable[[_Writer, Loop], None],
) -> None:
    deep = layers is not None and any(
        _is_layered(e.layer, e.lhs) for loop in loops for e in loop.equations
    )
    if deep and layers is not None:
        writer.loop("l", layers)
    for loop in loops:
        body(writer, loop)
    if deep:
        writer.depth -= 1


def _forward(writer: _Writer, loop: Loop) -> None:
    span = next((e.time for e in loop.equations if e.time is not None), None)
    if span is not None:
        _before_the_start(writer, loop, span.first if loop.order > 0 else span.last)
        writer.loop("t", span, loop.order)
    for equation in loop.equations:
        value = code(equation.rhs) if is_timed(equation.rhs) else wide(equation.rhs)
        writer.add(f"{code(equation.lhs)} = {value}")
    if span is not None:
        writer.depth -= 1


def _before_the_start(writer: _Writer, loop: Loop, start: Expr) -> None:
    """An input read at t − 1 is zero before the first step; a state has its initial value there."""
    own = {e.lhs.family for e in loop.equations}
    read = {a for e in loop.equations for a in e.rhs.atoms(Array) if a.family not in own}
    for array in sorted(read, key=lambda a: a.key):
        if array.time is not None and array.time.has(TIME) and array.time != TIME:
            placed = array.xreplace({TIME: start})
            writer.add(f"{code(placed)} = np.zeros(({size_code(placed.shape[0])}, B))")


def _backward(writer: _Writer, derivation: Derivation) -> None:
    """Run the stages of a block together, so that the loop over layers goes round them all."""
    stages = list(derivation.stages)
    while stages:
        block = stages[0].block
        here = [s for s in stages if s.block is block]
        stages = stages[len(here) :]
        deep = any(_is_layered(s.layer, s.target) for stage in here for s in stage.steps)
        if deep and block.layers is not None:
            writer.loop("l", block.layers, -1)
        for stage in here:
            span = next((s.time for s in stage.steps if s.time is not None), None)
            if span is not None:
                writer.loop("t", span, -stage.loop.order)
            for step in stage.steps:
                _assign(writer, step, derivation, code(step.target))
            if span is not None:
                writer.depth -= 1
        if deep:
            writer.depth -= 1


def _conditions(step: Step, term: Term, derivation: Derivation) -> Iterator[str]:
    for name, own, whole in (("l", term.layer, step.layer), ("t", term.time, step.time)):
        if own is None or whole is None:
            continue
        if own.first != whole.first:
            yield f"{name} >= {source_scalar(own.first)}"
        if own.last != whole.last:
            yield f"{name} <= {source_scalar(own.last)}"
    if term.detached and derivation.truncate:
        position = "t" if term.index[1] == TIME + 1 else "T + 1 - t"
        yield f"({position}) % {derivation.truncate} != 0"


def _assign(writer: _Writer, step: Step, derivation: Derivation, slot: str) -> None:
    rows = size_code(step.target.shape[0])
    writer.add(f"total_ = np.zeros(({rows}, B))")
    for term in step.terms:
        conditions = " and ".join(_conditions(step, term, derivation))
        update = f"total_ = total_ + {code(term.value)}"
        writer.add(f"if {conditions}: {update}" if conditions else update)
    factor = "" if step.factor is None else f" * ({code(step.factor)})"
    writer.add(f"{slot} = total_{factor}")


def _slot(step: Step, prefix: str, suffix: str = "") -> str:
    array = step.of
    indices = [source_scalar(i) for i in (array.layer, array.time) if i is not None]
    name = f"{prefix}{identifier(array)}{suffix}"
    return f"{name}[{','.join(indices)}]" if indices else name


def _weight(writer: _Writer, step: Step) -> None:
    deep = _is_layered(step.layer, step.of)
    if deep and step.layer is not None:
        writer.loop("l", step.layer)
    rows, cols = (size_code(s) for s in step.of.shape)
    slot = _slot(step, "d")
    writer.add(f"{slot} = np.zeros(({rows}, {cols}))")
    if step.summed is not None:
        writer.loop("t", step.summed)
    for term in step.terms:
        # A vector's gradient adds up over the batch's columns; an outer product does so itself.
        batch = ".sum(axis=1, keepdims=True)" if step.of.shape[1] == 1 else ""
        value = f"({code(term.value)}){batch}" if batch else code(term.value)
        writer.add(f"{slot} = {slot} + {value}")
    if step.summed is not None:
        writer.depth -= 1
    if deep:
        writer.depth -= 1


def _initial(writer: _Writer, step: Step, derivation: Derivation) -> None:
    deep = _is_layered(step.layer, step.of)
    if deep and step.layer is not None:
        writer.loop("l", step.layer)
    layer = f"[{source_scalar(step.of.layer)}]" if step.of.layer is not None else ""
    _assign(writer, step, derivation, f"d{identifier(step.of)}_0{layer}")
    if deep:
        writer.depth -= 1


@lru_cache(maxsize=256)
def program(derivation: Derivation) -> Program:
    """Return the ``run`` of a derivation's program."""
    namespace: dict[str, Any] = {}
    # The source is our own text, made from checked names and fixed templates only.
    exec(compile(program_source(derivation), "<rnnsym program>", "exec"), namespace)
    made: Program = namespace["run"]
    return made


def run(derivation: Derivation, env: Mapping[str, Any]) -> dict[str, Any]:
    """Run the program of a derivation."""
    return program(derivation)(dict(env))
