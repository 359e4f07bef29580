"""What tests share: how hypothesis searches, engines outside Python, cells written on the spot."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

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


def missing(reason: str) -> NoReturn:
    """Skip a test for want of an engine, or fail it when RNNSYM_REQUIRE_ENGINES=1."""
    if os.environ.get("RNNSYM_REQUIRE_ENGINES") == "1":
        pytest.fail(f"{reason}, and RNNSYM_REQUIRE_ENGINES=1 asks for it")
    pytest.skip(reason)


@pytest.fixture
def require_engine() -> Callable[[str], str]:
    """Return the path of an external program; see ``missing`` for where there is none."""

    def require(name: str) -> str:
        found = shutil.which(name)
        if found is not None:
            return found
        missing(f"{name} is not installed")

    return require


@pytest.fixture
def cell_file(tmp_path: Path) -> Callable[[str], Path]:
    """Return the path of a cell file of the given content."""

    def write(content: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write
