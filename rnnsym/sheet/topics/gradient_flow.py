"""How gradients vanish and explode, what decides it, and what each remedy cures."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rnnsym.blocks import (
    Block,
    Box,
    Equations,
    Heading,
    Line,
    NumberMatrix,
    Partial,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.derive import derive
from rnnsym.expr import LAYER, STEPS, TIME, Array, Expr, Integer, Symbol, scale
from rnnsym.flow.bounds import chain_bounds
from rnnsym.flow.examples import DIRECT_EDGE, Counterexample, clipped, counterexample
from rnnsym.flow.measure import Setting, measure
from rnnsym.flow.paths import count_paths, main_state, step_paths
from rnnsym.jacobian import jacobians
from rnnsym.sheet.asked import asked
from rnnsym.sheet.flow_bounds import bound_blocks
from rnnsym.sheet.flow_measured import measured_blocks
from rnnsym.sheet.jacobians import jacobian_blocks
from rnnsym.sheet.phrases import Phrases, about
from rnnsym.sheet.study import study
from rnnsym.sheet.topic import Topic

__all__ = ["TOPIC"]
