"""The forward function of a unit."""

from collections.abc import Iterator

from rnnsym.code.numpy_forward_loop import ForwardLoop
from rnnsym.code.numpy_layer import Everywhere, Layer, setup_lines
from rnnsym.code.numpy_text import tuple_text, wrapped, wrapped_sum
from rnnsym.code.plan import Affine, Run
from rnnsym.code.units import LocalEquation, key_of
from rnnsym.expr import Array, Map, source

__all__ = ["forward_lines"]


def forward_lines(layer: Layer) -> tuple[list[str], list[str]]:
    """Return the lines of the forward function, and the names that it keeps."""
    return _Forward(layer).lines()


class _Forward:
    def __init__(self, layer: Layer) -> None:
        self.layer, self.plan, self.unit = layer, layer.plan, layer.unit
        self.all = Everywhere(layer)
        self.made: list[str] = []

    def lines(self) -> tuple[list[str], list[str]]:
        unit, layer = self.unit, self.layer
        before = self._before()
        recursion = ForwardLoop(layer, self.all)
        loop = recursion.lines() if unit.states else []
        after = Everywhere(self.layer)
        for equation in self.plan.after:
            self._everywhere(after, equation)
        work = recursion.body.work
        arguments = [r.local.name for r in unit.reads] + [f"{s.name}_0" for s, _ in unit.states]
        head = [
            *wrapped(
                "", f"def {unit.name}_forward(", ["params", "at", *arguments, "mask=None"], "):"
            ),
            *self._docstring(),
        ]
        kept = [*(r.local.name for r in unit.reads), *dict.fromkeys(self.made)]
        outputs = [f"{layer.name(a)}[now]" for a in layer.exports]
        slot = "T" if unit.order > 0 else "1"
        outputs.append(tuple_text(f"{s.name}[{slot}]" for s, _ in unit.states))
        kept_text = tuple_text(kept)
        stacked = [f'{r.name} = params["{r.name}" + at]' for r in self._weights()]
        single = [f'{w.name} = params["{key_of(w)}" + at]' for w in self._single()]
        body = [
            *stacked,
            *single,
            f"T, B, dtype = {self._shape()}",
            *self.layer.size_lines(),
            "half = np.array(0.5, dtype)",
            *(f"{name} = np.empty((T, {rows}, B), dtype)" for name, rows in self.all.work.items()),
            *before,
            *(f"{name} = np.empty(({rows}, B), dtype)" for name, rows in work.items()),
            *loop,
            *after.lines,
            f"return {', '.join([*outputs, kept_text])}",
        ]
        return [*head, *(f"    {line}" if line else "" for line in body)], kept

    def _shape(self) -> str:
        name = self.unit.reads[0].local.name
        return f"len({name}), {name}.shape[2], {name}.dtype"

    def _docstring(self) -> Iterator[str]:
        yield '    """Compute'
        for equation in self.unit.equations:
            yield from wrapped_sum(f"        {source(equation.lhs)} = ", source(equation.rhs))
        yield '    """'

    def _weights(self) -> list[Run]:
        return list(self.plan.stacked)

    def _single(self) -> list[Array]:
        gone = {w for r in self.plan.stacked for w in r.weights}
        return [w for w in self.unit.weights if w not in gone]

    # Before the loop

    def _before(self) -> list[str]:
        layer, out = self.layer, self.all
        for read in layer.padded:
            out.add(f"{read.name} = padded({read.name}, mask)")
        edged = layer.edged
        added = {layer.name(a.lhs) for a in self.plan.affine if a.hoisted is None}
        if layer.stack:
            total = layer.offsets([a.lhs for a in layer.stack])[1]
            names = ", ".join(layer.name(a.lhs) for a in layer.stack)
            make = "zeros" if added or {layer.name(a.lhs) for a in layer.stack} & edged else "empty"
            out.add(f"stack = np.{make}((T + 2, {total}, B), dtype)  # {names}")
            out.lines += setup_lines(layer, "stack", layer.name)
            self.made.append("stack")
        for equation in self.plan.equations:
            name = layer.name(equation.lhs)
            stacked = any(equation.lhs == a.lhs for a in layer.stack)
            if stacked or name != equation.lhs.name or name in self.made or self._in_stack(name):
                continue
            shape = f"(T + 2, {layer.rows(equation.lhs)}, B), dtype"
            if name in edged - added:
                out.add(f"{name} = framed({shape})")
            else:
                out.add(f"{name} = np.{'zeros' if name in added else 'empty'}({shape})")
            self.made.append(name)
        for state, _ in self.unit.states:
            slot = "0" if self.unit.order > 0 else "T + 1"
            start = f"{state.name}_0"
            out.add(f"{state.name}[{slot}] = 0 if {start} is None else {start}")
        self._hoisted()
        affine = {a.lhs: a for a in self.plan.affine}
        for equation in self.plan.before:
            if equation.lhs in affine:
                self._known(affine.pop(equation.lhs))
            else:
                self._everywhere(out, equation)
        for rest in affine.values():
            self._known(rest)
        return out.lines

    def _in_stack(self, name: str) -> bool:
        return any(self.layer.name(a.lhs) == name for a in self.layer.stack)

    def _everywhere(self, out: Everywhere, equation: LocalEquation) -> None:
        out.comment(equation.lhs, equation.rhs)
        target = self.layer.everywhere(equation.lhs)
        rhs = equation.rhs
        if isinstance(rhs, Map) and self.layer.takes_place(equation):
            rhs_target = f"{self.layer.name(equation.lhs)}_all"
            out.add(f"{rhs_target} = {target}")
            if rhs.name in ("sigmoid", "relu", "tanh", "exp", "log", "square"):
                out.function(rhs.name, rhs_target, rhs_target)
            else:
                out.add(f"{rhs_target}[...] = {out.text(rhs)}")
        else:
            out.add(f"{target} = {out.text(rhs)}")

    def _hoisted(self) -> None:
        """Fill the pre-activations with what is known of them before the loop."""
        if not self.plan.affine:
            return
        for run in self.plan.runs("hoisted"):
            self.all.add(f"times({run.name}, {self._vector(run)}, out={self._run_target(run)})")
        for run in self.plan.runs("bias"):
            self.all.add(f"{self._run_target(run)} += {run.name}")

    def _known(self, affine: Affine) -> None:
        """Add the other terms that are known before the loop."""
        for term in affine.known:
            self.all.add(f"{self.layer.everywhere(affine.lhs)} += {self.all.text(term)}")

    def _vector(self, run: Run) -> str:
        assert run.vector is not None
        return self.all.text(run.vector)

    def _run_target(self, run: Run) -> str:
        layer = self.layer
        if not layer.stack:
            return layer.everywhere(run.members[0])
        cut = layer.cut(run.members)
        return "stack[now]" if cut == ":" else f"stack[now, {cut}]"
