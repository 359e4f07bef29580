"""A PyTorch module: the forward equations as they stand, one step after the other."""

import re
from string import Template
from typing import TYPE_CHECKING, Final

from rnnsym.code.frame import Frame, is_alias
from rnnsym.code.numpy_layer import Layer
from rnnsym.code.numpy_source import signature
from rnnsym.code.numpy_text import Columns, printed, size_text
from rnnsym.code.plan import Plan
from rnnsym.code.units import Unit, key_of
from rnnsym.expr import TIME, Array, Diag, Expr, Fill, Node, Spread, source, source_scalar
from rnnsym.numeric.notation import NumPy
from rnnsym.version import VERSION

if TYPE_CHECKING:
    from rnnsym.derivation import Derivation

__all__ = ["pytorch_source"]

_HEAD: Final = Template('''\
"""$title: a recurrent network as a PyTorch module.

Written by rnnsym $version from the equations of its cells (convention: $convention). Run this file
to compare autograd's gradients with the derivative along a random direction.

Arrays are (T, rows, B): step, row of the column vector, sequence of the batch.$notes
"""

import torch
from torch import nn


def softmax(a):
    """exp(a) divided by its sum over rows."""
    return torch.softmax(a, dim=-2)


$units


class Network(nn.Module):
    """The model; its parameters have the names of the equations, in ``weights``."""

    def __init__(self, $sizes, dtype=None):
        super().__init__()
        shapes = {
$shapes
        }
        self.rows = {
$states
        }
        self.input_rows = $input_rows
        self.keys = {key: f"w{place}" for place, key in enumerate(shapes)}
        for key, shape in shapes.items():
            scale = shape[-1] ** -0.5
            self.register_parameter(
                self.keys[key], nn.Parameter(scale * torch.randn(shape, dtype=dtype))
            )

    def weights(self):
        """Return the parameters by their names in the equations."""
        return {key: getattr(self, name) for key, name in self.keys.items()}

    def load(self, arrays):
        """Take weights by their names in the equations."""
        with torch.no_grad():
            for key, parameter in self.weights().items():
                parameter.copy_(torch.as_tensor(arrays[key]))

    def forward(self, x, initial=None, mask=None):
        """Return output (T, rows, B) and final states by name.

        Args:
            x: input, (T, $input_rows, B).
            initial: initial states by name, (n, B); zero where absent.
            mask: (T, B), False where a sequence has no step: its states are carried through, and
                its output is zero.
        """
        p, initial, final = self.weights(), dict(initial or {}), {}
        for key, rows in self.rows.items():
            initial.setdefault(key, x.new_zeros(rows, x.shape[2]))
        if mask is not None:
            x = torch.where(mask[:, None, :], x, 0)
        v = {$input_key: x}
$calls
        y = $output
        if mask is not None and len(y) == len(mask):
            y = torch.where(mask[:, None, :], y, 0)
        return y, final


def check(seed=0, T=5, B=3):
    """Return the error of autograd's derivative along a random direction, in float64."""
    torch.manual_seed(seed)
    net = Network(dtype=torch.float64)
    x = torch.randn(T, net.input_rows, B, dtype=torch.float64)
    lengths = torch.tensor([T - b % T for b in range(B)])
    worst = 0.0
    for mask in (None, torch.arange(T)[:, None] < lengths):
        y, _ = net(x, mask=mask)
        dy = torch.randn_like(y)
        gradients = torch.autograd.grad((dy * y).sum(), list(net.parameters()), allow_unused=True)
        along = [torch.randn_like(w) for w in net.parameters()]
        slope = sum((g * d).sum() for g, d in zip(gradients, along) if g is not None)
        step, values = 1e-5, []
        with torch.no_grad():
            for sign in (1, -2):
                for w, d in zip(net.parameters(), along):
                    w += sign * step * d
                values.append((dy * net(x, mask=mask)[0]).sum())
            for w, d in zip(net.parameters(), along):
                w += step * d
        truth = (values[0] - values[1]) / (2 * step)
        worst = max(worst, float(abs(slope - truth) / max(1.0, abs(truth))))
    return worst


if __name__ == "__main__":
    error = check()
    print(f"error of autograd along a random direction {error:.1e} (at most 1e-6)")
    raise SystemExit(0 if error <= 1e-6 else 1)
''')

_FUNCTIONS = {
    "np.": "torch.",
    "torch.maximum({}, 0.0)": "torch.relu({})",
}


class _Torch(Columns):
    """PyTorch's functions."""

    def call(self, name: str, arg: Node) -> str:
        """A function of PyTorch."""
        if name == "softplus":
            return f"nn.functional.softplus({printed(arg, self)})"
        if name == "relu":
            return f"torch.relu({printed(arg, self)})"
        return (
            NumPy.call(self, name, arg)
            .replace("np.", "torch.")
            .replace("sigmoid(", "torch.sigmoid(", 1 if name == "sigmoid" else 0)
        )

    def filled(self, node: Fill) -> str:
        """A constant matrix with its shape."""
        return super().filled(node).replace("np.", "torch.").replace(", dtype)", ", dtype=dtype)")

    def spread(self, node: Spread) -> str:
        """A scalar repeated in every row."""
        rows = size_text(node.shape[0])
        return f"torch.repeat_interleave({printed(node.arg, self)}, {rows}, dim=-2)"

    def identity(self, rows: Expr) -> str:
        """The identity matrix."""
        return super().identity(rows).replace("np.", "torch.")

    def larger(self, a: str, b: str) -> str:
        """The larger of two, entry by entry."""
        return f"torch.maximum({a}, {b})"

    def stack(self, blocks: list[str]) -> str:
        """Blocks on top of each other."""
        return f"torch.cat([{', '.join(blocks)}], dim=-2)"


def pytorch_source(derivation: "Derivation") -> str:
    """Return a self-contained PyTorch module of a model.

    Raises:
        InputError: the depth is the symbol L and has no number.
    """
    frame = Frame(derivation)
    system = frame.system
    units = [_unit(u) for u in frame.units if not is_alias(u)]
    notes = "".join(f"\nThe output is the {note}." for note in system.notes)
    return _HEAD.substitute(
        title=frame.title,
        version=VERSION,
        convention=system.model.convention,
        notes=notes,
        units="\n\n\n".join(units),
        sizes=signature("        ", frame.sizes),
        shapes="\n".join(f'            "{k}": ({r}, {c}),' for k, r, c in frame.shapes),
        states="\n".join(f'            "{k}": {r},' for k, r, _ in frame.states),
        input_rows=source_scalar(system.input.shape[0]),
        input_key=frame.key(system.input),
        calls="\n".join(f"        {line}" for line in frame.looped(frame.plain_call)),
        output=frame.read(system.output),
    )


def _unit(unit: Unit) -> str:
    """Return a unit's function: its equations, in order, at every step."""
    notation = _Torch(_name, all_steps=False)
    stepwise = [*(r.local for r in unit.reads)]
    exports = [e.lhs for e in unit.equations]
    order = "range(1, T + 1)" if unit.order >= 0 else "range(T, 0, -1)"
    reads = [r.local.name for r in unit.reads]
    states = [s.name for s, _ in unit.states]
    lines = [
        f"def {unit.name}(params, at, {', '.join([*reads, *(f'{s}_0' for s in states), 'mask'])}):"
    ]
    lines += ['    """Compute']
    lines += [f"        {source(e.lhs)} = {source(e.rhs)}" for e in unit.equations]
    lines += ['    """']
    lines += [f'    {w.name} = params["{key_of(w)}" + at]' for w in unit.weights]
    body = "\n".join(printed(e.rhs, notation) for e in unit.equations)
    layer = Layer(unit, Plan(unit))
    for equation in unit.equations:
        for node in _sized(equation.rhs):
            for size in node.shape:
                layer.size(size)
    lines += [f"    dtype = {reads[0]}.dtype"] if "dtype" in body else []
    lines += [
        f"    {name} = {text}"
        for name, text in layer.sizes.items()
        if re.search(rf"\b{name}\b", body)
    ]
    lines += [f"    T = len({reads[0]})"]
    lines += ["    if mask is not None:"]
    lines += [f"        {r} = torch.where(mask[:, None, :], {r}, 0)" for r in reads]
    lines += [
        f"    {a.name} = [torch.zeros_like({a.name}[0]), *{a.name}, torch.zeros_like({a.name}[0])]"
        for a in stepwise
    ]
    lines += [f"    {a.name} = [None] * (T + 2)" for a in exports]
    start = "0" if unit.order > 0 else "T + 1"
    lines += [f"    {s}[{start}] = {s}_0" for s in states]
    lines += [f"    for t in {order}:"]
    lines += [f"        {_name(e.lhs)} = {printed(e.rhs, notation)}" for e in unit.equations]
    before = "t - 1" if unit.order > 0 else "t + 1"
    if states:
        lines += ["        if mask is not None:"]
        lines += [
            f"            {s}[t] = torch.where(mask[t - 1], {s}[t], {s}[{before}])" for s in states
        ]
    last = "T" if unit.order > 0 else "1"
    ends = ", ".join(f"{s}[{last}]" for s in states)
    given = ", ".join(f"torch.stack({a.name}[1:-1])" for a in _outputs(unit))
    lines += [f"    return {given}, ({ends}{',' if len(states) == 1 else ''})"]
    return "\n".join(lines)


def _sized(node: Node) -> list[Node]:
    """Return the nodes whose sizes are printed."""
    own = [node] if isinstance(node, Fill | Spread | Diag) else []
    return own + [n for c in node.children for n in _sized(c)]


def _outputs(unit: Unit) -> list[Array]:
    return list(Layer(unit, Plan(unit)).exports)


def _name(array: Array) -> str:
    if array.time is None:
        return array.name
    shift = int(array.time - TIME)
    return f"{array.name}[{'t' if shift == 0 else f't {chr(43) if shift > 0 else chr(45)} 1'}]"
