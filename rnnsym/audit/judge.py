"""The judge: a formula made by hand against the line that the derivation gives.

Read, compare by normal form, then by values at random points; name the mistake. In doubt, the
verdict is ``undecided``: it is never ``different`` without a counterexample.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from rnnsym.audit.compare import compare, holds, same_everywhere
from rnnsym.audit.count_audit import count_verdict, count_wanted
from rnnsym.audit.evaluate import UndefinedError
from rnnsym.audit.misconceptions import mistakes
from rnnsym.audit.notation import parse
from rnnsym.audit.points import point
from rnnsym.audit.reading import Reading
from rnnsym.audit.slips import Row
from rnnsym.audit.symbols import Symbols
from rnnsym.audit.target import Target, line_of, named
from rnnsym.audit.tree import Name, Tree
from rnnsym.audit.verdict import Kind, Mistake, Verdict
from rnnsym.convention import read_convention
from rnnsym.derivation import Derivation
from rnnsym.errors import InputError, ShapeError
from rnnsym.expr import (
    Array,
    Hadamard,
    Map,
    Node,
    Plus,
    Product,
    equal,
    shape_text,
    source,
    transpose,
)
from rnnsym.expr.rows import Rows, rows_of

__all__ = ["audit"]

KINDS = ("equal", "undecided", "transposed", "different", "shape")  # the kindest reading counts
MAX_TERMS = 400  # of a sum of products, multiplied out for the normal form
MAX_MISTAKES = 400  # tried on one formula


def audit(
    derivation: Derivation,
    wrt: str | None,
    text: str,
    aliases: Mapping[str, str] | None = None,
    *,
    explain: bool = True,
) -> Verdict:
    """Judge a formula.

    Args:
        derivation: what is right.
        wrt: what the formula is the gradient of (``U_f``, ``x``, ``h_0``, ``f``), an adjoint
            (``delta_f``), or a count (``params``). None where the formula has a left-hand side,
            which may also name a forward equation: ``c[t] = f * c[t-1] + i * g``.
        text: the formula, in any notation of the table.
        aliases: other names for the model's, new → old.
        explain: look for the misconception behind a wrong formula.

    Raises:
        InputError: what cannot be read; with a caret under the place.

    >>> from rnnsym.derive import derive
    >>> from rnnsym.system import build_system, read_model
    >>> lstm = derive(build_system(read_model("lstm")))
    >>> audit(lstm, "U_f", "sum_t(delta_f[t] @ h[t-1].T)").kind
    'equal'
    >>> audit(lstm, "U_f", "sum_t(delta_f[t] @ h[t].T)").mistake.name
    'wrong step'
    """
    stacks = list(dict.fromkeys(span for _, span in derivation.system.layered_sizes))
    if len(stacks) < 2:
        symbols = _symbols(derivation) if not aliases else Symbols(derivation, aliases)
        return _audited(symbols, wrt, text, explain)
    found: list[Verdict] = []
    refusals: list[InputError] = []
    for stack in stacks:  # ℓ may run over the layers of any
        try:
            found.append(_audited(Symbols(derivation, aliases, stack), wrt, text, explain))
        except InputError as error:
            refusals.append(error)
    if not found:
        raise refusals[0]
    return min(found, key=lambda verdict: KINDS.index(verdict.kind))


def _audited(symbols: Symbols, wrt: str | None, text: str, explain: bool) -> Verdict:
    left, tree = parse(text)
    derivation = symbols.derivation
    wanted = None if wrt is None else named(wrt)
    counted = count_wanted(wanted, left, tree, symbols, text)
    if counted is not None:
        return count_verdict(symbols, counted, tree, text)
    target = _target(symbols, wanted, wrt or "", left, text)
    convention = read_convention(derivation.system.model.convention)
    rows = rows_of(convention.product, convention.labels)
    try:
        read, node = _read(symbols, target, text, tree, rows)
        forward = None if left or wanted is None else _forward(symbols, wanted, target, node, wrt)
        if forward is not None:
            target = forward
            read, node = _read(symbols, target, text, tree, rows)
    except ShapeError as error:
        lhs = target.lhs if rows is None else rows.of(target.lhs)
        reason = f"{error} ({source(lhs)} is {shape_text(lhs.shape)})"
        return Verdict("shape", lhs, None, lhs.shape, reason)
    _refuse_circle(target, node, text, tree)
    note = "" if forward is None else "it holds no adjoint, so it is judged as a forward equation"
    verdict = _judged(derivation, target, node, rows)
    verdict = replace(verdict, note=note)
    if explain and verdict.counterexample is not None:
        verdict = replace(verdict, mistake=_mistake(derivation, target, node))
    return verdict if rows is None else verdict.in_rows(rows, read)


def _read(
    symbols: Symbols, target: Target, text: str, tree: Tree, rows: Rows | None
) -> tuple[Node, Node]:
    """Return a formula as it stands there, and in columns, as the line of its target is."""
    if rows is None:
        node = Reading(symbols, target.lhs, text).expression(tree)
        return node, node
    lhs = rows.of(target.lhs)
    assert isinstance(lhs, Array)
    reading = Reading(symbols, lhs, text, rows)
    read = reading.expression(tree)
    node = reading.in_columns(read)
    return read, transpose(node) if rows.flips(target.lhs) else node


@lru_cache(maxsize=64)
def _symbols(derivation: Derivation) -> Symbols:
    return Symbols(derivation)


def _target(
    symbols: Symbols, wanted: Name | None, wrt: str, left: Name | None, text: str
) -> Target:
    if wanted is None:
        if left is None:
            raise InputError(
                "what is this formula? Say --wrt NAME, or write a left-hand side such as dL/dU_f ="
            )
        return line_of(symbols, left, text, forward=not left.gradient)
    target = line_of(symbols, wanted, wrt, forward=False)
    if left is None:
        return target
    for forward in (False, True):
        try:
            written = line_of(symbols, left, text, forward=forward)
            own = line_of(symbols, wanted, wrt, forward=forward)
        except InputError:
            continue
        if written.lhs in (target.lhs, own.lhs):
            return written
    raise InputError(f"--wrt {wrt} asks for {source(target.lhs)}, the left-hand side is another")


def _forward(
    symbols: Symbols, wanted: Name, target: Target, node: Node, wrt: str | None
) -> Target | None:
    """A formula without any adjoint can be no gradient: take it for the forward equation."""
    given = {t.given.family for t in symbols.system.loss_terms}
    arrays = node.atoms(Array)
    if wanted.gradient or target.lhs.family.role == "value" or not arrays:
        return None
    if any(a.family.role != "value" or a.family in given for a in arrays):
        return None
    try:
        found = line_of(symbols, wanted, wrt or "", forward=True)
    except InputError:
        return None
    return found if found.lhs.family.role == "value" else None


def _refuse_circle(target: Target, node: Node, text: str, tree: Tree) -> None:
    for array in node.atoms(Array):
        if array.family == target.lhs.family and (array.layer, array.time) == (
            target.lhs.layer,
            target.lhs.time,
        ):
            raise InputError(
                f"the formula for {source(target.lhs)} holds {source(target.lhs)} itself"
            )


def _judged(derivation: Derivation, target: Target, node: Node, rows: Rows | None) -> Verdict:
    lhs, shape = target.lhs, target.lhs.shape
    turned = (shape[1], shape[0])
    if node.shape == turned != shape:
        return _perhaps_turned(derivation, target, node, rows)
    if node.shape != shape:
        return Verdict("shape", lhs, node, shape, _shapes(target, node, rows))
    if _equal(node, target.line):
        return Verdict("equal", lhs, node, shape)
    found = compare(derivation, target, node)
    if found.same is None:
        return Verdict("undecided", lhs, node, shape, found.reason)
    if found.same:
        return Verdict("equal", lhs, node, shape)
    kind: Kind = "different"
    if shape == turned and shape[0] != 1 and compare(derivation, target, node, turned=True).same:
        kind = "transposed"
    return Verdict(kind, lhs, node, shape, "", found.counterexample)


def _shapes(target: Target, node: Node, rows: Rows | None) -> str:
    """Say which shape a formula has, and which one it should have."""
    lhs, given = target.lhs, node.shape
    if rows is not None:
        given = (given[1], given[0]) if rows.flips(lhs) else given
    shown = lhs if rows is None else rows.of(lhs)
    return f"the formula is {shape_text(given)}, {source(shown)} is {shape_text(shown.shape)}"


def _perhaps_turned(
    derivation: Derivation, target: Target, node: Node, rows: Rows | None
) -> Verdict:
    shape, reason = target.lhs.shape, _shapes(target, node, rows)
    found = compare(derivation, target, node, turned=True)
    if found.same is None:
        return Verdict("undecided", target.lhs, node, shape, found.reason)
    kind: Kind = "transposed" if found.same else "shape"
    return Verdict(kind, target.lhs, node, shape, reason)


def _mistake(derivation: Derivation, target: Target, node: Node) -> Mistake | None:
    """Return the first misconception that gives the formula's values."""
    at, row = point(derivation, 1), Row(target.step, target.line)
    others = [e.lhs for e in derivation.system.equations] + [s.target for s in derivation.adjoints]
    others += [w.array for w in derivation.system.weights]
    try:
        values = holds(at, target, node)
    except (UndefinedError, ArithmeticError, ValueError):
        return None
    for tried, (name, why, value) in enumerate(mistakes(row, others)):
        if tried == MAX_MISTAKES:
            break
        if same_everywhere(at, target, value, values):
            return Mistake(name, why)
    return None


def _equal(node: Node, line: Node) -> bool:
    """Tell whether the normal forms agree, where multiplying out is cheap."""
    if max(_expanded(node), _expanded(line)) > MAX_TERMS:
        return False
    try:
        return equal(node, line)
    except ShapeError:  # a line of a stack may be written in the sizes of several layers
        return False


def _expanded(node: Node) -> int:
    """Return how many terms a node has once it is multiplied out."""
    counts = [_expanded(child) for child in node.children]
    if isinstance(node, Plus):
        return sum(counts)
    total = 1
    if isinstance(node, Hadamard | Product):
        for number in counts:
            total = min(total * number, MAX_TERMS + 1)
        return total
    inner = max(counts, default=1)
    return (
        min(inner**2, MAX_TERMS + 1) if isinstance(node, Map) and node.name == "square" else inner
    )
