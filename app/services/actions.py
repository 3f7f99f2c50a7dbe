"""The actions on orders and receipts, singly and in bulk: one list for menus, checks and the work itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InletError, LeaseLost, NotFound, Refused
from app.domain.people import Reader, Role
from app.models import PurchaseOrder
from app.services import order_changes, order_moves, orders, receipt_actions
from app.services.order_facts import Facts, facts, lock, order_guards, why_not
from app.services.outcome import Outcome
from app.services.unit_of_work import Unit, unit_of_work

__all__ = [
    "ORDER_ACTIONS",
    "RECEIPT_ACTIONS",
    "ActionSpec",
    "order_guards",
    "perform_order",
    "perform_orders",
    "perform_receipts",
]

log = logging.getLogger(__name__)

_STAFF = frozenset({Role.ADMIN, Role.SUPPORT})


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What an action is called, what it asks before it runs, and the options that its form takes."""

    name: str
    label: str
    ask: str = ""
    fields: tuple[str, ...] = ()
    roles: frozenset[Role] = _STAFF


def _specs(*specs: ActionSpec) -> dict[str, ActionSpec]:
    return {spec.name: spec for spec in specs}


ORDER_ACTIONS = _specs(
    ActionSpec("reprocess", "Reprocess", "Retry the step that failed or stalled? A held order is sent now."),
    ActionSpec(
        "reset",
        "Reset",
        "Start again from the imported snapshot? Edits and what rules changed are lost. If a warehouse has it, "
        "the next send updates that document.",
    ),
    ActionSpec(
        "archive", "Archive", "Put it away? If a warehouse has it, the warehouse is not told.", fields=("reason",)
    ),
    ActionSpec("accept_change", "Accept change", "Take the source's change? The warehouse gets an update."),
    ActionSpec("refuse_change", "Refuse change", "Keep ours? The same change is not offered again."),
    ActionSpec("close_short", "Close short", "Close it at what has arrived?", fields=("reason",)),
    ActionSpec("reopen", "Reopen", "Expect again what was closed short?"),
    ActionSpec(
        "delete",
        "Delete",
        "Remove it here only? The source may offer it again, unless you say never to import it again.",
        fields=("tombstone",),
    ),
    ActionSpec(
        "force_delete",
        "Force delete",
        "Remove it although it was sent? A warehouse that has it keeps its document.",
        fields=("tombstone",),
        roles=frozenset({Role.ADMIN}),
    ),
    ActionSpec("comment", "Comment", fields=("text",), roles=_STAFF | {Role.PARTNER}),
)

RECEIPT_ACTIONS = _specs(
    ActionSpec("reprocess", "Reprocess", "Try it again?"),
    ActionSpec("accept", "Accept", "Apply it as it is, although it does not fit?"),
    ActionSpec("reset", "Reset", "Take its quantities off and apply it again from the start?"),
    ActionSpec("archive", "Archive", "Put it away? Its quantities come off.", fields=("reason",)),
)

Step = Callable[..., str]

_STEPS: dict[str, Step] = {
    "reprocess": order_moves.reprocess,
    "reset": order_moves.reset,
    "archive": order_moves.archive,
    "accept_change": order_changes.accept_change,
    "refuse_change": order_changes.refuse_change,
    "close_short": order_changes.close_short,
    "reopen": order_changes.reopen,
}


Record = Callable[[Unit, Outcome], None]


def perform_orders(action: str, ids: Sequence[int], reader: Reader, **options: Any) -> list[Outcome]:
    """Do an action on orders, each in a transaction of its own: one that fails never stops the others.

    Guards and scope are checked again per order, under its lock. Raises Refused for an action that does not exist.
    """
    if action not in ORDER_ACTIONS:
        raise Refused(f"There is no action “{action}”.")
    return [perform_order(action, po_id, reader, options) for po_id in ids]


def perform_order(
    action: str, po_id: int, reader: Reader, options: Mapping[str, Any], record: Record | None = None
) -> Outcome:
    """Do an action on one order and say what became of it; only LeaseLost, and what `record` raises, gets out.

    `record` writes the outcome down in the very transaction of the action, so that the two are done together or not
    at all; that of an order which was skipped or failed, in a transaction of its own.
    """
    try:
        with unit_of_work(action) as unit:
            label, message = _do(unit, action, po_id, reader, options)
            outcome = Outcome(po_id, label, "done", message)
            if record is not None:
                record(unit, outcome)
        return outcome
    except LeaseLost:
        raise
    except (Refused, NotFound) as refusal:
        outcome = Outcome(po_id, _label(po_id, reader), "skipped", refusal.sentence())
    except InletError as problem:
        outcome = Outcome(po_id, _label(po_id, reader), "failed", problem.sentence())
    except Exception:
        log.exception("An action failed.", extra={"action": action, "purchase_order": po_id})
        outcome = Outcome(po_id, _label(po_id, reader), "failed", "An internal fault stopped it; nothing was changed.")
    if record is not None:
        with unit_of_work("record an outcome") as unit:
            record(unit, outcome)
    return outcome


def _do(unit: Unit, action: str, po_id: int, reader: Reader, options: Mapping[str, Any]) -> tuple[str, str]:
    if action in ("delete", "force_delete"):
        tombstone = bool(options.get("tombstone"))
        return orders.delete(unit, po_id, reader, tombstone=tombstone, force=action == "force_delete")
    if action == "comment":
        return orders.comment(unit, po_id, str(options.get("text", "")), reader), "The comment is in the timeline."
    order, known = _guarded(unit, action, po_id, reader)
    wanted = {name: options[name] for name in (*ORDER_ACTIONS[action].fields, "line_ids") if name in options}
    message = _STEPS[action](unit, order, known, reader, **wanted)
    label = order.number
    if action == "reprocess":
        receipt_actions.reprocess_of(unit, po_id, reader)
    return label, message


def _guarded(unit: Unit, action: str, po_id: int, reader: Reader) -> tuple[PurchaseOrder, Facts]:
    if action == "refuse_change":
        # It writes to the order's key, and keys are locked before orders, as the import does it.
        unit.rows("SELECT id FROM po_key WHERE purchase_order_id = :id FOR NO KEY UPDATE", id=po_id)
    order = lock(unit, po_id, reader)
    known = facts(unit.session, po_id)
    reason = why_not(action, known, reader)
    if reason:
        raise Refused(reason)
    return order, known


def _label(po_id: int, reader: Reader) -> str:
    try:
        with unit_of_work("name an order") as unit:
            return lock(unit, po_id, reader).number
    except NotFound:
        return str(po_id)


_RECEIPT_STEPS: dict[str, Callable[..., list[Outcome]]] = {
    "reprocess": receipt_actions.reprocess,
    "accept": receipt_actions.accept,
    "reset": receipt_actions.reset,
    "archive": receipt_actions.archive,
}


def perform_receipts(action: str, ids: Sequence[int], reader: Reader, **options: Any) -> list[Outcome]:
    """Do an action on receipts. Raises Refused for an action that does not exist, or a reader who may not act."""
    if action not in RECEIPT_ACTIONS:
        raise Refused(f"There is no action “{action}”.")
    if reader.role not in RECEIPT_ACTIONS[action].roles | {Role.SYSTEM}:
        raise Refused("You may look at receipts, but not change them.")
    return _RECEIPT_STEPS[action](ids, reader, **options)
