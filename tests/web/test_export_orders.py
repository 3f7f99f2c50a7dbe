"""The file of orders: what is in it for each role, byte by byte, and that it is what the list matches."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.states import DISPLAY, PoStatus
from app.models import Connection, Merchant, PurchaseOrder, Store, Warehouse
from app.queries import exports
from tests.web.counting import statements
from tests.web.people import Person, Stage

ORDERS = "/purchase-orders/export-orders"
LINES = "/purchase-orders/export-lines"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BOM = "\ufeff".encode()


def rows(person: Person, address: str = ORDERS, **asked: Any) -> list[dict[str, str]]:
    """The rows of a file by their titles."""
    answer = person.get(address, query_string=asked or None)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


def numbers(person: Person, address: str = ORDERS, **asked: Any) -> list[str]:
    """The numbers of the orders in a file."""
    return [row.get("number") or row["po_number"] for row in rows(person, address, **asked)]


def rename(stage: Stage, connection: Connection) -> None:
    """Names that are formulas, as far as people can choose them."""
    with Session(stage.make.engine) as session:
        for model, number, values in (
            (Merchant, connection.merchant_id, {"name": "@Harbour, Ltd."}),
            (Store, connection.store_id, {"name": "+Shop"}),
            (Warehouse, connection.warehouse_id, {"code": "-EAST"}),
            (Connection, connection.id, {"name": 'Harbour "in"'}),
        ):
            session.execute(update(model).where(model.id == number).values(values))
        session.commit()


@pytest.fixture
def order(stage: Stage) -> PurchaseOrder:
    """An order with a value in every column, each of them awkward."""
    rename(stage, stage.mine.connection)
    return stage.make.purchase_order(
        stage.mine.connection,
        status=PoStatus.PARTIALLY_RECEIVED,
        number="=1+1",
        external_id="007",
        revision=4,
        buyer_name="Ünal, „Söhne“\nKG",
        supplier_code="0012",
        supplier_name="\tTabbed",
        currency="EUR",
        facility="+F1",
        warehouse_ref="0042",
        lines_count=2,
        units_ordered=Decimal("20.500000"),
        units_received=Decimal(3),
        total_cost=Decimal("-1234.560000"),
        due_date=date(2026, 3, 20),
        imported_at=NOON + timedelta(minutes=1),
        sent_at=NOON + timedelta(minutes=2),
        accepted_at=NOON + timedelta(minutes=3),
        last_receipt_at=NOON + timedelta(seconds=0.5),
        tags=["rush", "a,b"],
        custom={"secret": "of the merchant"},
        status_reason="-> a rule wrote this\r\nand this",
        notes="A rule wrote 777",
    )


# The columns by role: staff, merchants, partners.
PARTNERS = (
    "number,status,merchant,warehouse_code,facility,warehouse_ref,buyer_name,supplier_code,supplier_name,lines,"
    "units_ordered,units_received,ordered_at,due_date,days_late,imported_at,sent_at,accepted_at,last_receipt_at\r\n"
    "'=1+1,Partially Received,\"'@Harbour, Ltd.\",'-EAST,'+F1,0042,\"Ünal, „Söhne“\nKG\",0012,'\tTabbed,2,"
    "20.5,3,2026-03-04T12:00:00+00:00,2026-03-20,,2026-03-04T12:01:00+00:00,2026-03-04T12:02:00+00:00,"
    "2026-03-04T12:03:00+00:00,2026-03-04T12:00:00.500000+00:00\r\n"
)
MERCHANTS = (
    "number,external_id,revision,status,sales_channel,merchant,warehouse_code,facility,warehouse_ref,buyer_name,"
    "supplier_code,supplier_name,currency,lines,units_ordered,units_received,total_cost,ordered_at,due_date,days_late,"
    "imported_at,sent_at,accepted_at,last_receipt_at,tags\r\n"
    "'=1+1,007,4,Partially Received,'+Shop,\"'@Harbour, Ltd.\",'-EAST,'+F1,0042,\"Ünal, „Söhne“\nKG\",0012,'\tTabbed,"
    "EUR,2,20.5,3,-1234.56,2026-03-04T12:00:00+00:00,2026-03-20,,2026-03-04T12:01:00+00:00,2026-03-04T12:02:00+00:00,"
    '2026-03-04T12:03:00+00:00,2026-03-04T12:00:00.500000+00:00,"[""rush"", ""a,b""]"\r\n'
)
STAFF = (
    MERCHANTS.replace("status,sales", "status,connection,sales")
    .replace("Received,'+Shop", 'Received,"Harbour ""in""",\'+Shop')
    .replace("tags\r\n", "tags,reason\r\n")
    .replace('""a,b""]"\r\n', '""a,b""]","\'-> a rule wrote this\r\nand this"\r\n')
)
FILES = {"admin": STAFF, "support": STAFF, "limited": STAFF, "merchant": MERCHANTS, "partner": PARTNERS}


@pytest.mark.parametrize("name", FILES)
def test_the_file_of_each_role_byte_by_byte(stage: Stage, order: PurchaseOrder, name: str) -> None:
    answer = stage.person(name).get(ORDERS, query_string={"q": order.number})
    assert answer.get_data() == BOM + FILES[name].encode()


def test_it_is_a_download_of_today(stage: Stage) -> None:
    before = datetime.now(UTC).date()
    for address, name in ((ORDERS, "purchase-orders"), (LINES, "purchase-order-lines")):
        answer = stage.person("merchant").get(address)
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        days = {before, datetime.now(UTC).date()}
        assert answer.headers["Content-Disposition"] in {f'attachment; filename="{name}-{day}.csv"' for day in days}
        # How long it is, is not known yet when it begins.
        assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_only_the_four_roles_get_a_file(stage: Stage, address: str) -> None:
    people = ("admin", "support", "limited", "partner", "merchant", "nobody")
    assert [stage.person(name).get(address).status_code for name in people] == [200] * 5 + [403]
    answer = stage.app.test_client().get(address)
    assert (answer.status_code, answer.location.split("?")[0]) == (302, "/login/")
    assert stage.person("admin").post(address).status_code == 405


@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_each_person_gets_the_orders_of_the_own_scope(stage: Stage, address: str) -> None:
    mine, theirs = stage.mine.order.number, stage.theirs.order.number
    unsent = stage.make.purchase_order(stage.mine.connection, status=PoStatus.NEW).number
    found = {name: set(numbers(stage.person(name), address)) for name in (*FILES, "unscoped partner")}
    assert found == {
        "admin": {mine, theirs, unsent},
        "support": {mine, theirs, unsent},
        "limited": {mine, unsent},
        "merchant": {mine, unsent},
        "partner": {mine},
        "unscoped partner": set(),
    }
    assert numbers(stage.person("unscoped merchant"), address) == []


@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_no_filter_widens_the_scope(stage: Stage, address: str) -> None:
    theirs = stage.theirs
    for asked in (
        {"q": theirs.order.number},
        {"merchant": theirs.connection.merchant_id},
        {"warehouse": theirs.connection.warehouse_id},
        {"status": [*DISPLAY]},
    ):
        for name in ("limited", "merchant", "partner"):
            assert theirs.order.number not in numbers(stage.person(name), address, **asked)


@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_a_staff_filter_is_none_for_others(stage: Stage, address: str) -> None:
    asked = {"connection": stage.theirs.connection.id, "store": stage.theirs.connection.store_id}
    assert set(numbers(stage.person("admin"), address, **asked)) == {stage.theirs.order.number}
    assert set(numbers(stage.person("merchant"), address, **asked)) == {stage.mine.order.number}


def test_it_holds_what_the_list_matches_newest_first_on_one_page_or_many(stage: Stage) -> None:
    make, connection = stage.make, stage.mine.connection
    yesterday = datetime.now(UTC) - timedelta(days=1)
    made = [
        make.purchase_order(connection, status=PoStatus.OPEN, late_from=yesterday, buyer_name="Late"),
        make.purchase_order(connection, status=PoStatus.ERROR, late_from=yesterday, due_date=date(2026, 5, 1)),
        *(make.purchase_order(connection, status=PoStatus.OPEN, buyer_name="Many") for _ in range(30)),
    ]
    newest = [order.number for order in reversed(made)]
    admin = stage.person("admin")
    assert numbers(admin) == [*newest, stage.theirs.order.number, stage.mine.order.number]
    assert numbers(admin, q="many") == newest[:30]
    assert numbers(admin, q="many", page=2, size=25, sort="number") == newest[:30]
    assert numbers(admin, status="delayed") == [made[0].number]
    assert numbers(admin, status=["delayed", "error"]) == [made[1].number, made[0].number]
    assert numbers(admin, due_from="2026-05-01", due_to="2026-05-01") == [made[1].number]
    assert numbers(admin, status="nonsense") == []
    assert set(numbers(admin, LINES, q="late")) == {made[0].number}


@pytest.mark.parametrize("name", FILES)
def test_the_list_offers_both_files_with_its_filters(stage: Stage, name: str) -> None:
    asked = f"q={stage.mine.order.number}&status=open&status=new&due_from=2026-01-01"
    page = stage.person(name).get(f"/purchase-orders/list/?{asked}&sort=-number&page=1&size=50").get_data(as_text=True)
    links = [unescape(found) for found in re.findall(r'<a class="menu-item" href="([^"]+)" download>', page)]
    assert links == [f"{ORDERS}?{asked}", f"{LINES}?{asked}"]
    assert [numbers(stage.person(name), link) for link in links] == [
        [stage.mine.order.number],
        [stage.mine.order.number] * 3,
    ]


def test_an_empty_list_and_other_lists_offer_none(stage: Stage) -> None:
    for address in ("/purchase-orders/list/?q=nowhere", "/receipts/list/", "/line-items/list/"):
        assert " download>" not in stage.person("admin").get(address).get_data(as_text=True)


def test_a_file_without_a_match_has_its_titles(stage: Stage) -> None:
    answer = stage.person("partner").get(ORDERS, query_string={"q": "nowhere"})
    assert answer.get_data() == BOM + PARTNERS.split("'=1+1", maxsplit=1)[0].encode()
    assert rows(stage.person("admin"), LINES, q="nowhere") == []


@pytest.mark.parametrize(
    ("status", "late", "shown", "days"),
    [
        (PoStatus.OPEN, timedelta(hours=1), "Delayed", "1"),
        (PoStatus.OPEN, timedelta(hours=25), "Delayed", "2"),
        (PoStatus.PARTIALLY_RECEIVED, timedelta(days=9, hours=1), "Delayed", "10"),
        (PoStatus.OPEN, -timedelta(hours=1), "Open", ""),
        (PoStatus.NEW, timedelta(hours=1), "New", "1"),
        (PoStatus.RECEIVED, timedelta(days=3), "Received", ""),
        (PoStatus.ERROR, timedelta(days=3), "Error", ""),
    ],
)
def test_the_status_is_that_of_the_list_and_days_count_while_goods_are_expected(
    stage: Stage, status: PoStatus, late: timedelta, shown: str, days: str
) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=status, late_from=datetime.now(UTC) - late)
    (row,) = rows(stage.person("merchant"), q=order.number)
    assert (row["status"], row["days_late"]) == (shown, days)
    lines = rows(stage.person("merchant"), LINES, q=order.number)
    assert [line["inlet_status"] for line in lines] == [shown] * 2


def test_what_is_not_there_is_an_empty_cell(stage: Stage) -> None:
    order = stage.make.purchase_order(
        stage.mine.connection, warehouse_id=None, ordered_at=None, due_date=None, supplier_name="", currency=""
    )
    (row,) = rows(stage.person("admin"), q=order.number)
    empty = {name for name, value in row.items() if not value}
    assert empty == {
        "revision", "warehouse_code", "facility", "warehouse_ref", "supplier_code", "supplier_name", "currency",
        "ordered_at", "due_date", "days_late", "sent_at", "accepted_at", "last_receipt_at", "tags", "reason",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["admin", "partner"])
@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_statements_grow_by_batches_and_not_by_rows(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, address: str, name: str
) -> None:
    person, sent_for = stage.person(name), {}
    for _ in range(19):
        stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
    for size in (2_000, 10, 5):
        monkeypatch.setattr(exports, "ORDERS_AT_ONCE", size)
        with statements(stage.app) as sent:
            found = numbers(person, address)
        assert len(set(found)) == (21 if name == "admin" else 20)
        sent_for[size] = len(sent)
    # The user, the scope (none for an Admin), the ids; then one a batch of orders, and one for the lines of each.
    base, each = (2 if name == "admin" else 3), (1 if address == ORDERS else 2)
    batches = {2_000: 1, 10: 3 if name == "admin" else 2, 5: 5 if name == "admin" else 4}
    assert sent_for == {size: base + each * count for size, count in batches.items()}


def test_the_first_bytes_leave_before_the_rest_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ORDERS_AT_ONCE", 1)
    with statements(stage.app) as sent:
        answer = stage.person("admin").get(ORDERS)
        pieces = answer.iter_encoded()
        first = next(pieces)
        assert first.startswith(BOM + b"number,")
        assert stage.theirs.order.number.encode() in first
        assert stage.mine.order.number.encode() not in first
        assert len(sent) == 3
        second = next(pieces)
        assert stage.mine.order.number.encode() in second
        assert len(sent) == 4
        assert list(pieces) == []


def test_between_two_pieces_no_connection_is_held(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ORDERS_AT_ONCE", 1)
    answer = stage.person("admin").get(ORDERS)
    pieces = answer.iter_encoded()
    next(pieces)
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    with stage.make.engine.connect() as connection:
        assert connection.exec_driver_sql(query).scalar() == 0
    with stage.app.app_context():
        from app.extensions import db

        assert db.engine.pool.checkedout() == 0
    answer.close()


def test_a_reader_stays_the_same_to_the_last_piece(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ORDERS_AT_ONCE", 1)
    newer = stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN)
    answers = {name: stage.person(name).get(ORDERS) for name in ("admin", "merchant", "partner")}
    # All three are read by turns, as threads would.
    found = dict.fromkeys(answers, b"")
    waiting = {name: answer.iter_encoded() for name, answer in answers.items()}
    while waiting:
        for name, pieces in list(waiting.items()):
            piece = next(pieces, None)
            found[name] += piece or b""
            if piece is None:
                del waiting[name]
    mine, theirs = stage.mine.order.number.encode(), stage.theirs.order.number.encode()
    assert [theirs in found[name] for name in answers] == [True, False, False]
    assert all(found[name].count(mine) == found[name].count(newer.number.encode()) == 1 for name in answers)


@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_a_failure_in_the_middle_breaks_the_answer_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    monkeypatch.setattr(exports, "ORDERS_AT_ONCE", 1)
    answer = stage.person("admin").get(address)
    pieces = answer.iter_encoded()
    assert next(pieces)
    monkeypatch.setattr(exports, "_read", _fail)
    with pytest.raises(ConnectionError, match="the database is gone"):
        next(pieces)
    assert "A download broke off: what was sent is a part only." in caplog.text


@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_a_failure_at_the_start_is_a_page(stage: Stage, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(exports, "_read", _fail)
    answer = stage.person("admin").get(address)
    assert answer.status_code == 500
    assert "Content-Disposition" not in answer.headers
    assert "<main" in answer.get_data(as_text=True)


def _fail(*_args: Any) -> Any:
    raise ConnectionError("the database is gone")


@pytest.mark.parametrize("address", [ORDERS, LINES])
def test_asking_for_the_head_reads_no_more_than_a_batch(stage: Stage, address: str) -> None:
    answer = stage.person("merchant").client.head(address)
    assert (answer.status_code, answer.get_data()) == (200, b"")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
