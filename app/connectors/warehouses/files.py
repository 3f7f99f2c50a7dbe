"""A warehouse that takes inbound notices as files from a folder and drops its receipts into it.

`out/` is the warehouse's to empty, so it tells nothing about what was announced. A copy of each notice in its newest
version stays in `sent/`: there a document is looked up by its key, and a retry finds that it was announced before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, ClassVar

from app.connectors.contract import (
    Accepted,
    ConnectorContext,
    Cursor,
    Exchange,
    FailedReceipt,
    Finding,
    FoundNotice,
    InboundNotice,
    Proof,
    ReceiptDocument,
    ReceiptPage,
    WarehouseCapabilities,
)
from app.connectors.errors import Rejection
from app.connectors.file_settings import FOLDER, FORMATS, READY_FIELDS, endings, waiting_from
from app.connectors.folder import Folder, LocalFolder, safe_name
from app.connectors.formats.notice_files import as_json, key_in, notice_csv, notice_data
from app.connectors.formats.receipt_files import receipt_pieces, receipts, refused
from app.connectors.formats.values import DateStyle, Reading
from app.connectors.inbox import ARCHIVE, ERROR, Inbox, Refusal
from app.connectors.settings import FieldKind, SettingField
from app.domain.record import digest_of

OUT, SENT, RECEIPTS = "out", "sent", "receipts"


class FilesWarehouse:
    """Inbound notices as JSON or CSV files in `out/`, receipts as JSON or CSV files in `receipts/`."""

    kind: ClassVar[str] = "files"
    label: ClassVar[str] = "Files (CSV and JSON)"
    proof: ClassVar[Proof] = "real software"
    fields: ClassVar[tuple[SettingField, ...]] = (
        FOLDER,
        SettingField("notice_format", "Inbound notices as", FieldKind.CHOICE, default="json", choices=FORMATS),
        SettingField(
            "receipt_quantities",
            "Receipts report",
            FieldKind.CHOICE,
            default="delta",
            choices=(("delta", "what just came"), ("cumulative", "all that came so far")),
        ),
        *READY_FIELDS,
    )
    capabilities: ClassVar[WarehouseCapabilities] = WarehouseCapabilities(
        update=True, cancel=True, look_up=True, pull_receipts=True
    )

    def __init__(self, settings: Mapping[str, Any], _secrets: Mapping[str, str], context: ConnectorContext) -> None:
        """Take validated settings; the folder is not touched yet. Raises BadSettings for a path that cannot be."""
        self._folder: Folder = LocalFolder(context.files_root, str(settings["folder"]))
        self._inbox: Inbox[ReceiptDocument] = Inbox(self._folder, RECEIPTS, waiting_from(settings), context.now)
        self._reading = Reading(context.zone, DateStyle(settings["dates"]))
        self._endings = endings(str(settings["notice_format"]))
        self._cumulative = settings["receipt_quantities"] == "cumulative"

    def test(self) -> list[Finding]:
        """May the folders be read and written, and how many files wait there?"""
        findings = self._folder.findings(OUT, SENT, RECEIPTS, ARCHIVE, ERROR)
        if all(finding.ok for finding in findings):
            findings.append(Finding("Files", True, f"Waiting in {RECEIPTS}: {self._inbox.waiting()}."))
        return findings

    def create(self, notice: InboundNotice) -> Accepted:
        """Write the notice, unless its key was announced before. Raises Rejection if it was canceled since."""
        held = self._held(notice)
        if held is None:
            return self._announce(notice, "create")
        if held["action"] == "cancel":
            raise _canceled(notice)
        return Accepted(_stem(notice))

    def update(self, notice: InboundNotice) -> Accepted:
        """Replace the notice by this version; a version that is held already changes nothing."""
        held = self._held(notice)
        if held is not None and held["action"] == "cancel":
            raise _canceled(notice)
        if held is not None and held["version"] >= notice.version:
            return Accepted(_stem(notice))
        return self._announce(notice, "update")

    def cancel(self, notice: InboundNotice) -> Accepted:
        """Write the cancellation, and take back the notice if nobody has fetched it yet."""
        held = self._held(notice)
        if held is not None and held["action"] == "cancel":
            return Accepted(_stem(notice))
        accepted = self._announce(notice, "cancel", ".cancel")
        for ending in ("json", "csv"):
            self._folder.remove(OUT, f"{_stem(notice)}.{ending}")
        return accepted

    def find(self, notice: InboundNotice) -> FoundNotice | None:
        """Look the document up by its key."""
        held = self._held(notice)
        if held is None:
            return None
        return FoundNotice(_stem(notice), int(held["version"]), held["action"] == "cancel")

    def receipts(self, cursor: Cursor | None) -> Iterator[ReceiptPage]:
        """The receipts of all files that are ready, oldest file first."""
        for page in self._inbox.pages(cursor, self._read, _unusable):
            yield ReceiptPage(page.documents, page.cursor, page.taken)

    def acknowledge(self, page: ReceiptPage, failed: Sequence[FailedReceipt]) -> None:
        """Put away the files that ended with this page."""
        refusals = [Refusal(item.receipt.text, item.receipt.reference, item.reason) for item in failed]
        self._inbox.put_away(page.token, refusals)

    def _announce(self, notice: InboundNotice, action: str, suffix: str = "") -> Accepted:
        """Write the files for the warehouse first and our copy last: a crash in between repeats, it never forgets."""
        self._folder.prepare(OUT, SENT)
        data, stem = notice_data(notice, action), _stem(notice)
        for ending in self._endings:
            content = as_json(data) if ending == "json" else notice_csv(data)
            self._folder.write(OUT, f"{stem}{suffix}.{ending}", content)
        self._folder.write(SENT, f"{stem}.json", as_json(data))
        written = ", ".join(f"{self._folder.name}/{OUT}/{stem}{suffix}.{ending}" for ending in self._endings)
        return Accepted(stem, Exchange(request=as_json(data).decode(), reply=f"Written: {written}"))

    def _held(self, notice: InboundNotice) -> dict[str, Any] | None:
        """Our copy of the document; where a crash came before the copy, it is made now from the warehouse's file."""
        name = f"{_stem(notice)}.json"
        for sub in (SENT, OUT):
            content = self._content(sub, name)
            if content and key_in(content, "json") == notice.key:
                if sub == OUT:
                    self._folder.write(SENT, name, content)
                found: dict[str, Any] = json.loads(content)
                return found
        return None

    def _content(self, sub: str, name: str) -> bytes:
        if self._folder.seen(sub, name) is None:
            return b""
        with self._folder.open(sub, name) as stream:
            return stream.read()

    def _read(self, name: str, opened: Callable[[], BinaryIO]) -> Iterator[ReceiptDocument]:
        for piece in receipt_pieces(name, opened):
            yield from receipts(piece, f"{name}, {piece.place}", self._reading, cumulative=self._cumulative)


def _unusable(text: str, reference: str, problem: str) -> ReceiptDocument:
    return refused(text, reference, problem)


def _stem(notice: InboundNotice) -> str:
    """The file name of a document, fixed by its number and key: a repeat replaces the file and never adds a second."""
    return f"{safe_name(notice.number)}-{digest_of(notice.key)[:12]}"


def _canceled(notice: InboundNotice) -> Rejection:
    return Rejection(
        f"The inbound notice of purchase order {notice.number} was canceled at this warehouse.",
        "Reset the purchase order to announce it anew.",
    )
