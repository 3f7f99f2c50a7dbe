"""List, facets, page of an order and dashboard send as many statements at 200,000 orders as at 1,000: these."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.states import PoStatus
from app.models import PurchaseOrder
from tests.servers import Database
from tests.web.counting import statements
from tests.web.people import Person, Stage

# Three merchants' worth of shapes in one: every status, due dates around today, a buyer of forty, a line each.
_ORDERS = """
INSERT INTO purchase_order (connection_id, merchant_id, store_id, external_id, number, buyer_name, status, failed_step,
    step, warehouse_id, due_date, late_from, sent_at, ordered_at, lines_count, units_ordered, snapshot, content_digest)
SELECT c.id, c.merchant_id, c.store_id, 'many-' || n, 'MANY-' || lpad(n::text, 6, '0'), 'Buyer ' || n % 40,
    (ARRAY['new', 'open', 'partially_received', 'received', 'error', 'archived', 'closed', 'canceled'])[1 + n % 8],
    CASE WHEN n % 8 = 4 THEN 'rules' ELSE '' END, 'none', c.warehouse_id, current_date + n % 60 - 30,
    CASE WHEN n % 8 IN (1, 2) THEN now() + (n % 60 - 30) * interval '1 day' END, now(), now(), 1, 5, '{}'::jsonb, 'd'
FROM generate_series(CAST(%(first)s AS int), %(last)s) AS n CROSS JOIN connection c WHERE c.id = %(connection)s
"""
_LINES = """
INSERT INTO line_item (purchase_order_id, key, position, line_number, sku, quantity)
SELECT id, 'no:1', 1, 1, 'SKU-' || id %% 900, 5 FROM purchase_order WHERE number >= %(number)s AND number LIKE 'MANY-%%'
"""

LIST, DASHBOARD = "/purchase-orders/list/", "/dashboard/"
NARROW = f"{LIST}?view=all&status=open&status=error&due_from=2020-01-01&late=1&q=buyer"
ORDER, LONG = "/purchase-orders/show/{order}", "/purchase-orders/show/{long}"

# The address, and how many statements it costs each reader. Each of them pays one for the user and, but for an Admin,
# one for the scope.
COSTS: list[tuple[str, dict[str, int]]] = [
    (LIST, {"admin": 5, "limited": 6, "partner": 6, "merchant": 6}),
    (f"{LIST}?view=all&page=30&size=25&sort=-due", {"admin": 5, "limited": 6, "partner": 6, "merchant": 6}),
    (f"{LIST}?view=all&q=sku-12", {"admin": 5, "limited": 6, "partner": 6, "merchant": 6}),
    (NARROW, {"admin": 5, "limited": 6, "partner": 6, "merchant": 6}),
    (ORDER, {"admin": 7, "limited": 8, "partner": 8, "merchant": 7}),
    (LONG, {"admin": 7, "limited": 8, "partner": 8, "merchant": 7}),
    (f"{ORDER}?tab=receipts", {"admin": 6, "limited": 7, "partner": 7, "merchant": 6}),
    (f"{ORDER}?tab=activity", {"admin": 7, "limited": 8, "partner": 7, "merchant": 6}),
    (f"{LONG}?tab=activity", {"admin": 7, "limited": 8, "partner": 7, "merchant": 6}),
    (f"{ORDER}?tab=deliveries", {"admin": 8, "limited": 9}),
    (f"{ORDER}?tab=source", {"admin": 9, "limited": 10, "merchant": 8}),
    (f"{LONG}?tab=source", {"admin": 9, "limited": 10, "merchant": 8}),
    (DASHBOARD, {"admin": 6, "limited": 7, "partner": 5, "merchant": 5}),
]
# A facet counts all its choices in one statement. Where more match than the list counts, that statement stops at the
# cap, and one more counts each choice up to it.
FACETS: list[tuple[str, dict[str, int]]] = [
    ("/purchase-orders/facet/status", {"admin": 2, "limited": 3, "partner": 3, "merchant": 3}),
    ("/purchase-orders/facet/warehouse", {"admin": 2, "limited": 3, "partner": 3, "merchant": 3}),
    ("/purchase-orders/facet/late", {"admin": 2, "limited": 3, "partner": 3, "merchant": 3}),
    ("/purchase-orders/facet/store", {"admin": 2, "limited": 3}),
]
FACETS_CAPPED = [(address, {name: count + 1 for name, count in counts.items()}) for address, counts in FACETS]
# What the list says where it does not count on.
CAPPED = "10,000+"


@pytest.fixture
def orders(stage: Stage) -> dict[str, PurchaseOrder]:
    """An order of three lines and one of three thousand."""
    make, mine = stage.make, stage.mine.connection
    return {
        "order": make.purchase_order(mine, status=PoStatus.OPEN, lines=3),
        "long": make.purchase_order(mine, status=PoStatus.OPEN, lines=3_000),
    }


def grow(db: Database, connection_id: int, first: int, last: int) -> None:
    values: dict[str, Any] = {"first": first, "last": last, "connection": connection_id}
    with db.connect() as plain:
        plain.execute(_ORDERS.replace("n % ", "n %% ").encode(), values)
        plain.execute(_LINES.encode(), {"number": f"MANY-{first:06d}"})
        plain.execute("ANALYZE purchase_order, line_item")


def costs(stage: Stage, orders: dict[str, PurchaseOrder], people: dict[str, Person], wanted: list[Any]) -> list[Any]:
    """The same table as `wanted`, as it is measured."""
    ids = {name: order.id for name, order in orders.items()}
    found = []
    for address, expected in wanted:
        counts = {}
        for name in expected:
            with statements(stage.app) as sent:
                answer = people[name].get(address.format(**ids))
            assert answer.status_code == 200, (address, name)
            counts[name] = len(sent)
        found.append((address, counts))
    return found


def test_pages_cost_the_same_at_a_thousand_orders_and_at_two_hundred_thousand(
    stage: Stage, db: Database, orders: dict[str, PurchaseOrder]
) -> None:
    people = {name: stage.person(name) for name in ("admin", "limited", "partner", "merchant")}
    connection = stage.mine.connection.id
    grow(db, connection, 1, 1_000)
    assert costs(stage, orders, people, COSTS) == COSTS
    assert costs(stage, orders, people, FACETS) == FACETS
    assert CAPPED not in people["admin"].get(LIST).get_data(as_text=True)
    grow(db, connection, 1_001, 200_000)
    assert costs(stage, orders, people, COSTS) == COSTS
    assert costs(stage, orders, people, FACETS_CAPPED) == FACETS_CAPPED
    for person in people.values():
        assert CAPPED in person.get(LIST).get_data(as_text=True)
