"""Which matrix is the Jacobian of a state: over one step, over several, along direct edges?"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rnnsym.blocks import (
    Block,
    Equations,
    Inline,
    Line,
    Listing,
    Math,
    Paragraph,
    Partial,
    Prose,
    Relation,
    Written,
    prose,
)
from rnnsym.errors import ShapeError
from rnnsym.expr import (
    TIME,
    Array,
    Diag,
    Fill,
    Map,
    Node,
    Plus,
    Product,
    Symbol,
    activation,
    arrays_in,
)
from rnnsym.item import Choice, Item, Option, Part, Proof
from rnnsym.jacobian import traced
from rnnsym.quiz.derivation_flow import cell_blocks
from rnnsym.quiz.derivation_lines import DERIVATION, EQUAL, FAR, listed, slope_of_relu, system_of
from rnnsym.quiz.derivation_paths import chain_of, has_chain
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.jacobian_proof import Wanted, error
from rnnsym.quiz.jacobian_slips import MISCONCEPTIONS
from rnnsym.quiz.jacobian_work import over, work_of
from rnnsym.quiz.likeness import fingerprint, printed
from rnnsym.quiz.options import WRONG, arranger, identifier, mixed
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.subject import EXAMINED
from rnnsym.record import record

__all__ = ["KIND"]

NAME = "jacobian"
CELLS = (*EXAMINED, "elman-output", "linear")
STEP, STEPS, DIRECT = "one step", "several steps", "direct edges"
LENGTHS = ("2", "3")
TERMS, FACTORS, LENGTH = 3, 2, 90
"""An option has at most so many terms; over several steps, so many factors a step; characters."""
MARKS = {STEP: 2, STEPS: 3, DIRECT: 2}


@record
class Asked:
    """A Jacobian of one step, and the form in which it is asked about."""

    model: str
    form: str
    of: Array
    wrt: Array
    one: Node


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    return [
        (("model", name), ("convention", "textbook"), ("form", asked.form),
         ("of", asked.of.name), ("from", asked.wrt.name))
        for name in cells or CELLS
        for asked in _all_of(name)
    ]  # fmt: skip


@lru_cache(maxsize=256)
def _all_of(model: str) -> tuple[Asked, ...]:
    """Return what can be asked about a cell with three mistakes at least, on one line."""
    found = tuple(_asked(model)) if has_chain(model) else ()
    return tuple(asked for asked in found if len(_wrong(asked, 2)) >= WRONG)


def _asked(model: str) -> Iterator[Asked]:
    chain = chain_of(model)
    for block in chain.blocks:
        if block.value is None:
            continue
        _, one = traced(chain, block.of, block.wrt)[-1]
        if _is_short(model, one):
            yield Asked(model, STEP, block.of, block.wrt, one)
            if len(chain.states) == 1 and len(_factors(one)) <= FACTORS:
                yield Asked(model, STEPS, block.of, block.wrt, one)
    for edge in chain.edges:
        whole = len(chain.states) == 1 and edge.value == chain.blocks[0].value
        if edge.value is None or whole or not _is_short(model, edge.value):
            continue
        if len(_factors(edge.value)) <= FACTORS:
            yield Asked(model, DIRECT, edge.of, edge.wrt, edge.value)


def _is_short(model: str, one: Node) -> bool:
    """Tell whether a Jacobian fits on a line, and holds what the stem prints and no more."""
    cell = chain_of(model).block.cell
    written = set(cell.written) if cell is not None else set[str]()
    named = all(a.time is None or a.name in written for a in arrays_in(one))
    short = len(_terms(one)) <= TERMS and len(printed((one,))) <= LENGTH
    return named and short and not _is_identity(one)


def _factors(node: Node) -> tuple[Node, ...]:
    """Return the factors of a product; a sum counts as too many."""
    if isinstance(node, Plus):
        return (node,) * (FACTORS + 1)
    return node.children if isinstance(node, Product) else (node,)


def _terms(node: Node) -> tuple[Node, ...]:
    return node.children if isinstance(node, Plus) else (node,)


def _is_identity(node: Node) -> bool:
    return isinstance(node, Diag) and isinstance(node.arg, Fill)


@lru_cache(maxsize=1024)
def _wrong(asked: Asked, steps: int) -> tuple[Option, ...]:
    """What the misconceptions give, each different thing once."""
    work = work_of(asked.model, asked.of, asked.one, 1 if asked.form == STEP else steps)
    seen = {fingerprint(work.value)}
    found: list[Option] = []
    for misconception in MISCONCEPTIONS:
        try:
            slips = misconception.apply(work)
        except ShapeError:  # nobody can compute it, so nobody would choose it
            continue
        for slip, why in slips:
            if len(_terms(slip.value)) <= TERMS and fingerprint(slip.value) not in seen:
                seen.add(fingerprint(slip.value))
                found.append(Option(prose(slip.value), misconception.name, why))
    return tuple(found)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    if dict(subject)["form"] == STEP:
        return (*subject, ("steps", "1"))
    return (*subject, ("steps", draw.choice("steps", LENGTHS)))


def _variants(subject: Parameters) -> int:
    return 1 if dict(subject)["form"] == STEP else len(LENGTHS)


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    model, form, steps = values["model"], values["form"], int(values["steps"])
    [asked] = [
        a for a in _all_of(model)
        if (a.form, a.of.name, a.wrt.name) == (form, values["of"], values["from"])
    ]  # fmt: skip
    value = over(asked.one, steps)
    why = "That is the product of the steps." if steps > 1 else "Every path is counted, once."
    right = Option(prose(value), "", prose(why))
    wrong = [o for o in _wrong(asked, steps) if _error(asked, steps, o) > FAR]
    options = mixed(right, wrong, arranger(NAME, parameters))
    off = _error(asked, steps, right)
    if not off <= EQUAL or len(options) <= WRONG:
        raise Unfair(f"{value} is off by {off}, and {len(wrong)} mistakes show")
    sums = len(_terms(asked.one)) > 1
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="derivations",
        level=4 if sums else 3,
        minutes=MARKS[form] + 1 + sums,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem(asked, steps),
        parts=(Part((), Choice(options), MARKS[form] + sums, _solution(asked, steps)),),
        proof=Proof("complex step through the equations of these steps, all options", "≤ 1e-12"),
        tags=(model, DERIVATION, "Jacobian"),
    )


@lru_cache(maxsize=4096)
def _error(asked: Asked, steps: int, option: Option) -> float:
    """Return how far an option is from the true Jacobian."""
    [value] = [part for part in option.content if isinstance(part, Node)]
    system, chain = system_of(asked.model), chain_of(asked.model)
    wanted = Wanted(system, chain, asked.of, asked.wrt, steps, asked.form == DIRECT)
    return error(wanted, value, key=option.correct)


@lru_cache(maxsize=1024)
def _stem(asked: Asked, steps: int) -> tuple[Block, ...]:
    of, old = asked.of, asked.wrt.xreplace({TIME: TIME - steps + 1})
    others = [s.xreplace({TIME: TIME - 1}) for s in chain_of(asked.model).states]
    held = [s for s in others if s != asked.wrt] if steps == 1 else []
    entry = ("in row i and column j the derivative of entry i of ", of, " with respect to entry j "
             "of ", old)  # fmt: skip
    if asked.form == DIRECT:
        edge = Partial(of, asked.wrt, "∂⁺")
        wanted: Inline = "Q"
        said = prose(edge, " is the Jacobian along the direct edge: all else that the equation of ",
                     of, " reads is held fixed. Let Q be the Jacobian of ", of,
                     f" along {steps} direct edges. It holds ", *entry, ".")  # fmt: skip
    else:
        wanted = Partial(of, old)
        fixed = (", with ", *listed(held), " held fixed") if held else ()
        said = prose("The Jacobian ", wanted, " holds ", *entry, *fixed,
                     ". Every path between the two counts.")  # fmt: skip
    return (
        *cell_blocks(asked.model),
        Paragraph(prose(*said, _signs(asked), slope_of_relu(system_of(asked.model)))),
        Paragraph(prose("Which expression is ", wanted, "?")),
    )


def _signs(asked: Asked) -> str:
    """Say what the signs of the options mean."""
    if not asked.one.atoms(Diag):
        return ""
    squares = " Squares are taken entry by entry." if "²" in printed((asked.one,)) else ""
    return f" diag(v) is the diagonal matrix with the entries of the vector v.{squares}"


@lru_cache(maxsize=1024)
def _solution(asked: Asked, steps: int) -> tuple[Block, ...]:
    chain = chain_of(asked.model)
    if asked.form == DIRECT:
        rule = chain.block.cell.written[asked.of.name] if chain.block.cell else asked.of
        first: tuple[Block, ...] = (
            Paragraph(
                prose(
                    "In ",
                    Relation((asked.of, rule)),
                    " only ",
                    asked.wrt,
                    " varies: ",
                    Relation((Partial(asked.of, asked.wrt, "∂⁺"), asked.one)),
                    ".",
                )
            ),
        )
    else:
        first = (
            Paragraph(
                prose(
                    "Differentiate each equation on the way from ", asked.wrt, " to ", asked.of, ":"
                )
            ),
            Listing(tuple(_traced(asked))),
        )
    if steps == 1:
        return first
    old = asked.wrt.xreplace({TIME: TIME - steps + 1})
    whole: Math = Symbol("Q") if asked.form == DIRECT else Partial(asked.of, old)
    said = "By the chain rule the Jacobians of the steps are multiplied, the latest on the left:"
    return (
        *first,
        Paragraph(prose(said)),
        Equations((Line(whole, over(asked.one, steps)),)),
    )


def _traced(asked: Asked) -> Iterator[Prose]:
    for equation, value in traced(chain_of(asked.model), asked.of, asked.wrt):
        names = dict.fromkeys(m.name for m in sorted(equation.rhs.atoms(Map), key=str))
        rules = [Written(activation(name).rule) for name in names]
        yield prose(
            Relation((equation.lhs, equation.rhs)),
            *((" with ", *listed(rules)) if rules else ()),
            " gives ",
            Relation((Partial(equation.lhs, asked.wrt), value)),
            ".",
        )


KIND = Kind(NAME, "derivations", "analyse", (3, 4), (2, 3), _subjects, _variants, _draw, _make)
