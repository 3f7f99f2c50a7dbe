"""Loading the demo, once: places, people, rules, and 200 purchase orders that walk the real way into every status.

Each step looks first whether it was done, or does nothing when done again; so a loading that was interrupted is simply
begun anew. Orders and receipts are seeded by their numbers and by the day of the first try, so they come out the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask

from app.connectors.contract import ReceiptDocument, ReceivedLine
from app.demo import ages, furnish, people
from app.demo.hands import Hands, end_old_leases
from app.demo.orders import Order, all_orders, changed, ended
from app.demo.places import CONNECTIONS, EAST, ERP, MOODY, REFUSING, SWITCHED_OFF, WAREHOUSES, WEST
from app.demo.stories import Story
from app.demo.trucks import receipts_of
from app.demo.world import IN, World, shortened_csv
from app.domain.people import SYSTEM
from app.domain.record import PurchaseOrderRecord, SourceState
from app.models import ScheduleKind
from app.services import actions, housekeeping
from app.services.unit_of_work import unit_of_work
from config import Settings

log = logging.getLogger(__name__)

_PER_FILE = 12
_STAFF = "support"


def load(app: Flask, settings: Settings) -> None:
    """Load the demo into the database of `settings`; changes nothing where it was loaded before.

    Users and their passwords stand in `settings.data_folder`/users.json afterwards. Raises DemoError.
    """
    with app.app_context():
        _load(settings)


def _load(settings: Settings) -> None:
    world = World(settings.files_root)
    begun = furnish.first_day()
    if begun is None:
        world.begin_anew()
    complete = furnish.is_complete()
    if not complete:
        furnish.places(SYSTEM)
    people.welcome(settings.data_folder)
    if complete:
        return
    if begun is not None:
        end_old_leases()
    today = furnish.first_day()
    assert today is not None
    furnish.rules(people.reader("admin"))
    _Walk(world, Hands(settings.redis_url), today, all_orders(today)).whole()
    furnish.temper_west(MOODY, SYSTEM)
    furnish.connect(SWITCHED_OFF, SYSTEM)


@dataclass(frozen=True, slots=True)
class _Walk:
    """The orders on their way, story by story."""

    world: World
    hands: Hands
    today: date
    orders: Sequence[Order]

    def whole(self) -> None:
        """The whole way, from the sources to the sources."""
        self._refused()
        self._import([order for order in self.orders if order.story is not Story.REFUSED])
        self.world.drop(
            ERP.folder, IN, "retyped-in-a-spreadsheet.csv", shortened_csv(self._bad_records()), self._night(1)
        )
        self._change(_BEFORE_RECEIPTS, hour=1)
        self._receive()
        self._change(_AFTER_RECEIPTS, hour=2)
        self._people()
        ages.make_older()
        housekeeping.sweep()
        ages.date_lateness()
        self._update_status()
        log.info("The demo has %s purchase orders.", len(self.orders))

    def _refused(self) -> None:
        """A warehouse that refuses documents for a while."""
        refused = self._told((Story.REFUSED,))
        if len(_ids(refused, "error")) < len(refused):
            furnish.temper_west(REFUSING, SYSTEM)
            self._import(refused)
        furnish.temper_west(WEST.settings, SYSTEM)

    def _import(self, orders: Sequence[Order]) -> None:
        """Let every store offer its orders, and import them."""
        for connection in CONNECTIONS:
            mine = [order.record for order in orders if order.connection is connection]
            for records in _batches(mine):
                self.world.place_orders(connection, records, f"orders-{records[0].number}", self._night(0))
        self._run(ScheduleKind.IMPORT)

    def _change(self, changes: Mapping[Story, SourceState | None], hour: int) -> None:
        """Let the stores say something new about orders: changed (None), canceled or completed."""
        for connection in CONNECTIONS:
            mine = [order for order in self._told(tuple(changes)) if order.connection is connection]
            records = [_said_anew(order, changes[order.story]) for order in mine]
            if records:
                self.world.place_orders(connection, records, f"changes-{hour}", self._night(hour))
        self._run(ScheduleKind.IMPORT)

    def _receive(self) -> None:
        """Let the warehouses report what came, oldest first, and pull it."""
        by_number = {order.number: order for order in self.orders}
        for warehouse in WAREHOUSES:
            notices = [n for n in self.world.notices(warehouse) if n["po_number"] in by_number]
            receipts = [
                receipt
                for notice in notices
                for receipt in receipts_of(by_number[str(notice["po_number"])], notice, self.today)
            ]
            if warehouse is EAST:
                receipts.append(_waiting(self.today))
            self.world.receive(warehouse, sorted(receipts, key=lambda receipt: receipt.received_at))
        self._update_status()

    def _people(self) -> None:
        """What people did."""
        staff = people.reader(_STAFF)
        ids = _ids(self._told((Story.PUT_AWAY,)))
        actions.perform_orders("archive", ids, staff, reason="Ordered twice; the buyer confirmed by phone.")
        ids = _ids(self._told((Story.CLOSED_BY_PERSON,)))
        actions.perform_orders("close_short", ids, staff, reason="The supplier has discontinued the rest.")
        ids = _without_comment(_ids(self._told((Story.MUCH_OVER, Story.UNKNOWN_SKU))))
        actions.perform_orders("comment", ids, staff, text="I asked the warehouse for a photo of the labels.")

    def _update_status(self) -> None:
        self._run(ScheduleKind.STATUS_UPDATE)

    def _run(self, kind: ScheduleKind) -> None:
        self.hands.run([connection.name for connection in CONNECTIONS], kind)

    def _bad_records(self) -> list[PurchaseOrderRecord]:
        """Orders that nobody has seen before; a spreadsheet will have spoiled them."""
        records = [order.record for order in self.orders if order.connection is ERP][:2]
        return [replace(record, number=f"{record.number}-B", external_id=f"{record.number}-B") for record in records]

    def _told(self, stories: Iterable[Story]) -> list[Order]:
        wanted = frozenset(stories)
        return [order for order in self.orders if order.story in wanted]

    def _night(self, hour: int) -> datetime:
        """An hour of the night before today: files that were written then have rested long enough to be taken."""
        return datetime.combine(self.today, time(), UTC) - timedelta(hours=6 - hour)


_BEFORE_RECEIPTS: Mapping[Story, SourceState | None] = {
    Story.CHANGED: None,
    Story.COMPLETED_THERE: SourceState.COMPLETED,
    Story.CANCELED_UNSENT: SourceState.CANCELED,
    Story.CANCELED_SENT: SourceState.CANCELED,
}
_AFTER_RECEIPTS: Mapping[Story, SourceState | None] = {Story.CANCELED_LATE: SourceState.CANCELED}


def _said_anew(order: Order, state: SourceState | None) -> PurchaseOrderRecord:
    return changed(order) if state is None else ended(order, state)


def _batches(records: Sequence[PurchaseOrderRecord]) -> list[Sequence[PurchaseOrderRecord]]:
    return [records[at : at + _PER_FILE] for at in range(0, len(records), _PER_FILE)]


def _waiting(today: date) -> ReceiptDocument:
    """Goods of which nobody has heard yet: the receipt waits for its purchase order."""
    at = datetime.combine(today - timedelta(days=1), time(15, 20), UTC)
    lines = [ReceivedLine("DVT-FIR-KG", Decimal(48)), ReceivedLine("SHT-FIR-KG", Decimal(36))]
    return ReceiptDocument("RC-EARLY-1", at, lines, account="AF-100", number="AF-18077")


def _ids(orders: Sequence[Order], status: str = "%") -> list[int]:
    """The ids of those orders that were imported, and have this status if one is given."""
    with unit_of_work("find orders") as unit:
        rows = unit.rows(
            "SELECT id FROM purchase_order WHERE external_id = ANY(CAST(:ids AS text[])) AND status LIKE :status"
            " ORDER BY id",
            ids=[order.record.external_id for order in orders],
            status=status,
        )
    return [row.id for row in rows]


def _without_comment(ids: Sequence[int]) -> list[int]:
    with unit_of_work("look for comments") as unit:
        rows: list[Any] = unit.rows(
            "SELECT DISTINCT purchase_order_id AS id FROM activity WHERE kind = 'comment'"
            " AND purchase_order_id = ANY(CAST(:ids AS bigint[]))",
            ids=list(ids),
        )
    told = {row.id for row in rows}
    return [po_id for po_id in ids if po_id not in told]
