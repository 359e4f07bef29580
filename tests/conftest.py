"""What tests share: how hypothesis searches, engines outside Python, cells written on the spot."""

import os
import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

# The same examples on every machine; RNNSYM_FUZZ=1 searches further, and a failure prints its seed.
settings.register_profile("same", deadline=None, database=None, print_blob=True, derandomize=True)
settings.register_profile("fuzz", deadline=None, database=None, print_blob=True, max_examples=1000)
settings.load_profile("fuzz" if os.environ.get("RNNSYM_FUZZ") == "1" else "same")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Rewriting golden files is asked for, never done by the way."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name in tests/golden."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


def missing(reason: str, wish: str = "RNNSYM_REQUIRE_ENGINES") -> NoReturn:
    """Skip a test, or all of a module, for want of an engine; fail when the wish is set to 1."""
    if os.environ.get(wish) == "1":
        pytest.fail(f"{reason}, and {wish}=1 asks for it")
    pytest.skip(reason, allow_module_level=True)


def optional(module: str, wish: str = "RNNSYM_REQUIRE_ENGINES") -> Any:
    """Import a module of others; see ``missing`` for where it is not installed."""
    try:
        return import_module(module)
    except ImportError:
        missing(f"{module.partition('.')[0]} is not installed", wish)


def framework(module: str) -> Any:
    """Import PyTorch or the like: a CI step of its own sets RNNSYM_REQUIRE_FRAMEWORKS=1."""
    return optional(module, "RNNSYM_REQUIRE_FRAMEWORKS")


@pytest.fixture
def require_engine() -> Callable[[str], str]:
    """Return the path of a program, on PATH or beside Python; see ``missing`` for want of it."""

    def require(name: str) -> str:
        found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
        if found is None:
            missing(f"{name} is not installed")
        return found

    return require


@pytest.fixture
def node_modules(require_engine: Callable[[str], str]) -> Path:
    """Return the folder of npm packages that RNNSYM_NODE_MODULES names."""
    require_engine("node")
    folder = os.environ.get("RNNSYM_NODE_MODULES", "")
    return Path(require_engine(str(Path(folder) / ".bin" / "vnu"))).parent.parent


@pytest.fixture
def cell_file(tmp_path: Path) -> Callable[[str], Path]:
    """Return the path of a cell file of the given content."""

    def write(content: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write
