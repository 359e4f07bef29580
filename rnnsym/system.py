"""From a Model to its System of index equations over layers and time."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from rnnsym.chain import ALL_STEPS, Chain, Place, merged
from rnnsym.equations import (
    CONVENTIONS,
    LOSSES,
    PLACES,
    Block,
    Equation,
    Loop,
    Model,
    State,
    System,
    Weight,
)
from rnnsym.errors import InputError, nearest, one_of
from rnnsym.expr import (
    LAYER,
    LAYERS,
    STEPS,
    TIME,
    Array,
    Expr,
    Family,
    Integer,
    Span,
    apply,
    matmul,
    plus,
    size,
    size_of_layer,
    softmax,
)
from rnnsym.loss import final_terms, output_term
from rnnsym.model_text import Dense, Embedding, Recurrent, checked_size, parse
from rnnsym.names import Names

__all__ = ["build_system", "read_model", "size_names"]

ONE = Integer(1)
LAST_OF_BOTH = (
    "last of a bidirectional layer: each chain's final state, forward at T, backward at 1"
)


def read_model(
    text: str,
    *,
    convention: str = "textbook",
    loss: str = "free",
    loss_at: str = "every",
    bias: bool = True,
    sizes: Mapping[str, Any] | None = None,
) -> Model:
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
    readout = model.layers[-1]
    twice = isinstance(readout, Dense) and readout.activation == "softmax"
    if loss == "cross-entropy" and twice:
        plain = f"dense:{readout.size}"
        raise InputError(
            f"cross-entropy applies the softmax itself: write '{plain}', not '{plain}:softmax'"
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
    return Names(model).sizes


def build_system(model: Model, *, final_gradients: bool = False) -> System:
    """Return the index equations of ``model``.

    Args:
        model: what was asked for.
        final_gradients: let the loss reach the final states too, as frameworks allow.
    """
    return _built(model, Names(model), final_gradients)


@lru_cache(maxsize=256)
def _built(model: Model, names: Names, final_gradients: bool) -> System:
    """The names hold the cells, so that an edited cell file makes another system."""
    return _Builder(model, names).system(final_gradients)


class _Builder:
    """Places layer after layer, each reading the output of the one before."""

    def __init__(self, model: Model, names: Names) -> None:
        self.model, self.names = model, names
        self.blocks: list[Block] = []
        self.states: list[State] = []
        self.weights: list[Weight] = []
        self.widths: list[tuple[str, Span, Expr, Expr]] = []
        self.layered: list[tuple[str, Span]] = []
        self.notes: list[str] = []
        # One layer alone has no layer index.
        self.stacked = len(self.names.recurrent) > 1 or self.names.recurrent[0].depth != 1
        self.input = self.output = self._first_input()

    def system(self, final_gradients: bool) -> System:
        """Place all layers, then the loss."""
        readouts = 0
        next_layer: Expr = ONE
        for place, spec in enumerate(self.model.layers):
            if isinstance(spec, Embedding):
                self._embedding(spec)
            elif isinstance(spec, Dense):
                readouts += 1
                if all(isinstance(x, Dense) for x in self.model.layers[place:]):
                    self._summarise()
                self._dense(spec, readouts)
            else:
                next_layer = self._recurrent(spec, next_layer)
        self._summarise()
        terms = [output_term(self.model.loss, self.output)]
        if final_gradients:
            terms += final_terms(self.states)
        named = {k: v for k, v in self.names.sizes.items() if v is not None}
        return System(
            model=self.model,
            blocks=tuple(self.blocks),
            states=tuple(self.states),
            weights=tuple(self.weights),
            input=self.input,
            output=self.output,
            loss_terms=tuple(terms),
            widths=tuple(self.widths),
            layered_sizes=tuple(self.layered),
            size_names=tuple(self.names.sizes),
            bound=named | dict(self.model.sizes),
            notes=tuple(self.notes),
        )

    # Layers without recurrence

    def _first_input(self) -> Array:
        if not isinstance(self.model.layers[0], Embedding):
            return Array(Family("x", "x"), (size("d"), ONE), None, TIME)
        name = self.names.fresh("u", "token")
        label = "u" if name == "u" else r"\mathrm{token}"
        return Array(Family(name, label), (size("V"), ONE), None, TIME)

    def _embedding(self, spec: Embedding) -> None:
        name = self.names.fresh("E", "E_x")
        table = Array(Family(name, name), (size("e"), size("V")))
        lhs = Array(Family("x", "x"), (size("e"), ONE), None, TIME)
        purpose = "embedding: the column of E that the one-hot vector u picks"
        value = matmul(table, self.output)
        equation = Equation(lhs, value, ALL_STEPS, None, ("x", "x"), purpose=purpose)
        self.weights.append(Weight(table, None))
        self.blocks.append(Block("embedding", None, (Loop(1, (equation,)),), spec))
        self.output = lhs

    def _dense(self, spec: Dense, place: int) -> None:
        rows = size(self.names.of_dense("q", place))
        index = Integer(place) if len(self.names.dense) > 1 else None
        name, letter = self.names.fresh("s", "scores"), self.names.fresh("V", "V_s")
        label = "s" if name == "s" else r"s_{\mathrm{out}}"
        time = self.output.time
        weight = Array(Family(letter, letter), (rows, self.output.shape[0]), index)
        self.weights.append(Weight(weight, None))
        value = matmul(weight, self.output)
        if self.model.bias:
            added = self.names.fresh("b_V", "b_out")
            bias_label = "b_{V}" if added == "b_V" else r"b_{\mathrm{out}}"
            bias = Array(Family(added, bias_label), (rows, ONE), index)
            self.weights.append(Weight(bias, None))
            value = plus(value, bias)
        lhs = Array(Family(name, label), (rows, ONE), index, time)
        span = ALL_STEPS if time == TIME else None
        kind = "an affine" if self.model.bias else "a linear"
        purpose = f"readout: {kind} map of the layer below"
        if spec.activation is None:
            equations = [Equation(lhs, value, span, None, (name, label), purpose=purpose)]
        else:
            adjoint = (f"a_{name}", f"a_{{{label}}}")
            inner = Array(Family(*adjoint), (rows, ONE), index, time)
            outer = (
                softmax(inner) if spec.activation == "softmax" else apply(spec.activation, inner)
            )
            equations = [
                Equation(inner, value, span, None, adjoint, purpose=purpose),
                Equation(lhs, outer, span, None, (name, label)),
            ]
        loop = Loop(1 if span else 0, tuple(equations))
        self.blocks.append(Block(str(spec), None, (loop,), spec))
        self.output = lhs

    # Recurrent layers

    def _recurrent(self, spec: Recurrent, first: Expr) -> Expr:
        """Place ``depth`` layers from layer ``first``; return the layer after them."""
        cell = self.names.cells[spec]
        deep = spec.depth != 1
        if deep and first != ONE and not self._on_a_layer():
            first = first + 1  # the readout below counts as a layer: its y is no other layer's
        last = first + (LAYERS if spec.depth == 0 else Integer(spec.depth)) - 1
        span = Span(first, last)
        sizes: dict[Expr, Expr] = {size(s): self.names.size_at(s, spec) for s in cell.size_names}
        layer = LAYER if deep else (first if self.stacked else None)
        read = self._reading_below(spec, span, cell.output.shape[0].xreplace(sizes))
        place = Place(layer, span if deep else None, sizes, read)
        chains = [Chain(cell, place, d) for d in (("fwd", "bwd") if spec.merge else ("",))]
        for chain in chains:
            self.states += chain.states
            self.weights += chain.weights
        loops = [chain.loop for chain in chains]
        if self.stacked or spec.merge:
            output = self._layer_output(spec, place, [chain.output for chain in chains])
            loops.append(Loop(1, (output,)))
            self.output = output.lhs
        else:
            self.output = chains[0].output
        block_span = span if self.stacked else None
        self.blocks.append(Block(str(spec), block_span, tuple(loops), spec, cell))
        self.top, self.merge, self.chains = last, spec.merge, chains
        self.output = self.output.xreplace({LAYER: last})
        return last + 1

    def _on_a_layer(self) -> bool:
        """Tell whether what stands on top so far is the output of a recurrent layer."""
        return self.output.name == self.names.layer_output[0] and self.output.layer is not None

    def _reading_below(self, spec: Recurrent, span: Span, rows: Expr) -> Callable[[Expr], Array]:
        """Return how a layer of output width ``rows`` reads its input at a given time."""
        below = self.output
        if spec.depth == 1:
            return lambda time: below.xreplace({TIME: time})
        name, label = self.names.layer_output
        width = self.names.of_layer("m", spec)
        inside = 2 * rows if spec.merge == "concat" else rows
        self.widths.append((width, span, below.shape[0], inside))
        for size_name in self.names.cells[spec].size_names:
            self.layered.append((self.names.of_layer(size_name, spec), span))
        if not self._on_a_layer():
            lhs = Array(Family(name, label), below.shape, span.first - 1, TIME)
            purpose = f"what layer {span.first} reads"
            entry = Equation(lhs, below, ALL_STEPS, None, (name, label), purpose=purpose)
            self.blocks.append(Block("input of the stack", None, (Loop(1, (entry,)),), None))
        shape = size_of_layer(width, LAYER - 1), ONE
        return lambda time: Array(Family(name, label), shape, LAYER - 1, time)

    def _layer_output(self, spec: Recurrent, place: Place, chains: list[Array]) -> Equation:
        name, label = self.names.layer_output
        value = merged(spec.merge, chains)
        lhs = Array(Family(name, label), value.shape, place.layer, TIME)
        how = f": both directions, merged by {spec.merge}" if spec.merge else ""
        purpose = f"output of the layer{how}"
        return Equation(lhs, value, ALL_STEPS, place.layers, (name, label), purpose=purpose)

    def _summarise(self) -> None:
        """Replace the output by what a loss at the last step sees."""
        if self.model.loss_at != "last" or self.output.time != TIME:
            return
        if self.merge is None or self.output.name != self.names.layer_output[0]:
            self.output = self.output.xreplace({TIME: STEPS})
            return
        ends = [c.output.xreplace({LAYER: self.top, TIME: c.final}) for c in self.chains]
        value = merged(self.merge, ends)
        adjoint = (self.names.fresh("y_last", "y_end"), r"y_{\mathrm{last}}")
        lhs = Array(Family(*adjoint), value.shape)
        self.notes.append(LAST_OF_BOTH)
        equation = Equation(lhs, value, None, None, adjoint, purpose=LAST_OF_BOTH)
        self.blocks.append(Block("summary", None, (Loop(0, (equation,)),), None))
        self.output = lhs
