"""The backward function of a unit: local derivatives at once, the recursion, then gradients."""

import re
from dataclasses import dataclass
from itertools import groupby

from rnnsym.code.linear import Linear, LinearLine, linear_lines
from rnnsym.code.numpy_layer import Body, Everywhere, Layer, setup_lines
from rnnsym.code.numpy_text import tuple_text, wrapped, wrapped_sum
from rnnsym.code.plan import Run, replaced
from rnnsym.code.units import LocalLine, arrays_in
from rnnsym.expr import (
    TIME,
    Array,
    Family,
    Node,
    Product,
    Scale,
    Transpose,
    hadamard,
    matmul,
    rebuild,
    source,
    transpose,
)

__all__ = ["backward_lines"]


def backward_lines(layer: Layer, cached: list[str]) -> list[str]:
    """Return the lines of the backward function."""
    return _Backward(layer, cached).lines()


@dataclass(frozen=True, slots=True)
class Joined:
    """Products of neighbours in the stack, at one shift."""

    run: Run
    shift: int


class _Backward:
    def __init__(self, layer: Layer, cached: list[str]) -> None:
        self.layer, self.plan, self.unit, self.cached = layer, layer.plan, layer.unit, cached
        self.all, self.body = Everywhere(layer), Body(layer)
        self.linear = linear_lines(layer.plan)
        self.adjoints = {line.of.family: line.target for line in self.unit.lines}
        self.known: dict[Node, Array] = {}
        self.shared: dict[Node, Array] = {}
        self.loops = bool(self.unit.states)

    def lines(self) -> list[str]:
        unit, layer = self.unit, self.layer
        self._buffers()
        self._share_products()
        loop = self._loop() if self.loops else self._once()
        weights = self._weights()
        sent = self._sent()
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
                for text in wrapped_sum(f"        {source(line.target)} = ", _written(line))
            ),
            '    """',
        ]
        reads = [r.local.name for r in unit.reads]
        body = [
            f"{', '.join(self.cached)}{',' if len(self.cached) == 1 else ''} = cache",
            *self._weight_lines(),
            f"T, B, dtype = len({reads[0]}), {reads[0]}.shape[2], {reads[0]}.dtype",
            "T -= 2" if unit.reads[0].local in layer.padded else "",
            *self.layer.size_lines(),
            *self._views(),
            *(f"{name} = np.empty((T, {rows}, B), dtype)" for name, rows in self.all.work.items()),
            *self.all.lines,
            *(f"{name} = np.empty(({rows}, B), dtype)" for name, rows in self.body.work.items()),
            *loop,
            *weights,
            *sent,
        ]
        return [*head, *(f"    {line}" for line in body if line)]

    def _weight_lines(self) -> list[str]:
        """Fetch the weights that the lines read."""
        lines = [*self.all.lines, *self.body.lines, *self.after, *self.sent_lines]
        text = "\n".join(line for line in lines if not line.startswith("#"))
        names = [r.name for r in self.plan.stacked] + [w.name for w in self.unit.weights]
        return [f'{n} = params["{n}" + at]' for n in dict.fromkeys(names) if _mentions(text, n)]

    def _views(self) -> list[str]:
        if not self.layer.stack:
            return []
        return list(setup_lines(self.layer, "stack", self.layer.name))

    # Arrays

    def _buffers(self) -> None:
        layer, out = self.layer, self.all
        if layer.stack:
            total = layer.offsets([a.lhs for a in layer.stack])[1]
            out.add(f"delta = np.zeros((T + 2, {total}, B), dtype)")
            out.lines += setup_lines(layer, "delta", self._adjoint_name)
        for line in self.unit.lines:
            name = line.target.name
            if not any(a.lhs == line.of for a in layer.stack):
                out.add(f"{name} = np.zeros((T + 2, {layer.rows(line.target)}, B), dtype)")
            if line.incoming:
                arriving = f"Delta_{layer.name(layer.consumer(line.of))}"
                out.add(f"{name}[now] = {arriving}")

    def _adjoint_name(self, array: Array) -> str:
        return self.adjoints[array.family].name

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
                for product in _products(term.base):
                    uses[product] = uses.get(product, 0) + 1
        for node, count in uses.items():
            if count > 1 and self.loops:
                adjoint = next(a for a in arrays_in(node) if a.family.role == "adjoint")
                name = f"q_{adjoint.name.removeprefix('delta_')}"
                while name in {a.name for a in self.shared.values()}:
                    name += "_"
                self.shared[node] = Array(Family(name, name, "", "adjoint"), node.shape, None, TIME)
                rows = self.layer.rows(node)
                self.all.add(f"{name} = np.zeros((T + 2, {rows}, B), dtype)")

    # The recursion

    def _loop(self) -> list[str]:
        unit, body = self.unit, self.body
        states = {s.family: s for s, _ in unit.states}
        self.done_runs: set[str] = set()
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
        for text in wrapped_sum(f"# {source(target)} = ", _written(line.line), 80):
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
        key = _source_of(line)
        if key is None or line not in order:
            return [line]
        for same, group in groupby(order, _source_of):
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
            written = Array(Family("k_now", "k_now", "", "text"), coefficient.shape)
            self.all.comment(written, coefficient)
            self.all.compute(coefficient, "k_now")
        base = run[0].terms[0].base
        assert isinstance(base, Array)
        for member in run:
            if member is not line:
                body.add(f"# {source(member.line.target)} = {_written(member.line)}")
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
            stems = (self._adjoint_name(m).removeprefix("delta_") for m in run.members)
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

    def _once(self) -> list[str]:
        """Write the lines of a unit without recursion, for all steps."""
        lines: list[str] = []
        writer = Everywhere(self.layer)
        for line in self.unit.lines:
            target = self.layer.everywhere(line.target)
            for term in line.terms:
                writer.add(f"{target} += {writer.text(replaced(term, self.plan.maps))}")
            if line.factor is not None:
                writer.add(f"{target} *= {writer.text(replaced(line.factor, self.plan.maps))}")
        return lines + writer.lines

    # What leaves the unit

    def _initial(self) -> list[str]:
        slot = "0" if self.unit.order > 0 else "T + 1"
        lines = [f"t = {slot}"]
        names: list[str] = []
        by_family = {x.line.of.family: x for x in self.linear}
        main = self.body
        for state, _ in self.unit.states:
            name = f"d{state.name}_0"
            names.append(name)
            line = by_family[state.family]
            self.body = Body(self.layer)
            lines.append(f"{name} = hold_{state.name}.copy()")
            carried = tuple(x for x in line.terms if x.shift != 0)
            for group in self._groups(carried):
                self._term(group, name, True, line)
            main.work |= self.body.work
            lines += [*self.body.bindings(), *self.body.lines]
        self.body = main
        self.initial_names = names
        return lines

    initial_names: list[str] = []  # noqa: RUF012 - filled with the loop

    def _weights(self) -> list[str]:
        layer, lines = self.layer, ["gradients = {}"]
        terms = dict(self.unit.gradients)
        left = dict(terms)
        stacked: list[str] = []
        for kind in ("hoisted", "recurrent", "bias"):
            for run in self.plan.runs(kind):
                if not layer.stack or not self._agrees(run, terms):
                    continue
                whole = len(run.members) == len(layer.stack)
                rows = "d" if whole else f"d[{layer.cut(run.members)}]"
                if run.vector is None:
                    stacked.append(f"d{run.name} = {rows}.sum(axis=1, keepdims=True)")
                else:
                    vector = self.all.text(run.vector)
                    stacked.append(f"d{run.name} = {rows} @ flat({vector}).T")
                for weight in run.weights:
                    left.pop(weight)
                stacked += self._unstacked(run)
        if stacked:
            lines += ["d = flat(delta[now])", *stacked]
        for weight, found in left.items():
            parts = [self._contracted(replaced(t, self.plan.maps), weight) for t in found]
            total = " + ".join(parts) if parts else f'np.zeros_like(params["{weight.name}" + at])'
            lines.append(f'gradients["{weight.name}" + at] = {total}')
        self.after = lines
        return lines

    after: list[str] = []  # noqa: RUF012 - filled with the gradients

    def _agrees(self, run: Run, terms: dict[Array, tuple[Node, ...]]) -> bool:
        """Tell whether the derived gradients of stacked weights are what the stack gives."""
        for weight, member in zip(run.weights, run.members, strict=True):
            adjoint: Node = self.adjoints[member.family]
            expected = adjoint if run.vector is None else matmul(adjoint, transpose(run.vector))
            if [source(t) for t in terms[weight]] != [source(expected)]:
                return False
        return True

    def _unstacked(self, run: Run) -> list[str]:
        if len(run.weights) == 1:
            return [f'gradients["{run.name}" + at] = d{run.name}']
        start = run.members[0].shape[0] * 0
        lines: list[str] = []
        for weight, member in zip(run.weights, run.members, strict=True):
            stop = start + member.shape[0]
            first = "" if start == 0 else self.layer.size(start)
            cut = f"{first}:" if weight == run.weights[-1] else f"{first}:{self.layer.size(stop)}"
            lines.append(f'gradients["{weight.name}" + at] = d{run.name}[{cut}]')
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
            left, right = node.children[:at], node.children[at:]
            a = self.all.text(matmul(*left))
            b = self.all.text(transpose(matmul(*right)))
            return f"flat({a}) @ flat({b}).T"
        raise TypeError(f"no sum over steps for a {type(node).__name__}")

    def _sent(self) -> list[str]:
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
            parts += [self.all.text(replaced(t, self.plan.maps)) for t in terms]
            lines += [f"{name} = {parts[0]}"] if parts else [f"{name} = 0.0"]
            lines += [f"{name} = {name} + {part}" for part in parts[1:]]
            if read.local in layer.padded:
                lines.append("if mask is not None:")
                lines.append(f"    {name} = {name} * mask[:, None, :]")
        lines.append(f"return gradients, {tuple_text(names)}, {tuple_text(self.initial_names)}")
        self.sent_lines = lines
        return lines

    sent_lines: list[str] = []  # noqa: RUF012 - filled with the gradients


def _source_of(line: LinearLine) -> object:
    """Return the adjoint that is all a line takes, elementwise; None for any other line."""
    if len(line.terms) != 1 or line.factor is not None or line.line.incoming:
        return None
    [term] = line.terms
    same = term.base.shape == line.line.target.shape
    plain = isinstance(term.base, Array) and term.coefficient is not None and term.shift == 0
    return (term.base, term.shift) if plain and same else None


def _products(node: Node) -> list[Node]:
    if isinstance(node, Product):
        return [node]
    return [p for c in node.children for p in _products(c)]


def _written(line: LocalLine) -> str:
    terms = (["..."] if line.incoming else []) + [source(t) for t in line.terms]
    total = " + ".join(terms) or "0"
    if line.factor is None:
        return total
    return (
        f"({total}) * {source(line.factor)}"
        if len(terms) > 1
        else f"{total} * ({source(line.factor)})"
    )


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w\"]){re.escape(name)}(?![\w\"])", text) is not None
