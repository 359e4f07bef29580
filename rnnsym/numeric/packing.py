"""A framework's arrays: their names, shapes and order, and how they are made of our own.

What differs between frameworks is data: a cell file's ``[pack]`` names the arrays of one layer and
direction and what each stacks, ``conventions/<name>/convention.toml`` says the rest.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from rnnsym.cell import Cell
from rnnsym.convention import Convention, read_convention
from rnnsym.equations import Block, System
from rnnsym.errors import InputError, nearest
from rnnsym.expr import LAYER, Array, Integer, arrays_in
from rnnsym.model_text import Embedding
from rnnsym.numeric.arrays import Numbers
from rnnsym.numeric.program import identifier
from rnnsym.numeric.sizes import Sizes, uniform_sizes
from rnnsym.record import record

__all__ = ["Own", "Packed", "own_of", "packed_arrays", "parameter_shapes"]

Banks: TypeAlias = tuple[tuple[str, ...], ...]


@record
class Own:
    """One of our own arrays, at one layer.

    Attributes:
        key: its name with layer and direction, ``U_f[2,fwd]``.
        store: the name under which a program keeps it.
        layer: the index there, if any.
        shape: rows and columns.
        vector: whether it is a column by its nature, and not only by its sizes.
    """

    key: str
    store: str
    layer: int | None
    shape: tuple[int, int]
    vector: bool


@record
class Packed:
    """An array of a framework, made of our own.

    Attributes:
        name: the framework's.
        banks: our arrays, those of a bank under one another; several banks are the two bias
            vectors, or the directions, that are kept in one array.
        by_rows: whether it acts on rows (x W), so that it holds our matrices transposed.
        banked: whether there is an axis for the banks even where there is but one.
    """

    name: str
    banks: tuple[tuple[Own, ...], ...]
    by_rows: bool = False
    banked: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The framework's shape: a vector has one axis, and banks come first."""
        rows, cols = sum(own.shape[0] for own in self.banks[0]), self.banks[0][0].shape[1]
        matrix = (cols, rows) if self.by_rows else (rows, cols)
        bank = (rows,) if self.banks[0][0].vector else matrix
        return (len(self.banks), *bank) if self.banked or len(self.banks) > 1 else bank

    def join(self, read: Callable[[Own], Numbers]) -> Numbers:
        """Return the packed array of our own arrays."""
        banks = np.stack([np.concatenate([read(own) for own in bank]) for bank in self.banks])
        turned = banks.swapaxes(1, 2) if self.by_rows else banks
        return turned.reshape(self.shape)

    def split(self, array: Numbers) -> Iterator[tuple[Own, Numbers]]:
        """Yield our own arrays out of the packed one."""
        cols = self.banks[0][0].shape[1]
        count = len(self.banks)
        matrix = (count, cols, -1) if self.by_rows else (count, -1, cols)
        banks = array.reshape(matrix)
        for bank, values in zip(self.banks, banks, strict=True):
            rows = values.T if self.by_rows else values
            ends = np.cumsum([own.shape[0] for own in bank])[:-1]
            yield from zip(bank, np.split(rows, ends), strict=True)


def parameter_shapes(system: System) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of all weights, as the model's convention packs them.

    Args:
        system: its sizes must be numbers.

    Returns:
        Shapes by name, in the framework's order. Under ``textbook``: our own names, a vector of n
        entries has the shape (n,). Under ``pytorch``: those of ``named_parameters()``, each layer
        of a longer model text prefixed by its position as in ``nn.Sequential``. Under ``onnx``: W,
        R, B and P of each operator, the directions along the first axis. Under ``flax``: the path
        of each array in the tree of parameters.

    Raises:
        InputError: a size is still symbolic.

    >>> from rnnsym.system import build_system, read_model
    >>> model = read_model("gru", convention="pytorch", sizes={"d": 3, "n": 2})
    >>> parameter_shapes(build_system(model))["weight_ih_l0"]
    (6, 3)
    """
    return {p.name: p.shape for p in packed_arrays(system, uniform_sizes(system, steps=1))}


def packed_arrays(system: System, sizes: Sizes) -> tuple[Packed, ...]:
    """Return the weights of a system as its convention packs them, in the framework's order.

    Raises:
        InputError: the ``[pack]`` of a user's cell does not fit the cell.
    """
    blocks = [block for block in system.blocks if block.spec is not None]
    return tuple(
        packed
        for position, block in enumerate(blocks)
        for packed in _block(system, sizes, block, None if len(blocks) == 1 else position)
    )


def _block(system: System, sizes: Sizes, block: Block, position: int | None) -> Iterator[Packed]:
    """Yield the arrays of one layer of the model text: layer by layer, forward before backward."""
    convention = read_convention(system.model.convention)
    prefix = "" if position is None else convention.prefix.format(position=position)
    layers = sizes.range(block.layers)
    for place, layer in enumerate(layers):
        chains = own_of(system, sizes, block, layer)
        if block.cell is None:
            yield from _plain(convention, block, chains[""], prefix)
        elif convention.name and block.cell.pack:
            template = convention.name if len(layers) > 1 else convention.single or convention.name
            yield from _packed(convention, block.cell, chains, prefix + template, place)
        else:
            own = (o for chain in chains.values() for o in chain.values())
            yield from (Packed(o.key, ((o,),), convention.rows) for o in own)


def own_of(system: System, sizes: Sizes, block: Block, layer: int) -> dict[str, dict[str, Own]]:
    """Return our arrays of one layer, by direction and name, forward before backward."""
    equations = [e for loop in block.loops for e in loop.equations]
    used = {array for e in equations for array in arrays_in(e.rhs)}
    chains: dict[str, dict[str, Own]] = {}
    for array in (w.array for w in system.weights if w.array in used):
        chains.setdefault(array.family.direction, {})[array.name] = _own(array, layer, sizes)
    return chains


def _own(array: Array, layer: int, sizes: Sizes) -> Own:
    placed = _placed(array, layer)
    index = None if placed.layer is None else sizes.number(placed.layer)
    vector = array.shape[1] == Integer(1)
    return Own(placed.key, identifier(array), index, sizes.shape(placed.shape), vector)


@lru_cache(maxsize=1024)
def _placed(array: Array, layer: int) -> Array:
    return array.xreplace({LAYER: Integer(layer)})


def _plain(
    convention: Convention, block: Block, own: Mapping[str, Own], prefix: str
) -> Iterator[Packed]:
    """Yield the arrays of a layer without recurrence."""
    table = isinstance(block.spec, Embedding)
    parts = convention.embedding if table else convention.dense
    for i, array in enumerate(own.values()):
        # A framework's table has a row for every token.
        by_rows = convention.rows or (table and bool(parts))
        yield Packed(prefix + parts[i] if parts else array.key, ((array,),), by_rows)


def _packed(
    convention: Convention,
    cell: Cell,
    chains: Mapping[str, Mapping[str, Own]],
    template: str,
    place: int,
) -> Iterator[Packed]:
    """Yield the arrays of one recurrent layer, directions together or one after the other."""
    together = convention.stacked_directions
    for group in [list(chains)] if together else [[direction] for direction in chains]:
        reverse = convention.reverse if group == ["bwd"] else ""
        for part, banks in _pack(cell).items():
            name = template.format(part=part, layer=place, reverse=reverse)
            own = (tuple(chains[d][n] for n in bank) for d in group for bank in banks)
            yield Packed(name, tuple(own), convention.rows, banked=together)


def _pack(cell: Cell) -> dict[str, Banks]:
    """Read a cell's ``[pack]``: a list of arrays, or a list of such lists, for every part."""
    shapes = {p.name: p.shape for p in cell.parameters}
    found: dict[str, Banks] = {}
    for part, given in cell.pack.items():
        banks = _banks(given)
        problem = _misfit(banks, shapes)
        if problem:
            raise InputError(f"[pack] {part} {problem}, in cell '{cell.name}'")
        found[part] = banks
    named = [name for banks in found.values() for bank in banks for name in bank]
    for name in shapes:
        if named.count(name) != 1:
            times = named.count(name)
            raise InputError(
                f"[pack] must name every parameter once, but {name} {times} times, "
                f"in cell '{cell.name}'"
            )
    return found


def _banks(given: Any) -> Banks:
    parts = _list(given)
    banks = [_list(p) for p in parts] if parts and all(_list(p) for p in parts) else [parts]
    good = all(bank and all(isinstance(name, str) for name in bank) for bank in banks)
    return tuple(tuple(bank) for bank in banks) if good else ()


def _list(given: Any) -> list[Any]:
    match given:
        case [*items]:
            return items
        case _:
            return []


def _misfit(banks: Banks, shapes: dict[str, Any]) -> str:
    """Say why the arrays of one part cannot be packed together, or nothing."""
    if not banks:
        return "must be a list of parameters, or a list of such lists"
    for name in (n for bank in banks for n in bank):
        if name not in shapes:
            return f"names '{name}', which is no parameter{nearest(name, shapes)}"
    heights = {tuple(shapes[n][0] for n in bank) for bank in banks}
    widths = {shapes[n][1] for bank in banks for n in bank}
    return "stacks arrays of different shapes" if len(heights) > 1 or len(widths) > 1 else ""
