"""The blocks of the first page, by role: figures with the address of the list that each of them counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask import url_for

from app.domain.people import Reader, Role
from app.domain.states import DISPLAY
from app.extensions import db
from app.models import Merchant, Store, Warehouse
from app.queries import dashboard
from app.queries.counting import count_all
from app.queries.dashboard import Span
from app.queries.health import health
from app.web.dashboard_page import Bar, Chart, DashboardPage, Figure, Step
from app.web.views.dashboard_health import failing, health_table
from app.web.views.dashboard_links import due_href, orders_href, undated_href
from app.web.views.dashboard_needs import needs_groups

HasRight = Callable[[str, str], bool]
"""Whether the person at the page has a right (permission, view)."""

_NOTICES: Final = {
    Role.PARTNER: "No warehouse is yours to see yet. An Admin gives you one, under User access.",
    Role.MERCHANT: "No merchant is yours to see yet. An Admin gives you one, under User access.",
    Role.NOBODY: "Your role shows no purchase orders. An Admin gives you one that does, under Users.",
}


@dataclass(frozen=True, slots=True)
class _When:
    """The instant of the page, and the zone that its days and weeks are those of."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


def dashboard_page(reader: Reader, zone: ZoneInfo, may: HasRight) -> DashboardPage:
    """The page for a reader; days and weeks are those of `zone`."""
    when = _When(datetime.now(UTC), zone)
    page = DashboardPage("Dashboard", (), when.now, zone.key)
    if reader.is_staff:
        return _for_staff(page, reader, when, may)
    scope = reader.warehouse_ids if reader.role is Role.PARTNER else reader.merchant_ids
    if reader.role is Role.NOBODY or not scope:
        return replace(page, notice=_NOTICES[reader.role])
    if reader.role is Role.PARTNER:
        return replace(page, tiles=_due_tiles(when.today), charts=_charts(when))
    return replace(page, statuses=_statuses(when.now), charts=_charts(when))


def _for_staff(page: DashboardPage, reader: Reader, when: _When, may: HasRight) -> DashboardPage:
    connections = health(db.session, reader, when.now)
    if not connections:
        return replace(page, steps=_first_steps(may)) if reader.unlimited else replace(page, notice=_NO_CONNECTIONS)
    broken, more = failing(connections)
    return replace(
        page,
        needs=needs_groups(when.now),
        failing=broken,
        failing_more=more,
        charts=_charts(when),
        health=health_table(connections, reader, when.now),
    )


_NO_CONNECTIONS: Final = "The merchants that you are for have no connection yet. It brings their purchase orders."


def _due_tiles(today: date) -> tuple[Figure, ...]:
    """What a dock plans by."""
    sunday = today + timedelta(days=6 - today.weekday())
    ranges: dict[str, tuple[date | None, date | None]] = {
        "overdue": (None, today - timedelta(days=1)),
        "today": (today, today),
        "week": (today, sunday),
    }
    words = {
        "overdue": ("Overdue", "amber", "status-late"),
        "today": ("Due today", "blue", "receipts"),
        "week": ("Due this week", "grey", "receipts"),
    }
    found = dashboard.due(db.session, ranges)
    return tuple(
        Figure(name, label, found[name], due_href(*ranges[name]), tone, icon)
        for name, (label, tone, icon) in words.items()
    )


def _statuses(now: datetime) -> tuple[Figure, ...]:
    found = dashboard.by_status(db.session, now)
    return tuple(Figure(status, label, found[status], orders_href(status=status)) for status, label in DISPLAY.items())


def _charts(when: _When) -> tuple[Chart, ...]:
    weeks = dashboard.inbound(db.session, when.today)
    days = dashboard.receipts_per_day(db.session, when.today, when.zone)
    inbound = Chart(
        "inbound",
        "Inbound by due week",
        "purchase orders",
        ("Due", "Purchase orders", "Units to come"),
        tuple(_week(span, number) for number, span in enumerate(weeks)),
    )
    received = Chart(
        "receipts",
        "Receipts per day",
        "receipts",
        ("Day", "Receipts", "Units"),
        tuple(_day(span, when.today, days[0].first) for span in days),
    )
    return (inbound, received)


def _week(span: Span, number: int) -> Bar:
    if span.first is None:
        if span.last is None:
            return Bar("No due date", span.records, span.units, undated_href(), "none", "No date")
        return Bar("Overdue", span.records, span.units, due_href(None, span.last), "late", "Late")
    href = due_href(span.first, span.last)
    if number == 1:
        return Bar("This week", span.records, span.units, href, "now")
    if span.last is None:
        return Bar(f"{_short(span.first)} and later", span.records, span.units, href, "", "Later")
    label = f"{_short(span.first)} – {_short(span.last)}"
    return Bar(label, span.records, span.units, href, "", _short(span.first))


def _day(span: Span, today: date, first: date | None) -> Bar:
    assert span.first is not None
    iso = span.first.isoformat()
    href = url_for("ReceiptView.list", created_from=iso, created_to=iso)
    if span.first == today:
        return Bar("Today", span.records, span.units, href, "now")
    # Under the bars the month is said where it begins.
    short = "" if span.first == first or span.first.day == 1 else str(span.first.day)
    return Bar(_short(span.first), span.records, span.units, href, "", short)


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _first_steps(may: HasRight) -> tuple[Step, ...]:
    """What an empty Inlet needs, in its order."""
    found = count_all(db.session, {"merchant": (Merchant, []), "warehouse": (Warehouse, []), "store": (Store, [])})
    steps = (
        ("merchant", "Merchants", "MerchantView", "The brand that owns the stock."),
        ("warehouse", "Warehouses", "WarehouseView", "The place that receives the goods."),
        ("store", "Stores", "StoreView", "The system that places the purchase orders."),
        ("connection", "Connections", "ConnectionView", "It joins the three, and imports once it is enabled."),
    )
    return tuple(
        Step(
            f"Make a {noun}",
            text,
            noun in found and found[noun].number > 0,
            url_for(f"{view}.add") if may("can_add", right) else "",
            f"New {noun}",
        )
        for noun, right, view, text in steps
    )
