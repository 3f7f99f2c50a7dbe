"""Files to download: the columns of an export, and CSV that is sent while it is still being read."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import accumulate, chain
from typing import Any, Final

from flask import Flask, Response, current_app, request

from app.connectors.formats.formulas import guarded
from app.domain.people import Reader, Role
from app.domain.record import plain_number
from app.logs import about
from app.security.reader import current_reader, set_reader
from app.web.headers import request_id

log = logging.getLogger(__name__)

BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it Excel reads UTF-8 as the local code page and breaks every umlaut; our own importer reads past it."""


@dataclass(frozen=True, slots=True)
class Out:
    """A column of an export: `write` makes the text of a cell from the values of `reads`.

    `cost` and `staff` mean what they mean in a list; a column that is not for `partners` is left out for them. A column
    that is left out is not read either.
    """

    title: str
    reads: tuple[Any, ...]
    write: Callable[..., str]
    cost: bool = False
    staff: bool = False
    partners: bool = True


class Writer:
    """The cells of the columns that a reader may see, from rows that were read with `expressions`."""

    def __init__(self, columns: Iterable[Out], reader: Reader) -> None:
        chosen = [column for column in columns if _for(column, reader)]
        self.titles: list[str] = [column.title for column in chosen]
        self.expressions: list[Any] = [expression for column in chosen for expression in column.reads]
        ends = list(accumulate(len(column.reads) for column in chosen))
        self._spans = [(column.write, end - len(column.reads), end) for column, end in zip(chosen, ends, strict=True)]

    def cells(self, values: Sequence[Any]) -> list[str]:
        """The cells of one row."""
        return [write(*values[start:end]) for write, start, end in self._spans]


def text(value: str | None) -> str:
    """A text, guarded."""
    return guarded(value) if value else ""


def number(value: Decimal | int | None) -> str:
    """A number, exact."""
    return "" if value is None else plain_number(value) if isinstance(value, Decimal) else str(value)


def iso(value: date | datetime | None) -> str:
    """A date, or an instant in UTC."""
    return value.isoformat() if value is not None else ""


def csv_file(titles: Sequence[str], batches: Iterable[Iterable[Sequence[str]]]) -> Iterator[bytes]:
    """The bytes of a CSV file, one piece for each batch of rows; the first one has the titles, too."""
    start = BYTE_ORDER_MARK + _csv([titles])
    for batch in batches:
        yield (start + _csv(batch)).encode()
        start = ""
    if start:
        yield start.encode()


def download(name: str, day: date, pieces: Iterator[bytes]) -> Response:
    """Send `pieces` as the file `name` of that day. What fails before the first one is answered by a page."""
    first = next(pieces)
    answer = Response(mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{day.isoformat()}.csv"'
    if request.method != "HEAD":
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (Flask documents it)
        answer.response = chain([first], _sent(app, current_reader(), request_id(), pieces))
    return answer


def _sent(app: Flask, reader: Reader, mark: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The further pieces. The request is over by then: each is read in a context of its own, for the same reader."""
    while True:
        try:
            with app.app_context():
                set_reader(reader)
                piece = next(pieces, None)
        except Exception:
            # The answer has begun: no status can tell of it any more. Raising cuts the connection before its proper
            # end, so that the browser reports a failed download. Ending quietly would leave a file that looks complete.
            with about(request=mark):
                log.exception("A download broke off: what was sent is a part only.")
            raise
        if piece is None:
            return
        yield piece


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _for(column: Out, reader: Reader) -> bool:
    hidden = (column.cost and not reader.sees_cost) or (column.staff and not reader.is_staff)
    return not hidden and (column.partners or reader.role is not Role.PARTNER)
