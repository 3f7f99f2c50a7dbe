"""An inbox of files: which files are ready, their records in pages, and where each file goes once it was taken.

A file is ready when nobody is writing it any more: it was last written some seconds ago, or looked the same at an
earlier look, or has a marker beside it (`orders.csv.done` or `.ok`). A file that was taken moves to `archive/`. If some
of its records were refused, `error/` gets a file with only these, ready to be mended and sent again, and the reasons
beside it; if all were, the file itself moves there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from app.connectors.errors import Misconfigured, Retriable
from app.connectors.folder import FileSeen, Folder, said
from app.connectors.formats.csv_rows import header_of
from app.connectors.formats.pieces import Unreadable, refuse_size, storable

PAGE = 200
ARCHIVE, ERROR = "archive", "error"
MARKERS = (".done", ".ok")
_UNFINISHED = (".tmp", ".part", ".filepart", *MARKERS)
_MOST_REMEMBERED = 500
_LONGEST_NAME = 200


class Document(Protocol):
    """What an inbox hands out: a record with its raw text and where it stood."""

    @property
    def text(self) -> str:
        """The raw text."""

    @property
    def reference(self) -> str:
        """The file and the place in it."""


D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that was refused, and why."""

    text: str
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Which file each document of a page came from (by reference), and which files end with this page."""

    origins: Mapping[str, str]
    ended: Sequence[FileSeen]


@dataclass(frozen=True, slots=True)
class InboxPage(Generic[D]):
    """Up to 200 documents. `cursor` remembers the files that were not ready, for the next look."""

    documents: Sequence[D]
    cursor: Mapping[str, Any]
    taken: Taken


@dataclass(frozen=True, slots=True)
class Waiting:
    """When a file counts as ready: `settle` seconds after its last change, or only with a marker beside it."""

    patterns: tuple[str, ...]
    settle: float = 2.0
    needs_marker: bool = False


Reader = Callable[[str, Callable[[], BinaryIO]], Iterator[D]]
Unusable = Callable[[str, str, str], D]
"""Makes the document that stands for a file nobody can read: (raw text, reference, problem)."""


@dataclass(slots=True)
class _Progress:
    documents: int = 0
    refused: list[Refusal] = field(default_factory=list)


class Inbox(Generic[D]):
    """One subfolder that others write into."""

    def __init__(self, folder: Folder, sub: str, waiting: Waiting, now: Callable[[], datetime]) -> None:
        """Nothing is touched until the first look."""
        self._folder, self._sub, self._waiting, self._now = folder, sub, waiting, now
        self._progress: dict[str, _Progress] = {}

    def pages(self, cursor: Mapping[str, Any] | None, read: Reader[D], unusable: Unusable[D]) -> Iterator[InboxPage[D]]:
        """The records of all ready files, oldest file first."""
        self._folder.prepare(self._sub, ARCHIVE, ERROR)
        ready, after = self._look(cursor or {})
        documents: list[D] = []
        origins: dict[str, str] = {}
        ended: list[FileSeen] = []
        for file in ready:
            self._progress[file.name] = _Progress()
            for document in self._documents(file, read, unusable):
                if len(documents) == PAGE:
                    yield InboxPage(documents, after, Taken(origins, ended))
                    documents, origins, ended = [], {}, []
                documents.append(document)
                origins[document.reference] = file.name
            ended.append(file)
        if documents or ended or after != (cursor or {}):
            yield InboxPage(documents, after, Taken(origins, ended))

    def put_away(self, taken: Taken, refused: Iterable[Refusal]) -> None:
        """Count the refusals of a committed page, and put away every file that ended with it."""
        for name in taken.origins.values():
            self._progress.setdefault(name, _Progress()).documents += 1
        for refusal in refused:
            name = taken.origins.get(refusal.reference, "")
            if name:
                self._progress[name].refused.append(refusal)
        for file in taken.ended:
            progress = self._progress.pop(file.name, _Progress())
            if self._folder.seen(self._sub, file.name) != file:
                continue
            try:
                self._put_away(file, progress)
            except Retriable:
                if self._folder.seen(self._sub, file.name) is not None:
                    raise

    def waiting(self) -> int:
        """How many files lie in the inbox that match the pattern."""
        return sum(1 for file in self._folder.listing(self._sub) if self._matches(file.name))

    def _look(self, cursor: Mapping[str, Any]) -> tuple[list[FileSeen], dict[str, Any]]:
        listed = self._folder.listing(self._sub)
        names = {file.name for file in listed}
        seen_before: Mapping[str, Any] = cursor.get("unsettled", {})
        now = self._now().timestamp()
        ready: list[FileSeen] = []
        unsettled: dict[str, list[float]] = {}
        for file in sorted(listed, key=lambda file: (file.modified, file.name)):
            if not self._matches(file.name):
                continue
            before = seen_before.get(storable(file.name))
            if self._is_ready(file, names, before, now):
                ready.append(file)
            elif len(unsettled) < _MOST_REMEMBERED:
                since = before[2] if before is not None and _same(file, before) else now
                unsettled[storable(file.name)] = [file.size, file.modified, since]
        return ready, {"unsettled": unsettled} if unsettled else {}

    def _matches(self, name: str) -> bool:
        lower = name.lower()
        if lower.startswith((".", "~")) or lower.endswith(_UNFINISHED):
            return False
        return any(fnmatch(lower, pattern.lower()) for pattern in self._waiting.patterns)

    def _is_ready(self, file: FileSeen, names: set[str], before: Any, now: float) -> bool:
        if any(marker in names for marker in _markers(file.name)):
            return True
        if self._waiting.needs_marker:
            return False
        if now - file.modified >= self._waiting.settle:
            return True
        return _same(file, before) and now - before[2] >= self._waiting.settle

    def _documents(self, file: FileSeen, read: Reader[D], unusable: Unusable[D]) -> Iterator[D]:
        name = storable(file.name)
        try:
            refuse_size(file.size)
            with said(f"The file {name} cannot be read"):
                yield from read(name, lambda: self._folder.open(self._sub, file.name))
        except Unreadable as error:
            yield unusable("", name, f"The file {name} cannot be read. {error.sentence()}")
        except Misconfigured as error:
            yield unusable("", name, error.sentence())
        except Retriable:
            # Somebody else who looks into the same folder may have taken the file meanwhile.
            if self._folder.seen(self._sub, file.name) is not None:
                raise

    def _put_away(self, file: FileSeen, progress: _Progress) -> None:
        refused = progress.refused
        if not refused:
            self._move(file, ARCHIVE)
        elif len(refused) == progress.documents or not (rest := bundle([refusal.text for refusal in refused])):
            self._write_reasons(self._move(file, ERROR), file.name, progress)
        else:
            name = self._free_name(ERROR, file)
            self._folder.write(ERROR, name, rest.encode("utf-8"))
            self._write_reasons(name, file.name, progress)
            self._move(file, ARCHIVE)
        for marker in _markers(file.name):
            self._folder.remove(self._sub, marker)

    def _move(self, file: FileSeen, to_sub: str) -> str:
        name = self._free_name(to_sub, file)
        self._folder.move(self._sub, file.name, to_sub, name)
        return name

    def _write_reasons(self, name: str, file_name: str, progress: _Progress) -> None:
        count = len(progress.refused)
        rest = "The others were taken." if count < progress.documents else "Nothing of it was taken."
        shown = storable(file_name)
        lines = [f"{shown}: {count} of {progress.documents} records refused. {rest}", ""]
        lines += [f"{_place(refusal.reference, shown)}: {refusal.reason}" for refusal in progress.refused]
        self._folder.write(ERROR, f"{name}.reason.txt", ("\n".join(lines) + "\n").encode("utf-8"))

    def _free_name(self, sub: str, file: FileSeen) -> str:
        """The file's own name, or with the time and a short digest of the content if that one is taken or too long."""
        long = len(file.name.encode("utf-8", "surrogateescape")) > _LONGEST_NAME
        if not long and self._folder.seen(sub, file.name) is None:
            return file.name
        digest = hashlib.sha256()
        with self._folder.open(self._sub, file.name) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        path = PurePosixPath(file.name)
        return f"{path.stem[:60]}-{self._now():%Y%m%dT%H%M%S}-{digest.hexdigest()[:8]}{path.suffix[:20]}"


def bundle(texts: Sequence[str]) -> str:
    """The refused records of one file as a file of the same format; empty if none of them has a text."""
    parts = [part for part in dict.fromkeys(texts) if part]
    if not parts:
        return ""
    if parts[0].lstrip()[:1] in ("{", "["):
        return "[\n" + ",\n".join(part.strip() for part in parts) + "\n]\n"
    header = header_of(parts[0])
    return header + "".join(part.removeprefix(header) for part in parts)


def _same(file: FileSeen, before: Any) -> bool:
    return before is not None and before[:2] == [file.size, file.modified]


def _place(reference: str, file_name: str) -> str:
    return reference.removeprefix(file_name).lstrip(", ") or "the whole file"


def _markers(name: str) -> list[str]:
    stem = PurePosixPath(name).stem
    return [f"{base}{marker}" for base in (name, stem) for marker in MARKERS]
