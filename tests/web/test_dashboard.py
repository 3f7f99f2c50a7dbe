"""The first page by role: its figures, that each list counts the same, what it costs, and what it says when empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.people import Role
from app.domain.states import DISPLAY, PoStatus, ReceiptState
from app.models import Delivery, OrderKey, PendingChange, Run, RunFailure, Schedule, ScheduleKind
from app.queries import listing
from tests.factories import Factory
from tests.web.counting import statements
from tests.web.dashboards import ADDRESS, calm, figures, listed, page_of, runs_of, words
from tests.web.people import Person, Stage, World, text_of

ROLES = ("admin", "support", "limited", "partner", "merchant")
NEEDED = [
    "Rules failed", "No warehouse to route to", "Could not be sent", "Change could not be sent", "Cancellation refused",
    "Canceled by the warehouse", "Other", "Late by 1 day or more", "Late by 3 days or more", "Late by 7 days or more",
    "Late by 14 days or more", "Past due and not sent yet", "Receipts held, or in Error", "Given up",
    "Failing, tried again", "Outcome unknown", "Changes that wait for you", "Records that an import refused",
]  # fmt: skip


def fill(make: Factory, world: World, times: int) -> None:
    """All that the page counts, `times` times, for one world."""
    now, connection = datetime.now(UTC), world.connection
    of = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
    for number in range(times):
        for step in ("rules", "routing", "send", "update", "cancel", "warehouse", ""):
            make.purchase_order(connection, status=PoStatus.ERROR, failed_step=step)
        for days in (0, 2, 6, 13):
            make.purchase_order(connection, status=PoStatus.OPEN, late_from=now - timedelta(days=days, minutes=1))
        make.purchase_order(connection, status=PoStatus.NEW, late_from=now - timedelta(days=1))
        for days in (-1, 0, 3, 8, 30, 90):
            due = now.date() + timedelta(days=days)
            make.purchase_order(connection, status=PoStatus.PARTIALLY_RECEIVED, due_date=due, late_from=None)
        order = make.purchase_order(connection, status=PoStatus.OPEN, due_date=None)
        make.add(
            PendingChange(purchase_order_id=order.id, kind="change", snapshot={}, content_digest="c", raw_digest="r")
        )
        make.receipt(order, state=ReceiptState.ERROR)
        for state, attempts, unknown in (("failed", 8, False), ("due", 3, False), ("due", 1, True)):
            deliver(make, world, state=state, attempts=attempts, unknown=unknown)
        make.add(RunFailure(run_id=1, reason="No lines.", text="{}", digest=f"{connection.id}-{number}", **of))
        make.add(Run(kind="import", state="done", started_by="schedule", at=now, new=3, changed=2, failed=1, **of))


def deliver(make: Factory, world: World, **values: Any) -> None:
    """A message for an order of its own."""
    order = make.purchase_order(world.connection, status=PoStatus.OPEN)
    with Session(make.engine) as session:
        key = session.scalars(select(OrderKey.id).filter_by(purchase_order_id=order.id)).one()
    about = {"purchase_order_id": order.id, "external_id": order.external_id, "number": order.number, "po_key_id": key}
    owner = {"connection_id": order.connection_id, "merchant_id": order.merchant_id}
    make.add(Delivery(**{"kind": "create", **about, **owner, **values}))


def test_the_address_of_inlet_leads_to_the_dashboard(stage: Stage) -> None:
    for role in ROLES:
        answer = stage.person(role).get("/")
        assert (answer.status_code, answer.location) == (302, ADDRESS), role
    assert stage.app.test_client().get("/").location.startswith("/login/")
    page = page_of(stage.person("partner"))
    brand = next(link for link in page.all("a") if link.get("class") == "brand")
    assert brand.get("href") == ADDRESS


def test_staff_read_what_needs_a_person(stage: Stage) -> None:
    fill(stage.make, stage.mine, 1)
    fill(stage.make, stage.theirs, 2)
    for name, times in (("limited", 1), ("support", 3), ("admin", 3)):
        found = {label: shown.total for label, shown in figures(page_of(stage.person(name))).items()}
        assert [label for label in found if ": " not in label] == NEEDED, name
        expected = {label: str(times) for label in NEEDED}
        # The buckets of lateness hold each other.
        for days, count in ((1, 4), (3, 3), (7, 2), (14, 1)):
            expected[f"Late by {days} day{'s' if days > 1 else ''} or more"] = str(count * times)
        assert {label: found[label] for label in NEEDED} == expected, name


def test_what_is_0_is_said_calmly_and_does_not_stand_out(stage: Stage) -> None:
    page = page_of(stage.person("admin"))
    assert calm(page) == [
        "No purchase order is in Error",
        "Nothing is late",
        "No receipt waits for you",
        "Nothing is stuck",
        "No change and no record waits for you",
        "Every enabled connection works",
    ]
    assert [link for link in page.all("a") if link.get("class").startswith("figure")] == []
    deliver(stage.make, stage.mine, state="failed", attempts=8)
    page = page_of(stage.person("admin"))
    assert "Nothing is stuck" not in calm(page)
    (stuck,) = [link for link in page.all("a") if link.get("class").startswith("figure")]
    # By its tone and by an icon, never by colour alone.
    assert stuck.get("class") == "figure tone-red"
    assert "icon-status-error" in next(part for part in page.all("span") if stuck in part.parents).get("class")
    assert words(stuck) == "Given up1"


@pytest.mark.parametrize("name", ROLES)
def test_each_figure_leads_to_a_list_that_counts_the_same(stage: Stage, name: str) -> None:
    fill(stage.make, stage.mine, 2)
    fill(stage.make, stage.theirs, 1)
    person = stage.person(name)
    page = page_of(person)
    shown = [*figures(page).values(), *runs_of(page)]
    assert {one.label: one.total for one in shown} == {one.label: listed(person, one.href) for one in shown}
    assert len([one for one in shown if one.total != "0"]) >= 9
    orders = [one for one in shown if one.href.startswith("/purchase-orders/")]
    # A saved view of the reader's must not narrow what was counted.
    assert {tuple(one.arguments["view"]) for one in orders} == {("all",)}


def test_figures_of_orders_lead_to_the_filters_of_their_list(stage: Stage) -> None:
    fill(stage.make, stage.mine, 1)
    found = figures(page_of(stage.person("admin")))
    base = "/purchase-orders/list/?view=all&"
    assert {label: found[label].href.removeprefix(base) for label in NEEDED if found[label].href.startswith(base)} == {
        "Rules failed": "status=error&cause=rules",
        "No warehouse to route to": "status=error&cause=routing",
        "Could not be sent": "status=error&cause=send",
        "Change could not be sent": "status=error&cause=update",
        "Cancellation refused": "status=error&cause=cancel",
        "Canceled by the warehouse": "status=error&cause=warehouse",
        "Other": "status=error&cause=other",
        "Late by 1 day or more": "late=1",
        "Late by 3 days or more": "late=3",
        "Late by 7 days or more": "late=7",
        "Late by 14 days or more": "late=14",
        "Past due and not sent yet": "late=past_due&status=new",
        "Changes that wait for you": "waits=change",
    }
    unfinished = "status=new&status=open&status=partially_received&status=delayed"
    assert found["inbound: No due date"].href == f"{base}due_in=none&{unfinished}"
    overdue = found["inbound: Overdue"]
    assert "due_from" not in overdue.arguments
    assert overdue.href == f"{base}due_to={overdue.arguments['due_to'][0]}&{unfinished}"


def test_a_figure_says_when_there_are_more_as_the_list_does(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNT_CAP", 2)
    for _ in range(3):
        stage.make.receipt(stage.mine.order, state=ReceiptState.ERROR)
    shown = figures(page_of(stage.person("admin")))["Receipts held, or in Error"]
    assert shown.total == "2+"


# --- partners and merchants


def test_a_partner_reads_what_is_due_at_the_own_warehouses(stage: Stage) -> None:
    today = datetime.now(UTC).date()
    for days in (-3, 0, 0):
        stage.make.purchase_order(
            stage.mine.connection, status=PoStatus.OPEN, due_date=today + timedelta(days=days), units_ordered=Decimal(7)
        )
    stage.make.purchase_order(stage.theirs.connection, status=PoStatus.OPEN, due_date=today)
    # Not sent yet: the warehouse does not know of it.
    stage.make.purchase_order(stage.mine.connection, due_date=today)
    page = page_of(stage.person("partner"))
    found = {label: shown.total for label, shown in figures(page).items()}
    # The order of the stage itself is long overdue.
    assert [found[label] for label in ("Overdue", "Due today", "Due this week")] == ["2", "2", "2"]
    assert (found["inbound: Overdue"], found["inbound: This week"]) == ("2", "2")
    assert found["receipts: Today"] == "1"


@pytest.mark.parametrize("name", ["partner", "merchant"])
def test_who_is_no_staff_sees_nothing_of_the_operations(stage: Stage, name: str) -> None:
    fill(stage.make, stage.mine, 1)
    html = stage.person(name).get(ADDRESS).get_data(as_text=True)
    for hidden in ("What needs a person", "Imports of the last", "/runs/", "/deliveries/", "/connections/", "Given up"):
        assert hidden not in html
    assert stage.theirs.connection.name not in html


def test_a_partner_sees_no_cost(stage: Stage) -> None:
    stage.make.purchase_order(
        stage.mine.connection, status=PoStatus.OPEN, total_cost=Decimal("98765.43"), currency="CHF"
    )
    page = text_of(stage.person("partner").get(ADDRESS))
    for hidden in ("98765", "98,765", "CHF", "cost", "Cost"):
        assert hidden not in page


def test_a_merchant_reads_the_own_orders_by_status(stage: Stage) -> None:
    for number, status in enumerate(PoStatus, start=1):
        for _ in range(number):
            stage.make.purchase_order(stage.mine.connection, status=status)
        stage.make.purchase_order(stage.theirs.connection, status=status)
    late_from = datetime.now(UTC) - timedelta(minutes=1)
    stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, late_from=late_from)
    found = figures(page_of(stage.person("merchant")))
    # One Open order was on the stage before.
    assert {label: found[label].total for label in DISPLAY.values()} == {
        "New": "1", "Open": "3", "Partially Received": "3", "Delayed": "1", "Received": "4", "Error": "6",
        "Closed": "7", "Canceled": "5", "Archived": "8",
    }  # fmt: skip
    assert found["Delayed"].href == "/purchase-orders/list/?view=all&status=delayed"


# --- zones


def test_days_and_weeks_are_those_of_the_readers_zone(stage: Stage) -> None:
    person = stage.person("admin")
    # Fourteen hours ahead, and eleven behind: at any instant these two are on different days.
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        person.client.set_cookie("inlet_zone", zone)
        page = page_of(person)
        shown = figures(page)
        day = date.fromisoformat(shown["receipts: Today"].arguments["created_from"][0])
        assert day == local_day(zone)
        assert shown["inbound: This week"].arguments["due_from"] == [day.isoformat()]
        assert shown["inbound: Overdue"].arguments["due_to"] == [(day - timedelta(days=1)).isoformat()]
        assert f"days and weeks in {zone.replace('_', ' ')}" in text_of(person.get(ADDRESS))


def local_day(zone: str) -> date:
    """Today there."""
    return datetime.now(ZoneInfo(zone)).date()


def test_a_receipt_of_the_evening_in_utc_is_on_the_next_day_in_the_east(stage: Stage) -> None:
    # Yesterday in UTC, an hour before midnight: the same day for nobody in Kiritimati.
    evening = datetime.now(UTC).replace(hour=23, minute=0) - timedelta(days=1)
    stage.make.receipt(stage.mine.order, created_at=evening, quantities=[41])
    east = "Pacific/Kiritimati"
    for zone, day in (("UTC", evening.date()), (east, evening.date() + timedelta(days=1))):
        person = Person(stage.app, stage.person("admin").user)
        person.client.set_cookie("inlet_zone", zone)
        rows = {row.href: row.total for row in figures(page_of(person)).values() if row.label.startswith("receipts")}
        # The two receipts of the stage were stored just now, which is that day already in the east until ten.
        expected = 3 if day == local_day(zone) else 1
        assert rows[f"/receipts/list/?created_from={day}&created_to={day}"] == str(expected), zone


@pytest.mark.parametrize("cookie", ["../../etc/passwd", "Europe", "%00", "x" * 4_000, "Mars/Olympus", "<b>"])
def test_a_hostile_zone_is_no_zone(stage: Stage, cookie: str) -> None:
    person = stage.person("partner")
    answer = person.get(ADDRESS, headers={"Cookie": session_of(person) + f"; inlet_zone={cookie}"})
    assert answer.status_code == 200
    assert "days and weeks in UTC" in text_of(answer)
    assert cookie not in answer.get_data(as_text=True)


def session_of(person: Person) -> str:
    """The cookie by which a person is signed in."""
    cookie = person.client.get_cookie("inlet_session")
    assert cookie is not None
    return f"inlet_session={cookie.value}"


# --- connections


def test_a_failing_connection_is_named_with_since_when_and_why(stage: Stage) -> None:
    connection, now = stage.mine.connection, datetime.now(UTC)
    with Session(stage.make.engine) as session:
        session.execute(
            update(Schedule)
            .where(Schedule.connection_id == connection.id, Schedule.kind == ScheduleKind.IMPORT)
            .values(last_completed_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
        )
        session.execute(
            update(Schedule)
            .where(Schedule.connection_id == stage.theirs.connection.id, Schedule.kind == ScheduleKind.IMPORT)
            .values(next_due_at=datetime(2026, 1, 3, 5, 6, tzinfo=UTC))
        )
        session.commit()
    for kind, message in (("import", "The <b>source</b> said 503."), ("status_update", "")):
        owner = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
        stage.make.add(Run(kind=kind, state="failed", started_by="x", at=now, message=message, **owner))
    html = stage.person("admin").get(ADDRESS).get_data(as_text=True)
    assert f'href="/connections/show/{connection.id}"' in html
    assert "<b>source</b>" not in html
    shown = text_of(stage.person("admin").get(ADDRESS))
    assert (
        f"{connection.name} Import failed The &lt;b&gt;source&lt;/b&gt; said 503. Last completed 2 Jan 2026, 03:04 UTC"
        in shown
    )
    assert "Status update failed The run gave no reason; open its page. It has never completed" in shown
    overdue = "Import is overdue It was due 3 Jan 2026, 05:06 UTC , and no worker took it. It has never completed"
    assert f"{stage.theirs.connection.name} {overdue}" in shown
    assert overdue not in text_of(stage.person("limited").get(ADDRESS))


def test_many_failing_connections_are_named_up_to_a_few(stage: Stage) -> None:
    for _ in range(10):
        connection = stage.make.connection()
        owner = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
        stage.make.add(Run(kind="import", state="failed", started_by="x", message="No.", **owner))
    page = page_of(stage.person("admin"))
    assert len([part for part in page.all("div") if part.get("class").startswith("broken")]) == 8
    assert "and 2 more" in text_of(stage.person("admin").get(ADDRESS))


def test_the_imports_of_the_day_are_listed_by_connection(stage: Stage) -> None:
    fill(stage.make, stage.mine, 2)
    connection = stage.mine.connection
    page = page_of(stage.person("limited"))
    rows = [row for row in page.all("tr") if row.get("data-href").startswith("/connections/show/")]
    assert [row.get("data-href") for row in rows] == [f"/connections/show/{connection.id}"]
    # Done, failed, new, changed and refused; no schedule has a time yet.
    assert words(rows[0]) == f"{connection.name} Enabled – – 2 0 6 4 2"
    done, failed = runs_of(page)
    assert done.href == f"/runs/list/?connection={connection.id}&kind=import&state=done&last=24h"
    assert (done.total, failed.total) == ("2", "0")


# --- nothing yet


def test_an_empty_inlet_says_what_to_do_first(app: Flask, make: Factory) -> None:
    admin = Person(app, make.user(Role.ADMIN))
    page = page_of(admin)
    steps = [words(part) for part in page.all("strong") if part.inside("ol")]
    assert steps == ["Make a merchant", "Make a warehouse", "Make a store", "Make a connection"]
    links = [link.get("href") for link in page.all("a") if "small push" in link.get("class")]
    assert links == ["/merchants/add", "/warehouses/add", "/stores/add", "/connections/add"]
    assert page.all("canvas") == []
    make.merchant()
    make.store()
    page = page_of(admin)
    done = [item.get("class") for item in page.all("li") if item.get("class").startswith("step")]
    assert done == ["step done", "step", "step done", "step"]
    make.connection()
    page = page_of(admin)
    assert "What to do first" not in text_of(admin.get(ADDRESS))
    assert len(page.all("canvas")) == 2


def test_who_may_not_make_the_first_records_gets_no_link_to_do_so(app: Flask, make: Factory) -> None:
    support = Person(app, make.user(Role.SUPPORT))
    html = support.get(ADDRESS).get_data(as_text=True)
    assert "/add" not in html
    assert html.count("An Admin does this.") == 4


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("unscoped partner", "No warehouse is yours to see yet."),
        ("unscoped merchant", "No merchant is yours to see yet."),
    ],
)
def test_who_is_given_nothing_is_told_so(stage: Stage, name: str, sentence: str) -> None:
    fill(stage.make, stage.mine, 1)
    person = stage.person(name)
    assert sentence in text_of(person.get(ADDRESS))
    page = page_of(person)
    assert figures(page) == {}
    assert page.all("canvas") == []
    assert [script for script in page.all("script") if "charts" in script.get("src")] == []


def test_a_support_person_whose_merchants_have_no_connection_is_told_so(stage: Stage) -> None:
    person = Person(stage.app, stage.make.user(Role.SUPPORT, merchants=[stage.make.merchant()]))
    page = text_of(person.get(ADDRESS))
    assert "have no connection yet" in page
    assert "What to do first" not in page


# --- fresh figures, and what it costs


@pytest.mark.parametrize("name", ROLES)
def test_htmx_gets_the_blocks_alone_and_the_same(stage: Stage, name: str) -> None:
    fill(stage.make, stage.mine, 1)
    person = stage.person(name)
    whole = page_of(person)
    blocks = page_of(person, headers={"HX-Request": "true"})
    assert blocks.all("html") == blocks.all("script") == blocks.all("nav") == []
    assert figures(blocks) == figures(whole)
    holder = next(part for part in whole.all("div") if part.get("id") == "dashboard")
    assert (holder.get("data-refresh"), holder.get("hx-get"), holder.get("hx-trigger")) == ("60", ADDRESS, "refresh")
    stamps = [part for part in blocks.all("time") if part.get("data-show") == "clock"]
    assert len(stamps) == 1
    assert abs(datetime.now(UTC) - datetime.fromisoformat(stamps[0].get("datetime"))) < timedelta(minutes=1)


def test_signed_out_the_blocks_are_not_given(stage: Stage) -> None:
    answer = stage.app.test_client().get(ADDRESS, headers={"HX-Request": "true"})
    assert answer.status_code == 302
    assert answer.location.startswith("/login/")


@pytest.mark.parametrize(
    ("name", "expected"), [("admin", 6), ("support", 7), ("limited", 7), ("partner", 5), ("merchant", 5)]
)
def test_the_page_costs_few_statements_and_no_more_with_many_rows(stage: Stage, name: str, expected: int) -> None:
    person = stage.person(name)
    for times in (0, 1, 3):
        fill(stage.make, stage.mine, times)
        stage.make.connection()
        with statements(stage.app) as sent:
            person.get(ADDRESS)
        # The user and the scope (none for an Admin), then one for each block, two for the connections.
        assert len(sent) == expected


def test_the_table_under_a_chart_holds_all_that_the_chart_shows(stage: Stage) -> None:
    page = page_of(stage.person("admin"))
    for chart, count in (("inbound", 11), ("receipts", 14)):
        figure = next(part for part in page.all("figure") if part.get("data-chart") == chart)
        rows = [row for row in page.all("tr") if figure in row.parents and "data-tone" in row.attributes]
        assert len(rows) == count
        for row in rows:
            values = [part.get("value") for part in page.all("data") if row in part.parents]
            assert len(values) == 2
            assert all(Decimal(value) >= 0 for value in values)
        fold = next(part for part in page.all("details") if figure in part.parents)
        assert fold.get("id") == f"table-{chart}"
        canvas = next(part for part in page.all("canvas") if figure in part.parents)
        assert canvas.get("role") == "img"
        assert "same figures are in the table" in canvas.get("aria-label")


def test_the_weeks_are_named_from_overdue_to_undated(stage: Stage) -> None:
    labels = [label for label in figures(page_of(stage.person("admin"))) if label.startswith("inbound: ")]
    assert labels[:2] == ["inbound: Overdue", "inbound: This week"]
    assert labels[-1] == "inbound: No due date"
    assert labels[-2].endswith(" and later")
    assert all(" – " in label for label in labels[2:-2])
    assert len(labels) == 11


def test_replacing_a_filter_by_nothing_would_be_seen(stage: Stage) -> None:
    fill(stage.make, stage.mine, 1)
    person = stage.person("admin")
    shown = figures(page_of(person))["Receipts held, or in Error"]
    wrong = replace(shown, href="/receipts/list/")
    assert listed(person, shown.href) == shown.total
    assert listed(person, wrong.href) != wrong.total


def test_under_the_bars_the_labels_are_short_and_name_the_month_where_it_begins(stage: Stage) -> None:
    page = page_of(stage.person("partner"))
    rows = [row for row in page.all("tr") if "data-tone" in row.attributes]
    short = [
        row.get("data-short") or next(words(head) for head in page.all("th") if row in head.parents) for row in rows
    ]
    inbound, days = short[:11], short[11:]
    assert (inbound[0], inbound[1], inbound[-2], inbound[-1]) == ("Late", "This week", "Later", "No date")
    assert days[-1] == "Today"
    assert len([label for label in days[:-1] if " " in label]) in {1, 2}
    assert " " in days[0]
    assert all(label.isdigit() or label.startswith("1 ") for label in days[1:-1])
