"""A source that drops its purchase orders as files into a folder and takes status files from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, ClassVar

from app.connectors.contract import (
    Confirmed,
    ConnectorContext,
    Exchange,
    FailedDocument,
    Finding,
    ImportWindow,
    OrderPage,
    Proof,
    RawDocument,
    SourceCapabilities,
    StatusMessage,
)
from app.connectors.errors import Rejection
from app.connectors.file_settings import FOLDER, FORMATS, READY_FIELDS, endings, waiting_from
from app.connectors.folder import Folder, LocalFolder, safe_name
from app.connectors.formats.notice_files import as_json, key_in, status_csv, status_data
from app.connectors.formats.order_files import map_order, order_pieces
from app.connectors.formats.values import DateStyle, Reading
from app.connectors.inbox import ARCHIVE, ERROR, Inbox, Refusal
from app.connectors.settings import FieldKind, SettingField
from app.domain.record import PurchaseOrderRecord, digest_of

IN, STATUS = "in", "status"


class FilesSource:
    """Purchase orders as CSV or JSON files in `in/`, status files in `status/`."""

    kind: ClassVar[str] = "files"
    label: ClassVar[str] = "Files (CSV and JSON)"
    proof: ClassVar[Proof] = "real software"
    mapping_version: ClassVar[str] = "1"
    fields: ClassVar[tuple[SettingField, ...]] = (
        FOLDER,
        *READY_FIELDS,
        SettingField("status_format", "Status files as", FieldKind.CHOICE, default="json", choices=FORMATS),
    )
    capabilities: ClassVar[SourceCapabilities] = SourceCapabilities(push_status=True, takes_receipts=True)

    def __init__(self, settings: Mapping[str, Any], _secrets: Mapping[str, str], context: ConnectorContext) -> None:
        """Take validated settings; the folder is not touched yet. Raises BadSettings for a path that cannot be."""
        self._folder: Folder = LocalFolder(context.files_root, str(settings["folder"]))
        self._inbox: Inbox[RawDocument] = Inbox(self._folder, IN, waiting_from(settings), context.now)
        self._reading = Reading(context.zone, DateStyle(settings["dates"]))
        self._endings = endings(str(settings["status_format"]))

    def test(self) -> list[Finding]:
        """May the folders be read and written, and how many files wait there?"""
        findings = self._folder.findings(IN, ARCHIVE, ERROR, STATUS)
        if all(finding.ok for finding in findings):
            findings.append(Finding("Files", True, f"Waiting in {IN}: {self._inbox.waiting()}."))
        return findings

    def pages(self, window: ImportWindow) -> Iterator[OrderPage]:
        """The purchase orders of all files that are ready, oldest file first."""
        if window.number or window.ordered_from or window.ordered_to:
            raise Rejection("A folder cannot be asked for single purchase orders.", "Drop the file again instead.")
        for page in self._inbox.pages(window.cursor, _read, _unusable):
            yield OrderPage(page.documents, page.cursor, page.taken)

    def acknowledge(self, page: OrderPage, failed: Sequence[FailedDocument]) -> None:
        """Put away the files that ended with this page."""
        refused = [Refusal(item.document.text, item.document.reference, item.reason) for item in failed]
        self._inbox.put_away(page.token, refused)

    def map_order(self, document: RawDocument) -> PurchaseOrderRecord:
        """Map one purchase order. Raises BadRecord."""
        return map_order(document.text, document.data, self._reading)

    def push_status(self, message: StatusMessage) -> Confirmed:
        """Write the status file; the same message again finds it there and changes nothing."""
        found = self.find_status(message)
        if found is not None:
            return found
        self._folder.prepare(STATUS)
        data = status_data(message)
        name = _status_name(message)
        for ending in self._endings:
            self._folder.write(STATUS, f"{name}.{ending}", as_json(data) if ending == "json" else status_csv(data))
        return Confirmed(name, Exchange(request=as_json(data).decode(), reply=f"{self._folder.name}/{STATUS}/{name}"))

    def find_status(self, message: StatusMessage) -> Confirmed | None:
        """Is the file of this very message there, in each format that is asked for?"""
        name = _status_name(message)
        for ending in self._endings:
            if self._folder.seen(STATUS, f"{name}.{ending}") is None:
                return None
            with self._folder.open(STATUS, f"{name}.{ending}") as stream:
                if key_in(stream.read(), ending) != message.key:
                    return None
        return Confirmed(name)


def _read(name: str, opened: Callable[[], BinaryIO]) -> Iterator[RawDocument]:
    for piece in order_pieces(name, opened):
        yield RawDocument(piece.text, f"{name}, {piece.place}", piece.data, piece.problem)


def _unusable(text: str, reference: str, problem: str) -> RawDocument:
    return RawDocument(text, reference, None, problem)


def _status_name(message: StatusMessage) -> str:
    """`<number>-<version>`; where two orders could share a number, a short digest of the source's id parts them."""
    number = safe_name(message.number)
    if message.external_id == message.number:
        return f"{number}-{message.version}"
    return f"{number}-{digest_of(message.external_id)[:8]}-{message.version}"
