"""The kinds of values a rule works with, as the checker and the messages name them."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a value is. `DATE` covers calendar dates and instants; `ANY` is known only when the rule runs."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time of day"
    DURATION = "duration"
    WEEKDAY = "weekday"
    MONTH = "month"
    YEAR = "year"
    BLANK = "blank"
    ANY = "any"
    LIST = "list"

    @property
    def phrase(self) -> str:
        """The kind with its article, for sentences: "a number"."""
        if self in {Kind.BLANK, Kind.ANY}:
            return "blank" if self is Kind.BLANK else "a value"
        return f"a {self.value}"
