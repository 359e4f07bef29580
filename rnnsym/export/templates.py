"""Jinja templates: found beside the package or in the wheel, strict, and in a sandbox."""

from functools import cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

__all__ = ["environment"]


def template_folder() -> Path:
    """Return the templates' folder: in the wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "_templates"
    return shipped if shipped.is_dir() else package.parent / "templates"


@cache
def environment(exporter: str) -> SandboxedEnvironment:
    r"""Return the environment of one exporter's templates.

    LaTeX's templates use ``\VAR{…}``, ``\BLOCK{…}`` and ``\#{…}``, which LaTeX itself would refuse.
    """
    delimiters = (
        {
            "block_start_string": r"\BLOCK{",
            "block_end_string": "}",
            "variable_start_string": r"\VAR{",
            "variable_end_string": "}",
            "comment_start_string": r"\#{",
            "comment_end_string": "}",
        }
        if exporter == "latex"
        else {}
    )
    return SandboxedEnvironment(
        loader=FileSystemLoader(template_folder() / exporter),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **delimiters,
    )
