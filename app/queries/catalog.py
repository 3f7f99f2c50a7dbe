"""Merchants, stores, warehouses, accounts, connections and rules: the lists, and a connection with its schedules."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from app.domain.people import SYSTEM
from app.models import (
    Connection,
    Merchant,
    MerchantAtWarehouse,
    Rule,
    RuleState,
    RuleVersion,
    Run,
    Schedule,
    Store,
    Warehouse,
)
from app.queries.listing import AnySession, Condition, Listing, among, contains, contains_key, one_of
from app.security.reader import READER_OPTION

RUNS_SHOWN: Final = 10
VERSIONS_SHOWN: Final = 20


def _named(*names: Any, keys: tuple[Any, ...] = ()) -> Any:
    def matches(text: str) -> Condition:
        found = [contains(func.lower(name), text) for name in names]
        return or_(*found, *(contains_key(func.lower(key), text) for key in keys))

    return matches


MERCHANTS: Final = Listing(
    model=Merchant,
    default_sort="name",
    search=_named(Merchant.name),
    sorts={"name": [func.lower(Merchant.name)], "timeout": [Merchant.open_timeout_days]},
)
STORES: Final = Listing(
    model=Store,
    default_sort="name",
    search=_named(Store.name, Store.kind),
    sorts={"name": [func.lower(Store.name)], "kind": [Store.kind]},
)
WAREHOUSES: Final = Listing(
    model=Warehouse,
    default_sort="code",
    search=_named(Warehouse.name, keys=(Warehouse.code,)),
    sorts={"code": [Warehouse.code], "name": [func.lower(Warehouse.name)], "number": [Warehouse.rule_number]},
)
ACCOUNTS: Final = Listing(
    model=MerchantAtWarehouse,
    default_sort="account",
    search=_named(MerchantAtWarehouse.facility, keys=(MerchantAtWarehouse.account,)),
    filters={
        "merchant": among(MerchantAtWarehouse.merchant_id),
        "warehouse": among(MerchantAtWarehouse.warehouse_id),
    },
    sorts={"account": [MerchantAtWarehouse.account]},
    eager=(joinedload(MerchantAtWarehouse.merchant), joinedload(MerchantAtWarehouse.warehouse)),
)
CONNECTIONS: Final = Listing(
    model=Connection,
    default_sort="name",
    search=_named(Connection.name),
    filters={
        "merchant": among(Connection.merchant_id),
        "store": among(Connection.store_id),
        "warehouse": among(Connection.warehouse_id),
    },
    sorts={"name": [func.lower(Connection.name)]},
    eager=(joinedload(Connection.merchant), joinedload(Connection.store), joinedload(Connection.warehouse)),
)
RULES: Final = Listing(
    model=Rule,
    default_sort="position",
    search=_named(Rule.name),
    filters={"state": one_of(Rule.state, list(RuleState)), "store": among(Rule.store_id)},
    sorts={
        # Rules for all stores run first.
        "position": [Rule.store_id.is_not(None), Rule.store_id, Rule.position],
        "name": [func.lower(Rule.name)],
    },
    eager=(joinedload(Rule.store),),
)


def schedules_of(session: AnySession, connection: Connection) -> list[Schedule]:
    """The schedules of a connection that the reader was shown already: whoever sees it may see when it runs."""
    query = select(Schedule).where(Schedule.connection_id == connection.id).order_by(Schedule.kind)
    return list(session.scalars(query, execution_options={READER_OPTION: SYSTEM}))


def last_runs(session: AnySession, connection_id: int) -> list[Run]:
    """The newest runs of a connection, newest first."""
    return list(
        session.scalars(select(Run).where(Run.connection_id == connection_id).order_by(Run.id.desc()).limit(RUNS_SHOWN))
    )


def versions_of(session: AnySession, rule_id: int) -> list[RuleVersion]:
    """The newest versions of a rule, newest first."""
    query = select(RuleVersion).where(RuleVersion.rule_id == rule_id).order_by(RuleVersion.number.desc())
    return list(session.scalars(query.limit(VERSIONS_SHOWN)))
