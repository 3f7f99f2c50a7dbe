"""One order in every state that an action meets, led there by the jobs and by people; and how its dialogs are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.domain.people import Reader, Role
from app.domain.wording import plain
from app.jobs import deliveries, processing
from app.services import delivering
from app.services.actions import perform_order, perform_orders
from app.services.consequences import Consequences, consequences
from app.services.outcome import Outcome
from app.services.unit_of_work import Database, Unit
from tests.factories import NOON
from tests.services.world import World

ADMIN = Reader(Role.ADMIN, "ada", 1, None, None)
SUPPORT = Reader(Role.SUPPORT, "sam", 2, None, None)
OPTIONS = {"reason": "Asked for"}


def fresh(world: World) -> int:
    """Imported, and not judged yet."""
    world.order("PO-1")
    world.run()
    return int(world.po("PO-1")["id"])


def planned(world: World) -> int:
    """Judged; its message to the warehouse has not started."""
    po_id = fresh(world)
    processing.work()
    return po_id


def in_flight(world: World) -> int:
    """Its message is at work."""
    po_id = planned(world)
    delivering.claim("in flight")
    return po_id


def sent(world: World) -> int:
    """The warehouse accepted it."""
    po_id = planned(world)
    deliveries.work()
    return po_id


def receive(world: World, *quantities: int, final: bool = False, number: str = "R1") -> None:
    """Let goods come for the first lines."""
    (document,) = [d for d in world.target.documents() if d["state"] != "canceled"][-1:]
    lines = [{"line_no": n, "sku": f"SKU-{n}", "qty_good": quantity} for n, quantity in enumerate(quantities, 1)]
    world.target.receive(document["key"], lines, receipt_id=number, received_at=NOON, final=final)
    world.update_status()


def part(world: World) -> int:
    """Four of fifteen came."""
    po_id = sent(world)
    receive(world, 4)
    return po_id


def complete(world: World) -> int:
    """Everything came."""
    po_id = sent(world)
    receive(world, 10, 5)
    return po_id


def finished(world: World) -> int:
    """The warehouse finished it short."""
    po_id = sent(world)
    receive(world, 4, 5, final=True)
    return po_id


def short(world: World) -> int:
    """A person closed it short after four had come."""
    po_id = part(world)
    done("close_short", po_id)
    return po_id


def archived(world: World) -> int:
    """Put away after it was sent."""
    po_id = sent(world)
    done("archive", po_id)
    return po_id


def failed(world: World) -> int:
    """A rule said no."""
    world.rule('rule "Check" when purchase_order.notes is blank then fail purchase_order with "No notes." end end')
    return planned(world)


def rejected(world: World) -> int:
    """A rule put it away."""
    world.rule('rule "No tests" when purchase_order.notes contains "TEST" then reject purchase_order end end')
    world.order("PO-1", notes="TEST")
    world.run()
    processing.work()
    return int(world.po("PO-1")["id"])


def held(world: World) -> int:
    """A rule holds it."""
    world.rule('rule "Later" hold purchase_order until @tomorrow end')
    return planned(world)


def canceled(world: World) -> int:
    """The source canceled it before it was sent."""
    po_id = fresh(world)
    world.order("PO-1", status="canceled")
    world.run()
    return po_id


def changed(world: World) -> int:
    """Sent; then the source changed a line, took one away, added one, and wrote a note."""
    po_id = sent(world)
    change(world)
    return po_id


def changed_after_goods(world: World) -> int:
    """The same, after goods had come."""
    po_id = part(world)
    change(world)
    return po_id


def change(world: World) -> None:
    """Let the source place it anew."""
    lines = [
        {"line_no": 1, "source_line_id": "PO-1-1", "sku": "SKU-1", "qty": 12, "unit_cost": "2.50"},
        {"line_no": 3, "source_line_id": "PO-1-3", "sku": "SKU-3", "qty": 2, "unit_cost": "1"},
    ]
    world.order("PO-1", notes="Changed", lines=lines)
    world.run()


def cancel_waits(world: World) -> int:
    """Canceled at the source after goods had come."""
    po_id = part(world)
    world.order("PO-1", status="canceled")
    world.run()
    return po_id


def cancel_waits_complete(world: World) -> int:
    """Canceled at the source after all had come."""
    po_id = complete(world)
    world.order("PO-1", status="canceled")
    world.run()
    return po_id


def receipt_fails(world: World) -> int:
    """A receipt names a SKU that the order has not."""
    po_id = sent(world)
    (document,) = world.target.documents()
    world.target.receive(document["key"], [{"sku": "ELSE", "qty_good": 1}], receipt_id="R9", received_at=NOON)
    world.update_status()
    return po_id


STATES: list[Callable[[World], int]] = [
    fresh, planned, in_flight, sent, part, complete, finished, short, archived, failed, rejected, held, canceled,
    changed, changed_after_goods, cancel_waits, cancel_waits_complete, receipt_fails,
]  # fmt: skip


def ask(action: str, po_id: int, reader: Reader = ADMIN) -> Consequences:
    """What the dialog is told."""
    with Session(Database.engine()) as session:
        return consequences(session, action, po_id, reader)


def said(action: str, po_id: int) -> str:
    """Its sentences, as one text."""
    told = ask(action, po_id)
    assert not told.refused
    return " ".join(plain(words) for words in told.sentences)


def done(action: str, po_id: int, reader: Reader = ADMIN, **options: Any) -> str:
    """Do it for real; returns what the action says."""
    (outcome,) = perform_orders(action, [po_id], reader, **{**OPTIONS, **options})
    assert outcome.result == "done", outcome.message
    return outcome.message


class Undone(BaseException):
    """Rolls an action back after it was done; no Exception, since those are turned into outcomes."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def tried(action: str, po_id: int, reader: Reader) -> Outcome:
    """What the real action comes to; nothing stays of it."""

    def undo(_unit: Unit, outcome: Outcome) -> None:
        raise Undone(outcome)

    with pytest.raises(Undone) as undone:
        perform_order(action, po_id, reader, OPTIONS, undo)
    return undone.value.outcome
