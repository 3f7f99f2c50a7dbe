"""Receipts: the list, one with its lines and timeline, and the actions on them."""

from __future__ import annotations

from flask import url_for

from app.domain.people import Reader, Role
from app.domain.states import ReceiptState
from app.extensions import db
from app.models import Receipt
from app.queries.custody import receipts_line
from app.queries.receipts import ENTRIES_AT_MOST, RECEIPTS, lines_of
from app.services.actions import RECEIPT_ACTIONS, perform_receipts
from app.web import building, cells, timeline
from app.web.acting import TickedView
from app.web.acts import Acts
from app.web.asking import Filter
from app.web.base import Answer
from app.web.columns import Col, Shown, table
from app.web.custody import RECEIPT_LINE_COLUMNS
from app.web.days import Dates
from app.web.fab import guarded, route
from app.web.interface import Interface
from app.web.pages import Act, Cell, Empty, Fact, Facts, Table

STATES = tuple((state.value, state.label) for state in ReceiptState)


def order_cell(receipt: Receipt) -> Cell:
    """The order of a receipt, or the reference as received while there is none."""
    if receipt.purchase_order is None:
        return Cell("text", receipt.po_reference, note="no purchase order yet" if not receipt.purchase_order_id else "")
    return cells.named(receipt.purchase_order, url_for("PurchaseOrderView.show", pk=receipt.purchase_order_id))


RECEIPT_COLUMNS = (
    Col(
        "receipt",
        "Receipt",
        lambda receipt, _: cells.text(receipt, url_for("ReceiptView.show", pk=receipt.id)),
        sort="receipt",
    ),
    Col("state", "State", lambda receipt, _: cells.state(receipt)),
    Col("units", "Units", lambda receipt, _: cells.quantity(receipt.units), sort="units", right=True),
    Col("received", "Received", lambda receipt, _: cells.instant(receipt.received_at), sort="received"),
    Col("applied", "Applied", lambda receipt, _: cells.instant(receipt.applied_at)),
    Col("final", "Final", lambda receipt, _: cells.flag(receipt.final)),
)


class ReceiptView(TickedView):
    """Receipts of all warehouses."""

    datamodel = Interface(RECEIPTS)
    class_permission_name = "Receipts"
    route_base = "/receipts"
    list_title = "Receipts"
    noun = "receipt"
    section = "Purchase Orders"
    placeholder = "Receipt, PO number or reference"
    empty = Empty("No receipts yet", "A status update pulls them from the warehouses.")
    columns = (
        *RECEIPT_COLUMNS[:2],
        Col("order", "Purchase order", lambda receipt, _: order_cell(receipt)),
        Col("warehouse", "Warehouse", lambda receipt, _: cells.named(receipt.warehouse)),
        *RECEIPT_COLUMNS[2:],
    )
    filters = (Filter("state", "State", STATES), Filter("merchant", "Merchant"), Filter("warehouse", "Warehouse"))
    date_filters = (Dates("received", "Received"), Dates("created", "Stored"))
    acts = Acts(RECEIPT_ACTIONS, perform_receipts)

    def badge(self, record: Receipt, shown: Shown) -> Cell:  # noqa: ARG002
        """Its state."""
        return cells.state(record)

    def acts_of(self, record: Receipt, reader: Reader) -> tuple[Act, ...]:
        """Its actions; the guards answer when one is tried."""
        return self.single_acts(record.id, reader, {})

    def facts(self, record: Receipt, shown: Shown) -> tuple[Facts, ...]:
        """All that is known of a receipt. Its reason may carry a rule's or a person's words, so partners get none."""
        partner = shown.reader.role is Role.PARTNER
        reason = () if partner else (Fact("Reason", cells.text(record.state_reason)),)
        about = (
            Fact("Purchase order", order_cell(record)),
            Fact("Warehouse", cells.named(record.warehouse)),
            Fact("Merchant", cells.named(record.merchant)),
            Fact("Reference as received", cells.code(record.po_reference)),
            *reason,
        )
        times = (
            Fact("Received", cells.instant(record.received_at), "By the warehouse's clock."),
            Fact("Stored", cells.instant(record.created_at)),
            Fact("Applied", cells.instant(record.applied_at)),
            Fact("Completed", cells.instant(record.completed_at)),
            Fact("Came by", cells.word(record.origin)),
            Fact("Final", cells.flag(record.final), "Nothing more will come."),
        )
        return (Facts("Receipt", about), Facts("Times", times))

    def tables(self, record: Receipt, shown: Shown) -> tuple[Table, ...]:
        """Its lines as received."""
        lines = lines_of(db.session, record.id)
        return (table(RECEIPT_LINE_COLUMNS, lines, shown, empty=Empty("No lines"), title="Lines"),)

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """One receipt, with its timeline. An entry opens to its detail where the reader may see the order, too."""
        record: Receipt = self.found(pk)
        shown, page = building.shown_now(), building.show_page(self, record)
        po_id = record.purchase_order_id if record.purchase_order is not None else None
        rows = receipts_line(db.session, record.id, ENTRIES_AT_MOST)
        entries = tuple(timeline.entry(row, shown, po_id) for row in rows)
        head = {"title": page.title, "crumbs": page.crumbs}
        return str(self.render_template("inlet/receipt.html", page=page, entries=entries, **head))
