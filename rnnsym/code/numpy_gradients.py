"""The end of a backward function: gradients of weights, and of what was read from outside."""

from rnnsym.code.numpy_layer import Everywhere, Layer
from rnnsym.code.numpy_text import tuple_text
from rnnsym.code.plan import Run
from rnnsym.code.units import key_of
from rnnsym.expr import Array, Node, Product, Scale, Transpose, matmul, source, transpose
from rnnsym.numeric.notation import is_timed

__all__ = ["Gradients"]


class Gradients:
    """The gradients that a unit returns, from its adjoints at all steps."""

    def __init__(self, layer: Layer, notation: Everywhere) -> None:
        self.layer, self.plan, self.unit = layer, layer.plan, layer.unit
        self.all, self.adjoints = notation, layer.adjoints

    def weights(self) -> list[str]:
        """Return the lines of the gradients of weights, sums over steps and sequences."""
        layer, lines = self.layer, ["gradients = {}"]
        terms = dict(self.unit.gradients)
        left = dict(terms)
        stacked: list[str] = []
        for kind in ("hoisted", "recurrent", "bias"):
            for run in self.plan.runs(kind):
                if not layer.stack or not self._agrees(run, terms):
                    continue
                whole = len(run.members) == len(layer.stack)
                rows = "deltas" if whole else f"deltas[{layer.cut(run.members)}]"
                if run.vector is None:
                    stacked.append(f"d{run.name} = {rows}.sum(axis=1, keepdims=True)")
                else:
                    vector = self.all.text(run.vector)
                    stacked.append(f"d{run.name} = {rows} @ flat({vector}).T")
                for weight in run.weights:
                    left.pop(weight)
                stacked += self._unstacked(run)
        cuts: dict[Array, str] = {}
        if stacked:
            cuts = {self.adjoints[a.lhs.family]: layer.cut([a.lhs]) for a in layer.stack}
            lines += ["deltas = flat(delta[now])", *stacked]
        for weight, found in left.items():
            parts = [
                f"deltas[{cuts[t]}].sum(axis=1, keepdims=True)"
                if isinstance(t, Array) and t in cuts
                else self._contracted(self.plan.kept.replaced(t), weight)
                for t in found
            ]
            key = f'"{key_of(weight)}" + at'
            total = " + ".join(parts) if parts else f"np.zeros_like(params[{key}])"
            lines.append(f"gradients[{key}] = {total}")
        return lines

    def _agrees(self, run: Run, terms: dict[Array, tuple[Node, ...]]) -> bool:
        """Tell whether the derived gradients of stacked weights are what the stack gives."""
        for weight, member in zip(run.weights, run.members, strict=True):
            adjoint: Node = self.adjoints[member.family]
            expected = adjoint if run.vector is None else matmul(adjoint, transpose(run.vector))
            if [source(self.plan.kept.replaced(t)) for t in terms[weight]] != [source(expected)]:
                return False
        return True

    def _unstacked(self, run: Run) -> list[str]:
        if len(run.weights) == 1:
            return [f'gradients["{key_of(run.weights[0])}" + at] = d{run.name}']
        start = run.members[0].shape[0] * 0
        lines: list[str] = []
        for weight, member in zip(run.weights, run.members, strict=True):
            stop = start + member.shape[0]
            first = "" if start == 0 else self.layer.size(start)
            cut = f"{first}:" if weight == run.weights[-1] else f"{first}:{self.layer.size(stop)}"
            lines.append(f'gradients["{key_of(weight)}" + at] = d{run.name}[{cut}]')
            start = stop
        return lines

    def _contracted(self, node: Node, weight: Array) -> str:
        """Return a summand of a gradient, summed over steps and sequences."""
        if weight.shape[1] == 1:
            return f"total({self.all.text(node)})"
        if isinstance(node, Scale):
            factor = self.all.notation.scalar(node.factor)
            return f"{factor} * {self._contracted(node.arg, weight)}"
        if isinstance(node, Transpose):
            return f"({self._contracted(node.arg, weight)}).T"
        if isinstance(node, Product):
            at = next(i for i, c in enumerate(node.children) if c.shape[1] == 1) + 1
            left, right = matmul(*node.children[:at]), transpose(matmul(*node.children[at:]))
            a, b = self.all.text(left), self.all.text(right)
            if is_timed(left) and is_timed(right):
                return f"flat({a}) @ flat({b}).T"
            # What is the same at every step, in every sequence, stands outside of the sum.
            both = ((left, a), (right, b))
            a, b = (f"total({text})" if is_timed(side) else f"({text})" for side, text in both)
            return f"{a} @ {b}.T"
        raise TypeError(f"no sum over steps for a {type(node).__name__}")

    def sent(self) -> list[str]:
        """Return the gradients of what was read from outside."""
        layer, lines, names = self.layer, list[str](), list[str]()
        for read in self.unit.reads:
            name = f"d{read.local.name}"
            names.append(name)
            terms = list(read.terms)
            parts: list[str] = []
            for run in self.plan.runs("hoisted") if layer.stack else ():
                # Compared as text: an edge between layers is written in either one's sizes.
                wanted = [
                    source(matmul(transpose(w), self.adjoints[m.family]))
                    for w, m in zip(run.weights, run.members, strict=True)
                ]
                left = [t for t in terms if source(t) not in wanted]
                if run.vector == read.local and len(terms) - len(left) == len(wanted):
                    terms = left
                    cut = layer.cut(run.members)
                    rows = "delta[now]" if cut == ":" else f"delta[now, {cut}]"
                    parts.append(f"times({run.name}.T, {rows})")
            parts += [self.all.text(self.plan.kept.replaced(t)) for t in terms]
            lines += [f"{name} = {parts[0]}"] if parts else [f"{name} = 0.0"]
            lines += [f"{name} = {name} + {part}" for part in parts[1:]]
            if read.local in layer.padded:
                lines.append("if mask is not None:")
                lines.append(f"    {name} = {name} * mask[:, None, :]")
        starts = [f"d{state.name}_0" for state, _ in self.unit.states]
        lines.append(f"return gradients, {tuple_text(names)}, {tuple_text(starts)}")
        return lines
