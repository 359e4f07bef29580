"""The shape of the code: imports run one way, modules are short, everything is annotated."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import framework, optional

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "rnnsym").rglob("*.py"))
TESTS = sorted(p for p in (ROOT / "tests").rglob("*.py"))
MAX_LINES = 300

# A module imports from its own line and those above it. A new module is given its place here.
LAYERS = (
    "version errors record texts",
    "expr ratio",
    "convention cell_equations cell_file equation_text sizing equation_nodes cell",
    "model_text equations names chain loss system",
    "derivation derive affine tied memory count jacobian",
    "numeric",
    "flow theorems code",
    "diagram",
    "blocks",
    "item audit",
    "document",
    "sheet quiz",
    "export",
    "api",
    "cli",
    "__init__ __main__",
)
LAYER = {name: place for place, names in enumerate(LAYERS) for name in names.split()}


def module(path: Path) -> str:
    """Return a file's dotted name inside rnnsym, "" for the package itself."""
    parts = path.relative_to(ROOT / "rnnsym").with_suffix("").parts
    return ".".join(p for p in parts if p != "__init__")


def place(name: str) -> int:
    """Return the layer of a module by the first part of its name."""
    return LAYER[name.split(".", maxsplit=1)[0] or "__init__"]


MODULES = {module(p): p for p in SOURCES}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the modules of rnnsym that a file imports, inside functions too, with the line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name == "rnnsym" or name.startswith("rnnsym."):
                yield known(name.removeprefix("rnnsym").removeprefix(".")), node.lineno


def known(name: str) -> str:
    """Return the module that a dotted name lies in."""
    while name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def test_every_module_has_its_place() -> None:
    missing = {name for name in MODULES if (name.split(".")[0] or "__init__") not in LAYER}
    assert not missing
    stale = set(LAYER) - {name.split(".")[0] or "__init__" for name in MODULES}
    assert not stale


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_one_way(name: str) -> None:
    for other, line in imported(MODULES[name]):
        assert place(other) <= place(name), f"{MODULES[name]}:{line} imports {other} from above"


def test_no_import_cycle() -> None:
    needs = {n: {o for o, _ in imported(p) if o != n} for n, p in MODULES.items()}
    while needs:
        free = [n for n, others in needs.items() if not others & needs.keys()]
        assert free, f"an import cycle among {sorted(needs)}"
        for n in free:
            del needs[n]


@pytest.mark.parametrize("path", SOURCES, ids=[n or "rnnsym" for n in MODULES])
def test_modules_are_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{path.name} has {lines} lines"


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_function_is_annotated(path: Path) -> None:
    for function in functions(path):
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        bare = [a.arg for a in every if a.annotation is None and a.arg not in ("self", "cls")]
        assert not bare, f"{path}:{function.lineno} {function.name}: {bare}"
        assert function.returns is not None, f"{path}:{function.lineno} {function.name}"


def test_sympy_has_one_door() -> None:
    door = ROOT / "rnnsym" / "expr" / "_sympy.py"
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert path == door or not any(n.split(".")[0] == "sympy" for n in names), path


@pytest.mark.parametrize(
    "statement",
    [
        "import rnnsym",
        "import rnnsym; dir(rnnsym); rnnsym.__version__",
        "import rnnsym.errors, rnnsym.version, rnnsym.cli",
    ],
)
def test_import_is_light(statement: str) -> None:
    heavy = "{'sympy', 'numpy', 'matplotlib', 'jinja2'} & set(sys.modules)"
    code = f"import sys; {statement}; sys.exit(' '.join({heavy}) or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_left_to_do(path: Path) -> None:
    marks = "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX"))
    assert not re.search(rf"\b({marks})\b", path.read_text(encoding="utf-8"))


def test_what_is_missing_skips_or_fails(
    require_engine: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert require_engine(Path(sys.executable).name)
    for wanted, module, wish in (
        (require_engine, "nothing", "RNNSYM_REQUIRE_ENGINES"),
        (optional, "nothing.at.all", "RNNSYM_REQUIRE_ENGINES"),
        (framework, "nothing", "RNNSYM_REQUIRE_FRAMEWORKS"),
    ):
        monkeypatch.delenv(wish, raising=False)
        with pytest.raises(pytest.skip.Exception, match="nothing is not installed"):
            wanted(module)
        monkeypatch.setenv(wish, "1")
        with pytest.raises(pytest.fail.Exception, match=f"{wish}=1 asks for it"):
            wanted(module)
