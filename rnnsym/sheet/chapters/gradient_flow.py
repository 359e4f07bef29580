"""How gradients vanish and explode, what decides it, and what each remedy cures."""

from collections.abc import Iterator
from fractions import Fraction

from rnnsym.blocks import (
    Block,
    Equations,
    Heading,
    Line,
    NumberMatrix,
    Paragraph,
    Partial,
    Prose,
    Relation,
    Table,
    prose,
)
from rnnsym.expr import STEPS, TIME, Array, Expr, Family, Integer, Rational, Symbol
from rnnsym.flow.bounds import chain_bounds
from rnnsym.flow.examples import DIRECT_EDGE, counterexample
from rnnsym.flow.measure import Setting, measure
from rnnsym.flow.paths import count_paths, main_state, step_paths
from rnnsym.sheet.chapters.closing import closing
from rnnsym.sheet.chapters.flow_remedies import remedies
from rnnsym.sheet.chapters.flow_review import flow_mistakes, flow_questions, flow_takeaways
from rnnsym.sheet.chapters.phrases import Phrases, about
from rnnsym.sheet.flow_measured import measured_blocks
from rnnsym.sheet.jacobians import jacobian_blocks
from rnnsym.sheet.rounded import power, short, sigmoid
from rnnsym.sheet.study import study

__all__ = ["sections"]

SOURCES = (
    "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent networks",
    "Bengio, Simard and Frasconi 1994, on learning long-term dependencies",
)
MEASURED = ("vanilla", "gru", "lstm")
LAGS = 50
INPUTS, UNITS = 4, 16
GATES = (0.5, 0.9, 0.99)
BIASES = (0, 1, 3)
SPANS = (10, 50, 100)
CUTS = (1, 10, 20, 30)
DEPTHS, STEPS_SHOWN = (1, 2, 3, 4), (1, 2, 5, 10)
FACTORS = (0.9, 1.1)
PER_STEP, LAG = Symbol("u"), Symbol("k", integer=True)


def sections() -> Iterator[Block]:
    """Yield the sheet."""
    words, lstm = about("vanilla"), about("lstm")
    yield _goals(words)
    yield from _product(words)
    yield from _bound(words, lstm)
    yield from _linear(about("linear"))
    yield from _eigenvalues(words)
    yield from _cell_state(lstm)
    yield from _paths(words)
    yield from _measured(words)
    yield from remedies(words, lstm)
    yield flow_mistakes(words, lstm)
    yield flow_takeaways(words)
    models = [w.study for w in (words, about("linear"), lstm)]
    yield from closing(models, tuple(flow_questions(words, lstm)), SOURCES)


def _goals(words: Phrases) -> Block:
    return words.box(
        "goals",
        "After this sheet you can",
        (
            "write {∂h[T]/∂h[t]} as a product of Jacobians, and say which factors are in each",
            "bound that product, and say which condition is sufficient and which is necessary",
            "say why the largest eigenvalue decides in a linear network only",
            "tell apart the three Jacobians of the LSTM's cell state",
            "name for each remedy what it cures and what it does not",
        ),
    )


def _product(words: Phrases) -> Iterator[Block]:
    step = _step(words)
    factors = [step.xreplace({TIME: words.math(at)}) for at in ("T", "T-1", "t+1")]
    yield Heading("A gradient over many steps is a product", 2)
    yield words.paragraph(
        "What the loss of step {T} says about {h[t]} has to pass every step between. Each step "
        "multiplies it by the transpose of one Jacobian:"
    )
    yield Equations((_jacobian_line(words),))
    yield words.paragraph(
        "The formula is the same at every step, with that step's state in it. So {∂h[T]/∂h[t]} = "
        "{first} {second} … {last}, the newest step first: {T-t} factors, each a diagonal of "
        "slopes times the *same* matrix {U}. A product of many similar factors shrinks or grows "
        "exponentially: the gradient *vanishes* or *explodes*.",
        first=factors[0], second=factors[1], last=factors[2],
    )  # fmt: skip
    yield words.paragraph(
        "A vanishing gradient does not stop training: the short-range terms of the sum over steps "
        "remain, and swamp the long-range ones. The network learns, but not what lies far back. An "
        "exploding gradient is seen at once: the loss jumps, or becomes NaN."
    )


def _step(words: Phrases) -> Array:
    """Return the name of the one Jacobian of a vanilla network."""
    [step] = words.study.chains[0].blocks
    assert step.name is not None
    return step.name


def _jacobian_line(words: Phrases) -> Line:
    [step] = words.study.chains[0].blocks
    assert step.value is not None
    name = Relation((Partial(step.of, step.wrt), _step(words)))
    return Line(name, step.value, "1", (step.of.shape[0], step.wrt.shape[0]))


def _bound(words: Phrases, lstm: Phrases) -> Iterator[Block]:
    bound = chain_bounds(words.study.chains[0]).simple
    gates = chain_bounds(lstm.study.chains[0]).ranges.slopes
    assert bound is not None
    state = words.study.chains[0].states[0]
    tanh, sigmoid = bound.number, min(slope.gamma for slope in gates)
    yield Heading("The bound, and what it proves", 2)
    yield words.paragraph(
        "The norm of a product is at most the product of the norms. Let ‖{U}‖ be the "
        "largest singular value, and γ the largest slope of the activation: {tanh} for tanh, "
        "{sigmoid} for the sigmoid. Then ‖{J}‖ ≤ {u} with {u} = γ ‖{U}‖, and "
        "‖{far}‖ ≤ {bound} over {k} steps.",
        tanh=_rational(tanh), sigmoid=_rational(sigmoid), J=_step(words), u=PER_STEP,
        far=Partial(state.xreplace({TIME: STEPS}), state.xreplace({TIME: STEPS - LAG})),
        bound=PER_STEP**LAG, k=LAG,
    )  # fmt: skip
    yield Table(
        (prose("condition"), prose("for the gradient to"), prose("is")),
        words.rows(
            ("‖{U}‖ < 1/γ", "vanish", "sufficient: the bound tends to 0"),
            ("‖{U}‖ > 1/γ", "explode", "necessary only: small slopes may still shrink it"),
            ("‖{U}‖ ≥ 1/γ", "neither vanish nor explode", "necessary only, likewise"),
        ),
    )


def _rational(number: Fraction) -> Expr:
    return Rational(number.numerator, number.denominator)


def _linear(words: Phrases) -> Iterator[Block]:
    [step] = words.study.chains[0].blocks
    assert step.value is not None
    less, more = FACTORS
    yield Heading("The linear network: eigenvalues decide", 2)
    yield words.paragraph(
        "Without the tanh the Jacobian is {step} at every step, so {∂h[T]/∂h[t]} is {U} to the "
        "power {T-t}. Along an eigenvector each step multiplies by its eigenvalue: "
        "{less}, {more}. Here the largest |eigenvalue| decides, below 1 for vanishing, above 1 for "
        "exploding. Singular values give a bound only: a power of {U} can be far smaller than "
        "‖{U}‖ says.",
        step=step.value, less=power(less, LAGS), more=power(more, LAGS),
    )  # fmt: skip


def _eigenvalues(words: Phrases) -> Iterator[Block]:
    found = [counterexample(k) for k in CUTS]
    matrix = NumberMatrix(tuple(tuple(f"{x:g}" for x in row) for row in found[0].matrix))
    slopes = NumberMatrix(tuple((f"{x:g}",) for x in found[0].slopes))
    yield Heading("With slopes, eigenvalues decide nothing", 2)
    yield Paragraph(
        words.say(
            "Take a tanh network of two units with {U} = {matrix}: its largest |eigenvalue| is "
            f"{found[0].spectral_radius:.2f}, below 1. Let unit 2 be saturated, so that its slope "
            "is 0, and unit 1 at rest, so that its slope is 1: the slopes are {slopes}. Every "
            "Jacobian is then {J} = diag(slopes) {U}, whose one nonzero eigenvalue is "
            f"{found[0].matrix[0][0]:g}. The norm of its powers:",
            matrix=matrix, slopes=slopes, J=Array(Family("J", "J"), (Integer(2), Integer(2))),
        )
    )  # fmt: skip
    yield Table(
        (prose("steps"), *(prose(str(x.steps)) for x in found)),
        ((prose("norm of the product"), *(short(x.norm) for x in found)),),
    )
    yield words.paragraph(
        "So a largest eigenvalue below 1 does not keep the gradient of a tanh network from "
        "exploding; nor does one above 1 make it explode, as small slopes can outweigh it."
    )


def _cell_state(words: Phrases) -> Iterator[Block]:
    [chain] = words.study.chains
    kept, steps = DIRECT_EDGE
    yield Heading("The LSTM's cell state: three Jacobians, three names", 2)
    yield words.paragraph(
        "“The gradient of the cell state is the forget gate” is true of some of its Jacobians and "
        "false of the total. Say which one is meant:"
    )
    yield from jacobian_blocks(words.system, chain.states[-1])
    yield words.paragraph(
        "The direct edge {∂⁺c[t]/∂c[t-1]} is additive: no matrix and no squashing stand in it. "
        "This is what “a more stable path” means. It is a path that *can* stay open, where "
        "{f[t]} is near 1, and not one that must: what is left of a gradient along it is the "
        f"product of the forget gates. At {kept} throughout, {{left}}:",
        left=power(kept, steps),
    )
    yield Table(
        (prose("forget gate"), *(prose(f"after {k} steps") for k in SPANS)),
        tuple(_kept(f"{f:g}", f) for f in GATES)
        + tuple(_kept(f"σ({b}) = {sigmoid(b):.3f}", sigmoid(b)) for b in BIASES),
    )
    yield words.paragraph(
        "The total adds what {c[t-1]} does to {h[t-1]}, and so to all gates of step {t}. Those "
        "paths meet the recurrent matrices as in a vanilla network: through them the gradient of "
        "an LSTM can explode."
    )


def _kept(name: str, gate: float) -> tuple[Prose, ...]:
    return prose(name), *(short(gate**k) for k in SPANS)


def _paths(words: Phrases) -> Iterator[Block]:
    yield Heading("How many paths there are", 2)
    yield words.paragraph(
        "A path leads from a state to the same state some steps later, at every step through one "
        "of the equations that read it; in a stack, from the first layer to the last. Each is a "
        "product of its own. Of the LSTM the paths from {h[t]} to a later {h[t]} are counted:"
    )
    rows: list[tuple[Prose, ...]] = []
    for name in MEASURED:
        chain = study(name).chains[0]
        place = chain.states.index(main_state(chain))
        counts = (step_paths(chain).over(k)[place][place] for k in STEPS_SHOWN)
        rows.append((prose(name), *(prose(f"{n:,}") for n in counts)))
    stack = study("vanilla*L")
    state = main_state(stack.chains[0])
    for depth in DEPTHS[1:]:
        counts = (count_paths(stack.system, state, state, k, depth) for k in STEPS_SHOWN)
        rows.append((prose(f"vanilla, {depth} layers"), *(prose(f"{n:,}") for n in counts)))
    head = (prose("paths over"), *(prose(f"{k} step{'s' * (k > 1)}") for k in STEPS_SHOWN))
    yield Table(head, tuple(rows))
    yield words.paragraph(
        "A gradient is the *sum* over all of these paths. It vanishes only if the sum does: one "
        "path that stays open is enough to keep it alive."
    )


def _measured(words: Phrases) -> Iterator[Block]:
    """One run of each net on the same random inputs; of its tables the first, which is of norms."""
    found = [
        measure(study(name, d=INPUTS, n=UNITS).system, Setting(lags=LAGS)) for name in MEASURED
    ]
    norms = next(b for b in measured_blocks(found) if isinstance(b, Table))
    state = words.study.chains[0].states[0]
    yield Heading("Measured decay", 2)
    yield words.paragraph(
        f"One run of {LAGS} steps, for each net with {{d}} = {INPUTS} and {{n}} = {UNITS}: inputs "
        "are drawn from a normal distribution of variance 1, the entries of a matrix from one of "
        "variance 1/`m`, `m` being the number of its columns; no biases, zero initial states. The "
        "Jacobians derived above were evaluated along the run and multiplied. The table gives the "
        "largest singular value of {far} over {k} steps, for the LSTM also that of its cell state:",
        far=Partial(state.xreplace({TIME: STEPS}), state.xreplace({TIME: STEPS - LAG})), k=LAG,
    )  # fmt: skip
    yield Table(norms.head, norms.rows)
    [largest] = (weight.largest_singular_value for weight in found[0].layers[0].weights)
    yield words.paragraph(
        "The vanilla net loses its gradient first. Its ‖{U}‖ is {norm}, above 1, and still it "
        "does not explode: most slopes are below 1. The gated nets lose theirs later, but they do: "
        "random gates stand near 0.5, not near 1.",
        norm=f"{largest:.2f}",
    )
