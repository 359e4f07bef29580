"""Rosters: a CSV file with one line for each student."""

import csv
import io
from pathlib import Path

from rnnsym.errors import InputError, nearest
from rnnsym.record import record
from rnnsym.texts import check_letters, read_text

__all__ = ["Student", "read_roster"]

COLUMNS = ("id", "name")
LONGEST = 200
MAX_BYTES = 10**7


@record
class Student:
    """One student: the id draws the paper, the name is only printed."""

    id: str
    name: str


def read_roster(path: Path) -> tuple[Student, ...]:
    """Read the students of a CSV file with the columns ``id`` and, if wanted, ``name``.

    Raises:
        InputError: names file, row and column of what cannot be read.
    """
    text = read_text("roster", path, MAX_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restval="")
    try:
        head = [name.strip() for name in reader.fieldnames or ()]
        _check_head(path, head)
        reader.fieldnames = head
        found = [_student(path, reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise InputError(f"{path}, row {reader.line_num}: {error}") from None
    if not found:
        raise InputError(f"the roster {path} lists no student")
    _check_distinct(path, found)
    return tuple(found)


def _check_head(path: Path, head: list[str]) -> None:
    for name in head:
        if any(sign in name for sign in ";\t|"):
            raise InputError(f"{path}, row 1: cells are parted by commas, not as in '{name}'")
        if name not in COLUMNS:
            hint = nearest(name, COLUMNS)
            meant = "id, which draws the paper, and name, which is printed"
            raise InputError(f"{path}, row 1: unknown column '{name}'{hint} (columns: {meant})")
    if "id" not in head or len(set(head)) < len(head):
        raise InputError(f"{path}, row 1: the columns are id and name, not {', '.join(head)}")


def _student(path: Path, row: int, cells: "dict[str | None, str]") -> Student:
    if None in cells:
        raise InputError(f"{path}, row {row}: more cells than columns")
    identity, name = cells["id"].strip(), cells.get("name", "").strip()
    if not identity:
        raise InputError(f"{path}, row {row}, column id: empty")
    for column, text in (("id", identity), ("name", name)):
        where = f"{path}, row {row}, column {column}"
        check_letters(where, text)
        if len(text) > LONGEST or len(text.splitlines()) > 1:
            raise InputError(f"{where}: not one line of at most {LONGEST} characters")
    return Student(identity, name)


def _check_distinct(path: Path, students: list[Student]) -> None:
    rows: dict[str, int] = {}
    for row, student in enumerate(students, 2):
        first = rows.setdefault(student.id, row)
        if first != row:
            raise InputError(
                f"{path}, row {row}, column id: '{student.id}' stands in row {first} too"
            )
