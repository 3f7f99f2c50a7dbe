"""Which line goods belong to, in which unit, and what the sums say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.discrepancies import ACCEPTABLE, Discrepancy, Held
from app.domain.laying import Goods, OrderLine
from app.domain.matching import Matched, Policy, match


def decimal(value: Any) -> Decimal:
    return Decimal(str(value))


def goods(sku: str, received: Any, damaged: Any = 0, ref: int = 1, **values: Any) -> Goods:
    return Goods(ref, sku, decimal(received), decimal(damaged), **values)


def order_line(number: int, sku: str, quantity: Any = 10, **values: Any) -> OrderLine:
    fields = {"key": f"k{number}", "source_line_id": f"s{number}", **values}
    numbers = ("received_before", "received", "damaged", "closed_short", "pack")
    fields = {name: decimal(value) if name in numbers else value for name, value in fields.items()}
    return OrderLine(id=number * 100, line_number=number, sku=sku, ordered=decimal(quantity), **fields)


def laid(answer: Matched | Held) -> list[tuple[int, Any, Any]]:
    """(line number, quantity, damaged) of what was laid."""
    assert isinstance(answer, Matched), answer
    return [(one.line_id // 100, one.quantity, one.damaged) for one in answer.allocations]


def kind(answer: Matched | Held) -> Discrepancy:
    assert isinstance(answer, Held), answer
    return answer.kind


AB = [order_line(1, "A"), order_line(2, "B")]
AA = [order_line(1, "A"), order_line(2, "A", 5)]
FREE = Policy(waived=ACCEPTABLE)

# ------------------------------------------------------------- which line


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ({"line_key": "k2", "source_line_id": "s1", "line_number": 1}, 2),
        ({"line_key": "k9", "source_line_id": "s2", "line_number": 1}, 2),
        ({"line_number": 2}, 2),
        ({"line_number": 9}, 1),
        ({}, 1),
    ],
    ids=["our key first", "then the source's line id", "then the number", "then the SKU", "nothing but the SKU"],
)
def test_the_better_reference_wins(reference: dict[str, Any], number: int):
    lines = [order_line(1, "A"), order_line(2, "B", other_names=frozenset({"A"}))]
    assert laid(match([goods("A", 3, **reference)], lines, Policy())) == [(number, 3, 0)]


def test_a_number_with_another_sku_is_not_our_number():
    assert laid(match([goods("B", 3, line_number=1)], AB, Policy())) == [(2, 3, 0)]


def test_a_number_needs_no_sku():
    assert laid(match([goods("", 3, line_number=1)], AB, Policy())) == [(1, 3, 0)]


def test_a_number_that_two_lines_have_is_told_apart_by_the_sku():
    lines = [order_line(1, "A"), replace(order_line(2, "B"), line_number=1)]
    assert laid(match([goods("B", 3, line_number=1)], lines, Policy())) == [(2, 3, 0)]


def test_a_left_out_line_is_no_candidate_by_sku():
    lines = [order_line(1, "A", left_out=True), order_line(2, "A")]
    assert laid(match([goods("A", 3)], lines, Policy(ask_shared_sku=True))) == [(2, 3, 0)]
    assert laid(match([goods("A", 3, line_key="k1")], lines, FREE)) == [(1, 3, 0)]
    assert kind(match([goods("A", 3, line_key="k1")], lines, Policy())) is Discrepancy.OVER


def test_every_unknown_sku_is_named():
    answer = match([goods(sku, 1) for sku in ("A", "V", "W", "X", "Y", "Z")], AB, Policy())
    assert isinstance(answer, Held)
    assert answer.sentence == "SKUs V, W, X and 2 more: not on any line of the purchase order."


def test_an_unknown_line_without_a_sku_is_named_by_its_reference():
    answer = match([goods("", 1, line_number=7)], AB, Policy())
    assert isinstance(answer, Held)
    assert answer.sentence == "SKU line 7: not on any line of the purchase order."


def test_nothing_of_an_unknown_sku_is_nothing():
    assert laid(match([goods("Z", 0), goods("A", 0)], AB, Policy())) == [(1, 0, 0)]


# ------------------------------------------------------------- one SKU on several lines

FILLS = [
    ("within the first line", 7, 0, [(1, 7, 0)]),
    ("over both", 13, 0, [(1, 10, 0), (2, 3, 0)]),
    ("the rest on the last line", 18, 0, [(1, 10, 0), (2, 8, 0)]),
    ("damaged goods lie within the shares", 13, 12, [(1, 10, 10), (2, 3, 2)]),
    ("nothing lies nowhere", 0, 0, []),
]


@pytest.mark.parametrize(("received", "damaged", "expected"), [case[1:] for case in FILLS], ids=[c[0] for c in FILLS])
def test_goods_fill_the_lines_in_order(received: int, damaged: int, expected: list[Any]):
    assert laid(match([goods("A", received, damaged)], AA, FREE)) == expected


def test_lines_are_filled_up_to_what_is_outstanding():
    lines = [order_line(1, "A", received=6, received_before=1, closed_short=1), order_line(2, "A", 5)]
    assert laid(match([goods("A", 4)], lines, Policy())) == [(1, 2, 0), (2, 2, 0)]


def test_several_amounts_fill_one_after_the_other():
    first, second = goods("A", 7), goods("A", 7, ref=2)
    answer = match([first, second], AA, Policy())
    assert isinstance(answer, Matched)
    where: list[Any] = [(one.ref, one.line_id, one.quantity) for one in answer.allocations]
    assert where == [
        (1, 100, 7),
        (2, 100, 3),
        (2, 200, 4),
    ]


def test_a_correction_comes_off_in_the_opposite_direction():
    lines = [order_line(1, "A", received=10, damaged=2), order_line(2, "A", 5, received=3, damaged=1)]
    assert laid(match([goods("A", -5, -2)], lines, Policy())) == [(1, -2, -1), (2, -3, -1)]


def test_a_correction_of_the_damage_alone_moves_no_goods():
    lines = [order_line(1, "A", received=10, damaged=9), order_line(2, "A", 5, received=3)]
    assert laid(match([goods("A", 0, 3)], lines, Policy())) == [(1, 0, 1), (2, 0, 2)]
    assert laid(match([goods("A", 0, -3)], lines, Policy())) == [(1, 0, -3)]


def test_a_correction_may_turn_damaged_goods_into_more_sound_ones():
    lines = [order_line(1, "A", received=8, damaged=3), order_line(2, "A", 5)]
    assert laid(match([goods("A", 3, -2)], lines, Policy())) == [(1, 2, -2), (2, 1, 0)]
    assert laid(match([goods("A", -1, 2)], lines, Policy())) == [(1, -1, 2)]
    assert laid(match([goods("A", 1, 2)], lines, Policy())) == [(1, 1, 2)]


SPREAD = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: (max(pair), min(pair)))


@given(st.lists(SPREAD, min_size=2, max_size=4), SPREAD)
def test_any_correction_that_leaves_something_sensible_finds_its_place(
    there: list[tuple[int, int]], new: tuple[int, int]
):
    lines = [order_line(n, "A", 10, received=pair[0], damaged=pair[1]) for n, pair in enumerate(there, start=1)]
    received, damaged = (new[index] - sum(pair[index] for pair in there) for index in (0, 1))
    answer = match([goods("A", received, damaged)], lines, FREE)
    assert isinstance(answer, Matched)
    assert sum(one.quantity for one in answer.allocations) == received
    assert sum(one.damaged for one in answer.allocations) == damaged


def test_the_store_may_want_to_be_asked():
    assert kind(match([goods("A", 3)], AA, Policy(ask_shared_sku=True))) is Discrepancy.SHARED_SKU
    assert laid(match([goods("A", 3, line_number=2)], AA, Policy(ask_shared_sku=True))) == [(2, 3, 0)]
    assert laid(match([goods("A", 0)], AA, Policy(ask_shared_sku=True))) == []


def test_a_lot_split_and_the_same_lot_on_two_lines_just_work():
    reported = [
        goods("A", 3, line_number=1, ref=1),
        goods("A", 4, line_number=1, ref=2),
        goods("A", 2, line_number=2, ref=3),
    ]
    assert laid(match(reported, AA, Policy())) == [(1, 3, 0), (1, 4, 0), (2, 2, 0)]


# ------------------------------------------------------------- units


def test_packs_are_counted_in_the_unit_of_the_line():
    eaches = [order_line(1, "A", 48, unit="EA")]
    assert laid(match([goods("A", 3, 1, unit="CS", pack=Decimal(12))], eaches, Policy())) == [(1, 36, 12)]
    cases = [order_line(1, "A", 4, unit="CS", pack=12)]
    answer = match([goods("A", 24, 6)], cases, Policy())
    assert laid(answer) == [(1, 2, Decimal("0.5"))]
    assert isinstance(answer, Matched)
    assert answer.allocations[0].expected == 48


def test_pieces_of_a_case_add_up_to_a_whole_case():
    line, sums = order_line(1, "A", 1, unit="CS", pack=12), []
    for _ in range(3):
        ((_, quantity, _),) = laid(match([goods("A", 4)], [line], Policy()))
        line = replace(line, received=line.received + quantity)
        sums.append(line.received)
    assert sums == [Decimal("0.333333"), Decimal("0.666667"), 1]


def test_goods_that_are_all_damaged_are_damaged_to_the_last_place():
    line = order_line(1, "A", 1, received="0.666667", damaged="0.333333", unit="CS", pack=12)
    assert laid(match([goods("A", 4, 4)], [line], Policy())) == [(1, Decimal("0.333333"), Decimal("0.333333"))]


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.sampled_from([3, 7, 12, 24, 144, 999]))
def test_however_a_quantity_is_split_its_sum_in_packs_is_the_same(parts: list[int], pack: int):
    line = order_line(1, "A", 10_000, unit="CS", pack=pack)
    for part in parts:
        ((_, quantity, _),) = laid(match([goods("A", part)], [line], Policy()))
        line = replace(line, received=line.received + quantity)
    assert line.received == round(Decimal(sum(parts)) / pack, 6)


def test_a_shared_sku_fills_lines_of_different_units():
    lines = [order_line(1, "A", 2, unit="CS", pack=12), order_line(2, "A", 10, unit="EA")]
    assert laid(match([goods("A", 30, 25, unit="EA")], lines, Policy())) == [(1, 2, 2), (2, 6, 1)]
    assert laid(match([goods("A", "2.5", unit="CS", pack=Decimal(12))], lines, Policy())) == [(1, 2, 0), (2, 6, 0)]


def test_an_open_case_is_filled_to_the_last_piece():
    lines = [order_line(1, "A", 1, received="0.416667", unit="CS", pack=12), order_line(2, "A", 10)]
    assert laid(match([goods("A", 8)], lines, Policy())) == [(1, Decimal("0.583333"), 0), (2, 1, 0)]


@pytest.mark.parametrize("shared", [False, True])
def test_an_unknown_unit_names_both(shared: bool):
    lines = [order_line(1, "A", unit="KG")] + ([order_line(2, "A", unit="KG")] if shared else [])
    answer = match([goods("A", 3, unit="EA")], lines, Policy())
    assert isinstance(answer, Held)
    assert answer.kind is Discrepancy.UNKNOWN_UNIT
    assert answer.sentence == (
        "On line 1 (SKU A): The quantity 3 is in EA and the purchase order line is in KG;"
        " how many of one make the other is not known."
    )


def test_a_sum_that_cannot_be_counted_is_held():
    huge = goods("A", "999999999999", unit="CS", pack=Decimal(999999999999))
    answer = match([huge], [order_line(1, "A", unit="EA")], FREE)
    assert isinstance(answer, Held)
    assert (answer.kind, answer.sentence) == (
        Discrepancy.UNKNOWN_UNIT,
        "On line 1 (SKU A): Its sum would be 999999999998000000000001, which is more than can be counted.",
    )


# ------------------------------------------------------------- the sums

OVER = [
    ("what is ordered", 10, 0, 0, True),
    ("one more", 11, 0, 0, False),
    ("inside the tolerance", 11, 0, 10, True),
    ("just outside", "11.000001", 0, 10, False),
    ("with what came before the import", 5, 6, 0, False),
    ("with what came before, inside", 5, 6, 10, True),
]


@pytest.mark.parametrize(("received", "before", "percent", "fits"), [c[1:] for c in OVER], ids=[c[0] for c in OVER])
def test_over_receipt_by_line(received: Any, before: int, percent: int, fits: bool):
    lines = [order_line(1, "A", received_before=before)]
    answer = match([goods("A", received)], lines, Policy(over_percent=Decimal(percent)))
    if fits:
        assert isinstance(answer, Matched)
    else:
        assert kind(answer) is Discrepancy.OVER


def test_a_surplus_on_one_line_is_told_and_never_covers_another():
    answer = match([goods("A", 12), goods("B", 9)], AB, FREE)
    assert isinstance(answer, Matched)
    assert answer.surplus == 2


def test_many_lines_over_are_named_in_short():
    lines = [order_line(number, f"S{number}", 1) for number in range(1, 7)]
    answer = match([goods(f"S{number}", 2) for number in range(1, 7)], lines, Policy())
    assert isinstance(answer, Held)
    assert answer.sentence == (
        "More arrived than ordered: line 1 (SKU S1) 2 of 1, line 2 (SKU S2) 2 of 1, line 3 (SKU S3) 2 of 1, and 3 more"
        " (tolerance 0 %)."
    )


def test_a_line_that_is_over_already_may_be_corrected_but_not_grow():
    lines = [order_line(1, "A", received=15)]
    assert laid(match([goods("A", -2)], lines, Policy())) == [(1, -2, 0)]
    assert laid(match([goods("A", 0)], lines, Policy())) == [(1, 0, 0)]
    assert kind(match([goods("A", 1)], lines, Policy())) is Discrepancy.OVER


def test_a_receipt_and_its_correction_are_judged_together():
    assert laid(match([goods("A", 12), goods("A", -3)], AB, Policy())) == [(1, 12, 0), (1, -3, 0)]
    assert kind(match([goods("A", 12), goods("A", -1)], AB, Policy())) is Discrepancy.OVER


NEGATIVE = [(-1, 0, 0, 0), (-6, 0, 5, 0), (0, 1, 0, 0), (0, -1, 5, 0), (-2, 0, 5, 4)]


@pytest.mark.parametrize(("received", "damaged", "there", "spoiled"), NEGATIVE)
def test_sums_below_zero_and_damage_without_goods_are_held(received: int, damaged: int, there: int, spoiled: int):
    lines = [order_line(1, "A", received=there, damaged=spoiled)]
    assert kind(match([goods("A", received, damaged)], lines, FREE)) is Discrepancy.NEGATIVE


def test_short_only_where_everything_must_come_at_once():
    full, part = [goods("A", 10), goods("B", 10)], [goods("A", 10), goods("B", 4)]
    strict = Policy(partial=False)
    assert isinstance(match(full, AB, strict), Matched)
    assert isinstance(match(part, AB, Policy()), Matched)
    assert kind(match(part, AB, strict)) is Discrepancy.SHORT
    assert isinstance(match([goods("A", 0)], AB, strict), Matched)
    assert kind(match([goods("A", 0)], AB, strict, final=True)) is Discrepancy.SHORT
    assert isinstance(match(part, AB, replace(strict, waived=ACCEPTABLE)), Matched)


def test_a_closed_short_or_left_out_line_is_not_lacking():
    lines = [order_line(1, "A"), order_line(2, "B", closed_short=10), order_line(3, "C", left_out=True)]
    assert isinstance(match([goods("A", 10)], lines, Policy(partial=False)), Matched)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 9)), max_size=8), st.integers(0, 3))
def test_what_is_laid_is_what_was_reported(reported: list[tuple[str, int]], extra: int):
    lines = [*AA, order_line(3, "B", extra), order_line(4, "B", 1)]
    items = [goods(sku, quantity, quantity // 2, ref=ref) for ref, (sku, quantity) in enumerate(reported)]
    answer = match(items, lines, FREE)
    assert isinstance(answer, Matched)
    for item in items:
        mine = [one for one in answer.allocations if one.ref == item.ref]
        assert sum(one.quantity for one in mine) == item.received
        assert sum(one.damaged for one in mine) == item.damaged
        assert all(0 <= one.damaged <= one.quantity for one in mine)
