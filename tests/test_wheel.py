"""What is shipped is what is tested: the wheel, in a fresh environment, from an empty folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(folder),
        str(ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.fail(f"the wheel is not built: {done.stderr}")
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_holds_cells_conventions_and_templates(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    here = {p.relative_to(ROOT).as_posix() for p in (ROOT / "rnnsym").rglob("*.toml")}
    assert here <= names
    templates = {p.relative_to(ROOT / "templates") for p in (ROOT / "templates").rglob("*.j2")}
    assert {f"rnnsym/_templates/{t.as_posix()}" for t in templates} <= names


def test_the_installed_wheel_works_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r})\n"
        "import rnnsym, rnnsym.cli\n"
        f"assert rnnsym.__file__.startswith({str(target)!r}), rnnsym.__file__\n"
        "rnnsym.cli.main(['sheet', 'lstm', '--format', 'tex'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=empty, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [p.name for p in (empty / "output").iterdir()] == ["lstm.tex"]
