"""How much work a pattern can make for a backtracking matcher, judged from its parsed form before it ever runs.

The estimate is an upper bound of its shape: the bounded choices that may be taken back, times n to the power of the
open ones. A choice inside a repeat that may be taken back can need time beyond any power and is refused.

Sets of characters are bit masks: 128 bits for ASCII and four for the others (digit, word, space, rest). A mask may hold
more than the pattern matches, never less: two masks without a common bit really cannot match the same character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

# The compiler's own names for the parts of a pattern.
_codes = re._constants  # noqa: SLF001

_OTHER_DIGIT, _OTHER_WORD, _OTHER_SPACE, _OTHER_REST = 1 << 128, 1 << 129, 1 << 130, 1 << 131
_OTHERS = _OTHER_DIGIT | _OTHER_WORD | _OTHER_SPACE | _OTHER_REST
_EVERYTHING = (1 << 132) - 1


def _ascii(test: str) -> int:
    return sum(1 << code for code in range(128) if re.match(test, chr(code)))


_CATEGORIES = {
    _codes.CATEGORY_DIGIT: _ascii(r"\d") | _OTHER_DIGIT,
    _codes.CATEGORY_WORD: _ascii(r"\w") | _OTHER_DIGIT | _OTHER_WORD,
    _codes.CATEGORY_SPACE: _ascii(r"\s") | _OTHER_SPACE,
    _codes.CATEGORY_NOT_DIGIT: _ascii(r"\D") | _OTHERS & ~_OTHER_DIGIT,
    _codes.CATEGORY_NOT_WORD: _ascii(r"\W") | _OTHER_SPACE | _OTHER_REST,
    _codes.CATEGORY_NOT_SPACE: _ascii(r"\S") | _OTHERS & ~_OTHER_SPACE,
}
# A bit beyond the characters: the part may match nothing.
_NOTHING = 1 << 132
_BEGINNINGS = {_codes.AT_BEGINNING, _codes.AT_BEGINNING_STRING}
# A repeat with more turns than this counts as an open one.
_BOUNDED = 16
_REFUSED = {
    _codes.ASSERT: "looks ahead or behind",
    _codes.ASSERT_NOT: "looks ahead or behind",
    _codes.GROUPREF: "refers back to a group",
    _codes.GROUPREF_EXISTS: "refers back to a group",
    _codes.ATOMIC_GROUP: "has an atomic group",
    _codes.POSSESSIVE_REPEAT: "has a possessive repeat",
}


class UnsafePatternError(Exception):
    """The pattern is not taken; the text of the error says what it does, as in "it …"."""


def cost(parsed: Any, *, ignores_case: bool) -> tuple[int, int]:
    """(ways, power): a match over n characters takes at most about ways * n ** power / power! steps.

    `parsed` is what the standard library's pattern parser gives. Raises UnsafePatternError.
    """
    items = list(parsed)
    several_lines = bool(parsed.state.flags & re.MULTILINE)
    anchored = bool(items) and items[0][0] is _codes.AT and items[0][1] in _BEGINNINGS and not several_lines
    shape = _Shape(ignores_case=ignores_case)
    shape.sequence(items, 0, inside_repeat=False)
    return shape.ways, shape.power + (1 if anchored else 2)


class _Shape:
    """Reads a pattern from its end to its beginning and counts the choices that a matcher may have to take back.

    Each method takes what may follow (a mask, 0 at the end of the pattern) and gives what its part may begin with,
    together with what may follow where the part may be empty. A choice whose two sides begin with different characters
    is never taken back.
    """

    def __init__(self, *, ignores_case: bool) -> None:
        self._ignores_case = ignores_case
        self.ways = 1
        self.power = 0

    def sequence(self, items: Sequence[tuple[Any, Any]], follow: int, *, inside_repeat: bool) -> int:
        for code, argument in reversed(items):
            follow = self._part(code, argument, follow, inside_repeat)
        return follow

    def _part(self, code: Any, argument: Any, follow: int, inside_repeat: bool) -> int:
        if code in _REFUSED:
            raise UnsafePatternError(_REFUSED[code])
        if code is _codes.AT:
            return follow
        if code is _codes.SUBPATTERN:
            return self.sequence(list(argument[3]), follow, inside_repeat=inside_repeat)
        if code is _codes.BRANCH:
            return self._branch([list(option) for option in argument[1]], follow, inside_repeat)
        if code in {_codes.MAX_REPEAT, _codes.MIN_REPEAT}:
            least, most, body = argument
            return self._repeat(int(least), int(most), list(body), follow, inside_repeat)
        return self._mask(code, argument)

    def _branch(self, options: Sequence[Sequence[tuple[Any, Any]]], follow: int, inside_repeat: bool) -> int:
        begins, unique = 0, True
        for option in options:
            first = self.sequence(option, follow, inside_repeat=inside_repeat)
            unique = unique and not first & begins
            begins |= first
        if not unique:
            self._choice(len(options), inside_repeat)
        return begins

    def _repeat(self, least: int, most: int, body: Sequence[tuple[Any, Any]], follow: int, inside_repeat: bool) -> int:
        if not body or most == 0:
            return follow
        again = self._first(body, 0) if most > 1 else 0
        first = self.sequence(body, follow | again, inside_repeat=inside_repeat or most > 1)
        if least != most and first & follow:
            self._choice(most - least + 1, inside_repeat)
        return first | follow if least == 0 else first

    def _mask(self, code: Any, argument: Any) -> int:
        mask = _mask(code, argument)
        if self._ignores_case:
            mask |= (mask & _UPPER) << 32 | (mask & _LOWER) >> 32
            mask |= _KINDRED if mask & _OTHER_WORD else 0
            mask |= _OTHER_WORD if mask & _KINDRED else 0
        return mask

    def _first(self, items: Sequence[tuple[Any, Any]], follow: int) -> int:
        """What a sequence may begin with; `follow` is part of it where the whole sequence may be empty."""
        mask = 0
        for code, argument in items:
            part = self._first_of(code, argument)
            mask |= part & _EVERYTHING
            if not part & _NOTHING:
                return mask
        return mask | follow

    def _first_of(self, code: Any, argument: Any) -> int:
        if code is _codes.AT:
            return _NOTHING
        if code is _codes.SUBPATTERN:
            return self._first(list(argument[3]), _NOTHING)
        if code is _codes.BRANCH:
            found = 0
            for option in argument[1]:
                found |= self._first(list(option), _NOTHING)
            return found
        if code in {_codes.MAX_REPEAT, _codes.MIN_REPEAT}:
            return self._first(list(argument[2]), _NOTHING) | (_NOTHING if argument[0] == 0 else 0)
        return _EVERYTHING if code in _REFUSED else self._mask(code, argument)

    def _choice(self, ways: int, inside_repeat: bool) -> None:
        if inside_repeat:
            raise UnsafePatternError("repeats something that can match the same text in several ways")
        if ways > _BOUNDED:
            self.power += 1
        else:
            self.ways *= ways


def _mask(code: Any, argument: Any) -> int:
    if code is _codes.LITERAL:
        return _bit(argument)
    if code is _codes.NOT_LITERAL:
        return _EVERYTHING & ~_single(argument)
    return _in(argument) if code is _codes.IN else _EVERYTHING


def _in(items: Sequence[tuple[Any, Any]]) -> int:
    negated = items[0][0] is _codes.NEGATE
    mask = 0
    for code, argument in items[1:] if negated else items:
        if code is _codes.LITERAL:
            mask |= _single(argument) if negated else _bit(argument)
        elif code is _codes.RANGE:
            mask |= _range(*argument, exact=negated)
        elif code is _codes.CATEGORY:
            mask |= _CATEGORIES[argument]
    return _EVERYTHING & ~mask if negated else mask


def _range(low: int, high: int, *, exact: bool) -> int:
    mask = sum(1 << code for code in range(low, min(high, 127) + 1))
    if high > 127 and not exact:
        mask |= _OTHERS
    return mask


def _bit(code: int) -> int:
    if code < 128:
        return 1 << code
    character = chr(code)
    if character.isspace():
        return _OTHER_SPACE
    if character.isdecimal():
        return _OTHER_DIGIT
    return _OTHER_WORD if character.isalnum() else _OTHER_REST


def _single(code: int) -> int:
    """The bits that leaving out one character really takes away: none beyond ASCII, where one bit stands for many."""
    return 1 << code if code < 128 else 0


_UPPER = _ascii(r"[A-Z]")
_LOWER = _ascii(r"[a-z]")
# ASCII letters that are the same as one beyond ASCII when case is ignored, as s and the long s are.
_KINDRED = _ascii("[iksIKS]")
