"""The four kinds of schedule rule, as data that is valid from the start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final

from app.domain.errors import BadSettings

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY: Final = 24 * 60
_LONGEST_DAILY: Final = 366


@dataclass(frozen=True, slots=True)
class Minutely:
    """Every `every` minutes (1 to 1440) of elapsed time, counted anew from each local midnight."""

    every: int

    def __post_init__(self) -> None:
        """Raises BadSettings for a number of minutes out of range."""
        _in_range("every", "number of minutes", self.every, 1, MINUTES_A_DAY)


@dataclass(frozen=True, slots=True)
class Hourly:
    """Every `every` hours (1 to 24) of elapsed time, counted anew from each local midnight."""

    every: int

    def __post_init__(self) -> None:
        """Raises BadSettings for a number of hours out of range."""
        _in_range("every", "number of hours", self.every, 1, 24)


@dataclass(frozen=True, slots=True)
class Daily:
    """Every `every` days (1 to 366) at the local time `at`, a whole minute, counted from the day `anchor`."""

    every: int
    at: time
    anchor: date

    def __post_init__(self) -> None:
        """Raises BadSettings for a number of days out of range or a time that is no whole minute."""
        _in_range("every", "number of days", self.every, 1, _LONGEST_DAILY)
        if self.at != self.at.replace(second=0, microsecond=0, tzinfo=None):
            raise BadSettings(f"The time {self.at} is not a whole minute.", "at", "Write it as 06:30.")


@dataclass(frozen=True, slots=True)
class Flexible:
    """Every `every` minutes (1 to 1440) by the wall clock, inside a window of hours on some weekdays.

    The window goes from the start of block `first_hour` to the end of block `last_hour` (0 to 23: 0 to 23 is the whole
    day). With the first later than the last it runs overnight, and the night belongs to the weekday it started on.
    `weekdays` counts from 0, Monday, to 6.
    """

    weekdays: frozenset[int]
    first_hour: int
    last_hour: int
    every: int

    def __post_init__(self) -> None:
        """Raises BadSettings for numbers out of range or no weekday."""
        if not self.weekdays:
            raise BadSettings("No weekday is chosen.", "weekdays", "Choose at least one.")
        for weekday in sorted(self.weekdays):
            _in_range("weekdays", "weekday", weekday, 0, 6)
        _in_range("first_hour", "first hour", self.first_hour, 0, 23)
        _in_range("last_hour", "last hour", self.last_hour, 0, 23)
        _in_range("every", "number of minutes", self.every, 1, MINUTES_A_DAY)

    @property
    def overnight(self) -> bool:
        """Whether the window ends on the day after it started."""
        return self.first_hour > self.last_hour

    @property
    def runs_per_window(self) -> int:
        """How many wall times the rule names in one window; at least one."""
        hours = self.last_hour - self.first_hour + 1 + (24 if self.overnight else 0)
        return (hours * 60 - 1) // self.every + 1


Rule = Minutely | Hourly | Daily | Flexible


def _in_range(field: str, name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise BadSettings(f"The {name} is {value}.", field, f"Choose a whole number from {low} to {high}.")
