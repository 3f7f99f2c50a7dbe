"""Reading a field: from a resolved place to a closure that gives its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from app.rules.closures import Compile, Value, failure
from app.rules.kinds import Kind
from app.rules.places import Area, Place, spelled
from app.rules.run import Run
from app.rules.syntax import Expression, Path
from app.rules.values import kind_of, plain, show


def reader(place: Place, path: Path, compile_: Compile) -> Value:
    """The closure that reads `place`; `path` is its spelling, for messages."""
    if place.area is Area.NAME:
        return _name(place.name)
    if place.at is not None:
        return _line_at(place, path, compile_)
    if place.item:
        return _item(place, path, compile_)
    return _record(place, path, compile_)


def _record(place: Place, path: Path, compile_: Compile) -> Value:
    if place.area is Area.CUSTOM:
        return _below(lambda run: run.custom, place.steps, path, compile_)
    if place.area is Area.SOURCE:
        return _below(lambda run: run.header.get("source"), place.steps, path, compile_)
    assert place.field is not None
    if place.area is Area.SHIP_TO:
        return _ship_to(place.field.name)
    return _header(place.field.name, place.field.kind)


def _name(name: str) -> Value:
    def read(run: Run) -> Any:
        return run.names.get(name)

    return read


def _ship_to(name: str) -> Value:
    def read(run: Run) -> Any:
        return plain((run.header.get("ship_to") or {}).get(name))

    return read


def _header(name: str, kind: Kind) -> Value:
    if kind is Kind.NUMBER:

        def number(run: Run) -> Any:
            value = run.header.get(name)
            return value if value.__class__ is Decimal else plain(value)

        return number

    def read(run: Run) -> Any:
        # An empty text is blank.
        return run.header.get(name) or None

    return read


def _item(place: Place, path: Path, compile_: Compile) -> Value:
    if place.area is Area.CUSTOM:
        return _below(lambda run: run.item.get("custom"), place.steps, path, compile_)
    assert place.field is not None
    name = place.field.name
    if place.field.kind is Kind.NUMBER:

        def number(run: Run) -> Any:
            value = run.item.get(name)
            return value if value.__class__ is Decimal else plain(value)

        return number

    def read(run: Run) -> Any:
        # An empty text is blank.
        return run.item.get(name) or None

    return read


def _line_at(place: Place, path: Path, compile_: Compile) -> Value:
    assert place.at is not None
    position = compile_(place.at)
    inner = _item(place, path, compile_)

    def read(run: Run) -> Any:
        found = _position(position(run), path)
        lines = run.live_items()
        if found is None or found >= len(lines):
            return None
        outer = run.item
        run.item = lines[found]
        try:
            return inner(run)
        finally:
            run.item = outer

    return read


def _position(value: Any, path: Path) -> int | None:
    if value is None:
        return None
    if not isinstance(value, Decimal) or value != value.to_integral_value() or value < 0:
        raise failure(
            path, f"the position in `{spelled(path)}` is {show(value)}", "Positions are whole numbers from 0."
        )
    return int(value) if value < 1_000_000 else 1_000_000


def _below(top: Callable[[Run], Any], steps: tuple[str | Expression, ...], path: Path, compile_: Compile) -> Value:
    first, *more = steps
    if isinstance(first, str) and not more:
        key = first

        def one(run: Run) -> Any:
            return plain((top(run) or {}).get(key))

        return one
    keys = [step if isinstance(step, str) else compile_(step) for step in steps]

    def walk(run: Run) -> Any:
        value = top(run)
        for key in keys:
            value = _step(value, key if isinstance(key, str) else key(run), path)
            if value is None:
                return None
        return plain(value)

    return walk


def _step(value: Any, key: Any, path: Path) -> Any:
    """One step down: a key of a group, or a position in a list; what is not there is blank."""
    if isinstance(value, list) and isinstance(key, Decimal):
        position = _position(key, path)
        return value[position] if position is not None and position < len(value) else None
    if not isinstance(value, Mapping) or key is None:
        return None
    return value.get(key_text(key, path))


def key_text(key: Any, path: Path) -> str:
    """The key that a value in brackets names; raises RunError for what is neither text nor a whole number."""
    if isinstance(key, str):
        return key
    if isinstance(key, Decimal) and key == key.to_integral_value() and key.copy_abs() < 10**18:
        return str(int(key))
    raise failure(path, f"a key in `{spelled(path)}` is {kind_of(key).phrase}", "Use a text in the brackets.")
