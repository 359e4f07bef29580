"""Counts of whole networks and of cells without biases: keys by formulas, typed in by hand."""

from collections.abc import Sequence

import pytest

from rnnsym.blocks import Paragraph
from rnnsym.item import Item
from rnnsym.quiz import counting
from rnnsym.quiz.count_slips import Work
from rnnsym.quiz.counting import claims_of, system_of
from rnnsym.quiz.counting_head_slips import HEAD, READS_VECTORS, biases_counted
from rnnsym.quiz.draw import Draw
from rnnsym.quiz.drawing import draw_item
from rnnsym.quiz.likeness import printed
from rnnsym.quiz.registry import load_kind
from tests.asked import mistakes, right_options
from tests.test_kinds_counts import answers, blanks, layers, shape_of, sizes

MAPS = {"vanilla": 1, "relu-rnn": 1, "gru": 3, "gru-reset-after": 3, "lstm": 4, "lstm-1997": 3,
        "lstm-coupled": 3, "mgu": 2, "ugrnn": 2}  # fmt: skip


def every(name: str, *words: str) -> Sequence[Item]:
    """Return an item about each subject in whose text all these words are."""
    kind = load_kind(name)
    subjects = [s for s in kind.subjects(()) if all(word in str(s) for word in words)]
    assert subjects
    return [draw_item(kind, s, Draw(k, name), ()) for k, s in enumerate(subjects)]


def said(item: Item) -> str:
    return " ".join(printed(b.content) for b in item.stem if isinstance(b, Paragraph))


def wrong(item: Item, misconception: str) -> list[int | None]:
    """Return what one misconception gives for each blank."""
    found: list[int | None] = []
    for one in blanks(item):
        named = [w for w in one.wrong if misconception in w.misconception.split(", or ")]
        found.append(int(named[0].value) if named else None)
    return found


def test_a_classifier_of_words() -> None:
    for item in every("count_head", "embedding"):
        values, given = dict(item.parameters), sizes(item)
        n, p, e = given["n"], given.get("p", 0), given["e"]
        table = given["V"] * e
        model = values["model"].split(", ")[1]
        middle = sum(layers(model, values["convention"], e, n, p))
        directions, _ = shape_of(model)
        head = given["q"] * (directions * (p or n) + 1)
        assert answers(item) == [table, middle, head, table + middle + head]
        assert len(set(given.values())) == len(given)
        first, second, _ = (printed(mark.text) for mark in item.parts[1].scheme)
        assert ("one direction" in first) == ("the other direction" in second) == (directions == 2)
        below = f"{'2' if directions == 2 else ''}{'p' if p else 'n'} entries"
        assert ("second layer" in second) == second.endswith(below) == ("*2" in values["model"])
        assert f"each of the V = {given['V']} words of the vocabulary" in said(item)


def test_a_readout_at_every_step() -> None:
    """It reads vectors of size d or characters, and its parameters are those of one step."""
    for item in every("count_head", "'model', '", ", dense"):
        values, given = dict(item.parameters), sizes(item)
        if "V" in given or "biases" in values:
            continue
        model = values["model"].split(", ")[0]
        n, p = given["n"], given.get("p", 0)
        middle = sum(layers(model, values["convention"], given["d"], n, p))
        head = given["q"] * (shape_of(model)[0] * (p or n) + 1)
        assert answers(item) == [middle, head, middle + head]
        assert wrong(item, "head at every step")[2] == middle + given["T"] * head
        assert item.parts[2].carries == (0, 1)
        if "input" in values:
            assert given["d"] == given["q"]
            assert f"The alphabet has {given['d']} characters" in said(item)
        else:
            assert len(set(given.values())) == len(given)


@pytest.mark.parametrize("name", ["count", "count_head"])
def test_without_biases(name: str) -> None:
    for item in every(name, "none"):
        values, given = dict(item.parameters), sizes(item)
        cell = values["model"].split(", ")[0]
        if cell not in MAPS:
            continue
        d, n = given["d"], given["n"]
        middle, biases = MAPS[cell] * n * (d + n), (MAPS[cell] + (cell == "gru-reset-after")) * n
        assert "no bias vectors" in said(item)
        if name == "count":
            assert right_options(item.parts[0]) == [str(middle)]
            assert "(textbook, no biases)" in item.asks[0], "another count than with biases"
        else:
            head = given["q"] * n
            assert answers(item) == [middle, head, middle + head]
            assert wrong(item, "biases counted")[:2] == [middle + biases, head + given["q"]]
            assert "b_V" not in said(item)
        assert not {"no biases", "second bias"} & mistakes(item)


def test_with_biases_none_are_counted_too_many() -> None:
    parts = counting.parts_of(system_of("lstm"))
    assert not biases_counted(parts).apply(Work(parts, (("d", 3), ("n", 2)), 4))


def test_one_bias_vector_is_one() -> None:
    for model, text in (("vanilla", "vector is"), ("lstm", "vectors are"), ("vanilla*2", "s are")):
        work = Work(counting.parts_of(system_of(model)), (("d", 5), ("n", 3)), 4)
        [why] = [why for name, _, why in claims_of(work) if name == "no biases"]
        assert f"{text} trained too." in printed(why)


def test_n_where_p_stands() -> None:
    """Two layers of an LSTM with d = 2, n = 5 and p = 3, and a head of q = 4."""
    system = system_of("lstm-projection*2, dense:2")
    recurrent, head = counting.parts_by_layer(system)
    given = (("d", 2), ("n", 5), ("p", 3), ("q", 4))
    assert [total for name, total, _ in claims_of(Work(head, given, 9), HEAD)
            if name == "head reads n"] == [4 * 5 + 4]  # fmt: skip
    found = {name: total for name, total, _ in claims_of(Work(recurrent, given, 9), READS_VECTORS)}

    def total(recurs: int, read: int) -> int:
        return 4 * 5 * (2 + recurs + 1) + 3 * 5 + 4 * 5 * (read + recurs + 1) + 3 * 5

    assert Work(recurrent, given, 9).total == total(3, 3)
    assert found["recurrent matrix of n × n"] == total(5, 3)
    assert found["layer above reads n"] == total(3, 5)
    assert found["n in place of p"] == total(5, 5)


def test_the_marks_of_a_single_layer_name_its_arrays() -> None:
    for item in every("count_head", "'model', 'indrnn, dense"):
        scheme = [printed(mark.text) for mark in item.parts[0].scheme]
        bare = ("biases", "none") in item.parameters
        others = "the shape of u" if bare else "the shapes of u and b"
        assert scheme == ["the shape of W", others, "the number"]
    for item in every("count_head", "'model', 'mingru, dense", "none"):
        scheme = [printed(mark.text) for mark in item.parts[0].scheme]
        assert scheme == ["the shape of W_z", "the shape of W_h", "the number"]


def test_a_vector_taken_for_a_full_matrix() -> None:
    for item in every("count_head", "'model', 'indrnn, dense"):
        n = sizes(item)["n"]
        assert wrong(item, "full recurrent matrix")[0] == answers(item)[0] + n * n - n
    assert not any(wrong(item, "full recurrent matrix")[0]
                   for item in every("count_head", "'model', 'gru, dense"))  # fmt: skip


def test_the_head_of_two_directions() -> None:
    """What is said about a head of q = 3 on bi(lstm) with n = 5."""
    system = system_of("embedding:2:2, bi(lstm), dense:2")
    work = Work(counting.parts_by_layer(system)[2], (("n", 5), ("q", 3)), 4)
    assert work.total == 3 * (10 + 1)
    given = {slip.name: [w.total for w, _ in slip.apply(work)] for slip in HEAD}
    assert given == {
        "head reads one direction": [3 * (5 + 1)],
        "head doubled": [2 * 3 * (10 + 1)],
        "head reads n": [],
        "head reads the input": [],
        "bias as long as the input": [3 * 10 + 10],
        "no biases": [3 * 10],
        "times T": [4 * 33],
    }
