"""The sentence at the top of an order's page, and the alerts above it: what is wrong, why, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flask import url_for

from app.domain.people import Role
from app.domain.situation import Situation
from app.domain.standing import stand
from app.domain.states import CAUSES, FailedStep, PoStatus
from app.domain.wording import Moment, Words, ago
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import standing as queries
from app.web.columns import Shown
from app.web.order_pages import Alert, Link, Note
from app.web.pages import Act

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView

_REMEDIES: Final[Mapping[str, str]] = {
    FailedStep.RULES: "Mend the rule, or edit the order, then reprocess it: the rules judge it again.",
    FailedStep.ROUTING: "Create or switch on that warehouse, or give the merchant an account there, then reprocess it.",
    FailedStep.SEND: "Mend what the answer names, then reprocess it. Nothing is sent twice.",
    FailedStep.UPDATE: "Mend what the answer names, then reprocess it; or tell the warehouse by hand what changed.",
    FailedStep.CANCEL: "Ask the warehouse to cancel it; when they have, archive it here. Reprocess asks them again.",
    FailedStep.WAREHOUSE: "Ask the warehouse why. Reprocess sends a new document; archive it if nothing is expected.",
}
_ANY_REMEDY: Final = "Mend the cause, then reprocess it."


def note(view: PurchaseOrderView, order: PurchaseOrder, facts: Situation, acts: Mapping[str, Act]) -> Note:
    """Why it stands where it stands, with the button that helps, if the reader may press it now."""
    told = stand(facts)
    act = acts.get(told.action)
    places = {
        "connection": ("Open the connection", url_for("ConnectionView.show", pk=order.connection_id)),
        "deliveries": ("See its deliveries", f"{view.show_href(order.id)}?tab=deliveries"),
        "receipts": ("See its receipts", f"{view.show_href(order.id)}?tab=receipts"),
    }
    return Note(told.lead, told.words, told.tone, None if act is None or act.why_not else act, places.get(told.link))


def sentence(order: PurchaseOrder, shown: Shown) -> Words:
    """The same sentence alone, with its lead: for the list."""
    told = stand(queries.situation(db.session, order, shown.reader, shown.now))
    return (f"{told.lead} ", *told.words)


def alerts(
    view: PurchaseOrderView, order: PurchaseOrder, facts: Situation, acts: Mapping[str, Act], shown: Shown
) -> tuple[Alert, ...]:
    """What waits for a person. Partners are told nothing of it, merchants are told and offered nothing to press."""
    if shown.reader.role is Role.PARTNER:
        return ()
    found = []
    if order.status is PoStatus.ERROR:
        found.append(_stopped(order, facts, acts))
    if facts.pending:
        found.append(_pending(order, facts, acts))
    if order.cancel_state == "refused" and order.status is not PoStatus.ERROR:
        text = "The source canceled it, and the warehouse did not cancel its document."
        found.append(Alert("warning", "Cancel at the warehouse: refused", (text,), _REMEDIES[FailedStep.CANCEL]))
    if facts.staff and facts.completed_at_source and order.status in {PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED}:
        text = "The source says that it is complete, and goods are still expected here."
        remedy = "Close it short if nothing more comes."
        found.append(Alert("warning", "Completed at the source", (text,), remedy, _possible(acts, "close_short")))
    if facts.staff and facts.failed_receipts:
        found.append(_receipts(view, order, acts))
    return tuple(found)


def _stopped(order: PurchaseOrder, facts: Situation, acts: Mapping[str, Act]) -> Alert:
    """What failed on this order, and when; why; what to do; where to look."""
    cause = CAUSES.get(order.failed_step, "It stopped")
    title = f"{cause}: {order.number} stopped {ago(order.status_since, facts.now)}"
    reason = order.status_reason or "No reason was given."
    # Most reasons say themselves what to do.
    remedy = "" if "eprocess" in reason else _REMEDIES.get(order.failed_step, _ANY_REMEDY)
    links = _places(order, facts) if facts.staff else ()
    return Alert("problem", title, (reason,), remedy if facts.staff else "", _possible(acts, "reprocess"), links)


def _places(order: PurchaseOrder, facts: Situation) -> tuple[Link, ...]:
    """Where to mend it: the rule, the warehouse, the connection, the message with its answer."""
    warehouse = (
        ("Open the warehouse", url_for("WarehouseView.show", pk=order.warehouse_id)) if order.warehouse_id else None
    )
    message = ("See the answer", url_for("DeliveryView.show", pk=facts.notice.id)) if facts.notice else None
    match order.failed_step:
        case FailedStep.RULES:
            rule = queries.stopping_rule(db.session, order.judgement_id)
            return () if rule is None else ((f"Open rule “{rule.name}”", url_for("RuleView.show", pk=rule.rule_id)),)
        case FailedStep.ROUTING:
            accounts = ("Open the merchants at warehouses", url_for("AccountView.list"))
            connection = ("Open the connection", url_for("ConnectionView.show", pk=order.connection_id))
            return (("Open the warehouses", url_for("WarehouseView.list")), accounts, connection)
        case _:
            return tuple(link for link in (message, warehouse) if link is not None)


def _pending(order: PurchaseOrder, facts: Situation, acts: Mapping[str, Act]) -> Alert:
    cancel = facts.pending == "cancel"
    title = "The source canceled it after goods had come" if cancel else "The source changed it"
    since: Any = (" It came ", Moment(facts.pending_since), ".") if facts.pending_since else ()
    if cancel:
        text = "Nothing happens until somebody decides: accept it to close the order at what has arrived."
    else:
        text = "It was sent or edited here, so the change waits: accept it, or keep ours."
    here = url_for("PurchaseOrderView.change", pk=order.id)
    buttons = _possible(acts, "accept_change", "refuse_change")
    return Alert("warning", title, (text, *since), "", buttons, (), "" if cancel else here)


def _receipts(view: PurchaseOrderView, order: PurchaseOrder, acts: Mapping[str, Act]) -> Alert:
    rows = queries.failed_receipts(db.session, order.id)
    links = tuple((f"Receipt {row}", url_for("ReceiptView.show", pk=row.id)) for row in rows)
    every = ("All receipts", f"{view.show_href(order.id)}?tab=receipts")
    title = "A receipt is in Error" if len(rows) == 1 else "Receipts are in Error"
    text = f"Not in the numbers of this order: {rows[0].state_reason}" if rows and rows[0].state_reason else (
        "What they brought is not in the numbers of this order.")  # fmt: skip
    return Alert("warning", title, (text,), "", _possible(acts, "reprocess"), (*links, every))


def _possible(acts: Mapping[str, Act], *names: str) -> tuple[Act, ...]:
    return tuple(acts[name] for name in names if name in acts and not acts[name].why_not)
