"""The recursion of a backward function: adjoints from the last step to the first."""

from collections.abc import Iterable

from rnnsym.code.linear import Linear, LinearLine, linear_lines, shared_products, written
from rnnsym.code.numpy_coefficients import Coefficients
from rnnsym.code.numpy_fans import Fan, Fans
from rnnsym.code.numpy_layer import Body, Layer
from rnnsym.code.numpy_text import wrapped_sum
from rnnsym.code.plan import Run
from rnnsym.code.units import arrays_in
from rnnsym.expr import (
    TIME,
    Array,
    Family,
    Integer,
    Node,
    hadamard,
    matmul,
    rebuild,
    source,
    transpose,
)
from rnnsym.record import record

__all__ = ["BackwardLoop"]


@record
class Joined:
    """Products of neighbours in the stack, as one."""

    run: Run
    shift: int


class BackwardLoop:
    """The loop of a unit; coefficients are computed a few steps ahead of it.

    What a step sends to the step before it is summed at its own end, in carry_s for a state s.

    Args:
        kept: the names of adjoints that are read after the loop, at all steps.
        edges: some are read at steps 0 or T + 1 too, where they are zero.
    """

    def __init__(self, layer: Layer, kept: set[str], edges: bool) -> None:
        self.layer, self.plan, self.unit = layer, layer.plan, layer.unit
        self.make = "np.zeros" if edges else "np.empty"
        self.buffers: list[str] = []
        self.body = Body(layer, self._walk)
        self.linear = linear_lines(layer.plan)
        self.adjoints = layer.adjoints
        self.shared = shared_products(self.linear)
        self.fans = Fans(layer, self.linear, self.shared)
        self.coefficients = Coefficients(layer, self.fans)
        terms = (t for line in self.linear for t in line.terms if t.shift != 0)
        carried = (self._named(t.base) for t in terms if self._is_bare(t))
        self.kept = kept | {a.name for a in carried if isinstance(a, Array)}

    def lines(self) -> list[str]:
        """Return the loop's lines, and those of the initial states' gradients."""
        layer, ahead, body = self.layer, self.coefficients, self.body
        states = {s.family: s for s, _ in self.unit.states}
        self._adjoint_arrays()
        for line in self.linear:
            self._line(line, line.line.of.family in states)
        for line in self.linear:
            self._carry(line, line.line.of.family in states)
        ahead_lines = ahead.fill()
        rows = layer.rows(self.unit.states[0][0])
        steps = "range(T, 0, -1)" if self.unit.order > 0 else "range(1, T + 1)"
        work = [f"{k} = np.empty((few, {v}, B), dtype)" for k, v in ahead.work.items()]
        work += [f"{k} = np.empty(({v}, B), dtype)" for k, v in body.work.items()]
        hold = [f"hold_{s.name} = 0.0" for s in states.values()]
        return [
            f"few = steps_at_once(T, {rows} * B)",
            *self.buffers,
            *ahead.buffers,
            *work,
            *hold,
            *body.setup(),
            "off = masked(mask, T)",
            f"for count, at_t, at_before, at_after in parts({steps}, few):",
            *(f"    {line}" for line in ahead_lines),
            *(f"    {line}" for line in body.loop()),
            *(f"        {line}" for line in body.lines),
            *(f"d{s.name}_0 = carry_{s.name} + hold_{s.name}" for s in states.values()),
        ]

    def _walk(self, name: str, shift: int) -> str:
        """Return what the loop walks for an array."""
        if name in self.coefficients.names:
            return name
        if name.startswith("Delta_"):  # step t has index t - 1
            return f"{name}[at_before]"
        return f"{name}[at_{ {0: 't', -1: 'before', 1: 'after'}[shift] }]"

    # Arrays of adjoints

    def _adjoint_arrays(self) -> None:
        """Make the stack of adjoints with what stands around it, and the other adjoints."""
        self.buffers += self.fans.lines(self.make)
        for line in self.linear:
            if line.line.of.family not in self.fans.places:
                self._adjoint_array(line.line.target)
        for array in self.shared.values():
            self._adjoint_array(array)

    def _adjoint_array(self, array: Array) -> None:
        """Make an adjoint's array: one step is enough where nobody reads it later."""
        name, rows = array.name, self.layer.rows(array)
        if name in self.kept:
            self.buffers.append(f"{name} = {self.make}((T + 2, {rows}, B), dtype)")
        else:
            self.body.single.add(name)
            self.buffers.append(f"{name}_t = np.empty(({rows}, B), dtype)")

    def _is_bare(self, term: Linear) -> bool:
        return term.coefficient is None and isinstance(self._named(term.base), Array)

    # The recursion

    def _line(self, line: LinearLine, is_state: bool) -> None:
        body, target, of = self.body, line.line.target, line.line.of
        if any(p.whole and p.line is line for p in self.fans.of.values()):
            return
        self._quote(line)
        out = body.variable(target)
        ready: list[str] = []
        if line.line.incoming:
            ready.append(body.bind(f"Delta_{self.layer.name(self.layer.consumer(of))}"))
        if is_state or any(t.shift for t in line.terms):
            ready.append(f"carry_{of.name}")
        own = [t for t in line.terms if t.shift == 0]
        ready += [self._held(t) for t in own if id(t) in self.fans.of]
        groups = self._groups(t for t in own if id(t) not in self.fans.of)
        self._sum(ready, groups, out, line)
        if line.factor is not None:
            body.add(f"{out} *= {self._coefficient(line.factor, line)}")
        if is_state:
            self._hold(of.name, out)
        self._spread(target)

    def _coefficient(self, node: Node, line: LinearLine) -> str:
        """Return the variable that holds a coefficient at this step."""
        return self.body.variable(self.coefficients.array(node, line))

    def _held(self, term: Linear) -> str:
        return self.body.variable(self.fans.of[id(term)].array)

    def _quote(self, line: LinearLine) -> None:
        head = f"# {source(line.line.target)} = "
        for text in wrapped_sum(head, written(line.line), 80):
            self.body.add(text if text.startswith("#") else f"#{text[1:]}")

    def _sum(
        self, ready: list[str], groups: list[Linear | Joined], out: str, line: LinearLine
    ) -> None:
        """Write the sum of what is ready and of what is not into ``out``."""
        add = self.body.add
        if len(ready) > 1:
            add(f"add({ready[0]}, {ready[1]}, {out})")
            ready = ready[2:]
        elif groups:
            self._term(groups[0], out, False, line)
            groups = groups[1:]
        else:
            add(f"{out}[...] = {ready[0] if ready else '0.0'}")
            return
        for text in ready:
            add(f"{out} += {text}")
        for group in groups:
            self._term(group, out, True, line)

    def _spread(self, base: Array) -> None:
        """Write what takes an adjoint alone: its matrix products, and its fans."""
        for fan in self.fans.taken_by(base):
            self._fan(fan)
        for node, array in self.shared.items():
            if base in set(arrays_in(node)):
                self.body.add(f"# {source(array)} = {source(node)}")
                self.body.compute(self._named(node, keep=True), self.body.variable(array))
                self._spread(array)

    def _fan(self, fan: Fan) -> None:
        body = self.body
        for part in fan.parts:
            if part.whole:
                self._quote(part.line)
            else:
                assert part.term.coefficient is not None
                whole = hadamard(part.term.coefficient, fan.base)
                body.add(f"# {source(part.array)} = {source(whole)}")
        [first, *others] = fan.parts
        assert first.term.coefficient is not None
        if not others:
            k = self._coefficient(first.term.coefficient, first.line)
            out = body.variable(first.array)
            body.add(f"multiply({k}, {body.variable(fan.base)}, {out})")
        else:
            k = self.coefficients.stack(fan)
            out = body.bind(f"from_{fan.name}")
            body.add(f"multiply({body.bind(k)}, {body.variable(fan.base)}, {out})")
        for part in fan.parts:
            if part.whole:
                self._spread(part.array)

    def _hold(self, name: str, out: str) -> None:
        """Where a step is masked, all of a state's gradient is carried on."""
        add = self.body.add
        self.body.bind("off")
        add("if off_t is not None:  # a masked step hands the gradient on")
        add(f"    {out} += hold_{name}")
        add(f"    hold_{name} = {out} * off_t")
        add(f"    {out} -= hold_{name}")

    def _carry(self, line: LinearLine, is_state: bool) -> None:
        """Sum up, at a step's end, what a line takes from it one step further."""
        terms = [t for t in line.terms if t.shift != 0]
        if not terms and not is_state:
            return
        body, of = self.body, line.line.of
        name = f"carry_{of.name}"
        rows, start = self.layer.rows(line.line.target), f"final_{of.name}" if is_state else "0.0"
        ready = [self._held(t) for t in terms if id(t) in self.fans.of]
        left = [t for t in terms if id(t) not in self.fans.of]
        plain = [
            t for t in left if t.coefficient is None and isinstance(self._named(t.base), Array)
        ]
        ready += [body.text(self._named(t.base)) for t in plain]
        groups = self._groups(t for t in left if t not in plain)
        if not groups and len(ready) <= 1:
            self.buffers.append(f"{name} = {start}")
            body.add(f"{name} = {ready[0] if ready else '0.0'}")
        else:
            self.buffers += [f"{name} = np.empty(({rows}, B), dtype)", f"{name}[...] = {start}"]
            self._sum(ready, groups, name, line)

    def _groups(self, terms: Iterable[Linear]) -> list[Linear | Joined]:
        """Join the products of neighbours in the stack into one."""
        found: list[Linear | Joined] = []
        left = list(terms)
        for run in self.plan.runs("recurrent") if len(self.layer.stack) > 1 else ():
            wanted = [
                matmul(transpose(w), self.adjoints[m.family])
                for w, m in zip(run.weights, run.members, strict=True)
            ]
            members = [t for t in left if t.coefficient is None and t.base in wanted]
            shifts = {t.shift for t in members}
            if len(members) == len(wanted) > 1 and len(shifts) == 1:
                found.append(Joined(run, shifts.pop()))
                left = [t for t in left if t not in members]
        return [*found, *left]

    def _term(self, group: Linear | Joined, out: str, started: bool, line: LinearLine) -> None:
        body = self.body
        if isinstance(group, Joined):
            node: Node = matmul(transpose(self._stacked_weight(group.run)), self._view(group.run))
        else:
            node = self._named(group.base)
            if group.coefficient is not None:
                k = self._coefficient(group.coefficient, line)
                node = hadamard(Array(Family(k, k, "", "text"), group.coefficient.shape), node)
        if started:
            body.add_to(out, node)
        else:
            body.compute(node, out)

    @staticmethod
    def _stacked_weight(run: Run) -> Array:
        rows = sum((w.shape[0] for w in run.weights[1:]), start=run.weights[0].shape[0])
        return Array(Family(run.name, run.name), (rows, run.weights[0].shape[1]), None, None)

    def _view(self, run: Run) -> Array:
        """Return the adjoints of neighbours in the stack as one array."""
        cut = self.layer.cut(run.members)
        stems = (self.layer.adjoint_name(m).removeprefix("delta_") for m in run.members)
        name = "delta" if cut == ":" else f"delta_{''.join(stems)}"
        view = f"{name} = delta[:, {cut}]"
        if cut != ":" and view not in self.buffers:
            self.buffers.append(view)
        rows = sum((m.shape[0] for m in run.members[1:]), start=run.members[0].shape[0])
        return Array(Family(name, name, "", "adjoint"), (rows, Integer(1)), None, TIME)

    def _named(self, node: Node, keep: bool = False) -> Node:
        if node in self.shared and not keep:
            return self.shared[node]
        return rebuild(node, tuple(self._named(c) for c in node.children))
