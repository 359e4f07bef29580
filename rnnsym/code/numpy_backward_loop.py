"""The recursion of a backward function: adjoints from the last step to the first."""

from dataclasses import dataclass
from itertools import groupby

from rnnsym.code.linear import Linear, LinearLine, linear_lines, products_in, source_of, written
from rnnsym.code.numpy_layer import Body, Everywhere, Layer
from rnnsym.code.numpy_text import wrapped_sum
from rnnsym.code.plan import Run
from rnnsym.code.units import arrays_in
from rnnsym.expr import TIME, Array, Family, Node, hadamard, matmul, rebuild, source, transpose

__all__ = ["BackwardLoop"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Products of neighbours in the stack, at one shift."""

    run: Run
    shift: int


class BackwardLoop:
    """The loop of a unit; coefficients are computed before it, for all steps."""

    def __init__(self, layer: Layer, before: Everywhere) -> None:
        self.layer, self.plan, self.unit = layer, layer.plan, layer.unit
        self.all, self.body = before, Body(layer)
        self.linear = linear_lines(layer.plan)
        self.adjoints = layer.adjoints
        self.known: dict[Node, Array] = {}
        self.shared: dict[Node, Array] = {}
        self.done_runs: set[str] = set()

    # What is known before the recursion

    def _coefficient(self, node: Node, line: LinearLine) -> Array:
        """Return the array that holds a coefficient at all steps."""
        if isinstance(node, Array) and node.time == TIME and self.layer.is_slotted(node):
            return node
        if node not in self.known:
            stem = line.line.target.name.removeprefix("delta_")
            name, number = f"k_{stem}", 2
            taken = {a.name for a in self.known.values()} | {a.name for a in self.shared.values()}
            while name in taken:
                name, number = f"k_{stem}{number}", number + 1
            array = Array(Family(name, name), node.shape, None, TIME)
            self.known[node] = array
            rows = self.layer.rows(node)
            self.all.add(f"{name} = np.zeros((T + 2, {rows}, B), dtype)")
            self._fill(array, node)
        return self.known[node]

    def _fill(self, array: Array, node: Node) -> None:
        target = f"{array.name}_now"
        self.all.comment(array, node)
        self.all.add(f"{target} = {array.name}[now]")
        self.all.compute(node, target)

    def _share_products(self) -> None:
        """Name matrix products that stand in several lines, such as U_hᵀ δ_g."""
        uses: dict[Node, int] = {}
        for line in self.linear:
            for term in line.terms:
                for product in products_in(term.base):
                    uses[product] = uses.get(product, 0) + 1
        for node, count in uses.items():
            if count > 1:
                adjoint = next(a for a in arrays_in(node) if a.family.role == "adjoint")
                name = f"q_{adjoint.name.removeprefix('delta_')}"
                while name in {a.name for a in self.shared.values()}:
                    name += "_"
                self.shared[node] = Array(Family(name, name, "", "adjoint"), node.shape, None, TIME)
                rows = self.layer.rows(node)
                self.all.add(f"{name} = np.zeros((T + 2, {rows}, B), dtype)")

    # The recursion

    def lines(self) -> list[str]:
        """Return the loop's lines, and those of the initial states' gradients."""
        self._share_products()
        unit, body = self.unit, self.body
        states = {s.family: s for s, _ in unit.states}
        for line in self.linear:
            self._line(line, line.line.of.family in states)
        loop = [
            "off = masked(mask, T)",
            *(
                f"hold_{s.name} = np.zeros(({self.layer.rows(s)}, B), dtype)"
                for s, _ in unit.states
            ),
            *body.loop(unit.order > 0),
            *(f"    {line}" for line in body.lines),
        ]
        return loop + self._initial()

    def _line(self, line: LinearLine, is_state: bool) -> None:
        body, target = self.body, line.line.target
        if target.name in self.done_runs:
            return
        run = self._run(line)
        for text in wrapped_sum(f"# {source(target)} = ", written(line.line), 80):
            body.add(text if text.startswith("#") else f"#{text[1:]}")
        if len(run) > 1:
            self._together(run, line)
            return
        out = body.variable(target)
        started = line.line.incoming
        for group in self._groups(line.terms):
            started = self._term(group, out, started, line)
        if not started:
            body.add(f"{out}[...] = 0.0")
        if line.factor is not None:
            body.add(f"{out} *= {body.variable(self._coefficient(line.factor, line))}")
        if is_state:
            self._state(line, out)
        self._products_of(target)

    def _products_of(self, target: Array) -> None:
        for node, array in self.shared.items():
            if target in set(arrays_in(node)):
                self.body.add(f"# {source(array)} = {source(node)}")
                self.body.compute(self._named(node, keep=True), self.body.variable(array))

    def _state(self, line: LinearLine, out: str) -> None:
        """Add the final state's own gradient; where a step is masked, all of it is carried on."""
        name = line.line.of.name
        last = "T" if self.unit.order > 0 else "1"
        add = self.body.add
        if line.line.incoming:
            self.all.add(f"{line.line.target.name}[{last}] += final_{name}")
        else:
            add(f"if t == {last}:")
            add(f"    {out} += final_{name}")
        self.body.bind("off")
        add("if off_t is not None:  # a masked step hands the gradient on")
        add(f"    {out} += hold_{name}")
        add(f"    np.multiply({out}, off_t, out=hold_{name})")
        add(f"    {out} -= hold_{name}")

    def _run(self, line: LinearLine) -> list[LinearLine]:
        """Return the neighbours in the stack that take the same adjoint as this line."""
        by_family = {x.line.of.family: x for x in self.linear}
        order = [by_family[a.lhs.family] for a in self.layer.stack]
        key = source_of(line)
        if key is None or line not in order:
            return [line]
        for same, group in groupby(order, source_of):
            members = list(group)
            if same == key and line in members:
                return members
        return [line]

    def _together(self, run: list[LinearLine], line: LinearLine) -> None:
        """Write neighbours as one product of a stack of coefficients."""
        body, layer = self.body, self.layer
        names = "".join(x.line.target.name.removeprefix("delta_") for x in run)
        rows = layer.rows(run[0].line.target)
        cut = layer.cut([x.line.of for x in run])
        view = "delta" if cut == ":" else f"delta[:, {cut}]"
        shape = f"(T + 2, {len(run)}, {rows}, B)"
        self.all.add(f"k_{names} = np.zeros({shape}, dtype)")
        self.all.add(f"parts_{names} = {view}.reshape({shape})")
        for place, member in enumerate(run):
            coefficient = member.terms[0].coefficient
            assert coefficient is not None
            self.all.add(f"k_now = k_{names}[now, {place}]")
            part = Array(Family("k_now", "k_now", "", "text"), coefficient.shape)
            self.all.comment(part, coefficient)
            self.all.compute(coefficient, "k_now")
        base = run[0].terms[0].base
        assert isinstance(base, Array)
        for member in run:
            if member is not line:
                body.add(f"# {source(member.line.target)} = {written(member.line)}")
        adjoint, k = body.variable(base), body.bind(f"k_{names}")
        body.add(f"np.multiply({k}, {adjoint}, out={body.bind(f'parts_{names}')})")
        self.done_runs |= {x.line.target.name for x in run}
        for member in run:
            self._products_of(member.line.target)

    def _groups(self, terms: tuple[Linear, ...]) -> list[Linear | Joined]:
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

    def _term(self, group: Linear | Joined, out: str, started: bool, line: LinearLine) -> bool:
        body = self.body
        if isinstance(group, Joined):
            run = group.run
            cut = self.layer.cut(run.members)
            stems = (self.layer.adjoint_name(m).removeprefix("delta_") for m in run.members)
            name = "delta" if cut == ":" else f"delta_{''.join(stems)}"
            if cut != ":":
                view = f"{name} = delta[:, {cut}]"
                if view not in self.all.lines:
                    self.all.add(view)
            vector = body.bind(name, group.shift)
            if not started:
                body.add(f"np.dot({run.name}.T, {vector}, out={out})")
                return True
            work = body.temporary(line.line.target)
            body.add(f"np.dot({run.name}.T, {vector}, out={work})")
            body.add(f"{out} += {work}")
            body.free(work)
            return True
        node = self._node(group, line)
        if started:
            body.add_to(out, node)
        else:
            body.compute(node, out)
        return True

    def _node(self, term: Linear, line: LinearLine) -> Node:
        """Return a term with its coefficient and its shared products as arrays."""
        base = self._named(term.base)
        if term.coefficient is None:
            return base.xreplace({TIME: TIME + term.shift}) if term.shift else base
        whole = hadamard(self._coefficient(term.coefficient, line), base)
        return whole.xreplace({TIME: TIME + term.shift}) if term.shift else whole

    def _named(self, node: Node, keep: bool = False) -> Node:
        if node in self.shared and not keep:
            return self.shared[node]
        return rebuild(node, tuple(self._named(c) for c in node.children))

    def _initial(self) -> list[str]:
        slot = "0" if self.unit.order > 0 else "T + 1"
        lines = [f"t = {slot}"]
        by_family = {x.line.of.family: x for x in self.linear}
        main = self.body
        for state, _ in self.unit.states:
            name = f"d{state.name}_0"
            line = by_family[state.family]
            self.body = Body(self.layer)
            lines.append(f"{name} = hold_{state.name}.copy()")
            carried = tuple(x for x in line.terms if x.shift != 0)
            for group in self._groups(carried):
                self._term(group, name, True, line)
            main.work |= self.body.work
            lines += [*self.body.bindings(), *self.body.lines]
        self.body = main
        return lines
