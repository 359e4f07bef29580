"""A Model: cells composed over depth and direction, with readout and loss, as index equations."""

from collections.abc import Mapping

from rnnsym.cell import Cell, load_cell
from rnnsym.convention import convention_names
from rnnsym.expr import Array, Expr, Integer, Node, Span
from rnnsym.model_text import Dense, Embedding, Layers, Recurrent
from rnnsym.record import record

__all__ = [
    "CONVENTIONS",
    "LOSSES",
    "PLACES",
    "Block",
    "Equation",
    "Loop",
    "LossTerm",
    "Model",
    "State",
    "System",
    "Weight",
]

CONVENTIONS = convention_names()
LOSSES = ("free", "squared", "cross-entropy")
PLACES = ("every", "last")


@record
class Model:
    """What was asked for: layers, convention, loss, and the sizes that are numbers.

    ``str(model)`` is the model text; ``system.read_model`` parses it back.
    """

    layers: Layers
    convention: str = "textbook"
    loss: str = "free"
    loss_at: str = "every"
    bias: bool = True
    sizes: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        return ", ".join(str(layer) for layer in self.layers)

    def cell(self, layer: Recurrent) -> Cell:
        """Return the cell of a layer, in this model's convention."""
        cell = load_cell(layer.cell, self.convention)
        return cell if self.bias else cell.without_biases()


@record
class Equation:
    """An equation with its range: it holds for every layer and time in its spans.

    Attributes:
        adjoint: name and label of the adjoint of ``lhs``.
        fused: y = f(a) of a named a; ∂L/∂y is written inside the adjoint of a.
        purpose: one line on what it is for.
    """

    lhs: Array
    rhs: Node
    time: Span | None
    layer: Span | None
    adjoint: tuple[str, str]
    fused: bool = False
    purpose: str = ""


@record
class Loop:
    """Equations computed together: forward in time (+1), backward (−1), or once (0)."""

    order: int
    equations: tuple[Equation, ...]


@record
class Block:
    """One layer of the model text, all its depth: loops run in order, layer by layer."""

    title: str
    layers: Span | None
    loops: tuple[Loop, ...]
    spec: Recurrent | Dense | Embedding | None
    cell: Cell | None = None


@record
class State:
    """A state at its own time, the index of its initial value, and of its final one."""

    array: Array
    initial: Expr
    final: Expr
    layer: Span | None
    domain: str = "real"


@record
class Weight:
    """A trained array, and the layers that have one of their own."""

    array: Array
    layer: Span | None


@record
class LossTerm:
    """The loss reaches ``target``, over the spans given, as ``gradient`` = ∂L/∂target.

    ``kind`` is one of LOSSES; ``given`` is the Δ of a free loss or the target of the others.
    """

    target: Array
    kind: str
    given: Array
    gradient: Node
    time: Span | None
    layer: Span | None = None


@record
class System:
    """The index equations of a model.

    Attributes:
        blocks: in the order in which they are computed.
        output: what the loss sees.
        width: for the widths m(l), (function name, layer span, value below the span, value in it).
        size_names: every free size, in order of appearance.
        bound: the sizes that are numbers.
        tied: symbols that stand for sizes of layers in print, e.g. n for n(l).
    """

    model: Model
    blocks: tuple[Block, ...]
    states: tuple[State, ...]
    weights: tuple[Weight, ...]
    input: Array
    output: Array
    loss_terms: tuple[LossTerm, ...]
    widths: tuple[tuple[str, Span, Expr, Expr], ...]
    layered_sizes: tuple[tuple[str, Span], ...]
    size_names: tuple[str, ...]
    bound: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def equations(self) -> tuple[Equation, ...]:
        """All equations, in forward order."""
        return tuple(e for b in self.blocks for loop in b.loops for e in loop.equations)

    @property
    def depth(self) -> Expr:
        """The number of recurrent layers, L where it is symbolic."""
        spans = [b.layers.last for b in self.blocks if b.layers is not None and b.cell]
        return spans[-1] if spans else Integer(1)

    @property
    def symbolic_depth(self) -> bool:
        """Whether the number of layers is the symbol L."""
        return any(isinstance(x, Recurrent) and x.depth == 0 for x in self.model.layers)

    def __hash__(self) -> int:
        return hash(self.model)
