"""A NumPy module: the functions of every unit, and the model that calls them layer by layer."""

import re
import textwrap

from rnnsym.code.frame import Frame, is_alias
from rnnsym.code.numpy_frame import NUMPY
from rnnsym.code.numpy_unit import unit_source
from rnnsym.derivation import Derivation
from rnnsym.expr import source_scalar
from rnnsym.version import VERSION

__all__ = ["numpy_source", "signature"]

UFUNCS = ("add", "exp", "log", "multiply", "square", "subtract", "tanh")
HELPERS = {
    "framed": '''\
def framed(shape, dtype):
    """An array with zeros in its first and last slot; what lies between is written later."""
    found = np.empty(shape, dtype)
    found[0] = found[-1] = 0
    return found
''',
    "softplus": '''\
def softplus(a):
    """log(1 + exp(a)), without overflow."""
    m = np.maximum(a.real, 0.0)
    return m + np.log(np.exp(-m) + np.exp(a - m))
''',
    "sigmoid": '''\
def sigmoid(a):
    """1 / (1 + exp(-a)), without overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * a)
''',
    "softmax": '''\
def softmax(a):
    """exp(a) divided by its sum over rows, without overflow."""
    e = np.exp(a - a.real.max(axis=-2, keepdims=True))
    return e / e.sum(axis=-2, keepdims=True)
''',
}
LOSSES = {
    "free": '''\
def loss(y, dy, mask=None):
    """Return the loss that has the gradient dy, and dy."""
    return np.sum(dy * y), dy''',
    "squared": '''\
def loss(y, target, mask=None):
    """Return half the squared error, summed over all steps and sequences, and its gradient."""
    error = y - target
    if mask is not None and len(y) == len(mask):
        error = np.where(mask[:, None, :], error, 0)
    return 0.5 * np.sum(error * error), error''',
    "cross-entropy": '''\
def loss(y, target, mask=None):
    """Return the cross entropy of softmax(y), summed over steps and sequences, and its gradient."""
    if mask is not None and len(y) == len(mask):
        target = np.where(mask[:, None, :], target, 0)
    shifted = y - y.real.max(axis=1, keepdims=True)
    logarithm = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(logarithm) * target.sum(axis=1, keepdims=True) - target
    return -np.sum(target * logarithm), gradient''',
}


def numpy_source(derivation: Derivation) -> str:
    """Return a self-contained NumPy module of a model.

    Args:
        derivation: of a system that has final gradients.

    Raises:
        InputError: the depth is the symbol L and has no number.
    """
    frame = Frame(derivation)
    sources: list[str] = []
    stacks: list[str] = []
    for unit in frame.units:
        text, plan = unit_source(unit)
        if not is_alias(unit):
            sources.append(text)
            stacks += frame.stacks(unit, plan)
    return NUMPY.substitute(_parts(frame, "\n\n\n".join(sources), stacks))


def _parts(frame: Frame, layers: str, stacks: list[str]) -> dict[str, str]:
    system = frame.system
    functions = [text for name, text in HELPERS.items() if f"{name}(" in layers]
    notes = "".join(f"\nThe output is the {note}." for note in system.notes)
    positive = [key for key, _, domain in frame.states if domain == "positive"]
    return {
        "title": frame.title,
        "version": VERSION,
        "convention": system.model.convention,
        "notes": notes,
        "stacks": "\n" + "\n".join(stacks) + "\n" if stacks else "",
        "imports": _imports(layers),
        "functions": "".join(f"\n{text}\n" for text in functions),
        "layers": layers,
        "input_rows": source_scalar(system.input.shape[0]),
        "input_key": frame.key(system.input),
        "forward_calls": _indented(frame.forward_calls()),
        "output": frame.read(system.output),
        "arrival": _indented(frame.arrival()),
        "backward_calls": _indented(frame.backward_calls()),
        "loss": LOSSES[system.loss_terms[0].kind],
        "sizes": signature("    ", frame.sizes),
        "shapes": "\n".join(f'        "{k}": ({r}, {c}),' for k, r, c in frame.shapes),
        "states": "\n".join(f'        "{k}": {r},' for k, r, _ in frame.states),
        "positive": repr(positive),
    }


def _imports(layers: str) -> str:
    """Return the import of what the loops call: a name costs them less than an attribute."""
    used = [name for name in UFUNCS if re.search(rf"(?<![\w.]){name}\(", layers)]
    if not used:
        return ""
    return f"# add(a, b, c) writes a + b into c.\nfrom numpy import {', '.join(used)}\n"


def signature(indent: str, sizes: list[tuple[str, int]]) -> str:
    """Return the arguments of sizes, on lines of their own where they are many."""
    parts = [f"{name}={number}" for name, number in sizes]
    if len(parts) <= 7:
        return ", ".join(parts)
    lines = textwrap.wrap(", ".join(parts), 80)
    inner = "".join(f"\n{indent}    {line}" for line in lines)
    return f"{inner}\n{indent}"


def _indented(lines: list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
