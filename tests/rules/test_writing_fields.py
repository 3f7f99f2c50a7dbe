"""What a field takes when a rule writes it, what is stored, and lines that rules add."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.rules.engine import Document, Judgement
from app.rules.fields import HEADER, ITEM, LONGEST_TEXT
from app.rules.kinds import Kind
from tests.rules.sample import header, item, judged, printed, sample

LOOP = "for purchase_order_items in purchase_order {} end"


def on_line(statement: str, **custom: Any) -> Judgement:
    """The judgement of a statement in a loop over one line."""
    document = sample([item(1, "A", 1, expected_date=date(2026, 1, 20))], custom=custom)
    return judged(f'rule "W" {LOOP.format(statement)} end', document=document)


def reason(judgement: Judgement) -> str:
    """Why a rule stopped, without the rule and the remedy."""
    assert judgement.outcome == "failed"
    assert judgement.message is not None
    return judgement.message.split(" stopped in line 1: ")[1].split(". ")[0]


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("quantity", "0", Decimal(0)),
        ("quantity", "1.0000005", Decimal("1.000001")),
        ("quantity", "0.0000004", Decimal(0)),
        ("quantity", "999999999999.999999", Decimal("999999999999.999999")),
        ("quantity", "100.50", Decimal("100.5")),
        ("unit_cost", "(0 - 2.505)", Decimal("-2.505")),
        ("unit_cost", "1 / 3", Decimal("0.333333")),
        ("unit_cost", "blank", None),
        ("pack_size", "0.000001", Decimal("0.000001")),
        ("expected_date", "@monday", date(2026, 1, 19)),
        ("expected_date", "@now", date(2026, 1, 15)),
        ("expected_date", "@2026-01-15T23:30:00Z", date(2026, 1, 16)),
        ("expected_date", "blank", None),
        ("name", '""', ""),
        ("name", "blank", ""),
        ("supplier_sku", '" x "', " x "),
    ],
)
def test_what_a_field_of_a_line_stores(field: str, value: str, stored: Any) -> None:
    judgement = on_line(f"set purchase_order_item.{field} to {value}")
    changes = judgement.item_changes.get("no:1", {})
    before = item(1, "A", 1, expected_date=date(2026, 1, 20))[field]
    assert changes.get(field, (before, before)) == (before, stored)
    assert type(changes.get(field, (before, before))[1]) is type(stored)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("quantity", "(0 - 0.001)", "-0.001 is out of range for `quantity`"),
        ("quantity", "1000000000000", "1000000000000 is out of range for `quantity`"),
        ("unit_cost", "(0 - 1000000000000)", "-1000000000000 is out of range for `unit_cost`"),
        ("pack_size", "0", "0 is out of range for `pack_size`"),
        ("pack_size", "(0 - 1)", "-1 is out of range for `pack_size`"),
        ("quantity", "purchase_order.custom.nobody", "`quantity` cannot be blank"),
        ("sku", "purchase_order.custom.nobody", "`sku` cannot be blank"),
        ("quantity", "purchase_order.custom.t", '`quantity` takes a number, and the value "7" is a text'),
        ("name", "purchase_order.custom.n", "`name` takes a text, and the value 7 is a number"),
        ("expected_date", "purchase_order.custom.t", '`expected_date` takes a date, and the value "7" is a text'),
        ("name", "purchase_order.custom.l", "`name` takes a text, and the value a list of 1 is a list"),
        ("unit_cost", "purchase_order.custom.b", "`unit_cost` takes a number, and the value true is a boolean"),
    ],
)
def test_what_a_field_of_a_line_refuses(field: str, value: str, why: str) -> None:
    judgement = on_line(f"set purchase_order_item.{field} to {value}", t="7", n=7, l=[1], b=True)
    assert reason(judgement) == why
    assert judgement.item_changes == {}


OWN = {name: field for name, field in HEADER.items() if field.writable}
TEXTS = [
    *(("purchase_order", name, field.longest) for name, field in OWN.items() if field.kind is Kind.TEXT),
    *(("purchase_order_item", name, field.longest) for name, field in ITEM.items() if field.kind is Kind.TEXT),
    ("purchase_order", "custom.k", LONGEST_TEXT),
    ("purchase_order_item", "custom.k", LONGEST_TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("record", "name", "longest"), TEXTS)
def test_the_longest_text_of_each_field_is_just_taken(record: str, name: str, longest: int) -> None:
    statement = f"set {record}.{name} to substring(purchase_order.source.t, 0, {{}})"
    document = sample([item(1, "A", 1)], source={"t": "x" * (longest + 1)})
    taken = judged(f'rule "W" {LOOP.format(statement.format(longest))} end', document=document)
    changes = taken.header_changes | taken.item_changes.get("no:1", {})
    assert changes[name][1] == "x" * longest
    refused = judged(f'rule "W" {LOOP.format(statement.format(longest + 1))} end', document=document)
    where = "a custom field" if name == "custom.k" else f"`{name}`"
    assert f"{longest + 1} characters, at most {longest} fit" in reason(refused)
    assert where in reason(refused)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ('"x"', "x"),
        ("1.50", Decimal("1.50")),
        ("true", True),
        ("@2026-02-01", date(2026, 2, 1)),
        ("@monday", datetime(2026, 1, 18, 23, tzinfo=UTC)),
        ("(1 < 2)", True),
        ("blank", None),
        ("purchase_order.revision + 1", Decimal(4)),
    ],
)
def test_what_a_custom_field_stores(value: str, stored: Any) -> None:
    judgement = judged(f'rule "W" set purchase_order.custom.k to {value} end', document=sample(custom={"k": "old"}))
    assert judgement.header_changes == {"custom.k": ("old", stored)}
    assert type(judgement.header_changes["custom.k"][1]) is type(stored)


@pytest.mark.parametrize(
    ("before", "value", "changed"),
    [
        (0, "false", True),
        (False, "0", True),
        (1, '"1"', True),
        (1, "1.0", False),
        (0.1, "0.1", False),
        ("", "blank", False),
        (None, '""', False),
        ("x", '"x"', False),
        ("x", '"X"', True),
        ([], "blank", True),
        (True, "true", False),
    ],
)
def test_when_a_custom_field_counts_as_changed(before: Any, value: str, changed: bool) -> None:
    judgement = judged(f'rule "W" set purchase_order.custom.k to {value} end', document=sample(custom={"k": before}))
    assert ("custom.k" in judgement.header_changes) is changed


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ('"a"', "custom.a"),
        ('"a.b"', "custom.a.b"),
        ("7", "custom.7"),
        ("7.0", "custom.7"),
        ('" x"', "custom. x"),
        ('upper("é")', "custom.É"),
        ("substring(purchase_order.source.t, 0, 300)", "custom." + "x" * 300),
        ("substring(purchase_order.source.t, 0, 301)", None),
        ('"  "', None),
        ("purchase_order.custom.nobody", None),
    ],
)
def test_the_name_of_a_custom_field(key: str, taken: str | None) -> None:
    document = sample(source={"t": "x" * 301})
    judgement = judged(f'rule "W" set purchase_order.custom[{key}] to 1 end', document=document)
    if taken is None:
        assert reason(judgement) == "the name of a custom field is blank or too long"
    else:
        assert judgement.header_changes == {taken: (None, Decimal(1))}


ADD = 'add {} items to purchase_order_items in purchase_order set item.sku to "N" set item.quantity to {} end'


@pytest.mark.parametrize(
    ("count", "added"),
    [("0", 0), ("1", 1), ("2.0", 2), ("1000", 1000), ("blank", 0), ("purchase_order.custom.priority", 2)],
)
def test_so_many_lines_are_added(count: str, added: int) -> None:
    judgement = judged(f'rule "Add" {ADD.format(count, 1)} end')
    assert [line["key"] for line in judgement.added_items] == [f"rule:{n}" for n in range(1, added + 1)]
    assert [line["line_number"] for line in judgement.added_items] == list(range(3, 3 + added))


@pytest.mark.parametrize("count", ["1001", "0.5", "(0 - 1)", "purchase_order.custom.channel"])
def test_a_wrong_number_of_lines_adds_none(count: str) -> None:
    judgement = judged(f'rule "Add" {ADD.format(count, 1)} end')
    assert reason(judgement).startswith("cannot add ")
    assert judgement.added_items == []


def test_the_limit_of_added_lines_holds_over_all_rules() -> None:
    first, second = f'rule "A" {ADD.format(600, 1)} end', f'rule "B" {ADD.format(401, 1)} end'
    assert len(judged(first, f'rule "B" {ADD.format(400, 1)} end').added_items) == 1000
    judgement = judged(first, second)
    assert (reason(judgement), judgement.added_items) == ("the rules add more than 1000 items", [])


def test_a_new_line_has_every_field_and_takes_part_in_what_follows() -> None:
    judgement = judged(
        f'rule "Add" {ADD.format(1, "5.50")} end',
        """rule "After"
  for purchase_order_items in purchase_order
    when purchase_order_item.sku is "N" then
      set purchase_order_item.custom.new to true
      set purchase_order_item.name to "Added"
    end
  end
  accumulate purchase_order_items in purchase_order q: sum purchase_order_item.quantity end
  print q
end""",
        document=Document(header(), [item(4, "A", 1)]),
    )
    assert judgement.added_items == [
        {
            "key": "rule:1",
            "line_number": 5,
            "sku": "N",
            "supplier_sku": "",
            "barcode": "",
            "name": "Added",
            "quantity": Decimal("5.5"),
            "unit_of_measure": "",
            "pack_size": None,
            "unit_cost": None,
            "expected_date": None,
            "custom": {"new": True},
        }
    ]
    assert (judgement.item_changes, printed(judgement)) == ({}, ["6.5"])


def test_an_added_line_that_is_rejected_is_named_by_its_key() -> None:
    only = 'when purchase_order_item.sku is "N" then reject purchase_order_item end'
    judgement = judged(f'rule "Add" {ADD.format(1, 1)} end', f'rule "Out" {LOOP.format(only)} end')
    assert judgement.left_out == {"rule:1": "Out"}


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        ("set item.sku to purchase_order.notes set item.quantity to 1", "`sku` cannot be blank"),
        ('set item.sku to "N" set item.quantity to purchase_order.custom.nobody', "`quantity` cannot be blank"),
        ('set item.sku to "N" set item.quantity to (0 - 1)', "-1 is out of range for `quantity`"),
    ],
)
def test_a_new_line_needs_its_sku_and_quantity(sets: str, why: str) -> None:
    judgement = judged(f'rule "Add" add 1 item to purchase_order_items in purchase_order {sets} end end')
    assert reason(judgement) == why


def test_the_maps_of_the_caller_stay_apart_from_what_is_written() -> None:
    shared = {"k": "old"}
    lines = [item(1, "A", 1, custom=shared), item(2, "B", 1, custom=shared)]
    only = 'when purchase_order_item.sku is "A" then set purchase_order_item.custom.k to "new" end'
    judgement = judged(f'rule "W" {LOOP.format(only)} end', document=Document(header(custom=shared), lines))
    assert judgement.item_changes == {"no:1": {"custom.k": ("old", "new")}}
    assert shared == {"k": "old"}
