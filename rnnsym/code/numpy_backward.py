"""The backward function of a unit: local derivatives at once, the recursion, then gradients."""

import re

from rnnsym.code.linear import written
from rnnsym.code.numpy_backward_loop import BackwardLoop
from rnnsym.code.numpy_gradients import Gradients
from rnnsym.code.numpy_layer import Everywhere, Layer, setup_lines
from rnnsym.code.numpy_text import wrapped, wrapped_sum
from rnnsym.code.units import key_of
from rnnsym.expr import source

__all__ = ["backward_lines"]


def backward_lines(layer: Layer, cached: list[str]) -> list[str]:
    """Return the lines of the backward function."""
    return _Backward(layer, cached).lines()


class _Backward:
    def __init__(self, layer: Layer, cached: list[str]) -> None:
        self.layer, self.plan, self.unit, self.cached = layer, layer.plan, layer.unit, cached
        self.gradients = Gradients(layer, Everywhere(layer))

    def lines(self) -> list[str]:
        unit, layer = self.unit, self.layer
        gradients = [*self.gradients.weights(), *self.gradients.sent()]
        recursion = self._recursion(gradients) if unit.states else [*self._buffers(), *self._once()]
        arrived = [f"Delta_{layer.name(a)}" for a in layer.exports]
        finals = [f"final_{s.name}" for s, _ in unit.states]
        zero = [f"{name}=0.0" for name in finals]
        head = [
            *wrapped(
                "",
                f"def {unit.name}_backward(",
                ["params", "at", "cache", *arrived, *zero, "mask=None"],
                "):",
            ),
            '    """Compute',
            *(
                text
                for line in unit.lines
                for text in wrapped_sum(f"        {source(line.target)} = ", written(line))
            ),
            '    """',
        ]
        reads = [r.local.name for r in unit.reads]
        body = [
            f"{', '.join(self.cached)}{',' if len(self.cached) == 1 else ''} = cache",
            *self._weight_lines([*recursion, *gradients]),
            f"T, B, dtype = len({reads[0]}), {reads[0]}.shape[2], {reads[0]}.dtype",
            "T -= 2" if unit.reads[0].local in layer.padded else "",
            *self.layer.size_lines(),
            *self._views(),
            *recursion,
            *gradients,
        ]
        return [*head, *(f"    {line}" for line in body if line)]

    def _recursion(self, gradients: list[str]) -> list[str]:
        text = "\n".join(gradients)
        kept = {x.target.name for x in self.unit.lines if _mentions(text, x.target.name)}
        edges = re.search(r"delta\w*\[(before|after)", text) is not None
        return BackwardLoop(self.layer, kept, edges).lines()

    def _weight_lines(self, code: list[str]) -> list[str]:
        """Fetch the weights that the lines read."""
        text = "\n".join(line for line in code if not line.lstrip().startswith("#"))
        keys = {r.name: r.name for r in self.plan.stacked}
        keys |= {w.name: key_of(w) for w in self.unit.weights}
        return [f'{n} = params["{key}" + at]' for n, key in keys.items() if _mentions(text, n)]

    def _views(self) -> list[str]:
        if not self.layer.stack:
            return []
        return list(setup_lines(self.layer, "stack", self.layer.name))

    # Arrays

    def _buffers(self) -> list[str]:
        """Make the adjoints of a unit without recursion."""
        layer, lines = self.layer, list[str]()
        if layer.stack:
            total = layer.offsets([a.lhs for a in layer.stack])[1]
            lines.append(f"delta = np.zeros((T + 2, {total}, B), dtype)")
            lines += setup_lines(layer, "delta", layer.adjoint_name)
        for line in self.unit.lines:
            name = line.target.name
            if not any(a.lhs == line.of for a in layer.stack):
                lines.append(f"{name} = np.zeros((T + 2, {layer.rows(line.target)}, B), dtype)")
            if line.incoming:
                arriving = f"Delta_{layer.name(layer.consumer(line.of))}"
                lines.append(f"{name}[now] = {arriving}")
        return lines

    def _once(self) -> list[str]:
        """Write the lines of a unit without recursion, for all steps."""
        lines: list[str] = []
        writer = Everywhere(self.layer)
        for line in self.unit.lines:
            target = self.layer.everywhere(line.target)
            for term in line.terms:
                writer.add(f"{target} += {writer.text(self.plan.kept.replaced(term))}")
            if line.factor is not None:
                writer.add(f"{target} *= {writer.text(self.plan.kept.replaced(line.factor))}")
        return lines + writer.lines


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w\"]){re.escape(name)}(?![\w\"])", text) is not None
