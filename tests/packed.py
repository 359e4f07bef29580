"""Models under a framework's convention, with numbers for their sizes, and random weights."""

from rnnsym.cell import cell_names, load_cell
from rnnsym.convention import convention_names
from rnnsym.equations import System
from rnnsym.system import build_system, read_model

SHAPES = ("{}", "{}*2", "bi({})", "bi({})*2")
FRAMEWORKS = [(c, n) for c in convention_names() if c != "textbook" for n in cell_names(c)]
NUMBERS = {"d": 4, "n": 5, "p": 3}


def system_of(model: str, convention: str, *, bias: bool = True, **sizes: int) -> System:
    names = set(load_cell(_cell(model), convention).size_names) | {"d"}
    given = {name: value for name, value in (NUMBERS | sizes).items() if name in names}
    return build_system(read_model(model, convention=convention, bias=bias, sizes=given))


def _cell(model: str) -> str:
    return model.removeprefix("bi(").partition(")")[0].partition("*")[0]
