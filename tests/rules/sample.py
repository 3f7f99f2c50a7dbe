"""One purchase order that the tests judge, and short ways to judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.rules.engine import ActiveRule, Catalogue, Context, Document, Judgement, compile_rule, judge

# A Thursday; one hour after the import.
NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
IMPORTED_AT = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

CATALOGUE = Catalogue(
    warehouse_codes=frozenset({"EAST", "WEST", "TORONTO"}),
    warehouse_numbers=frozenset({4, 5}),
    disabled_codes=frozenset({"OLD"}),
    lookup_tables=frozenset({"suppliers", "units"}),
)

TABLES = {("suppliers", "S-1"): "Acme Ltd", ("units", "CS"): "12"}


def header(**changes: Any) -> dict[str, Any]:
    """The sample's header, with some fields changed."""
    fields: dict[str, Any] = {
        "external_id": "ext-77",
        "number": "PO-1001",
        "buyer_name": "Nordic Home",
        "supplier_code": "S-1",
        "supplier_name": "Acme",
        "ordered_at": datetime(2026, 1, 14, 23, 30, tzinfo=UTC),
        "due_date": date(2026, 1, 31),
        "currency": "EUR",
        "notes": "",
        "tags": "rush, north",
        "revision": 3,
        "total_cost": Decimal("55.00"),
        "line_count": 2,
        "warehouse_code": "",
        "ship_to": {"code": "D1", "name": "Dock 1", "city": "Hamburg", "region": "", "country": "DE"},
        "store": "Web store",
        "merchant": "Nordic",
        "custom": {"priority": 2, "channel": "web", "gift": False, "empty": "", "ship_on": "2026-01-20", "rate": 0.1},
        "source": {"lines": [{"sku": "A-1", "weight": 1.5}], "Order Type": "STOCK", "flags": ["x", "y"], "end": "last"},
    }
    return fields | changes


def item(number: int, sku: str, quantity: int | str, **changes: Any) -> dict[str, Any]:
    """One line, keyed `no:<number>`."""
    fields: dict[str, Any] = {
        "key": f"no:{number}",
        "line_number": number,
        "sku": sku,
        "supplier_sku": "",
        "barcode": "",
        "name": f"Thing {number}",
        "quantity": Decimal(quantity),
        "unit_of_measure": "EA",
        "pack_size": None,
        "unit_cost": Decimal("2.50"),
        "expected_date": None,
        "custom": {},
    }
    return fields | changes


def sample(items: Sequence[Mapping[str, Any]] | None = None, **changes: Any) -> Document:
    """The sample with two lines, or with others, and with some fields of the header changed."""
    lines = [item(1, "A-1", 10), item(2, "B-2", 12)] if items is None else items
    return Document(header(**changes), lines)


def context(**changes: Any) -> Context:
    """The instants, the zone and the tables of the tests."""
    settings: dict[str, Any] = {
        "now": NOW,
        "zone": BERLIN,
        "imported_at": IMPORTED_AT,
        "lookup": lambda table, key: TABLES.get((table, key)),
    }
    return Context(**(settings | changes))


def active(*texts: str) -> list[ActiveRule]:
    """The texts as active rules, numbered from 1, each in its version 7."""
    programs = [compile_rule(text) for text in texts]
    return [ActiveRule(n, 100 + n, 7, program.name, program) for n, program in enumerate(programs, 1)]


def judged(*texts: str, document: Document | None = None, **settings: Any) -> Judgement:
    """What the rules make of a document, the sample unless another is given."""
    return judge(document or sample(), active(*texts), context(**settings))


def printed(judgement: Judgement) -> list[str]:
    """What all rules printed, in order."""
    return [line["text"] for rule in judgement.trace["rules"] for line in rule["printed"]]
