"""Show that along its direct edges a gated state multiplies a gradient by gates alone."""

from collections.abc import Sequence
from functools import lru_cache

from rnnsym.blocks import Block, Paragraph, Partial, Prose, Relation, prose
from rnnsym.expr import STEPS, TIME, Array, Expr, Integer, Node, Plus, diag, fill_like, minus
from rnnsym.flow.run import recurrent_weights
from rnnsym.item import Item, Mark, Open, Part, Proof
from rnnsym.jacobian import StateJacobian
from rnnsym.quiz.derivation_flow import cell_blocks, gates_of
from rnnsym.quiz.derivation_lines import DERIVATION, EQUAL, system_of
from rnnsym.quiz.derivation_paths import chain_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.jacobian_proof import Wanted, error, true_jacobian
from rnnsym.quiz.jacobian_work import over
from rnnsym.quiz.options import identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.record import record

__all__ = ["KIND"]

NAME = "prove_path"
CELLS = ("lstm", "lstm-coupled", "lstm-projection", "mingru", "gru", "mgu", "ugrnn")
PROVEN = 3
"""Steps over which Jacobians of random nets are computed."""
LINES_A_MARK = 3


@record
class Path:
    """A state, the gate that keeps it, and the diagonal of its direct edge: z or 1 − z."""

    model: str
    edge: StateJacobian
    gate: Array
    kept: Node

    @property
    def alone(self) -> bool:
        """Whether no other path leads from the old state to the new one."""
        chain = chain_of(self.model)
        return len(chain.states) == 1 and chain.blocks[0].value == self.edge.value


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("state", path.edge.of.name))
        for name in cells or CELLS
        for path in _paths(name)
    ]


@lru_cache(maxsize=256)
def _paths(model: str) -> tuple[Path, ...]:
    found: list[Path] = []
    for keep in gates_of(model):
        edge = next(e for e in chain_of(model).edges if e.of == keep.state)
        kept = keep.gate if keep.sign > 0 else minus(fill_like(1, keep.gate), keep.gate)
        path = Path(model, edge, keep.gate, kept)
        if edge.value == diag(kept) and (path.alone or recurrent_weights(chain_of(model))):
            found.append(path)
    return tuple(found)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    return subject


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    [path] = [p for p in _paths(values["model"]) if p.edge.of.name == values["state"]]
    _prove(path)
    parts = (_product(path), _bounded(path), _compared(path))
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=4,
        minutes=12,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(path),
        parts=parts if path.alone else (*parts, _others(path)),
        proof=Proof("complex step through the state's own equation in random nets", "≤ 1e-12"),
        tags=(path.model, DERIVATION, "proof"),
    )


@lru_cache(maxsize=256)
def _prove(path: Path) -> None:
    """Compute the Jacobian along the direct edges: it is the product of gates, below 1.

    Raises:
        Unfair: a claim does not hold.
    """
    edge = path.edge
    wanted = Wanted(system_of(path.model), chain_of(path.model), edge.of, edge.wrt, PROVEN, True)
    off = error(wanted, over(diag(path.kept), PROVEN), key=True)
    largest = abs(true_jacobian(wanted, 0)).max()
    total = true_jacobian(Wanted(wanted.system, wanted.chain, edge.of, edge.wrt, PROVEN, False), 0)
    same = bool(abs(total - true_jacobian(wanted, 0)).max() < EQUAL)
    if not off <= EQUAL or not largest < 1 or same != path.alone:
        raise Unfair(f"off by {off}, at most {largest}, the only path: {same}")


def _at(node: Node, time: Expr | int) -> Node:
    return node.xreplace({TIME: Integer(time) if isinstance(time, int) else time})


def _factor(path: Path, time: Expr | int) -> Prose:
    kept = _at(path.kept, time)
    return ("(", kept, ")") if isinstance(kept, Plus) else (kept,)


def _product_text(path: Path) -> Prose:
    return ("diag(", *_factor(path, STEPS), " ⊙ ", *_factor(path, STEPS - 1), " ⊙ … ⊙ ",
            *_factor(path, 1), ")")  # fmt: skip


def _edge(path: Path) -> Partial:
    return Partial(path.edge.of, path.edge.wrt, "∂⁺")


def _rule(path: Path) -> Relation:
    cell = chain_of(path.model).block.cell
    return Relation(
        (path.edge.of, path.edge.of if cell is None else cell.written[path.edge.of.name])
    )


@lru_cache(maxsize=256)
def _stem(path: Path) -> tuple[Block, ...]:
    of = path.edge.of
    said = prose(_edge(path), " is the Jacobian along the direct edge: all else that the equation "
                 "of ", of, " reads is held fixed. Let Q be the Jacobian along the ", STEPS,
                 " direct edges from ", _at(of, 0), " to ", _at(of, STEPS),
                 ". diag(v) is the diagonal matrix with the entries of the vector v.")  # fmt: skip
    return (*cell_blocks(path.model), Paragraph(said))


def _part(ask: Prose, scheme: Sequence[Mark], solution: Sequence[Prose], hint: str) -> Part:
    marks = sum(mark.points for mark in scheme)
    return Part(
        (Paragraph(ask),),
        Open(LINES_A_MARK * marks),
        marks,
        tuple(map(Paragraph, solution)),
        tuple(scheme),
        (prose(hint),),
    )


def _product(path: Path) -> Part:
    edge, value = _edge(path), diag(path.kept)
    return _part(
        prose("Show that Q = ", *_product_text(path), ". State each equation that you use."),
        (
            Mark(1, "M", prose(edge, " = ", value)),
            Mark(1, "M", prose("chain rule on the path: a product of ", STEPS, " such matrices")),
            Mark(1, "A", prose("diagonal matrices are multiplied entry by entry: Q as stated")),
        ),
        (
            prose("In ", _rule(path), " everything but ", path.edge.wrt, " is held fixed. It is "
                  "multiplied entry by entry by ", path.kept, ", so ", edge, " = ", value, "."),
            prose("By the chain rule Q is the product of these matrices for the steps from ",
                  STEPS, " down to 1."),
            prose("The product of diagonal matrices is diagonal, and its entries are the products "
                  "of their entries: Q = ", *_product_text(path), "."),
        ),
        "Begin with one direct edge.",
    )  # fmt: skip


def _bounded(path: Path) -> Part:
    goal = 1 if path.kept == path.gate else 0
    return _part(
        prose("Show that no entry of Q is above 1, and say for which values of the gate ",
              path.gate, " a gradient hardly shrinks along this path."),
        (
            Mark(1, "M", prose(path.gate, " is a sigmoid: every factor lies between 0 and 1")),
            Mark(1, "A", prose("so does each product of factors, and off the diagonal is 0")),
            Mark(1, "B", prose(path.gate, f" near {goal} at every step")),
        ),
        (
            prose(path.gate, " comes out of σ, so the entries of ", path.kept, " lie between 0 and "
                  "1. A product of such numbers lies between 0 and 1 too, and off the diagonal "
                  "all entries are 0."),
            prose("Such a product stays near 1 only if every factor is near 1: ", path.gate,
                  f" must be near {goal} at all ", STEPS, " steps."),
        ),
        "Between which numbers does a sigmoid lie?",
    )  # fmt: skip


def _compared(path: Path) -> Part:
    factor = prose("diag(1 − h²) U")
    return _part(
        prose("In the network h = tanh(W x + U h⁻ + b), where h⁻ is the state of the step before, "
              "the Jacobian over ", STEPS, " steps is a product of factors ", *factor,
              ". Name two differences between these factors and those of Q, and say what each "
              "means for a gradient."),
        (
            Mark(2, "B", prose("1 for each of two of these, with what it means: no weight matrix "
                               "(nothing is multiplied by the same U at every step); gates in "
                               "place of slopes (the net can hold them near 1); diagonal (entries "
                               "of a gradient do not mix); no entry above 1 (nothing grows); or "
                               "another true difference, with what it means")),
        ),
        (
            prose("No factor of Q holds a weight matrix. In the other product U stands in every "
                  "factor, so it makes a gradient shrink or grow again and again."),
            prose("No factor of Q is a slope of tanh, which is near 0 where a unit is saturated. "
                  "In its place stands ", path.kept, ", which the net learns to set, and which the "
                  "bias of the gate can hold near 1."),
        ),
        "What stands in each factor?",
    )  # fmt: skip


def _others(path: Path) -> Part:
    of = path.edge.of
    matrix = min(recurrent_weights(chain_of(path.model)), key=str)
    return _part(
        prose("Does it follow that the whole derivative of ", _at(of, STEPS), " with respect to ",
              _at(of, 0), ", with all paths counted, cannot grow without limit as ", STEPS,
              " grows? Give a reason."),
        (
            Mark(1, "B", prose("no: there are other paths")),
            Mark(1, "B", prose("they pass through recurrent weights, which may be large")),
        ),
        (
            prose("No. Q counts the direct edges alone. ", _at(of, 0), " also acts on the gates "
                  "and on the candidate of later steps. These paths pass through the recurrent "
                  "weights, such as ", matrix,
                  ", and nothing keeps those small."),
        ),
        "Does the old state act on the new one in another way too?",
    )  # fmt: skip


def _variants(_subject: Parameters) -> int:
    return 1


KIND = Kind(NAME, "gradient-flow", "create", (4, 4), (8, 10), _subjects, _variants, _draw, _make)
