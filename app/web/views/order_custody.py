"""The timeline and the deliveries of a purchase order, and what lies behind each entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from app.domain import activity
from app.domain.errors import NotFound
from app.domain.people import Role
from app.extensions import db
from app.models import Activity, Delivery, DeliveryAttempt, DeliveryState, PurchaseOrder
from app.queries import custody as queries
from app.queries.custody import Origin, Sent
from app.security.reader import current_reader
from app.services.source_documents import raw_text
from app.web import building, custody, timeline
from app.web.acting import ActingView
from app.web.addresses import changed, wants_fragment
from app.web.base import Answer
from app.web.columns import Shown
from app.web.custody_page import EntryPage
from app.web.fab import guarded, route
from app.web.pages import ActivityTab, Choice, DeliveriesTab, Entry, Message

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView

_WAITING = frozenset({DeliveryState.DUE, DeliveryState.LEASED})
_LARGEST_ID = 2**63 - 1


class CustodyView(ActingView):
    """What lies behind the entries of an order's timeline."""

    def further_permissions(self) -> tuple[str, ...]:
        """Opening an entry, and fetching a raw text."""
        return (*super().further_permissions(), "can_entry", "can_document")

    @route("/entry/<int:pk>/<string:kind>/<int:entry>")
    @guarded
    def entry(self, pk: int, kind: str, entry: int) -> Answer:
        """The detail of an entry or of a try; htmx gets it alone, a plain link gets a page."""
        order: PurchaseOrder = self.found(pk)
        page = _entry_page(self, order, kind, entry, building.shown_now())
        if wants_fragment():
            return make_response(render_template("inlet/order/entry.html", page=page))
        return self.page("inlet/order/entry_page.html", page)

    @route("/document/<int:pk>/<int:entry>")
    @guarded
    def document(self, pk: int, entry: int) -> Answer:
        """The whole raw text behind an entry, as a file. It is never shown as anything but text."""
        order: PurchaseOrder = self.found(pk)
        row = queries.entry_of(db.session, order.id, entry)
        document_id = custody.document_of(order, row) if row is not None else 0
        if not document_id:
            raise _no_such_entry()
        found = raw_text(order.id, document_id, current_reader())
        answer = Response(found.text, mimetype="text/plain")
        answer.headers["Content-Disposition"] = f'attachment; filename="order-{order.id}-text-{document_id}.txt"'
        return answer


def activity_tab(view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> ActivityTab:
    """A page of the timeline, of all kinds or of one group."""
    groups = activity.groups(for_partner=shown.reader.role is Role.PARTNER)
    asked = request.args.get("kind", "")
    group = asked if asked in dict(groups) else ""
    before = queries.place_of(request.args.get("before", ""))
    part = queries.line_of(db.session, order.id, shown.reader, group=group, before=before)

    def href(kind: str, place: str) -> str:
        return changed(view.show_href(order.id), {}, tab="activity", kind=kind or None, before=place or None)

    return ActivityTab(
        "inlet/order/activity.html",
        tuple(_entry(step.row, step.message, order.id, shown) for step in part.steps),
        tuple(Choice(name, label, href(name, ""), name == group) for name, label in (("", "All"), *groups)),
        href(group, str(part.older)) if part.older else "",
        href(group, "") if before else "",
        next((act for act in view.single_acts(order.id, shown.reader, {}) if act.name == "comment"), None),
    )


def deliveries_tab(view: PurchaseOrderView, order: PurchaseOrder, _shown: Shown) -> DeliveriesTab:
    """A page of what was sent."""
    before = request.args.get("before", type=int)
    sent = queries.messages_of(db.session, order.id, before if before and 0 < before <= _LARGEST_ID else None)

    def href(place: str) -> str:
        return changed(view.show_href(order.id), {}, tab="deliveries", before=place or None)

    return DeliveriesTab(
        "inlet/order/deliveries.html",
        tuple(_message(row, sent, order) for row in sent.messages),
        href(str(sent.older)) if sent.older else "",
        href("") if before else "",
    )


def _entry(row: Activity | DeliveryAttempt, message: Delivery | None, po_id: int, shown: Shown) -> Entry:
    if isinstance(row, DeliveryAttempt):
        assert message is not None
        return timeline.tried(row, message, po_id)
    return timeline.entry(row, shown, po_id)


def _message(row: Delivery, sent: Sent, order: PurchaseOrder) -> Message:
    target = str(order.store) if row.warehouse_id is None else sent.warehouses.get(row.warehouse_id, "a warehouse")
    return Message(
        title=row.kind.value.replace("_", " ").capitalize(),
        target=target,
        version=row.version,
        state=row.state.value,
        created_at=row.created_at,
        due_at=row.due_at if row.state in _WAITING else None,
        settled_at=row.settled_at,
        text=row.message,
        href=url_for("DeliveryView.show", pk=row.id),
        attempts=tuple(
            custody.attempt(tried, f"{timeline.entry_href(order.id, Origin.ATTEMPT, tried.id)}?only=exchange")
            for tried in sent.tries[row.id]
        ),
    )


def _entry_page(view: CustodyView, order: PurchaseOrder, kind: str, entry: int, shown: Shown) -> EntryPage:
    crumbs = (*view.crumbs(), (str(view.list_title), view.list_href()), (order.number, view.show_href(order.id)))
    if kind == Origin.ATTEMPT and shown.reader.is_staff:
        found = queries.attempt_of(db.session, order.id, entry)
        if found is not None:
            told = timeline.tried(*found, order.id)
            alone = request.args.get("only") == "exchange"
            detail = custody.exchange_of(found[0]) if alone else custody.tried_detail(order, *found)
            return EntryPage(told.title, crumbs, told.text, detail)
    if kind == Origin.ACTIVITY:
        row = queries.entry_of(db.session, order.id, entry)
        if row is not None:
            told = timeline.entry(row, shown, order.id)
            return EntryPage(told.title, crumbs, told.text, custody.detail_of(order, row, shown))
    raise _no_such_entry()


def _no_such_entry() -> NotFound:
    return NotFound("There is no such entry.", "It was let go, or it is outside of what you may see.")
