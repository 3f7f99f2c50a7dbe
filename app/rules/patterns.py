"""Patterns (`/…/`) that an admin wrote: the only place where they are compiled and run.

They run on the standard library's backtracking matcher, so what could keep it busy for long is refused when the rule is
saved, and a text that is too long for a pattern's shape fails the rule instead of being matched. Another engine can
take over here without any other file knowing.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial

from app.rules.pattern_cost import UnsafePatternError, cost

MAX_PATTERN = 500
MAX_SUBJECT = 20_000
# Steps of the matcher that one match may need at worst; about a second.
_BUDGET = 50_000_000
# A pattern whose worst case is not harmless on a text of this length is refused on save.
_SHORTEST_SUBJECT = 60

_NAMED = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\(\?<(?=[A-Za-z_])", re.DOTALL)
_IGNORES_CASE = re.compile(r"\(\?[a-zA-Z]*i")


class BadPatternError(Exception):
    """The pattern is not taken; the text of the error is a sentence that says why."""


class SubjectTooLongError(Exception):
    """The text is too long for this pattern; the text of the error is a sentence that says so."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is safe to run on texts of up to `longest` characters."""

    source: str
    names: tuple[str, ...]
    longest: int
    compiled: re.Pattern[str]

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in `text`; raises SubjectTooLongError."""
        self._admit(text)
        return self.compiled.search(text)

    def every(self, text: str) -> Iterator[re.Match[str]]:
        """Each match in `text`, from left to right; raises SubjectTooLongError."""
        self._admit(text)
        return self.compiled.finditer(text)

    def replaced(self, replacement: str, text: str) -> str:
        """`text` with each match replaced by `replacement`, taken literally; raises SubjectTooLongError."""
        self._admit(text)
        return self.compiled.sub(lambda _match: replacement, text)

    def _admit(self, text: str) -> None:
        if len(text) > self.longest:
            raise SubjectTooLongError(
                f"The pattern /{self.source[:60]}/ takes at most {self.longest} characters; this text has {len(text)}."
            )


def compile_pattern(source: str) -> Pattern:
    """The pattern between the slashes: `\\/` is a slash, `(?<name>…)` a named group. Raises BadPatternError."""
    if len(source) > MAX_PATTERN:
        raise BadPatternError(f"The pattern is longer than {MAX_PATTERN} characters.")
    spelled = _NAMED.sub(lambda match: match[1] or "(?P<", source.replace("\\/", "/"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parsed = re._parser.parse(spelled)  # noqa: SLF001
            compiled = re.compile(spelled)
        ways, power = cost(parsed, ignores_case=_IGNORES_CASE.search(spelled) is not None)
    except UnsafePatternError as error:
        raise BadPatternError(f"The pattern {error}, which could keep a worker busy for ever.") from None
    except RecursionError:
        raise BadPatternError("The groups of the pattern are nested too deep.") from None
    except (re.error, Warning, OverflowError) as error:
        raise BadPatternError(f"The pattern cannot be read: {error}.") from None
    longest = _longest(ways, power)
    if longest < _SHORTEST_SUBJECT:
        raise BadPatternError(
            "The pattern has too many parts that can take the same characters, and would be too slow."
        )
    return Pattern(source, tuple(compiled.groupindex), longest, compiled)


def _longest(ways: int, power: int) -> int:
    """The longest text whose worst case stays inside the budget."""
    if ways > _BUDGET or power > 8:
        return 0
    return min(MAX_SUBJECT, int((_BUDGET * factorial(power) / ways) ** (1 / power)))
