"""Schedule rules as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.domain.recurrence_rules import Daily, Flexible, Hourly, Minutely, Rule

_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SHORTEST_RANGE: Final = 3


def in_words(rules: Sequence[Rule]) -> str:
    """All rules in one line: "Mon-Fri, 8am to 6pm, every 30 minutes; and daily at 22:00". Without rules: "Never"."""
    texts = [_rule_in_words(rule) for rule in rules] or ["never"]
    text = "; ".join([*texts[:-1], f"and {texts[-1]}"] if len(texts) > 1 else texts)
    return text[0].upper() + text[1:]


def _rule_in_words(rule: Rule) -> str:
    match rule:
        case Minutely(every):
            return _every(every, "minute")
        case Hourly(every):
            return _every(every, "hour")
        case Daily(every, at, _):
            days = "daily" if every == 1 else _every(every, "day")
            return f"{days} at {at:%H:%M}"
        case Flexible(weekdays, _, _, every):
            return f"{_weekdays(sorted(weekdays))}, {_hours(rule)}, {_every(every, 'minute')}"


def _every(count: int, unit: str) -> str:
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def _weekdays(weekdays: list[int]) -> str:
    if len(weekdays) == len(_NAMES):
        return "every day"
    spans: list[list[int]] = []
    for weekday in weekdays:
        if spans and weekday == spans[-1][-1] + 1:
            spans[-1].append(weekday)
        else:
            spans.append([weekday])
    texts = [text for span in spans for text in _span(span)]
    return " and ".join(part for part in (", ".join(texts[:-1]), texts[-1]) if part)


def _span(span: list[int]) -> list[str]:
    if len(span) < _SHORTEST_RANGE:
        return [_NAMES[weekday] for weekday in span]
    return [f"{_NAMES[span[0]]}-{_NAMES[span[-1]]}"]


def _hours(rule: Flexible) -> str:
    first, last = _clock(rule.first_hour), _clock(rule.last_hour)
    if (rule.first_hour, rule.last_hour) == (0, 23):
        return "all day"
    if rule.first_hour == rule.last_hour:
        return f"in the hour from {first}"
    return f"{first} to {last} the next day" if rule.overnight else f"{first} to {last}"


def _clock(hour: int) -> str:
    return f"{(hour + 11) % 12 + 1}{'am' if hour < 12 else 'pm'}"
