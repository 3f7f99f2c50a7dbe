"""Writing a field: checks the value against the field, keeps what stood there before, tells the trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.domain.record import DECIMAL_PLACES, LARGEST, LONGEST_ID
from app.rules.closures import Compile, Writer, failure
from app.rules.fields import INSTANTS, LINE, LONGEST_TEXT, RECORD, Field
from app.rules.kinds import Kind
from app.rules.moments import day_of, instant_of, next_weekday
from app.rules.places import Area, Place
from app.rules.readers import key_text
from app.rules.run import Run
from app.rules.syntax import Path
from app.rules.values import TimeSpan, Weekday, kind_of, plain, show

_QUANTUM = Decimal(1).scaleb(-DECIMAL_PLACES)


def writer(place: Place, path: Path, compile_: Compile) -> Writer:
    """The closure that writes `place`, a field of the purchase order or of the loop's line."""
    if place.area is Area.CUSTOM:
        return _custom(place, path, compile_)
    assert place.field is not None
    return _item_field(place.field, path) if place.item else _header_field(place.field, path)


def _header_field(field: Field, path: Path) -> Writer:
    name, shown, line = field.name, f"{RECORD}.{field.name}", path.span.line

    def write(run: Run, value: Any) -> None:
        after = fitting(field, value, run, path)
        before = run.header.get(name)
        if not _same(before, after):
            run.header_before.setdefault(name, before)
            run.header[name] = after
            run.trace.change(line, shown, before, after)

    return write


def _item_field(field: Field, path: Path) -> Writer:
    name, shown, line = field.name, f"{LINE}.{field.name}", path.span.line

    def write(run: Run, value: Any) -> None:
        after = fitting(field, value, run, path)
        before = run.item.get(name)
        if not _same(before, after):
            _remember(run, name, before)
            run.item[name] = after
            run.trace.change(line, f"{shown} of {run.item['key']}", before, after)

    return write


def _custom(place: Place, path: Path, compile_: Compile) -> Writer:
    (step,) = place.steps
    key_of: Callable[[Run], Any] = (lambda _run: step) if isinstance(step, str) else compile_(step)

    def write(run: Run, value: Any) -> None:
        key = _custom_key(key_of(run), path)
        after = _scalar(value, run, path)
        owner = run.item if place.item else run.header
        custom = owner.get("custom") or {}
        before = custom.get(key)
        if _same(before, after):
            return
        if place.item:
            # The inner map is still the caller's: it is copied before it is written.
            run.item["custom"] = {**custom, key: after}
            _remember(run, f"custom.{key}", before)
            run.trace.change(path.span.line, f"{LINE}.custom.{key} of {run.item['key']}", before, after)
        else:
            run.header_before.setdefault(f"custom.{key}", before)
            run.custom[key] = after
            run.trace.change(path.span.line, f"{RECORD}.custom.{key}", before, after)

    return write


def _custom_key(key: Any, path: Path) -> str:
    text = key_text(key, path) if key is not None else ""
    if not text.strip() or len(text) > LONGEST_ID:
        raise failure(path, "the name of a custom field is blank or too long", f"Use 1 to {LONGEST_ID} characters.")
    return text


def _remember(run: Run, name: str, before: Any) -> None:
    key = run.item["key"]
    if key not in run.added:
        run.item_before.setdefault(key, {}).setdefault(name, before)


def _same(before: Any, after: Any) -> bool:
    """Whether a write changes nothing; blank is blank, whether it is None or an empty text."""
    return bool(plain(before) == plain(after)) and isinstance(before, bool) == isinstance(after, bool)


def fitting(field: Field, value: Any, run: Run, path: Path) -> Any:
    """`value` as `field` stores it; raises RunError when it does not fit. A blank text is stored as an empty one."""
    if value is None or value == "":
        if not field.may_be_blank:
            raise failure(path, f"`{field.name}` cannot be blank", "Check for blank before you set it.")
        return "" if field.kind is Kind.TEXT else None
    if field.kind is Kind.TEXT and isinstance(value, str):
        return _text(field, value, path)
    if field.kind is Kind.NUMBER and isinstance(value, Decimal):
        return _number(field, value, path)
    if isinstance(value, Weekday):
        value = next_weekday(run.now, value.number, run.zone)
    if field.kind is Kind.DATE and isinstance(value, date):
        return instant_of(value, run.zone) if field.name in INSTANTS else day_of(value, run.zone)
    raise failure(
        path,
        f"`{field.name}` takes {field.kind.phrase}, and the value {show(value)} is {kind_of(value).phrase}",
        f"Write `… as {field.kind.value}`." if field.kind is not Kind.DATE else "Write `… as date`.",
    )


def _text(field: Field, value: str, path: Path) -> str:
    if len(value) > field.longest:
        raise failure(path, f"the text for `{field.name}` has {len(value)} characters, at most {field.longest} fit")
    return value


def _number(field: Field, value: Decimal, path: Path) -> Decimal:
    low = field.not_negative or field.positive
    if value.copy_abs() >= LARGEST or (low and value < 0) or (field.positive and value == 0):
        raise failure(path, f"{show(value)} is out of range for `{field.name}`", "Check the number before you set it.")
    return value.quantize(_QUANTUM, rounding=ROUND_HALF_UP).normalize() + 0


def _scalar(value: Any, run: Run, path: Path) -> Any:
    if isinstance(value, Weekday):
        return next_weekday(run.now, value.number, run.zone)
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise failure(path, f"the text has {len(value)} characters, at most {LONGEST_TEXT} fit in a custom field")
    if isinstance(value, TimeSpan) or not isinstance(value, str | bool | Decimal | date | datetime | None):
        raise failure(
            path, f"a custom field cannot hold {kind_of(value).phrase}", "Store a text, number, date or true or false."
        )
    # Minus zero is zero, also where the number is stored as text.
    return Decimal(0) if isinstance(value, Decimal) and not value else value
