"""``rnnsym draw``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rnnsym.cli.options import (
    FORMAT_ALIASES,
    ChoiceOf,
    ascii_option,
    build,
    model_options,
    plain_terminal,
    say,
)
from rnnsym.errors import InputError

if TYPE_CHECKING:
    from rnnsym.api import Model
    from rnnsym.diagram import Diagram

__all__ = ["COMMANDS"]

VIEWS = ("cell", "unrolled", "backward")
STEPS = 3
PICTURES = (".txt", ".svg", ".tex", ".pdf", ".png")
ENDINGS = {"text": ".txt", "svg": ".svg", "latex": ".tex"}


@click.command()
@model_options
@click.option(
    "--view",
    type=ChoiceOf("view", VIEWS, {}),
    default=None,
    help="What to draw  [default: cell for a single cell, else unrolled]",
)
@click.option(
    "--steps",
    type=click.IntRange(1, 8),
    default=None,
    metavar="T",
    help="Steps of an unrolled graph  [default: 3, or as many of them as a terminal shows]",
)
@click.option(
    "--truncate",
    type=click.IntRange(1),
    default=None,
    metavar="K",
    help="Detach states every K steps, in the backward view.",
)
@click.option(
    "--format",
    "format_name",
    type=ChoiceOf("format", ENDINGS, FORMAT_ALIASES),
    default=None,
    help="Output format  [default: that of the file, else text]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="PATH",
    help="A file, or a folder; printed where this is left out.",
)
@click.option("--force", is_flag=True, help="Replace a file that has other content.")
@ascii_option
def draw(
    text: str,
    *,
    view: str | None,
    steps: int | None,
    truncate: int | None,
    format_name: str | None,
    out: Path | None,
    force: bool,
    ascii_only: bool,
    **chosen: Any,
) -> None:
    """Draw MODEL: the inside of its cell, the graph over time, or what flows back through it."""
    network = build(text, **chosen)
    shown = view or ("cell" if _is_one_cell(network) else "unrolled")
    if truncate is not None and shown != "backward":
        raise InputError(f"--truncate goes with --view backward, not with --view {shown}")
    if steps is not None and shown == "cell":
        raise InputError("--steps goes with --view unrolled or backward: a cell is one step")
    format_name = format_name or _format_of(out)
    if format_name == "text":
        plain = ascii_only or (out is None and plain_terminal())
        content = _as_text(network, shown, steps, truncate, plain)
    else:
        diagram = _diagram(network, shown, steps or STEPS, truncate)
        content = _as_file(network, diagram, format_name)
    if out is None:
        say(content)
        return
    from rnnsym.export.files import write_files
    from rnnsym.sheet.naming import slug

    folder, name = out, f"{slug(str(network))}-{shown}{ENDINGS[format_name]}"
    if out.suffix == ENDINGS[format_name]:
        folder, name = out.parent, out.name
    elif out.suffix in PICTURES and not out.is_dir():
        raise InputError(
            f"--format {format_name} writes {ENDINGS[format_name]} files, not {out} "
            f"(known: {', '.join(ENDINGS.values())})"
        )
    for written in write_files(folder, [(name, content.encode())], force=force):
        say(f"{written.status}: {written.path}")


def _format_of(out: Path | None) -> str:
    """Return the format that the ending of the file asks for."""
    if out is None or out.is_dir():
        return "text"
    return next((name for name, ending in ENDINGS.items() if ending == out.suffix), "text")


def _is_one_cell(network: "Model") -> bool:
    from rnnsym.model_text import Recurrent

    layers = network.specification.layers
    first = layers[0]
    if len(layers) > 1 or not isinstance(first, Recurrent):
        return False
    return first.depth == 1 and first.merge is None


def _diagram(network: "Model", view: str, steps: int, truncate: int | None) -> "Diagram":
    from rnnsym.diagram import backward_diagram, cell_diagram, unrolled_diagram

    if view == "unrolled":
        return unrolled_diagram(network.system, steps)
    if view == "backward":
        return backward_diagram(network.derive(truncate), steps)
    cells = list(dict.fromkeys(b.cell for b in network.system.blocks if b.cell is not None))
    if len(cells) > 1:
        names = ", ".join(cell.name for cell in cells)
        raise InputError(f"'{network}' has several cells ({names}): draw one of them at a time")
    return cell_diagram(cells[0])


def _as_text(
    network: "Model", view: str, steps: int | None, truncate: int | None, plain: bool
) -> str:
    """The figure for a terminal, of as many steps as fit where no number was asked for."""
    from rnnsym.export.box_drawing import TERMINAL, drawn, text_width

    printed, title = "", ""
    for count in [steps] if steps or view == "cell" else range(STEPS, 0, -1):
        diagram = _diagram(network, view, count or STEPS, truncate)
        printed, title = drawn(diagram, ascii_only=plain), diagram.title
        if text_width(printed) <= TERMINAL:
            return printed
    fewer = "" if view == "cell" else "fewer --steps, fewer layers or "
    raise InputError(
        f"{title} takes {text_width(printed)} columns, a terminal has {TERMINAL}: "
        f"{fewer}--format svg draws it"
    )


def _as_file(network: "Model", diagram: "Diagram", format_name: str) -> str:
    if format_name == "svg":
        from rnnsym.export.svg import svg

        return svg(diagram)
    from rnnsym.blocks import Figure, prose
    from rnnsym.document import Document
    from rnnsym.export.formats import render_files

    convention = f"{network.specification.convention} convention"
    document = Document("figure", "figure", diagram.title, (prose(convention),), (Figure(diagram),))
    return render_files(document, "latex")["figure.tex"].decode()


COMMANDS = (draw,)
