"""Every kind of bad cell file gives one line that names the cell, the file and the place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rnnsym.cell import load_cell, read_cell
from rnnsym.errors import InputError

Write = Callable[[str], Path]
STATES = '[states]\nh = "n"\n'
HEAD = STATES + "[equations]\n"
GOOD = 'h = "tanh(W @ x[t] + U @ h[t-1])"\n'
FILE = HEAD + GOOD
LONG = "x" * 3000


# kind: (content, what the line must hold)
BAD_EQUATIONS = {
    "syntax": ("tanh(W @ x[t]", ["syntax error at column", "never closed"]),
    "empty": ("", ["syntax error"]),
    "assignment": ("h = 3", ["syntax error"]),
    "unknown function": ("tahn(W @ x[t])", ["unknown function 'tahn'; did you mean 'tanh'?"]),
    "two arguments": ("tanh(h[t-1], h[t-1])", ["not part of the cell language"]),
    "keyword": ("tanh(h[t-1], out=h)", ["not part of the cell language"]),
    "undefined": ("tanh(W @ k[t])", ["'k[t]' is never defined"]),
    "undefined, nearest": ("tanh(W @ X[t])", ["'X[t]' is never defined; did you mean 'x'?"]),
    "self": ("tanh(h[t])", ["cycle: h → h"]),
    "sizes": ("tanh(h[t-1] + x[t])", ["sizes n and d differ", "h[t - 1]", "x[t]"]),
    "inner sizes": ("W @ x[t] + W @ h[t-1]", ["sizes d and n differ"]),
    "undetermined": ("A @ B @ h[t-1]", ["the shape of parameter 'A' is not determined"]),
    "t-2": ("h[t-2]", ["index [t-2]: a step reads [t] and [t-1] only"]),
    "t+1": ("h[t+1]", ["a step reads [t] and [t-1] only"]),
    "index of a call": ("tanh(h)[t-1]", ["not part of the cell language"]),
    "no index": ("tanh(U @ h)", ["'h' needs its time index, h[t] or h[t-1]"]),
    "x without index": ("tanh(W @ x)", ["'x' needs its time index"]),
    "reserved parameter": ("t @ h[t-1]", ["'t' cannot be used as a name"]),
    "adjoint's name": ("delta_a * h[t-1]", ["'delta_a' cannot be used as a name"]),
    "gradient's name": ("W @ x[t] + dW @ h[t-1]", ["taken for the gradient of 'W'"]),
    "initial state's name": ("h_0 + h[t-1]", ["taken for the initial 'h'"]),
    "two underscores": ("W_a_b @ h[t-1]", ["'W_a_b' cannot be used as a name"]),
    "import": ("__import__('os')", ["unknown function '__import__' (known: sigmoid"]),
    "attribute": ("W.__class__ @ h[t-1]", ["'W.__class__' is not part of the cell language"]),
    "text": ("'W' @ h[t-1]", ["''W'' is not part of the cell language"]),
    "lambda": ("(lambda: h)()", ["not part of the cell language"]),
    "whole division": ("h[t-1] // W", ["'h[t - 1] // W' is not part of the cell language"]),
    "division by zero": ("h[t-1] / (1 - 1)", ["division by zero"]),
    "larger of three": ("max(h[t-1], h[t-1], h[t-1])", ["is not part of the cell language"]),
    "identity alone": ("I @ I @ h[t-1] + 0 * (I @ I)", ["sizes 1 and n differ"]),
    "power": ("h[t-1] ** 2", ["not part of the cell language"]),
    "comprehension": ("[h for h in h]", ["not part of the cell language"]),
    "truth": ("True * h[t-1]", ["'True' is not part of the cell language"]),
    "imaginary": ("1j * h[t-1]", ["'1j' is not part of the cell language"]),
    "infinite number": ("1e999 * h[t-1]", ["a number in an equation is at most"]),
    "enormous number": ("9" * 1000 + " * h[t-1]", ["a number in an equation is at most"]),
    "number alone": ("3", ["the number 3 needs an array beside it"]),
    "two numbers": ("1 + 1", ["needs an array beside it"]),
    "enormous": ("h[t-1] + " * 300 + "h[t-1]", ["an equation of", "at most 2000"]),
    "many parts": ("+".join(["a"] * 300), ["more than 400 parts"]),
    "parentheses": ("(" * 100_000 + "h[t-1]" + ")" * 100_000, ["larger than 65536 bytes"]),
    "nested": ("(" * 900 + "h[t-1]" + ")" * 900, ["syntax error at column", "nested"]),
    "deep": ("tanh(" * 45 + "h[t-1]" + ")" * 45, ["nested more than 40 levels deep"]),
    "minus signs": ("-" * 1900 + "h[t-1]", ["more than 400 parts"]),
    "deep and foreign": ("~" + "-" * 190 + "h[t-1]", ["not part of the cell language"]),
    "lines": ("h[t-1]\\n+ W", ["syntax error"]),
}


@pytest.mark.parametrize(("text", "parts"), BAD_EQUATIONS.values(), ids=BAD_EQUATIONS)
def test_bad_equation(text: str, parts: list[str], cell_file: Write) -> None:
    message = failure(cell_file(f'{HEAD}h = "{text}"\n'))
    assert all(part in message for part in parts), message
    if "larger than" not in message:
        place = ["in equation h of cell 'mine' (mine.toml, line 4)"]
        place += ["in cell 'mine' (mine.toml)"] * ("cycle" in message or "taken for" in message)
        place += ["in cell 'mine' (mine.toml)"] * ("cannot be used as a name" in message)
        assert any(p in message for p in place), message


def failure(path: Path) -> str:
    """Return the one line with which reading a file fails."""
    with pytest.raises(InputError) as error:
        read_cell(path)
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 400
    assert path.name in message
    return message


BAD_FILES = {
    "no tables": ("", ["the table [equations] is missing or empty"]),
    "no states": (f"[equations]\n{GOOD}", ["the table [states] is missing or empty"]),
    "no equations": (STATES, ["the table [equations] is missing or empty"]),
    "not TOML": (HEAD + "h = tanh(x)", ["mine", "at line 4"]),
    "twice": (FILE + GOOD, ["at line 5"]),
    "unknown table": (FILE + "[equation]\n", ["unknown entry 'equation'", "'equations'?"]),
    "unknown entry": ("titel = 'x'\n" + FILE, ["unknown entry 'titel'; did you mean 'title'"]),
    "table as text": ("latex = 'x'\n" + FILE, ["'latex' must be a table, written [latex]"]),
    "number as equation": (HEAD + "h = 3", ["equations.h must be a text in quotes, not 3"]),
    "list as state": ("[states]\nh = ['n']\n[equations]\n" + GOOD, ["states.h must be a text"]),
    "title": ("title = 3\n" + FILE, ["title must be a text in quotes"]),
    "state without equation": (
        '[states]\nhh = "n"\n[equations]\n' + GOOD,
        ["names 'hh', which has no"],
    ),
    "size of what": (FILE + '[sizes]\nhx = "k"', ["'hx', which has no equation; did you"]),
    "purpose of what": (FILE + '[purpose]\nk = "?"', ["[purpose] names 'k', which has no"]),
    "output": ("output = 'y'\n" + FILE, ["the output 'y' has no equation"]),
    "reserved": (STATES + "[equations]\nh = 'k[t]'\nlambda = 'h[t-1]'", ["'lambda' cannot be"]),
    "name": (STATES + "[equations]\n'a b' = 'h[t-1]'", ["'a b' cannot be used as a name"]),
    "function as name": (STATES + "[equations]\ntanh = 'h[t-1]'", ["'tanh' cannot be used"]),
    "size": ("[states]\nh = 'd'\n[equations]\n" + GOOD, ["'d' cannot be used as a size"]),
    "LaTeX": (FILE + "[latex]\nh = '\\input{x}'", ["'\\\\input{x}' of 'h' is not a symbol"]),
    "LaTeX braces": (FILE + "[latex]\nh = '\\hat{h'", ["is not a symbol"]),
    "LaTeX dollar": (FILE + "[latex]\nh = 'h$'", ["is not a symbol"]),
    "domain": (FILE + "[domain]\nh = 'big'", ["unknown domain 'big' of 'h'"]),
    "nul": (HEAD + 'h = "h[t-1]\\u0000"', ["a text with U+0000, which cannot be printed"]),
    "escape": ('title = "\\u001b[2J"\n' + FILE, ["a text with U+001B"]),
    "long line": (FILE + f'[purpose]\nh = "{"x" * 4000}"', ["line 6 has more than 4000 char"]),
    "many dots": (FILE + "a" + ".a" * 30_000 + " = 1", ["line 5 has more than 4000"]),
    "enormous": (FILE + "#" * 70_000, ["larger than 65536 bytes"]),
    "many equations": (
        FILE + "".join(f'k{i} = "h[t]"\n' for i in range(70)),
        ["71 equations; at most 64"],
    ),
    "nested tables": (HEAD + "h = " + "[" * 2000 + "]" * 2000, ["cell 'mine'"]),
    "long name": (FILE + f'{LONG} = "h[t]"\n', ["cannot be used as a name"]),
    "carried": (FILE + 'k = "k[t-1] + h[t]"', ["'k[t-1]' is read, but [states] lacks it"]),
    "cycle": (
        HEAD + 'h = "a[t] + h[t-1]"\na = "b[t]"\nb = "c[t]"\nc = "a[t]"\n',
        ["cycle: a → b → c → a"],
    ),
    "undetermined": (FILE + 'k = "A @ h[t]"', ["the shape of parameter 'A' is not determined"]),
}


@pytest.mark.parametrize(("content", "parts"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file(content: str, parts: list[str], cell_file: Write) -> None:
    message = failure(cell_file(content))
    assert all(part in message for part in parts), message


def test_the_first_problem_is_the_same_every_time(cell_file: Write) -> None:
    path = cell_file("a = 1\nb = 2\nlatex = 3\npurpose = 4\n")
    assert len({failure(path) for _ in range(5)}) == 1


def test_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "mycell.toml").write_text(FILE, encoding="utf-8")
    assert "did you mean 'mycell.toml'" in failure(tmp_path / "mycel.toml")
    assert "cannot read" in failure(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    assert "is not UTF-8 (byte 9)" in failure(tmp_path / "latin.toml")


def test_unknown_names() -> None:
    with pytest.raises(InputError, match="unknown cell 'ltsm'; did you mean 'lstm'"):
        load_cell("ltsm")
    with pytest.raises(InputError, match=r"pytorch has no cell 'mgu' \(it has: gru, lstm"):
        load_cell("mgu", "pytorch")
