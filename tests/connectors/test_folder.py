"""The shared folder: nothing outside it is reached, files appear whole, and every failure is a sentence."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.connectors import door
from app.connectors.errors import ConnectorError, Misconfigured, Retriable
from app.connectors.folder import FileSeen, LocalFolder, checked_relative, safe_name, said
from app.domain.errors import BadSettings
from tests.connectors.kit import LONG_AGO, land


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path, "acme/erp")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc", "The folder “/etc” is not relative."),
        ("~/x", "The folder “~/x” is not relative."),
        ("C:/x", "The folder “C:/x” is not relative."),
        ("../x", "The folder “../x” leads elsewhere or is hidden."),
        ("a/../../x", "The folder “a/../../x” leads elsewhere or is hidden."),
        ("", "The folder “” leads elsewhere or is hidden."),
        (".", "The folder “.” leads elsewhere or is hidden."),
        (".git", "The folder “.git” leads elsewhere or is hidden."),
        ("a\\..\\b", "The folder's name has a character that cannot be used."),
        ("a\x00b", "The folder's name has a character that cannot be used."),
    ],
)
def test_a_folder_lies_below_the_root(path: str, words: str):
    with pytest.raises(BadSettings) as caught:
        checked_relative(path)
    assert (str(caught.value), caught.value.field) == (words, "folder")
    assert caught.value.remedy == "Give a folder below the files root, such as acme/erp."


def test_a_folder_may_have_parts_spaces_and_a_slash_at_its_end():
    assert str(checked_relative(" acme inc/erp/ ")) == "acme inc/erp"


def test_subfolders_are_made_and_listed(folder: LocalFolder, tmp_path: Path):
    assert folder.listing("in") == []
    folder.prepare("in", "archive")
    land(tmp_path / "acme/erp/in", "a.csv", "12345")
    (tmp_path / "acme/erp/in/sub").mkdir()
    assert folder.listing("in") == [FileSeen("a.csv", 5, LONG_AGO)]
    assert folder.seen("in", "a.csv") == FileSeen("a.csv", 5, LONG_AGO)
    assert folder.seen("in", "b.csv") is None


def test_a_file_is_written_whole_replaced_moved_and_removed(folder: LocalFolder, tmp_path: Path):
    folder.prepare("out", "archive")
    folder.write("out", "a.json", b"one")
    folder.write("out", "a.json", b"two")
    assert [path.name for path in (tmp_path / "acme/erp/out").iterdir()] == ["a.json"]
    with folder.open("out", "a.json") as stream:
        assert stream.read() == b"two"
    folder.move("out", "a.json", "archive", "b.json")
    assert (tmp_path / "acme/erp/archive/b.json").read_bytes() == b"two"
    folder.remove("archive", "b.json")
    folder.remove("archive", "b.json")
    assert folder.listing("archive") == []


def test_a_link_out_of_the_root_is_refused(tmp_path: Path):
    outside, root = tmp_path / "outside", tmp_path / "root"
    (outside / "in").mkdir(parents=True)
    (root / "acme").mkdir(parents=True)
    (root / "acme/erp").symlink_to(outside)
    linked = LocalFolder(root, "acme/erp")
    for call in (
        lambda: linked.listing("in"),
        lambda: linked.prepare("in"),
        lambda: linked.write("in", "a", b""),
        lambda: linked.open("in", "a"),
        lambda: linked.seen("in", "a"),
        lambda: linked.remove("in", "a"),
    ):
        with pytest.raises(Misconfigured) as caught:
            call()
        assert str(caught.value) == "The folder acme/erp/in is a link that leads out of the files root."
    assert [finding.ok for finding in linked.findings("in")] == [False]
    assert list((outside / "in").iterdir()) == []


def test_a_link_inside_the_root_is_fine(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "other").symlink_to(tmp_path / "real")
    LocalFolder(tmp_path, "other").prepare("in")
    assert (tmp_path / "real/in").is_dir()


def test_a_linked_file_is_neither_listed_nor_opened(folder: LocalFolder, tmp_path: Path):
    folder.prepare("in")
    secret = land(tmp_path, "secret.csv", "password")
    (tmp_path / "acme/erp/in/orders.csv").symlink_to(secret)
    assert folder.listing("in") == []
    with pytest.raises(Retriable, match=r"^The file acme/erp/in/orders\.csv cannot be read: "):
        folder.open("in", "orders.csv")


@pytest.mark.parametrize("name", ["../a", "", ".", "..", "a/b", "a\x00"])
def test_only_plain_names_are_taken(folder: LocalFolder, name: str):
    with pytest.raises(Misconfigured):
        folder.write("out", name, b"")


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, Retriable, "It failed: the disk is full. Free some space on it; it is tried again."),
        (errno.EDQUOT, Retriable, "It failed: the disk is full. Free some space on it; it is tried again."),
        (errno.EACCES, Misconfigured, "It failed: Permission denied. Give Inlet's user the right to read and write there."),
        (errno.EPERM, Misconfigured, "It failed: Operation not permitted. Give Inlet's user the right to read and write there."),
        (errno.EROFS, Misconfigured, "It failed: Read-only file system. Give Inlet's user the right to read and write there."),
        (errno.EIO, Retriable, "It failed: Input/output error. It is tried again; look at the folder if it goes on."),
        (errno.ENOENT, Retriable, "It failed: No such file or directory. It is tried again; look at the folder if it goes on."),
    ],
)  # fmt: skip
def test_errors_of_the_disk_are_sentences(number: int, kind: type[ConnectorError], words: str):
    with pytest.raises(kind) as caught, said("It failed"):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind
    assert caught.value.sentence() == words


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 1,000 bytes in this process: what a full disk looks like to a writer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_file_and_no_half_one(folder: LocalFolder, tmp_path: Path, small_files: None):
    folder.prepare("out")
    folder.write("out", "a.json", b"old")
    with pytest.raises(Retriable) as caught:
        folder.write("out", "a.json", b"x" * 5000)
    assert str(caught.value) == "The file acme/erp/out/a.json cannot be written: the disk is full."
    assert {path.name: path.read_bytes() for path in (tmp_path / "acme/erp/out").iterdir()} == {"a.json": b"old"}


_AS_NOBODY = """
import os, sys
from pathlib import Path
from app.connectors.errors import Misconfigured
from app.connectors.folder import LocalFolder
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
folder = LocalFolder(Path(sys.argv[1]), "acme")
print(*(f"{finding.ok} {finding.message}" for finding in folder.findings("in")), sep="\\n")
try:
    folder.prepare("in")
except Misconfigured as error:
    print(error.sentence())
"""


def test_a_folder_that_is_closed_to_us_is_a_sentence(tmp_path: Path):
    root = tmp_path / "files"
    root.mkdir(mode=0o555)
    # pytest closes its folders to others, and this test looks as somebody else.
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.name.startswith(("pytest-", "popen-")) or parent == tmp_path:
            parent.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(root)], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert done.stdout.splitlines() == [
        f"False {root} cannot be written.",
        "The folder acme/in cannot be made: Permission denied. Give Inlet's user the right to read and write there.",
    ], done.stderr


def test_findings_change_nothing(folder: LocalFolder, tmp_path: Path):
    findings = folder.findings("in", "archive")
    assert [(finding.subject, finding.ok, finding.message) for finding in findings] == [
        ("Folder acme/erp/in", True, "It will be made at the first use."),
        ("Folder acme/erp/archive", True, "It will be made at the first use."),
    ]
    assert list(tmp_path.iterdir()) == []
    folder.prepare("in")
    assert folder.findings("in")[0].message == "It is there."


def test_the_folder_asks_the_door(folder: LocalFolder, tmp_path: Path):
    with door.closed("saving a page"), pytest.raises(door.NetworkClosed) as caught:
        folder.prepare("in")
    assert str(caught.value) == "The folder acme/erp was called inside saving a page: commit first, then call."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("PO-1.2_x", "PO-1.2_x"),
        ("A/1", "A_1-a5b3d27a"),
        ("A 1", "A_1-937bb40e"),
        ("../etc", "etc-f7f9121f"),
        ("", "_-e3b0c442"),
        ("ü", "_-607474ca"),
    ],
)
def test_names_of_files_are_safe(text: str, name: str):
    assert safe_name(text) == name


def test_texts_that_differ_have_names_that_differ():
    given = ["A/1", "A 1", "A_1", "A__1", "x" * 81, "x" * 82, "x" * 80]
    names = [safe_name(text) for text in given]
    assert len(set(names)) == len(given)
    assert all(len(name) <= 89 for name in names)
