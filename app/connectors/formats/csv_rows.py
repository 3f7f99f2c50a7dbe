"""CSV files with one row per line and the header fields repeated, cut into one piece per record.

Rows of one record need not stand together. The file is read twice: first to learn which records are scattered, then to
hand out each record as soon as its last row has been read, so that only scattered records wait in memory.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

from app.connectors.formats.json_records import exact_or_none
from app.connectors.formats.pieces import MAX_RECORDS, Piece, Unreadable, breakage, decoded, storable
from app.connectors.formats.values import cell

HEADER_CUSTOM = "header_custom"
DELIMITERS = ",;\t|"
LONGEST_ROW = 200
"""A quote that is never closed swallows the lines below it; a row of more physical lines than this is such a row."""

_FOLD = re.compile(r"[^a-z0-9]")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE)
_CUSTOM = re.compile(r"(line[ _-]?)?custom(?:[ _-](.+))?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Layout:
    """Known columns: `header` are equal on all rows of a record, `line` are not; `key` tells the records apart.

    `apart` is a header column that tells apart two records with the same key; a blank one agrees with any.
    """

    header: tuple[str, ...]
    line: tuple[str, ...]
    required: tuple[str, ...]
    key: tuple[str, ...]
    noun: str
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The header of a file: its text and delimiter, each column's title as written and its known name or nothing.

    `customs` are the columns with values of the sender's own: (index, "custom" or HEADER_CUSTOM, name); without a name
    it is a column with a JSON object of several.
    """

    text: str
    delimiter: str
    titles: tuple[str, ...]
    names: tuple[str, ...]
    customs: tuple[tuple[int, str, str], ...]


@dataclass(slots=True)
class Row:
    """One row as read: its number in the sheet, its cells and its raw text, and what is wrong with it if anything."""

    number: int
    cells: list[str]
    text: str
    problem: str = ""


@dataclass(slots=True)
class Group:
    """The rows of one record."""

    rows: list[Row] = field(default_factory=list)

    def place(self) -> str:
        """Where the record stood, such as “rows 4-6” or “row 4”."""
        numbers = [row.number for row in self.rows]
        first, last = numbers[0], numbers[-1]
        if first == last:
            return f"row {first}"
        return f"rows {first}-{last}" if last - first == len(numbers) - 1 else f"rows {first} to {last}"


def pieces(opened: Callable[[], BinaryIO], layout: Layout) -> Iterator[Piece]:
    """Cut a CSV file into records, in the order of their last rows. Raises Unreadable."""
    last_rows = _scattered(opened, layout)
    with opened() as stream:
        lines = _Lines(decoded(stream))
        columns = _columns(lines, layout)
        for group in _groups(_rows(lines, columns), columns, layout, last_rows):
            yield _piece(group, columns)


def parsed(piece_text: str, layout: Layout, numbers: tuple[int, ...] = ()) -> tuple[Columns, list[Row]]:
    """The header and rows of one piece. `numbers` are its row numbers in the file, where they are known."""
    lines = _Lines(io.StringIO(piece_text, newline="\n"))
    columns = _columns(lines, layout)
    rows = list(_rows(lines, columns))
    for row, number in zip(rows, numbers, strict=False):
        row.number = number
    return columns, rows


def values(columns: Columns, row: Row) -> dict[str, Any]:
    """The filled cells of a row by column name. Own columns stand by name under "custom" and HEADER_CUSTOM."""
    found: dict[str, Any] = {
        name: cell(raw) if raw[0] in "='" else raw
        for name, raw in zip(columns.names, row.cells, strict=False)
        if raw and name
    }
    for at, group, name in columns.customs:
        if row.cells[at]:
            _add_own(found, group, name, row.cells[at])
    return found


def shared(layout: Layout, rows: list[Row], found: list[dict[str, Any]]) -> tuple[dict[str, Any], str]:
    """The header values of a record, and a sentence if two rows disagree on one. A blank cell agrees with any."""
    first: dict[str, tuple[Any, int]] = {}
    for row, row_values in zip(rows, found, strict=True):
        for name in (*layout.header, HEADER_CUSTOM):
            value = row_values.get(name)
            if value is None:
                continue
            value = value.strip() if isinstance(value, str) else value
            known, number = first.setdefault(name, (value, row.number))
            if known != value:
                column = "custom_*" if name == HEADER_CUSTOM else name
                return {}, f"rows {number} and {row.number} disagree in column {column}."
    return {name: value for name, (value, _) in first.items()}, ""


def _add_own(found: dict[str, Any], group: str, name: str, raw: str) -> None:
    own = found.setdefault(group, {})
    several = None if name else exact_or_none(cell(raw), dict)
    if name and isinstance(own, dict):
        own[name] = cell(raw).strip()
    elif several is not None and isinstance(own, dict):
        own.update(several)
    else:
        # No object: the text stays, and the reader of the record says so, with its place.
        found[group] = raw


def header_of(piece_text: str) -> str:
    """The header at the start of a CSV piece, as it was written."""
    return piece_text.partition("\n")[0] + "\n"


class _Lines:
    """Feeds the CSV reader and remembers the physical lines of the row that is being read."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._again: list[str] = []
        self._taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= LONGEST_ROW:
            raise csv.Error("a quote is opened and never closed")
        line = self._again.pop() if self._again else next(self._source)
        self._taken.append(line)
        return line

    def take(self) -> str:
        """The text of the row just read."""
        text = self._taken[0] if len(self._taken) == 1 else "".join(self._taken)
        self._taken.clear()
        return text

    def give_back(self) -> str:
        """The first line of the row that failed; the lines it swallowed are read again."""
        first = self._taken[0]
        self._again.extend(reversed(self._taken[1:]))
        self._taken.clear()
        return first


def _columns(lines: _Lines, layout: Layout) -> Columns:
    first = _first_line(lines)
    chosen = _SEPARATOR_LINE.fullmatch(first)
    if chosen:
        return _understood(_first_line(lines), chosen.group(1), layout)
    return _understood(first, "", layout)


@lru_cache(maxsize=64)
def _understood(header: str, delimiter: str, layout: Layout) -> Columns:
    """The columns of a header line. Kept, because every piece of a file brings the same one."""
    delimiter = delimiter or _delimiter(header, layout)
    try:
        titles = tuple(next(csv.reader([header], delimiter=delimiter, strict=True, skipinitialspace=True), []))
    except csv.Error:
        titles = ()
    names = tuple(_name(title, layout) for title in titles)
    _refuse_header(header, names, layout)
    customs = tuple(
        (at, "custom" if match.group(1) else HEADER_CUSTOM, (match.group(2) or "").strip())
        for at, title in enumerate(titles)
        if (match := _CUSTOM.fullmatch(title.strip()))
    )
    return Columns(header if header.endswith("\n") else f"{header}\n", delimiter, titles, names, customs)


def _first_line(lines: _Lines) -> str:
    line = next(lines, "")
    lines.take()
    return line


def _delimiter(header: str, layout: Layout) -> str:
    known = {_FOLD.sub("", name) for name in (*layout.header, *layout.line)}

    def hits(delimiter: str) -> int:
        return sum(_FOLD.sub("", title.lower()) in known for title in header.split(delimiter))

    return max(DELIMITERS, key=hits)


def _name(title: str, layout: Layout) -> str:
    folded = _FOLD.sub("", title.lower())
    return next((name for name in (*layout.header, *layout.line) if _FOLD.sub("", name) == folded), "")


def _refuse_header(header: str, names: tuple[str, ...], layout: Layout) -> None:
    known = [name for name in names if name]
    wanted = ", ".join(layout.required)
    if not known:
        seen = storable(header.strip())[:80]
        raise Unreadable(f"The first row “{seen}” is no header.", f"Start the file with the column names: {wanted}, …")
    twice = next((name for name in known if known.count(name) > 1), "")
    if twice:
        raise Unreadable(f"The column {twice} stands twice in the header.", "Remove one of the two.")
    missing = next((name for name in layout.required if name not in known), "")
    if missing:
        raise Unreadable(f"The header has no column {missing}.", f"A file of {layout.noun} needs the columns {wanted}.")


def _rows(lines: _Lines, columns: Columns) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=columns.delimiter, strict=True, skipinitialspace=True)
    number, width = 1, len(columns.names)
    while True:
        number += 1
        if number > MAX_RECORDS + 1:
            raise Unreadable(f"The file has more than {MAX_RECORDS} rows.", "Split it and send the parts.")
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            text = lines.give_back()
            yield Row(number, text.split(columns.delimiter), text, f"the quotes of this row are not right ({error}).")
            continue
        text = lines.take()
        if any(cells) and text.strip(" \t\r\n" + columns.delimiter):
            yield Row(number, cells, text, _row_problem(cells, text, width, columns))


def _row_problem(cells: list[str], text: str, width: int, columns: Columns) -> str:
    broken = breakage(text)
    if broken:
        column = next((title for title, raw in zip(columns.titles, cells, strict=False) if breakage(raw)), "?")
        return f"column {column.strip()}: {broken}."
    if len(cells) < width or any(cells[width:]):
        return f"it has {len(cells)} cells, but the header has {width}."
    return ""


def _keys(columns: Columns, layout: Layout) -> Callable[[Row], str]:
    """Which record a row belongs to. It remembers rows: ask in their order, and take a new one for each reading."""
    places = [columns.names.index(name) for name in layout.key if name in columns.names]
    if layout.apart in columns.names:
        return _parted(places[0], columns.names.index(layout.apart))
    if len(places) == 1:
        return lambda row: _key_part(row, places[0])
    return lambda row: "\x1f".join([_key_part(row, at) for at in places])


def _parted(place: int, apart: int) -> Callable[[Row], str]:
    """While a key has one value in the column `apart`, the key is all; a blank means the value of the row before."""
    first: dict[str, str] = {}
    last: dict[str, str] = {}

    def key(row: Row) -> str:
        name = _key_part(row, place)
        value = last[name] = _key_part(row, apart) or last.get(name, "")
        own = first[name] = first.get(name) or value
        return name if value == own else f"{name}\x1f{value}"

    return key


def _key_part(row: Row, at: int) -> str:
    return row.cells[at].strip(' "') if len(row.cells) > at else ""


def _scattered(opened: Callable[[], BinaryIO], layout: Layout) -> dict[str, int]:
    """The records whose rows do not stand together, each with the number of its last row."""
    last_rows: dict[str, int] = {}
    ended: set[str] = set()
    current: str | None = None
    with opened() as stream:
        lines = _Lines(decoded(stream))
        columns = _columns(lines, layout)
        key = _keys(columns, layout)
        for row in _rows(lines, columns):
            name = key(row)
            if name != current:
                if current is not None:
                    ended.add(current)
                current = name
            if name in ended:
                last_rows[name] = row.number
    return last_rows


def _groups(rows: Iterable[Row], columns: Columns, layout: Layout, last_rows: dict[str, int]) -> Iterator[Group]:
    key = _keys(columns, layout)
    waiting: dict[str, Group] = {}
    current, name = Group(), ""
    for row in rows:
        row_name = key(row)
        if row_name != name and current.rows:
            yield current
            current = Group()
        name = row_name
        if row_name not in last_rows:
            current.rows.append(row)
            continue
        waiting.setdefault(row_name, Group()).rows.append(row)
        if row.number == last_rows[row_name]:
            yield waiting.pop(row_name)
    if current.rows:
        yield current


def _piece(group: Group, columns: Columns) -> Piece:
    texts = [row.text if row.text.endswith(("\n", "\r")) else f"{row.text}\n" for row in group.rows]
    bad = next((row for row in group.rows if row.problem), None)
    return Piece(
        text=storable(columns.text + "".join(texts)),
        place=group.place(),
        data=tuple(row.number for row in group.rows),
        problem=f"Row {bad.number}: {bad.problem}" if bad else "",
    )
