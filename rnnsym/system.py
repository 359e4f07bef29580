"""From a Model to its System of index equations over layers and time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from rnnsym.cell import Cell
from rnnsym.errors import InputError, nearest, one_of
from rnnsym.expr import (
    LAYER, LAYERS, STEPS, TIME, Array, Expr, Family, Fill, Integer, Node, Rational, Span, Tuple,
    apply, concat, hadamard, matmul, minus, plus, rebuild, scale, size, size_of_layer, softmax,
)  # fmt: skip
from rnnsym.model import (
    CONVENTIONS, LOSSES, PLACES, Block, Equation, Loop, LossTerm, Model, State, System, Weight,
)  # fmt: skip
from rnnsym.model_text import Dense, Embedding, Recurrent, checked_size, parse

__all__ = ["build_system", "read_model", "size_names"]

ONE = Integer(1)
ALL_STEPS = Span(ONE, STEPS)
Reader = Callable[[Expr], Array]


def read_model(
    text: str, *, convention: str = "textbook", loss: str = "free", loss_at: str = "every",
    bias: bool = True, sizes: Mapping[str, Any] | None = None,
) -> Model:  # fmt: skip
    """Parse a model text and check every choice that goes with it.

    Raises:
        InputError: names the choice at fault, and the nearest right one.

    >>> str(read_model("bi( lstm )*2 ,dense:10"))
    'bi(lstm)*2, dense:10'
    """
    model = Model(
        parse(text),
        one_of("convention", convention, CONVENTIONS),
        one_of("loss", loss, LOSSES),
        one_of("place of the loss", loss_at, PLACES),
        bias,
    )
    known = size_names(model)
    given: list[tuple[str, int]] = []
    for name, value in (sizes or {}).items():
        given.append((name, _size(name, value, model, known)))
    return replace(model, sizes=tuple(given))


def _size(name: str, value: Any, model: Model, known: Mapping[str, int | None]) -> int:
    if name not in known:
        listed = ", ".join(known)
        raise InputError(f"'{model}' has no size '{name}'{nearest(name, known)} (it has: {listed})")
    if known[name] is not None:
        raise InputError(f"size {name} is given twice: {known[name]} in '{model}', and {value}")
    return checked_size(name, value)


def size_names(model: Model) -> dict[str, int | None]:
    """Return the sizes of a model in order, with the numbers that its text gives."""
    return _Builder(model).sizes


@lru_cache(maxsize=256)
def build_system(model: Model, *, final_gradients: bool = False) -> System:
    """Return the index equations of ``model``.

    Args:
        model: what was asked for.
        final_gradients: let the loss reach the final states too, as frameworks allow.
    """
    return _Builder(model).system(final_gradients)


class _Builder:
    """Places layer after layer, each reading the output of the one before."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.blocks: list[Block] = []
        self.states: list[State] = []
        self.weights: list[Weight] = []
        self.widths: list[tuple[str, Span, Expr, Expr]] = []
        self.layered: list[tuple[str, Span]] = []
        self.sizes: dict[str, int | None] = {}
        self.notes: list[str] = []
        self.recurrent = [x for x in model.layers if isinstance(x, Recurrent)]
        self.cells = {x: model.cell(x) for x in self.recurrent}
        self.names = {e.lhs.name for c in self.cells.values() for e in c.equations}
        self.names |= {p.name for c in self.cells.values() for p in c.parameters}
        self.stacked = len(self.recurrent) > 1 or self.recurrent[0].depth != 1
        self.dense = [x for x in model.layers if isinstance(x, Dense)]
        self._name_sizes()

    def system(self, final_gradients: bool) -> System:
        """Place all layers, then the loss."""
        self.input = self.output = self._first_input()
        done = 0
        next_layer: Expr = ONE
        for spec in self.model.layers:
            if isinstance(spec, Embedding):
                self._embedding(spec)
            elif isinstance(spec, Dense):
                done += 1
                self._dense(spec, done)
            else:
                next_layer = self._recurrent(spec, next_layer)
        terms = self._loss()
        if final_gradients:
            terms += self._final_terms()
        bound = {k: v for k, v in self.sizes.items() if v is not None} | dict(self.model.sizes)
        return System(
            model=self.model, blocks=tuple(self.blocks), states=tuple(self.states),
            weights=tuple(self.weights), input=self.input, output=self.output,
            loss_terms=tuple(terms), widths=tuple(self.widths), layered_sizes=tuple(self.layered),
            size_names=tuple(self.sizes), bound=bound, notes=tuple(self.notes),
        )  # fmt: skip

    # Sizes and names

    def _suffix(self, spec: Recurrent) -> str:
        if len(self.recurrent) == 1:
            return ""
        place = next(i for i, x in enumerate(self.recurrent) if x is spec)
        return f"_{place + 1}"

    def _name_sizes(self) -> None:
        first = self.model.layers[0]
        if isinstance(first, Embedding):
            self.sizes |= {"V": first.vocabulary, "e": first.size}
        else:
            self.sizes["d"] = None
        for spec in self.recurrent:
            names = self.cells[spec].size_names
            main = "n" if "n" in names else next(iter(names), "n")
            others = [name for name in names if name != main]
            if spec.projection is not None and not others:
                raise InputError(
                    f"cell '{spec.cell}' has no second size, so '{spec}' is one number too many"
                )
            values = dict.fromkeys(names) | {main: spec.size}
            values |= {name: spec.projection for name in others[:1]}
            self.sizes |= {name + self._suffix(spec): values[name] for name in (main, *others)}
        for place, spec in enumerate(self.dense, 1):
            self.sizes[self._dense_name("q", place)] = spec.size
        if self.recurrent and any(x.depth == 0 for x in self.recurrent):
            self.sizes["L"] = None

    def _dense_name(self, name: str, place: int) -> str:
        return name if len(self.dense) == 1 else f"{name}_{place}"

    def _fresh(self, *candidates: str) -> str:
        return next(c for c in candidates if c not in self.names)

    def _first_input(self) -> Array:
        if isinstance(self.model.layers[0], Embedding):
            name = self._fresh("u", "token")
            return Array(Family(name, r"\mathrm{token}" if name != "u" else "u"),
                         (size("V"), ONE), None, TIME)  # fmt: skip
        return Array(Family("x", "x"), (size("d"), ONE), None, TIME)

    def _output_at(self, time: Expr) -> Array:
        return self.output.xreplace({TIME: time})

    # Layers without recurrence

    def _embedding(self, spec: Embedding) -> None:
        name = self._fresh("E", "E_x")
        table = Array(Family(name, name), (size("e"), size("V")))
        lhs = Array(Family("x", "x"), (size("e"), ONE), None, TIME)
        self.weights.append(Weight(table, None))
        purpose = "embedding: the column of E that the one-hot vector u picks"
        equation = Equation(lhs, matmul(table, self.output), ALL_STEPS, None, ("x", "x"),
                            purpose=purpose)  # fmt: skip
        self.blocks.append(Block("embedding", None, (Loop(1, (equation,)),), spec))
        self.output = lhs

    def _dense(self, spec: Dense, place: int) -> None:
        after_all = all(isinstance(x, Dense) for x in self._following(place))
        if self.model.loss_at == "last" and after_all:
            self._summarise()
        rows = size(self._dense_name("q", place))
        index = Integer(place) if len(self.dense) > 1 else None
        name = self._fresh("s", "scores")
        label = "s" if name == "s" else r"\mathrm{s}"
        time = self.output.time
        letter = self._fresh("V", "V_s")
        weight = Array(Family(letter, letter), (rows, self.output.shape[0]), index)
        bias = Array(Family(self._fresh("b_V", "b_out"), "b_{V}"), (rows, ONE), index)
        self.weights += [Weight(weight, None), Weight(bias, None)]
        value = plus(matmul(weight, self.output), bias)
        lhs = Array(Family(name, label), (rows, ONE), index, time)
        span = ALL_STEPS if time == TIME else None
        purpose = "readout: an affine map of the layer below"
        if spec.activation is None:
            equations = [Equation(lhs, value, span, None, (name, label), purpose=purpose)]
        else:
            inner = Array(Family(f"a_{name}", f"a_{{{label}}}"), (rows, ONE), index, time)
            outer = softmax(inner) if spec.activation == "softmax" else apply(spec.activation, inner)
            adjoint = (f"a_{name}", f"a_{{{label}}}")
            equations = [Equation(inner, value, span, None, adjoint, purpose=purpose),
                         Equation(lhs, outer, span, None, (name, label))]  # fmt: skip
        self.blocks.append(Block(str(spec), None, (Loop(1 if span else 0, tuple(equations)),), spec))
        self.output = lhs

    def _following(self, place: int) -> tuple[object, ...]:
        start = [i for i, x in enumerate(self.model.layers) if isinstance(x, Dense)][place - 1]
        return self.model.layers[start:]

    # Recurrent layers

    def _recurrent(self, spec: Recurrent, first: Expr) -> Expr:
        depth: Expr = LAYERS if spec.depth == 0 else Integer(spec.depth)
        last = first + depth - 1
        deep = spec.depth != 1
        span = Span(first, last) if deep else (Span(first, first) if self.stacked else None)
        layer = LAYER if deep else (first if self.stacked else None)
        read = self._reader(spec, span, deep)
        cell = self.cells[spec]
        chains = ["fwd", "bwd"] if spec.bidirectional else [""]
        placed = [_Chain(self, cell, spec, layer, span, c, deep, read) for c in chains]
        loops = [chain.loop for chain in placed]
        for chain in placed:
            self.states += chain.states
            self.weights += chain.weights
        outputs = [chain.output for chain in placed]
        if self.stacked or spec.bidirectional:
            merge = self._layer_output(spec, layer, span, outputs, deep)
            loops.append(Loop(1, (merge,)))
        else:
            self.output = outputs[0]
        self.blocks.append(Block(str(spec), span, tuple(loops), spec, cell))
        self._chains = [(o, chain.final) for o, chain in zip(outputs, placed, strict=True)]
        self._top, self._merge = last, spec.merge
        if deep:
            self.output = self.output.xreplace({LAYER: last})
        return last + 1

    def _layered_size(self, name: str, spec: Recurrent, deep: bool) -> Expr:
        full = name + self._suffix(spec)
        return size_of_layer(full, LAYER) if deep else size(full)

    def _layer_output_name(self) -> tuple[str, str]:
        return ("y", "y") if "y" not in self.names else ("y_out", r"y_{\mathrm{out}}")

    def _reader(self, spec: Recurrent, span: Span | None, deep: bool) -> Reader:
        """Return how this layer reads its input at a given time."""
        below = self.output
        if not deep or span is None:
            return lambda time: below.xreplace({TIME: time})
        name, label = self._layer_output_name()
        width = f"m{self._suffix(spec)}"
        cell = self.cells[spec]
        out = cell.output.shape[0].xreplace(
            {size(s): self._layered_size(s, spec, deep) for s in cell.size_names}
        )
        value = 2 * out if spec.merge == "concat" else out
        self.widths.append((width, span, below.shape[0], value))
        for size_name in cell.size_names:
            self.layered.append((size_name + self._suffix(spec), span))
        if below.name != name or below.layer is None:
            lhs = Array(Family(name, label), below.shape, span.first - 1, TIME)
            entry = Equation(lhs, below, ALL_STEPS, None, (name, label), purpose="what layer "
                             f"{span.first} reads")  # fmt: skip
            self.blocks.append(Block("input of the stack", None, (Loop(1, (entry,)),), None))
        family = Family(name, label)
        rows = size_of_layer(width, LAYER - 1)
        return lambda time: Array(family, (rows, ONE), LAYER - 1, time)

    def _layer_output(
        self, spec: Recurrent, layer: Expr | None, span: Span | None, chains: list[Array],
        deep: bool,
    ) -> Equation:  # fmt: skip
        name, label = self._layer_output_name()
        value = merged(spec.merge, chains)
        self.output = Array(Family(name, label), value.shape, layer, TIME)
        purpose = "output of the layer" + (
            f": both directions, merged by {spec.merge}" if spec.merge else ""
        )
        return Equation(self.output, value, ALL_STEPS, span if deep else None, (name, label),
                        purpose=purpose)  # fmt: skip

    def _summarise(self) -> None:
        """Replace the output by what a loss at the last step sees."""
        if self.output.time != TIME:
            return
        if self._merge is None or self.output.name != self._layer_output_name()[0]:
            self.output = self._output_at(STEPS)
            return
        ends = [o.xreplace({LAYER: self._top, TIME: final}) for o, final in self._chains]
        value = merged(self._merge, ends)
        name = self._fresh("y_last", "y_end")
        lhs = Array(Family(name, r"y_{\mathrm{last}}"), value.shape)
        rule = "last of a bidirectional layer: each chain's final state, forward at T, backward at 1"
        self.notes.append(rule)
        equation = Equation(lhs, value, None, None, (name, r"y_{\mathrm{last}}"), purpose=rule)
        self.blocks.append(Block("summary", None, (Loop(0, (equation,)),), None))
        self.output = lhs

    # The loss

    def _loss(self) -> list[LossTerm]:
        if self.model.loss_at == "last":
            self._summarise()
        output = self.output
        span = ALL_STEPS if output.time == TIME else None
        if self.model.loss == "free":
            external = Array(Family("Delta", r"\Delta"), output.shape, None, output.time)
            return [LossTerm(output, "free", external, external, span)]
        target = Array(Family("target", r"\tau"), output.shape, None, output.time)
        guess = softmax(output) if self.model.loss == "cross-entropy" else output
        gradient = minus(guess, target)
        return [LossTerm(output, self.model.loss, target, gradient, span)]

    def _final_terms(self) -> list[LossTerm]:
        terms: list[LossTerm] = []
        for state in self.states:
            family = state.array.family
            label = rf"\Delta_{{{family.label}}}"
            external = Array(Family(f"Delta_{family.name}", label, family.direction),
                             state.array.shape, state.array.layer, state.final)  # fmt: skip
            target = state.array.xreplace({TIME: state.final})
            terms.append(LossTerm(target, "free", external, external, None, state.layer))
        return terms


def merged(merge: str | None, chains: list[Array]) -> Node:
    """Return the output of a layer from those of its chains."""
    if merge is None:
        return chains[0]
    if merge == "concat":
        return concat(*chains)
    if merge == "mul":
        return hadamard(*chains)
    total = plus(*chains)
    return total if merge == "sum" else scale(Rational(1, 2), total)


class _Chain:
    """One cell placed at a layer, in one direction."""

    def __init__(
        self, builder: _Builder, cell: Cell, spec: Recurrent, layer: Expr | None,
        span: Span | None, direction: str, deep: bool, read: Reader,
    ) -> None:  # fmt: skip
        self.layer, self.direction, self.read = layer, direction, read
        backward = direction == "bwd"
        self.initial: Expr = STEPS + 1 if backward else Integer(0)
        self.final: Expr = ONE if backward else STEPS
        self.sizes = {
            size(name): builder._layered_size(name, spec, deep) for name in cell.size_names
        }
        self.sizes[size("d")] = read(TIME).shape[0]
        layers = span if deep else None
        equations = (
            Equation(self._array(e.lhs), self._placed(e.rhs), ALL_STEPS, layers, e.adjoint,
                     e.fused, e.purpose)
            for e in cell.equations
        )  # fmt: skip
        self.loop = Loop(-1 if backward else 1, tuple(equations))
        self.states = [
            State(self._array(s), self.initial, self.final, layers,
                  cell.domain.get(s.name, "real"))
            for s in cell.states
        ]  # fmt: skip
        self.weights = [Weight(self._array(p), layers) for p in cell.parameters]
        self.output = self._array(cell.output)

    def _array(self, array: Array) -> Array:
        time = array.time
        if time is not None and self.direction == "bwd":
            time = 2 * TIME - time
        if array.name == "x" and time is not None:
            return self.read(time)
        family = array.family
        placed = Family(family.name, family.label, self.direction, family.role)
        rows, cols = (s.xreplace(self.sizes) for s in array.shape)
        return Array(placed, (rows, cols), self.layer, time)

    def _placed(self, node: Node) -> Node:
        if isinstance(node, Array):
            return self._array(node)
        if isinstance(node, Fill):
            return Fill(node.value, Tuple(*(s.xreplace(self.sizes) for s in node.shape)))
        return rebuild(node, tuple(self._placed(c) for c in node.children))
