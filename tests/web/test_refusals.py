"""What each form says against each of its fields, beside the field, with nothing stored and no secret shown again."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask

from app.web.base import RecordView
from tests.web.people import Person, Stage
from tests.web.test_routes import stored

SECRET = "hunter2-very-secret"
LONG = "x" * 201
TOO_LONG = "Write at most 200 signs."
NO_ZONE = "There is no such time zone. Write one like Europe/Berlin or UTC."
NO_OBJECT = 'Write JSON such as {"name": "value"}.'
NO_CHOICE = "Not a valid choice."
RULE = 'rule "Route"\n  when purchase_order.notes contains "TEST" then\n    reject purchase_order\n  end\nend'

CONNECTOR = {"kind": "sandbox", "settings": "{}", "secrets": ""}
GOOD = {
    "merchants": {"name": "Acme", "open_timeout_days": "30", "time_zone": "UTC"},
    "stores": {"name": "Shop", "shared_sku": "ask", **CONNECTOR},
    "warehouses": {"name": "East", "code": "EAST", "rule_number": "7", "time_zone": "UTC",
                   "over_receipt_percent": "2.5", **CONNECTOR},
    "merchants-at-warehouses": {"account": "A", "facility": "", "receiving_policy": "{}",
                                "secrets": ""},
    "connections": {"name": "New", "time_zone": "UTC", "import_from": "", "import_filter": "{}", "location_map": "{}"},
    "rules": {"name": "Route", "store_id": "", "state": "draft", "position": "3", "text": RULE},
}  # fmt: skip

REFUSED = (
    ("merchants", "name", "", "Give it a name."),
    ("merchants", "name", "   ", "Give it a name."),
    ("merchants", "name", LONG, TOO_LONG),
    ("merchants", "open_timeout_days", "", "This field is required."),
    ("merchants", "open_timeout_days", "0", "Number must be between 1 and 3650."),
    ("merchants", "open_timeout_days", "3651", "Number must be between 1 and 3650."),
    ("merchants", "open_timeout_days", "1.5", "Not a valid integer value."),
    ("merchants", "time_zone", "", NO_ZONE),
    ("merchants", "time_zone", "europe/berlin", NO_ZONE),
    ("merchants", "time_zone", "../etc/passwd", NO_ZONE),
    ("stores", "name", "", "Give it a name."),
    ("stores", "kind", "carrier pigeon", NO_CHOICE),
    ("stores", "settings", "[]", NO_OBJECT),
    ("stores", "settings", "null", NO_OBJECT),
    ("stores", "settings", "{,}", "This is not JSON: "),
    ("stores", "secrets", f'["{SECRET}"]', NO_OBJECT),
    ("stores", "secrets", f'{{"token": "{SECRET}"', "This is not JSON: "),
    ("stores", "shared_sku", "guess", NO_CHOICE),
    ("warehouses", "name", LONG, TOO_LONG),
    ("warehouses", "code", "", "Give it a short code."),
    ("warehouses", "code", LONG, TOO_LONG),
    ("warehouses", "rule_number", "-1", "Number must be between 0 and 1000000000."),
    ("warehouses", "rule_number", "9999999999", "Number must be between 0 and 1000000000."),
    ("warehouses", "rule_number", "seven", "Not a valid integer value."),
    ("warehouses", "kind", "", NO_CHOICE),
    ("warehouses", "settings", "7", NO_OBJECT),
    ("warehouses", "secrets", f'"{SECRET}"', NO_OBJECT),
    ("warehouses", "time_zone", "Mars", NO_ZONE),
    ("warehouses", "over_receipt_percent", "-0.1", "Number must be between 0 and 1000."),
    ("warehouses", "over_receipt_percent", "NaN", "Number must be between 0 and 1000."),
    ("warehouses", "over_receipt_percent", "Infinity", "Number must be between 0 and 1000."),
    ("warehouses", "over_receipt_percent", "much", "Not a valid decimal value."),
    ("merchants-at-warehouses", "merchant_id", "999999", NO_CHOICE),
    ("merchants-at-warehouses", "warehouse_id", "x", "Invalid Choice: could not coerce."),
    ("merchants-at-warehouses", "account", LONG, TOO_LONG),
    ("merchants-at-warehouses", "facility", LONG, TOO_LONG),
    ("merchants-at-warehouses", "receiving_policy", "[1]", NO_OBJECT),
    ("merchants-at-warehouses", "secrets", f'[{{"token": "{SECRET}"}}]', NO_OBJECT),
    ("connections", "name", "", "Give it a name."),
    ("connections", "merchant_id", "0", NO_CHOICE),
    ("connections", "store_id", "999999", NO_CHOICE),
    ("connections", "warehouse_id", "99999999999999999999", NO_CHOICE),
    ("connections", "time_zone", "Mars", NO_ZONE),
    ("connections", "import_from", "yesterday", "Not a valid datetime value."),
    ("connections", "import_filter", "[]", NO_OBJECT),
    ("connections", "location_map", "x", "This is not JSON: "),
    ("rules", "name", "", "Give it a name."),
    ("rules", "store_id", "999999", NO_CHOICE),
    ("rules", "state", "asleep", NO_CHOICE),
    ("rules", "position", "first", "Not a valid integer value."),
)


def filled(stage: Stage, kind: str) -> dict[str, str]:
    """A form that would be taken."""
    merchant, store, warehouse = stage.make.merchant(), stage.make.store(), stage.make.warehouse()
    ids = {"merchant_id": str(merchant.id), "warehouse_id": str(warehouse.id)}
    more = {"merchants-at-warehouses": ids, "connections": {**ids, "store_id": str(store.id), "channel_on": "y"}}
    return {**GOOD[kind], **more.get(kind, {})}


def beside(page: str, name: str) -> str:
    """The text that stands in the part of a form that holds a field."""
    form = page.split("<main")[1]
    at = re.search(rf'<(?:input|textarea|select)[^>]* name="{name}"', form)
    assert at is not None, name
    after = form[at.start() :]
    end = re.search(r'<label[^>]* for="', after)
    return unescape(re.sub(r"<[^>]+>", " ", after[: end.start()] if end else after))


@pytest.mark.parametrize(("kind", "field", "value", "sentence"), REFUSED)
def test_a_field_says_what_is_wrong_with_it(stage: Stage, kind: str, field: str, value: str, sentence: str) -> None:
    admin, values = stage.person("admin"), filled(stage, kind)
    # Each refused form carries a secret: none of them brings it back.
    hidden = {"secrets": f'{{"token": "{SECRET}"}}'} if "secrets" in values else {}
    before = stored(stage.make.engine)
    answer = admin.post(f"/{kind}/add", **{**values, **hidden, field: value})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert sentence in beside(page, field)
    assert SECRET not in page
    assert stored(stage.make.engine) == before
    # And without the fault it is taken.
    assert admin.post(f"/{kind}/add", **values).status_code == 302


def test_every_field_that_can_be_wrong_is_tested_here(app: Flask) -> None:
    views = [view for view in app.extensions["appbuilder"].baseviews if isinstance(view, RecordView)]
    with app.test_request_context("/"):
        known = {
            (view.route_base.strip("/"), field.name)
            for view in views
            if "add" in view.writes and view.adds_here and view.form_class is not None
            for field in view.form_class()
        }
    always_right = {"csrf_token", "version_no", "enabled", "channel_on", "partial_receipts"}
    wanted = {(kind, name) for kind, name in known if name not in always_right}
    tested = {(kind, name) for kind, name, _, _ in REFUSED}
    assert wanted - tested == {("rules", "text")}
    assert tested <= wanted


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("merchants", {"name": "ACME"}, "there is a merchant of that name already."),
        ("stores", {"name": "SHOP"}, "there is a store of that name already."),
        ("warehouses", {"code": "east", "rule_number": ""}, "there is a warehouse with that code already."),
        ("warehouses", {"code": "WEST"}, "another warehouse has that rule number."),
        ("connections", {"name": "Other"}, "this merchant, store and warehouse are connected already."),
        ("merchants-at-warehouses", {"account": "B"}, "this merchant has an account at that warehouse already."),
    ],
)
def test_what_is_taken_is_told_and_kept_in_the_form(
    stage: Stage, kind: str, change: dict[str, str], sentence: str
) -> None:
    admin: Person = stage.person("admin")
    values = filled(stage, kind)
    assert admin.post(f"/{kind}/add", **values).status_code == 302
    before = stored(stage.make.engine)
    answer = admin.post(f"/{kind}/add", **{**values, **change})
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert sentence in page
    assert all(f'value="{value}"' in page for value in change.values() if value)
    assert stored(stage.make.engine) == before


@pytest.mark.parametrize("version", ["", "abc", "0", "-1", "99999999999999999999"])
def test_a_form_of_another_version_never_stores(stage: Stage, version: str) -> None:
    admin, row = stage.person("admin"), stage.mine.connection
    values = {
        **GOOD["connections"], "name": "Sneaked in", "version_no": version, "merchant_id": row.merchant_id,
        "store_id": row.store_id, "warehouse_id": row.warehouse_id,
    }  # fmt: skip
    before = stored(stage.make.engine)
    answer = admin.post(f"/connections/edit/{row.id}", **values)
    assert answer.status_code == 200
    assert "Sneaked in" in answer.get_data(as_text=True)
    assert stored(stage.make.engine) == before
