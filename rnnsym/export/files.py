"""Files on disk: written atomically, never half, never over other content unasked."""

import filecmp
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from rnnsym.errors import InputError
from rnnsym.record import record

__all__ = ["Written", "check_folder", "write_files"]


@record
class Written:
    """A file, and whether it was "written" or already there "unchanged"."""

    path: Path
    status: str


def check_folder(folder: Path) -> None:
    """See that files can be written into ``folder``, and leave no trace of having tried.

    Raises:
        InputError: it is a file, or cannot be made or written to.
    """
    for path in _make(folder):
        path.rmdir()


def _make(folder: Path) -> list[Path]:
    """Make a folder where it is missing; return what was made, innermost first."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"the output folder {folder} is a file")
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror or error}") from None
    return missing


def write_files(
    folder: Path, files: Iterable[tuple[str, bytes | Iterable[bytes]]], *, force: bool = False
) -> tuple[Written, ...]:
    """Write files into a folder, all of them or none.

    A file with the same bytes is left alone; one with other bytes is refused unless ``force``.

    Args:
        folder: made where it is missing.
        files: name and content of each, taken one at a time, so that there may be many; the
            content of a large one may come in pieces.
        force: replace other content.

    Raises:
        InputError: the folder cannot be written to, or holds other content under a name, or a name
            leads out of it.
    """
    made = _make(folder)
    found: list[Written] = []
    ready: list[tuple[Path, Path]] = []
    try:
        for name, content in files:
            path = folder / _checked(name)
            scratch = _beside(path, content)
            ready.append((scratch, path))
            changes = _changes(path, scratch, force)
            if not changes:
                ready.pop()
                scratch.unlink()
            found.append(Written(path, "written" if changes else "unchanged"))
        _rename(ready)
    except BaseException:
        for temporary, _ in ready:
            temporary.unlink(missing_ok=True)
        with suppress(OSError):  # a folder with files in it stays
            for path in made:
                path.rmdir()
        raise
    return tuple(found)


def _checked(name: str) -> str:
    """A name may come out of a file that somebody else wrote, such as a manifest."""
    if not name.isprintable() or name != Path(name).name:
        raise InputError(f"{name!r} is no name of a file inside a folder")
    return name


def _rename(ready: Iterable[tuple[Path, Path]]) -> None:
    """Put what is ready in its place: a rename is whole or did not happen."""
    try:
        for temporary, path in ready:
            temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write: {error}") from None


def _changes(path: Path, scratch: Path, force: bool) -> bool:
    if path.is_dir():
        raise InputError(f"{path} is a folder, where a file is to be written")
    if not path.exists():
        return True
    same = filecmp.cmp(scratch, path, shallow=False)
    if not same and not force:
        raise InputError(f"{path} exists with other content; --force replaces it")
    return not same


def _beside(path: Path, content: bytes | Iterable[bytes]) -> Path:
    """Write a scratch file beside its target and return it."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(f"cannot write: {error}") from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines([content] if isinstance(content, bytes) else content)
        Path(name).chmod(0o666 & ~_umask())
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"cannot write: {error}") from None
        raise
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
