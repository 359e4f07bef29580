"""The lines of a worked example: each equation, adjoint and gradient at numbered layers, steps."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rnnsym.derivation import Derivation, Stage, Step, Term
from rnnsym.equations import Block, Loop, LossTerm
from rnnsym.expr import (
    LAYER,
    LAYERS,
    STEPS,
    TIME,
    Array,
    Expr,
    Family,
    Integer,
    Node,
    Plus,
    Rational,
    Span,
    apply,
    collected,
    fill_like,
    hadamard,
    matmul,
    minus,
    plus,
    scale,
    softmax,
    transpose,
)
from rnnsym.numeric.sizes import Sizes
from rnnsym.record import record

__all__ = ["Part", "Row", "loss_of", "parts", "placed"]

NodeT = TypeVar("NodeT", bound=Node)
ONE = Integer(1)


@record
class Row:
    """One line: ``target = value``, every index a number, terms that do not exist left out."""

    target: Array
    value: Node


@record
class Part:
    """Lines under one heading; ``result`` marks those that are asked for: the gradients."""

    title: str
    rows: tuple[Row, ...]
    result: bool = False


def parts(derivation: Derivation, sizes: Sizes) -> Iterator[Part]:
    """Yield every line in the order in which a student computes them."""
    return _Lines(derivation, sizes).parts()


class _Lines:
    def __init__(self, derivation: Derivation, sizes: Sizes) -> None:
        self.derivation, self.system, self.sizes = derivation, derivation.system, sizes

    def parts(self) -> Iterator[Part]:
        """Walk the model forwards, then its stages, then gather the gradients."""
        for block in self.system.blocks:
            for layer in self._layers(block):
                for loop in block.loops:
                    yield from self._forward(block, loop, layer)
        yield from self._loss()
        for block in reversed(self.system.blocks):
            stages = [s for s in self.derivation.stages if s.block == block and s.steps]
            for layer in reversed(self._layers(block)):
                for stage in stages:
                    yield from self._backward(stage, layer)
        yield from self._gradients()

    def _layers(self, block: Block) -> list[int]:
        return self.sizes.range(block.layers)

    def _times(self, span: Span | None, order: int) -> list[int]:
        times = self.sizes.range(span)
        return times if order >= 0 else times[::-1]

    # Forward

    def _forward(self, block: Block, loop: Loop, layer: int) -> Iterator[Part]:
        first = loop.equations[0]
        by_step = [
            (time, [Row(self._array(e.lhs, layer, time), self._at(e.rhs, layer, time))
                    for e in loop.equations])
            for time in self._times(first.time, loop.order)
        ]  # fmt: skip
        yield from self._headed(f"Forward{_place(block, loop, layer)}", block, loop, by_step)

    def _headed(
        self, title: str, block: Block, loop: Loop, by_step: list[tuple[int, list[Row]]]
    ) -> Iterator[Part]:
        """Put a heading over every step of a recurrence, and one over all steps of the rest."""
        if _recurs(block, loop):
            for time, rows in by_step:
                yield Part(f"{title}, t = {time}", tuple(rows))
        elif any(rows for _, rows in by_step):
            yield Part(title, tuple(row for _, rows in by_step for row in rows))

    def _loss(self) -> Iterator[Part]:
        term = self.system.loss_terms[0]
        if term.kind == "free":
            return
        times = self.sizes.range(term.time)
        name = Family("L", "L")
        rows = [
            Row(Array(name, (ONE, ONE), None, Integer(time) if term.time else None),
                self._at(loss_of(term), 0, time))
            for time in times
        ]  # fmt: skip
        if len(rows) > 1:
            rows.append(Row(Array(name, (ONE, ONE)), plus(*(row.target for row in rows))))
        yield Part("Loss", tuple(rows))

    # Backward

    def _backward(self, stage: Stage, layer: int) -> Iterator[Part]:
        span = next((s.time for s in stage.steps if s.time is not None), None)
        by_step = [
            (time, [self._step(step, layer, time) for step in stage.steps])
            for time in self._times(span, -stage.loop.order)
        ]
        title = f"Backward{_place(stage.block, stage.loop, layer)}"
        yield from self._headed(title, stage.block, stage.loop, by_step)

    def _step(self, step: Step, layer: int, time: int) -> Row:
        target = self._array(step.target, layer, time)
        found = [t.value for t in step.terms if self._exists(step, t, layer, time)]
        value = _total(found, step.target)
        if step.factor is not None:
            value = hadamard(value, step.factor)
        return Row(target, self._at(value, layer, time))

    def _exists(self, step: Step, term: Term, layer: int, time: int) -> bool:
        for own, whole, index in ((term.layer, step.layer, layer), (term.time, step.time, time)):
            if own is not None and whole is not None and index not in self.sizes.range(own):
                return False
        if term.detached and self.derivation.truncate:
            position = time if term.index[1] == TIME + 1 else self.sizes.steps + 1 - time
            return position % self.derivation.truncate != 0
        return True

    # Gradients

    def _gradients(self) -> Iterator[Part]:
        weights = [self._weight(s, k) for s in self.derivation.weights for k in self._own(s)]
        yield Part("Gradients of the parameters", tuple(weights), result=True)
        starts = [self._step(s, k, 0) for s in self.derivation.initial for k in self._own(s)]
        if starts:
            yield Part("Gradients of the initial states", tuple(starts), result=True)

    def _own(self, step: Step) -> list[int]:
        return self.sizes.range(step.layer)

    def _weight(self, step: Step, layer: int) -> Row:
        times = [0] if step.summed is None else self.sizes.range(step.summed)
        found = [
            self._at(term.value, layer, time)
            for time in times
            for term in step.terms
            if self._exists(step, term, layer, time)
        ]
        target = self._array(step.target, layer, 0)
        return Row(target, _total(found, target))

    def _at(self, node: Node, layer: int, time: int) -> Node:
        return placed(node, self.sizes, layer, time)

    def _array(self, array: Array, layer: int, time: int) -> Array:
        return placed(array, self.sizes, layer, time)


def placed(node: NodeT, sizes: Sizes, layer: int, time: int) -> NodeT:
    """Return an expression at one layer and step, every index in it a number."""
    rule: dict[Expr, Expr] = {
        STEPS: Integer(sizes.steps),
        LAYERS: Integer(sizes.depth),
        LAYER: Integer(layer),
        TIME: Integer(time),
    }
    return node.xreplace(rule)


def _total(found: Sequence[Node], target: Array) -> Node:
    if not found:
        return fill_like(0, target)
    # No shape check: an edge of one layer only is written in that layer's sizes.
    return found[0] if len(found) == 1 else collected(Plus(*found))


def _recurs(block: Block, loop: Loop) -> bool:
    """Tell a recurrence from a layer that reads all steps alike."""
    own = {e.lhs.family for e in loop.equations}
    return block.cell is not None and any(
        a.family in own and a.time not in (None, TIME)
        for e in loop.equations
        for a in e.rhs.atoms(Array)
    )


def _place(block: Block, loop: Loop, layer: int) -> str:
    """Return where a loop stands in its model, as its heading says it after the pass."""
    at = "" if block.layers is None else f", layer {layer}"
    if block.cell is None:
        return f", {loop.equations[0].purpose.partition(':')[0]}"
    if _recurs(block, loop):
        direction = loop.equations[0].lhs.family.direction
        return at + {"fwd": ", forward chain", "bwd": ", backward chain", "": ""}[direction]
    return f"{at}, output"


def loss_of(term: LossTerm) -> Node:
    """Return one step's loss, as the line under a document's title defines it."""
    y, given = term.target, term.given
    if term.kind == "cross-entropy":
        return scale(-1, matmul(transpose(given), apply("log", softmax(y))))
    difference = minus(y, given)
    return scale(Rational(1, 2), matmul(transpose(difference), difference))
