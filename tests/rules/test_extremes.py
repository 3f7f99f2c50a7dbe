"""Values at their limits: the ends of the calendar, numbers beyond reason, minus zero, instants in other zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.rules.engine import Judgement
from app.rules.moments import day_of, instant_of, literal_instant, shifted, time_of
from app.rules.values import TimeSpan, as_boolean, as_date, as_text, in_zone
from tests.rules.sample import BERLIN, item, judged, printed, sample

NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


def shown(expression: str, zone: ZoneInfo = BERLIN, **fields: Any) -> str:
    """What a rule prints for an expression."""
    (line,) = printed(judged(f'rule "A" print {expression} end', document=sample(**fields), zone=zone))
    return line


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("(@0001-01-01 < @now)", BERLIN, "true"),
        ("(@0001-01-01 < @now)", NEW_YORK, "true"),
        ("(@0001-01-01 = @0001-01-01T00:00:00Z)", BERLIN, "true"),
        ("(@9999-12-31 > @now)", BERLIN, "true"),
        ("(@9999-12-31T23:59 > @now)", NEW_YORK, "true"),
        ("(@9999-12-31T23:59:00-05:00 > @9999-12-31)", BERLIN, "true"),
        ("(@9999-12-31T23:59:00Z is_in @9999)", BERLIN, "true"),
        ("(@9999-12-31T23:59:00Z is_in @december)", BERLIN, "true"),
        ("(@9999-12-31T23:59:00Z is_on @9999-12-31)", BERLIN, "true"),
        ("(@9999-12-31T23:59:00Z > @23:00)", BERLIN, "true"),
        ("(@0001-01-01T00:00:00Z is_in @0001)", NEW_YORK, "true"),
        ("max(@0001-01-01, @today)", BERLIN, "2026-01-15"),
        ("min(@9999-12-31T23:59:00Z, @today)", BERLIN, "2026-01-15"),
        ("@9999-12-31T23:59:00Z", BERLIN, "9999-12-31T23:59:00+00:00"),
        ("@9999-12-31T23:59:00Z", NEW_YORK, "9999-12-31T18:59:00-05:00"),
        ('"9999-12-31T23:59:59Z" as date', BERLIN, "9999-12-31T23:59:59+00:00"),
    ],
)
def test_the_ends_of_the_calendar_compare_and_print(expression: str, zone: ZoneInfo, expected: str) -> None:
    assert shown(expression, zone) == expected


@pytest.mark.parametrize(
    ("field", "value", "condition"),
    [
        ("due_date", date(1, 1, 1), "purchase_order.due_date < @now"),
        ("due_date", date(9999, 12, 31), "purchase_order.due_date > @now"),
        ("ordered_at", LAST, "purchase_order.ordered_at is_on @friday"),
        ("ordered_at", LAST, "purchase_order.ordered_at > @22:00"),
        ("ordered_at", LAST, "purchase_order.ordered_at as date = @9999-12-31"),
        ("ordered_at", FIRST, "purchase_order.ordered_at < purchase_order.due_date"),
    ],
)
def test_a_purchase_order_without_a_real_date_is_still_judged(field: str, value: date, condition: str) -> None:
    fields: dict[str, Any] = {field: value}
    assert shown(f"({condition})", **fields) == "true"


def test_days_at_the_beginning_of_the_calendar_count_from_it() -> None:
    assert instant_of(date(1, 1, 1), BERLIN) == FIRST
    assert instant_of(date(1, 1, 2), BERLIN) == datetime(1, 1, 1, 23, 6, 32, tzinfo=UTC)
    assert instant_of(date(9999, 12, 31), NEW_YORK) == datetime(9999, 12, 31, 5, tzinfo=UTC)


def test_instants_that_a_zone_cannot_show_stay_as_they_are() -> None:
    assert in_zone(LAST, BERLIN) is LAST
    assert day_of(LAST, BERLIN) == date(9999, 12, 31)
    assert time_of(LAST, BERLIN) == time(23, 59)
    assert as_date(LAST, BERLIN) == date(9999, 12, 31)
    assert as_text(LAST, BERLIN) == "9999-12-31T23:59:00+00:00"
    assert literal_instant("9999-12-31T23:59:00", NEW_YORK) == LAST
    assert literal_instant("9999-12-31T23:59:00-05:00", NEW_YORK) == LAST
    assert literal_instant("0001-01-01T00:00:00", BERLIN) == FIRST


@settings(max_examples=100, deadline=None, derandomize=True)
@given(some.datetimes(timezones=some.just(UTC)), some.dates(), some.sampled_from([BERLIN, NEW_YORK]))
def test_no_date_is_too_far_away_to_be_looked_at(instant: datetime, day: date, zone: ZoneInfo) -> None:
    assert abs(instant_of(day, zone) - datetime.combine(day, time(), UTC)) < timedelta(days=1)
    assert abs(day_of(instant, zone) - instant.date()) <= timedelta(days=1)
    assert datetime.fromisoformat(as_text(instant.replace(microsecond=0), zone)) == instant.replace(microsecond=0)


def test_elapsed_hours_are_elapsed_in_whatever_zone_the_instant_comes() -> None:
    # The clocks of Berlin jump from 02:00 to 03:00 in between.
    before = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    moved = shifted(before, TimeSpan(2, "h"), 1, BERLIN)
    assert (moved, str(moved)) == (datetime(2026, 3, 29, 2, 30, tzinfo=UTC), "2026-03-29 02:30:00+00:00")
    assert shown("2h after purchase_order.ordered_at", ordered_at=before) == "2026-03-29T04:30:00+02:00"
    offset = before.astimezone(timezone(timedelta(hours=-3)))
    assert shown("1D after purchase_order.ordered_at", ordered_at=offset) == "2026-03-30T01:30:00+02:00"


def stopped(body: str, **custom: Any) -> str:
    """The reason why a rule stops, without its name and line."""
    judgement = judged(f'rule "A" {body} end', document=sample(custom=custom))
    assert (judgement.outcome, judgement.header_changes, judgement.item_changes) == ("failed", {}, {})
    assert judgement.message is not None
    return judgement.message.removeprefix('Rule "A" (version 7) stopped in line 1: ').split(". ")[0]


LINES = "for purchase_order_items in purchase_order {} end"
TOO_LARGE = "the result of the calculation is too large"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("print -purchase_order.custom.n", TOO_LARGE),
        ("print purchase_order.custom.n + 1", TOO_LARGE),
        ("print 1 - purchase_order.custom.n", TOO_LARGE),
        ("print purchase_order.custom.n * purchase_order.custom.n", TOO_LARGE),
        ("print purchase_order.custom.n // 1", TOO_LARGE),
        ("print purchase_order.custom.n % 7", TOO_LARGE),
        ("print 1 + 1 + purchase_order.custom.n", TOO_LARGE),
        ("print abs(purchase_order.custom.n)", "`abs`: the result is too large"),
        ("print round(purchase_order.custom.n)", "`round`: the result is too large"),
        (
            "accumulate purchase_order_items in purchase_order t: sum purchase_order.custom.n end",
            "the sum `t` is too large",
        ),
    ],
)
def test_a_number_beyond_reason_stops_the_rule_with_a_sentence(body: str, reason: str) -> None:
    assert stopped(body, n=1e300) == reason


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (LINES.format("set purchase_order_item.quantity to purchase_order.custom.n"), "is out of range for `quantity`"),
        (LINES.format("set purchase_order_item.unit_cost to purchase_order.custom.n"), "out of range for `unit_cost`"),
        ("print purchase_order.custom[purchase_order.custom.n]", "a key in `purchase_order.custom[…]` is a number"),
        ("route purchase_order to warehouse purchase_order.custom.n", "is no rule number of a warehouse"),
    ],
)
def test_a_number_beyond_reason_fits_nowhere(body: str, ending: str) -> None:
    assert stopped(body, n=1e300).endswith(ending)


def test_a_number_beyond_reason_compares_and_can_be_kept() -> None:
    judgement = judged(
        'rule "A" when purchase_order.custom.n > 1000 then set purchase_order.custom.copy to purchase_order.custom.n '
        "print max(1, purchase_order.custom.n) end end",
        document=sample(custom={"n": 1e300}),
    )
    assert judgement.header_changes == {"custom.copy": (None, Decimal("1E+300"))}
    assert printed(judgement) == ["1" + "0" * 198 + "…"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.00"), True),
        (Decimal("1E+0"), True),
        (Decimal("0.0"), False),
        (Decimal("-0"), False),
        ("1", True),
        ("0", False),
    ],
)
def test_one_and_zero_are_true_and_false_however_they_are_spelled(value: Any, expected: bool) -> None:
    assert as_boolean(value) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1.0 as boolean", "true"),
        ("(1 - 1.00) as boolean", "false"),
        ("(0 * -1)", "0"),
        ("(0 * -1) as text", "0"),
        ("(0 * -1 = 0)", "true"),
        ("round(-0.4)", "0"),
        ("-0", "0"),
        ("abs(0 * -1)", "0"),
        ("min(0 * -1, 0)", "0"),
    ],
)
def test_minus_zero_is_zero(expression: str, expected: str) -> None:
    assert shown(expression) == expected


def plain_zero(judgement: Judgement, path: str) -> str:
    """How a field that was set to minus zero is stored."""
    changes = judgement.header_changes | judgement.item_changes.get("no:1", {})
    return str(changes[path][1])


@pytest.mark.parametrize("expression", ["0 * -1", "round(-0.004, 2)", "0.00", "-(0 * 5)"])
def test_zero_is_stored_without_a_sign(expression: str) -> None:
    judgement = judged(
        f"""rule "A"
  set purchase_order.custom.z to {expression}
  for purchase_order_items in purchase_order
    set purchase_order_item.quantity to {expression}
    set purchase_order_item.custom.y to {expression}
  end
end""",
        document=sample([item(1, "A", 1)]),
    )
    assert [plain_zero(judgement, path) for path in ("custom.z", "quantity", "custom.y")] == ["0", "0", "0"]
