"""The guards: one table of what is known of an order, and the reason each action then gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.domain.errors import NotFound
from app.domain.people import SYSTEM, Reader, Role
from app.domain.states import HALTED, PoStatus, ReceiptState
from app.models import DocumentState, PurchaseOrder, Step
from app.services import order_facts, outbox
from app.services.order_facts import Facts, facts, order_guards, why_not
from app.services.unit_of_work import unit_of_work
from tests.services.world import World

ADMIN = Reader(Role.ADMIN, "ada", 1, None, None)
SUPPORT = Reader(Role.SUPPORT, "sam", 2, None, None)
OPEN = Facts(
    po_id=1,
    label="PO-1",
    status=PoStatus.OPEN,
    step=Step.WAIT,
    sent=True,
    document=DocumentState.ACCEPTED,
    in_flight=False,
    receipts=0,
    receipts_in_error=0,
    failed_pushes=0,
    closed_short_lines=0,
    finished_lines=0,
    outstanding_lines=2,
    pending=None,
    warehouse="EAST",
    warehouse_kind="sandbox",
)
NEW = replace(OPEN, status=PoStatus.NEW, step=Step.JUDGE, sent=False, document=None)
CLOSED = replace(OPEN, status=PoStatus.CLOSED, step=Step.NONE, document=None, outstanding_lines=0, closed_short_lines=2)

REOPEN = "Nothing is outstanding: its lines were closed short. Reopen them instead."
UNKNOWN = "It is not known yet whether the warehouse took the document. Reprocess looks it up; then try again."
IN_FLIGHT = "A message to the warehouse is on its way right now. Wait for its answer."
NOTHING_FAILED = "Nothing failed or stalled: it goes on by itself."
HAS_RECEIPT = "It has a receipt. Archive the receipt first, or correct the lines by a change from the source."
CANCELING = "Its cancellation is on the way to the warehouse. Wait for the answer."
CANNOT = "Warehouse EAST has it and can neither change nor cancel a document by message."
SENT = "It was sent to a warehouse. Archive it instead; an admin may force the deletion."
SENT_EDIT = "It was sent to a warehouse and can no longer be edited. Reset it, or close lines short."
NO_CHANGE = "The source has sent no change that waits for a decision."
NOT_WAITING = "Only a purchase order that waits for goods at a warehouse can be closed short."

GUARDS: list[tuple[str, Facts, dict[str, Any], str]] = [
    ("reprocess", OPEN, {}, NOTHING_FAILED),
    ("reprocess", OPEN, {"in_flight": True}, IN_FLIGHT),
    ("reprocess", NEW, {}, ""),
    ("reprocess", NEW, {"in_flight": True}, IN_FLIGHT),
    ("reprocess", OPEN, {"receipts_in_error": 1}, ""),
    ("reprocess", OPEN, {"failed_pushes": 1}, ""),
    *[("reprocess", OPEN, {"status": status}, "") for status in sorted(HALTED)],
    ("reprocess", CLOSED, {}, REOPEN),
    ("reprocess", CLOSED, {"failed_pushes": 1}, REOPEN),
    ("reprocess", CLOSED, {"finished_lines": 1}, ""),
    ("reprocess", CLOSED, {"outstanding_lines": 1}, ""),
    ("reset", OPEN, {}, ""),
    ("reset", OPEN, {"receipts": 1}, HAS_RECEIPT),
    ("reset", OPEN, {"document": DocumentState.UNKNOWN}, UNKNOWN),
    ("reset", OPEN, {"in_flight": True}, UNKNOWN),
    ("reset", OPEN, {"document": DocumentState.CANCELING}, CANCELING),
    ("reset", OPEN, {"warehouse_kind": "fax of old"}, CANNOT),
    ("reset", NEW, {"warehouse_kind": None}, ""),
    ("archive", OPEN, {}, ""),
    ("archive", OPEN, {"status": PoStatus.ARCHIVED}, "It is archived already."),
    ("archive", OPEN, {"document": DocumentState.UNKNOWN}, UNKNOWN),
    ("archive", NEW, {"in_flight": True}, UNKNOWN),
    ("delete", NEW, {}, ""),
    ("delete", NEW, {"document": DocumentState.PLANNED}, ""),
    ("delete", NEW, {"document": DocumentState.UNKNOWN}, UNKNOWN),
    ("delete", NEW, {"document": DocumentState.ACCEPTED}, SENT),
    ("delete", OPEN, {"document": None}, SENT),
    ("force_delete", OPEN, {}, ""),
    ("force_delete", OPEN, {"document": DocumentState.UNKNOWN}, ""),
    ("force_delete", OPEN, {"in_flight": True}, IN_FLIGHT),
    ("edit", NEW, {}, ""),
    ("edit", NEW, {"status": PoStatus.ERROR}, ""),
    ("edit", NEW, {"document": DocumentState.UNKNOWN}, UNKNOWN),
    ("edit", NEW, {"document": DocumentState.ACCEPTED}, SENT_EDIT),
    ("edit", OPEN, {}, SENT_EDIT),
    (
        "edit",
        NEW,
        {"status": PoStatus.CANCELED},
        "A purchase order that is Canceled is not edited. Reprocess or Reset it first.",
    ),
    ("accept_change", OPEN, {}, NO_CHANGE),
    ("accept_change", OPEN, {"pending": "changed"}, ""),
    ("accept_change", OPEN, {"pending": "changed", "in_flight": True}, UNKNOWN),
    ("refuse_change", OPEN, {}, NO_CHANGE),
    ("refuse_change", OPEN, {"pending": "changed", "in_flight": True}, ""),
    ("close_short", OPEN, {}, ""),
    ("close_short", OPEN, {"status": PoStatus.PARTIALLY_RECEIVED}, ""),
    ("close_short", OPEN, {"outstanding_lines": 0}, "Nothing is outstanding."),
    ("close_short", NEW, {}, NOT_WAITING),
    ("close_short", OPEN, {"status": PoStatus.RECEIVED}, NOT_WAITING),
    ("reopen", OPEN, {}, "No line was closed short."),
    ("reopen", OPEN, {"closed_short_lines": 1}, ""),
    ("comment", OPEN, {"in_flight": True}, ""),
]


@pytest.mark.parametrize(("action", "known", "changed", "reason"), GUARDS)
def test_what_is_known_decides_and_the_reason_says_what_to_do(
    action: str, known: Facts, changed: dict[str, Any], reason: str
) -> None:
    assert why_not(action, replace(known, **changed), ADMIN) == reason


MAY_LOOK = "You may look at purchase orders, but not change them."
ONLY_ADMIN = "Only an admin may delete a purchase order that was sent."


@pytest.mark.parametrize("action", sorted(order_facts._GUARDS))
@pytest.mark.parametrize("role", Role)
def test_the_role_is_asked_before_the_order(action: str, role: Role) -> None:
    # Facts with which every action would be refused for a reason of its own, or none at all.
    reason = why_not(action, replace(OPEN, in_flight=True), Reader(role, "x"))
    if action == "force_delete" and role not in (Role.ADMIN, Role.SYSTEM):
        assert reason == ONLY_ADMIN
    elif role in (Role.ADMIN, Role.SUPPORT, Role.SYSTEM) or (action == "comment" and role is Role.PARTNER):
        assert reason not in (MAY_LOOK, ONLY_ADMIN)
    else:
        assert reason == MAY_LOOK


def read(po: PurchaseOrder) -> Facts:
    with unit_of_work("look") as unit:
        return facts(unit.session, po.id)


def test_the_facts_of_a_fresh_order(world: World) -> None:
    po = world.make.purchase_order(world.connection)
    assert read(po) == replace(NEW, po_id=po.id, label=po.number)


def test_the_facts_follow_document_messages_receipts_and_lines(world: World) -> None:
    po = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    with unit_of_work("plant") as unit:
        outbox.plant_send(unit, [po.id])
    assert (read(po).document, read(po).unknown) == (DocumentState.PLANNED, False)
    world.run_sql("UPDATE delivery SET state = 'leased'")
    assert (read(po).in_flight, read(po).unknown) == (True, True)
    world.run_sql("UPDATE delivery SET state = 'done'")
    for state in (ReceiptState.ERROR, ReceiptState.ARCHIVED, ReceiptState.READY):
        world.make.receipt(po, state=state)
    assert (read(po).receipts, read(po).receipts_in_error) == (2, 1)
    world.run_sql("UPDATE line_item SET closed_short_quantity = 4, received = 6 WHERE position = 1")
    assert (read(po).closed_short_lines, read(po).finished_lines, read(po).outstanding_lines) == (1, 0, 1)
    world.run_sql("UPDATE line_item SET closed_short_reason = 'finished by the warehouse' WHERE position = 1")
    assert (read(po).closed_short_lines, read(po).finished_lines, read(po).outstanding_lines) == (1, 1, 1)


def test_only_a_push_of_the_newest_status_counts_as_failed(world: World) -> None:
    po = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    with unit_of_work("plant") as unit:
        outbox.plant_status(unit, [po.id])
    world.run_sql("UPDATE delivery SET state = 'failed'")
    assert read(po).failed_pushes == 1
    with unit_of_work("plant") as unit:
        outbox.plant_status(unit, [po.id])
    assert read(po).failed_pushes == 0


def test_every_action_has_its_reason_for_the_menu(world: World) -> None:
    po = world.make.purchase_order(world.connection, status=PoStatus.OPEN)
    with unit_of_work("look") as unit:
        reasons = order_guards(unit.session, po.id, SUPPORT)
    assert {action for action, reason in reasons.items() if not reason} == {
        "reset", "archive", "close_short", "comment",
    }  # fmt: skip
    with unit_of_work("look") as unit, pytest.raises(NotFound, match="There is no such purchase order"):
        order_guards(unit.session, 10**9, SYSTEM)
