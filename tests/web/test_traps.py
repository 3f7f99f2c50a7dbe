"""What Flask-AppBuilder does that Inlet must not: one test each, so that an upgrade that changes it is noticed."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder import Model, ModelRestApi, ModelView
from flask_appbuilder.charts.views import BaseChartView
from flask_appbuilder.models.mixins import AuditMixin

from app.domain.states import PoStatus
from app.extensions import db
from app.models import Merchant
from app.security.wall import models
from app.web.base import RecordView
from app.web.interface import Interface, StockWriteError
from app.web.stock import FreshFilters, StockInterface
from tests.web.counting import statements
from tests.web.people import Person, Stage

THREADS = 8


_CHANGING = frozenset({"delete", "act_on_ticked", "act_on_one", "run", "plan", "bulk", "cancel"})


def views(app: Flask) -> list[Any]:
    """All registered views."""
    return list(app.extensions["appbuilder"].baseviews)


def our_views(app: Flask) -> list[RecordView]:
    """Those over our own tables."""
    return [view for view in views(app) if isinstance(view, RecordView)]


def test_every_model_view_is_ours_or_one_of_the_two_stock_ones(app: Flask) -> None:
    names = {type(view).__name__ for view in views(app) if isinstance(view, ModelView)}
    assert names == {
        "AccountView", "BulkJobView", "ConnectionView", "DeliveryView", "LineItemView", "MerchantView",
        "PurchaseOrderView", "ReceiptView", "RoleView", "RuleView", "RunFailureView", "RunView", "StoreView",
        "UserView", "WarehouseView",
    }  # fmt: skip


def test_the_stock_ways_to_write_raise_in_every_view(app: Flask) -> None:
    for view in our_views(app):
        assert type(view.datamodel) is Interface
        item = view.datamodel.obj()
        writes: list[Callable[[], Any]] = [
            partial(view.datamodel.add, item),
            partial(view.datamodel.edit, item),
            partial(view.datamodel.delete, item),
            partial(view.datamodel.delete_all, [item]),
            partial(view.datamodel.query),
        ]
        for write in writes:
            with pytest.raises(StockWriteError):
                write()


def test_no_stock_route_that_loads_rows_by_itself_is_there(app: Flask) -> None:
    ours = {view.endpoint for view in our_views(app)}
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in ours}
    assert {name.split(".")[1] for name in routes} == {
        "list", "show", "add", "edit", "delete", "act_on_ticked", "act_on_one", "run", "schedule", "facet", "next",
        "plan", "bulk", "progress", "result", "cancel", "entry", "document", "ask", "attributes", "change", "snapshot",
        "act", "export_orders", "export_lines",
    }  # fmt: skip
    for rule in app.url_map.iter_rules():
        if rule.endpoint in routes and rule.endpoint.split(".")[1] in _CHANGING:
            assert rule.methods == {"POST", "OPTIONS"}


def test_each_view_has_a_permission_name_of_its_own(app: Flask) -> None:
    named = [view.class_permission_name for view in our_views(app)]
    assert len(set(named)) == len(named)
    assert all(name != type(view).__name__ for view, name in zip(our_views(app), named, strict=True))


def test_no_view_trusts_a_base_filter(app: Flask) -> None:
    # A base filter on a dotted column is dropped without a word; the wall does the limiting.
    assert [view for view in our_views(app) if view.base_filters] == []


def test_no_view_of_ours_keeps_a_filter_or_a_form(app: Flask) -> None:
    for view in our_views(app):
        kept = {name for name in vars(view) if "filter" in name or "form" in name}
        assert {name for name in kept if getattr(view, name)} == set()


def test_the_stock_views_have_fresh_filters_and_load_eagerly(app: Flask) -> None:
    stock = [view for view in views(app) if isinstance(view, ModelView) and not isinstance(view, RecordView)]
    for view in stock:
        assert isinstance(view, FreshFilters)
        assert type(view.datamodel) is StockInterface
        with app.test_request_context():
            first = view._filters
            assert view._filters is first
        with app.test_request_context():
            assert view._filters is not first


@pytest.mark.parametrize("kind", ["orders", "users"])
def test_eight_threads_get_eight_right_answers(stage: Stage, kind: str) -> None:
    make, connection = stage.make, stage.mine.connection
    if kind == "orders":
        found = [make.purchase_order(connection, lines=1, buyer_name=f"Buyer{n}X").number for n in range(THREADS)]
        asked = [f"/purchase-orders/list/?q=buyer{n}x&status=new" for n in range(THREADS)]
        pattern = r'<tr data-href="[^"]*">.*?(PO-\d{4})'
    else:
        users = [make.user("Guest", email=f"mail{n}x@example.org") for n in range(THREADS)]
        found = [user.username for user in users]
        asked = [f"/users/list/?_flt_3_email=mail{n}x@example.org" for n in range(THREADS)]
        pattern = r"(user\d+)</"

    def ask(number: int) -> list[str]:
        person = Person(stage.app, stage.person("admin").user)
        pages = [person.get(asked[number]).get_data(as_text=True) for _ in range(6)]
        return [",".join(sorted(set(re.findall(pattern, page[page.index("<table") :], re.DOTALL)))) for page in pages]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, range(THREADS)))
    assert answers == [[number] * 6 for number in found]


def test_threads_of_different_people_see_their_own_world(stage: Stage) -> None:
    mine, theirs = stage.mine.order.number, stage.theirs.order.number
    names = ["admin", "partner", "merchant", "unscoped partner", "limited", "admin", "partner", "merchant"]
    expected = {"admin": {mine, theirs}, "unscoped partner": set()}

    def ask(name: str) -> bool:
        person = Person(stage.app, stage.person(name).user)
        pages = (person.get("/purchase-orders/list/").get_data(as_text=True) for _ in range(6))
        return all(set(re.findall(r"PO-\d{4}", page)) == expected.get(name, {mine}) for page in pages)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(ask, names)) == [True] * THREADS


def test_the_count_reads_one_column_and_stops(stage: Stage) -> None:
    with statements(stage.app) as sent:
        stage.person("admin").get("/purchase-orders/list/?status=open")
    counts = [statement for statement in sent if "count(*)" in statement]
    assert len(counts) == 1
    inner = counts[0].split("FROM (SELECT")[1]
    assert inner.split("FROM")[0].split() == ["purchase_order.id", "AS", "id"]
    assert "LIMIT" in inner


def test_no_select_box_loads_a_whole_table(stage: Stage) -> None:
    for address in ("/users/list/", "/roles/list/"):
        with statements(stage.app) as sent:
            page = stage.person("admin").get(address)
        assert page.status_code == 200
        assert len(sent) <= 5
    partner = stage.person("partner")
    with statements(stage.app) as sent:
        html = partner.get("/purchase-orders/list/").get_data(as_text=True)
    assert stage.theirs.connection.name not in html
    assert f"merchant={stage.theirs.connection.merchant_id}" not in html


def test_no_table_writes_naive_times_or_needs_a_user() -> None:
    assert [model for model in models() if issubclass(model, AuditMixin)] == []


def test_our_tables_are_in_flask_appbuilders_metadata() -> None:
    assert Merchant.metadata is Model.metadata
    assert "purchase_order" in Model.metadata.tables
    assert "purchase_order" not in db.metadata.tables


def test_no_chart_and_no_rest_api_of_the_stock_is_there(app: Flask) -> None:
    assert [view for view in views(app) if isinstance(view, BaseChartView | ModelRestApi)] == []
    stock = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(("/api/", "/swagger"))]
    assert stock == []
    assert app.config["FAB_API_KEY_ENABLED"] is False


def test_registration_is_closed(app: Flask) -> None:
    assert app.test_client().get("/register/form").status_code == 404
    assert [type(view).__name__ for view in views(app) if "Register" in type(view).__name__] == []


def test_a_failing_service_is_not_called_a_database_error_and_nothing_is_saved(stage: Stage) -> None:
    # The stock form commits first, and calls whatever fails after it a database error.
    person, taken = stage.person("admin"), stage.make.merchant(name="Taken")
    other = stage.make.merchant(name="Free")
    answer = person.post(f"/merchants/edit/{other.id}", name="taken", open_timeout_days="9", time_zone="UTC")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "there is a merchant of that name already" in page
    assert "Database" not in page
    assert 'value="taken"' in page
    with stage.make.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT name, open_timeout_days FROM merchant WHERE name IN ('Taken', 'Free')"
        )
        assert sorted(tuple(row) for row in rows) == [("Free", 45), (taken.name, 45)]


def test_a_status_is_not_in_any_form(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.NEW)
    page = stage.person("admin").get(f"/purchase-orders/edit/{order.id}").get_data(as_text=True)
    names = set(re.findall(r'<(?:input|textarea|select)[^>]* name="(\w+)"', page.split("<main")[1]))
    assert names == {
        "csrf_token", "version_no", "number", "buyer_name", "supplier_code", "supplier_name", "ordered_at", "due_date",
        "currency", "tags", "notes", "reason",
    }  # fmt: skip
