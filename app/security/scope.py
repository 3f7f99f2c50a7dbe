"""Which rows of a table a reader may see, as SQL: one answer for lists, counts, details, actions and exports.

Every table declares a `Scope`; this module turns it into a condition. Whoever is not named in a rule gets `false()`:
access is denied unless it is granted. The conditions name the other tables as aliased Core tables, so that the session
wall, which adds conditions to ORM entities, never adds one inside another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from app.domain.activity import PARTNER_KINDS
from app.domain.people import Reader, Role
from app.models import Connection, MerchantAtWarehouse, PurchaseOrder, Receipt, Run, Scope, Table

Condition = ColumnElement[bool]

# Children of an order that tell how it was judged or what its source says now: never for partners.
_KEPT_FROM_PARTNERS: Final = frozenset({"judgement", "pending_change"})

_orders: Final = PurchaseOrder.__table__.alias("scope_order")
_receipts: Final = Receipt.__table__.alias("scope_receipt")
_connections: Final = Connection.__table__.alias("scope_connection")
_runs: Final = Run.__table__.alias("scope_run")
_accounts: Final = MerchantAtWarehouse.__table__.alias("scope_account")


def criteria(model: type[Table], reader: Reader) -> Condition | None:
    """The condition on `model`'s rows for `reader`; None where no row is hidden, `false()` where all are."""
    if reader.role is Role.SYSTEM:
        return None
    return _RULES[model.__scope__](model, reader)


def _order(columns: Any, reader: Reader) -> Condition | None:
    if reader.unlimited:
        return None
    if reader.role is Role.PARTNER:
        return and_(_one_of(columns.warehouse_id, reader.warehouse_ids), columns.sent_at.is_not(None))
    return _by_merchant(columns, reader)


def _receipt(columns: Any, reader: Reader) -> Condition | None:
    if reader.unlimited:
        return None
    if reader.role is Role.PARTNER:
        return _one_of(columns.warehouse_id, reader.warehouse_ids)
    return _by_merchant(columns, reader)


def _order_child(model: Any, reader: Reader) -> Condition | None:
    if reader.role is Role.PARTNER and model.__tablename__ in _KEPT_FROM_PARTNERS:
        return false()
    condition = _order(_orders.c, reader)
    return None if condition is None else _within(model.purchase_order_id, select(_orders.c.id).where(condition))


def _receipt_child(model: Any, reader: Reader) -> Condition | None:
    condition = _receipt(_receipts.c, reader)
    return None if condition is None else _within(model.receipt_id, select(_receipts.c.id).where(condition))


def _timeline(model: Any, reader: Reader) -> Condition | None:
    order, receipt = _order_child(model, reader), _receipt_child(model, reader)
    if order is None or receipt is None:
        return None
    seen = or_(order, receipt)
    return seen & model.kind.in_(sorted(PARTNER_KINDS)) if reader.role is Role.PARTNER else seen


def _merchant(model: Any, reader: Reader) -> Condition | None:
    if reader.unlimited:
        return None
    if reader.role is Role.PARTNER:
        mine = _one_of(_accounts.c.warehouse_id, reader.warehouse_ids)
        return _within(model.id, select(_accounts.c.merchant_id).where(mine))
    return _one_of(model.id, reader.merchant_ids) if _is_divided_by_merchant(reader) else false()


def _warehouse(model: Any, reader: Reader) -> Condition | None:
    if reader.unlimited:
        return None
    if reader.role is Role.PARTNER:
        return _one_of(model.id, reader.warehouse_ids)
    accounts = select(_accounts.c.warehouse_id).where(_by_merchant(_accounts.c, reader))
    defaults = select(_connections.c.warehouse_id).where(_by_merchant(_connections.c, reader))
    return or_(_within(model.id, accounts), _within(model.id, defaults))


def _store(model: Any, reader: Reader) -> Condition | None:
    if reader.unlimited:
        return None
    return _within(model.id, select(_connections.c.store_id).where(_by_merchant(_connections.c, reader)))


def _merchant_staff(model: Any, reader: Reader) -> Condition | None:
    if reader.unlimited:
        return None
    return _by_merchant(model, reader) if reader.is_staff else false()


def _staff(_model: Any, reader: Reader) -> Condition | None:
    return None if reader.is_staff else false()


def _run(columns: Any, reader: Reader) -> Condition | None:
    if reader.unlimited:
        return None
    own = _own(columns, reader)
    return or_(own, _by_merchant(columns, reader)) if reader.is_staff else own


def _run_child(model: Any, reader: Reader) -> Condition | None:
    condition = _run(_runs.c, reader)
    return None if condition is None else _within(model.run_id, select(_runs.c.id).where(condition))


def _owner(model: Any, reader: Reader) -> Condition | None:
    return or_(_own(model, reader), model.shared) if reader.is_staff else _own(model, reader)


def _own(model: Any, reader: Reader) -> Condition:
    condition: Condition = model.user_id == reader.user_id if reader.user_id is not None else false()
    return condition


def _system(_model: Any, _reader: Reader) -> Condition | None:
    return false()


def _by_merchant(columns: Any, reader: Reader) -> Condition:
    return _one_of(columns.merchant_id, reader.merchant_ids) if _is_divided_by_merchant(reader) else false()


def _is_divided_by_merchant(reader: Reader) -> bool:
    return reader.role in {Role.SUPPORT, Role.MERCHANT}


def _one_of(column: Any, ids: frozenset[int] | None) -> Condition:
    # Only an unlimited reader may come without ids, and it never gets here.
    return column.in_(sorted(ids)) if ids else false()


def _within(column: Any, rows: Select[Any]) -> Condition:
    condition: Condition = column.in_(rows)
    return condition


_RULES: Final[dict[Scope, Callable[[Any, Reader], Condition | None]]] = {
    Scope.ORDER: _order,
    Scope.RECEIPT: _receipt,
    Scope.ORDER_CHILD: _order_child,
    Scope.RECEIPT_CHILD: _receipt_child,
    Scope.TIMELINE: _timeline,
    Scope.MERCHANT: _merchant,
    Scope.WAREHOUSE: _warehouse,
    Scope.MERCHANT_STAFF: _merchant_staff,
    Scope.STORE: _store,
    Scope.STAFF: _staff,
    Scope.RUN: _run,
    Scope.RUN_CHILD: _run_child,
    Scope.OWNER: _owner,
    Scope.OWN: _own,
    Scope.SYSTEM: _system,
}
