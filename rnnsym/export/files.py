"""Files on disk: written atomically, never half, never over other content unasked."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rnnsym.errors import InputError

__all__ = ["Written", "check_folder", "write_files"]


@dataclass(frozen=True, slots=True)
class Written:
    """A file, and whether it was "written" or already there "unchanged"."""

    path: Path
    status: str


def check_folder(folder: Path) -> None:
    """See that files can be written into ``folder``, and leave no trace of having tried.

    Raises:
        InputError: it is a file, or cannot be made or written to.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    _make(folder)
    for path in missing:
        path.rmdir()


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"the output folder {folder} is a file")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror or error}") from None


def write_files(
    folder: Path, files: Mapping[str, bytes], *, force: bool = False
) -> tuple[Written, ...]:
    """Write files into a folder, all of them or none.

    A file with the same bytes is left alone; one with other bytes is refused unless ``force``.

    Raises:
        InputError: the folder cannot be written to, or holds other content under a name.
    """
    _make(folder)
    changed: dict[Path, bytes] = {}
    for name, content in files.items():
        path = folder / name
        if path.is_dir():
            raise InputError(f"{path} is a folder, where a file is to be written")
        if not path.exists():
            changed[path] = content
        elif path.read_bytes() != content:
            if not force:
                raise InputError(f"{path} exists with other content; --force replaces it")
            changed[path] = content
    _replace_all(changed)
    return tuple(
        Written(folder / n, "written" if folder / n in changed else "unchanged") for n in files
    )


def _replace_all(changed: Mapping[Path, bytes]) -> None:
    """Write beside the targets first, then rename: a rename is whole or did not happen."""
    ready: list[tuple[str, Path]] = []
    try:
        for path, content in changed.items():
            descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            ready.append((temporary, path))
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            Path(temporary).chmod(0o666 & ~_umask())
        for temporary, path in ready:
            Path(temporary).replace(path)
    except OSError as error:
        raise InputError(f"cannot write: {error}") from None
    finally:
        for temporary, _ in ready:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
