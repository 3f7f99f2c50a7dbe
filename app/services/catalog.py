"""Merchants, stores, warehouses, accounts and connections: saved by people, checked here.

Settings and secrets are checked against what the connector declares. A secret that is left empty keeps its value; none
is ever given back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.connectors import registry
from app.connectors.settings import secret_names, validated
from app.domain.errors import BadSettings, NotFound, Refused, StaleRecord
from app.domain.people import Reader, Role
from app.domain.recurrence import next_due
from app.domain.recurrence_json import from_json, to_json
from app.models import (
    Connection,
    Merchant,
    MerchantAtWarehouse,
    PurchaseOrder,
    Schedule,
    ScheduleKind,
    Store,
    Table,
    UserScope,
    Warehouse,
)
from app.security.scope import criteria
from app.services.unit_of_work import Unit, unit_of_work

IMPORT_EVERY: list[dict[str, Any]] = [{"kind": "minutely", "every": 15}]
STATUS_EVERY: list[dict[str, Any]] = [{"kind": "hourly", "every": 4}]

FIELDS: Mapping[type[Table], tuple[str, ...]] = {
    Merchant: ("name", "open_timeout_days", "time_zone"),
    Store: ("name", "kind", "settings", "secrets", "shared_sku"),
    Warehouse: (
        "name", "code", "rule_number", "enabled", "kind", "settings", "secrets", "time_zone", "over_receipt_percent",
        "partial_receipts",
    ),
    MerchantAtWarehouse: ("merchant_id", "warehouse_id", "account", "secrets", "facility", "receiving_policy"),
    Connection: (
        "name", "merchant_id", "store_id", "warehouse_id", "time_zone", "enabled", "channel_on", "import_from",
        "import_filter", "location_map",
    ),
    UserScope: ("user_id", "merchant_id", "warehouse_id"),
}  # fmt: skip

_FIXED_WITH_ORDERS = ("merchant_id", "store_id")


def create(model: type[Table], values: Mapping[str, Any], reader: Reader) -> int:
    """Save a new record and return its id. Raises Refused, BadSettings naming the field, NotFound."""
    with unit_of_work(f"create a {model.__tablename__}") as unit:
        _may_edit(model, reader)
        record = model()
        _fill(model, record, values)
        _CHECKS.get(model, _nothing)(unit, record)
        unit.session.add(record)
        _flush(unit, record)
        if isinstance(record, Connection):
            _add_schedules(unit, record)
        return int(record.id)


def update(
    model: type[Table], record_id: int, values: Mapping[str, Any], reader: Reader, version_no: int | None = None
) -> None:
    """Change a record. Raises StaleRecord when `version_no` is not the record's any more, and as `create` does."""
    with unit_of_work(f"change a {model.__tablename__}") as unit:
        _may_edit(model, reader)
        record = _locked(unit, model, record_id, reader)
        if version_no is not None and getattr(record, "version_no", version_no) != version_no:
            raise StaleRecord("Somebody saved this since you opened it.", "Open it again and repeat your change.")
        if isinstance(record, Connection):
            _keep_identity(unit, record, values)
        _fill(model, record, values)
        _CHECKS.get(model, _nothing)(unit, record)
        _flush(unit, record)
        if isinstance(record, Connection):
            _replan(unit, record)


def delete(model: type[Table], record_id: int, reader: Reader) -> None:
    """Delete a record that nothing refers to. Raises Refused, with the count of orders where there are any."""
    with unit_of_work(f"delete a {model.__tablename__}") as unit:
        _may_edit(model, reader)
        record = _locked(unit, model, record_id, reader)
        column = {Merchant: "merchant_id", Store: "store_id", Warehouse: "warehouse_id", Connection: "connection_id"}
        if model in column:
            orders = unit.session.scalar(select(func.count()).where(getattr(PurchaseOrder, column[model]) == record_id))
            if orders:
                raise Refused(f"{record} has {orders} purchase orders.", "Switch it off instead of deleting it.")
        name = str(record)
        unit.session.delete(record)
        try:
            unit.session.flush()
        except IntegrityError:
            raise Refused(f"{name} is still in use.", "Remove what refers to it first, or switch it off.") from None


def save_schedule(connection_id: int, kind: ScheduleKind, rules: list[dict[str, Any]], reader: Reader) -> None:
    """Set when a connection imports or updates status. Raises BadSettings with the rule that cannot be used."""
    with unit_of_work("save a schedule") as unit:
        _may_edit(Connection, reader)
        connection = _locked(unit, Connection, connection_id, reader)
        schedule = unit.session.scalars(
            select(Schedule).where(Schedule.connection_id == connection_id, Schedule.kind == kind).with_for_update()
        ).one()
        schedule.rules = to_json(from_json(rules))
        unit.session.flush()
        _replan(unit, connection)


def _may_edit(model: type[Table], reader: Reader) -> None:
    """Admins edit all; support staff connections and accounts, where the role was granted (the views ask)."""
    if reader.role in (Role.ADMIN, Role.SYSTEM):
        return
    if reader.role is Role.SUPPORT and model in (Connection, MerchantAtWarehouse):
        return
    raise Refused("Only an admin may change this.")


def _locked(unit: Unit, model: type[Table], record_id: int, reader: Reader) -> Any:
    query = select(model).where(model.id == record_id).with_for_update()
    scope = None if reader.role is Role.ADMIN else criteria(model, reader)
    record = unit.session.scalar(query if scope is None else query.where(scope))
    if record is None:
        raise NotFound("There is no such record.", "Go back to the list.")
    return record


def _fill(model: type[Table], record: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in FIELDS[model]:
            raise BadSettings(f"There is no field “{name}” to save.", name)
        if name == "secrets":
            kept = dict(record.secrets or {})
            kept.update({key: secret for key, secret in (value or {}).items() if secret})
            record.secrets = kept
        else:
            setattr(record, name, value.strip() if isinstance(value, str) else value)


def _nothing(_unit: Unit, _record: Any) -> None:
    return


def _check_named(record: Any) -> None:
    if not (record.name or "").strip():
        raise BadSettings("The name is missing.", "name", "Give it one.")


def _check_zone(record: Any) -> None:
    try:
        ZoneInfo(record.time_zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        raise BadSettings(
            f"There is no time zone “{record.time_zone}”.", "time_zone", "Write it like Europe/Berlin."
        ) from None


def _check_merchant(_unit: Unit, record: Merchant) -> None:
    _check_named(record)
    _check_zone(record)


def _check_store(_unit: Unit, record: Store) -> None:
    _check_named(record)
    _check_connector(record, registry.source_class(record.kind).fields)


def _check_warehouse(_unit: Unit, record: Warehouse) -> None:
    _check_named(record)
    _check_zone(record)
    if not (record.code or "").strip():
        raise BadSettings("The code is missing.", "code", "Give the warehouse a short code that rules can name.")
    _check_connector(record, registry.warehouse_class(record.kind).fields)


def _check_connector(record: Any, fields: Any) -> None:
    hidden = secret_names(fields)
    given = {**(record.settings or {}), **(record.secrets or {})}
    values = validated(fields, given)
    record.settings = {name: value for name, value in values.items() if name not in hidden and value is not None}
    record.secrets = {name: value for name, value in values.items() if name in hidden and value is not None}


def _check_connection(unit: Unit, record: Connection) -> None:
    _check_named(record)
    _check_zone(record)
    if record.enabled and record.import_from is None:
        # Older orders are not what a person expects to see when a connection is switched on.
        record.import_from = unit.now()
    if record.enabled:
        _check_disjoint(unit, record)


def _check_disjoint(unit: Unit, record: Connection) -> None:
    query = select(Connection.name, Connection.import_filter).where(
        Connection.store_id == record.store_id, Connection.enabled, Connection.id != (record.id or 0)
    )
    mine = _locations(record.import_filter)
    for name, import_filter in unit.session.execute(query.order_by(Connection.id)):
        theirs = _locations(import_filter)
        if not mine or not theirs or mine & theirs:
            raise BadSettings(
                f"Connection “{name}” imports from the same store.",
                "import_filter",
                "Give each of them a filter by other locations, so that no order is imported by both.",
            )


def _locations(import_filter: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset(map(str, (import_filter or {}).get("locations") or ()))


def _keep_identity(unit: Unit, record: Connection, values: Mapping[str, Any]) -> None:
    """Merchant and store of a connection are fixed once it has orders: their keys hang on them."""
    changed = [name for name in _FIXED_WITH_ORDERS if name in values and values[name] != getattr(record, name)]
    if changed and unit.scalar("SELECT 1 FROM po_key WHERE connection_id = :id LIMIT 1", id=record.id):
        raise Refused(
            f"Connection {record.name} has purchase orders, so its merchant and store stay.",
            "Make a new connection for the other one.",
        )


def _add_schedules(unit: Unit, connection: Connection) -> None:
    for kind, rules in ((ScheduleKind.IMPORT, IMPORT_EVERY), (ScheduleKind.STATUS_UPDATE, STATUS_EVERY)):
        unit.session.add(Schedule(connection_id=connection.id, kind=kind, rules=to_json(from_json(rules))))
    unit.session.flush()
    _replan(unit, connection)


def _replan(unit: Unit, connection: Connection) -> None:
    """Count the next due times anew. A channel that is switched off keeps its schedule and has no next run."""
    active = connection.enabled and connection.channel_on
    now = unit.now()
    for schedule in unit.session.scalars(select(Schedule).where(Schedule.connection_id == connection.id)):
        due = next_due(from_json(schedule.rules), ZoneInfo(connection.time_zone), now) if active else None
        schedule.next_due_at = due
    unit.session.flush()


def _flush(unit: Unit, record: Any) -> None:
    # Named before: after a failed statement the record's columns cannot be read any more.
    name = str(record)
    try:
        unit.session.flush()
    except IntegrityError as problem:
        raise Refused(f"{name} could not be saved: {_reason(problem)}") from None


_REASONS = {
    "uq_merchant_name": "there is a merchant of that name already.",
    "uq_store_name": "there is a store of that name already.",
    "uq_warehouse_code": "there is a warehouse with that code already.",
    "warehouse_rule_number_key": "another warehouse has that rule number.",
    "uq_connection_name": "there is a connection of that name already.",
    "connection_merchant_id_store_id_warehouse_id_key": "this merchant, store and warehouse are connected already.",
    "merchant_at_warehouse_merchant_id_warehouse_id_key": "this merchant has an account at that warehouse already.",
    "uq_user_scope": "the user has that already.",
}


def _reason(problem: IntegrityError) -> str:
    name = getattr(getattr(problem.orig, "diag", None), "constraint_name", "") or ""
    return _REASONS.get(name, "a value in it is missing or out of range.")


_CHECKS: Mapping[type[Table], Callable[[Unit, Any], None]] = {
    Merchant: _check_merchant,
    Store: _check_store,
    Warehouse: _check_warehouse,
    Connection: _check_connection,
}
