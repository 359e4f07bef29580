"""Jinja templates: found beside the package or in the wheel, strict, and in a sandbox.

A folder of one's own goes before them: ``templates/README.md`` says what it may hold.
"""

import traceback
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.sandbox import SandboxedEnvironment

from rnnsym.errors import InputError

__all__ = ["check_templates", "environment", "fill", "template_assets", "template_folder"]

LATEX_SIGNS = {
    "block_start_string": r"\BLOCK{",
    "block_end_string": "}",
    "variable_start_string": r"\VAR{",
    "variable_end_string": "}",
    "comment_start_string": r"\#{",
    "comment_end_string": "}",
}


class _Sandbox(SandboxedEnvironment):
    """Jinja's sandbox; it knows nothing of files, so paths are closed here."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Tell whether a template may read an attribute."""
        return not isinstance(obj, PurePath) and super().is_safe_attribute(obj, attr, value)


OWN = "rnnsym"
"""Under this name a template of one's own finds the one that it extends."""


def template_folder() -> Path:
    """Return the templates' folder: in the wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    shipped = package / "_templates"
    return shipped if shipped.is_dir() else package.parent / "templates"


@cache
def environment(exporter: str, folder: Path | None = None) -> SandboxedEnvironment:
    r"""Return the environment of one exporter's templates.

    LaTeX's templates use ``\VAR{…}``, ``\BLOCK{…}`` and ``\#{…}``, which LaTeX itself would refuse.

    Args:
        exporter: the sub-folder.
        folder: templates that go before rnnsym's own.
    """
    own = FileSystemLoader(template_folder() / exporter)
    before = [] if folder is None else [FileSystemLoader(folder / exporter)]
    return _Sandbox(
        loader=ChoiceLoader([*before, own, PrefixLoader({OWN: own})]),
        undefined=StrictUndefined,
        autoescape=exporter == "html",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **(LATEX_SIGNS if exporter == "latex" else {}),
    )


def fill(exporter: str, name: str, folder: Path | None, /, **variables: Any) -> str:
    """Return a template filled in.

    Raises:
        InputError: a template of ``folder`` is broken; names it, its line and what is wrong.
    """
    try:
        return environment(exporter, folder).get_template(name).render(variables)
    except Exception as error:
        if folder is None:
            raise
        raise InputError(_complaint(error, folder / exporter, name)) from None


def _complaint(error: Exception, folder: Path, name: str) -> str:
    """Return where a template failed: its own line, not that of the templates that it extends."""
    what = " ".join(str(error).split()) or type(error).__name__
    match error:
        case TemplateSyntaxError():
            return f"template {error.filename or error.name}, line {error.lineno}: {error.message}"
        case TemplateNotFound():
            return f"a template in {folder} asks for '{error.name}', which is not there"
        case _:
            frames = traceback.extract_tb(error.__traceback__)
            inside = [f for f in frames if Path(f.filename).is_relative_to(folder)]
            place = f"{inside[-1].filename}, line {inside[-1].lineno}" if inside else folder / name
            return f"template {place}: {what}"


def check_templates(folder: Path) -> None:
    """See that a folder of templates replaces at least one of rnnsym's.

    Raises:
        InputError: it is no folder, or holds none of the names that rnnsym looks for.
    """
    if not folder.is_dir():
        raise InputError(f"no folder of templates: {folder}")
    own = template_folder()
    names = sorted(str(path.relative_to(own)) for path in own.rglob("*.j2"))
    if not any((folder / name).is_file() for name in names):
        raise InputError(f"{folder} holds no template that rnnsym looks for ({', '.join(names)})")


def template_assets(exporter: str, folder: Path | None) -> dict[str, bytes]:
    """Return the files beside a folder's templates, such as a logo, by name."""
    if folder is None or not (folder / exporter).is_dir():
        return {}
    files = sorted(path for path in (folder / exporter).iterdir() if path.is_file())
    return {p.name: p.read_bytes() for p in files if p.suffix != ".j2" and p.name[0] != "."}
