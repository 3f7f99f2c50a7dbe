"""Schedule rules as JSON and back, with every mistake told in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from typing import Final

from app.domain.errors import BadSettings
from app.domain.recurrence_rules import WEEKDAYS, Daily, Flexible, Hourly, Minutely, Rule

Json = Mapping[str, object]


def to_json(rules: Sequence[Rule]) -> list[dict[str, object]]:
    """The rules as plain JSON objects, each with its `kind`; from_json reads them back as they were."""
    return [_written(rule) for rule in rules]


def from_json(data: object) -> tuple[Rule, ...]:
    """The rules in `data`, a list of objects as to_json writes them.

    {"kind": "minutely" or "hourly", "every": 15}; {"kind": "daily", "every": 2, "at": "06:30", "anchor": "2026-03-01"};
    {"kind": "flexible", "weekdays": ["mon", "tue"], "first_hour": 8, "last_hour": 18, "every": 30}.

    Raises BadSettings that says which rule is wrong and why; its `field` is the path to the value, `0.at` for the time
    of the first rule.
    """
    if not isinstance(data, list):
        raise BadSettings("A schedule is a list of rules.", remedy="Give a list, such as [] or one rule per entry.")
    return tuple(_numbered(position, entry) for position, entry in enumerate(data))


def _written(rule: Rule) -> dict[str, object]:
    match rule:
        case Minutely(every):
            return {"kind": "minutely", "every": every}
        case Hourly(every):
            return {"kind": "hourly", "every": every}
        case Daily(every, at, anchor):
            return {"kind": "daily", "every": every, "at": f"{at:%H:%M}", "anchor": anchor.isoformat()}
        case Flexible(weekdays, first_hour, last_hour, every):
            names = [WEEKDAYS[weekday] for weekday in sorted(weekdays)]
            hours = {"first_hour": first_hour, "last_hour": last_hour}
            return {"kind": "flexible", "weekdays": names, **hours, "every": every}


def _numbered(position: int, entry: object) -> Rule:
    try:
        return _read(entry)
    except BadSettings as problem:
        path = f"{position}.{problem.field}".rstrip(".")
        raise BadSettings(f"Rule {position + 1} of the schedule: {problem.message}", path, problem.remedy) from None


def _read(entry: object) -> Rule:
    if not isinstance(entry, dict):
        raise BadSettings("It is not an object with a kind.", remedy=_KIND_REMEDY)
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise BadSettings(f"There is no kind {_shown(kind)}.", "kind", _KIND_REMEDY)
    reader, fields = _KINDS[kind]
    for name in entry:
        if name != "kind" and name not in fields:
            raise BadSettings(f"A {kind} rule has no field {_shown(name)}.", remedy=f"Its fields: {', '.join(fields)}.")
    return reader(entry)


def _read_daily(entry: Json) -> Daily:
    return Daily(_number(entry, "every"), _time(entry, "at"), _date(entry, "anchor"))


def _read_flexible(entry: Json) -> Flexible:
    hours = _number(entry, "first_hour"), _number(entry, "last_hour")
    return Flexible(_weekdays(entry), *hours, _number(entry, "every"))


_KINDS: Final[Mapping[str, tuple[Callable[[Json], Rule], tuple[str, ...]]]] = {
    "minutely": (lambda entry: Minutely(_number(entry, "every")), ("every",)),
    "hourly": (lambda entry: Hourly(_number(entry, "every")), ("every",)),
    "daily": (_read_daily, ("every", "at", "anchor")),
    "flexible": (_read_flexible, ("weekdays", "first_hour", "last_hour", "every")),
}
_KIND_REMEDY: Final = f"Choose one of {', '.join(_KINDS)}."


def _number(entry: Json, field: str) -> int:
    value = entry.get(field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadSettings(f"{field} is {_shown(value)}, not a whole number.", field, "Give a whole number.")
    return value


def _time(entry: Json, field: str) -> time:
    value = entry.get(field)
    if not isinstance(value, str) or not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise BadSettings(f"{field} is {_shown(value)}, not a time of day.", field, "Write it as 06:30.")
    return time.fromisoformat(value)


def _date(entry: Json, field: str) -> date:
    value = entry.get(field)
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # The right shape, yet no day of the calendar: refused below with the wrong shapes.
    raise BadSettings(f"{field} is {_shown(value)}, not a date.", field, "Write it as 2026-03-01.")


def _weekdays(entry: Json) -> frozenset[int]:
    value = entry.get("weekdays")
    if not isinstance(value, list):
        raise BadSettings(f"weekdays is {_shown(value)}, not a list.", "weekdays", _WEEKDAY_REMEDY)
    for name in value:
        if name not in WEEKDAYS:
            raise BadSettings(f"There is no weekday {_shown(name)}.", "weekdays", _WEEKDAY_REMEDY)
    return frozenset(WEEKDAYS.index(name) for name in value)


_WEEKDAY_REMEDY: Final = f"Choose from {', '.join(WEEKDAYS)}."


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:40]
