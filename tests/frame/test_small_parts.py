"""The small parts that pages are made of: badges, bars, figures, times, cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from markupsafe import Markup

from app.domain.states import DISPLAY, ReceiptState
from app.models import DeliveryState, RuleState, RunState
from app.web.pages import Cell

Part = Callable[[str], Callable[..., str]]
DASH = '<span class="faint" aria-label="none">–</span>'


def words(html: str) -> str:
    """What a reader sees: the text without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("status", "tone", "icon", "muted"),
    [
        ("new", "grey", "new", False),
        ("open", "blue", "open", False),
        ("partially_received", "teal", "part", False),
        ("received", "green", "done", False),
        ("delayed", "amber", "late", False),
        ("error", "red", "error", False),
        ("canceled", "grey", "canceled", True),
        ("closed", "grey", "closed", True),
        ("archived", "grey", "archived", True),
    ],
)
def test_each_status_has_one_colour_family_an_icon_and_its_name(
    ui: Part, status: str, tone: str, icon: str, muted: bool
) -> None:
    look = f"badge tone-{tone}{' muted' if muted else ''}"
    assert ui("badge")(status) == (
        f'<span class="{look}"><span class="icon icon-status-{icon} icon-small" aria-hidden="true"></span>'
        f"{DISPLAY[status]}</span>"
    ).replace(" icon-small", "")


@pytest.mark.parametrize("known", [*DISPLAY, *ReceiptState, *RunState, *DeliveryState, *RuleState])
def test_every_word_that_a_record_can_stand_at_has_a_look(environment: Any, known: str) -> None:
    assert str(known) in environment.get_template("inlet/ui.html").module.looks


def test_no_two_statuses_look_the_same(environment: Any) -> None:
    looks = environment.get_template("inlet/ui.html").module.looks
    assert len({looks[status] for status in DISPLAY}) == len(DISPLAY)


def test_a_badge_tells_its_meaning_on_hover_and_escapes_it(ui: Part) -> None:
    html = ui("badge")("open", "Open & waiting", 'the "warehouse" has it')
    assert 'title="the &#34;warehouse&#34; has it"' in html
    assert html.endswith("Open &amp; waiting</span>")


def test_a_word_without_a_look_of_its_own_is_still_a_badge(ui: Part) -> None:
    html = ui("badge")("some_thing")
    assert 'class="badge tone-grey muted"' in html
    assert words(html) == "Some Thing"


@pytest.mark.parametrize(
    ("quantities", "width", "shape", "text"),
    [
        ((Decimal("1180.0000"), Decimal("1650.0000")), "71.5", "part", "1,180 / 1,650"),
        ((Decimal(0), Decimal(540)), "0.0", "part", "0 / 540"),
        ((Decimal(480), Decimal(480)), "100.0", "full", "480 / 480"),
        ((Decimal(126), Decimal(120)), "100", "over", "126 / 120 more than ordered"),
        ((Decimal("0.001"), Decimal("0.002")), "50.0", "part", "0.001 / 0.002"),
        ((0, 0), "0", "part", "0 / 0"),
        ((3, 0), "100", "over", "3 / 0 more than ordered"),
    ],
)
def test_the_bar_shows_received_of_ordered(ui: Part, quantities: Any, width: str, shape: str, text: str) -> None:
    html = ui("bar")(*quantities)
    assert f'class="bar {shape}"' in html
    shown = re.search(r'style="width:([\d.]+)%"', html)
    assert shown is not None
    assert float(shown.group(1)) == float(width)
    assert words(html) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1180.5000"), '<data value="1180.5">1,180.5</data>'),
        (Decimal("1E+3"), '<data value="1000">1,000</data>'),
        (Decimal("0.000001"), '<data value="0.000001">0.000001</data>'),
        (Decimal(-12), '<data value="-12">-12</data>'),
        (12345678901234567890, '<data value="12345678901234567890">12,345,678,901,234,567,890</data>'),
        (None, DASH),
    ],
)
def test_figures_have_no_needless_zeros_and_lose_no_digit(ui: Part, value: Any, expected: str) -> None:
    assert ui("number")(value) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (Decimal("6930.0000"), "USD", '<data value="6930" data-decimals="2">6,930.00</data> USD'),
        (Decimal("0.0375"), "", '<data value="0.0375" data-decimals="4">0.0375</data>'),
        (Decimal("1.123456"), "EUR", '<data value="1.123456" data-decimals="4">1.1235</data> EUR'),
        (None, "USD", DASH),
    ],
)
def test_amounts_have_two_to_four_decimals(ui: Part, amount: Any, currency: str, expected: str) -> None:
    assert ui("money")(amount, currency) == expected


def test_an_instant_is_written_in_utc_for_the_script_to_turn_into_the_readers_time(ui: Part) -> None:
    instant = datetime(2026, 11, 3, 8, 5, 9, 123456, tzinfo=UTC)
    assert ui("when")(instant) == (
        '<time datetime="2026-11-03T08:05:09Z" data-show="relative" title="3 Nov 2026, 08:05:09 UTC">'
        "3 Nov 2026, 08:05 UTC</time>"
    )
    assert 'data-show="clock"' in ui("when")(instant, "clock")
    assert ui("when")(None) == DASH


def test_a_calendar_date_is_never_moved(ui: Part) -> None:
    assert ui("day")(date(2026, 12, 1)) == '<time datetime="2026-12-01" data-show="day">1 Dec 2026</time>'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        ("", "–"),
        ([], "–"),
        ({}, "–"),
        (True, "Yes"),
        (False, "No"),
        (Decimal("2.50"), "2.5"),
        (ReceiptState.READY, "Ready"),
        (["rush", "cold"], "rush cold"),
        (date(2026, 1, 2), "2 Jan 2026"),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2 Jan 2026, 03:04 UTC"),
        ("<b>", "&lt;b&gt;"),
        (Markup("<i>ready made</i>"), "ready made"),
    ],
)
def test_a_value_is_shown_by_its_kind(ui: Part, value: Any, expected: str) -> None:
    assert words(ui("value")(value)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (Cell(value="PO-1", note="Northwind"), "PO-1 Northwind"),
        (Cell(value=""), "–"),
        (Cell("status", "delayed", label="Delayed", note="The due date has passed."), "Delayed"),
        (Cell("state", "notifying", label="Notifying"), "Notifying"),
        (Cell("word", "done", label="Done"), "Done"),
        (Cell("bar", (Decimal(5), Decimal(10))), "5 / 10"),
        (Cell("quantity", Decimal("12.0"), note="EA"), "12 EA"),
        (Cell("money", Decimal("4.2"), note="USD"), "4.20 USD"),
        (Cell("money", None, note="USD"), "–"),
        (Cell("number", 1500), "1,500"),
        (Cell("date", date(2026, 12, 2)), "2 Dec 2026"),
        (Cell("flag", False), "No"),
        (Cell("tags", ()), "–"),
        (Cell("tags", ("rush",)), "rush"),
        (Cell("pairs", {"season": "SS27", "pallets": 3}), "season SS27 pallets 3"),
        (Cell("json", {"a": 1}), '{ "a": 1 }'),
        (Cell("secret", True, note="api_key"), "Set api_key"),
        (Cell("secret", False), "Not set"),
        (Cell("code", "004"), "004"),
        (Cell(value="7", label="Run 7", href="/runs/7"), "Run 7"),
    ],
)
def test_a_cell_is_shown_by_its_kind(ui: Part, cell: Cell, expected: str) -> None:
    assert words(ui("cell")(cell)) == expected


def test_a_cell_with_an_address_is_a_link_and_its_note_is_not(ui: Part) -> None:
    html = ui("cell")(Cell(value="PO-1", href="/orders/1?a=1&b=2", note="Northwind"))
    assert html == '<a href="/orders/1?a=1&amp;b=2">PO-1</a><span class="sub">Northwind</span>'


def test_a_long_code_scrolls_by_itself_and_can_be_reached_by_the_keyboard(ui: Part) -> None:
    assert ui("cell")(Cell("code", "when x\n  set y")).startswith('<pre tabindex="0">')


def test_an_alert_says_what_why_and_what_to_do(ui: Part) -> None:
    html = ui("alert")("problem", "It was refused.", "The SKU is unknown.", "Add it, then press Reprocess.")
    assert 'role="alert"' in html
    assert words(html) == "It was refused. The SKU is unknown. Add it, then press Reprocess."


def test_an_empty_place_offers_the_next_step(ui: Part) -> None:
    html = ui("empty")("No store yet", "Add the system that places orders.", "Add a store", "/stores/add")
    assert '<a class="button primary" href="/stores/add">Add a store</a>' in html
    assert "<a" not in ui("empty")("No store yet")


def test_breadcrumbs_link_what_has_an_address(ui: Part) -> None:
    html = ui("crumbs")((("Purchase orders", ""), ("Purchases", "/purchases")))
    assert "<li>Purchase orders</li>" in html
    assert '<a href="/purchases">Purchases</a>' in html
    assert ui("crumbs")(()) == ""
