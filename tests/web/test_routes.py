"""Every route there is, by enumeration: what it carries, what it leaves alone, and where it may lead.

A route that is added later is tested without a line here; one with a new kind of part in its address is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import Role as RoleRow
from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule as Route
from werkzeug.test import TestResponse

from app.models import Delivery, OrderKey, Rule, Run, RunFailure, SavedView, SourceDocument
from tests.web.people import Person, Stage

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
DIRECTIVES = ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'",
              "frame-ancestors 'none'")  # fmt: skip
_FINGERPRINT = """
SELECT '{0}', md5(coalesce(string_agg(found::text, chr(10) ORDER BY found::text), '')) FROM "{0}" AS found
"""
# Flask-AppBuilder's two stock views still speak the older language of WTForms.
OLDER = "ignore:(Passing SelectField|Yielding raw tuples):DeprecationWarning"


def stored(engine: Engine) -> dict[str, str]:
    """A fingerprint of each table's rows."""
    parts = [_FINGERPRINT.format(name) for name in inspect(engine).get_table_names()]
    with engine.connect() as connection:
        return {str(name): str(mark) for name, mark in connection.exec_driver_sql(" UNION ALL ".join(parts))}


def routes(app: Flask, method: str) -> list[Route]:
    """The routes that answer a method, without those of files."""
    found = (route for route in app.url_map.iter_rules() if method in (route.methods or ()))
    return sorted((route for route in found if not route.endpoint.endswith("static")), key=str)


@pytest.fixture
def ids(stage: Stage) -> dict[str, int]:
    """The id of a record of each kind, by the first part of its address: none of them is anything else's."""
    make, order, connection = stage.make, stage.mine.order, stage.mine.connection
    of = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
    run = make.add(Run(kind="import", started_by="x", **of))
    failure = make.add(RunFailure(run_id=run.id, reference="r", reason="r", text="t", digest="d", **of))
    with Session(make.engine) as session:
        key = session.scalars(select(OrderKey.id).filter_by(purchase_order_id=order.id)).one()
        guest = session.scalars(select(RoleRow.id).filter_by(name="Guest")).one()
    about = {"purchase_order_id": order.id, "external_id": order.external_id, "number": order.number}
    delivery = make.add(Delivery(kind="create", po_key_id=key, **of, **about))
    account = make.account(make.merchant(), make.warehouse())
    text = make.add(SourceDocument(connection_id=connection.id, external_id=order.external_id, text="raw"))
    return {
        "entries": stage.make.activity(order, "imported", document=text.id).id,
        "purchase-orders": order.id, "line-items": make.lines_of(order)[0].id, "receipts": stage.mine.receipt.id,
        "connections": make.connection().id, "merchants": make.merchant().id, "stores": make.store().id,
        "warehouses": make.warehouse().id, "merchants-at-warehouses": account.id, "runs": run.id,
        "failed-records": failure.id, "deliveries": delivery.id, "rules": make.add(Rule(name="Route")).id,
        "saved-views": make.add(SavedView(user_id=stage.person("admin").user.id, page="purchase-orders", name="Mine",
                                          query={"status": ["open"]})).id,
        "bulk-jobs": make.add(Run(kind="bulk", started_by="x")).id,
        "users": stage.person("nobody").user.id, "user-access": stage.person("nobody").user.id, "roles": guest,
    }  # fmt: skip


def address_of(route: Route, ids: dict[str, int]) -> str:
    """An address that a route answers, of a record that there is."""
    words = {"name": "archive", "kind": "import", "locale": "en", "entry": str(ids["entries"])}
    words |= {"kind": "activity"} if "entry" in route.arguments else {}
    address = str(route.rule)
    for part in route.arguments:
        value = ids[address.split("/")[1]] if part == "pk" else words[part]
        for pattern in (f"<int:{part}>", f"<string:{part}>", f"<{part}>"):
            address = address.replace(pattern, str(value))
    assert "<" not in address
    return address


def asked(stage: Stage, method: str, ids: dict[str, int]) -> Iterator[tuple[str, TestResponse]]:
    """What each route answers to an Admin who sends no form token."""
    for route in routes(stage.app, method):
        address = address_of(route, ids)
        # A client of its own, for one of the routes signs out.
        person = Person(stage.app, stage.person("admin").user)
        yield f"{method} {address}", person.client.open(address, method=method)


@pytest.mark.filterwarnings(OLDER)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing_and_never_fails(stage: Stage, ids: dict[str, int], method: str) -> None:
    before = stored(stage.make.engine)
    count = 0
    for address, answer in asked(stage, method, ids):
        assert answer.status_code in {200, 302, 404}, (address, answer.status_code)
        assert stored(stage.make.engine) == before, address
        count += 1
    assert count > 50


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_route_answers_the_other_methods(app: Flask, method: str) -> None:
    assert routes(app, method) == []


def test_without_a_form_token_every_post_is_refused_and_changes_nothing(stage: Stage, ids: dict[str, int]) -> None:
    before = stored(stage.make.engine)
    found = dict(asked(stage, "POST", ids))
    assert len(found) > 30
    assert {address: answer.status_code for address, answer in found.items() if answer.status_code != 400} == {}
    assert stored(stage.make.engine) == before


@pytest.mark.filterwarnings(OLDER)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_carries_the_headers(stage: Stage, ids: dict[str, int], method: str) -> None:
    nonces = set()
    for address, answer in asked(stage, method, ids):
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, address
        directives = [part.strip() for part in answer.headers["Content-Security-Policy"].split(";")]
        assert set(DIRECTIVES) <= set(directives), address
        assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store", address
        assert len(answer.headers["X-Request-Id"]) == 16
        assert "Server" not in answer.headers
        nonces.add(answer.headers["Content-Security-Policy"])
    assert len(nonces) == len(routes(stage.app, method))


@pytest.mark.filterwarnings(OLDER)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_cookie_is_closed_to_scripts_and_other_sites(stage: Stage, ids: dict[str, int], method: str) -> None:
    for address, answer in asked(stage, method, ids):
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, *flags = (part.strip() for part in cookie.split(";"))
            assert name.startswith("inlet_session="), address
            assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(flags), address


@pytest.mark.filterwarnings(OLDER)
def test_no_route_leads_to_another_host(stage: Stage, ids: dict[str, int]) -> None:
    evil = "https://evil.example/x"
    for route in routes(stage.app, "GET"):
        for person in (Person(stage.app, stage.person("admin").user).client, stage.app.test_client()):
            address = f"{address_of(route, ids)}?next={evil}&_next={evil}&redirect={evil}"
            answer = person.get(address, headers={"Referer": evil})
            assert urlsplit(answer.location or "").netloc in {"", "localhost"}, address


def test_signed_out_no_post_does_anything(stage: Stage, ids: dict[str, int]) -> None:
    before = stored(stage.make.engine)
    for route in routes(stage.app, "POST"):
        answer = stage.app.test_client().post(address_of(route, ids), data={"reason": "x"})
        assert answer.status_code == 400, route
    assert stored(stage.make.engine) == before


@pytest.mark.parametrize("asks", [{}, {"HX-Request": "true"}])
def test_a_refused_post_answers_in_the_form_that_was_asked(
    stage: Stage, ids: dict[str, int], asks: dict[str, str]
) -> None:
    for route in routes(stage.app, "POST"):
        answer = stage.person("admin").client.post(address_of(route, ids), headers=asks)
        page = answer.get_data(as_text=True)
        assert "Go back, reload, try again." in page, route
        assert ("<!doctype html>" in page) is not bool(asks), route
        assert answer.headers["X-Request-Id"] in page


@pytest.mark.parametrize("kind", ["users", "roles"])
def test_an_action_that_a_stock_page_does_not_have_is_not_found(stage: Stage, ids: dict[str, int], kind: str) -> None:
    admin, before = stage.person("admin"), stored(stage.make.engine)
    assert admin.post(f"/{kind}/action/explode/{ids[kind]}").status_code == 404
    assert admin.post(f"/{kind}/action_post", action="explode", rowid=[ids[kind]]).status_code == 404
    assert stored(stage.make.engine) == before


@pytest.mark.filterwarnings(OLDER)
@pytest.mark.parametrize("kind", ["users", "roles"])
@pytest.mark.parametrize("pk", ["0", "abc", "99999999999999999999", "%00", "1;DROP"])
def test_an_odd_id_on_a_stock_page_does_no_harm(stage: Stage, kind: str, pk: str) -> None:
    admin, before = stage.person("admin"), stored(stage.make.engine)
    for answer in (
        admin.get(f"/{kind}/show/{pk}"),
        admin.get(f"/{kind}/edit/{pk}"),
        admin.post(f"/{kind}/delete/{pk}"),
    ):
        assert answer.status_code in {302, 400, 404}
    assert stored(stage.make.engine) == before
