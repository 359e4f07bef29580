"""The text of a NumPy module around the functions of its units."""

from string import Template
from typing import Final

__all__ = ["NUMPY"]

NUMPY: Final = Template('''\
"""$title: forward and backward pass of a recurrent network, in NumPy alone.

Written by rnnsym $version from the equations of its cells (convention: $convention). Run this file
to check every gradient against the complex step.

Arrays are (T, rows, B): step, row of the column vector, sequence of the batch. Inside a function
they have T + 2 slots, so that an index in the code is the index in the equations: slots 0 and
T + 1 hold initial states, or the zeros that lie beyond the last step.
The gradient of the loss with respect to a is called delta_a, local derivatives k_a.$notes
"""

import numpy as np
$imports
# The slots of t = 1, …, T, of t - 1 and of t + 1, and the same from T down to 1.
now, before, after = slice(1, -1), slice(0, -2), slice(2, None)
now_back, before_back, after_back = slice(-2, 0, -1), slice(-3, None, -1), slice(None, 1, -1)

# Weights that one product uses together: the name of the stack, its parts, and where they stand.
STACKS = ($stacks)


def aligned(shape, dtype):
    """An array that starts where a line of the processor's cache does: it is read faster."""
    size = np.dtype(dtype).itemsize * shape[0] * shape[1]
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


class Weights(dict):
    """Weights by name; the parts of a stack are views of it, so update them in place."""

    def __init__(self, arrays, dtype):
        self.dtype = dtype
        for name, array in arrays.items():
            self[name] = aligned(np.shape(array), dtype)
            self[name][...] = array
        for name, parts, places in STACKS:
            for at in places:
                arrays = [self[part + at] for part in parts]
                whole = aligned((sum(map(len, arrays)), arrays[0].shape[1]), dtype)
                self[name + at], start = np.concatenate(arrays, out=whole), 0
                for part in parts:
                    stop = start + len(self[part + at])
                    self[part + at], start = whole[start:stop], stop


def weights(p, dtype):
    """Stack the weights, unless they are already: do it once for many calls."""
    if isinstance(p, Weights) and p.dtype == dtype:
        return p
    stacks = {name + at for name, _, places in STACKS for at in places}
    return Weights({k: v for k, v in p.items() if k not in stacks}, dtype)


def flat(v):
    """All steps and sequences side by side: (T, n, B) becomes (n, T B)."""
    return v.swapaxes(0, 1).reshape(v.shape[1], -1)


def blocks(a, B):
    """The rows of A in blocks so small that BLAS multiplies them as they are, without copying."""
    most = min(len(a), 1_000_000 // (a.shape[1] * B))
    rows = next((size for size in range(most, 7, -1) if len(a) % size == 0), len(a))
    return np.ascontiguousarray(a).reshape(-1, rows, a.shape[1])


def product(a, B):
    """The function that writes A v into an array, for v of one step."""
    if B == 1 or a.size * B <= 1_000_000:
        return a.dot
    parts = blocks(a, B)
    return lambda v, out: np.matmul(parts, v, out=out.reshape(len(parts), -1, B))


def times(a, v, out=None):
    """A v[t] for all steps."""
    T, _, B = v.shape
    out = np.empty((T, len(a), B), v.dtype) if out is None else out
    if B == 1:
        out[:, :, 0] = np.dot(v[:, :, 0], a.T)
    elif a.size < 2**18:  # it stays in a processor's cache from step to step
        parts = blocks(a, B)
        np.matmul(parts, v[:, None], out=out.reshape(T, len(parts), -1, B))
    else:
        out[...] = np.dot(a, flat(v)).reshape(len(a), T, B).swapaxes(0, 1)
    return out


def steps_at_once(T, size):
    """How many steps of arrays of a size stay in a processor's cache."""
    return min(T, max(1, 2**14 // size))


def parts(steps, few):
    """Cut the steps into parts: how many there are, and the slots of their t, t - 1 and t + 1."""
    for first in range(0, len(steps), few):
        part, step = steps[first : first + few], steps.step
        a, b = part.start, part.stop
        before = slice(a - 1, b - 1 if b else None, step)
        yield len(part), slice(a, b, step), before, slice(a + 1, b + 1, step)


def total(v):
    """The sum over steps and sequences, as a column."""
    return v.sum(axis=(0, 2))[:, None]


def masked(mask, T):
    """Where a step is masked, in slots 0 to T + 1; None where none is."""
    if mask is None:
        return [None] * (T + 2)
    off = np.zeros((len(mask) + 2, 1, mask.shape[1]), bool)
    off[now, 0] = ~mask
    return off


def padded(x, mask):
    """An input with zeros before its first and after its last step."""
    found = np.zeros((len(x) + 2, *x.shape[1:]), x.dtype)
    found[now] = x if mask is None else np.where(mask[:, None, :], x, 0)
    return found

$functions
def arrive(dv, key, value):
    """Add to the gradient that arrives at an array."""
    dv[key] = dv[key] + value if key in dv else value


def placed(v, place, value):
    """A gradient that arrives at some steps of an array, with zeros at the others."""
    found = np.zeros_like(v)
    found[place] = value
    return found


$layers


def forward(p, x, initial=None, mask=None):
    """Run the network.

    Args:
        p: weights by name, of the shapes that ``shapes`` gives.
        x: input, (T, $input_rows, B), float32 or float64; everything is computed in its dtype.
        initial: initial states by name, (n, B); zero where absent.
        mask: (T, B), False where a sequence has no step: its states are carried through such a
            step unchanged, and its output there is zero.

    Returns:
        output (T, rows, B), final states by name, and the cache that ``backward`` needs.
    """
    p, initial, final, cache = weights(p, x.dtype), initial or {}, {}, {}
    if mask is not None:
        mask = np.asarray(mask, bool)
        x = np.where(mask[:, None, :], x, 0)
    v = {$input_key: x}
$forward_calls
    y = $output
    if mask is not None and len(y) == len(mask):
        y = np.where(mask[:, None, :], y, 0)
    return y, final, (p, v, cache, mask)


def backward(cache, dy, final=None):
    """Return the gradients of weights, input and initial states.

    Args:
        cache: what ``forward`` returned.
        dy: gradient of the loss with respect to the output, of its shape.
        final: gradients with respect to final states by name; zero where absent.
    """
    p, v, cache, mask = cache
    final, gradients, initial, dv = final or {}, {}, {}, {}
    if mask is not None and len(dy) == len(mask):
        dy = np.where(mask[:, None, :], dy, 0)
$arrival
$backward_calls
    return gradients, dv[$input_key], initial


$loss


def shapes($sizes):
    """Return the shapes of all weights, of the initial states, and the rows of the input."""
    found = {
$shapes
    }
    states = {
$states
    }
    return found, states, $input_rows


def drawn(seed, T, B):
    """Return a generator, and what it gave first: weights, input and initial states."""
    rng = np.random.default_rng(seed)
    weight_shapes, state_rows, rows = shapes()
    p = {k: 0.7 * rng.standard_normal(s) for k, s in weight_shapes.items()}
    start = {k: 0.7 * rng.standard_normal((n, B)) for k, n in state_rows.items()}
    start = {k: abs(s) + 0.1 if k in POSITIVE else s for k, s in start.items()}
    return rng, p, rng.standard_normal((T, rows, B)), start


def check(seed=0, T=5, B=3):
    """Return the error of every gradient, against the complex step through ``forward`` alone."""
    rng, p, x, start = drawn(seed, T, B)
    lengths = np.array([T - b % T for b in range(B)])
    errors = {}
    for mask in (None, np.arange(T)[:, None] < lengths):
        y, final, cache = forward(p, x, start, mask)
        given = rng.standard_normal(y.shape)
        given = abs(given) / abs(given).sum(axis=1, keepdims=True)
        ends = {k: rng.standard_normal(s.shape) for k, s in final.items()}

        def value(p, x, start):
            y, final, _ = forward(p, x, start, mask)
            return loss(y, given, mask)[0] + sum(np.sum(ends[k] * final[k]) for k in ends)

        dp, dx, dstart = backward(cache, loss(y, given, mask)[1], ends)
        found = {**dp, "x": dx, **{f"initial {k}": g for k, g in dstart.items()}}
        known = {**p, "x": x, **{f"initial {k}": s for k, s in start.items()}}
        for name, array in known.items():
            direction = rng.standard_normal(array.shape)
            moved = {k: a + 0j for k, a in known.items()}
            moved[name] += 1e-30j * direction
            states = {k: moved[f"initial {k}"] for k in start}
            slope = value({k: moved[k] for k in p}, moved["x"], states).imag / 1e-30
            error = abs(np.sum(found[name] * direction) - slope) / max(1.0, abs(slope))
            errors[name] = max(errors.get(name, 0.0), error)
    return errors


def check_float32(seed=0, T=5, B=3):
    """Return the largest error of float32 against float64, and what rounding may add up to."""
    _, p, x, start = drawn(seed, T, B)
    found = []
    for dtype in (np.float32, np.float64):
        rounded, initial = ({k: v.astype(dtype) for k, v in a.items()} for a in (p, start))
        y, _, cache = forward(rounded, x.astype(dtype), initial)
        dp, dx, dstart = backward(cache, np.ones_like(y))
        found.append([*dp.values(), dx, *dstart.values()])
    worst = max(abs(a - b).max() / max(1.0, abs(b).max()) for a, b in zip(*found))
    longest = max(max(shape) for shape in shapes()[0].values())
    return worst, 4 * np.finfo(np.float32).eps * T * longest


POSITIVE = $positive

if __name__ == "__main__":
    errors = check()
    for name, error in errors.items():
        print(f"{name:20} {error:.1e}")
    rounding, allowed = check_float32()
    print(f"float32 against float64: {rounding:.1e} (at most {allowed:.1e})")
    worst = max(errors.values())
    passed = worst <= 1e-12 and rounding <= allowed
    verdict = "passed" if passed else "FAILED"
    print(f"largest relative error {worst:.1e}: {verdict} (at most 1e-12)")
    raise SystemExit(0 if passed else 1)
''')
