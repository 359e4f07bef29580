"""Counts: a formula in the sizes of a model, compared as polynomials."""

from rnnsym.audit.scalars import scalar
from rnnsym.audit.spelling import spelling
from rnnsym.audit.symbols import Symbols
from rnnsym.audit.target import COUNTS
from rnnsym.audit.tokens import failure
from rnnsym.audit.tree import Name, Tree
from rnnsym.audit.verdict import Counterexample, Mistake, Verdict
from rnnsym.blocks import prose
from rnnsym.count import Count, count
from rnnsym.errors import InputError
from rnnsym.expr import Expr, Integer, Symbol, expand, size

__all__ = ["count_verdict", "count_wanted"]


def count_wanted(
    wanted: Name | None, left: Name | None, tree: Tree, symbols: Symbols, text: str
) -> str | None:
    """Return which count is asked for, or None where an array is."""
    for name in (wanted, left):
        if name is not None and not name.gradient:
            written = "_".join(spelling(name))
            if written in COUNTS and written not in symbols.entries:
                return COUNTS[written]
    if wanted is None and left is None and _is_count(tree, symbols):
        return "parameters"
    return None


def _is_count(tree: Tree, symbols: Symbols) -> bool:
    """Tell whether nothing but sizes stands in a formula, as in 4(nd + n² + n)."""
    names = {str(s): size(str(s)) for s in symbols.system.size_names}
    value = scalar(tree, names)
    return value is not None and bool(value.free_symbols)


def count_verdict(symbols: Symbols, wanted: str, tree: Tree, text: str) -> Verdict:
    """Judge a count.

    Raises:
        InputError: the formula holds what is no size of the model.
    """
    derivation = symbols.derivation
    counted = count(derivation.system)
    right = _amount(counted, wanted)
    names: dict[str, Expr] = {str(s): s for s in sorted(right.free_symbols, key=str)}
    for name in (*derivation.system.size_names, "T"):
        names.setdefault(name, size(name))
    names |= {new: names[old] for new, old in symbols.renamed.items() if old in names}
    try:
        given = scalar(tree, names)
    except InputError as error:
        raise failure(text, tree.place, str(error)) from None
    if given is None:
        known = ", ".join(names)
        raise failure(
            text,
            tree.place,
            f"a count is a formula in the sizes {known} (--alias h=n: other letters)",
        )
    numbers: dict[Expr, Expr] = {
        names[k]: Integer(v) for k, v in derivation.system.bound.items() if k in names
    }
    gap = expand((given - right).xreplace(numbers))
    if gap == 0:
        return Verdict("equal", wanted, given)
    if gap.is_number and numbers:
        example = _example(given.xreplace(numbers), right.xreplace(numbers), numbers)
    else:
        example = _first(given, right, numbers)
    return Verdict(
        "different",
        wanted,
        given,
        counterexample=example,
        mistake=_mistake(given, right, counted, names),
    )


def _amount(counted: Count, wanted: str) -> Expr:
    amounts = {"multiply_adds": counted.multiply_adds, "memory": counted.memory}
    return amounts.get(wanted, counted).formula.value


def _first(given: Expr, right: Expr, numbers: dict[Expr, Expr]) -> Counterexample:
    """Sizes at which two different polynomials differ: some small shift of 2, 3, 4 … shows it."""
    free = sorted((given.free_symbols | right.free_symbols) - set(numbers), key=str)
    for start in range(2, 100):
        rule = numbers | {s: Integer(start + k) for k, s in enumerate(free)}
        values = given.xreplace(rule), right.xreplace(rule)
        if values[0] != values[1]:
            return _example(*values, rule)
    raise AssertionError("equal at a hundred points, and not equal")


def _example(given: Expr, right: Expr, rule: dict[Expr, Expr]) -> Counterexample:
    sizes = {str(k): int(v) for k, v in rule.items() if str(k) != "T"}
    steps = next((int(v) for k, v in rule.items() if str(k) == "T"), 0)
    return Counterexample(sizes, steps or 1, 0, None, None, None, str(given), str(right))


def _mistake(given: Expr, right: Expr, counted: Count, names: dict[str, Expr]) -> Mistake | None:
    """Name the usual mistakes of counting."""
    gates = [g for layer in counted.layers for g in layer.gates]
    biases = sum(
        (g.formula.value for gate in gates for g in gate.parameters if g.shape[1] == 1), Integer(0)
    )
    n, d = names.get("n", size("n")), names.get("d", size("d"))
    spare = Symbol("_")
    swapped = right.xreplace({n: spare, d: n}).xreplace({spare: d})
    steps = names.get("T", size("T"))
    tried = (
        ("biases forgotten", right - biases, "The bias vectors are trained too."),
        ("a second bias", right + biases, "Here every gate has one bias vector."),
        ("times T", right * steps, "All steps share their parameters: T does not count."),
        ("n and d swapped", swapped, "W has a row for each unit and a column for each input."),
        *(
            (
                f"{gate.array.name} forgotten",
                right - gate.formula.value,
                "One affine map is missing.",
            )
            for gate in gates
        ),
    )
    for name, value, why in tried:
        if expand(given - value) == 0:
            return Mistake(name, prose(why))
    return None
