"""The judge in process: its verdicts on right and on wrong formulas, over every shipped cell."""

import statistics
import time
from collections.abc import Iterator, Sequence

from rnnsym.audit import audit
from rnnsym.cell import cell_names
from rnnsym.derivation import Derivation
from rnnsym.derive import derive
from rnnsym.expr import Plus, plus, source
from rnnsym.system import build_system, read_model

__all__ = ["main"]


def asked(derivation: Derivation) -> Iterator[tuple[str, str]]:
    """Yield formulas with what they are about: every adjoint and gradient, right and wrong."""
    for step in derivation.steps:
        value, name = step.value(), step.target.name
        about = name if name.startswith("delta_") else name.removeprefix("d")
        about += "_0" if step.of.time == 0 else ""
        yield about, source(value)
        if isinstance(value, Plus):
            yield about, source(plus(*value.children[1:]))


def main(arguments: Sequence[str] = ()) -> None:
    """Print the median and the worst time of an audit, the first of a process told apart."""
    found: list[tuple[float, str]] = []
    for name in arguments or cell_names():
        derivation = derive(build_system(read_model(name)))
        for about, formula in asked(derivation):
            start = time.perf_counter()
            verdict = audit(derivation, about, formula)
            found.append((1000 * (time.perf_counter() - start), f"{name} {about}: {verdict.kind}"))
    first, all_times = found[0][0], sorted(found)
    figures = [taken for taken, _ in all_times]
    middle, tenth = statistics.median(figures), statistics.quantiles(figures, n=10)[-1]
    print(f"audit, {len(figures)} formulas: median {middle:.1f} ms, nine of ten {tenth:.1f} ms")
    print(f"goal 100 ms, 1000 at most; the first of the process {first:.0f} ms; slowest:")
    for taken, what in all_times[:-4:-1]:
        print(f"  {taken:.0f} ms, {what}")
