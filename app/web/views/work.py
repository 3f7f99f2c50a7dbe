"""Operations: runs, the records that they refused, and deliveries with their attempts."""

from __future__ import annotations

from collections.abc import Iterable

from flask import redirect, url_for

from app.extensions import db
from app.models import Delivery, DeliveryKind, DeliveryState, Run, RunFailure, RunKind, RunState
from app.queries.orders import attempts_of
from app.queries.work import DELIVERIES, FAILURES, RUNS, failures_of
from app.web import cells
from app.web.asking import Filter
from app.web.base import Answer, RecordView
from app.web.bulk_pages import label_of
from app.web.columns import Col, Shown, table
from app.web.days import Dates
from app.web.fab import guarded, route
from app.web.interface import Interface
from app.web.pages import Cell, Empty, Fact, Facts, Table


def _words(values: Iterable[RunKind | RunState | DeliveryKind | DeliveryState]) -> tuple[tuple[str, str], ...]:
    return tuple((value.value, value.value.replace("_", " ").capitalize()) for value in values)


def _duration(run: Run) -> Cell:
    if run.started_at is None or run.finished_at is None:
        return Cell()
    return cells.text(f"{(run.finished_at - run.started_at).total_seconds():.1f} s")


def _kind(run: Run) -> Cell:
    if run.kind is RunKind.BULK:
        return cells.text("Bulk job", note=label_of(run))
    return cells.word(run.kind.value)


def _new(run: Run) -> Cell:
    """A bulk job makes no order."""
    return Cell() if run.kind is RunKind.BULK else cells.number(run.new)


RUN_COLUMNS = (
    Col("id", "Run", lambda row, _: cells.number(row.id), sort="started", right=True),
    Col("kind", "Kind", lambda row, _: _kind(row)),
    Col("state", "State", lambda row, _: cells.word(row.state.value)),
    Col("at", "Asked for", lambda row, _: cells.instant(row.at)),
    Col("by", "By", lambda row, _: cells.text(row.started_by)),
    Col("seen", "Seen", lambda row, _: cells.number(row.seen), right=True),
    Col("new", "New", lambda row, _: _new(row), sort="new", right=True),
    Col("changed", "Changed", lambda row, _: cells.number(row.changed), right=True),
    Col("failed", "Failed", lambda row, _: cells.number(row.failed), sort="failed", right=True),
    Col("duration", "Took", lambda row, _: _duration(row), right=True),
)
FAILURE_COLUMNS = (
    Col("reference", "Record", lambda row, _: cells.code(row.reference or "–")),
    Col("reason", "Reason", lambda row, _: cells.text(row.reason)),
    Col("state", "State", lambda row, _: cells.word(row.state)),
    Col("at", "When", lambda row, _: cells.instant(row.at), sort="at"),
)


class RunView(RecordView):
    """Imports, status updates and bulk jobs; a bulk job's page is that of `BulkJobView`."""

    datamodel = Interface(RUNS)
    class_permission_name = "Runs"
    route_base = "/runs"
    list_title = "Runs"
    noun = "run"
    section = "Operations"
    placeholder = "Connection, message or who"
    empty = Empty("No runs yet", "A run is an import or a status update of a connection, or a bulk job.")
    filters = (
        Filter("connection", "Connection"),
        Filter("kind", "Kind", (*_words((RunKind.IMPORT, RunKind.STATUS_UPDATE)), (RunKind.BULK.value, "Bulk job"))),
        Filter("state", "State", _words(RunState)),
        Filter("last", "In the last", by_id=True),
    )
    date_filters = (Dates("at", "When"),)
    columns = (
        RUN_COLUMNS[0],
        Col("connection", "Connection", lambda row, _: cells.named(row.connection)),
        *RUN_COLUMNS[1:],
    )

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """One run; a bulk job has a page of its own."""
        run = self.found(pk)
        return redirect(self.row_href(run)) if run.kind is RunKind.BULK else super().show(pk)

    def row_href(self, record: Run) -> str:
        """Its page: that of the bulk job for one."""
        return url_for("BulkJobView.show", pk=record.id) if record.kind is RunKind.BULK else self.show_href(record.id)

    def name_of(self, record: Run) -> str:
        """Its number."""
        return f"Run {record.id}"

    def badge(self, record: Run, shown: Shown) -> Cell:  # noqa: ARG002
        """Where it stands."""
        return cells.word(record.state.value)

    def facts(self, record: Run, shown: Shown) -> tuple[Facts, ...]:  # noqa: ARG002
        """What started it, and what it found."""
        href = url_for("ConnectionView.show", pk=record.connection_id) if record.connection_id else ""
        about = (
            Fact("Kind", cells.word(record.kind.value)),
            Fact("Connection", cells.named(record.connection, href)),
            Fact("Started by", cells.text(record.started_by)),
            Fact("Began", cells.instant(record.started_at)),
            Fact("Ended", cells.instant(record.finished_at)),
            Fact("Took", _duration(record)),
            Fact("Message", cells.text(record.message)),
        )
        counts = tuple(
            Fact(name.capitalize(), cells.number(getattr(record, name)))
            for name in ("seen", "new", "changed", "unchanged", "failed")
        )
        return (Facts("Run", about), Facts("Records", counts))

    def tables(self, record: Run, shown: Shown) -> tuple[Table, ...]:
        """The first records that it refused."""
        failed = table(
            FAILURE_COLUMNS,
            failures_of(db.session, record.id),
            shown,
            empty=Empty("No record was refused"),
            href=lambda row: url_for("RunFailureView.show", pk=row.id),
            title="Refused records",
            more_href=url_for("RunFailureView.list", run=record.id),
        )
        return (failed,)


class RunFailureView(RecordView):
    """Records that a run refused, with their reason and raw text."""

    datamodel = Interface(FAILURES)
    class_permission_name = "RunFailures"
    route_base = "/failed-records"
    list_title = "Failed records"
    noun = "failed record"
    section = "Operations"
    placeholder = "Record or reason"
    empty = Empty("No record was refused")
    filters = (
        Filter("connection", "Connection"),
        Filter("state", "State", (("open", "Open"), ("retried", "Retried"), ("ignored", "Ignored"))),
        Filter("run", "Run", by_id=True),
    )
    date_filters = (Dates("at", "When"),)
    columns = FAILURE_COLUMNS

    def name_of(self, record: RunFailure) -> str:
        """The record as its source calls it."""
        return record.reference or f"Record {record.id}"

    def badge(self, record: RunFailure, shown: Shown) -> Cell:  # noqa: ARG002
        """Whether it waits for a person."""
        return cells.word(record.state)

    def facts(self, record: RunFailure, shown: Shown) -> tuple[Facts, ...]:  # noqa: ARG002
        """Why, and the raw text."""
        facts = (
            Fact("Reason", cells.text(record.reason)),
            Fact("Run", cells.text(record.run_id, url_for("RunView.show", pk=record.run_id))),
            Fact("When", cells.instant(record.at)),
            Fact("Text as received", cells.code(record.text)),
        )
        return (Facts("Failed record", facts),)


_ATTEMPT_COLUMNS = (
    Col("number", "#", lambda row, _: cells.number(row.number), right=True),
    Col("at", "When", lambda row, _: cells.instant(row.at)),
    Col("action", "Action", lambda row, _: cells.word(row.action)),
    Col("outcome", "Outcome", lambda row, _: cells.word(row.outcome)),
    Col("code", "Code", lambda row, _: cells.code(row.code)),
    Col("message", "Message", lambda row, _: cells.text(row.message)),
    Col("took", "Took", lambda row, _: cells.text(f"{row.duration_ms} ms"), right=True),
    Col("request", "Request", lambda row, _: cells.code(row.request)),
    Col("reply", "Reply", lambda row, _: cells.code(row.reply)),
)


STUCK_WORDS = (("failed", "Given up"), ("retrying", "Failing, tried again"), ("unknown", "Outcome unknown"))


class DeliveryView(RecordView):
    """The messages to warehouses and sources."""

    datamodel = Interface(DELIVERIES)
    class_permission_name = "Deliveries"
    route_base = "/deliveries"
    list_title = "Deliveries"
    noun = "delivery"
    section = "Operations"
    placeholder = "PO number or id"
    empty = Empty("No deliveries yet", "A delivery is a message to a warehouse or a source.")
    filters = (
        Filter("state", "State", _words(DeliveryState)),
        Filter("stuck", "Stuck", STUCK_WORDS),
        Filter("kind", "Kind", _words(DeliveryKind)),
        Filter("connection", "Connection"),
        Filter("merchant", "Merchant"),
        Filter("warehouse", "Warehouse"),
    )
    date_filters = (Dates("created", "Made"),)
    columns = (
        Col("number", "Purchase order", lambda row, _: cells.text(row.number)),
        Col("kind", "Kind", lambda row, _: cells.word(row.kind.value)),
        Col("version", "Version", lambda row, _: cells.number(row.version), right=True),
        Col("state", "State", lambda row, _: cells.word(row.state.value)),
        Col("connection", "Connection", lambda row, _: cells.named(row.connection)),
        Col("attempts", "Attempts", lambda row, _: cells.number(row.attempts), sort="attempts", right=True),
        Col("due", "Due", lambda row, _: cells.instant(row.due_at), sort="due"),
        Col("message", "Message", lambda row, _: cells.text(row.message)),
        Col("created", "Made", lambda row, _: cells.instant(row.created_at), sort="created"),
    )

    def name_of(self, record: Delivery) -> str:
        """What is sent, for which order."""
        return f"{record.kind.value.capitalize()} of {record.number}"

    def badge(self, record: Delivery, shown: Shown) -> Cell:  # noqa: ARG002
        """Where it stands."""
        return cells.word(record.state.value)

    def facts(self, record: Delivery, shown: Shown) -> tuple[Facts, ...]:  # noqa: ARG002
        """What it is and where it stands."""
        facts = (
            Fact(
                "Purchase order",
                cells.text(record.number, url_for("PurchaseOrderView.show", pk=record.purchase_order_id)),
            ),
            Fact("Connection", cells.named(record.connection, url_for("ConnectionView.show", pk=record.connection_id))),
            Fact("Version", cells.number(record.version)),
            Fact("Message", cells.text(record.message)),
            Fact("Attempts", cells.number(record.attempts)),
            Fact("Due", cells.instant(record.due_at)),
            Fact("Made", cells.instant(record.created_at)),
            Fact("Settled", cells.instant(record.settled_at)),
            Fact("Outcome unknown", cells.flag(record.unknown), "It is looked up before anything is sent again."),
        )
        return (Facts("Delivery", facts),)

    def tables(self, record: Delivery, shown: Shown) -> tuple[Table, ...]:
        """Its attempts, newest first, as they were."""
        rows = attempts_of(db.session, [record.id])[record.id]
        return (table(_ATTEMPT_COLUMNS, rows, shown, empty=Empty("Not tried yet"), title="Attempts"),)
