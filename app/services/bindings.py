"""What a job needs to make a connector: kind, settings, secrets and surroundings, read inside, used outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.models import Connection, MerchantAtWarehouse, Store, Warehouse
from app.services.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Binding:
    """One outside system as one merchant sees it. The secrets never show in a log: they are left out of the repr."""

    kind: str
    name: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(repr=False)
    zone: str
    account: str = ""
    facility: str = ""


def source_of(unit: Unit, connection_id: int) -> Binding:
    """The source side of a connection."""
    row = unit.session.execute(
        select(Store, Connection.time_zone)
        .join(Connection, Connection.store_id == Store.id)
        .where(Connection.id == connection_id)
    ).one()
    store: Store = row[0]
    return Binding(store.kind, store.name, store.settings, store.secrets or {}, row[1])


def warehouse_of(unit: Unit, warehouse_id: int, merchant_id: int) -> Binding:
    """A warehouse as a merchant's account there sees it; the account's own secrets come before the warehouse's."""
    warehouse = unit.session.get_one(Warehouse, warehouse_id)
    account = unit.session.scalar(
        select(MerchantAtWarehouse).where(
            MerchantAtWarehouse.warehouse_id == warehouse_id, MerchantAtWarehouse.merchant_id == merchant_id
        )
    )
    secrets = dict(warehouse.secrets or {})
    if account is not None:
        secrets.update(account.secrets or {})
    return Binding(
        warehouse.kind,
        warehouse.name,
        warehouse.settings,
        secrets,
        warehouse.time_zone,
        account.account if account else "",
        account.facility if account else "",
    )
