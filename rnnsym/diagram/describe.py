"""A graph in sentences, made from its links, for those who cannot see the figure."""

from collections.abc import Sequence

from rnnsym.diagram.graph import Graph, Label, Link, Vertex
from rnnsym.diagram.widths import label_in
from rnnsym.expr import UNICODE, Node, text

__all__ = ["cell_sentences", "flow_sentences", "listed", "read_sentences"]

OPERATIONS = {
    "⊙": "the product of",
    "+": "the sum of",
    "1−": "one minus",
    "1+": "one plus",
    "−": "minus",
    "max": "the larger of",
    "1/·": "one over",
    "affine": "an affine map of",
}


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _words(label: Label) -> str:
    return " ".join(label_in(label, UNICODE).split())


def _arrays(reads: Sequence[Node]) -> str:
    return listed([text(a) for a in reads])


def cell_sentences(graph: Graph) -> str:
    """Say what each named result of a cell is made of."""
    return _Cell(graph).sentences()


class _Cell:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.vertices = {v.name: v for v in graph.vertices}
        self.names = dict(graph.names)

    def sentences(self) -> str:
        """Return inputs, then each result that has a name, then the outputs."""
        ends = [v for v in self.graph.vertices if v.name.endswith(" out")]
        inputs = [v for v in self.graph.vertices if v.shape == "label" and v not in ends]
        self.names |= {self._sources(v.name)[0]: v.label for v in ends}
        said = [f"In come {listed([_words(v.label) for v in inputs])}."]
        for vertex in self.graph.vertices:
            if vertex.name in self.names and vertex.shape != "label":
                said.append(f"{_words(self.names[vertex.name])} is {self._made(vertex)}.")
        return " ".join([*said, f"Out go {listed([_words(v.label) for v in ends])}."])

    def _sources(self, name: str) -> list[str]:
        return [x.source for x in self.graph.links if x.target == name]

    def _made(self, vertex: Vertex) -> str:
        shown = _words(vertex.label)
        operation = OPERATIONS.get(shown, f"{shown} of")
        return f"{operation} {listed([self._phrase(s) for s in self._sources(vertex.name)])}"

    def _phrase(self, name: str) -> str:
        vertex = self.vertices[name]
        label = self.names.get(name, vertex.label if vertex.shape == "label" else None)
        return f"({self._made(vertex)})" if label is None else _words(label)


def read_sentences(graph: Graph) -> str:
    """Say what each unit of an unrolled graph reads."""
    shown = {v.name: _words(v.label) for v in graph.vertices}
    said: list[str] = []
    for vertex in graph.vertices:
        reads = [a for x in graph.links if x.target == vertex.name for a in x.reads]
        if reads:
            said.append(f"{shown[vertex.name]} reads {_arrays(reads)}.")
    return " ".join(said)


def flow_sentences(graph: Graph) -> str:
    """Say what flows back along each edge of a backward graph."""
    shown = {v.name: _words(v.label) for v in graph.vertices}
    keys = " ".join(f"{k.letter} is {_words(k.label)}." for k in graph.keys)
    said = [_flow(x, shown) for x in graph.links if x.labels or x.dashed]
    return " ".join([*said, *([keys] if keys else [])])


def _flow(link: Link, shown: dict[str, str]) -> str:
    edge = f"from {shown[link.source]} to {shown[link.target]}, the edge of {_arrays(link.reads)}"
    if link.dashed:
        return f"Nothing flows back {edge}: truncation cuts it."
    return f"{listed([_words(label) for label in link.labels])} flows back {edge}."
