"""Rows for tests, inserted and committed directly: every value has a default, every default can be overridden.

Each method returns the stored row, detached: its columns can be read, its relations cannot.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from flask_appbuilder.security.sqla.models import Role as RoleRow
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.domain.people import Role
from app.domain.record import LineRecord, PurchaseOrderRecord, check, content_digest, snapshot, total_cost
from app.domain.states import PoStatus, ReceiptState
from app.models import (
    Activity,
    Connection,
    LineItem,
    Merchant,
    MerchantAtWarehouse,
    OrderKey,
    PurchaseOrder,
    Receipt,
    ReceiptLine,
    Schedule,
    ScheduleKind,
    Step,
    Store,
    UserScope,
    Warehouse,
)

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
# Hashed once, by the quickest method: its strength is not what these tests are about.
_PASSWORD_HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")

ROLE_NAMES = {
    Role.ADMIN: "Admin",
    Role.SUPPORT: "Support",
    Role.PARTNER: "Warehouse Partner",
    Role.MERCHANT: "Merchant",
}
_IMPORT_RULES = [{"kind": "minutely", "every": 15}]

RowT = TypeVar("RowT")


class Factory:
    """Makes rows in one database. Names and numbers count up, so that two rows never collide by accident."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._numbers = itertools.count(1)

    def merchant(self, **values: Any) -> Merchant:
        """A merchant."""
        return self.add(Merchant(**{"name": f"Merchant {self.number()}", **values}))

    def store(self, **values: Any) -> Store:
        """A store of the sandbox kind."""
        return self.add(Store(**{"name": f"Store {self.number()}", "kind": "sandbox", **values}))

    def warehouse(self, **values: Any) -> Warehouse:
        """A warehouse of the sandbox kind."""
        number = self.number()
        return self.add(
            Warehouse(**{"name": f"Warehouse {number}", "code": f"WH{number}", "kind": "sandbox", **values})
        )

    def account(self, merchant: Merchant, warehouse: Warehouse, **values: Any) -> MerchantAtWarehouse:
        """The merchant's account at the warehouse."""
        defaults = {"merchant_id": merchant.id, "warehouse_id": warehouse.id, "account": f"ACC{self.number()}"}
        return self.add(MerchantAtWarehouse(**{**defaults, **values}))

    def connection(
        self,
        merchant: Merchant | None = None,
        store: Store | None = None,
        warehouse: Warehouse | None = None,
        *,
        account: bool = True,
        schedules: bool = True,
        **values: Any,
    ) -> Connection:
        """An enabled connection with both schedules, and the merchant's account at its warehouse unless told not to."""
        merchant = merchant or self.merchant()
        store = store or self.store()
        warehouse = warehouse or self.warehouse()
        if account:
            self._account_once(merchant, warehouse)
        defaults = {
            "name": f"Connection {self.number()}",
            "merchant_id": merchant.id,
            "store_id": store.id,
            "warehouse_id": warehouse.id,
            "enabled": True,
            "import_from": NOON,
        }
        connection = self.add(Connection(**{**defaults, **values}))
        for kind in ScheduleKind if schedules else ():
            self.add(Schedule(connection_id=connection.id, kind=kind, rules=_IMPORT_RULES))
        return connection

    def purchase_order(
        self,
        connection: Connection | None = None,
        *,
        lines: int | Iterable[LineRecord] = 2,
        status: PoStatus = PoStatus.NEW,
        sent: bool | None = None,
        **values: Any,
    ) -> PurchaseOrder:
        """A purchase order with `lines` lines (a count, or records), routed to its connection's warehouse.

        It is `sent` unless it is New; a New one waits for the rules. Line n has the SKU SKU-n (four digits), orders 10
        and costs 2.50 each.
        """
        connection = connection or self.connection()
        record = self._record(lines)
        sent = status is not PoStatus.NEW if sent is None else sent
        order = PurchaseOrder(**{**_order_values(connection, record, status, sent), **values})
        with Session(self.engine, expire_on_commit=False) as session:
            session.add(order)
            session.flush()
            session.add_all(_line_item(order.id, position, line) for position, line in enumerate(record.lines, start=1))
            session.add(_order_key(order))
            session.commit()
        return order

    def lines_of(self, order: PurchaseOrder) -> list[LineItem]:
        """The order's lines, in their order."""
        with Session(self.engine, expire_on_commit=False) as session:
            query = select(LineItem).where(LineItem.purchase_order_id == order.id).order_by(LineItem.position)
            return list(session.scalars(query))

    def receipt(
        self,
        order: PurchaseOrder | None = None,
        *,
        quantities: Iterable[int | Decimal] = (1,),
        state: ReceiptState = ReceiptState.NEW,
        **values: Any,
    ) -> Receipt:
        """A stored receipt for the order's first lines, with the given quantities; nothing of it is applied.

        Without an order give `warehouse_id`: it is a receipt that found none.
        """
        number = self.number()
        amounts = [Decimal(quantity) for quantity in quantities]
        found = (
            {"warehouse_id": order.warehouse_id, "merchant_id": order.merchant_id, "purchase_order_id": order.id}
            if order
            else {}
        )
        defaults = {
            "external_id": f"R-{number}",
            "po_reference": order.number if order else f"PO-{number}",
            "state": state,
            "origin": "pull",
            "received_at": NOON,
            "units": sum(amounts, Decimal(0)),
            "content_digest": f"receipt {number}",
        }
        receipt = self.add(Receipt(**{**found, **defaults, **values}))
        items = self.lines_of(order) if order else []
        for position, amount in enumerate(amounts, start=1):
            item = items[position - 1] if position <= len(items) else None
            self.add(_receipt_line(receipt.id, position, amount, item))
        return receipt

    def activity(
        self, order: PurchaseOrder | None, kind: str, receipt: Receipt | None = None, /, **data: Any
    ) -> Activity:
        """One line of a timeline."""
        return self.add(
            Activity(
                kind=kind,
                connection_id=order.connection_id if order else None,
                external_id=order.external_id if order else "",
                purchase_order_id=order.id if order else None,
                receipt_id=receipt.id if receipt else None,
                data=data,
            )
        )

    def user(
        self,
        role: Role | str,
        *,
        merchants: Iterable[Merchant] = (),
        warehouses: Iterable[Warehouse] = (),
        **values: Any,
    ) -> User:
        """A user who signs in with PASSWORD; `role` is one of ours, or the name of any other role."""
        name = f"user{self.number()}"
        defaults = {
            "first_name": "Uma",
            "last_name": name.title(),
            "username": name,
            "email": f"{name}@example.org",
            "active": True,
            "password": _PASSWORD_HASH,
        }
        with Session(self.engine, expire_on_commit=False) as session:
            row = self._role(session, ROLE_NAMES.get(role, role) if isinstance(role, Role) else role)
            user = User(**{**defaults, **values}, roles=[row])
            session.add(user)
            session.flush()
            session.add_all(UserScope(user_id=user.id, merchant_id=merchant.id) for merchant in merchants)
            session.add_all(UserScope(user_id=user.id, warehouse_id=warehouse.id) for warehouse in warehouses)
            session.commit()
        return user

    def add(self, row: RowT) -> RowT:
        """Insert one row and commit."""
        with Session(self.engine, expire_on_commit=False) as session:
            session.add(row)
            session.flush()
            session.refresh(row)
            session.commit()
        return row

    def number(self) -> int:
        """A number that this factory has not given yet."""
        return next(self._numbers)

    def _record(self, lines: int | Iterable[LineRecord]) -> PurchaseOrderRecord:
        number = self.number()
        given = [_line(n) for n in range(1, lines + 1)] if isinstance(lines, int) else list(lines)
        return check(
            PurchaseOrderRecord(
                external_id=f"EXT-{number}",
                number=f"PO-{number:04}",
                lines=given,
                buyer_name="Bolt Buyer",
                notes="Dock 3",
            )
        )

    def _account_once(self, merchant: Merchant, warehouse: Warehouse) -> None:
        with Session(self.engine) as session:
            known = select(MerchantAtWarehouse.id).filter_by(merchant_id=merchant.id, warehouse_id=warehouse.id)
            if session.scalar(known) is not None:
                return
        self.account(merchant, warehouse)

    @staticmethod
    def _role(session: Session, name: str) -> RoleRow:
        row = session.scalar(select(RoleRow).filter_by(name=name))
        if row is None:
            row = RoleRow(name=name)
            session.add(row)
        return row


def _line(number: int) -> LineRecord:
    return LineRecord(
        line_number=number,
        sku=f"SKU-{number:04}",
        quantity=Decimal(10),
        name=f"Thing {number}",
        unit_cost=Decimal("2.50"),
    )


def _order_values(connection: Connection, record: PurchaseOrderRecord, status: PoStatus, sent: bool) -> dict[str, Any]:
    return {
        "connection_id": connection.id,
        "merchant_id": connection.merchant_id,
        "store_id": connection.store_id,
        "warehouse_id": connection.warehouse_id,
        "external_id": record.external_id,
        "number": record.number,
        "buyer_name": record.buyer_name,
        "supplier_name": "Acme Supplies",
        "currency": "EUR",
        "notes": record.notes,
        "ordered_at": NOON,
        "due_date": date(2026, 3, 20),
        "status": status,
        "step": _step(status),
        "lines_count": len(record.lines),
        "units_ordered": sum((line.quantity for line in record.lines), Decimal(0)),
        "total_cost": total_cost(record.lines),
        "sent_at": NOON if sent else None,
        "accepted_at": NOON if sent else None,
        "snapshot": snapshot(record),
        "content_digest": content_digest(record),
    }


def _step(status: PoStatus) -> Step:
    if status is PoStatus.NEW:
        return Step.JUDGE
    return Step.WAIT if status in {PoStatus.OPEN, PoStatus.PARTIALLY_RECEIVED} else Step.NONE


def _line_item(order_id: int, position: int, line: LineRecord) -> LineItem:
    return LineItem(
        purchase_order_id=order_id,
        key=line.key,
        position=position,
        line_number=line.line_number,
        source_line_id=line.source_line_id,
        sku=line.sku,
        supplier_sku=line.supplier_sku,
        barcode=line.barcode,
        name=line.name,
        quantity=line.quantity,
        received_before=line.received_before,
        unit_of_measure=line.unit_of_measure,
        pack_size=line.pack_size,
        unit_cost=line.unit_cost,
        expected_date=line.expected_date,
    )


def _order_key(order: PurchaseOrder) -> OrderKey:
    return OrderKey(
        store_id=order.store_id,
        connection_id=order.connection_id,
        external_id=order.external_id,
        purchase_order_id=order.id,
        raw_digest=f"raw {order.external_id}",
    )


def _receipt_line(receipt_id: int, position: int, amount: Decimal, item: LineItem | None) -> ReceiptLine:
    return ReceiptLine(
        receipt_id=receipt_id,
        position=position,
        line_item_id=item.id if item else None,
        line_key=item.key if item else "",
        line_number=item.line_number if item else None,
        sku=item.sku if item else f"SKU-{position:04}",
        received=amount,
    )
