"""Weights from files and frameworks: read safely, named, and turned into our own and back."""

import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsym.convention import read_convention
from rnnsym.equations import System
from rnnsym.errors import InputError
from rnnsym.numeric.arrays import Numbers, named_arrays, shaped
from rnnsym.numeric.packing import Own, Packed, packed_arrays
from rnnsym.numeric.sizes import uniform_sizes

__all__ = ["from_framework", "load", "named_weights", "own_arrays", "to_framework"]

PICKLES = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt")
# What a torn, encrypted or strangely packed archive raises.
UNREADABLE = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def load(path: str | Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a weight file by name, in the order of the file.

    Args:
        path: ``.npz`` as ``numpy.savez`` writes it, or ``.safetensors`` where that package is
            installed. Arrays saved without a name (a Keras weight list) are arr_0, arr_1, …

    Raises:
        InputError: no such file, another format, object arrays, or a pickle, which is never opened.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"no weight file {file}")
    if file.suffix == ".npz":
        return _npz(file)
    if file.suffix == ".safetensors":
        return _safetensors(file)
    if file.suffix in PICKLES:
        raise InputError(
            f"{file} is a pickle, which could run anything when opened; save the arrays instead: "
            "numpy.savez('weights.npz', **{k: v.numpy() for k, v in model.state_dict().items()})"
        )
    raise InputError(f"weights are read from .npz or .safetensors files, not from {file}")


def _npz(file: Path) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(file):
        raise InputError(f"{file} is no .npz file")
    found: dict[str, NDArray[Any]] = {}
    try:
        with np.load(file, allow_pickle=False) as arrays:
            for name in arrays.files:
                found[name] = _read(file, arrays, name)
    except UNREADABLE as error:
        raise InputError(f"cannot read {file}: {error}") from None
    return found


def _read(file: Path, arrays: Any, name: str) -> NDArray[Any]:
    try:
        array: Any = arrays[name]
    except (ValueError, MemoryError):  # an object array, which is a pickle, or a torn header
        raise InputError(f"'{name}' in {file} is a pickle or torn: it is not opened") from None
    if not hasattr(array, "dtype"):  # bytes: the archive holds something else
        raise InputError(f"'{name}' in {file} is no array, so {file} is not a file of weights")
    found: NDArray[Any] = array
    return found


def _safetensors(file: Path) -> dict[str, NDArray[Any]]:
    try:
        reader: Any = import_module("safetensors.numpy")  # optional
    except ImportError:
        raise InputError(
            f"{file} needs the package safetensors (pip install safetensors), or save it as .npz"
        ) from None
    try:
        found: dict[str, NDArray[Any]] = reader.load_file(file)
    except Exception as error:  # the package has errors of its own, which need it to be named
        raise InputError(f"cannot read {file}: {error}") from None
    return found


def named_weights(
    system: System, packed: Sequence[Packed], weights: Mapping[str, Any] | Sequence[Any]
) -> Mapping[str, Any]:
    """Return weights by name; a list has the convention's order where that allows a list.

    Raises:
        InputError: an unknown or missing name, or a list of another length.
    """
    names = [p.name for p in packed]
    ordered = _list(weights) if read_convention(system.model.convention).listed else None
    if ordered is not None:
        if len(ordered) != len(names):
            raise InputError(f"{len(ordered)} weights in the list, expected {len(names)}: {names}")
        return dict(zip(names, ordered, strict=True))
    given = named_arrays("weight", weights, names)
    for array in packed:
        if array.name not in given:
            raise InputError(f"missing weight '{array.name}' of shape {array.shape}")
    return given


def _list(weights: Any) -> list[Any] | None:
    """Return weights that have no names: a list, or what ``numpy.savez`` makes of one."""
    match weights:
        case [*items]:
            return items
        case {**named} if named and set(named) == {f"arr_{i}" for i in range(len(named))}:
            return [named[f"arr_{i}"] for i in range(len(named))]
        case _:
            return None


def own_arrays(packed: Sequence[Packed], given: Mapping[str, Any]) -> dict[Own, Numbers]:
    """Return our own arrays out of the framework's, as columns and of their type.

    Raises:
        InputError: names the weight that has another shape, or holds no finite real numbers.
    """
    found: dict[Own, Numbers] = {}
    for array in packed:
        checked = shaped(f"weight '{array.name}'", given[array.name], array.shape)
        kind = np.asarray(given[array.name]).dtype
        found |= array.split(checked.astype(kind) if kind.kind == "f" else checked)
    return found


def from_framework(
    system: System, weights: Mapping[str, Any] | Sequence[Any]
) -> dict[str, Numbers]:
    """Return our own arrays, by key, out of the framework's packed ones.

    The inverse of ``to_framework``: both only move numbers, so gradients go the same way, and a
    round trip is exact.

    Args:
        system: its sizes are numbers; its convention says how the arrays are packed.
        weights: by the names and shapes of ``parameter_shapes``.

    Returns:
        For every parameter its matrix (rows, columns) for products with columns, or a vector (n,).

    Raises:
        InputError: a name, shape or number is not what it should be.
    """
    packed = packed_arrays(system, uniform_sizes(system, steps=1))
    own = own_arrays(packed, named_weights(system, packed, weights))
    return {o.key: value.reshape(_shape(o)) for o, value in own.items()}


def to_framework(system: System, own: Mapping[str, Any]) -> dict[str, Numbers]:
    """Return the framework's packed arrays of our own, which are named by their keys.

    Raises:
        InputError: a name, shape or number is not what it should be.

    >>> from rnnsym.system import build_system, read_model
    >>> system = build_system(read_model("vanilla", convention="keras", sizes={"d": 1, "n": 2}))
    >>> packed = to_framework(system, {"W": [[1], [2]], "U": [[3, 4], [5, 6]], "b": [7, 8]})
    >>> packed["recurrent_kernel_0"].tolist()
    [[3.0, 5.0], [4.0, 6.0]]
    """
    packed = packed_arrays(system, uniform_sizes(system, steps=1))
    parts = [Packed(o.key, ((o,),)) for p in packed for bank in p.banks for o in bank]
    given = named_arrays("weight", own, [p.name for p in parts])
    for part in parts:
        if part.name not in given:
            raise InputError(f"missing weight '{part.name}' of shape {part.shape}")
    columns = own_arrays(parts, given)
    return {p.name: p.join(columns.__getitem__) for p in packed}


def _shape(own: Own) -> tuple[int, ...]:
    return (math.prod(own.shape),) if own.vector else own.shape
