"""A file is cut into pieces: one piece per record, each with its own raw text, so that a bad one is refused alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from app.domain.errors import InletError

MAX_BYTES = 50_000_000
MAX_RECORDS = 200_000
KEPT_TEXT = 20_000

_BROKEN = re.compile("[\x00\ud800-\udfff]")


class Unreadable(InletError):
    """A whole file cannot be read, so that no record of it can be told from another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One record as it stood in the file.

    `text` is self-contained (a CSV piece brings its header) and can be stored: what is no character stands as \\xNN.
    `place` says where it stood, such as "rows 4-6". `problem` is set when it cannot be used at all.
    """

    text: str
    place: str
    data: Any = None
    problem: str = ""


def decoded(stream: BinaryIO) -> Iterator[str]:
    """The lines of a UTF-8 file with their ends; a byte that is no UTF-8 is a lone surrogate. Raises Unreadable."""
    start = stream.read(4)
    _refuse_other_kinds(start)
    stream.seek(0)
    size = 0
    for line in stream:
        size += len(line)
        refuse_size(size)
        yield line.decode("utf-8-sig" if size == len(line) else "utf-8", "surrogateescape")


def refuse_size(size: int) -> None:
    """Raise Unreadable for a file of more bytes than are read at once."""
    if size > MAX_BYTES:
        raise Unreadable(f"The file is larger than {MAX_BYTES // 1_000_000} MB.", "Split it and send the parts.")


def storable(text: str) -> str:
    """The text with every NUL and every byte that is no UTF-8 written out as \\x00 or \\xE9."""
    return _BROKEN.sub(lambda match: f"\\x{ord(match.group()) & 0xFF:02X}", text)


def breakage(text: str) -> str:
    """What in this text no database can hold, in words; empty if nothing."""
    if text.isascii() and "\x00" not in text:
        return ""
    match = _BROKEN.search(text)
    if match is None:
        return ""
    if match.group() == "\x00":
        return "there is a NUL character in it"
    return f"the byte 0x{ord(match.group()) & 0xFF:02X} in it is not UTF-8"


def _refuse_other_kinds(start: bytes) -> None:
    if not start:
        raise Unreadable("The file is empty.", "Send it again with its records.")
    if start.startswith(b"PK"):
        raise Unreadable("The file is a spreadsheet or a ZIP archive.", "Export it as “CSV UTF-8” and send that.")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable("The file is UTF-16.", "Save it as “CSV UTF-8” and send that.")
