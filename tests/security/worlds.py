"""Two worlds that share nothing, with one row of every table in each; and readers of every role for the first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.people import NOBODY, SYSTEM, Reader, Role
from app.domain.states import PoStatus
from app.models import (
    Allocation,
    BulkItem,
    Connection,
    DefaultView,
    Delivery,
    DeliveryAttempt,
    Document,
    Heartbeat,
    Judgement,
    LineItem,
    OrderKey,
    PendingChange,
    PurchaseOrder,
    Receipt,
    ReceiptLine,
    ReportedTotal,
    Rule,
    RuleVersion,
    Run,
    RunFailure,
    SavedView,
    Schedule,
    SourceDocument,
    Table,
    UserScope,
)
from tests.factories import NOON, Factory

MINE, THEIRS = "mine", "theirs"


@dataclass
class Worlds:
    """The key of each row as text by table, so that a test can say "mine" and "theirs" instead of ids."""

    make: Factory
    connections: dict[str, Connection] = field(default_factory=dict)
    orders: dict[str, PurchaseOrder] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    names: dict[tuple[str, int], str] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)

    def name(self, world: str, row: Any) -> None:
        """Remember to which world a row belongs."""
        self.names[row.__tablename__, row.id if hasattr(row, "id") else 0] = world

    def reader(self, role: Role) -> Reader:
        """A reader of a role whose scope is the first world."""
        connection = self.connections[MINE]
        merchants, warehouses = frozenset({connection.merchant_id}), frozenset({connection.warehouse_id})
        match role:
            case Role.ADMIN:
                return Reader(role, "Ada", self.users[MINE], None, None)
            case Role.SUPPORT | Role.MERCHANT:
                return Reader(role, "Sue", self.users[MINE], merchants, None)
            case Role.PARTNER:
                return Reader(role, "Pat", self.users[MINE], None, warehouses)
            case Role.NOBODY:
                return NOBODY
            case Role.SYSTEM:
                return SYSTEM


def make_worlds(make: Factory) -> Worlds:
    """Make both."""
    worlds = Worlds(make)
    for world in (MINE, THEIRS):
        _fill(worlds, world)
    for model in Table.__subclasses__():
        if model is Heartbeat:
            make.add(Heartbeat(name="worker"))
    return worlds


def _fill(worlds: Worlds, world: str) -> None:
    make = worlds.make
    connection = make.connection()
    order = make.purchase_order(connection, status=PoStatus.OPEN, lines=1)
    receipt = make.receipt(order)
    user = make.user(Role.MERCHANT)
    worlds.connections[world], worlds.orders[world], worlds.receipts[world] = connection, order, receipt
    worlds.users[world] = user.id
    for row in (connection, order, receipt, *_found(make, connection, order, receipt)):
        worlds.name(world, row)
    for row in _made(connection, order, receipt, make, user.id):
        worlds.name(world, make.add(row))


def _found(make: Factory, connection: Connection, order: PurchaseOrder, receipt: Receipt) -> list[Any]:
    """The rows that the factory made on the way."""
    from app.models import Merchant, MerchantAtWarehouse, Store, Warehouse

    with Session(make.engine, expire_on_commit=False) as session:
        return [
            session.get_one(Merchant, connection.merchant_id),
            session.get_one(Store, connection.store_id),
            session.get_one(Warehouse, connection.warehouse_id),
            session.scalars(select(MerchantAtWarehouse).filter_by(merchant_id=connection.merchant_id)).one(),
            *session.scalars(select(Schedule).filter_by(connection_id=connection.id)),
            session.scalars(select(OrderKey).filter_by(purchase_order_id=order.id)).one(),
            session.scalars(select(LineItem).filter_by(purchase_order_id=order.id)).one(),
            session.scalars(select(ReceiptLine).filter_by(receipt_id=receipt.id)).one(),
        ]


def _made(connection: Connection, order: PurchaseOrder, receipt: Receipt, make: Factory, user_id: int) -> list[Any]:
    with Session(make.engine, expire_on_commit=False) as session:
        key = session.scalars(select(OrderKey).filter_by(purchase_order_id=order.id)).one()
        item = session.scalars(select(LineItem).filter_by(purchase_order_id=order.id)).one()
        line = session.scalars(select(ReceiptLine).filter_by(receipt_id=receipt.id)).one()
    run = make.add(Run(kind="import", connection_id=connection.id, merchant_id=connection.merchant_id, started_by="x"))
    view = make.add(SavedView(user_id=user_id, page="purchase_orders", name="Late", query={}))
    rule = make.add(Rule(name=f"Rule {make.number()}"))
    delivery = make.add(
        Delivery(
            kind="status",
            connection_id=connection.id,
            merchant_id=connection.merchant_id,
            po_key_id=key.id,
            purchase_order_id=order.id,
            external_id=order.external_id,
            number=order.number,
        )
    )
    return [
        run,
        rule,
        delivery,
        Allocation(receipt_id=receipt.id, receipt_line_id=line.id, line_item_id=item.id, quantity=1),
        DeliveryAttempt(
            delivery_id=delivery.id,
            merchant_id=connection.merchant_id,
            number=1,
            action="status",
            outcome="accepted",
            duration_ms=5,
        ),
        Document(po_key_id=key.id, warehouse_id=connection.warehouse_id),
        Judgement(purchase_order_id=order.id, outcome="accepted", trace={}),
        PendingChange(
            purchase_order_id=order.id, kind="change", snapshot={}, content_digest="c", raw_digest="r", received_at=NOON
        ),
        ReportedTotal(
            warehouse_id=connection.warehouse_id,
            purchase_order_id=order.id,
            line_reference="1",
            total=1,
            reported_at=NOON - timedelta(days=1),
        ),
        RuleVersion(rule_id=rule.id, number=1, text="accept"),
        RunFailure(
            run_id=run.id,
            connection_id=connection.id,
            merchant_id=connection.merchant_id,
            reason="no lines",
            text="{}",
            digest="d",
        ),
        view,
        DefaultView(user_id=user_id, page="purchase_orders", saved_view_id=view.id),
        BulkItem(run_id=run.id, purchase_order_id=order.id, number=order.number),
        SourceDocument(connection_id=connection.id, external_id=order.external_id, text="{}"),
        UserScope(user_id=user_id, merchant_id=connection.merchant_id),
        make.activity(order, "accepted"),
        make.activity(order, "judged"),
    ]
