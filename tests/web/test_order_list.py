"""The list of purchase orders: late, cause and waiting filters, named days, jumps, columns, counts, and its badges."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.domain.states import DISPLAY, PoStatus
from app.models import PendingChange, PurchaseOrder
from app.web.asking import Filter, ask_of_request, facet_of
from app.web.days import Dates, day_chip, day_facet
from app.web.views.order_columns import COLUMNS, late_words
from app.web.views.orders import PurchaseOrderView
from app.web.zone import reader_zone
from tests.factories import NOON
from tests.web.counting import statements
from tests.web.people import Person, Stage, text_of

LIST = "/purchase-orders/list/"
FACET = "/purchase-orders/facet"
NOW = datetime.now(UTC)
EVERYONE = ("admin", "support", "limited", "partner", "merchant")


def heads(person: Person, address: str) -> list[str]:
    """The headings of the list's columns."""
    page = person.get(address).get_data(as_text=True)
    found = re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", page, re.DOTALL)
    return [words for words in (unescape(re.sub(r"<[^>]+>", "", head)).strip() for head in found) if words]


def counts(person: Person, address: str) -> dict[str, str]:
    """The counts of a menu: value -> what it says."""
    menu = person.get(address).get_data(as_text=True)
    items = re.findall(r'id="facet-[a-z]+-([^"]+)".*?</a>', menu)
    told = re.findall(r'id="facet-[a-z]+-([^"]+)"(?:(?!</a>).)*<span class="count">([^<]+)</span></a>', menu)
    assert {value for value, _ in told} <= set(items)
    return dict(told)


def chips(person: Person, address: str) -> list[str]:
    """The words of the chips."""
    page = person.get(address).get_data(as_text=True)
    found = re.findall(r'<a class="chip".*?</span>(.*?)<span', page)
    return [unescape(words) for words in found]


# Filters.


def test_the_links_of_the_first_page_find_what_they_say(stage: Stage) -> None:
    make, connection = stage.make, stage.mine.connection
    send = make.purchase_order(connection, status=PoStatus.ERROR, failed_step="send")
    week = make.purchase_order(connection, status=PoStatus.OPEN, late_from=NOW - timedelta(days=7))
    new = make.purchase_order(connection, late_from=NOW - timedelta(days=1))
    make.add(
        PendingChange(
            purchase_order_id=stage.mine.order.id, kind="change", snapshot={}, content_digest="c", raw_digest="r"
        )
    )
    known = {"send": send, "week": week, "new": new, "changed": stage.mine.order, "theirs": stage.theirs.order}
    for query, names in (
        ("status=error&cause=send", {"send"}),
        ("late=7", {"week"}),
        ("late=5", {"week"}),
        ("late=30", set()),
        ("late=past_due", {"week", "new"}),
        ("waits=change", {"changed"}),
    ):
        page = text_of(stage.person("admin").get(f"{LIST}?{query}"))
        assert {name for name, order in known.items() if order.number in page} == names, query
    # A cause and what waits are for staff only: others have no such filter.
    assert stage.mine.order.number in text_of(stage.person("merchant").get(f"{LIST}?cause=send&waits=held"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("late=7", ["Late: 7 days or more late"]),
        ("late=12", ["Late: 12 days or more late"]),
        ("late=past_due", ["Late: Past due, any unfinished status"]),
        ("late=soon", []),
        ("cause=other&cause=send", ["Cause of error: Could not be sent", "Cause of error: Other"]),
        ("waits=edited", ["Waiting: Edited here"]),
        ("imported_in=last_7", ["Imported: Last 7 days"]),
        ("ordered_in=last_month", ["Ordered: Last month"]),
        ("due_in=none", ["Due: No due date"]),
        ("due_in=overdue", ["Due: Overdue"]),
        ("due_in=soon", []),
        ("due_in=today&due_from=2026-01-01", ["Due: Today"]),
        ("due_in=soon&due_from=2026-01-01", ["Due: 2026-01-01 – …"]),
    ],
)
def test_chips_say_what_filters(stage: Stage, query: str, words: list[str]) -> None:
    assert chips(stage.person("admin"), f"{LIST}?{query}") == words


@pytest.mark.parametrize(("value", "words"), [("2", "2 days or more late"), ("1234", "1,234 days or more late")])
def test_any_number_of_days_has_words(value: str, words: str) -> None:
    assert late_words(value) == words
    assert late_words("x") == late_words("past_due") == late_words("0") == ""


# Days.


def imported(app: Flask, query: str, zone: str, now: datetime) -> tuple[date | None, date | None]:
    """The days of import that an address asks for, from a browser in a zone."""
    with app.test_request_context(f"{LIST}?{query}", headers={"Cookie": f"inlet_zone={zone}"}):
        return ask_of_request((), PurchaseOrderView.date_filters, set(), now).dates["imported"]


@pytest.mark.parametrize(
    ("zone", "now", "today"),
    [
        ("UTC", "2026-03-04T23:59:59", "2026-03-04"),
        ("UTC", "2026-03-05T00:00:00", "2026-03-05"),
        ("Pacific/Auckland", "2026-03-04T10:59:59", "2026-03-04"),
        ("Pacific/Auckland", "2026-03-04T11:00:00", "2026-03-05"),
        ("America/New_York", "2026-03-05T04:59:59", "2026-03-04"),
        ("America/New_York", "2026-03-05T05:00:00", "2026-03-05"),
        ("Asia/Kathmandu", "2026-03-04T18:14:59", "2026-03-04"),
        ("Asia/Kathmandu", "2026-03-04T18:15:00", "2026-03-05"),
        ("Nowhere/City", "2026-03-05T00:00:00", "2026-03-05"),
        ("", "2026-03-05T00:00:00", "2026-03-05"),
    ],
)
def test_today_is_the_readers_day(app: Flask, zone: str, now: str, today: str) -> None:
    instant, day = datetime.fromisoformat(now).replace(tzinfo=UTC), date.fromisoformat(today)
    assert imported(app, "imported_in=today", zone, instant) == (day, day)
    before = day - timedelta(days=1)
    assert imported(app, "imported_in=yesterday", zone, instant) == (before, before)


@pytest.mark.parametrize(
    ("cookie", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("/etc/localtime", "UTC"),
        ("America", "UTC"),
        ("Etc/GMT+12", "Etc/GMT+12"),
        ("", "UTC"),
        ("x" * 4000, "UTC"),
        ("Europe/Berlin%00", "UTC"),
    ],
)
def test_a_zone_is_one_that_there_is(app: Flask, cookie: str, zone: str) -> None:
    with app.test_request_context(LIST, headers={"Cookie": f"inlet_zone={cookie}"}):
        assert reader_zone() == ZoneInfo(zone)


def test_the_list_itself_asks_in_the_readers_zone(stage: Stage) -> None:
    # Far enough east and west, one of the two is in another day than UTC at any time.
    order = stage.make.purchase_order(stage.mine.connection, imported_at=NOW)
    admin = stage.person("admin")
    for zone in ("Pacific/Kiritimati", "Pacific/Niue", "UTC"):
        admin.client.set_cookie("inlet_zone", zone)
        day = NOW.astimezone(ZoneInfo(zone)).date()
        assert order.number in text_of(admin.get(f"{LIST}?imported_from={day}&imported_to={day}")), zone
        after = day + timedelta(days=1)
        assert order.number not in text_of(admin.get(f"{LIST}?imported_from={after}")), zone


def test_a_preset_and_a_range_take_each_others_place(app: Flask) -> None:
    wanted = Dates("due", "Due", {"today": "Today", "none": "No due date"})
    with app.test_request_context(f"{LIST}?status=open&due_from=2026-01-01&due_to=2026-01-09&page=3"):
        ask = ask_of_request((), (wanted,), set(), NOON)
        facet = day_facet(wanted, ask, LIST)
        assert day_chip(facet, LIST).href == f"{LIST}?status=open"
    assert [choice.href for choice in facet.choices] == [
        f"{LIST}?status=open&due_in=today",
        f"{LIST}?status=open&due_in=none",
    ]
    assert facet.values == ("2026-01-01", "2026-01-09")
    with app.test_request_context(f"{LIST}?due_in=none&due_from=2026-01-01"):
        ask = ask_of_request((), (wanted,), set(), NOON)
        facet = day_facet(wanted, ask, LIST)
    assert (ask.chosen["due_in"], ask.dates["due"], facet.values) == (("none",), (None, None), ("", ""))
    assert [choice.href for choice in facet.choices if choice.chosen] == [LIST]


# Jumps.


@pytest.fixture
def jumps(stage: Stage) -> dict[str, PurchaseOrder]:
    """Orders with names that could be taken for each other."""
    make, mine, theirs = stage.make, stage.mine.connection, stage.theirs.connection
    return {
        "one": make.purchase_order(mine, status=PoStatus.OPEN, number="A-1", external_id="x1"),
        "longer": make.purchase_order(mine, status=PoStatus.OPEN, number="A-11", external_id="x11"),
        "twice": make.purchase_order(mine, status=PoStatus.OPEN, number="B-1", external_id="x2"),
        "theirs": make.purchase_order(theirs, status=PoStatus.OPEN, number="B-1", external_id="x3"),
        "unsent": make.purchase_order(mine, status=PoStatus.NEW, number="C-1", external_id="x4"),
    }


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("admin", "A-1", "one"), ("admin", " A-1 ", "one"), ("admin", "x1", "one"), ("admin", "A-11", "longer"),
        ("admin", "a-1", "one"), ("admin", "A-", ""), ("admin", "B-1", ""), ("limited", "B-1", "twice"),
        ("partner", "B-1", "twice"), ("merchant", "B-1", "twice"), ("admin", "x3", "theirs"), ("limited", "x3", ""),
        ("partner", "C-1", ""), ("merchant", "C-1", "unsent"), ("admin", "%", ""), ("admin", "A-1\0", "one"),
        ("admin", "", ""), ("nobody", "A-1", "403"), ("unscoped partner", "A-1", ""),
    ],
)  # fmt: skip
def test_an_exact_number_leads_to_the_one_order_that_one_sees(
    stage: Stage, jumps: dict[str, PurchaseOrder], name: str, text: str, found: str
) -> None:
    answer = stage.person(name).get(LIST, query_string={"q": text, "go": "1", "status": "open"})
    if found == "403":
        assert answer.status_code == 403
        return
    assert answer.status_code == 302
    if found:
        assert answer.headers["Location"] == f"/purchase-orders/show/{jumps[found].id}"
    else:
        assert answer.headers["Location"].startswith(LIST)
        assert "go=" not in answer.headers["Location"]
        assert "status=open" in answer.headers["Location"]


def test_only_a_search_box_jumps(stage: Stage, jumps: dict[str, PurchaseOrder]) -> None:
    answer = stage.person("admin").get(f"{LIST}?q=A-1")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    # The list's own box and the one in the top bar.
    assert page.count('<input type="hidden" name="go" value="1">') == 2
    assert not re.findall(r'href="[^"]*go=1', page)
    assert "A-11" in text_of(answer)


# Columns.

USUAL = ["Number", "Status", "Buyer", "Warehouse", "Lines", "Received / ordered", "Due", "Total cost", "Ordered",
         "Imported"]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", USUAL),
        ("?cols=number,due,status", ["Number", "Status", "Due"]),
        ("?cols=due&cols=reason", ["Number", "Due", "Reason"]),
        ("?cols=nonsense", ["Number"]),
        ("?cols=", USUAL),
        ("?cols=,,", USUAL),
        ("?sort=sent", [*USUAL, "Sent"]),
        ("?sort=sent&cols=due", ["Number", "Due"]),
        ("?cols=" + ",".join(column.name for column in COLUMNS), [column.label for column in COLUMNS]),
    ],
)
def test_columns_are_those_of_the_address(stage: Stage, query: str, expected: list[str]) -> None:
    assert heads(stage.person("admin"), f"{LIST}{query}") == expected


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("support", set()),
        ("merchant", {"Imported", "Sales channel", "Connection", "Reason"}),
        (
            "partner",
            {
                "Imported", "Sales channel", "Connection", "Reason", "Total cost", "Currency", "External id",
                "Revision", "Tags", "Facility", "Warehouse's id",
            },
        ),
    ],
)  # fmt: skip
def test_nobody_chooses_a_column_that_is_not_for_them(stage: Stage, name: str, hidden: set[str]) -> None:
    person, every = stage.person(name), f"{LIST}?cols={','.join(column.name for column in COLUMNS)}"
    assert heads(person, every) == [column.label for column in COLUMNS if column.label not in hidden]
    page = person.get(every).get_data(as_text=True)
    offered = set(re.findall(r'<input type="checkbox" name="cols" value="(\w+)"', page))
    assert offered == {column.name for column in COLUMNS[1:] if column.label not in hidden}


def test_what_a_partner_may_not_see_is_in_no_column(stage: Stage) -> None:
    stage.make.purchase_order(
        stage.mine.connection,
        status=PoStatus.OPEN,
        status_reason="SECRET reason",
        notes="SECRET notes",
        held_by="SECRET rule",
        tags=["SECRET"],
        facility="SECRET place",
        external_id="SECRET id",
        custom={"a": "SECRET"},
    )
    every = f"{LIST}?cols={','.join(column.name for column in COLUMNS)}"
    assert "SECRET" not in stage.person("partner").get(every).get_data(as_text=True)
    assert "SECRET reason" in text_of(stage.person("limited").get(every))


def test_all_columns_cost_no_more_statements(stage: Stage) -> None:
    for number in range(5):
        stage.make.purchase_order(stage.mine.connection, status=PoStatus.OPEN, tags=[f"t{number}"])
    with statements(stage.app) as sent:
        stage.person("admin").get(f"{LIST}?cols={','.join(column.name for column in COLUMNS)}")
    assert len(sent) == 5


@pytest.mark.parametrize(
    ("status", "hours", "days"),
    [
        (PoStatus.OPEN, 1, "1"), (PoStatus.OPEN, 25, "2"), (PoStatus.NEW, 49, "3"), (PoStatus.OPEN, -1, ""),
        (PoStatus.RECEIVED, 49, ""), (PoStatus.ERROR, 49, ""),
    ],
)  # fmt: skip
def test_days_late_begin_with_one(stage: Stage, status: PoStatus, hours: int, days: str) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=status, late_from=NOW - timedelta(hours=hours))
    page = stage.person("admin").get(f"{LIST}?cols=late&q={order.number}").get_data(as_text=True)
    assert re.findall(r'<data value="(\d+)"', page) == ([days] if days else [])


# Counts.


@pytest.mark.parametrize("name", EVERYONE)
def test_a_menu_counts_what_one_sees(stage: Stage, name: str) -> None:
    for _ in range(2):
        stage.make.purchase_order(stage.mine.connection, status=PoStatus.RECEIVED)
    found = counts(stage.person(name), f"{FACET}/status")
    everything = name in {"admin", "support"}
    assert found == {**dict.fromkeys(DISPLAY, "0"), "open": "2" if everything else "1", "received": "2"}
    merchants = counts(stage.person(name), f"{FACET}/merchant?status=received&page=7")
    mine, theirs = str(stage.mine.connection.merchant_id), str(stage.theirs.connection.merchant_id)
    assert merchants == ({mine: "2", theirs: "0"} if everything else {mine: "2"})


def test_the_links_of_a_counted_menu_lead_to_the_list(stage: Stage) -> None:
    menu = stage.person("admin").get(f"{FACET}/status?status=open&q=PO&page=2").get_data(as_text=True)
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', menu)]
    assert f"{LIST}?q=PO" in links
    assert f"{LIST}?status=open&status=error&q=PO" in links
    assert len(links) == 9


@pytest.mark.parametrize(
    ("name", "facet", "code"),
    [
        ("admin", "cause", 200), ("limited", "waits", 200), ("partner", "cause", 404), ("merchant", "waits", 404),
        ("partner", "connection", 404), ("partner", "late", 200), ("admin", "nonsense", 404), ("admin", "due", 404),
        ("admin", "due_in", 404), ("nobody", "status", 403),
    ],
)  # fmt: skip
def test_a_menu_is_counted_for_those_who_have_it(stage: Stage, name: str, facet: str, code: int) -> None:
    assert stage.person(name).get(f"{FACET}/{facet}").status_code == code


@pytest.mark.parametrize("facet", [wanted.name for wanted in PurchaseOrderView.filters])
@pytest.mark.parametrize("cap", [10_000, 0])
def test_a_menu_costs_at_most_four_statements(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, facet: str, cap: int
) -> None:
    monkeypatch.setattr("app.queries.listing.COUNT_CAP", cap)
    for name, own in (("admin", 1), ("limited", 2)):
        with statements(stage.app) as sent:
            assert stage.person(name).get(f"{FACET}/{facet}?status=open").status_code == 200
        assert len(sent) <= own + (2 if cap == 0 else 1) <= 4


def test_counts_that_stop_say_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.queries.listing.COUNT_CAP", 1)
    admin = stage.person("admin")
    assert counts(admin, f"{FACET}/status")["open"] == "1+"
    assert counts(admin, f"{FACET}/status?q=PO-") == {"open": "2+"}


def test_the_first_page_counts_no_choice_and_works_without_a_script(stage: Stage) -> None:
    page = stage.person("admin").get(f"{LIST}?q=PO").get_data(as_text=True)
    assert f'hx-get="{FACET}/status?q=PO"' in page
    assert 'hx-trigger="toggle once from:closest details"' in page
    assert f'href="{LIST}?q=PO&amp;status=delayed"' in page
    assert counts(stage.person("admin"), f"{LIST}?q=PO") == {}


@pytest.mark.parametrize(
    "query", ["status=%00", "late=999999999999", "merchant=9223372036854775808", "q=%00", "q=%25_", "imported_in=%FF",
              "due_from=0001-01-01&imported_from=0001-01-01", "page=-1&size=x", "cause='&waits=--&status=<b>"],
)  # fmt: skip
def test_hostile_arguments_make_no_menu_fail(stage: Stage, query: str) -> None:
    for facet in (wanted.name for wanted in PurchaseOrderView.filters):
        answer = stage.person("admin").get(f"{FACET}/{facet}?{query}")
        assert answer.status_code == 200, facet
        assert "<b>" not in answer.get_data(as_text=True)


def test_a_long_menu_can_be_searched(app: Flask) -> None:
    wanted = Filter("merchant", "Merchant")
    with app.test_request_context(LIST):
        ask = ask_of_request((wanted,), (), set(), NOON)
        for many, searched in ((10, False), (11, True)):
            facet = facet_of(wanted, ask, [(number, f"M{number}") for number in range(many)], LIST)
            made = app.jinja_env.get_template("inlet/parts/facet_menu.html").render(facet=facet)
            assert ("data-menu-filter" in made) is searched


# What a badge opens.

NEXT = "/purchase-orders/next"


def test_a_badge_opens_its_meaning_and_what_can_be_done(stage: Stage) -> None:
    order, admin = stage.mine.order, stage.person("admin")
    page = admin.get(LIST).get_data(as_text=True)
    assert f'hx-get="{NEXT}/{order.id}"' in page
    menu = admin.get(f"{NEXT}/{order.id}", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<!doctype" not in menu
    assert "The warehouse accepted it and no goods have been reported yet." in menu
    assert f'href="/purchase-orders/show/{order.id}#act-archive"' in menu
    assert f'href="/purchase-orders/show/{order.id}#act-force_delete"' in menu
    # Sent: it cannot be deleted any more; and it has a receipt, so it cannot be reset either.
    assert "#act-delete" not in menu


def test_an_action_of_a_badge_is_posted_and_comes_back_to_the_same_list(stage: Stage) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.ERROR, failed_step="send")
    admin, back = stage.person("admin"), f"{LIST}?status=error&page=2"
    menu = admin.get(f"{NEXT}/{order.id}", headers={"HX-Current-URL": f"http://localhost{back}"})
    text = unescape(menu.get_data(as_text=True))
    assert f'action="/purchase-orders/act/reprocess/{order.id}" data-confirm="Retry the step' in text
    assert f'name="next" value="{back}"' in text
    assert 'name="csrf_token"' in text
    answer = admin.post(f"/purchase-orders/act/reprocess/{order.id}", next=back)
    assert answer.headers["Location"] == back


@pytest.mark.parametrize(
    "told", ["http://evil.example/x", "//evil.example/", "javascript:alert(1)", "/users/list/", ""]
)
def test_a_badge_comes_back_to_the_list_only(stage: Stage, told: str) -> None:
    order = stage.make.purchase_order(stage.mine.connection, status=PoStatus.ERROR)
    menu = stage.person("admin").get(f"{NEXT}/{order.id}", headers={"HX-Current-URL": told})
    assert re.findall(r'name="next" value="([^"]*)"', menu.get_data(as_text=True))[0] == LIST


@pytest.mark.parametrize(
    ("name", "mine", "theirs"),
    [("admin", 200, 200), ("support", 200, 200), ("limited", 200, 404), ("partner", 200, 404), ("merchant", 200, 404),
     ("unscoped partner", 404, 404), ("nobody", 403, 403)],
)  # fmt: skip
def test_a_badge_opens_for_those_who_see_the_order(stage: Stage, name: str, mine: int, theirs: int) -> None:
    person = stage.person(name)
    for world, code in ((stage.mine, mine), (stage.theirs, theirs)):
        assert person.get(f"{NEXT}/{world.order.id}").status_code == code


@pytest.mark.parametrize("name", ["partner", "merchant"])
def test_who_only_looks_is_offered_no_action(stage: Stage, name: str) -> None:
    order = stage.make.purchase_order(
        stage.mine.connection, status=PoStatus.OPEN, status_reason="SECRET", held_by="SECRET", notes="SECRET"
    )
    menu = stage.person(name).get(f"{NEXT}/{order.id}").get_data(as_text=True)
    assert "<form" not in menu
    assert "#act-" not in menu
    assert "SECRET" not in menu


# The rest of the page.


def test_exports_are_offered_where_there_are_any(stage: Stage) -> None:
    page = stage.person("admin").get(f"{LIST}?status=open&page=1&size=50").get_data(as_text=True)
    assert "All that match, as CSV" in page
    assert 'href="/purchase-orders/export-lines?status=open"' in page
    assert "All that match, as CSV" not in stage.person("admin").get(f"{LIST}?status=closed").get_data(as_text=True)


@pytest.mark.parametrize(("size", "rows"), [("25", 25), ("50", 32), ("200", 32), ("201", 32), ("75", 25), ("x", 25)])
def test_a_page_has_up_to_200_rows(stage: Stage, size: str, rows: int) -> None:
    for _ in range(30):
        stage.make.purchase_order(stage.mine.connection, lines=1)
    page = stage.person("admin").get(f"{LIST}?size={size}").get_data(as_text=True)
    assert page.count("<tr data-href=") == rows
    assert f'{LIST}?size=200"' in page
