"""What a model's own functions say: shapes, states, and the calls of its units in order."""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from rnnsym.code.numpy_layer import Layer
from rnnsym.code.numpy_text import tuple_text, wrapped
from rnnsym.code.plan import Plan
from rnnsym.code.units import Unit, key_of, units_of
from rnnsym.derivation import Derivation
from rnnsym.errors import InputError
from rnnsym.expr import LAYER, LAYERS, STEPS, TIME, Array, Expr, Integer, Span, source_scalar
from rnnsym.tied import TiedSizes

__all__ = ["Call", "Frame", "is_alias"]


def is_alias(unit: Unit) -> bool:
    """Tell whether a unit only gives what it reads another name."""
    return len(unit.equations) == 1 and isinstance(unit.equations[0].rhs, Array)


@dataclass(frozen=True)
class Call:
    """One line of the model: which loop over layers it stands in, and what it says."""

    layers: Span | None
    block: object
    lines: tuple[str, ...]


class Frame:
    """What a model's own functions say: shapes, states, calls in order."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.system = derivation.system
        depth = self.system.bound.get("L")
        if self.system.symbolic_depth and depth is None:
            raise InputError(f"code for '{self.system.model}' needs a number of layers: --set L=3")
        self.at: dict[Expr, Expr] = {LAYERS: Integer(depth)} if depth else {}
        self.units = tuple(u for u in units_of(derivation) if any(x.incoming for x in u.lines))
        self.tied = TiedSizes(self.system)
        self.timed = {
            original.family: original.time is not None and original.time.has(TIME)
            for unit in self.units
            for original in unit.original.values()
        }

    @property
    def title(self) -> str:
        """The model's text for a docstring: the path of a cell file neither ends nor escapes it."""
        lines = textwrap.wrap(str(self.system.model), 55, break_on_hyphens=False)
        return "\n".join(lines).replace("\\", r"\\").replace('"', r"\"")

    @property
    def sizes(self) -> list[tuple[str, int]]:
        """The names of the sizes, with small numbers that hide no transpose."""
        names = [n for n in self.system.size_names if n != "L"]
        return [(name, number) for number, name in enumerate(names, 2)]

    def _layers(self, span: Span | None) -> list[int | None]:
        if span is None:
            return [None]
        placed = span.at(self.at)
        return list(range(int(placed.first), int(placed.last) + 1))

    @property
    def shapes(self) -> list[tuple[str, str, str]]:
        """Key, rows and columns of every weight."""
        found: list[tuple[str, str, str]] = []
        for weight in self.system.weights:
            for layer in self._layers(weight.layer):
                array = weight.array
                at = LAYER if layer is None else Integer(layer)
                rows, cols = (source_scalar(self.tied.at(s, at)) for s in array.shape)
                placed = array if layer is None else array.xreplace({LAYER: at})
                found.append((placed.key, rows, cols))
        return found

    @property
    def states(self) -> list[tuple[str, str, str]]:
        """Key, rows and domain of every initial state."""
        found: list[tuple[str, str, str]] = []
        for state in self.system.states:
            for layer in self._layers(state.layer):
                at = LAYER if layer is None else Integer(layer)
                rows = source_scalar(self.tied.at(state.array.shape[0], at))
                found.append((state.array.xreplace({LAYER: at}).key, rows, state.domain))
        return found

    def stacks(self, unit: Unit, plan: Plan) -> list[str]:
        """Return one entry for every stack of weights of a unit."""
        suffixes = [
            unit.suffix if layer is None else unit.suffix.replace("{layer}", str(layer))
            for layer in self._layers(unit.layers)
        ]
        lines: list[str] = []
        for run in plan.stacked:
            names = tuple_text(f'"{key_of(w)}"' for w in run.weights)
            places = tuple_text(f'"{s}"' for s in suffixes)
            lines += wrapped("    ", "(", [f'"{run.name}"', names, places], "),")
        return lines

    # Calls

    def key(self, array: Array) -> str:
        """Return the text of an array's key, an f-string where its layer runs."""
        marks = [] if array.layer is None else [self._layer_text(array.layer)]
        marks += [array.family.direction] if array.family.direction else []
        text = f"{array.name}[{','.join(marks)}]" if marks else array.name
        return f'f"{text}"' if "{" in text else f'"{text}"'

    def _layer_text(self, layer: Expr) -> str:
        return (
            f"{{{source_scalar(layer).replace('l', 'layer')}}}"
            if layer.has(LAYER)
            else str(layer.xreplace(self.at))
        )

    def read(self, array: Array) -> str:
        """Return an array of the model, cut to one step where its time is fixed."""
        return f"v[{self.key(array)}]{self.cut(array)}"

    def cut(self, array: Array) -> str:
        """Return the slice of an array that is read."""
        fixed = array.time is not None and not array.time.has(TIME)
        if not fixed or not self.timed.get(array.family, True):
            return ""
        return "[-1:]" if array.time == STEPS else "[:1]"

    def forward_calls(self) -> list[str]:
        """Return the lines that call the forward functions."""
        return self._looped([self._forward_call(u) for u in self.units], forward=True)

    def backward_calls(self) -> list[str]:
        """Return the lines that call the backward functions, last unit first."""
        return self._looped([self._backward_call(u) for u in reversed(self.units)], forward=False)

    def looped(self, call: Callable[[Unit], Call]) -> list[str]:
        """Return the lines of one call for every unit, in order."""
        return self._looped([call(u) for u in self.units], forward=True)

    def plain_call(self, unit: Unit) -> Call:
        """Return the call of a unit's function that keeps nothing."""
        if is_alias(unit):
            return self._forward_call(unit)
        arguments = ["p", self._suffix(unit), *(self.read(r.array) for r in unit.reads)]
        arguments += [f"initial[{self.key(s)}]" for s in self._states(unit)]
        names = [f"out_{i}" for i, _ in enumerate(self._exports(unit))]
        head = f"{', '.join(names)}, ends = {unit.name}("
        lines = wrapped("", head, [*arguments, "mask"], ")", 84)
        exports = zip(self._exports(unit), names, strict=True)
        lines += [f"v[{self.key(a)}] = {name}" for a, name in exports]
        keys = tuple_text(self.key(s) for s in self._states(unit))
        lines += [f"final |= zip({keys}, ends)"] if unit.states else []
        return Call(unit.layers, unit.block, tuple(lines))

    def _looped(self, calls: list[Call], forward: bool) -> list[str]:
        lines: list[str] = []
        inside: object = None
        for call in calls:
            if call.layers is None:
                inside = None
                lines += call.lines
                continue
            if inside is not call.block:
                span = call.layers.at(self.at)
                order = f"{span.first}, {span.last} + 1"
                if not forward:
                    order = f"{span.last}, {span.first} - 1, -1"
                lines.append(f"for layer in range({order}):")
                inside = call.block
            lines += [f"    {line}" for line in call.lines]
        return lines

    def _suffix(self, unit: Unit) -> str:
        return f'f"{unit.suffix}"' if "{" in unit.suffix else f'"{unit.suffix}"'

    def _exports(self, unit: Unit) -> list[Array]:
        layer = Layer(unit, Plan(unit))
        return [unit.original[a.name] for a in layer.exports]

    def _states(self, unit: Unit) -> list[Array]:
        return [unit.original[s.name] for s, _ in unit.states]

    def _forward_call(self, unit: Unit) -> Call:
        if is_alias(unit):
            [read] = unit.reads
            target = self.key(unit.original[unit.equations[0].lhs.name])
            return Call(unit.layers, unit.block, (f"v[{target}] = {self.read(read.array)}",))
        at = self._suffix(unit)
        outputs = [f"v[{self.key(a)}]" for a in self._exports(unit)]
        arguments = ["p", at, *(self.read(r.array) for r in unit.reads)]
        arguments += [f"initial.get({self.key(s)})" for s in self._states(unit)]
        place = f'"{unit.name}" + {at}' if unit.suffix else f'"{unit.name}"'
        call = f"v_, ends, kept = {unit.name}_forward("
        lines = wrapped("", call, [*arguments, "mask"], ")", 88)
        lines[0] = lines[0].replace("v_", ", ".join(f"out_{i}" for i, _ in enumerate(outputs)), 1)
        keys = tuple_text(self.key(s) for s in self._states(unit))
        lines += [f"{name} = out_{i}" for i, name in enumerate(outputs)]
        lines.append(f"cache[{place}] = kept")
        lines += [f"final |= zip({keys}, ends)"] if unit.states else []
        return Call(unit.layers, unit.block, tuple(lines))

    def _backward_call(self, unit: Unit) -> Call:
        if is_alias(unit):
            [read] = unit.reads
            own = self.key(unit.original[unit.equations[0].lhs.name])
            return Call(unit.layers, unit.block, tuple(self._send(read.array, f"dv[{own}]")))
        at = self._suffix(unit)
        place = f'"{unit.name}" + {at}' if unit.suffix else f'"{unit.name}"'
        arguments = ["p", at, f"cache[{place}]"]
        arguments += [f"dv[{self.key(a)}]" for a in self._exports(unit)]
        arguments += [f"final.get({self.key(s)}, 0.0)" for s in self._states(unit)]
        names = [f"found_{i}" for i, _ in enumerate(unit.reads)]
        head = f"own, {tuple_text(names)}, starts = {unit.name}_backward("
        lines = wrapped("", head, [*arguments, "mask"], ")", 92)
        lines.append("gradients |= own")
        keys = tuple_text(self.key(s) for s in self._states(unit))
        lines += [f"initial |= zip({keys}, starts)"] if unit.states else []
        for read, name in zip(unit.reads, names, strict=True):
            lines += self._send(read.array, name)
        return Call(unit.layers, unit.block, tuple(lines))

    def arrival(self) -> list[str]:
        """Return the line that takes the gradient of the output in."""
        return self._send(self.system.output, "dy")

    def _send(self, array: Array, value: str) -> list[str]:
        key, cut = self.key(array), self.cut(array)
        if cut:
            value = f"placed(v[{key}], np.s_{cut}, {value})"
        return [f"arrive(dv, {key}, {value})"]
