"""Models as text: ``embedding:10000:128, bi(lstm:64)*2, dense:10``, parsed and printed back.

model = layer { "," layer }
layer = ( cell | "bi(" cell [ "," merge ] ")" ) [ "*" depth ]
| "dense:" size [ ":" activation ] | "embedding:" vocabulary ":" size
cell  = (name | path) [ ":" size [ ":" projection ] ]
depth = integer | "L"        merge = concat | sum | mean | mul
"""

import re
from typing import TypeAlias

from rnnsym.cell import is_path
from rnnsym.errors import InputError, nearest
from rnnsym.record import record

__all__ = [
    "MAX_DEPTH",
    "MAX_SIZE",
    "MERGES",
    "Dense",
    "Embedding",
    "Layers",
    "Recurrent",
    "checked_size",
    "parse",
]

MERGES = ("concat", "sum", "mean", "mul")
DENSE_ACTIVATIONS = ("sigmoid", "tanh", "relu", "softmax")
MAX_SIZE = 10**9
MAX_DEPTH = 64
MAX_TEXT = 500
MAX_LAYERS = 32
# The path of a cell file may hold spaces, and begin with the letter of a drive.
WORD = re.compile(r"(?:[A-Za-z]:(?=[\\/]))?[^,:*()]+\.toml(?=\s*(?:[,:*()]|$))|[^\s,:*()]+")


@record
class Recurrent:
    """A cell, in one or two directions, ``depth`` times (0 stands for the symbolic L)."""

    cell: str
    size: int | None = None
    projection: int | None = None
    merge: str | None = None
    depth: int = 1

    @property
    def bidirectional(self) -> bool:
        """Whether there is a chain in each direction."""
        return self.merge is not None

    def __str__(self) -> str:
        text = ":".join(str(part) for part in (self.cell, self.size, self.projection) if part)
        if self.merge is not None:
            text = f"bi({text})" if self.merge == "concat" else f"bi({text},{self.merge})"
        return text if self.depth == 1 else f"{text}*{self.depth or 'L'}"


@record
class Dense:
    """An affine map of each step's output, with an elementwise function or none."""

    size: int
    activation: str | None = None

    def __str__(self) -> str:
        return f"dense:{self.size}" + (f":{self.activation}" if self.activation else "")


@record
class Embedding:
    """A table of ``vocabulary`` vectors, read by one-hot vectors."""

    vocabulary: int
    size: int

    def __str__(self) -> str:
        return f"embedding:{self.vocabulary}:{self.size}"


Layers: TypeAlias = tuple[Recurrent | Dense | Embedding, ...]


def checked_size(name: str, value: object) -> int:
    """Return a size as a positive int of sane magnitude.

    Raises:
        InputError: zero, negative, not a whole number, or beyond 10⁹.

    >>> checked_size("n", "128")
    128
    """
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        raise InputError(f"size {name} must be a whole number, not {value!r}")
    number = int(text)
    if number < 1:
        raise InputError(f"size {name} must be at least 1, not {number}")
    if number > MAX_SIZE:
        raise InputError(f"size {name} = {text} is too large (at most {MAX_SIZE:,})")
    return number


class _Reader:
    """A cursor over the text; every error puts a caret under the place."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def fail(self, problem: str, at: int | None = None) -> InputError:
        place = self.at if at is None else at
        return InputError(f"{problem}\n  {self.text}\n  {' ' * place}^")

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, sign: str) -> bool:
        self.skip()
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def expect(self, sign: str, why: str) -> None:
        if not self.take(sign):
            raise self.fail(f"expected '{sign}' {why}")

    def word(self, what: str) -> str:
        self.skip()
        match = WORD.match(self.text, self.at)
        if match is None:
            raise self.fail(f"expected {what}")
        self.at = match.end()
        return match.group()

    def size(self, name: str) -> int:
        self.skip()
        start = self.at
        word = self.word(f"the size {name}, a whole number")
        try:
            return checked_size(name, word)
        except InputError as error:
            raise self.fail(str(error), start) from None


def parse(text: str) -> Layers:
    """Return the layers of a model text.

    Raises:
        InputError: what was expected, with a caret under the place.

    >>> [str(layer) for layer in parse("bi( gru:64 , sum )*2,dense:10:relu")]
    ['bi(gru:64,sum)*2', 'dense:10:relu']
    """
    if len(text) > MAX_TEXT:
        raise InputError(f"a model text of {len(text)} characters (at most {MAX_TEXT} are read)")
    if "\n" in text or "\r" in text:
        raise InputError("a model text is one line")
    reader = _Reader(text)
    layers = [_layer(reader)]
    while reader.take(","):
        layers.append(_layer(reader))
    reader.skip()
    if reader.at < len(text):
        raise reader.fail("expected ',' or the end of the model text")
    _check_order(reader, layers)
    return tuple(layers)


def _check_order(reader: _Reader, layers: list[Recurrent | Dense | Embedding]) -> None:
    if len(layers) > MAX_LAYERS:
        raise InputError(f"{len(layers)} layers in one model text (at most {MAX_LAYERS} are read)")
    if any(isinstance(layer, Embedding) for layer in layers[1:]):
        raise reader.fail("an embedding can only come first", reader.text.rindex("embedding"))
    if not any(isinstance(layer, Recurrent) for layer in layers):
        raise reader.fail("a model needs at least one recurrent layer", 0)
    if sum(isinstance(layer, Recurrent) and layer.depth == 0 for layer in layers) > 1:
        raise reader.fail("only one layer can have the depth L", reader.text.rindex("L"))


def _layer(reader: _Reader) -> Recurrent | Dense | Embedding:
    reader.skip()
    start = reader.at
    word = reader.word("a cell, 'bi(', 'dense:' or 'embedding:'")
    if word == "dense" and reader.take(":"):
        size = reader.size("dense")
        return Dense(size, _activation(reader) if reader.take(":") else None)
    if word == "embedding" and reader.take(":"):
        vocabulary = reader.size("vocabulary")
        reader.expect(":", "and the size of the embedding")
        return Embedding(vocabulary, reader.size("embedding"))
    if word in ("dense", "embedding"):
        raise reader.fail(f"expected ':' and a size after '{word}'")
    if word == "bi" and reader.take("("):
        return _bidirectional(reader)
    reader.at = start
    cell = _cell(reader)
    return Recurrent(*cell, depth=_depth(reader))


def _activation(reader: _Reader) -> str:
    reader.skip()
    start = reader.at
    word = reader.word("an activation")
    if word not in DENSE_ACTIVATIONS:
        hint = nearest(word, DENSE_ACTIVATIONS)
        known = ", ".join(DENSE_ACTIVATIONS)
        raise reader.fail(f"unknown activation '{word}'{hint} (known: {known})", start)
    return word


def _bidirectional(reader: _Reader) -> Recurrent:
    cell = _cell(reader)
    reader.skip()
    if reader.text.startswith("*", reader.at):
        raise reader.fail(
            "a depth inside bi(…) would be two deep chains that never meet; frameworks stack "
            "bidirectional layers, so that layer 2 reads both directions: write bi(cell)*depth"
        )
    merge = "concat"
    if reader.take(","):
        reader.skip()
        start = reader.at
        merge = reader.word("a merge mode")
        if merge not in MERGES:
            known = ", ".join(MERGES)
            raise reader.fail(
                f"unknown merge mode '{merge}'{nearest(merge, MERGES)} (known: {known})", start
            )
    reader.expect(")", "to close 'bi('")
    return Recurrent(*cell, merge=merge, depth=_depth(reader))


def _cell(reader: _Reader) -> tuple[str, int | None, int | None]:
    reader.skip()
    start = reader.at
    name = reader.word("a cell")
    if not is_path(name) and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise reader.fail(f"'{name}' is not a cell's name", start)
    size = reader.size("n") if reader.take(":") else None
    projection = reader.size("p") if size and reader.take(":") else None
    return name, size, projection


def _depth(reader: _Reader) -> int:
    if not reader.take("*"):
        return 1
    reader.skip()
    start = reader.at
    word = reader.word("a depth: a whole number, or L")
    if word == "L":
        return 0
    if not re.fullmatch("[0-9]{1,9}", word) or not 1 <= int(word) <= MAX_DEPTH:
        raise reader.fail(f"a depth is a whole number from 1 to {MAX_DEPTH}, or L", start)
    return int(word)
