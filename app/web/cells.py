"""Values as cells: how each kind of value of ours is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.states import DISPLAY, MEANINGS, RECEIPT_MEANINGS, ReceiptState, display_status
from app.models import PurchaseOrder, Receipt
from app.web.pages import Cell


def text(value: Any, href: str = "", note: str = "") -> Cell:
    """Plain text; None is an empty place."""
    return Cell("text", "" if value is None else str(value), href=href, note=note)


def named(record: Any, href: str = "") -> Cell:
    """The name of a related record, which is None where it is outside the reader's scope."""
    return text(record, href if record is not None else "")


def code(value: Any, href: str = "", note: str = "") -> Cell:
    """Text in a fixed width."""
    return Cell("code", "" if value is None else str(value), href=href, note=note)


def word(value: Any) -> Cell:
    """A state of a run, a delivery, a rule: stored in lower case, read as a title."""
    plain = str(value)
    return Cell("word", plain, label=plain.replace("_", " ").capitalize())


def status(order: PurchaseOrder, now: datetime, menu: str = "") -> Cell:
    """The status as people see it, Delayed included, with its meaning; `menu` answers with what can be done next."""
    return shown_status(display_status(order.status, order.late_from, now), menu)


def shown_status(word: str, menu: str = "") -> Cell:
    """A status that is already a word of DISPLAY, with its meaning."""
    return Cell("status", word, label=DISPLAY[word], note=MEANINGS[word], menu=menu)


def state(receipt: Receipt) -> Cell:
    """The state of a receipt, with its meaning."""
    value = ReceiptState(receipt.state)
    return Cell("state", value.value, label=value.label, note=RECEIPT_MEANINGS[value])


def bar(received: Any, ordered: Any) -> Cell:
    """Received of ordered."""
    return Cell("bar", (received, ordered))


def quantity(value: Any, unit: str = "") -> Cell:
    """A quantity and its unit."""
    return Cell("quantity", value, note=unit)


def money(value: Any, currency: str = "") -> Cell:
    """An amount and its currency."""
    return Cell("money", value, note=currency)


def number(value: Any) -> Cell:
    """A count."""
    return Cell("number", value)


def instant(value: datetime | None) -> Cell:
    """An instant: shown relative, with the exact time behind it."""
    return Cell("instant", value)


def day(value: Any) -> Cell:
    """A calendar date."""
    return Cell("date", value)


def flag(value: bool) -> Cell:
    """Yes or no."""
    return Cell("flag", value)


def tags(values: Any) -> Cell:
    """A list of short words."""
    return Cell("tags", tuple(values or ()))


def pairs(values: Any) -> Cell:
    """Names with values."""
    return Cell("pairs", dict(values or {}))


def json(value: Any) -> Cell:
    """Data as it is stored."""
    return Cell("json", value)


def secret(names: Any) -> Cell:
    """Which secrets are set; never what they are."""
    return Cell("secret", bool(names), note=", ".join(sorted(names or ())))
