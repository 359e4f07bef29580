"""Arrays from a user: read as float64, or refused with what is wrong and where."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rnnsym.errors import InputError, one_of

__all__ = ["Floats", "Numbers", "array_of", "floats", "named_arrays", "shaped"]

Floats: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.floating[Any]]


def array_of(what: str, value: Any) -> NDArray[Any]:
    """Return ``value`` as an array of real numbers of whatever type.

    Raises:
        InputError: ragged, or made of anything but real numbers; ``what`` names it.

    >>> array_of("x", [[1, 2], [3]])
    Traceback (most recent call last):
        ...
    rnnsym.errors.InputError: x is not an array of numbers: its rows differ in length
    """
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"{what} is not an array of numbers: its rows differ in length") from None
    except (TypeError, RuntimeError) as error:  # e.g. a tensor that still requires its gradient
        raise InputError(f"{what} is not an array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise InputError(f"{what} must hold real numbers, not values of type {array.dtype}")
    return array


def floats(what: str, value: Any) -> Floats:
    """Return ``value`` as finite float64 numbers.

    Raises:
        InputError: no array of real numbers, or a NaN or an infinity, with its place.
    """
    array: Floats = array_of(what, value).astype(np.float64)
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        first = tuple(int(i) for i in wrong[0])
        place = f" at index {list(first)}" if first else ""
        raise InputError(f"{what} must be finite, but holds {array[first]}{place}")
    return array


def shaped(what: str, value: Any, shape: tuple[int, ...], why: str = "") -> Floats:
    """Return ``value`` as finite float64 numbers of the given shape.

    Raises:
        InputError: another shape, or no finite numbers.

    >>> shaped("dy", [[1.0, 2.0]], (2, 1), "the shape of y")
    Traceback (most recent call last):
        ...
    rnnsym.errors.InputError: dy must have shape (2, 1), the shape of y, not (1, 2)
    """
    array = floats(what, value)
    if array.shape != shape:
        reason = f", {why}," if why else ","
        raise InputError(f"{what} must have shape {shape}{reason} not {array.shape}")
    return array


def named_arrays(what: str, given: Any, names: Iterable[str]) -> Mapping[str, Any]:
    """Return ``given`` if it maps known names to arrays; an absent one is an empty mapping.

    Raises:
        InputError: no mapping, or an unknown name; names the nearest one.

    >>> named_arrays("weight", {"weight_hh_10": 0}, ["weight_hh_l0"])
    Traceback (most recent call last):
        ...
    rnnsym.errors.InputError: unknown weight 'weight_hh_10'; did you mean 'weight_hh_l0'? \
(known: weight_hh_l0)
    """
    if given is None:
        return {}
    try:
        found: dict[str, Any] = {str(name): value for name, value in given.items()}
    except AttributeError:
        kind = type(given).__name__
        raise InputError(f"{what}: expected a mapping from names to arrays, not {kind}") from None
    for name in found:
        one_of(what, name, names)
    return found
