"""Mistakes in a backward pass: each made in every line of a plan in which it can be made."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from rnnsym.audit import slips
from rnnsym.audit.rewrite import Misconception, everywhere, one_by_one, subtrees
from rnnsym.audit.slips import Row, Slip
from rnnsym.blocks import Prose, prose
from rnnsym.derivation import Step, Term
from rnnsym.derive import derive
from rnnsym.equations import Equation
from rnnsym.expr import (
    STEPS,
    TIME,
    Array,
    Expr,
    Integer,
    Node,
    Plus,
    Product,
    Transpose,
    apply,
    arrays_in,
    fill_like,
    hadamard,
    matmul,
    minus,
    plus,
    scale,
)
from rnnsym.quiz import backward_descent
from rnnsym.quiz.backward_guesses import GUESS
from rnnsym.quiz.backward_plan import Given, Line, Plan, run
from rnnsym.quiz.backward_slopes import slopes_misplaced
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.numbers import Matrix
from rnnsym.quiz.subject import INPUT
from rnnsym.record import record

__all__ = ["MISCONCEPTIONS", "TURNED", "Mistake", "mistaken", "mistakes"]


def _loss_changed(row: Row, change: Callable[[Node], Node], why: Prose) -> Sequence[Slip]:
    """The term that the loss itself gives, changed, unless it is given as a whole (Δ)."""

    def changed(term: Term) -> Term:
        if term.source is not None or isinstance(term.value, Array):
            return term
        return replace(term, value=change(term.value))

    terms = tuple(map(changed, row.step.terms))
    if terms == row.step.terms:
        return []
    return [(replace(row, value=replace(row.step, terms=terms).value()), why)]


def _guess(row: Row) -> Array | None:
    """The probabilities in a line, if it has any."""
    return next((a for a in arrays_in(row.value) if a.family == GUESS), None)


def _half_forgotten(row: Row) -> Sequence[Slip]:
    if _guess(row) is not None:
        return []
    why = prose("The loss has the factor ½, which cancels the 2 of the square.")
    return _loss_changed(row, lambda error: scale(2, error), why)


def _error_turned(row: Row) -> Sequence[Slip]:
    y = row.step.of.name
    why = f"The derivative of ½({y} − τ)² with respect to {y} is {y} − τ, not τ − {y}."
    if _guess(row) is not None:
        why = f"The derivative of the cross-entropy with respect to {y} is p − τ, not τ − p."
    return _loss_changed(row, lambda error: scale(-1, error), prose(why))


def _function_twice(row: Row) -> Sequence[Slip]:
    """(p − τ) ⊙ p ⊙ (1 − p) in place of p − τ."""
    p = _guess(row)
    if p is None:
        return []
    slope = hadamard(p, minus(fill_like(1, p), p))
    why = prose("The derivative of the softmax is in ", row.value, " already: no factor ", slope,
                " belongs to it.")  # fmt: skip
    return _loss_changed(row, lambda error: hadamard(error, slope), why)


def _softmax_skipped(row: Row) -> Sequence[Slip]:
    """∂L/∂p in place of ∂L/∂s."""
    p = _guess(row)
    if p is None:
        return []
    target = next(a for a in arrays_in(row.value) if a != p)
    value = scale(-1, hadamard(target, apply("reciprocal", p)))
    why = prose("That is the gradient with respect to ", p, ": the way back through the softmax is "
                "missing.")  # fmt: skip
    return _loss_changed(row, lambda _: value, why)


def _matrix_forgotten(row: Row) -> Sequence[Slip]:
    """δ in place of Uᵀ δ."""
    found: list[Slip] = []
    for matrix in dict.fromkeys(n for n in subtrees(row.value) if isinstance(n, Transpose)):
        if matrix.shape[0] != matrix.shape[1] and row.step.of.name != INPUT.name:
            continue  # beside other paths, δ has another shape

        def bare(node: Node, matrix: Node = matrix) -> Node | None:
            fits = isinstance(node, Product) and node.children[0] == matrix
            return matmul(*node.children[1:]) if fits else None

        why = prose("The factor ", matrix, " is missing.")
        found += [(replace(row, value=value), why) for value in one_by_one(row.value, bare)]
    return found


def _other_matrix(row: Row) -> Sequence[Slip]:
    """Wᵀ δ in place of Uᵀ δ, on the way to an initial state; Uᵀ δ on the way to an input."""
    found: list[Slip] = []
    for term in row.step.terms if row.step.target.family.role == "gradient" else ():
        read = arrays_in(term.source.rhs) if term.source is not None else ()
        others = [Transpose(a) for a in read if a.time is None and a.shape[1] != 1]
        for right in [o for o in others if o in subtrees(term.value)]:
            for other in (o for o in others if o != right):
                why = prose("It is ", right, " that leads back to ", row.step.of, ", not ", other,
                            ".")  # fmt: skip
                taken: dict[Node, Node] = {right: other}
                values = one_by_one(row.value, taken.get)
                found += [(replace(row, value=value), why) for value in values]
    return found


def _biased(row: Row, equations: Iterable[Equation]) -> Iterator[tuple[Equation, Node]]:
    """Yield each u = U h + b that is a factor, and U h."""
    for equation in (e for e in equations if e.lhs in subtrees(row.value)):
        parts = equation.rhs.children if isinstance(equation.rhs, Plus) else ()
        kept = [part for part in parts if not isinstance(part, Array) or part.time is not None]
        if kept and len(kept) < len(parts):
            yield equation, plus(*kept)


def _bias_left_out(row: Row, equations: Iterable[Equation]) -> Sequence[Slip]:
    """U h in place of u = U h + b."""
    return [
        _taken(row, e.lhs, bare, prose(e.lhs, " holds its bias too: it is not ", bare, "."))
        for e, bare in _biased(row, equations)
    ]


def _state_left_out(row: Row, equations: Iterable[Equation]) -> Sequence[Slip]:
    """U in place of u = U h + b: that is what leads back to h, not to what multiplies u."""
    found: list[Slip] = []
    for e, bare in _biased(row, equations):
        if isinstance(bare, Product) and len(bare.children) == 2:
            matrix, state = bare.children
            alone = matmul(matrix, fill_like(1, state))
            found.append(_taken(row, e.lhs, alone, prose(e.lhs, " is not ", matrix, " alone.")))
    return found


def _taken(row: Row, right: Node, other: Node, why: Prose) -> Slip:
    taken: dict[Node, Node] = {right: other}
    return replace(row, value=everywhere(row.value, taken.get)), why


PATH, TURNED = "one path missing", "sign of the error"
LINE = (
    PATH, "derivative forgotten", "value for derivative", "factor forgotten",
    "transpose missing", "outer product turned round", "outer product added", "wrong step",
    "1 − z and z swapped", "last step only", "first step forgotten",
)  # fmt: skip
NEED_MATRICES = ("transpose missing", "outer product turned round")
MISCONCEPTIONS: tuple[Misconception[Row], ...] = (
    *(m for name in LINE for m in slips.MISCONCEPTIONS if m.name == name),
    Misconception("½ forgotten", _half_forgotten),
    Misconception(TURNED, _error_turned),
    Misconception("derivative of the softmax once more", _function_twice),
    Misconception("softmax skipped", _softmax_skipped),
    Misconception("matrix forgotten", _matrix_forgotten),
    Misconception("another matrix", _other_matrix),
)


@record
class Mistake:
    """One mistake made throughout.

    Attributes:
        name: the misconception.
        lines: the lines that come out differently, those that only read a wrong one included.
    """

    name: str
    why: Prose
    lines: tuple[Line, ...]

    @property
    def targets(self) -> frozenset[Array]:
        """What comes out differently."""
        return frozenset(line.target for line in self.lines)


@lru_cache(maxsize=512)
def mistakes(plan: Plan) -> tuple[Mistake, ...]:
    """Return every mistake that can be made in a plan: one misconception at all of its steps."""
    changed: dict[tuple[str, str, str], dict[Array, Node]] = {}
    reasons: dict[tuple[str, str, str], Prose] = {}
    values = [x.step.value() for x in plan.backward if x.step is not None]
    equations = plan.system.equations
    biased = (
        Misconception[Row]("bias forgotten", lambda row: _bias_left_out(row, equations)),
        Misconception[Row]("state forgotten", lambda row: _state_left_out(row, equations)),
    )
    for misconception in (*MISCONCEPTIONS, *slopes_misplaced(values), *biased):
        if plan.has_one_unit and misconception.name in NEED_MATRICES:
            continue
        for line in reversed(plan.backward):  # what is asked last is told first
            if line.step is None or not line.step.terms:
                continue
            later = {x.target for x in plan.backward[plan.backward.index(line) :]}
            rule: dict[Expr, Expr] = {
                STEPS: Integer(plan.setting.steps), TIME: Integer(line.time)
            }  # fmt: skip
            for slip, why in _slips(misconception, plan, line, line.step):
                key = misconception.name, line.step.key, printed(why)
                reasons.setdefault(key, prose("In the line of ", line.step.target, ": ", *why))
                value = slip.value.xreplace(rule)
                if not later.intersection(arrays_in(value)):  # nobody has these numbers yet
                    changed.setdefault(key, {}).setdefault(line.target, value)
    found = [
        Mistake(key[0], reasons[key], _downstream(plan, values)) for key, values in changed.items()
    ]
    return (*found, *_descent_mistakes(plan))


def _slips(misconception: Misconception[Row], plan: Plan, line: Line, step: Step) -> Sequence[Slip]:
    """Return what a misconception makes of a line.

    Whoever leaves out the loss's own term before the last step, or what comes back from the next
    one, leaves it out too where it is all that there is.
    """
    row, (term, *others) = Row(step, step.value()), step.terms
    is_between = 0 < line.time < plan.setting.steps
    is_path = term.source is None or term.index[1] == TIME + 1
    if misconception.name == PATH and is_path and not others and is_between:
        slip, why = slips.without_term(row, term)
        if term.source is None and _is_loss_alone(plan, step):
            why = prose("Step ", TIME, " has a term in the loss as well: ", term.value,
                        " is missing.")  # fmt: skip
        return [(slip, why)]
    return misconception.apply(row)


def _is_loss_alone(plan: Plan, step: Step) -> bool:
    """Tell whether nothing but the loss reads what a line is the adjoint of."""
    found = derive(plan.system).find(step.name)
    return all(len(one.terms) == 1 for one in found)


def _descent_mistakes(plan: Plan) -> Iterator[Mistake]:
    """Whoever takes a wrong gradient one step down has full marks for the step."""
    for line in plan.descent:
        weight, gradient = arrays_in(line.value)
        eta = backward_descent.rate(plan.setting.rate)
        for name, why, value in backward_descent.slips(weight, gradient, eta):
            yield Mistake(name, why, (replace(line, value=value),))


def _downstream(plan: Plan, changed: dict[Array, Node]) -> tuple[Line, ...]:
    found: list[Line] = []
    wrong: set[Array] = set()
    for line in plan.backward:
        value = changed.get(line.target, line.value)
        if line.target in changed or wrong.intersection(arrays_in(value)):
            wrong.add(line.target)
            found.append(replace(line, value=value))
    return tuple(found)


def mistaken(
    plan: Plan, mistake: Mistake, known: Given, places: int | None = None
) -> dict[Array, Matrix]:
    """Return what somebody gets who makes a mistake; nothing where there is nothing to read.

    With ``places``, each line is rounded before the next one uses it.
    """
    try:
        return run(mistake.lines, known, plan.numbers, places)
    except KeyError:
        return {}
