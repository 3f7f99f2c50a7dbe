"""What every answer carries, and how errors look: in the frame, as a fragment, as JSON; never a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort
from werkzeug.test import TestResponse

from app import create_app
from app.domain.errors import NotFound, Refused
from app.extensions import db as flask_db
from tests.servers import Database
from tests.web.conftest import settings_for
from tests.web.people import Person, Stage, text_of

PAGES = (
    "/login/", "/purchase-orders/list/", "/purchase-orders/show/{0}", "/purchase-orders/edit/{0}", "/receipts/list/",
    "/connections/show/{1}", "/rules/add", "/users/list/", "/users/add", "/roles/list/", "/roles/add",
    "/users/userinfo/", "/resetmypassword/form", "/user-access/list/", "/nowhere",
)  # fmt: skip


def policy_of(answer: TestResponse) -> dict[str, list[str]]:
    """The directives of an answer's Content-Security-Policy."""
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


# Flask-AppBuilder still speaks the older language of WTForms.
@pytest.mark.filterwarnings("ignore:(Passing SelectField|Yielding raw tuples):DeprecationWarning")
@pytest.mark.parametrize("address", PAGES)
def test_every_script_of_a_page_is_ours_or_carries_the_nonce(stage: Stage, address: str) -> None:
    wanted = address.format(stage.mine.order.id, stage.mine.connection.id)
    person = stage.app.test_client() if address == "/login/" else stage.person("admin")
    answer = person.get(wanted)
    assert answer.status_code in {200, 404}
    policy, page = policy_of(answer), answer.get_data(as_text=True)
    assert policy["default-src"] == ["'self'"]
    nonce = next(value for value in policy["script-src"] if value.startswith("'nonce-"))[7:-1]
    assert policy["script-src"] == ["'self'", f"'nonce-{nonce}'"]
    for tag in re.findall(r"<(?:script|style|link|img)\b[^>]*>", page):
        address_of = re.search(r'(?:src|href)="([^"]*)"', tag)
        if address_of is None:
            assert f'nonce="{nonce}"' in tag
        else:
            assert address_of[1].startswith("/")
    assert re.findall(r'<[^>]+\son\w+="', page) == []
    assert "javascript:" not in page


def test_a_nonce_is_used_once(stage: Stage) -> None:
    found = {stage.person("admin").get("/purchase-orders/list/").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(found) == 3


def test_the_headers_of_a_page(stage: Stage) -> None:
    headers = stage.person("admin").get("/purchase-orders/list/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers
    assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"])
    styles = stage.person("admin").get("/static/build/inlet.css")
    assert styles.headers["Cache-Control"] != "no-store"
    styles.close()


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-12345678", True), ("<script>", False), ("x" * 65, False), ("", False)]
)
def test_a_request_id_from_a_proxy_is_kept_if_it_is_one(stage: Stage, given: str, kept: bool) -> None:
    answer = stage.person("admin").get("/nowhere", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is kept
    assert answer.headers["X-Request-Id"] in answer.get_data(as_text=True)


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(stage: Stage) -> None:
    cookie = stage.app.test_client().get("/purchase-orders/list/").headers["Set-Cookie"]
    assert cookie.startswith("inlet_session=")
    assert {"HttpOnly", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_over_https_cookies_are_secure_and_https_is_remembered(db: Database, tmp_path: Path) -> None:
    from dataclasses import replace

    app = create_app("web", replace(settings_for(db.url, tmp_path), secure_cookies=True, trusted_proxies=1))
    answer = app.test_client().get(
        "/purchase-orders/list/", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "inlet.example"}
    )
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    with app.app_context():
        flask_db.engine.dispose()


@pytest.fixture
def breaking(db: Database, tmp_path: Path) -> Iterator[Flask]:
    """An application with pages that fail in each way."""
    app = create_app("web", settings_for(db.url, tmp_path))

    def fail(how: str) -> str:
        if how.isdigit():
            abort(int(how))
        if how == "refused":
            raise Refused("The order is on its way.", "Wait until it has arrived.")
        if how == "not-found":
            raise NotFound("There is no such thing.", "Go back.")
        if how == "sql":
            from sqlalchemy import select

            from app.models import Merchant

            flask_db.session.execute(select(Merchant.__table__))
        raise KeyError("a secret value of the program")

    app.add_url_rule("/fail/<how>", "fail", fail, methods=["GET", "POST"])
    app.add_url_rule("/api/fail/<how>", "api_fail", fail, methods=["GET", "POST"])
    yield app
    with app.app_context():
        flask_db.engine.dispose()


CASES = {
    "403": (403, "You may not do this"),
    "404": (404, "There is no such page"),
    "405": (405, "This is not done this way"),
    "429": (429, "Too many tries"),
    "418": (418, "This request cannot be used"),
    "refused": (409, "The order is on its way. Wait until it has arrived."),
    "not-found": (404, "There is no such thing. Go back."),
    "sql": (500, "Something went wrong"),
    "crash": (500, "Something went wrong"),
}


def sound(page: str) -> None:
    """A page tells no traceback, no secret, no statement."""
    for word in ("Traceback", "KeyError", "a secret value", "SELECT", "WallError", "werkzeug", "site-packages"):
        assert word not in page


@pytest.mark.parametrize("how", CASES)
def test_an_error_is_a_page_in_the_frame_with_a_request_id(breaking: Flask, how: str) -> None:
    code, words = CASES[how]
    answer = breaking.test_client().get(f"/fail/{how}")
    assert answer.status_code == code
    assert words in text_of(answer)
    assert "<!doctype html>" in answer.get_data(as_text=True)
    assert answer.headers["X-Request-Id"] in text_of(answer)
    sound(answer.get_data(as_text=True))


@pytest.mark.parametrize("how", CASES)
def test_for_htmx_an_error_is_a_fragment(breaking: Flask, how: str) -> None:
    answer = breaking.test_client().get(f"/fail/{how}", headers={"HX-Request": "true"})
    assert answer.status_code == CASES[how][0]
    page = answer.get_data(as_text=True)
    assert "<html" not in page
    assert CASES[how][1].split(".")[0] in text_of(answer)
    sound(page)


@pytest.mark.parametrize("how", CASES)
def test_under_api_an_error_is_json(breaking: Flask, how: str) -> None:
    answer = breaking.test_client().get(f"/api/fail/{how}")
    told = answer.get_json()
    assert (answer.status_code, told["code"]) == (CASES[how][0], CASES[how][0])
    assert sorted(told) == ["code", "message", "remedy", "request_id", "title"]
    assert told["request_id"] == answer.headers["X-Request-Id"]
    sound(answer.get_data(as_text=True))


def test_a_refused_form_comes_back_with_the_reason(stage: Stage, breaking: Flask) -> None:
    person = Person(breaking, stage.person("support").user)
    answer = person.post("/fail/refused", next="/purchase-orders/list/?q=x")
    assert (answer.status_code, answer.location) == (302, "/purchase-orders/list/?q=x")
    assert person.flashes() == ["The order is on its way. Wait until it has arrived."]
    assert person.post("/fail/refused", next="https://evil.example/").status_code == 409


def test_when_the_database_is_away_the_page_says_so(
    stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app("web", settings_for("postgresql+psycopg://nobody@127.0.0.1:1/none", tmp_path))
    person: Any = Person(app, stage.person("admin").user)
    for address in ("/purchase-orders/list/", "/"):
        answer = person.get(address)
        assert answer.status_code == 503
        assert "The database does not answer" in text_of(answer)
        sound(answer.get_data(as_text=True))
    assert "GET /purchase-orders/list/ failed" in caplog.text
    assert app.test_client().get("/login/").status_code == 200


def test_a_crash_is_in_the_log_with_its_cause(breaking: Flask, caplog: pytest.LogCaptureFixture) -> None:
    breaking.test_client().get("/fail/crash")
    failed = [record for record in caplog.records if record.getMessage() == "GET /fail/crash failed"]
    assert len(failed) == 1
    assert failed[0].exc_info is not None
    assert isinstance(failed[0].exc_info[1], KeyError)


def test_a_request_that_is_too_large_is_told(stage: Stage) -> None:
    person = stage.person("admin")
    answer = person.post("/purchase-orders/plan", action="archive", reason="x" * 17_000_000)
    assert answer.status_code == 413
    assert "This is too large" in text_of(answer)
