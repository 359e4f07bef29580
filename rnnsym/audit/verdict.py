"""What the judge says, and how it is printed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from rnnsym.blocks import Prose
from rnnsym.errors import InputError
from rnnsym.expr import (
    LATEX,
    SOURCE,
    UNICODE,
    Array,
    Expr,
    Node,
    Notation,
    Shape,
    render,
    shape_text,
)
from rnnsym.expr.rows import Rows
from rnnsym.record import record
from rnnsym.version import VERSION

__all__ = ["SCHEMA", "Counterexample", "Kind", "Mistake", "Verdict"]

SCHEMA = 1
Kind: TypeAlias = Literal["equal", "transposed", "shape", "different", "undecided"]
_PLAIN = str.maketrans(
    {"×": "x", "⊙": "*", "−": "-", "σ": "sigma", "δ": "delta", "ᵀ": ".T", "ȳ": "dy", "ℓ": "l",
     "Σ": "sum", "′": "'", "²": "^2", "b̄"[1]: "", "∂": "d", "≤": "<="}
)  # fmt: skip
_EXIT = {"equal": 0, "undecided": 3}


@record
class Counterexample:
    """Numbers for which a formula and the derived line differ.

    Attributes:
        sizes: every size by name; of a stack, by layer.
        steps: T.
        seed: of the random point.
        layer, time: the indices of the line, where it has them.
        entry: row and column, counted from 1; None for a count.
        formula, derived: both values there.
    """

    sizes: dict[str, Any]
    steps: int
    seed: int
    layer: int | None
    time: int | None
    entry: tuple[int, int] | None
    formula: str
    derived: str

    def __str__(self) -> str:
        indices = {"T": self.steps, "l": self.layer, "t": self.time}
        where = [f"{k} = {_number(v)}" for k, v in (*self.sizes.items(), *indices.items())
                 if v is not None]  # fmt: skip
        entry = f", entry {self.entry}" if self.entry else ""
        return f"{', '.join(where)}{entry}: {self.formula} instead of {self.derived}"

    def to_json(self) -> dict[str, Any]:
        """Return every number."""
        return {
            "sizes": self.sizes,
            "T": self.steps,
            "seed": self.seed,
            "layer": self.layer,
            "time": self.time,
            "entry": self.entry,
            "formula": self.formula,
            "derived": self.derived,
        }


def _number(value: int | Mapping[int, int]) -> str:
    return str(value) if isinstance(value, int) else "/".join(str(v) for v in value.values())


@record
class Mistake:
    """A named misconception, and why it is one."""

    name: str
    reason: Prose

    def said(self, notation: Notation) -> str:
        """Return the reason in words."""
        parts = (render(p, notation) if isinstance(p, Node) else str(p) for p in self.reason)
        return "".join(parts)


@record
class Verdict:
    """The judge's answer.

    Attributes:
        kind: equal, transposed, shape, different or undecided.
        target: what was asked for: an array, or the name of a count.
        reading: the formula as it was understood; None where its shapes do not fit.
        shape: of the target.
        reason: one line on a shape error, or on why nothing was decided.
        counterexample: for different and transposed.
        mistake: the misconception that gives this formula, where one does.
        note: how the formula was taken where that is not obvious.
    """

    kind: Kind
    target: Node | str
    reading: Node | Expr | None
    shape: Shape | None = None
    reason: str = ""
    counterexample: Counterexample | None = None
    mistake: Mistake | None = None
    note: str = ""

    def __bool__(self) -> bool:
        return self.kind == "equal"

    def in_rows(self, rows: Rows, reading: Node) -> "Verdict":
        """Return the same verdict with its maths as a convention prints it for rows.

        Args:
            rows: how it prints them.
            reading: the formula as it was understood.
        """
        if not isinstance(self.target, Array):
            return self
        flip, target = rows.flips(self.target), rows.of(self.target)
        example, mistake = self.counterexample, self.mistake
        if flip and example is not None and example.entry is not None:
            example = replace(example, entry=(example.entry[1], example.entry[0]))
        if mistake is not None:
            parts = (rows.of(p) if isinstance(p, Node) else p for p in mistake.reason)
            mistake = replace(mistake, reason=tuple(parts))
        return replace(
            self,
            target=target,
            reading=reading,
            shape=target.shape,
            counterexample=example,
            mistake=mistake,
        )

    @property
    def exit_code(self) -> int:
        """0 for equal, 3 for undecided, 1 for all else."""
        return _EXIT.get(self.kind, 1)

    def _equation(self, notation: Notation) -> str:
        target = render(self.target, notation) if isinstance(self.target, Node) else self.target
        if self.reading is None:
            return target
        reading = self.reading
        written = (
            render(reading, notation) if isinstance(reading, Node) else notation.scalar(reading)
        )
        return f"{target} = {written}"

    def lines(self, *, ascii_only: bool = False) -> list[str]:
        """Return the answer for a terminal, the verdict first."""
        notation = SOURCE if ascii_only else UNICODE
        found: list[str] = [self.kind]
        if self.reading is not None:
            shape = self.reading.shape if isinstance(self.reading, Node) else ()
            shown = ("x" if ascii_only else "×").join(notation.scalar(s) for s in shape)
            found.append(
                f"read as: {self._equation(notation)}" + (f"   ({shown})" if shown else "")
            )
        if self.note:
            found.append(f"note: {self.note}")
        if self.reason:
            found.append(f"why: {self.reason}")
        if self.mistake is not None:
            found.append(f"misconception: {self.mistake.name}. {self.mistake.said(notation)}")
        if self.counterexample is not None:
            found.append(f"counterexample: {self.counterexample}")
        indented = [found[0], *(f"  {line}" for line in found[1:])]
        return [line.translate(_PLAIN) for line in indented] if ascii_only else indented

    def to_json(self) -> dict[str, Any]:
        """Return the answer as data.

        Keys: schema, rnnsym (its version), verdict, target, reading (text, latex and shape),
        expected_shape, reason, note, counterexample, misconception (name and reason).
        """
        reading: dict[str, Any] | None = None
        if self.reading is not None:
            shape = self.reading.shape if isinstance(self.reading, Node) else None
            reading = {
                "text": self._equation(SOURCE),
                "latex": self._equation(LATEX),
                "shape": shape and shape_text(shape),
            }
        mistake = self.mistake
        return {
            "schema": SCHEMA,
            "rnnsym": VERSION,
            "verdict": self.kind,
            "target": render(self.target, SOURCE) if isinstance(self.target, Node) else self.target,
            "reading": reading,
            "expected_shape": None if self.shape is None else shape_text(self.shape),
            "reason": self.reason or None,
            "note": self.note or None,
            "counterexample": self.counterexample and self.counterexample.to_json(),
            "misconception": mistake and {"name": mistake.name, "reason": mistake.said(SOURCE)},
        }

    def _repr_latex_(self) -> str:
        if self.reading is None:
            raise InputError(self.reason)
        return f"$\\displaystyle {self._equation(LATEX)}$"
