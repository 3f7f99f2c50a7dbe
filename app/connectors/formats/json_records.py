"""JSON files: one object, an array, an object that wraps the array, or one object per line; cut into records.

Each record is parsed by itself, so that its raw text is kept and a broken one is refused alone. Numbers are exact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

from app.connectors.formats.pieces import KEPT_TEXT, MAX_RECORDS, Piece, Unreadable, breakage, decoded, storable

_SPACE = re.compile(r"[ \t\r\n]*")
_SPACE_OR_COMMA = re.compile(r"[ \t\r\n,]*")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_KEY = re.compile(r'[ \t\r\n,]*"([^"\\]*)"[ \t\r\n]*:[ \t\r\n]*')
_SCALAR_END = re.compile(r"[,\]}\r\n]")
_HALF_CHARACTER = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_NEXT_LINE = re.compile(r"\n[ \t]*(?=\{)")

_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=Decimal)


def exact(text: str) -> Any:
    """Parse one JSON text with exact numbers. Raises ValueError or RecursionError."""
    return _DECODER.decode(text)


def exact_or_none(text: str, kind: type[Any]) -> Any:
    """The same where the text is JSON of that kind (dict or list), else None: it may be no JSON at all."""
    try:
        found = exact(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, kind) else None


def pieces(stream: BinaryIO, wrapper: str) -> Iterator[Piece]:
    """Cut a JSON file into records. `wrapper` names the member that may hold the array. Raises Unreadable."""
    text = "".join(decoded(stream))
    start = _skipped(_SPACE, text, 0)
    if start == len(text):
        raise Unreadable("The file is empty.", "Send it again with its records.")
    if text[start] not in "[{":
        seen = storable(text[start : start + 40].splitlines()[0].strip())
        raise Unreadable(f"The file does not start with “{{” or “[” but with “{seen}”.", "Send JSON.")
    wrapped = _wrapped(text, start, wrapper) if text[start] == "{" else start
    found = _array(text, wrapped + 1) if wrapped is not None else _objects(text, start)
    for index, piece in enumerate(found, start=1):
        if index > MAX_RECORDS:
            raise Unreadable(f"The file has more than {MAX_RECORDS} records.", "Split it and send the parts.")
        yield Piece(piece.text, f"record {index}", piece.data, piece.problem)


def parsed(piece_text: str) -> Piece:
    """Parse the text of one record again."""
    return _one(piece_text, 0)[0]


def _wrapped(text: str, start: int, wrapper: str) -> int | None:
    """Where the wrapped array starts, or None if this object is no wrapper."""
    at = start + 1
    while (key := _KEY.match(text, at)) is not None:
        at = key.end()
        if key.group(1) == wrapper:
            return at if text[at : at + 1] == "[" else None
        end = _end(text, at)
        if end is None:
            return None
        at = end
    return None


def _array(text: str, at: int) -> Iterator[Piece]:
    while True:
        at = _skipped(_SPACE_OR_COMMA, text, at)
        if at >= len(text):
            yield _cut(text, at, "The list of records is not closed: the file may have been cut off.")
            return
        if text[at] == "]":
            return
        piece, end = _one(text, at)
        if end is None:
            yield piece
            return
        yield piece
        at = end


def _objects(text: str, at: int) -> Iterator[Piece]:
    while (at := _skipped(_SPACE, text, at)) < len(text):
        piece, end = _one(text, at)
        if piece.problem and piece.data is None:
            following = _NEXT_LINE.search(text, at)
            end = following.start() if following else len(text)
            piece = Piece(storable(text[at:end].rstrip()[:KEPT_TEXT]), "", None, piece.problem)
        yield piece
        at = end if end is not None else len(text)


def _one(text: str, at: int) -> tuple[Piece, int | None]:
    """The record that starts here and where it ends; without an end nothing behind it can be read."""
    try:
        data, end = _DECODER.raw_decode(text, at)
    except RecursionError:
        return _broken(text, at, "it is nested too deeply.")
    except json.JSONDecodeError as error:
        return _broken(text, at, f"{error.msg} at line {error.lineno}, column {error.colno}.")
    except ValueError:
        return _broken(text, at, "a number in it has too many digits.")
    raw = text[at:end]
    problem = _unstorable(raw, data)
    if not problem and not isinstance(data, dict):
        problem = "This record is no object."
    return Piece(storable(raw), "", data, problem), end


def _broken(text: str, at: int, why: str) -> tuple[Piece, int | None]:
    end = _end(text, at)
    raw = text[at : end or len(text)]
    return Piece(storable(raw[:KEPT_TEXT]), "", None, f"This record is not valid JSON: {why}"), end


def _cut(text: str, at: int, problem: str) -> Piece:
    return Piece(storable(text[max(0, at - 80) : at]), "", None, problem)


def _unstorable(raw: str, data: Any) -> str:
    broken = breakage(raw)
    if not broken and "\\u" in raw and _HALF_CHARACTER.search(raw) and any(breakage(text) for text in _texts(data)):
        broken = "it has a character that no text may hold (\\u0000 or half of a pair)"
    return f"This record cannot be stored: {broken}." if broken else ""


def _texts(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.keys())
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _end(text: str, at: int) -> int | None:
    """The end of the value that starts here, found by its brackets alone; None if they do not close."""
    if text[at : at + 1] not in ("{", "["):
        quoted = _TOKEN.match(text, at)
        if quoted is not None:
            return quoted.end()
        scalar = _SCALAR_END.search(text, at)
        return scalar.start() if scalar else None
    depth = 0
    for token in _TOKEN.finditer(text, at):
        kind = text[token.start()]
        if kind in "{[":
            depth += 1
        elif kind in "}]":
            depth -= 1
            if depth == 0:
                return token.end()
    return None


def _skipped(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
