"""Three quarters: for which pairs does a GRU have exactly 3/4 of the parameters of an LSTM?"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import comb

from rnnsym.blocks import Block, Paragraph, prose
from rnnsym.count import count
from rnnsym.expr import Expr, Integer, expand, size
from rnnsym.item import SEVERAL, Choice, Item, Mark, Option, Part, Proof
from rnnsym.model_text import Embedding
from rnnsym.quiz.counting import Given, parts_of, system_of
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.guard import Unfair
from rnnsym.quiz.options import arranger, identifier
from rnnsym.quiz.registry import Kind, Parameters
from rnnsym.record import record

__all__ = ["KIND", "PAIRS", "biases_of_maps"]

NAME = "count_ratio"
SHARE = Fraction(3, 4)
SHOWN = 5
RIGHT = (2, 3)
NUMBERS = {1: "one", 2: "two"}


@record
class _Pair:
    """A GRU and an LSTM.

    ``trap`` is the misconception of who takes them for 3 to 4; ``sizes`` says what stands for what.
    """

    text: str
    gru: str
    lstm: str
    convention: str = "textbook"
    trap: str = "only gates counted"
    sizes: str = ""


PAIRS = {
    "textbook": _Pair("the GRU and the LSTM of the textbook", "gru", "lstm"),
    "pytorch": _Pair("nn.GRU and nn.LSTM of PyTorch", "gru", "lstm", "pytorch"),
    "onnx": _Pair("the operators GRU and LSTM of ONNX, without peepholes", "gru", "lstm", "onnx"),
    "d2l": _Pair("the GRU and the LSTM of Dive into Deep Learning", "gru", "lstm", "d2l"),
    "keras": _Pair("GRU and LSTM of Keras 3 with their defaults", "gru", "lstm", "keras",
                   "biases forgotten"),
    "keras-before": _Pair("GRU with reset_after=False and LSTM of Keras 3", "gru-reset-before",
                          "lstm", "keras"),
    "flax": _Pair("GRUCell and LSTMCell of Flax", "gru", "lstm", "flax", "biases forgotten"),
    "both": _Pair("a bidirectional GRU and a bidirectional LSTM, textbook", "bi(gru)", "bi(lstm)"),
    "stack": _Pair("two layers of GRU and two layers of LSTM, textbook", "gru*2", "lstm*2"),
    "after": _Pair("a GRU that resets after the product, and the LSTM of the textbook",
                   "gru-reset-after", "lstm", trap="biases forgotten"),
    "peephole": _Pair("the GRU of the textbook and an LSTM with peepholes", "gru",
                      "lstm-peephole", trap="peepholes forgotten"),
    "coupled": _Pair("the GRU of the textbook and an LSTM whose forget gate is 1 − i", "gru",
                     "lstm-coupled", trap="coupled gates counted twice"),
    "head": _Pair("textbook GRU and LSTM, each counted with a dense layer of 10 outputs on top",
                  "gru, dense:10", "lstm, dense:10", trap="head forgotten",
                  sizes=", with q = 10 outputs"),
    "table": _Pair("textbook GRU and LSTM, each counted with an embedding of 1000 words below",
                   "embedding:1000:8, gru", "embedding:1000:8, lstm", trap="embedding forgotten",
                   sizes=", with V = 1000 words; a word's vector is what both read, so e is d"),
    "deeper": _Pair("two layers of GRU and one layer of LSTM, textbook", "gru*2", "lstm",
                    trap="depth forgotten"),
}  # fmt: skip


@lru_cache(maxsize=64)
def _holds(name: str) -> bool:
    """Tell whether the ratio is 3 to 4 whatever the sizes: from the formulas, proven by arrays.

    Raises:
        Unfair: arrays of several sizes say something else.
    """
    gru, lstm = _formulas(name)
    holds = expand(Integer(4) * gru - Integer(3) * lstm) == 0
    if holds != all(_counted(name, d, n) == SHARE for d, n in product((2, 3, 7), (3, 5, 8))):
        raise Unfair(f"formulas and arrays disagree on the pair '{name}'")
    return holds


def _formulas(name: str) -> tuple[Expr, Expr]:
    pair = PAIRS[name]
    a, b = (count(system_of(m, pair.convention)).formula.value for m in (pair.gru, pair.lstm))
    return a, b


def _counted(name: str, d: int, n: int) -> Fraction:
    pair = PAIRS[name]
    given: Given = (("d", d), ("n", n), ("e", 8), ("V", 1000), ("q", 10))
    totals = [
        sum(part.entries(dict(given)) for part in parts_of(system_of(m, pair.convention)))
        for m in (pair.gru, pair.lstm)
    ]
    return Fraction(*totals)


def _subjects(cells: Sequence[str]) -> Sequence[Parameters]:
    asked = not cells or {"gru", "lstm"} & set(cells)
    return [(("right", str(right)), ("convention", "textbook")) for right in RIGHT] if asked else []


def _sides() -> tuple[list[str], list[str]]:
    right = [name for name in PAIRS if _holds(name)]
    return right, [name for name in PAIRS if name not in right]


def _variants(subject: Parameters) -> int:
    right, wrong = _sides()
    wanted = int(dict(subject)["right"])
    given_away = comb(sum(not _alike(name) for name in wrong), SHOWN - wanted)
    return comb(len(right), wanted) * (comb(len(wrong), SHOWN - wanted) - given_away)


def _draw(subject: Parameters, draw: Draw) -> Parameters:
    """Draw pairs, one of the wrong ones alike in biases: these alone give no answer away."""
    right, wrong = _sides()
    wanted = int(dict(subject)["right"])
    first = draw.choice("alike", [name for name in wrong if _alike(name)])
    others = draw.ranked("wrong", [name for name in wrong if name != first])
    names = [*draw.ranked("right", right)[:wanted], first, *others[: SHOWN - wanted - 1]]
    return (*subject, ("pairs", " ".join(sorted(names))))


def _make(parameters: Parameters) -> Item:
    values = dict(parameters)
    names = values["pairs"].split()
    order = arranger(NAME, parameters).ranked("order", names)
    options = tuple(_option(name) for name in order)
    scheme = (Mark(2, "B", prose(f"all that hold and no other; {SEVERAL}")),)
    return Item(
        id=identifier(NAME, parameters),
        kind=NAME,
        topic="counts",
        level=4,
        minutes=5,
        convention=values["convention"],
        parameters=parameters,
        stem=_stem("head" in names),
        parts=(Part((), Choice(options, several=True), 2, _solution(order), scheme),),
        proof=Proof("the ratio of arrays' entries at nine pairs of sizes", "exact"),
        tags=("gru", "lstm", "ratio"),
    )


@lru_cache(maxsize=64)
def _option(name: str) -> Option:
    pair = PAIRS[name]
    gru, lstm = (count(system_of(m, pair.convention)).formula for m in (pair.gru, pair.lstm))
    text = f"{pair.text} ({_biases(name)})"
    why = prose("The counts are ", gru, " and ", lstm, f"{pair.sizes}.")
    return Option(prose(text), "" if _holds(name) else pair.trap, why)


@lru_cache(maxsize=64)
def _alike(name: str) -> bool:
    """Tell whether each affine map of both nets has as many bias vectors."""
    a, b = biases_of_maps(name)
    return len({*a, *b}) == 1


def _biases(name: str) -> str:
    """Return in words how many bias vectors an affine map of a pair has."""
    a, b = biases_of_maps(name)
    gru, lstm = (NUMBERS[min(maps)] for maps in (a, b))
    if _alike(name):
        return gru
    more = ", and one more for the candidate" if len(set(a)) > 1 else ""
    return f"GRU: {gru}{more}; LSTM: {lstm}"


def biases_of_maps(name: str) -> list[list[int]]:
    """Return how many bias vectors there are in each affine map of the GRU, and of the LSTM."""
    pair = PAIRS[name]
    found: list[list[int]] = []
    for system in (system_of(m, pair.convention) for m in (pair.gru, pair.lstm)):
        biases = {part.array for part in parts_of(system) if part.reads == "1"}
        maps = [
            gate
            for spec, layer in zip(system.model.layers, count(system).layers, strict=True)
            if not isinstance(spec, Embedding)
            for gate in layer.gates
        ]
        found.append([sum(p.array in biases for p in gate.parameters) for gate in maps])
    return found


def _stem(with_head: bool) -> tuple[Block, ...]:
    readout = "; the dense layer is an affine map too" if with_head else ""
    ask = prose(
        "A GRU and an LSTM read the same input of ", size("d"), " entries and have states of ",
        size("n"), " entries. Which of these GRUs have exactly three quarters of the parameters "
        "of the LSTM beside them, whatever ", size("d"), " and ", size("n"), " are? The "
        f"number in brackets is how many bias vectors each affine map has{readout}."
    )  # fmt: skip
    return (Paragraph(ask),)


def _solution(names: Sequence[str]) -> tuple[Block, ...]:
    rule = prose(
        "A GRU has three affine maps and an LSTM has four, so the ratio is exactly 3 to 4 where "
        "all maps of both are alike, biases included, and where nothing else is counted."
    )
    right = [PAIRS[name].text for name in names if _holds(name)]
    return Paragraph(rule), Paragraph(prose("It holds for: ", "; ".join(right), "."))


KIND = Kind(NAME, "counts", "analyse", (4, 4), (2, 2), _subjects, _variants, _draw, _make)
