"""Merchants, stores, warehouses, accounts and connections as people save them: checks, secrets, schedules, guards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.connectors import registry
from app.domain.errors import BadSettings, NotFound, Refused, StaleRecord
from app.domain.people import Reader, Role
from app.models import Connection, Merchant, MerchantAtWarehouse, ScheduleKind, Store, Table, UserScope, Warehouse
from app.services import catalog
from app.services.unit_of_work import unit_of_work
from tests.factories import NOON
from tests.services.world import World

ADMIN = Reader(Role.ADMIN, "ada", 1, None, None)
SUPPORT = Reader(Role.SUPPORT, "sam", 2, None, None)


def stored(model: type[Table], record_id: int) -> Any:
    """The row as it is now, with its secrets decrypted."""
    with unit_of_work("look") as unit:
        return unit.session.get_one(model, record_id)


def store(**values: Any) -> int:
    return catalog.create(Store, {"name": "Web shop", "kind": "sandbox", **values}, ADMIN)


def connect(world: World, **values: Any) -> int:
    """A connection of new parties, so that nothing of the world stands in its way."""
    given = {
        "name": "Second",
        "merchant_id": world.make.merchant().id,
        "store_id": world.make.store().id,
        "warehouse_id": world.warehouse.id,
        **values,
    }
    return catalog.create(Connection, given, ADMIN)


def schedules(world: World, connection_id: int) -> dict[str, dict[str, Any]]:
    rows = world.rows("SELECT kind, rules, next_due_at FROM schedule WHERE connection_id = %s", connection_id)
    return {row["kind"]: row for row in rows}


def test_a_merchant_is_trimmed_and_gets_the_defaults(world: World) -> None:
    merchant_id = catalog.create(Merchant, {"name": "  Aurora  "}, ADMIN)
    merchant = stored(Merchant, merchant_id)
    assert (merchant.name, merchant.open_timeout_days, merchant.time_zone) == ("Aurora", 45, "UTC")


@pytest.mark.parametrize(
    ("model", "values", "field", "message"),
    [
        (Merchant, {"name": " "}, "name", "The name is missing."),
        (Merchant, {"name": "A", "time_zone": "Mars/Base"}, "time_zone", "There is no time zone “Mars/Base”."),
        (Merchant, {"name": "A", "time_zone": "../etc"}, "time_zone", "There is no time zone “../etc”."),
        (Merchant, {"name": "A", "id": 9}, "id", "There is no field “id” to save."),
        (Store, {"name": "", "kind": "sandbox"}, "name", "The name is missing."),
        (Store, {"name": "A", "kind": "fax"}, "kind", "There is no source of the kind “fax”."),
        (Store, {"name": "A", "kind": "sandbox", "settings": {"spede": 1}}, "spede", "There is no setting “spede”."),
        (
            Store,
            {"name": "A", "kind": "sandbox", "settings": {"page_size": 201}},
            "page_size",
            "Orders per page must lie between 1 and 200.",
        ),
        (Warehouse, {"name": "A", "code": " ", "kind": "sandbox"}, "code", "The code is missing."),
        (Warehouse, {"name": "A", "code": "A", "kind": "fax"}, "kind", "There is no warehouse of the kind “fax”."),
        (
            Warehouse,
            {"name": "A", "code": "A", "kind": "sandbox", "settings": {"auto_receive": "soon"}},
            "auto_receive",
            "Receives by itself cannot be “soon”.",
        ),
        (Connection, {"name": "  "}, "name", "The name is missing."),
        (Connection, {"name": "A", "import_cursor": {}}, "import_cursor", "There is no field “import_cursor” to save."),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_field(
    world: World, model: type[Table], values: dict[str, Any], field: str, message: str
) -> None:
    before = world.one(f"SELECT count(*) AS n FROM {model.__tablename__}")
    with pytest.raises(BadSettings) as refused:
        catalog.create(model, values, ADMIN)
    assert (refused.value.field, refused.value.message) == (field, message)
    assert world.one(f"SELECT count(*) AS n FROM {model.__tablename__}") == before


def test_settings_are_stored_whole_with_their_defaults(world: World) -> None:
    settings = stored(Store, store(settings={"name": "web", "page_size": "50"})).settings
    assert (settings["name"], settings["page_size"], settings["seed"]) == ("web", 50, 1)
    assert set(settings) == {field.name for field in registry.source_class("sandbox").fields}


def test_secrets_are_parted_from_settings_and_lie_encrypted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.SOURCES, "guarded", "tests.services.stubs:GuardedSource")
    store_id = store(kind="guarded", settings={"address": "https://shop.example"}, secrets={"token": "s3cret-token"})
    saved = stored(Store, store_id)
    assert (saved.settings, saved.secrets) == ({"address": "https://shop.example"}, {"token": "s3cret-token"})
    raw = world.one("SELECT secrets, settings::text AS settings FROM store WHERE id = %s", store_id)
    assert b"s3cret" not in bytes(raw["secrets"])
    assert "s3cret" not in raw["settings"]


def test_a_secret_typed_among_the_settings_is_put_with_the_secrets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.SOURCES, "guarded", "tests.services.stubs:GuardedSource")
    saved = stored(Store, store(kind="guarded", settings={"address": "https://a", "token": "s3cret-token"}))
    assert (saved.settings, saved.secrets) == ({"address": "https://a"}, {"token": "s3cret-token"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, {"token": "old", "key": "old key"}),
        (None, {"token": "old", "key": "old key"}),
        ({"token": "", "key": None}, {"token": "old", "key": "old key"}),
        ({"token": "new", "key": ""}, {"token": "new", "key": "old key"}),
    ],
)
def test_a_secret_that_is_left_empty_keeps_its_value(
    world: World, monkeypatch: pytest.MonkeyPatch, given: Any, kept: dict[str, str]
) -> None:
    monkeypatch.setitem(registry.SOURCES, "guarded", "tests.services.stubs:GuardedSource")
    secrets = {"token": "old", "key": "old key"}
    store_id = store(kind="guarded", settings={"address": "https://a"}, secrets=secrets)
    catalog.update(Store, store_id, {"secrets": given, "settings": {"address": "https://b"}}, ADMIN)
    saved = stored(Store, store_id)
    assert (saved.settings, saved.secrets) == ({"address": "https://b"}, kept)


def test_a_missing_secret_names_its_field(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.SOURCES, "guarded", "tests.services.stubs:GuardedSource")
    with pytest.raises(BadSettings, match="Token is missing") as refused:
        store(kind="guarded", settings={"address": "https://a"})
    assert refused.value.field == "token"


def test_an_accounts_own_secret_is_kept_too(world: World) -> None:
    values = {"merchant_id": world.make.merchant().id, "warehouse_id": world.warehouse.id, "account": "A7"}
    account_id = catalog.create(MerchantAtWarehouse, {**values, "secrets": {"token": "mine"}}, SUPPORT)
    catalog.update(MerchantAtWarehouse, account_id, {"account": " A8 ", "secrets": {"token": ""}}, SUPPORT)
    account = stored(MerchantAtWarehouse, account_id)
    assert (account.account, account.secrets) == ("A8", {"token": "mine"})


def test_a_new_connection_is_off_and_has_both_schedules_without_a_next_run(world: World) -> None:
    connection_id = connect(world)
    connection = stored(Connection, connection_id)
    assert (connection.enabled, connection.channel_on, connection.import_from) == (False, True, None)
    assert schedules(world, connection_id) == {
        "import": {"kind": "import", "rules": [{"kind": "minutely", "every": 15}], "next_due_at": None},
        "status_update": {"kind": "status_update", "rules": [{"kind": "hourly", "every": 4}], "next_due_at": None},
    }


def test_enabling_sets_import_from_to_that_moment_and_plans_the_next_runs(world: World) -> None:
    connection_id = connect(world)
    before = datetime.now(UTC) - timedelta(seconds=5)
    catalog.update(Connection, connection_id, {"enabled": True}, ADMIN)
    after = datetime.now(UTC) + timedelta(seconds=5)
    assert before < stored(Connection, connection_id).import_from < after
    due = {kind: row["next_due_at"] for kind, row in schedules(world, connection_id).items()}
    assert before < due["import"] <= after + timedelta(minutes=15)
    assert (due["import"].minute % 15, due["import"].second) == (0, 0)
    assert before < due["status_update"] <= after + timedelta(hours=4)
    assert (due["status_update"].minute, due["status_update"].second) == (0, 0)


def test_an_import_from_that_a_person_gave_stays(world: World) -> None:
    connection_id = connect(world, import_from=NOON)
    catalog.update(Connection, connection_id, {"enabled": True}, ADMIN)
    assert stored(Connection, connection_id).import_from == NOON
    catalog.update(Connection, connection_id, {"enabled": False}, ADMIN)
    catalog.update(Connection, connection_id, {"enabled": True}, ADMIN)
    assert stored(Connection, connection_id).import_from == NOON


@pytest.mark.parametrize("switch", ["enabled", "channel_on"])
def test_either_switch_takes_the_next_runs_away_and_brings_them_back(world: World, switch: str) -> None:
    connection_id = connect(world, enabled=True)
    catalog.update(Connection, connection_id, {switch: False}, ADMIN)
    assert [row["next_due_at"] for row in schedules(world, connection_id).values()] == [None, None]
    catalog.update(Connection, connection_id, {switch: True}, ADMIN)
    assert None not in [row["next_due_at"] for row in schedules(world, connection_id).values()]


def test_a_schedule_speaks_the_connections_time_zone(world: World) -> None:
    daily = [{"kind": "daily", "every": 1, "at": "06:30", "anchor": "2026-03-01"}]
    connection_id = connect(world, enabled=True, time_zone="Asia/Kolkata")
    catalog.save_schedule(connection_id, ScheduleKind.IMPORT, daily, ADMIN)
    due = schedules(world, connection_id)["import"]
    assert due["rules"] == daily
    # India has no summer time: half past six there is one o'clock in UTC.
    assert due["next_due_at"].astimezone(UTC).strftime("%H:%M:%S") == "01:00:00"
    catalog.update(Connection, connection_id, {"time_zone": "UTC"}, ADMIN)
    moved = schedules(world, connection_id)["import"]["next_due_at"]
    assert moved.astimezone(UTC).strftime("%H:%M:%S") == "06:30:00"


def test_a_schedule_that_cannot_be_used_changes_nothing(world: World) -> None:
    connection_id = connect(world, enabled=True)
    before = schedules(world, connection_id)
    with pytest.raises(BadSettings, match="Rule 2 of the schedule") as refused:
        rules = [{"kind": "minutely", "every": 15}, {"kind": "hourly", "every": 0}]
        catalog.save_schedule(connection_id, ScheduleKind.STATUS_UPDATE, rules, ADMIN)
    assert refused.value.field == "1.every"
    assert schedules(world, connection_id) == before


def test_a_schedule_without_rules_has_no_next_run(world: World) -> None:
    connection_id = connect(world, enabled=True)
    catalog.save_schedule(connection_id, ScheduleKind.IMPORT, [], ADMIN)
    due = {kind: row["next_due_at"] for kind, row in schedules(world, connection_id).items()}
    assert due["import"] is None
    assert due["status_update"] is not None


@pytest.mark.parametrize(
    ("theirs", "mine", "fits"),
    [
        ({}, {}, False),
        ({}, {"locations": ["B"]}, False),
        ({"locations": ["A"]}, {}, False),
        ({"locations": ["A"]}, {"locations": []}, False),
        ({"locations": ["A", "B"]}, {"locations": ["B", "C"]}, False),
        ({"states": ["open"]}, {"states": ["approved"]}, False),
        ({"locations": ["A", "B"]}, {"locations": ["C"]}, True),
    ],
)
def test_two_connections_import_from_one_store_only_by_locations_of_their_own(
    world: World, theirs: dict[str, Any], mine: dict[str, Any], *, fits: bool
) -> None:
    catalog.update(Connection, world.connection.id, {"import_filter": theirs}, ADMIN)
    values = {"store_id": world.store.id, "import_filter": mine}
    connection_id = connect(world, **values)
    if fits:
        catalog.update(Connection, connection_id, {"enabled": True}, ADMIN)
    else:
        with pytest.raises(BadSettings) as refused:
            catalog.update(Connection, connection_id, {"enabled": True}, ADMIN)
        assert refused.value.field == "import_filter"
        assert refused.value.message == f"Connection “{world.connection.name}” imports from the same store."
    assert stored(Connection, connection_id).enabled is fits


def test_one_that_is_switched_off_is_in_nobodys_way(world: World) -> None:
    catalog.update(Connection, world.connection.id, {"enabled": False}, ADMIN)
    connection_id = connect(world, store_id=world.store.id, enabled=True)
    assert stored(Connection, connection_id).enabled is True


def test_a_connection_is_not_in_its_own_way(world: World) -> None:
    catalog.update(Connection, world.connection.id, {"name": "Renamed"}, ADMIN)
    assert stored(Connection, world.connection.id).name == "Renamed"


@pytest.mark.parametrize("field", ["merchant_id", "store_id"])
def test_merchant_and_store_are_fixed_once_there_are_orders(world: World, field: str) -> None:
    other = (world.make.merchant() if field == "merchant_id" else world.make.store()).id
    world.make.purchase_order(world.connection)
    with pytest.raises(Refused, match="has purchase orders, so its merchant and store stay"):
        catalog.update(Connection, world.connection.id, {field: other}, ADMIN)
    same = getattr(world.connection, field)
    catalog.update(Connection, world.connection.id, {field: same, "name": "Renamed"}, ADMIN)
    saved = stored(Connection, world.connection.id)
    assert (getattr(saved, field), saved.name) == (same, "Renamed")


def test_merchant_and_store_may_change_as_long_as_there_are_none(world: World) -> None:
    other = world.make.merchant().id
    catalog.update(Connection, world.connection.id, {"merchant_id": other}, ADMIN)
    assert stored(Connection, world.connection.id).merchant_id == other


def taken(world: World) -> dict[str, tuple[type[Table], dict[str, Any], str]]:
    """What collides with a record of the world, and the sentence that says so."""
    world.run_sql("UPDATE warehouse SET rule_number = 7")
    c, web = world.connection, {"name": "Web shop", "kind": "sandbox"}
    world.make.store(**web)
    parties = {"merchant_id": c.merchant_id, "warehouse_id": c.warehouse_id}
    place = {"name": "New", "kind": "sandbox"}
    return {
        "merchant": (Merchant, {"name": "NORTHWIND"}, "NORTHWIND {}: there is a merchant of that name already."),
        "store": (Store, {**web, "name": "web SHOP"}, "web SHOP {}: there is a store of that name already."),
        "code": (Warehouse, {**place, "code": "east"}, "east {}: there is a warehouse with that code already."),
        "number": (
            Warehouse,
            {**place, "code": "N", "rule_number": 7},
            "N {}: another warehouse has that rule number.",
        ),
        "account": (
            MerchantAtWarehouse,
            {**parties, "account": "A9"},
            "A9 {}: this merchant has an account at that warehouse already.",
        ),
        "name": (
            Connection,
            {**parties, "store_id": world.make.store().id, "name": c.name.upper()},
            c.name.upper() + " {}: there is a connection of that name already.",
        ),
        "parties": (
            Connection,
            {**parties, "store_id": c.store_id, "name": "Twin"},
            "Twin {}: this merchant, store and warehouse are connected already.",
        ),
        "range": (
            Merchant,
            {"name": "Aurora", "open_timeout_days": 0},
            "Aurora {}: a value in it is missing or out of range.",
        ),
    }


@pytest.mark.parametrize("case", ["merchant", "store", "code", "number", "account", "name", "parties", "range"])
def test_what_is_taken_is_said_in_a_sentence(world: World, case: str) -> None:
    model, values, sentence = taken(world)[case]
    before = world.one(f"SELECT count(*) AS n FROM {model.__tablename__}")
    with pytest.raises(Refused) as refused:
        catalog.create(model, values, ADMIN)
    assert refused.value.sentence() == sentence.format("could not be saved")
    assert world.one(f"SELECT count(*) AS n FROM {model.__tablename__}") == before


def test_a_form_opened_before_somebody_saved_is_refused(world: World) -> None:
    connection_id = connect(world)
    opened = stored(Connection, connection_id).version_no
    catalog.update(Connection, connection_id, {"name": "Theirs"}, ADMIN, opened)
    with pytest.raises(StaleRecord, match="Somebody saved this since you opened it"):
        catalog.update(Connection, connection_id, {"name": "Mine"}, ADMIN, opened)
    assert stored(Connection, connection_id).name == "Theirs"


@pytest.mark.parametrize("model", [Merchant, Store, Warehouse, Connection])
def test_what_has_orders_is_not_deleted_and_their_count_is_told(world: World, model: type[Table]) -> None:
    for _ in range(2):
        world.make.purchase_order(world.connection)
    c = world.connection
    ids = {Merchant: c.merchant_id, Store: c.store_id, Warehouse: c.warehouse_id, Connection: c.id}
    name = str(stored(model, ids[model]))
    with pytest.raises(Refused) as refused:
        catalog.delete(model, ids[model], ADMIN)
    assert refused.value.sentence() == f"{name} has 2 purchase orders. Switch it off instead of deleting it."
    assert stored(model, ids[model]) is not None


def test_what_others_refer_to_is_not_deleted(world: World) -> None:
    with pytest.raises(Refused, match="Northwind is still in use"):
        catalog.delete(Merchant, world.connection.merchant_id, ADMIN)
    assert world.one("SELECT name FROM merchant") == {"name": "Northwind"}


def test_what_nothing_refers_to_is_deleted_a_connection_with_its_schedules(world: World) -> None:
    catalog.delete(Connection, world.connection.id, ADMIN)
    assert world.rows("SELECT 1 FROM connection") == world.rows("SELECT 1 FROM schedule") == []
    store_id = store()
    catalog.delete(Store, store_id, ADMIN)
    assert world.rows("SELECT 1 FROM store WHERE id = %s", store_id) == []


@pytest.mark.parametrize("act", ["update", "delete", "schedule"])
def test_what_is_not_there_or_out_of_scope_looks_the_same(world: World, act: str) -> None:
    limited = Reader(Role.SUPPORT, "sue", 3, frozenset({world.connection.merchant_id + 10**6}), None)
    for reader, record_id in ((ADMIN, 10**9), (limited, world.connection.id)):
        with pytest.raises(NotFound) as refused:
            if act == "update":
                catalog.update(Connection, record_id, {"name": "X"}, reader)
            elif act == "delete":
                catalog.delete(Connection, record_id, reader)
            else:
                catalog.save_schedule(record_id, ScheduleKind.IMPORT, [], reader)
        assert refused.value.sentence() == "There is no such record. Go back to the list."
    assert stored(Connection, world.connection.id).name == world.connection.name


@pytest.mark.parametrize("model", list(catalog.FIELDS))
@pytest.mark.parametrize("role", [Role.SUPPORT, Role.PARTNER, Role.MERCHANT, Role.NOBODY])
def test_who_may_not_edit_is_refused_before_anything_is_looked_at(world: World, model: type[Table], role: Role) -> None:
    if role is Role.SUPPORT and model in (Connection, MerchantAtWarehouse):
        return
    reader = Reader(role, "x", 9, None, None)
    for act in (
        lambda: catalog.create(model, {}, reader),
        lambda: catalog.update(model, 1, {}, reader),
        lambda: catalog.delete(model, 1, reader),
    ):
        with pytest.raises(Refused, match="Only an admin may change this"):
            act()


def test_a_grant_is_given_once_and_taken_back(world: World) -> None:
    user = world.make.user(Role.PARTNER)
    given = {"user_id": user.id, "warehouse_id": world.warehouse.id}
    grant = catalog.create(UserScope, given, ADMIN)
    with pytest.raises(Refused, match="the user has that already"):
        catalog.create(UserScope, given, ADMIN)
    catalog.delete(UserScope, grant, ADMIN)
    assert world.rows("SELECT 1 FROM user_scope") == []
