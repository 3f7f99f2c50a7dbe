"""Small words of sentences: lengths of time, days until and since a due day, figures, and whole sentences as text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.wording import Moment, ago, ahead, closing, counted, number, opening, overdue, plain, span, until_due

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 10, 0, 0, tzinfo=UTC)

SPANS = [
    (timedelta(0), "1 minute"),
    (timedelta(seconds=59), "1 minute"),
    (timedelta(seconds=119), "1 minute"),
    (timedelta(minutes=2), "2 minutes"),
    (timedelta(minutes=59, seconds=59), "59 minutes"),
    (timedelta(hours=1), "1 hour"),
    (timedelta(hours=1, minutes=59), "1 hour"),
    (timedelta(hours=24), "24 hours"),
    (timedelta(hours=47, minutes=59), "47 hours"),
    (timedelta(days=2), "2 days"),
    (timedelta(days=12, hours=23), "12 days"),
    (timedelta(days=1200), "1,200 days"),
]


@pytest.mark.parametrize(("length", "words"), SPANS)
def test_a_length_is_told_in_its_largest_unit(length: timedelta, words: str) -> None:
    assert span(length) == words
    assert span(-length) == words


@pytest.mark.parametrize(
    ("length", "past", "future"),
    [
        (timedelta(0), "just now", "now"),
        (timedelta(seconds=59), "just now", "now"),
        (timedelta(minutes=1), "1 minute ago", "in 1 minute"),
        (timedelta(hours=3, minutes=59), "3 hours ago", "in 3 hours"),
        (timedelta(days=7), "7 days ago", "in 7 days"),
        # Clocks of two machines differ by a little, and what is past is no length ahead.
        (timedelta(seconds=-30), "just now", "now"),
        (timedelta(days=-3), "just now", "now"),
    ],
)
def test_ago_and_ahead(length: timedelta, past: str, future: str) -> None:
    assert ago(NOW - length, NOW) == past
    assert ahead(NOW + length, NOW) == future


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (timedelta(0), "yesterday"),
        (timedelta(hours=23, minutes=59), "yesterday"),
        (timedelta(days=1), "2 days ago"),
        (timedelta(days=2, hours=3), "3 days ago"),
        (timedelta(days=30), "31 days ago"),
    ],
)
def test_the_due_day_that_has_passed_ended_when_it_became_late(since: timedelta, words: str) -> None:
    assert overdue(MIDNIGHT, MIDNIGHT + since) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=1), "today"),
        (timedelta(hours=23, minutes=59), "today"),
        (timedelta(days=1), "tomorrow"),
        (timedelta(days=1, hours=23), "tomorrow"),
        (timedelta(days=2), "in 2 days"),
        (timedelta(days=19, hours=12), "in 19 days"),
    ],
)
def test_the_due_day_to_come_ends_when_it_becomes_late(left: timedelta, words: str) -> None:
    assert until_due(MIDNIGHT, MIDNIGHT - left) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1200, "1,200"),
        (Decimal(0), "0"),
        (Decimal("0.000000"), "0"),
        (Decimal("10.000000"), "10"),
        (Decimal("2.50"), "2.5"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("1234567.125"), "1,234,567.125"),
        (Decimal("-4.0"), "-4"),
        (Decimal("0.000001"), "0.000001"),
    ],
)
def test_figures_have_thousands_apart_and_no_needless_zeros(value: Decimal | int, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 lines"),
        (1, "1 line"),
        (Decimal("1.00"), "1 line"),
        (Decimal("0.5"), "0.5 lines"),
        (2, "2 lines"),
        (Decimal(12000), "12,000 lines"),
    ],
)
def test_a_count_has_its_noun(count: Decimal | int, words: str) -> None:
    assert counted(count, "line") == words


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), ""),
        (("Nothing.",), "Nothing."),
        (("Held until ", Moment(NOW), "."), "Held until 10 Mar 2026, 12:00 UTC."),
        (("Due on ", date(2026, 1, 2), "."), "Due on 2 Jan 2026."),
        ((Moment(MIDNIGHT), " and ", Moment(NOW)), "10 Mar 2026, 00:00 UTC and 10 Mar 2026, 12:00 UTC"),
    ],
)
def test_a_sentence_as_text(words: tuple[str | Moment | date, ...], text: str) -> None:
    assert plain(words) == text


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("the warehouse", "The warehouse"),
        ("East", "East"),
        ("eShop", "eShop"),
        ("therapy house", "therapy house"),
        ("", ""),
    ],
)
def test_a_name_opens_a_sentence(name: str, word: str) -> None:
    assert opening(name) == word


@pytest.mark.parametrize(
    ("written", "closed"),
    [
        ("", ""),
        ("  ", ""),
        ("Lost at sea", "Lost at sea."),
        ("Lost at sea. ", "Lost at sea."),
        ("Why?", "Why?"),
        ("Stop!", "Stop!"),
        ("And so on…", "And so on…"),
        ("Line 2 (A)", "Line 2 (A)."),
    ],
)
def test_what_people_wrote_closes_as_a_sentence(written: str, closed: str) -> None:
    assert closing(written) == closed


@given(st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_ago_and_ahead_mirror_each_other(length: timedelta) -> None:
    past, future = ago(NOW - length, NOW), ahead(NOW + length, NOW)
    assert past.removesuffix(" ago") == future.removeprefix("in ") or (past, future) == ("just now", "now")


@given(st.decimals(-(10**12), 10**12, places=6))
def test_a_figure_reads_back_to_itself(value: Decimal) -> None:
    assert Decimal(number(value).replace(",", "")) == value
