"""One unit as two NumPy functions: forward with a cache, backward with gradients."""

import re

from rnnsym.code.inner import with_inner_products_named
from rnnsym.code.numpy_backward import backward_lines
from rnnsym.code.numpy_forward import forward_lines
from rnnsym.code.numpy_layer import Layer
from rnnsym.code.plan import Plan
from rnnsym.code.units import Unit

__all__ = ["unit_source"]


def unit_source(unit: Unit) -> tuple[str, Plan]:
    """Return the two functions of a unit, and its plan."""
    unit = with_inner_products_named(unit)
    plan = Plan(unit)
    layer = Layer(unit, plan)
    forward, cached = forward_lines(layer)
    backward = backward_lines(layer, cached)
    return "\n".join([*_used(forward), "", "", *_used(backward)]), plan


def _used(lines: list[str]) -> list[str]:
    """Drop the lines that only name what the function never reads."""
    end = next(i for i, line in enumerate(lines) if line == '    """') + 1
    body = lines[end:]
    code = [re.sub(r'#.*|"\w+"', "", line) for line in body]
    for place, line in enumerate(body):
        match = re.match(r"    (\w+) = [\w\[]", line)
        if match is not None:
            others = "\n".join(code[:place] + code[place + 1 :])
            if not re.search(rf"\b{match[1]}\b", others):
                return _used(lines[: end + place] + lines[end + place + 1 :])
    return lines
