"""The recursion of a forward function: what is computed one step after the other."""

from itertools import groupby

from rnnsym.code.numpy_layer import Body, Everywhere, Layer
from rnnsym.code.plan import Affine, Run
from rnnsym.code.units import LocalEquation, arrays_in
from rnnsym.expr import (
    TIME,
    Array,
    Fill,
    Hadamard,
    Map,
    Node,
    Plus,
    hadamard,
    minus,
    plus,
    scale,
    source,
)

__all__ = ["ForwardLoop"]


class ForwardLoop:
    """The loop of a unit; views of neighbours in the stack are named before it."""

    def __init__(self, layer: Layer, before: Everywhere) -> None:
        self.layer, self.plan, self.unit = layer, layer.plan, layer.unit
        self.all, self.body = before, Body(layer, self._walk)

    def lines(self) -> list[str]:
        """Return the loop's lines, head and body."""
        unit, body = self.unit, self.body
        self._schedule()
        before, slot = (-1, "0") if unit.order > 0 else (1, "T + 1")
        masked = [
            f"np.copyto({body.variable(s)}, {body.bind(s.name, before)}, where={body.bind('off')})"
            for s, _ in unit.states
        ]
        starts: list[str] = []
        ends: list[str] = []
        for state, _ in unit.states:  # the next step reads what this one has just written
            variable = body.bind(state.name, before)
            del body.bound[variable]
            starts.append(f"{variable} = {state.name}[{slot}]")
            ends.append(f"{variable} = {body.variable(state)}")
        return [
            *body.setup(),
            *starts,
            "off = masked(mask, T)",
            *body.loop(),
            *(f"    {line}" for line in body.lines),
            "    if off_t is not None:  # a masked step carries the state",
            *(f"        {line}" for line in masked),
            *(f"    {line}" for line in ends),
        ]

    def _walk(self, name: str, shift: int) -> str:
        """Return what the loop walks for an array."""
        back = "_back" if self.unit.order < 0 else ""
        return f"{name}[{ {0: 'now', -1: 'before', 1: 'after'}[shift] }{back}]"

    def _schedule(self) -> None:
        """Walk the equations of a step: products when their vector is there, functions in runs."""
        affine = {a.lhs: a for a in self.plan.affine}
        waiting = list(self.plan.inside)
        runs = list(self.plan.runs("recurrent"))
        done: set[Array] = {e.lhs for e in (*self.plan.before,)}
        own = {e.lhs.family for e in self.plan.equations}

        def ready(node: Node) -> bool:
            return all(a.family not in own or a.time != TIME or a in done for a in arrays_in(node))

        multiplied: set[Array] = set()
        while waiting:
            for run in [r for r in runs if r.vector is not None and ready(r.vector)]:
                self._recurrent(run)
                multiplied |= set(run.members)
                runs.remove(run)
            fused = [
                e
                for e in waiting
                if e.lhs in affine
                and (affine[e.lhs].recurrent is None or e.lhs in multiplied)
                and all(ready(t) for t in affine[e.lhs].others)
            ]
            for equation in fused:
                self._others(affine[equation.lhs])
            if fused:
                done |= {e.lhs for e in fused}
                waiting = [e for e in waiting if e not in fused]
                maps = [
                    e
                    for e in waiting
                    if isinstance(e.rhs, Map) and self.layer.takes_place(e) and e.rhs.arg in done
                ]
                self._functions(maps)
                done |= {e.lhs for e in maps}
                waiting = [e for e in waiting if e not in maps]
                continue
            equation = next(e for e in waiting if e.lhs not in affine and ready(e.rhs))
            self._plain(equation)
            done.add(equation.lhs)
            waiting.remove(equation)

    def _recurrent(self, run: Run) -> None:
        body = self.body
        assert run.vector is not None
        names = ", ".join(m.name for m in run.members)
        body.add(f"# {source(run.vector)} into {names}")
        target = self._variable(run.members)
        rows = self._rows(run.members)
        work = f"work_{''.join(c if c.isalnum() else '_' for c in rows)}"
        body.work[work] = rows
        body.busy.append(work)
        body.dot(run.name, run.vector, work)
        body.add(f"{target} += {work}")
        body.free(work)

    def _rows(self, members: tuple[Array, ...]) -> str:
        total = members[0].shape[0]
        for member in members[1:]:
            total = total + member.shape[0]
        return self.layer.size(total)

    def _variable(self, members: tuple[Array, ...]) -> str:
        """Return the variable of neighbours in the stack at this step."""
        layer = self.layer
        if len(members) == 1:
            return self.body.variable(members[0])
        if layer.cut(members) == ":":
            return self.body.bind("stack")
        whole, line = layer.view(members)
        if line not in self.all.lines:
            self.all.lines.append(line)
        return self.body.bind(whole.name)

    def _others(self, affine: Affine) -> None:
        for term in affine.others:
            self.body.add_to(self.body.variable(affine.lhs), term)

    def _functions(self, equations: list[LocalEquation]) -> None:
        """Apply functions to neighbours in the stack at once."""
        order = {self.layer.name(a.lhs): i for i, a in enumerate(self.layer.stack)}
        place = {e.lhs.name: order.get(e.lhs.name, 1000 + i) for i, e in enumerate(equations)}
        ranked = sorted(equations, key=lambda e: place[e.lhs.name])
        neighbours = groupby(enumerate(ranked), key=lambda p: place[p[1].lhs.name] - p[0])
        for _, group in neighbours:
            self._neighbours([e for _, e in group])

    def _neighbours(self, equations: list[LocalEquation]) -> None:
        runs = [
            (name, [e.lhs for e in run])
            for name, run in groupby(equations, key=lambda e: _name(e.rhs))
        ]
        body = self.body
        for equation in equations:
            body.add(f"# {source(equation.lhs)} = {source(equation.rhs)}")
        squashing = {n for n, _ in runs} <= {"sigmoid", "tanh"}
        if squashing and len(runs) == 2:
            gates = self._variable(self._stacked(next(m for n, m in runs if n == "sigmoid")))
            both = self._variable(self._stacked([e.lhs for e in equations]))
            body.add(f"{gates} *= half")
            body.add(f"tanh({both}, {both})")
            body.add(f"{gates} *= half")
            body.add(f"{gates} += half")
            return
        for name, members in runs:
            target = self._variable(self._stacked(members))
            if name in ("sigmoid", "relu", "tanh", "exp", "log", "square"):
                body.function(name, target, target)
            else:
                for e in equations:
                    if e.lhs in members:
                        body.add(f"{body.variable(e.lhs)}[...] = {body.text(e.rhs)}")

    def _stacked(self, members: list[Array]) -> tuple[Array, ...]:
        """Return the pre-activations whose places some gates have taken."""
        names = {m.name for m in members}
        found = tuple(a.lhs for a in self.plan.affine if self.layer.name(a.lhs) in names)
        return found or tuple(members)

    def _plain(self, equation: LocalEquation) -> None:
        body = self.body
        body.add(f"# {source(equation.lhs)} = {source(equation.rhs)}")
        body.compute(mixed(equation.rhs), body.variable(equation.lhs))


def _name(node: Node) -> str:
    assert isinstance(node, Map)
    return node.name


def mixed(node: Node) -> Node:
    """(1 − z) ⊙ a + z ⊙ b = a + z ⊙ (b − a), which is one product less."""
    if not isinstance(node, Plus) or len(node.children) != 2:
        return node
    for one, other in (node.children, tuple(reversed(node.children))):
        if not isinstance(one, Hadamard) or not isinstance(other, Hadamard):
            continue
        if len(one.children) != 2 or len(other.children) != 2:
            continue
        for rest, a in (one.children, tuple(reversed(one.children))):
            for z, b in (other.children, tuple(reversed(other.children))):
                if _is_rest(rest, z):
                    return plus(hadamard(z, minus(b, a)), a)
    return node


def _is_rest(node: Node, z: Node) -> bool:
    """Tell whether a node is 1 − z."""
    if not isinstance(node, Plus) or len(node.children) != 2:
        return False
    first, second = node.children
    return isinstance(first, Fill) and first.value == 1 and second == scale(-1, z)
