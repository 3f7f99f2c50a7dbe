"""Saving the demo's merchants, stores, warehouses, connections and rules by the services, each of them once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any, Final

from sqlalchemy import func, select

from app.demo.places import (
    ACCOUNTS,
    CONNECTIONS,
    EVERY_MINUTE,
    EVERY_TWO_MINUTES,
    MARKET,
    MERCHANTS,
    SWITCHED_OFF,
    WAREHOUSES,
    WEST,
    DemoConnection,
)
from app.domain.people import Reader
from app.models import (
    Connection,
    Merchant,
    MerchantAtWarehouse,
    Rule,
    RuleState,
    ScheduleKind,
    SharedSku,
    Store,
    Table,
    Warehouse,
)
from app.services import catalog, rulebook
from app.services.unit_of_work import unit_of_work

_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _DemoRule:
    """A rule's file (without its ending), its place in the order, and the store it is for, if not for all."""

    file: str
    position: int
    state: RuleState = RuleState.ACTIVE
    store: str = ""


_RULES: Final = (
    _DemoRule("10-leave-out-samples", 10),
    _DemoRule("20-ask-for-a-supplier", 20),
    _DemoRule("30-route-by-destination", 30),
    _DemoRule("40-tag-high-value", 40),
    _DemoRule("50-hold-the-next-season", 50),
    _DemoRule("harbor-10-frozen-goods", 10, store=MARKET.store),
    _DemoRule("draft-90-small-orders", 90, RuleState.DRAFT),
)


def first_day() -> date | None:
    """The day (UTC) on which this database began to be loaded with the demo, or None if it has not."""
    with unit_of_work("look for the demo") as unit:
        names = [merchant.name for merchant in MERCHANTS]
        made = unit.session.scalar(select(func.min(Merchant.created_at)).where(Merchant.name.in_(names)))
    return made.date() if made else None


def is_complete() -> bool:
    """Whether the demo was loaded to its end: its last step was saving the connection that is switched off."""
    return _find(Connection, "name", SWITCHED_OFF.name) is not None


def places(reader: Reader) -> None:
    """Merchants, warehouses, accounts, stores and connections; the connections' schedules are quick."""
    for merchant in MERCHANTS:
        values = {"time_zone": merchant.time_zone, "open_timeout_days": merchant.open_timeout_days}
        _once(Merchant, "name", merchant.name, values, reader)
    for warehouse in WAREHOUSES:
        values = {
            "name": warehouse.name,
            "rule_number": warehouse.rule_number,
            "kind": warehouse.kind,
            "settings": dict(warehouse.settings),
            "time_zone": warehouse.time_zone,
            "over_receipt_percent": warehouse.over_receipt_percent,
            "partial_receipts": warehouse.partial_receipts,
        }
        _once(Warehouse, "code", warehouse.code, values, reader)
    for merchant, warehouse, account, facility in ACCOUNTS:
        _account(
            _id(Merchant, "name", merchant.name), _id(Warehouse, "code", warehouse.code), account, facility, reader
        )
    for connection in CONNECTIONS:
        connect(connection, reader)


def connect(connection: DemoConnection, reader: Reader) -> None:
    """A store and its connection."""
    shared = SharedSku(connection.shared_sku)
    store_values = {"kind": connection.kind, "settings": dict(connection.settings), "shared_sku": shared}
    store_id = _once(Store, "name", connection.store, store_values, reader)
    values = {
        "merchant_id": _id(Merchant, "name", connection.merchant),
        "store_id": store_id,
        "warehouse_id": _id(Warehouse, "code", connection.warehouse),
        "time_zone": connection.time_zone,
        "enabled": connection.enabled,
        "import_from": _LONG_AGO,
        "location_map": dict(connection.location_map),
    }
    connection_id = _once(Connection, "name", connection.name, values, reader)
    if connection.enabled:
        catalog.save_schedule(connection_id, ScheduleKind.IMPORT, EVERY_MINUTE, reader)
        catalog.save_schedule(connection_id, ScheduleKind.STATUS_UPDATE, EVERY_TWO_MINUTES, reader)


def rules(reader: Reader) -> None:
    """The rules, from their files beside this module."""
    for rule in _RULES:
        text = files("app.demo").joinpath("rules", f"{rule.file}.rule").read_text(encoding="utf-8")
        name = text.partition('rule "')[2].partition('"')[0]
        if _find(Rule, "name", name) is None:
            values = {
                "name": name,
                "text": text,
                "store_id": _id(Store, "name", rule.store) if rule.store else None,
                "state": rule.state,
                "position": rule.position,
            }
            rulebook.save(None, values, reader)


def temper_west(settings: Mapping[str, Any], reader: Reader) -> None:
    """Give the sandbox warehouse WEST other settings: they say how it behaves."""
    catalog.update(Warehouse, _id(Warehouse, "code", WEST.code), {"settings": dict(settings)}, reader)


def _once(model: type[Table], key: str, name: str, values: Mapping[str, Any], reader: Reader) -> int:
    found = _find(model, key, name)
    return found if found is not None else catalog.create(model, {key: name, **values}, reader)


def _find(model: type[Any], key: str, name: str) -> int | None:
    with unit_of_work(f"find a {model.__tablename__}") as unit:
        found: int | None = unit.session.scalar(select(model.id).where(getattr(model, key) == name))
    return found


def _id(model: type[Any], key: str, name: str) -> int:
    found = _find(model, key, name)
    assert found is not None
    return found


def _account(merchant_id: int, warehouse_id: int, account: str, facility: str, reader: Reader) -> None:
    with unit_of_work("find an account") as unit:
        query = select(MerchantAtWarehouse.id).where(
            MerchantAtWarehouse.merchant_id == merchant_id, MerchantAtWarehouse.warehouse_id == warehouse_id
        )
        found = unit.session.scalar(query)
    if found is None:
        values = {
            "merchant_id": merchant_id,
            "warehouse_id": warehouse_id,
            "account": account,
            "facility": facility,
        }
        catalog.create(MerchantAtWarehouse, values, reader)
