"""Eigenvalues against the norm: small eigenvalues, and yet the gradient of a tanh net explodes."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import product

import numpy as np

from rnnsym.blocks import Block, NumberMatrix, Paragraph, prose
from rnnsym.expr import Symbol
from rnnsym.item import Blank, Choice, Item, Mark, Numeric, Option, Part, Proof, WrongNumber
from rnnsym.quiz.by_hand import COUNTS, SHOWN, tolerance
from rnnsym.quiz.derivation_flow import cell_blocks, power
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.numbers import Matrix, as_text, number_matrix, plain, read_matrix, rounded, shown
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.quiz.wrong_numbers import told_apart

__all__ = ["KIND"]

NAME = "spectral_radius"
MODEL = "vanilla"
EIGENVALUES = (
    "1.2",
    "1.1",
    "0.9",
    "0.8",
    "0.6",
    "0.5",
    "0.4",
    "0.2",
    "-0.2",
    "-0.4",
    "-0.5",
    "-0.6",
    "-0.8",
    "-1.2",
)
CORNERS = ("0.1", "0.3", "0.7", "1.1", "1.2", "1.5", "2")
STEPS = ("2", "3", "4", "5", "6", "8", "10")
ONE = Decimal(1)
U, D, J, K = (Symbol(name) for name in "UDJk")
SMALLEST = Decimal("0.01")
SAID = {
    "both": "In both nets it tends to 0.",
    "linear": "In the linear net it tends to 0, in the tanh net it grows.",
    "tanh": "In the linear net it grows, in the tanh net it tends to 0.",
    "neither": "In both nets it grows.",
}
VERDICTS = {
    (True, True): "both",
    (True, False): "linear",
    (False, True): "tanh",
    (False, False): "neither",
}
"""The answer, by whether the linear net's product and that of the other tend to 0."""
ANSWERS = {name: vanish for vanish, name in VERDICTS.items()}
NAMES = {
    "both": "saturation taken to let every gradient vanish",
    "linear": "the two nets taken for each other",
    "tanh": "slopes below 1 taken to shrink every product",
    "neither": "entries above 1 taken to let every product grow",
}


def _subjects(_cells: Sequence[str]) -> Sequence[Parameters]:
    return [(("model", MODEL), ("convention", "textbook"))]


def _variants(_subject: Parameters) -> int:
    return len(EIGENVALUES) ** 2 * len(CORNERS)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    """Draw the eigenvalues and the corner; the other entries follow."""
    pairs = [f"{a} {b}" for a, b in product(EIGENVALUES, repeat=2) if Decimal(a) > Decimal(b)]
    first, second = map(Decimal, draw.choice("eigenvalues", pairs).split())
    a = Decimal(draw.choice("corner", CORNERS))
    d = first + second - a
    b = a * d - first * second
    matrix = ((a, plain(b)), (ONE, plain(d)))
    return (*subject, ("U", as_text(matrix)), ("steps", draw.choice("steps", STEPS)))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    matrix, steps = read_matrix(values["U"]), int(values["steps"])
    eigenvalues = _eigenvalues(matrix)
    radius = max(map(abs, eigenvalues))
    corner = matrix[0][0]
    if 0 in (*matrix[0], *matrix[1]) or radius in (corner, 1):
        raise Unfair("too easy, or both numbers are the same")
    grown = power(corner, steps)
    if grown < SMALLEST:
        raise Unfair("too little is left to be shown")
    verdict = VERDICTS[radius < 1, corner < 1]
    _prove(values["U"], radius, steps, grown, verdict)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="gradient-flow",
        level=4,
        minutes=8,
        convention=values["convention"],
        parameters=parameters,
        stem=(*cell_blocks(MODEL), _given(number_matrix(matrix))),
        parts=(
            _radius(matrix, eigenvalues, radius),
            _corner(matrix, steps, grown),
            _follows(verdict, corner, radius, arranger(NAME, parameters)),
        ),
        proof=Proof("eigenvalues and powers of matrices by NumPy", "≤ 1e-9"),
        tags=(MODEL, "spectral radius"),
    )


def _eigenvalues(matrix: Matrix) -> tuple[Decimal, Decimal]:
    """Return the roots of λ² − (a + d) λ + (ad − bc)."""
    (a, b), (c, d) = matrix
    half, determinant = (a + d) / 2, a * d - b * c
    root = (half * half - determinant).sqrt()
    return half + root, half - root


@lru_cache(maxsize=64)
def _prove(text: str, radius: Decimal, steps: int, grown: Decimal, verdict: str) -> None:
    """Recompute all numbers, and run both nets far.

    Raises:
        Unfair: they differ.
    """
    weights = np.array(read_matrix(text), dtype=float)
    step = np.diag([1.0, 0.0]) @ weights
    found = float(np.max(np.abs(np.linalg.eigvals(weights))))
    power_ = float(np.linalg.matrix_power(step, steps)[0, 0])
    if abs(found - float(radius)) > 1e-9 or abs(power_ / float(grown) - 1) > 1e-9:
        raise Unfair(f"NumPy finds {found} and {power_}")
    far = [float(np.linalg.norm(np.linalg.matrix_power(m, 400), 2)) for m in (weights, step)]
    if VERDICTS[far[0] < 1e-3, far[1] < 1e-3] != verdict:
        raise Unfair(f"over 400 steps the norms are {far}")


def _given(matrix: NumberMatrix) -> Block:
    return Paragraph(
        prose("Two nets have the same ", U, " = ", matrix, ": the tanh net above, and a linear net "
              "without tanh. In the tanh net unit 2 is saturated at every step, so that its slope "
              "is 0, and unit 1 is at rest, so that its slope is 1: its Jacobian of one step is ",
              J, " = ",
              D, " ", U, ", with ", D, " = ", NumberMatrix((("1", "0"), ("0", "0"))), ".")
    )  # fmt: skip


def _radius(matrix: Matrix, eigenvalues: Sequence[Decimal], radius: Decimal) -> Part:
    (a, b), (c, d) = matrix
    trace, determinant = a + d, a * d - b * c
    roots = " and ".join(_plain(x) for x in eigenvalues)
    entry = max((x for row in matrix for x in row), key=abs)
    wrong = {
        "largest entry": (entry, " in absolute value"),
        "trace": (trace, " without its sign"),
        "determinant": (determinant, " without its sign"),
        "largest singular value": (_stretch(matrix), ""),
    }
    why = "That is the {}{}. The spectral radius is the largest |λ|, λ a root of λ² − tr λ + det."
    claims = [
        (abs(v), k, why.format(k, unsigned if v < 0 else "")) for k, (v, unsigned) in wrong.items()
    ]
    if radius in {value for value, *_ in claims}:
        raise Unfair("another number of the matrix is the spectral radius")
    claims += [claim for claim in _wrong_roots(eigenvalues) if claim[0] != radius]
    found = told_apart(
        WrongNumber(value.normalize() + 0, name, prose(said)) for value, name, said in claims
    )
    ask = "What is the spectral radius, the largest absolute value of an eigenvalue, of "
    return Part(
        (Paragraph(prose(ask, U, "?")),),
        Numeric((Blank(prose("spectral radius"), radius.normalize() + 0, Decimal(0), found),)),
        2,
        (
            Paragraph(prose(f"The trace is {_plain(trace)}, the determinant {_plain(determinant)}; "
                            f"the eigenvalues are {roots}.")),
        ),
        (
            Mark(1, "M", prose("trace and determinant, or the characteristic polynomial")),
            Mark(1, "A", prose(f"eigenvalues {roots}, so {_plain(radius)}")),
        ),
    )  # fmt: skip


def _stretch(matrix: Matrix) -> Decimal:
    """Return the largest singular value, the root of the larger eigenvalue of UᵀU, as shown."""
    (a, b), (c, d) = matrix
    squares, determinant = a * a + b * b + c * c + d * d, a * d - b * c
    root = (squares * squares - 4 * determinant * determinant).sqrt()
    return rounded(((squares + root) / 2).sqrt(), SHOWN)


def _wrong_roots(eigenvalues: Sequence[Decimal]) -> list[tuple[Decimal, str, str]]:
    """Return the wrong eigenvalues: the largest where signs count, and those of each |λ|."""
    far, largest = max(eigenvalues, key=abs), max(eigenvalues)
    near = min(map(abs, eigenvalues))
    bare = f"{_plain(largest)} is the larger eigenvalue, but |{_plain(far)}| is larger."
    kept = "That is the eigenvalue; the spectral radius is its absolute value."
    found = [(largest, "largest signed eigenvalue", bare), (far, "sign kept", kept)]
    less = "That is the smaller |λ|; the spectral radius is the largest."
    return found if near == largest else [*found, (near, "smaller |λ| taken", less)]


def _plain(number: Decimal) -> str:
    return shown(number.normalize() + 0).replace("-", "−")


def _corner(matrix: Matrix, steps: int, grown: Decimal) -> Part:
    (a, b), (c, d) = matrix
    value = rounded(grown, SHOWN)
    within, form = (Decimal(0), plain) if value == grown else (tolerance(value), Decimal)
    value = form(value)
    top_row = (a, b)
    for _ in range(steps - 1):
        top_row = top_row[0] * a + top_row[1] * c, top_row[0] * b + top_row[1] * d
    others = {
        "one step too many": (power(a, steps + 1), "That is one power too many."),
        "one step too few": (power(a, steps - 1), "That is one power too few."),
        "multiplied, not raised": (a * steps, "The steps are factors, not summands."),
        "power of U": (top_row[0], "That is the entry of the power of U: in J, row 2 is zero."),
    }
    numbers = {k: rounded(v, SHOWN) for k, (v, _) in others.items()}
    for name, number in numbers.items():
        if abs(number - value) <= within:
            raise Unfair(f"'{name}' gives the key")
    wrong = told_apart(
        WrongNumber(form(numbers[k]), k, prose(why)) for k, (_, why) in others.items()
    )
    equal = "=" if value == grown else "≈"
    rows = ((_plain(a), _plain(b)), ("0", "0"))
    top = J**steps
    digits, counts = ("", "") if value == grown else (f", to {SHOWN} decimals", f" {COUNTS}")
    ask = prose("What is the entry in row 1 and column 1 of ", top, f"{digits}?{counts}")
    return Part(
        (Paragraph(ask),),
        Numeric((Blank(prose("entry"), value, within, wrong),)),
        2,
        (Paragraph(prose(J, " = ", NumberMatrix(rows), ", and the corner of its power is ",
                         Symbol(_plain(a)) ** steps, f" {equal} {shown(value)}.")),),
        (
            Mark(1, "M", prose("row 2 of J is zero")),
            Mark(1, "A", prose(Symbol(_plain(a)) ** steps, f" {equal} {shown(value)}")),
        ),
    )  # fmt: skip


def _follows(verdict: str, corner: Decimal, radius: Decimal, draw: Draw) -> Part:
    reasons = (
        f"Powers of U go with the spectral radius {_plain(radius)}, {_side(radius)} 1.",
        f"Powers of J go with the corner {_plain(corner)}, {_side(corner)} 1.",
    )
    right = ANSWERS[verdict]
    options = [
        Option(
            prose(SAID[name]),
            "" if name == verdict else NAMES[name],
            prose(" ".join(r for r, a, b in zip(reasons, answer, right, strict=True)
                           if name == verdict or a != b)),
        )
        for name, answer in ANSWERS.items()
    ]  # fmt: skip
    return Part(
        (
            Paragraph(
                prose(
                    "What becomes of the norm of the Jacobian over ", K, " steps, as ", K, " grows?"
                )
            ),
        ),
        Choice(tuple(draw.ranked("order", options, lambda option: option.content))),
        2,
        (Paragraph(prose(" ".join(reasons))),),
        (
            Mark(
                2,
                "B",
                prose(
                    "the letter that the spectral radius and the corner of J lead to; no "
                    "reason is asked for"
                ),
            ),
        ),
        carries=(0, 1),
    )


def _side(number: Decimal) -> str:
    return "above" if number > 1 else "below"


KIND = Kind(NAME, "gradient-flow", "evaluate", (4, 4), (6, 6), _subjects, _variants, _draw, _make)
