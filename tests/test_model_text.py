"""Model text: parsed, printed back, and refused with a caret under the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnsym.errors import InputError
from rnnsym.model_text import Dense, Embedding, Recurrent, checked_size, parse
from rnnsym.system import read_model
from tests.strategies import model_texts


@given(model_texts())
def test_parse_and_print_are_inverse(text: str) -> None:
    model = read_model(text)
    assert str(model) == text
    assert parse(str(model)) == model.layers


@given(model_texts(), st.lists(st.tuples(st.integers(0, 200), st.sampled_from(" \t")), max_size=8))
def test_space_between_words_means_nothing(text: str, spaces: list[tuple[int, str]]) -> None:
    spaced = text
    for at, space in spaces:
        place = next((i for i in range(at % len(text), len(spaced)) if spaced[i] in ",:*()"), 0)
        spaced = spaced[:place] + space + spaced[place:]
    assert parse(spaced) == parse(text)


def test_layers() -> None:
    assert parse("embedding:10000:128, bi(lstm:64)*2, gru*L, dense:10:relu") == (
        Embedding(10000, 128),
        Recurrent("lstm", 64, merge="concat", depth=2),
        Recurrent("gru", depth=0),
        Dense(10, "relu"),
    )
    assert parse("lstm-projection:8:3") == (Recurrent("lstm-projection", 8, 3),)
    assert parse("./my/a.toml:4*3") == (Recurrent("./my/a.toml", 4, depth=3),)


def test_the_path_of_a_cell_file_may_hold_spaces_and_a_drive() -> None:
    mine = Recurrent("my cells/a b.toml", merge="concat")
    assert parse("bi(my cells/a b.toml), gru") == (mine, Recurrent("gru"))
    assert parse(r"C:\my cells\a.toml:4") == (Recurrent(r"C:\my cells\a.toml", 4),)


# text: (problem, where the caret points)
BAD = {
    "": ("expected a cell, 'bi(', 'dense:' or 'embedding:'", 0),
    "   ": ("expected a cell", 3),
    "lstm,": ("expected a cell", 5),
    ",lstm": ("expected a cell", 0),
    "lstm gru": ("expected ',' or the end of the model text", 5),
    "lstm)": ("expected ',' or the end", 4),
    "(lstm)": ("expected a cell", 0),
    "lstm:": ("expected the size n, a whole number", 5),
    "lstm:x": ("size n must be a whole number, not 'x'", 5),
    "lstm:0": ("size n must be at least 1, not 0", 5),
    "lstm: -4": ("size n must be at least 1, not -4", 6),
    "lstm:2.5": ("size n must be a whole number, not '2.5'", 5),
    "lstm:1000000001": ("is too large (at most 1,000,000,000)", 5),
    "lstm:" + "9" * 30: ("size n must be a whole number", 5),
    "lstm:4:2:1": ("expected ',' or the end", 8),
    "lstm*": ("expected a depth: a whole number, or L", 5),
    "lstm*0": ("a depth is a whole number from 1 to 64, or L", 5),
    "lstm*-1": ("a depth is a whole number", 5),
    "lstm*65": ("a depth is a whole number", 5),
    "lstm*²": ("a depth is a whole number", 5),
    "lstm*" + "9" * 50: ("a depth is a whole number", 5),
    "lstm*l": ("a depth is a whole number from 1 to 64, or L", 5),
    "gru*L, lstm*L": ("only one layer can have the depth L", 12),
    "bi(lstm": ("expected ')' to close 'bi('", 7),
    "bi(": ("expected a cell", 3),
    "bi()": ("expected a cell", 3),
    "bi(lstm,)": ("expected a merge mode", 8),
    "bi(lstm,avg)": ("unknown merge mode 'avg'", 8),
    "bi(lstm, conact)": ("did you mean 'concat'", 9),
    "bi(lstm*2)": ("a depth inside bi(…) would be two deep chains that never meet", 7),
    "bi(lstm *2, sum)": ("write bi(cell)*depth", 8),
    "bi(lstm),sum": ("unknown cell 'sum'", None),
    "dense:3": ("a model needs at least one recurrent layer", 0),
    "embedding:3:2": ("a model needs at least one recurrent layer", 0),
    "lstm, dense": ("expected ':' and a size after 'dense'", 11),
    "lstm, dense:": ("expected the size dense, a whole number", 12),
    "lstm, dense:3:tnah": ("unknown activation 'tnah'; did you mean 'tanh'?", 14),
    "embedding:3, lstm": ("expected ':' and the size of the embedding", 11),
    "lstm, embedding:3:2": ("an embedding can only come first", 6),
    "lstm!": ("'lstm!' is not a cell's name", 0),
    "gru, ls/m$": ("no cell file", None),
    "ltsm": ("unknown cell 'ltsm'; did you mean 'lstm'?", None),
    "lstm\n, gru": ("a model text is one line", None),
    "lstm, " * 100 + "gru": ("a model text of 603 characters (at most 500 are read)", None),
    ",".join(["gru"] * 33): ("33 layers in one model text (at most 32 are read)", None),
    "gru:4:2": ("cell 'gru' has no second size, so 'gru:4:2' is one number too many", None),
}


@pytest.mark.parametrize("text", BAD)
def test_malformed_text(text: str) -> None:
    problem, place = BAD[text]
    with pytest.raises(InputError) as error:
        read_model(text)
    first, *picture = str(error.value).split("\n")
    assert problem in first
    if place is None:
        assert picture == []
    else:
        assert picture == [f"  {text}", "  " + " " * place + "^"]


@given(st.text(alphabet="bi(gru,lstm):*L25dense embedding.", max_size=25))
def test_any_text_is_a_model_or_an_input_error(text: str) -> None:
    try:
        layers = parse(text)
    except InputError:
        return
    assert parse(", ".join(map(str, layers))) == layers


@pytest.mark.parametrize("value", [0, -1, "0", 1.5, "4.0", True, None, "", "1e3", 10**9 + 1, "٣"])
def test_bad_sizes(value: object) -> None:
    with pytest.raises(InputError, match="size n"):
        checked_size("n", value)


@pytest.mark.parametrize("value", [1, " 7 ", "+3", 10**9])
def test_good_sizes(value: object) -> None:
    assert checked_size("n", value) == int(str(value))
