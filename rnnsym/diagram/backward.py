"""The unrolled graph walked backwards: on each edge what the derivation lets flow back along it."""

from collections.abc import Iterator
from dataclasses import replace

from rnnsym.derivation import Derivation, Step, Term
from rnnsym.diagram.describe import flow_sentences
from rnnsym.diagram.graph import Diagram, Graph, Key, Label, Link
from rnnsym.diagram.layout import laid_out
from rnnsym.diagram.unrolling import Unrolling
from rnnsym.diagram.widths import label_width
from rnnsym.expr import TIME, Array, Node, Plus, Span, collected

__all__ = ["backward_diagram"]

LONGEST = 14
"""A longer formula stands below the figure, and a letter on its edges."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def backward_diagram(derivation: Derivation, steps: int = 3) -> Diagram:
    """Return the unrolled graph with its arrows turned round, and the adjoints on them.

    Args:
        derivation: whose terms stand on the edges.
        steps: how many steps are drawn; T is that number.
    """
    figure = _Backward(derivation, steps)
    return laid_out(figure.graph(), figure.unrolling.cells(figure.forward))


class _Backward:
    """Which terms flow back along which edge."""

    def __init__(self, derivation: Derivation, steps: int) -> None:
        self.derivation = derivation
        self.unrolling = Unrolling(derivation.system, steps)
        self.forward = self.unrolling.graph("")
        self.losses = {source: loss.name for source, loss, _ in self.unrolling.losses()}
        # For each edge, by the array that what flows back belongs to: each term as it is there,
        # and as it is at any step.
        self.terms: dict[tuple[str, str], dict[Array, list[tuple[Node, Node]]]] = {}
        self.general: dict[Node, Node] = {}
        self.cut: set[tuple[str, str]] = set()
        self.keys: dict[tuple[Node, ...], Key] = {}

    def graph(self) -> Graph:
        """Return the graph."""
        for step in (*self.derivation.adjoints, *self.derivation.inputs, *self.derivation.initial):
            for layer, time in self._places(step):
                self._walk(step, layer, time)
        links = tuple(self._link(link) for link in self.forward.links)
        title = f"{self.derivation.system.model}: backwards through {self.unrolling.steps} steps"
        graph = Graph(
            title, "", self.forward.vertices, links, (), tuple(self.keys.values()), shared=False
        )
        return replace(graph, description=flow_sentences(graph))

    def _places(self, step: Step) -> Iterator[tuple[int | None, int | None]]:
        layers = [None] if step.layer is None else list(self.unrolling.numbers(step.layer))
        times = [None] if step.time is None else list(self.unrolling.numbers(step.time))
        return ((layer, time) for layer in layers for time in times)

    def _walk(self, step: Step, layer: int | None, time: int | None) -> None:
        of = self.unrolling.array(step.of, layer, time)
        maker = self.unrolling.vertex(of)
        for term in step.terms:
            if not (self._within(term.layer, layer) and self._within(term.time, time)):
                continue
            reader = self._reader(term, maker, layer, time)
            if reader != maker:
                value = term.value.xreplace(self.unrolling.indices(layer, time))
                for end in (0, self.unrolling.steps + 1):
                    at_end = term.value.xreplace(self.unrolling.indices(layer, end))
                    self.general.setdefault(at_end, term.value)
                general = self.general.get(value, term.value)
                by_array = self.terms.setdefault((maker, reader), {})
                by_array.setdefault(of, []).append((value, general))
                if self._is_cut(term, of):
                    self.cut.add((maker, reader))

    def _within(self, span: Span | None, number: int | None) -> bool:
        return span is None or number is None or number in self.unrolling.numbers(span)

    def _reader(self, term: Term, maker: str, layer: int | None, time: int | None) -> str:
        """The vertex through which a term comes back."""
        if term.source is None:
            return self.losses[maker]
        at = self.unrolling.indices(layer, time)
        there = (index.xreplace(at) for index in term.index)
        numbers = (int(index) if index.is_Integer else None for index in there)
        return self.unrolling.vertex(self.unrolling.array(term.source.lhs, *numbers))

    def _is_cut(self, term: Term, of: Array) -> bool:
        """Tell whether truncation detaches the state here: after every k steps of its chain."""
        k = self.derivation.truncate
        if not k or not term.detached or of.time is None:
            return False
        done = int(of.time)
        if term.index[1] != TIME + 1:
            done = self.unrolling.steps + 1 - done
        return done % k == 0

    def _link(self, link: Link) -> Link:
        by_array = self.terms.get((link.source, link.target), {})
        cut = (link.source, link.target) in self.cut
        order = sorted(by_array, key=lambda array: self._rank(array, link))
        labels = () if cut else tuple(self._label(by_array[array]) for array in order)
        return Link(link.target, link.source, labels, link.reads, cut)

    def _rank(self, array: Array, link: Link) -> int:
        """The place of an array among those that a forward link carries."""
        origin = self.unrolling.origin(array)
        return link.reads.index(origin) if origin in link.reads else len(link.reads)

    def _label(self, terms: list[tuple[Node, Node]]) -> Label:
        label: Label = (_sum([value for value, _ in terms]),)
        if label_width(label) <= LONGEST:
            return label
        return (self._letter(tuple(general for _, general in terms)),)

    def _letter(self, terms: tuple[Node, ...]) -> str:
        if terms not in self.keys:
            letter = LETTERS[len(self.keys)]
            self.keys[terms] = Key(letter, (_sum(list(terms)),))
        return self.keys[terms].letter


def _sum(values: list[Node]) -> Node:
    return values[0] if len(values) == 1 else collected(Plus(*values))
