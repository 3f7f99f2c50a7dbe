"""A shared folder: where files are taken from and put into. Here a local one; others speak the same protocol.

Nothing outside the folder can be reached: names are plain file names, subfolders are fixed by the connector, and a link
that leads out of the files root is refused. A file appears complete or not at all: it is written under a hidden name,
flushed to the disk and then renamed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from app.connectors import door
from app.connectors.contract import Finding
from app.connectors.errors import Misconfigured, Retriable
from app.domain.errors import BadSettings

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as it was listed: its name, its size in bytes, and when it was last written (seconds since 1970)."""

    name: str
    size: int
    modified: float


class Folder(Protocol):
    """Subfolders with files. All of it raises Retriable or Misconfigured with a sentence."""

    name: str

    def prepare(self, *subs: str) -> None:
        """Make the subfolders that are missing."""

    def listing(self, sub: str) -> list[FileSeen]:
        """The plain files of a subfolder."""

    def seen(self, sub: str, name: str) -> FileSeen | None:
        """One file as it is now, or None if there is none of that name."""

    def open(self, sub: str, name: str) -> BinaryIO:
        """A file to read, from its start."""

    def write(self, sub: str, name: str, content: bytes) -> None:
        """Write a file so that it appears complete or not at all; one of that name is replaced."""

    def move(self, sub: str, name: str, to_sub: str, to_name: str) -> None:
        """Move a file to another subfolder."""

    def remove(self, sub: str, name: str) -> None:
        """Remove a file; one that is gone already is fine."""

    def findings(self, *subs: str) -> list[Finding]:
        """Try the folder without changing anything in it."""


def checked_relative(path: str, field: str = "folder") -> PurePosixPath:
    """A folder below the files root, as entered. Raises BadSettings for a path that would lead elsewhere."""
    given = PurePosixPath(path.strip().rstrip("/"))
    remedy = "Give a folder below the files root, such as acme/erp."
    if path.strip().startswith(("/", "~")) or re.match(r"[A-Za-z]:", path.strip()):
        raise BadSettings(f"The folder “{path}” is not relative.", field, remedy)
    if not given.parts or ".." in given.parts or any(part.startswith(".") for part in given.parts):
        raise BadSettings(f"The folder “{path}” leads elsewhere or is hidden.", field, remedy)
    if "\x00" in path or "\\" in path:
        raise BadSettings("The folder's name has a character that cannot be used.", field, remedy)
    return given


def safe_name(text: str) -> str:
    """A file name made of this text. Texts that differ never give the same name: what was lost is told by a digest."""
    plain = _UNSAFE.sub("_", text).strip("._") or "_"
    if plain == text and len(plain) <= _LONGEST_NAME:
        return plain
    return f"{plain[:_LONGEST_NAME]}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


@contextmanager
def said(what: str) -> Iterator[None]:
    """Turn an OSError of the block into Retriable or Misconfigured; `what` is the beginning of the sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or "unknown reason"
        if error.errno in _FULL:
            raise Retriable(f"{what}: the disk is full.", "Free some space on it; it is tried again.") from error
        if error.errno in _CLOSED:
            remedy = "Give Inlet's user the right to read and write there."
            raise Misconfigured(f"{what}: {reason}.", remedy) from error
        raise Retriable(f"{what}: {reason}.", "It is tried again; look at the folder if it goes on.") from error


class LocalFolder:
    """A folder on a disk of this machine, below the files root."""

    def __init__(self, files_root: Path, path: str) -> None:
        """`path` is relative to the root. Raises BadSettings; nothing is touched yet."""
        self._root = files_root
        self._relative = checked_relative(path)
        self.name = str(self._relative)

    def prepare(self, *subs: str) -> None:
        """Make the subfolders that are missing."""
        for sub in subs:
            place = self._place(sub)
            with said(f"The folder {self.name}/{sub} cannot be made"):
                place.mkdir(parents=True, exist_ok=True)
            self._place(sub)

    def listing(self, sub: str) -> list[FileSeen]:
        """The plain files of a subfolder; links and folders are left out. Empty if there is no such subfolder."""
        place = self._place(sub)
        found = []
        with said(f"The folder {self.name}/{sub} cannot be read"):
            if not place.exists():
                return []
            with os.scandir(place) as entries:
                for entry in entries:
                    seen = self._seen(place / entry.name)
                    if seen is not None:
                        found.append(seen)
        return found

    def seen(self, sub: str, name: str) -> FileSeen | None:
        """One file as it is now, or None."""
        with said(f"The file {self.name}/{sub}/{name} cannot be looked at"):
            return self._seen(self._file(sub, name))

    def open(self, sub: str, name: str) -> BinaryIO:
        """A file to read. A link is not followed."""
        path = self._file(sub, name)
        with said(f"The file {self.name}/{sub}/{name} cannot be read"):
            return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    def write(self, sub: str, name: str, content: bytes) -> None:
        """Write a file by way of a hidden one, which is flushed and then renamed."""
        path = self._file(sub, name)
        hidden = path.with_name(f".{name}.{secrets.token_hex(4)}.tmp")
        with said(f"The file {self.name}/{sub}/{name} cannot be written"):
            try:
                with hidden.open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                hidden.replace(path)
            except OSError:
                hidden.unlink(missing_ok=True)
                raise
            _flush_folder(path.parent)

    def move(self, sub: str, name: str, to_sub: str, to_name: str) -> None:
        """Move a file to another subfolder of this folder."""
        source, target = self._file(sub, name), self._file(to_sub, to_name)
        with said(f"The file {self.name}/{sub}/{name} cannot be moved to {to_sub}"):
            source.replace(target)
            _flush_folder(target.parent)

    def remove(self, sub: str, name: str) -> None:
        """Remove a file; one that is gone already is fine."""
        with said(f"The file {self.name}/{sub}/{name} cannot be removed"):
            self._file(sub, name).unlink(missing_ok=True)

    def findings(self, *subs: str) -> list[Finding]:
        """Is the folder there, or can it be made, and may we read and write in it?"""
        found = [self._finding(sub) for sub in subs]
        return [finding for finding in found if not finding.ok] or found

    def _finding(self, sub: str) -> Finding:
        subject = f"Folder {self.name}/{sub}"
        try:
            place = self._place(sub)
        except Misconfigured as error:
            return Finding(subject, False, str(error), error.remedy)
        there = next(path for path in (place, *place.parents) if _is_there(path))
        if not os.access(there, os.R_OK | os.W_OK | os.X_OK) or not there.is_dir():
            return Finding(subject, False, f"{there} cannot be written.", "Give Inlet's user the right to write there.")
        return Finding(subject, True, "It is there." if there == place else "It will be made at the first use.")

    def _place(self, sub: str) -> Path:
        """The subfolder's path, once it is sure that no link leads out of the root."""
        door.require_open(f"The folder {self.name}")
        place = self._root / self._relative / sub
        with said(f"The folder {self.name}/{sub} cannot be looked at"):
            inside = place.resolve().is_relative_to(self._root.resolve())
        if not inside:
            remedy = "Replace the link by a real folder."
            raise Misconfigured(f"The folder {self.name}/{sub} is a link that leads out of the files root.", remedy)
        return place

    def _file(self, sub: str, name: str) -> Path:
        if not name or name in {".", ".."} or "/" in name or "\x00" in name:
            raise Misconfigured(f"“{name}” is no name of a file.", "Rename it.")
        return self._place(sub) / name

    @staticmethod
    def _seen(path: Path) -> FileSeen | None:
        try:
            found = path.lstat()
        except FileNotFoundError:
            return None
        return FileSeen(path.name, found.st_size, found.st_mtime) if stat.S_ISREG(found.st_mode) else None


def _flush_folder(path: Path) -> None:
    """Make a rename last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_there(path: Path) -> bool:
    """Whether there is something at the path. What lies behind a closed folder cannot be seen, so it is not there."""
    try:
        return path.exists()
    except PermissionError:
        return False
