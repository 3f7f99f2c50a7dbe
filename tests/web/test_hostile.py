"""Addresses that nobody would write by hand: each page answers them with a page, and never falls over."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Delivery, OrderKey, Rule, Run, RunFailure
from app.web.asking import ask_of_request
from app.web.base import RecordView
from tests.factories import NOON
from tests.web.people import Stage, text_of

LISTS = (
    "bulk-jobs", "connections", "deliveries", "failed-records", "line-items", "merchants", "merchants-at-warehouses",
    "purchase-orders", "receipts", "rules", "runs", "stores", "warehouses",
)  # fmt: skip
HOSTILE = {
    "not a number": "abc",
    "signs of SQL": "1' OR '1'='1",
    "more than a key holds": "99999999999999999999",
    "just more than a key holds": "9223372036854775808",
    "very long": "9" * 400,
    "negative": "-1",
    "digits of another script": "٣",
    "superscript": "²",
    "a zero byte": "1%00",
    "half a pair": "%ED%A0%80",
    "no text at all": "%FF%FE",
    "wild cards": "%25_%5C",
    "markup": "<script>alert(1)</script>",
}


def our_views(app: Flask) -> dict[str, RecordView]:
    """The views with a list of ours, by the first part of their address."""
    views = app.extensions["appbuilder"].baseviews
    return {view.route_base.strip("/"): view for view in views if isinstance(view, RecordView)}


def is_sound(answer: TestResponse) -> bool:
    """Whether an answer is a page, or a refusal in the frame, that does not carry the hostile markup on."""
    page = answer.get_data(as_text=True)
    return answer.status_code in {200, 400} and "<!doctype html>" in page and "<script>alert" not in page


def test_the_lists_are_all_here(app: Flask) -> None:
    assert sorted(our_views(app)) == sorted(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_no_value_of_a_filter_makes_a_list_fail(stage: Stage, name: str) -> None:
    view, admin = our_views(stage.app)[name], stage.person("admin")
    names = [wanted.name for wanted in view.filters]
    for value in HOSTILE.values():
        address = "&".join(f"{wanted}={value}" for wanted in names)
        assert is_sound(admin.get(f"/{name}/list/?{address}")), (name, value)


@pytest.mark.parametrize("name", LISTS)
def test_no_search_makes_a_list_fail(stage: Stage, name: str) -> None:
    for value in HOSTILE.values():
        assert is_sound(stage.person("admin").get(f"/{name}/list/?q={value}")), (name, value)


@pytest.mark.parametrize("name", LISTS)
def test_no_page_size_or_sort_makes_a_list_fail(stage: Stage, name: str) -> None:
    for value in HOSTILE.values():
        assert is_sound(stage.person("admin").get(f"/{name}/list/?page={value}&size={value}&sort={value}"))
        assert is_sound(stage.person("admin").get(f"/{name}/list/?sort=-{value}"))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "today", "2026-W10-3", "%00"])
def test_no_date_makes_a_list_fail(stage: Stage, day: str) -> None:
    for name, view in our_views(stage.app).items():
        ranges = [f"{wanted.name}_{end}={day}" for wanted in view.date_filters for end in ("from", "to")]
        if ranges:
            assert is_sound(stage.person("admin").get(f"/{name}/list/?{'&'.join(ranges)}")), name


def test_every_sort_of_every_list_can_be_followed_both_ways(stage: Stage) -> None:
    fill(stage)
    for name, view in our_views(stage.app).items():
        offered = [column.sort for column in view.columns if column.sort]
        assert set(offered) <= set(view.datamodel.listing.sorts)
        for sort in (*offered, *(f"-{sort}" for sort in offered)):
            page = stage.person("admin").get(f"/{name}/list/?sort={sort}").get_data(as_text=True)
            direction = "descending" if sort.startswith("-") else "ascending"
            assert page.count(f'aria-sort="{direction}"') == 1, (name, sort)


def test_a_list_with_rows_of_its_own_shows_none_for_an_id_that_no_row_can_have(stage: Stage) -> None:
    for value in (HOSTILE["more than a key holds"], HOSTILE["just more than a key holds"], "0", "abc"):
        page = text_of(stage.person("admin").get(f"/purchase-orders/list/?merchant={value}"))
        assert "Nothing matches" in page
        assert stage.mine.order.number not in page
        both = stage.person("admin").get(
            f"/purchase-orders/list/?merchant={value}&merchant={stage.mine.order.merchant_id}"
        )
        assert stage.mine.order.number in text_of(both)


def test_a_range_to_the_last_day_of_the_calendar_has_no_end(stage: Stage) -> None:
    number = stage.mine.order.number
    for address, shown in (
        ("imported_to=9999-12-31", True),
        ("imported_from=9999-12-31", False),
        ("ordered_from=0001-01-01&ordered_to=9999-12-31", True),
        ("due_to=9999-12-31", True),
        ("due_to=0001-01-01", False),
    ):
        page = text_of(stage.person("admin").get(f"/purchase-orders/list/?{address}"))
        assert (number in page) is shown, address


def test_a_zero_byte_is_left_out_of_a_search(stage: Stage) -> None:
    number = stage.mine.order.number
    found = text_of(stage.person("admin").get(f"/purchase-orders/list/?q={number[:3]}%00{number[3:]}"))
    assert number in found
    assert stage.theirs.order.number not in found


@pytest.mark.parametrize(
    ("address", "page", "size"),
    [
        ("", 1, 25),
        ("page=2&size=50", 2, 50),
        ("page=0", 1, 25),
        ("page=-3&size=-25", 1, 25),
        ("page=1.5&size=51", 1, 25),
        ("page=99999&size=100", 10_000, 100),
        ("page=999999999&size=99999", 1, 200),
        ("page=%D9%A3&size=%C2%B2", 1, 25),
        ("page=2&page=3", 2, 25),
    ],
)
def test_a_page_and_a_size_that_are_none_are_the_first_ones(app: Flask, address: str, page: int, size: int) -> None:
    with app.test_request_context(f"/purchase-orders/list/?{address}"):
        asked = ask_of_request((), (), set(), NOON)
    assert (asked.page, asked.size) == (page, size)


@pytest.mark.parametrize(
    ("given", "sort", "descending"),
    [
        ("number", "number", False),
        ("-number", "number", True),
        ("--number", "", True),
        ("-", "", True),
        ("id", "", False),
        ("number;drop", "", False),
        ("NUMBER", "", False),
    ],
)
def test_only_a_declared_sort_is_taken(app: Flask, given: str, sort: str, descending: bool) -> None:
    with app.test_request_context("/purchase-orders/list/", query_string={"sort": given}):
        asked = ask_of_request((), (), {"number"}, NOON)
    assert (asked.sort, asked.descending) == (sort, descending)


@pytest.mark.parametrize("tab", ["nothing", "", "ITEMS", "<b>", "../source", "items "])
def test_an_unknown_tab_is_the_first_one(stage: Stage, tab: str) -> None:
    address = f"/purchase-orders/show/{stage.mine.order.id}"
    admin, fragment = stage.person("admin"), {"HX-Request": "true"}
    odd = admin.get(address, query_string={"tab": tab}, headers=fragment)
    first = admin.get(address, query_string={"tab": "items"}, headers=fragment)
    assert (odd.status_code, text_of(odd)) == (200, text_of(first))


def test_an_older_part_of_the_timeline_is_asked_by_its_place(stage: Stage) -> None:
    admin, address = stage.person("admin"), f"/purchase-orders/show/{stage.mine.order.id}?tab=activity"
    accepted = "A-1"
    # What is no place asks for the newest part; before the first instant there is nothing.
    for before, shown in (("abc", True), ("1", True), ("9" * 20, True), ("0.0.0", False), ("1.1.1", False)):
        answer = admin.get(f"{address}&before={before}")
        assert (answer.status_code, accepted in text_of(answer)) == (200, shown), before


@pytest.mark.parametrize("name", LISTS)
def test_an_id_that_no_record_has_is_not_found(stage: Stage, name: str) -> None:
    for pk in ("0", "9223372036854775807", "9223372036854775808", "9" * 30, "-1", "abc", "1.0", "%00"):
        answer = stage.person("admin").get(f"/{name}/show/{pk}")
        assert answer.status_code == 404, pk
        assert "<!doctype html>" in answer.get_data(as_text=True)
        assert stage.person("admin").post(f"/{name}/delete/{pk}").status_code == 404, pk


@pytest.mark.parametrize(
    ("address", "fields", "status"),
    [
        ("/purchase-orders/act/archive/9223372036854775808", {"reason": "x"}, 404),
        ("/connections/run/9223372036854775808/import", {}, 404),
        ("/purchase-orders/plan", {"action": "archive", "ids": ["999999999999999999"]}, 404),
        ("/merchants/add", {"name": "a\0b", "open_timeout_days": "4", "time_zone": "UTC"}, 400),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_is_added(
    stage: Stage, address: str, fields: dict[str, str], status: int
) -> None:
    answer = stage.person("admin").post(address, **fields)
    assert answer.status_code == status
    page = text_of(answer)
    assert "Something went wrong" not in page
    assert "<!doctype html>" in answer.get_data(as_text=True)
    with stage.make.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM merchant WHERE left(name, 1) = 'a'").scalar() == 0


def test_json_that_is_nested_without_end_is_told_beside_its_field(stage: Stage) -> None:
    address = f"/connections/schedule/{stage.mine.connection.id}/import"
    answer = stage.person("admin").post(address, rules="[" * 3_000)
    assert answer.status_code == 200
    assert "This is nested too deeply." in text_of(answer)


def fill(stage: Stage) -> None:
    """A row for each list, since an empty one has no headings."""
    connection, order = stage.mine.connection, stage.mine.order
    run = stage.make.add(Run(kind="import", connection_id=connection.id, merchant_id=order.merchant_id, started_by="x"))
    ids = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
    stage.make.add(RunFailure(run_id=run.id, reference="r", reason="r", text="t", digest="d", **ids))
    stage.make.add(Rule(name="Route"))
    stage.make.add(Run(kind="bulk", started_by="x", request={"action": "archive"}))
    with Session(stage.make.engine) as session:
        key = session.scalars(select(OrderKey.id).filter_by(purchase_order_id=order.id)).one()
    about = {"purchase_order_id": order.id, "external_id": order.external_id, "number": order.number}
    stage.make.add(Delivery(kind="create", po_key_id=key, **ids, **about))
