"""The pipeline top to bottom: a model text becomes equations, a derivation, a check, documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnsym.cell import Cell, cell_names, load_cell
from rnnsym.count import Count, count
from rnnsym.derivation import Derivation, Step
from rnnsym.derive import derive, needed
from rnnsym.document import PAPERS, Document, Style
from rnnsym.equations import CONVENTIONS
from rnnsym.errors import InputError, nearest, one_of
from rnnsym.export.files import Written, write_files
from rnnsym.expr import latex
from rnnsym.model_text import checked_size
from rnnsym.system import build_system, read_model

if TYPE_CHECKING:
    from rnnsym.audit import Verdict
    from rnnsym.equations import Model as Specification
    from rnnsym.equations import System
    from rnnsym.item import Item
    from rnnsym.numeric.check import CheckReport
    from rnnsym.numeric.gradients import Gradients

__all__ = ["Model", "cells", "generate_quiz", "model", "write"]


@dataclass(frozen=True)
class Model:
    """A recurrent network, with everything that can be asked of it.

    Attributes:
        specification: layers, convention, loss and sizes, as read from the model text.
    """

    specification: "Specification"

    def __str__(self) -> str:
        return str(self.specification)

    def _repr_latex_(self) -> str:
        from rnnsym.sheet.layout import in_layout

        pairs = tuple((e.lhs, e.rhs) for e in self.system.equations)
        shown = in_layout(pairs, self.specification.convention)
        rows = (f"{latex(lhs)} &= {latex(rhs)}" for lhs, rhs in shown)
        return "$$\\begin{aligned}" + r" \\ ".join(rows) + "\\end{aligned}$$"

    @cached_property
    def system(self) -> "System":
        """The index equations."""
        return build_system(self.specification)

    def derive(self, truncate: int | None = None) -> Derivation:
        """Return all adjoints and gradients.

        Args:
            truncate: detach states every so many steps.
        """
        if truncate is not None:
            checked_size("truncate", truncate)
        return derive(self.system, truncate)

    def gradient(self, name: str, truncate: int | None = None) -> tuple[Step, ...]:
        """Return the line of one gradient and those it rests on, e.g. of ``U_f`` or ``dL/dU_f``.

        Raises:
            InputError: no such array; names the nearest one.
        """
        derivation = self.derive(truncate)
        lines = (*derivation.weights, *derivation.inputs, *derivation.initial)
        plain = name.removeprefix("∂L/∂").removeprefix("dL/d")
        found = [s for s in lines if plain in _names(s)]
        if not found:
            known = list(dict.fromkeys(_names(s)[0] for s in lines))
            hint = nearest(name, known)
            raise InputError(
                f"'{self}' has no parameter '{name}'{hint} (it has: {', '.join(known)})"
            )
        wanted = {s for step in found for s in needed(derivation, step)}
        return (*(s for s in derivation.adjoints if s in wanted), *found)

    def count(self) -> Count:
        """Return the parameter count: formula, number, tally per layer and gate."""
        return count(self.system)

    def check(self, seed: int = 0, truncate: int | None = None) -> "CheckReport":
        """Compare every derived gradient, run as a program, with the complex step."""
        from rnnsym.numeric.check import check_derivation

        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise InputError(f"a seed is a whole number from 0, not {seed!r}")
        system = build_system(self.specification, final_gradients=True)
        return check_derivation(derive(system, truncate), seed)

    def audit(
        self, formula: str, wrt: str | None = None, aliases: Mapping[str, str] | None = None
    ) -> "Verdict":
        """Judge a formula derived by hand.

        Args:
            formula: in ASCII, Unicode or LaTeX; with a left-hand side, or with ``wrt``.
            wrt: what it is the gradient of, e.g. ``U_f``, or an adjoint, or ``params``.
            aliases: other names for symbols, new → old.

        >>> model("lstm").audit("sum_t(delta_f[t] @ h[t-1].T)", "U_f").kind
        'equal'
        """
        from rnnsym.audit import audit

        return audit(self.derive(), wrt, formula, aliases)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the convention's names and packed shapes, in the convention's order."""
        from rnnsym.numeric.packing import parameter_shapes

        return parameter_shapes(self.system)

    def gradients(
        self,
        weights: Mapping[str, Any] | Sequence[Any] | str | Path,
        x: Any,
        dy: Any,
        initial: Mapping[str, Any] | None = None,
        final_gradients: Mapping[str, Any] | None = None,
        *,
        lengths: Any = None,
        mask: Any = None,
    ) -> "Gradients":
        """Run the network forwards and backwards on numbers.

        Args:
            weights: arrays by the names of ``parameter_shapes``; under ``keras`` also a list of
                them; or the path of a ``.npz`` or ``.safetensors`` file that holds them.
            x: inputs, of shape (T, d) or (T, B, d).
            dy: gradient of the loss with respect to the outputs.
            initial: initial states by name; zeros where absent.
            final_gradients: gradients of the loss with respect to final states.
            lengths: how many steps each sequence has, of shape (B,).
            mask: of shape (T,) or (T, B), false at steps that carry the state instead.
        """
        from rnnsym.numeric.gradients import gradients
        from rnnsym.numeric.weights import load

        arrays = load(weights) if isinstance(weights, str | Path) else weights
        return gradients(
            self.system, arrays, x, dy, initial, final_gradients, lengths=lengths, mask=mask
        )

    def document(
        self,
        wrt: str | None = None,
        *,
        truncate: int | None = None,
        unroll: int | None = None,
        report: "CheckReport | None" = None,
    ) -> Document:
        """Return the derivation as a document, ``report`` as its last line.

        Args:
            wrt: one parameter only, e.g. ``U_f``, with the lines it rests on.
            truncate: detach states every so many steps.
            unroll: also the sum over state-to-state paths of so many steps.
            report: what ``check`` found.
        """
        from rnnsym.sheet.derivation import derivation_document

        wanted = None if wrt is None else self.gradient(wrt, truncate)
        return derivation_document(self.derive(truncate), report, wanted, unroll)

    def explain(self, name: str, truncate: int | None = None) -> Document:
        """Return why each term stands in one line of the derivation."""
        from rnnsym.sheet.explanation import explanation

        derivation = self.derive(truncate)
        return explanation(derivation, derivation.find(name))

    def sheet(self) -> Document:
        """Return the study sheet.

        Raises:
            CheckError: the derivation fails its check, so nothing is printed of it.
        """
        from rnnsym.sheet.model_sheet import model_sheet
        from rnnsym.sheet.study import studied

        return model_sheet(studied(self.specification))


def _names(step: Step) -> tuple[str, ...]:
    """The names under which a gradient can be asked for: its array's, or its line's."""
    return step.name.removeprefix("d"), step.key.removeprefix("d"), step.name, step.key


def model(
    text: str,
    convention: str = "textbook",
    *,
    loss: str = "free",
    loss_at: str = "every",
    bias: bool = True,
    **sizes: int,
) -> Model:
    """Build a model from its text.

    Args:
        text: such as ``"bi(lstm)*2, dense:10"``; a cell can be the path of a cell file.
        convention: textbook, d2l, flax, keras, onnx or pytorch.
        loss: free (∂L/∂output is given), squared or cross-entropy.
        loss_at: every or last.
        bias: leave out all bias vectors when False.
        **sizes: numbers for the symbolic sizes, such as ``d=3, n=2``.

    Raises:
        InputError: names what cannot be read, and the nearest right name.

    >>> str(model("gru*3", d=4))
    'gru*3'
    """
    if not isinstance(text, str) or not isinstance(bias, bool):
        raise InputError(f"a model is a text and bias a truth value, not {text!r} and {bias!r}")
    return Model(
        read_model(text, convention=convention, loss=loss, loss_at=loss_at, bias=bias, sizes=sizes)
    )


def cells(convention: str = "textbook") -> dict[str, Cell]:
    """Return the shipped cells of a convention, by name."""
    names = cell_names(one_of("convention", convention, CONVENTIONS))
    return {name: load_cell(name, convention) for name in names}


def generate_quiz(
    n: int,
    seed: int,
    kinds: Sequence[str] = (),
    subjects: Sequence[str] = (),
    *,
    topics: Sequence[str] = (),
    levels: tuple[int, int] = (1, 5),
) -> "tuple[Item, ...]":
    """Return ``n`` proven questions: same seed, same questions.

    Args:
        n: how many.
        seed: of every choice.
        kinds: of these kinds only; a path is a kind of your own.
        subjects: about these cells only, names or files.
        topics: of these topics only.
        levels: from the lowest to the highest level.
    """
    from rnnsym.quiz.rounds import generate
    from rnnsym.quiz.selection import Selection

    return generate(Selection.of(kinds, topics, subjects, levels), n, seed)


def write(
    document: Document,
    folder: str | Path = "output",
    *,
    formats: Sequence[str] = ("tex",),
    force: bool = False,
    paper: str = "a4",
    large_print: bool = False,
    templates: str | Path | None = None,
) -> tuple[Written, ...]:
    """Write a document into a folder, in each of the formats.

    Args:
        document: a sheet, a derivation or a paper.
        folder: made where it is missing.
        formats: of tex, pdf, html, md, ipynb, json and text.
        force: replace files that hold other content.
        paper: a4 or letter.
        large_print: letters of 17 points.
        templates: a folder of templates that go before rnnsym's own.

    Raises:
        InputError: unknown format or paper, unwritable folder, other content under the same name,
            a broken template, or PDF where no TeX engine runs.
    """
    from rnnsym.export.formats import render_files
    from rnnsym.export.templates import check_templates

    own = None if templates is None else Path(templates)
    if own is not None:
        check_templates(own)
    style = Style(one_of("paper", paper, PAPERS), large_print, own)
    files: dict[str, bytes] = {}
    for name in [formats] if isinstance(formats, str) else formats:
        files |= render_files(document, name, style)
    return write_files(Path(folder), files.items(), force=force)
