"""``rnnsym code``."""

from pathlib import Path
from typing import Any

import click

from rnnsym.cli.options import ChoiceOf, build, model_options, say, say_unused
from rnnsym.errors import InputError

__all__ = ["COMMANDS"]


@click.command()
@model_options
@click.option(
    "--target",
    type=ChoiceOf("target", ("numpy", "pytorch"), {"torch": "pytorch", "np": "numpy"}),
    default="numpy",
    show_default=True,
    help="What the code is written in.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=None,
    metavar="PATH",
    help="A .py file, or a folder; printed where this is left out.",
)
@click.option("--force", is_flag=True, help="Replace a file that has other content.")
def code(target: str, out: Path | None, force: bool, **chosen: Any) -> None:
    """Write MODEL as a module of its own that runs, and checks itself when run."""
    from rnnsym.code.module import file_name, module_source
    from rnnsym.export.files import write_files

    network = build(**chosen)
    sizes = (item for item in chosen["sizes"] if item.partition("=")[0].strip() != "L")
    say_unused(sizes, "the module reads its sizes off the arrays it is given")
    source = module_source(network.specification, target)
    if out is None:
        say(source)
        return
    if out.suffix not in ("", ".py") and not out.is_dir():
        raise InputError(f"--out takes a .py file or a folder, not '{out}'")
    folder, name = (
        (out.parent, out.name)
        if out.suffix == ".py"
        else (out, file_name(network.specification, target))
    )
    for written in write_files(folder, [(name, source.encode())], force=force):
        say(f"{written.status}: {written.path}")


COMMANDS = (code,)
