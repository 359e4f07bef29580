"""Names and shapes of weights under a framework's convention."""

import math

import pytest

from rnnsym.cell import cell_names, load_cell
from rnnsym.numeric.packing import parameter_shapes
from rnnsym.numeric.sizes import uniform_sizes
from rnnsym.system import build_system, read_model
from tests.framework_nets import system_of


def test_pytorch_shapes_of_a_projected_stack() -> None:
    system = system_of("bi(lstm-projection)*2", d=5, n=4, p=3)
    one = {"weight_ih": (16, 5), "weight_hh": (16, 3), "bias_ih": (16,), "bias_hh": (16,)}
    one["weight_hr"] = (3, 4)
    two = one | {"weight_ih": (16, 6)}
    assert list(parameter_shapes(system).items()) == [
        (f"{part}_l{k}{reverse}", shape)
        for k, layer in enumerate((one, two))
        for reverse in ("", "_reverse")
        for part, shape in layer.items()
    ]


def test_pytorch_without_biases() -> None:
    sizes = {"d": 3, "n": 2}
    model = read_model("gru*2", convention="pytorch", bias=False, sizes=sizes)
    shapes = parameter_shapes(build_system(model))
    assert shapes == {
        "weight_ih_l0": (6, 3),
        "weight_hh_l0": (6, 2),
        "weight_ih_l1": (6, 2),
        "weight_hh_l1": (6, 2),
    }


def test_pytorch_prefixes_the_layers_of_a_longer_model_text() -> None:
    shapes = parameter_shapes(system_of("embedding:9:5, vanilla:4, dense:3"))
    assert shapes == {
        "0.weight": (9, 5),
        "1.weight_ih_l0": (4, 5),
        "1.weight_hh_l0": (4, 4),
        "1.bias_ih_l0": (4,),
        "1.bias_hh_l0": (4,),
        "2.weight": (3, 4),
        "2.bias": (3,),
    }


def test_keras_shapes_act_on_rows() -> None:
    assert parameter_shapes(system_of("gru", "keras", d=3, n=2)) == {
        "kernel_0": (3, 6),
        "recurrent_kernel_0": (2, 6),
        "bias_0": (2, 6),
    }
    assert parameter_shapes(system_of("bi(lstm)", "keras", d=3, n=2)) == {
        "kernel_0": (3, 8),
        "recurrent_kernel_0": (2, 8),
        "bias_0": (8,),
        "backward_kernel_0": (3, 8),
        "backward_recurrent_kernel_0": (2, 8),
        "backward_bias_0": (8,),
    }
    assert parameter_shapes(system_of("embedding:9:5, vanilla:4, dense:3", "keras")) == {
        "0.embeddings": (9, 5),
        "1.kernel_0": (5, 4),
        "1.recurrent_kernel_0": (4, 4),
        "1.bias_0": (4,),
        "2.kernel": (4, 3),
        "2.bias": (3,),
    }


def test_textbook_names_are_our_own() -> None:
    shapes = parameter_shapes(system_of("bi(mgu)*2", "textbook", d=3, n=2))
    assert list(shapes)[:3] == ["W_f[1,fwd]", "U_f[1,fwd]", "b_f[1,fwd]"]
    assert shapes["W_f[2,bwd]"] == (2, 4)
    assert shapes["b_f[2,bwd]"] == (2,)
    assert parameter_shapes(system_of("vanilla", "textbook", d=3, n=2)) == {
        "W": (2, 3),
        "U": (2, 2),
        "b": (2,),
    }


def test_a_vector_stays_a_vector_when_every_size_is_one() -> None:
    assert parameter_shapes(system_of("vanilla", "textbook", d=1, n=1)) == {
        "W": (1, 1),
        "U": (1, 1),
        "b": (1,),
    }


def test_symbolic_depth_needs_only_its_number() -> None:
    deep, written = system_of("gru*L", d=3, n=2, L=3), system_of("gru*3", d=3, n=2)
    assert parameter_shapes(deep) == parameter_shapes(written)


@pytest.mark.parametrize(
    ("convention", "name"),
    [(c, n) for c in ("pytorch", "keras") for n in cell_names(c)],
)
def test_every_shipped_cell_packs_every_parameter_once(convention: str, name: str) -> None:
    names = ("d", *load_cell(name, convention).size_names)
    system = system_of(name, convention, **{size: 7 - i for i, size in enumerate(names)})
    own = uniform_sizes(system, steps=1)
    count = sum(math.prod(own.shape(w.array.shape)) for w in system.weights)
    assert sum(map(math.prod, parameter_shapes(system).values())) == count
