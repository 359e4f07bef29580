"""What a question says about the model it asks about: its equations and its convention."""

from functools import lru_cache

from rnnsym.blocks import Equations, Line, Prose, prose
from rnnsym.cell import Cell
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.expr import TIME, Array, Family, Integer, Map, Node, Plus, arrays_in, size
from rnnsym.model_text import Recurrent

__all__ = [
    "CURVED", "EXAMINED", "cell_of", "convention_note", "described", "elsewhere", "equation_note",
    "equations_of", "in_words", "logistic_note", "uses", "written_for",
]  # fmt: skip

EXAMINED = (
    "gru",
    "gru-reset-after",
    "indrnn",
    "jordan",
    "lstm",
    "lstm-1997",
    "lstm-coupled",
    "lstm-peephole",
    "lstm-projection",
    "mgu",
    "mingru",
    "relu-rnn",
    "ugrnn",
    "vanilla",
)
"""The cells of a paper that names none: those that are taught."""
CURVED = tuple(name for name in EXAMINED if name not in {"indrnn", "relu-rnn"})
"""Without those whose ReLU would be on at every step, and so no more than a line."""
INPUT = Array(Family("x", "x"), (size("d"), Integer(1)), None, TIME)
NOTES = {
    "textbook": "Convention: column vectors, one bias vector for each affine map, as written here.",
    "pytorch": "Convention: PyTorch, two bias vectors for each affine map, as written here.",
    "d2l": "Convention: Dive into Deep Learning, every vector is a row and stands to the left of "
    "what it is multiplied by; one bias vector for each affine map.",
    "keras": "Convention: Keras, with the bias vectors as written here.",
}
NO_BIASES = "Convention: column vectors, no bias vectors."


def cell_of(system: System) -> Cell:
    """Return the cell of a model that has one."""
    for block in system.blocks:
        if block.cell is not None:
            return block.cell
    raise InputError(f"'{system.model}' has no cell")


def _layer_of(system: System) -> Recurrent:
    [layer] = [x for x in system.model.layers if isinstance(x, Recurrent)]
    return layer


def described(system: System) -> Prose:
    """Return the model in words, at the head of a sentence that says how a step is computed."""
    words = in_words(system)
    return prose(f"{words[0].upper()}{words[1:]}: each step")


@lru_cache(maxsize=256)
def in_words(system: System) -> str:
    """Return the model in words: its cell, how often, and in which directions."""
    layer, cell = _layer_of(system), cell_of(system)
    both = "bidirectional " if layer.bidirectional else ""
    merged = ", the outputs of both directions concatenated" if both else ""
    number = {2: "two", 3: "three"}.get(layer.depth, str(layer.depth))
    stack = f"{number} {both}layers" if layer.depth > 1 else f"one {both}layer"
    reads = ", each layer reading the outputs of the one below" if layer.depth > 1 else ""
    return f"{stack} of the cell “{cell.title}”{merged}{reads}"


def written_for(system: System) -> str:
    """Return whose equations stand there as the cell's file writes them: "" where all are alike."""
    layer = _layer_of(system)
    chain = " of the forward chain" if layer.bidirectional else ""
    return chain + (" of layer 1" if layer.depth > 1 else "")


@lru_cache(maxsize=256)
def elsewhere(system: System) -> Prose:
    """Return what stands for what in the equations of the other chain and the layers above."""
    layer = _layer_of(system)
    found: Prose = ()
    if layer.bidirectional:
        back = "The backward chain has its own arrays and runs from the last step to the first: "
        found = (back, TIME + 1, " stands in place of ", TIME - 1, ".")
    if layer.depth > 1:
        above = "In layer 2, with" if layer.depth == 2 else "In the layers above, each with"
        begin = f"{' ' if found else ''}{above} its own arrays, the output of the layer below "
        found = (*found, f"{begin}stands in place of ", INPUT, ".")
    return found


@lru_cache(maxsize=256)
def equations_of(system: System) -> Equations:
    """Return the cell's equations as its file writes them, with their shapes."""
    cell = cell_of(system)
    shapes = {e.lhs.name: e.lhs for e in cell.equations}
    lines = (Line(shapes[name], rhs, shape=rhs.shape) for name, rhs in cell.written.items())
    return Equations(tuple(lines))


@lru_cache(maxsize=256)
def convention_note(system: System) -> Prose:
    """Return the convention in words, and what every size is the size of."""
    cell = cell_of(system)
    vectors = {e.lhs.name: e.lhs for e in cell.equations}
    sized = list(cell.states)
    for array in (vectors[name] for name in cell.written):
        if array.shape[0] not in {other.shape[0] for other in sized}:
            sized.append(array)
    sizes = [prose(array, " has ", array.shape[0], " entries") for array in sized]
    listed = (part for one in sizes for part in (", ", *one))
    note = NOTES[system.model.convention] if system.model.bias else NO_BIASES
    return prose(note, " The input ", INPUT, " has ", size("d"), " entries", *listed, ".")


@lru_cache(maxsize=256)
def logistic_note(system: System, shown: tuple[Node, ...] = ()) -> Prose:
    """Return which function σ is, where it stands: texts differ, and so do slopes.

    Args:
        system: the model.
        shown: the right-hand sides that stand there, if they are not those of all its equations.
    """
    values = shown or tuple(e.rhs for e in system.equations)
    curved = any(m.name == "sigmoid" for value in values for m in value.atoms(Map))
    return (" σ is the logistic function.",) if curved else ()


def equation_note(system: System, shown: tuple[Node, ...] = ()) -> Prose:
    """Return what is said below equations whose values or slopes are worked out."""
    return (*convention_note(system), *logistic_note(system, shown))


@lru_cache(maxsize=1024)
def uses(cell: Cell, name: str) -> tuple[str, tuple[Array, ...] | None]:
    """Return the equation in which a parameter stands, and what it multiplies (None: nothing)."""
    for equation in cell.equations:
        term = _term(equation.rhs, name)
        if term is not None:
            return equation.lhs.name, tuple(a for a in arrays_in(term) if a.name != name) or None
    raise InputError(f"cell '{cell.name}' has no parameter '{name}'")


def _term(node: Node, name: str) -> Node | None:
    """Return the innermost term of a sum that holds a parameter; None where it does not occur."""
    holder = next((c for c in node.children if any(a.name == name for a in arrays_in(c))), None)
    if holder is None:
        return node if isinstance(node, Array) and node.name == name else None
    inner = _term(holder, name)
    summed = isinstance(node, Plus | Map) or inner is not holder
    return inner if summed else node
