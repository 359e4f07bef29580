"""Layers of PyTorch and Keras as they are called in code, and the shapes of all they give."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from rnnsym.blocks import prose
from rnnsym.equations import System
from rnnsym.expr import Expr, Integer, Symbol
from rnnsym.item import Option
from rnnsym.numeric.packing import packed_arrays
from rnnsym.numeric.sizes import Sizes
from rnnsym.quiz.counting import system_of
from rnnsym.quiz.guard import Unfair
from rnnsym.record import record
from rnnsym.tied import TiedSizes

__all__ = ["KERAS", "TORCH", "Layer", "Shape", "option", "parameter_shapes", "shape_text"]

Shape: TypeAlias = tuple[int, ...]
Side: TypeAlias = tuple[int, str]
TORCH = {
    "vanilla": ("RNN", ""),
    "relu-rnn": ("RNN", ", nonlinearity='relu'"),
    "gru": ("GRU", ""),
    "lstm": ("LSTM", ""),
    "lstm-projection": ("LSTM", ", proj_size={p}"),
}
"""Class and further arguments by cell; a test makes each of them with PyTorch."""
KERAS = {
    "vanilla": ("SimpleRNN", ""),
    "relu-rnn": ("SimpleRNN", ", activation='relu'"),
    "gru": ("GRU", ""),
    "gru-reset-before": ("GRU", ", reset_after=False"),
    "lstm": ("LSTM", ""),
}


@record
class Layer:
    """A recurrent layer with its sizes, in one convention.

    Attributes:
        sizes: d and n, and p where the cell has a projection.
        depth: how many layers are stacked.
        both: whether it is bidirectional.
    """

    cell: str
    convention: str
    sizes: tuple[tuple[str, int], ...]
    depth: int = 1
    both: bool = False

    @property
    def system(self) -> System:
        """Its index equations, its sizes as symbols."""
        text = f"bi({self.cell})" if self.both else self.cell
        return system_of(f"{text}*{self.depth}", self.convention)

    @property
    def directions(self) -> int:
        """How many chains a layer has."""
        return 2 if self.both else 1

    @property
    def width(self) -> int:
        """How many entries its output has."""
        return self._number(_output(self.system))

    @property
    def last(self) -> str:
        """In words, the layer whose output is returned."""
        return "the top layer" if self.depth > 1 else "the layer"

    def states(self) -> dict[str, Shape]:
        """Return (chains of all layers, entries) of every state, by name."""
        return {
            name: (slots, self._number(side))
            for name, (slots, side) in _states(self.system).items()
        }

    def _number(self, side: Side) -> int:
        times, name = side
        return times * dict(self.sizes)[name]

    def torch(self, batch_first: bool) -> str:
        """Return the layer as PyTorch makes it."""
        kind, further = TORCH[self.cell]
        sizes = dict(self.sizes)
        options = [f"{sizes['d']}, {sizes['n']}"]
        options += [f"num_layers={self.depth}"] if self.depth > 1 else []
        options += ["bidirectional=True"] if self.both else []
        options += ["batch_first=True"] if batch_first else []
        return f"nn.{kind}({', '.join(options)}{further.format(**sizes)})"

    def keras(self, sequences: bool, states: bool) -> str:
        """Return the layer as Keras makes it."""
        kind, further = KERAS[self.cell]
        options = [str(dict(self.sizes)["n"])]
        options += ["return_sequences=True"] if sequences else []
        options += ["return_state=True"] if states else []
        made = f"layers.{kind}({', '.join(options)}{further})"
        return f"layers.Bidirectional({made})" if self.both else made

    def proven(self) -> "Layer":
        """Return the layer if the arrays that it trains fit its output and states.

        Raises:
            Unfair: a recurrent matrix for each chain, with as many columns as the state that it
                reads has entries, says something else.
        """
        recurrent = [s for name, s in parameter_shapes(self).items() if _recurrent(name)]
        entries = {s[1] if self.convention == "pytorch" else s[0] for s in recurrent}
        chains = len(recurrent)
        states = self.states()
        expected = chains // self.depth * next(iter(entries))
        if len(entries) != 1 or self.width != expected or states["h"] != (chains, *entries):
            raise Unfair(f"the layer gives {self.width} and {states}, its arrays {recurrent}")
        return self


def _recurrent(name: str) -> bool:
    return "weight_hh" in name or "recurrent_kernel" in name


@lru_cache(maxsize=256)
def _output(system: System) -> Side:
    depth = Integer(int(system.depth))
    return _side(TiedSizes(system).at(system.output.shape[0], depth))


@lru_cache(maxsize=256)
def _states(system: System) -> Mapping[str, tuple[int, Side]]:
    found: dict[str, tuple[int, Side]] = {}
    tied = TiedSizes(system)
    for state in system.states:
        slots, _ = found.get(state.array.name, (0, None))
        span = state.layer
        slots += 1 if span is None else int(span.last - span.first) + 1
        found[state.array.name] = slots, _side(tied.at(state.array.shape[0], Integer(1)))
    return found


def _side(length: Expr) -> Side:
    times, rest = length.as_coeff_Mul()
    if not isinstance(rest, Symbol):
        raise Unfair(f"{length} is no number times a size")
    return int(times), rest.name


# Parameters


def parameter_shapes(layer: Layer) -> dict[str, Shape]:
    """Return the shapes of a layer's arrays by name, as its framework keeps them."""
    sizes = {"": 1} | dict(layer.sizes)
    return {
        name: tuple(sum(k * sizes[size] for size, k in side) for side in sides)
        for name, sides in _packed(layer.system)
    }


@lru_cache(maxsize=256)
def _packed(system: System) -> tuple[tuple[str, tuple[tuple[tuple[str, int], ...], ...]], ...]:
    """Return the sides of all packed arrays: linear in the sizes, so known from a few numbers."""
    names = system.size_names
    ones = dict.fromkeys(names, 1)
    base = _shapes_at(system, ones)
    doubled = {name: _shapes_at(system, ones | {name: 2}) for name in names}
    found: list[tuple[str, tuple[tuple[tuple[str, int], ...], ...]]] = []
    for array, shape in base.items():
        sides: list[tuple[tuple[str, int], ...]] = []
        for axis, length in enumerate(shape):
            slopes = {name: doubled[name][array][axis] - length for name in names}
            rest = length - sum(slopes.values())
            terms = {**slopes, "": rest}
            sides.append(tuple((name, k) for name, k in terms.items() if k))
        found.append((array, tuple(sides)))
    return tuple(found)


def _shapes_at(system: System, numbers: Mapping[str, int]) -> dict[str, Shape]:
    values: dict[str, int | Mapping[int, int]] = dict(numbers)
    for name, span in system.layered_sizes:
        values[name] = dict.fromkeys(range(int(span.first), int(span.last) + 1), numbers[name])
    sizes = Sizes(system, values, 1, int(system.depth))
    return {packed.name: packed.shape for packed in packed_arrays(system, sizes)}


# Options


def shape_text(*shapes: Shape) -> str:
    """Return shapes as Python prints them: one, or a list of several."""
    return str(shapes[0]) if len(shapes) == 1 else str(list(shapes))


def option(text: str, misconception: str, why: str) -> Option:
    """Return one shape to choose."""
    return Option(prose(text), misconception, prose(why))
