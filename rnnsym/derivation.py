"""The derivation as data: its lines, and the edges of the graph that each line adds up."""

from rnnsym.equations import Block, Equation, Loop, System
from rnnsym.errors import InputError, nearest
from rnnsym.expr import (
    BOUND,
    LAYER,
    TIME,
    Array,
    Expr,
    Node,
    Plus,
    Span,
    collected,
    fill_like,
    hadamard,
    sigma,
)
from rnnsym.record import record

__all__ = ["Derivation", "Stage", "Step", "Term"]


@record
class Term:
    """One edge of the graph, walked backwards.

    Attributes:
        value: what the edge carries, in the target's index.
        source: the equation it comes through, or None for the loss.
        index: the source's (layer, time), written in the target's.
        rules: the local rules on the way, from the equation's top to the occurrence.
        time, layer: where the edge exists.
        detached: whether truncation cuts it at every k-th step.
    """

    value: Node
    source: Equation | None
    index: tuple[Expr, Expr]
    rules: tuple[str, ...]
    time: Span | None
    layer: Span | None
    detached: bool = False


@record
class Step:
    """One line of the derivation: the adjoint or gradient ``target`` of the array ``of``.

    ``target = (sum of the terms) ⊙ factor``, summed over ``summed`` where that is given.
    ``name`` is what a user types (``delta_f``, ``dU_f``, ``dx``, ``dh_0``); where layers or
    directions share it, ``key`` tells them apart (``delta_f[2,fwd]``).
    """

    name: str
    target: Array
    of: Array
    terms: tuple[Term, ...]
    factor: Node | None
    factor_rule: str
    time: Span | None
    layer: Span | None
    summed: Span | None = None

    @property
    def key(self) -> str:
        """The name with layer and direction."""
        family, layer = self.target.family, self.target.layer
        marks = [str(layer)] if layer is not None and layer != LAYER else []
        marks += [family.direction] if family.direction else []
        return f"{self.name}[{','.join(marks)}]" if marks else self.name

    def value(self) -> Node:
        """Return the line's right-hand side as one expression, every edge in it."""
        values = [term.value for term in self.terms] or [fill_like(0, self.target)]
        # No shape check: an edge of one layer only is written in that layer's sizes.
        total = values[0] if len(values) == 1 else collected(Plus(*values))
        if self.factor is not None:
            total = hadamard(total, self.factor)
        if self.summed is None:
            return total
        return sigma(total.xreplace({TIME: BOUND}), BOUND, self.summed.first, self.summed.last)


@record
class Stage:
    """The steps of one loop of the model, run against that loop's order."""

    block: Block
    loop: Loop
    steps: tuple[Step, ...]


@record
class Derivation:
    """Everything that follows from a System: adjoints, and the gradients they give.

    Attributes:
        stages: adjoint steps in the order in which they can be computed.
        weights, inputs, initial: gradients of parameters, of the input, of initial states.
        truncate: detach states every so many steps, or None.
    """

    system: System
    stages: tuple[Stage, ...]
    weights: tuple[Step, ...]
    inputs: tuple[Step, ...]
    initial: tuple[Step, ...]
    truncate: int | None = None

    def __hash__(self) -> int:
        return hash((self.system, self.truncate))

    @property
    def adjoints(self) -> tuple[Step, ...]:
        """The adjoint steps, in order."""
        return tuple(step for stage in self.stages for step in stage.steps)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every line, in the order of print."""
        return (*self.adjoints, *self.weights, *self.inputs, *self.initial)

    def find(self, name: str) -> tuple[Step, ...]:
        """Return the lines called ``name``: dU_f, delta_c or c, their key, or the number in print.

        Raises:
            InputError: no such line; names the nearest one.
        """
        plain = name.replace("δ", "delta").replace("∂L/∂", "d").replace("dL/d", "d")
        number = plain.removeprefix("(").removesuffix(")")
        if number.isdecimal():
            return (self._numbered(int(number)),)
        found: tuple[Step, ...] = ()
        for prefix in ("", "d", "delta_"):
            found = found or tuple(s for s in self.steps if prefix + plain in (s.name, s.key))
        if not found:
            known = list(dict.fromkeys(s.name for s in self.steps))
            hint = nearest(plain, known)
            raise InputError(f"no step '{name}'{hint} (steps: {', '.join(known)})")
        return found

    def _numbered(self, number: int) -> Step:
        first = len(self.system.equations) + 1
        last = first + len(self.steps) - 1
        if not first <= number <= last:
            given = "a forward equation" if 0 < number < first else "no line"
            raise InputError(f"({number}) is {given}; the steps are ({first}) to ({last})")
        return self.steps[number - first]
