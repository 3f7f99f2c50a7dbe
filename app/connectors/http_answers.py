"""What the answer of an HTTP server means for the caller: done, try again, look it up, or ask a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from app.connectors.errors import Ambiguous, ConnectorError, Misconfigured, Rejection, Retriable

LONGEST_PAUSE = 86_400.0
_BUSY = frozenset({408, 409, 425, 429})
_REFUSED_UNSEEN = frozenset({501, 503})
"""Server errors that say that nothing was done; behind any other the request may have been carried out."""


def error_for(status: int, target: str, *, repeatable: bool, answer: str, pause: float | None) -> ConnectorError | None:
    """The error that a status stands for, or None for a success.

    `repeatable`: the request changes nothing, so that a lost answer does not matter. `pause`: seconds the server asked
    for. `answer`: its reply, masked.
    """
    if 200 <= status < 300:
        return None
    what = f"{target} answered {status} {_phrase(status)}".rstrip()
    if status in _BUSY or (status >= 500 and (repeatable or status in _REFUSED_UNSEEN)):
        kept = {"answer": answer, "code": str(status)}
        return Retriable(f"{what}.", "It is tried again by itself.", retry_after=pause, **kept)
    if status >= 500:
        remedy = "It may have been carried out all the same; it is looked up before the next try."
        return Ambiguous(f"{what}.", remedy, answer=answer, code=str(status), retry_after=pause)
    if status in {401, 403}:
        remedy = "Check the credentials and their permissions in the settings."
        return Misconfigured(f"{what}.", remedy, answer=answer, code=str(status))
    if 300 <= status < 400:
        return Misconfigured(f"{what} and points elsewhere.", "Enter the new address.", answer=answer, code=str(status))
    return Rejection(f"{what}.", "Read its answer, mend what it names and try again.", answer=answer, code=str(status))


def pause_asked(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds of a Retry-After header, which holds seconds or a date; from 0 to a day. None if it tells nothing.

    A date is compared with the server's own clock where it tells it.
    """
    given = headers.get("Retry-After", "").strip()
    if not given:
        return None
    if given.isascii() and given.isdigit():
        return min(float(given[:9]), LONGEST_PAUSE)
    until, server_now = _date(given), _date(headers.get("Date", ""))
    if until is None:
        return None
    return min(max((until - (server_now or now)).total_seconds(), 0.0), LONGEST_PAUSE)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
