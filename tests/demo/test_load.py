"""What is there once the demo is loaded."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.connectors.sandbox import Ledger, ledger_path
from app.demo.load import load
from app.demo.orders import all_orders
from app.demo.places import COLD, MARKET, MOODY, SWITCHED_OFF, WEST
from app.demo.stories import Story
from app.domain.people import Role
from app.security.reader import reader_for
from tests.demo.conftest import Demo

SHOWN = "CASE WHEN status IN ('open', 'partially_received') AND late_from <= now() THEN 'delayed' ELSE status END"
STATUSES = {
    "new": 8,
    "open": 61,
    "partially_received": 22,
    "received": 73,
    "delayed": 19,
    "canceled": 6,
    "error": 7,
    "closed": 17,
    "archived": 6,
}
HELD = {
    "after_close": 1,
    "over": 2,
    "shared_sku": 1,
    "short": 2,
    "unknown_sku": 2,
}
REASONS = {
    Story.REJECTED: ("archived", 'Rejected by rule "Leave out samples and tests" (version 1, line '),
    Story.PUT_AWAY: ("archived", "Ordered twice; the buyer confirmed by phone."),
    Story.NO_SUPPLIER: ("error", "It names no supplier, so no warehouse would let the truck in. "),
    Story.NO_ACCOUNT: ("error", "Merchant Alder & Finch Home has no account at warehouse COLD-1. Add the merchant "),
    Story.REFUSED: ("error", "The sandbox refuses to create the document of "),
    Story.TIMED_OUT: ("closed", "Nothing more came within "),
    Story.FINAL_SHORT: ("closed", "Nothing more is expected: what is missing was closed short."),
    Story.WAREHOUSE_CANCELED: ("closed", f"{WEST.name} canceled it."),
    Story.CANCELED_UNSENT: ("canceled", "The source canceled it."),
    Story.CANCELED_SENT: ("canceled", "The source canceled it, and the warehouse confirmed."),
}


def test_every_status_can_be_seen(demo: Demo) -> None:
    counts = demo.pairs(f"SELECT {SHOWN}, count(*) FROM purchase_order GROUP BY 1")
    assert counts == STATUSES
    assert sum(STATUSES.values()) >= 200
    assert min(STATUSES.values()) >= 3


def test_some_orders_are_long(demo: Demo) -> None:
    longest = demo.rows("SELECT lines_count FROM purchase_order WHERE lines_count >= 300 ORDER BY 1")
    assert [count for (count,) in longest] == [310, 350, 420, 640, 901, 1500]


@pytest.mark.parametrize("story", REASONS, ids=lambda story: story.name.lower())
def test_the_reason_stands_with_the_status(demo: Demo, story: Story) -> None:
    status, reason = REASONS[story]
    told = _stories(demo)
    found = demo.rows("SELECT external_id, status, status_reason FROM purchase_order ORDER BY id")
    mine = [(row[1], str(row[2])[: len(reason)]) for row in found if told.get(str(row[0])) is story]
    assert mine
    assert set(mine) == {(status, reason)}


def test_receipts_that_do_not_fit_are_held_and_the_others_told(demo: Demo) -> None:
    states = demo.pairs("SELECT state, count(*) FROM receipt GROUP BY 1")
    assert states == {"completed": 126, "error": sum(HELD.values()), "new": 1}
    assert demo.pairs("SELECT discrepancy, count(*) FROM receipt WHERE state = 'error' GROUP BY 1") == HELD
    assert demo.rows("SELECT state_reason, po_reference FROM receipt WHERE state = 'new'") == [
        ("Waiting for its purchase order.", "AF-18077")
    ]


def test_there_are_lots_damage_surplus_and_a_correction(demo: Demo) -> None:
    lots = "SELECT count(*) > 50, count(*) FILTER (WHERE expiry IS NULL) FROM receipt_line WHERE lot <> ''"
    assert demo.rows(lots) == [(True, 0)]
    assert demo.rows("SELECT count(*) FROM receipt WHERE correction = 1 AND applied_at IS NOT NULL") == [(2,)]
    damaged = "SELECT count(DISTINCT purchase_order_id) FROM line_item WHERE damaged > 0"
    assert demo.rows(damaged) == [(6,)]
    over = "SELECT count(DISTINCT purchase_order_id) FROM line_item WHERE received > quantity"
    assert demo.rows(over) == [(4,)]


def test_changes_of_the_sources_wait_for_a_person(demo: Demo) -> None:
    assert demo.pairs("SELECT kind, count(*) FROM pending_change GROUP BY 1") == {"change": 2, "cancel": 1}


def test_a_bad_record_is_kept_with_its_reason(demo: Demo) -> None:
    assert demo.rows("SELECT left(reason, 64), state FROM run_failure") == [
        ("Purchase order AF-10401-B, row 2, column barcode: “8.41E+10” was", "open")
    ]


def test_orders_go_where_rules_maps_and_defaults_send_them(demo: Demo) -> None:
    wanted = {
        order.record.external_id: order.warehouse.code
        for order in all_orders(_first_day(demo))
        if order.story not in (Story.NO_SUPPLIER, Story.NO_ACCOUNT, Story.REJECTED)
    }
    found = demo.pairs(
        "SELECT po.external_id, w.code FROM purchase_order po JOIN warehouse w ON w.id = po.warehouse_id"
    )
    assert {external_id: found[external_id] for external_id in wanted} == wanted
    # The port is no warehouse: the connection's location map says which one is behind it.
    ports = demo.rows(
        "SELECT DISTINCT w.code FROM purchase_order po JOIN warehouse w ON w.id = po.warehouse_id"
        " WHERE po.location = 'PORT'"
    )
    assert ports == [("WEST",)]


def test_no_sandbox_has_a_document_twice(demo: Demo) -> None:
    for place in (WEST, COLD, MARKET):
        assert Ledger(ledger_path(demo.settings.files_root, place.ledger)).doubles() == []


def test_the_sources_heard_of_it(demo: Demo) -> None:
    received = demo.rows(
        "SELECT po.number FROM purchase_order po JOIN store s ON s.id = po.store_id"
        " WHERE po.status = 'received' AND s.name = 'Alder & Finch ERP' ORDER BY 1"
    )
    told = [
        json.loads(path.read_bytes())
        for path in (demo.settings.files_root / "demo" / "alder-finch" / "status").glob("*.json")
    ]
    assert {(number, "received") for (number,) in received} <= {(one["po_number"], one["status"]) for one in told}
    assert demo.rows("SELECT count(*) FROM delivery WHERE state IN ('due', 'leased')") == [(0,)]


def test_the_history_is_as_old_as_the_orders(demo: Demo) -> None:
    assert demo.rows("SELECT count(*) FROM activity WHERE at > now()") == [(0,)]
    early = (
        "SELECT count(*) FROM purchase_order WHERE imported_at NOT BETWEEN ordered_at AND ordered_at + interval '1 h'"
    )
    assert demo.rows(early) == [(0,)]
    assert demo.rows("SELECT count(*) FROM receipt WHERE created_at < received_at") == [(0,)]
    # Nothing of an order happened before it was imported, and events kept their order.
    first = (
        "SELECT count(*) FROM (SELECT kind, row_number() OVER (PARTITION BY purchase_order_id ORDER BY at, id) AS n"
        " FROM activity WHERE purchase_order_id IS NOT NULL) a WHERE (kind = 'imported') <> (n = 1)"
    )
    assert demo.rows(first) == [(0,)]
    shuffled = (
        "SELECT count(*) FROM (SELECT at < lag(at) OVER (PARTITION BY purchase_order_id ORDER BY id) AS back"
        " FROM activity WHERE purchase_order_id IS NOT NULL AND kind <> 'late') a WHERE back"
    )
    assert demo.rows(shuffled) == [(0,)]


def test_it_goes_on_by_itself_from_here(demo: Demo) -> None:
    schedules = demo.rows(
        "SELECT c.name, s.kind, s.rules, s.next_due_at IS NOT NULL FROM schedule s"
        " JOIN connection c ON c.id = s.connection_id ORDER BY c.id, s.kind"
    )
    assert [row[3] for row in schedules] == [True] * 6 + [False] * 2
    assert {(row[1], json.dumps(row[2])) for row in schedules[:6]} == {
        ("import", '[{"kind": "minutely", "every": 1}]'),
        ("status_update", '[{"kind": "minutely", "every": 2}]'),
    }
    assert demo.rows("SELECT name, enabled FROM connection ORDER BY id DESC LIMIT 1") == [(SWITCHED_OFF.name, False)]
    assert demo.rows("SELECT settings ->> 'latency_ms' FROM warehouse WHERE code = 'WEST'") == [
        (str(float(str(MOODY["latency_ms"]))),)
    ]


def test_people_of_every_role_can_sign_in(demo: Demo) -> None:
    path = demo.settings.data_folder / "users.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    users = json.loads(path.read_text(encoding="utf-8"))
    assert [(user["name"], user["role"]) for user in users] == [
        ("admin", "Admin"),
        ("support", "Support"),
        ("support-kestrel", "Support, Kestrel only"),
        ("east", "Partner of EAST"),
        ("west", "Partner of WEST"),
        ("alder", "Merchant Alder & Finch"),
    ]
    demo.app.config["WTF_CSRF_ENABLED"] = False
    for number, user in enumerate(users, start=1):
        client = demo.app.test_client()
        # Each from a machine of their own: tries from one are limited.
        address = f"127.0.0.{number}"
        assert not _signed_in(client, address, user["name"], "a wrong one")
        assert _signed_in(client, address, user["name"], user["password"])


def _signed_in(client: FlaskClient, address: str, name: str, password: str) -> bool:
    form = {"username": name, "password": password}
    client.post("/login/", data=form, environ_overrides={"REMOTE_ADDR": address})
    with client.session_transaction() as session:
        return "_user_id" in session


def test_people_see_what_they_are_for(demo: Demo) -> None:
    with Session(demo.database.engine) as session:
        users = session.scalars(select(User).order_by(User.id)).all()
        readers = {user.username: reader_for(user, session) for user in users}
        merchants = demo.pairs("SELECT id, name FROM merchant")
        warehouses = demo.pairs("SELECT id, code FROM warehouse")
    assert {name: reader.role for name, reader in readers.items()} == {
        "admin": Role.ADMIN,
        "support": Role.SUPPORT,
        "support-kestrel": Role.SUPPORT,
        "east": Role.PARTNER,
        "west": Role.PARTNER,
        "alder": Role.MERCHANT,
    }
    assert readers["support"].merchant_ids is None
    assert _names(readers["support-kestrel"].merchant_ids, merchants) == ["Kestrel Outdoor"]
    assert _names(readers["alder"].merchant_ids, merchants) == ["Alder & Finch Home"]
    assert _names(readers["east"].warehouse_ids, warehouses) == ["EAST"]
    assert _names(readers["west"].warehouse_ids, warehouses) == ["WEST"]


def test_loading_again_changes_nothing(demo: Demo) -> None:
    before = _everything(demo)
    users = (demo.settings.data_folder / "users.json").read_bytes()
    load(demo.app, demo.settings)
    assert _everything(demo) == before
    assert (demo.settings.data_folder / "users.json").read_bytes() == users


def _everything(demo: Demo) -> Mapping[str, object]:
    """The content of each table, as one number."""
    tables = demo.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    digest = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} t"
    return {str(table): demo.rows(digest.format(table)) for (table,) in tables}


def _names(ids: frozenset[int] | None, names: Mapping[object, object]) -> list[object]:
    return [names[one] for one in sorted(ids or ())]


def _stories(demo: Demo) -> Mapping[str, Story]:
    return {order.record.external_id: order.story for order in all_orders(_first_day(demo))}


def _first_day(demo: Demo) -> date:
    made = demo.rows("SELECT min(created_at) FROM merchant")[0][0]
    assert isinstance(made, datetime)
    return made.astimezone(UTC).date()
