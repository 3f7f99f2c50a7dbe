"""What a receipt says, compared: digests, differences, and the deltas of running totals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.contract import ReceivedLine
from app.services.receiving_check import checked
from app.services.receiving_content import Amount, Total, content, deltas, difference, digest, line_reference
from tests.factories import NOON
from tests.services.receiving.dock import document, line

AMOUNT = st.integers(0, 9).flatmap(lambda received: st.tuples(st.just(received), st.integers(0, received)))
LINE = st.tuples(st.sampled_from("AB"), AMOUNT, st.sampled_from(["", "L1"]), st.sampled_from([None, 1])).map(
    lambda drawn: line(drawn[0], *drawn[1], lot=drawn[2], line_number=drawn[3])
)
LINES = st.lists(LINE, max_size=6)


@given(LINES, st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order_of_the_lines(lines: list[ReceivedLine], order: Any):
    shuffled = list(lines)
    order.shuffle(shuffled)
    assert digest(content(shuffled), final=False) == digest(content(lines), final=False)


@given(LINES, LINES)
def test_what_is_stored_and_the_difference_make_what_is_said(stored: list[ReceivedLine], said: list[ReceivedLine]):
    changes = difference(content(stored), content(said))
    assert content([*stored, *changes]) == content(said)
    assert (changes == []) is (digest(content(stored), final=False) == digest(content(said), final=False))


DIFFERENT = [
    {"line_key": "k"},
    {"source_line_id": "s"},
    {"line_number": 2},
    {"sku": "B"},
    {"lot": "L"},
    {"expiry": date(2027, 1, 1)},
    {"condition": "wet"},
    {"unit_of_measure": "CS"},
    {"pack_size": Decimal(12)},
    {"received": Decimal(4)},
    {"damaged": Decimal(1)},
]


@pytest.mark.parametrize("change", DIFFERENT, ids=lambda change: next(iter(change)))
def test_every_mark_of_the_goods_tells_receipts_apart(change: dict[str, Any]):
    one: dict[str, Any] = {"sku": "A", "received": Decimal(3)}
    plain, other = content([ReceivedLine(**one)]), content([ReceivedLine(**{**one, **change})])
    assert digest(plain, final=False) != digest(other, final=False)
    assert digest(plain, final=False) != digest(plain, final=True)
    signed = sum(line.received for line in difference(plain, other))
    assert signed == change.get("received", 3) - 3


def test_equal_numbers_are_equal_however_they_are_written():
    one = document("R", line("A", "3.10", "-0", pack_size=Decimal("12.0"), unit_of_measure=" CS "))
    other = document("R", line(" A", "3.1000000", pack_size=Decimal(12), unit_of_measure="CS"))
    digests = {digest(content(checked(report).lines), final=False) for report in (one, other)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("given_as", "reference"),
    [
        (("k", "s", 1, "A"), "key:k"),
        (("", "s", 1, "A"), "id:s"),
        (("", "", 1, "A"), "no:1 A"),
        (("", "", 1, ""), "no:1"),
        (("", "", None, "A"), "sku:A"),
    ],
)
def test_a_line_is_known_by_its_best_reference(given_as: tuple[str, str, int | None, str], reference: str):
    assert line_reference(*given_as) == reference


def reference_of(one: ReceivedLine) -> str:
    return line_reference(one.line_key, one.source_line_id, one.line_number, one.sku)


def told(found: Sequence[ReceivedLine]) -> list[Any]:
    return [(one.lot, one.received, one.damaged) for one in found]


DEALT: list[tuple[str, list[ReceivedLine], tuple[int, int], list[tuple[str, int, int]]]] = [
    ("one lot", [line("A", 7, 2, lot="1")], (4, 1), [("1", 3, 1)]),
    ("a new lot", [line("A", 4, lot="1"), line("A", 3, lot="2")], (4, 0), [("2", 3, 0)]),
    ("two new lots", [line("A", 4, lot="1"), line("A", 3, lot="2")], (0, 0), [("2", 3, 0), ("1", 4, 0)]),
    ("less than before", [line("A", 1, lot="1"), line("A", 3, lot="2")], (6, 0), [("1", -2, 0)]),
    ("only the damage", [line("A", 4, 2, lot="1")], (4, 0), [("1", 0, 2)]),
    ("nothing", [line("A", 4, 2, lot="1")], (4, 2), []),
]


@pytest.mark.parametrize(("lines", "last", "expected"), [case[1:] for case in DEALT], ids=[case[0] for case in DEALT])
def test_the_delta_of_a_total(lines: list[ReceivedLine], last: tuple[int, int], expected: list[Any]):
    known = {"sku:A": Total(Decimal(last[0]), Decimal(last[1]), NOON)}
    found = deltas(document("T", *lines, cumulative=True), known)
    got = told(found.lines)
    assert sum(received for _, received, _ in got) == sum(one.received for one in lines) - last[0]
    assert sum(damaged for *_, damaged in got) == sum(one.damaged for one in lines) - last[1]
    if last[0] <= 4:
        assert got == expected
    assert found.ignored == 0


def test_an_older_total_is_counted_as_ignored():
    known = {"sku:A": Total(Decimal(4), Decimal(0), NOON + timedelta(seconds=1))}
    found = deltas(document("T", line("A", 3), line("B", 3)), known)
    assert (told(found.lines), found.ignored) == ([("", 3, 0)], 1)
    assert found.changes == {"sku:B": Amount(Decimal(3), Decimal(0))}


@given(st.lists(st.lists(LINE, min_size=1, max_size=3), min_size=1, max_size=5))
def test_all_deltas_together_are_the_last_totals(reports: list[list[ReceivedLine]]):
    totals: dict[str, Total] = {}
    for minutes, lines in enumerate(reports):
        report = document("T", *lines, minutes=minutes)
        found = deltas(report, totals)
        for key, change in found.changes.items():
            before = totals.get(key, Total(Decimal(0), Decimal(0), NOON))
            totals[key] = Total(before.received + change.received, before.damaged + change.damaged, report.received_at)
        for key in found.changes:
            mine = [
                one
                for one in lines
                if line_reference(one.line_key, one.source_line_id, one.line_number, one.sku) == key
            ]
            assert totals[key].received == sum(one.received for one in mine)
            assert totals[key].damaged == sum(one.damaged for one in mine)
