"""Values: reading, showing, turning one kind into another; and where paths lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.rules.fields import HEADER, ITEM
from app.rules.functions import FUNCTIONS
from app.rules.kinds import Kind
from app.rules.literals import read_text, write_text
from app.rules.parser import parse
from app.rules.places import Area, Place, UnknownPlaceError, resolve, spelled
from app.rules.statements import Print
from app.rules.syntax import Path
from app.rules.values import (
    TimeSpan,
    ValueProblemError,
    Weekday,
    as_boolean,
    as_date,
    as_number,
    as_text,
    cut,
    kind_of,
    plain,
    show,
    to_json,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("x", "x"),
        (" ", " "),
        (5, Decimal(5)),
        (0.1, Decimal("0.1")),
        (-2.50, Decimal("-2.5")),
        (1e22, Decimal("1E+22")),
        (float("nan"), None),
        (float("inf"), None),
        (True, True),
        (Decimal("1.10"), Decimal("1.10")),
        ([1], [1]),
        (date(2026, 1, 1), date(2026, 1, 1)),
    ],
)
def test_reading_a_value_of_a_document(value: Any, expected: Any) -> None:
    found = plain(value)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (False, "false"),
        (Decimal("1.500"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("-0.0"), "0"),
        (Decimal("-2.50"), "-2.5"),
        (date(2026, 1, 5), "2026-01-05"),
        (NOON, "2026-01-15T13:00:00+01:00"),
        (time(9, 5), "09:05:00"),
        (TimeSpan(4, "h"), "4h"),
    ],
)
def test_a_value_as_text(value: Any, text: str) -> None:
    assert as_text(value, BERLIN) == text


@pytest.mark.parametrize(
    ("turn", "value", "expected"),
    [
        (as_number, "12", Decimal(12)),
        (as_number, " -1.50 ", Decimal("-1.50")),
        (as_number, "+.5", Decimal("0.5")),
        (as_number, True, Decimal(1)),
        (as_boolean, "Yes", True),
        (as_boolean, " no ", False),
        (as_boolean, "TRUE", True),
        (as_boolean, Decimal(1), True),
        (as_boolean, Decimal(0), False),
        (as_boolean, False, False),
    ],
)
def test_turning_a_value(turn: Callable[[Any], Any], value: Any, expected: Any) -> None:
    assert turn(value) == expected


NUMBERS_THAT_ARE_NONE = ["", "x", "1e5", "NaN", "Infinity", "1_000", "٣", "1 2", "0x10", "--1", "9" * 30]
NEITHER_TRUE_NOR_FALSE: list[Any] = ["", "y", "on", Decimal(2), date(2026, 1, 1), []]
REFUSED: list[tuple[Callable[[Any], Any], Any]] = [
    *((as_number, text) for text in NUMBERS_THAT_ARE_NONE),
    *((as_boolean, value) for value in NEITHER_TRUE_NOR_FALSE),
]


@pytest.mark.parametrize(("turn", "value"), REFUSED)
def test_what_cannot_be_turned(turn: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(ValueProblemError):
        turn(value)


def test_turning_into_dates() -> None:
    assert as_date("2026-01-05", BERLIN) == date(2026, 1, 5)
    assert as_date(" 2026-01-05T01:00:00 ", BERLIN) == datetime(2026, 1, 5, 0, tzinfo=UTC)
    assert as_date("2026-01-05T01:00:00Z", BERLIN) == datetime(2026, 1, 5, 1, tzinfo=UTC)
    assert as_date(datetime(2026, 1, 5, 23, 30, tzinfo=UTC), BERLIN) == date(2026, 1, 6)
    assert as_date(date(2026, 1, 5), BERLIN) == date(2026, 1, 5)
    wrong: list[Any] = ["", "soon", "05.01.2026", "2026-13-01", "0001-01-01T00:00:00+10:00", Decimal(5), True]
    for value in wrong:
        with pytest.raises(ValueProblemError):
            as_date(value, BERLIN)


@pytest.mark.parametrize(
    ("value", "shown", "kind"),
    [
        (None, "blank", Kind.BLANK),
        ("x", '"x"', Kind.TEXT),
        ("x" * 300, '"' + "x" * 199 + '…"', Kind.TEXT),
        (Decimal("1.50"), "1.5", Kind.NUMBER),
        (5, "5", Kind.NUMBER),
        (True, "true", Kind.BOOLEAN),
        (date(2026, 1, 1), "2026-01-01", Kind.DATE),
        (NOON, "2026-01-15T12:00:00+00:00", Kind.DATE),
        (time(1), "01:00:00", Kind.TIME),
        ([1, 2], "a list of 2", Kind.LIST),
        ({"a": 1}, "a group of values", Kind.LIST),
        (TimeSpan(1, "D"), "1D", Kind.DURATION),
        (Weekday(0), "a weekday", Kind.WEEKDAY),
    ],
)
def test_a_value_in_a_message(value: Any, shown: str, kind: Kind) -> None:
    assert (show(plain(value)), kind_of(value)) == (shown, kind)


def test_a_value_in_json() -> None:
    assert [to_json(value) for value in (None, True, "x", Decimal("1.0"), NOON, [1])] == [
        None,
        True,
        "x",
        "1",
        "2026-01-15T12:00:00+00:00",
        "a list of 1",
    ]
    assert cut("x" * 201) == "x" * 199 + "…"
    assert cut("x" * 200) == "x" * 200


@pytest.mark.parametrize("value", ["", "a", 'say "hi"', "back\\slash", '\\"', "\\\\", "C:\\new", "é # /"])
def test_text_literals_survive_writing_and_reading(value: str) -> None:
    assert read_text(write_text(value)) == value
    (statement,) = parse(f'rule "A" print {write_text(value)} end').body
    assert isinstance(statement, Print)
    assert getattr(statement.value, "value", None) == value


def path_of(text: str) -> Path:
    """The path that a text spells."""
    (statement,) = parse(f'rule "A" print {text} end').body
    assert isinstance(statement, Print)
    assert isinstance(statement.value, Path)
    return statement.value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("purchase_order.notes", Place(Area.HEADER, HEADER["notes"])),
        ("purchase_order.custom.a", Place(Area.CUSTOM, steps=("a",))),
        ('purchase_order.custom["a b"]', Place(Area.CUSTOM, steps=("a b",))),
        ("purchase_order.custom_map_from_key.a", Place(Area.CUSTOM, steps=("a",))),
        ("purchase_order.source.a.b", Place(Area.SOURCE, steps=("a", "b"))),
        ("purchase_order_item.sku", Place(Area.HEADER, ITEM["sku"], item=True)),
        ("purchase_order_item.custom.a", Place(Area.CUSTOM, steps=("a",), item=True)),
        ("total", Place(Area.NAME, name="total")),
    ],
)
def test_where_a_path_leads(text: str, place: Place) -> None:
    assert resolve(path_of(text), {"total"}, in_loop=True) == place
    assert spelled(path_of(text)) == text


@pytest.mark.parametrize(
    "text", ["nobody", "purchase_order", "purchase_order.x", "total.x", "purchase_order_item", "notes"]
)
def test_a_path_that_leads_nowhere(text: str) -> None:
    with pytest.raises(UnknownPlaceError):
        resolve(path_of(text), {"total"}, in_loop=True)


def test_every_field_of_the_sample_has_its_place() -> None:
    from tests.rules.sample import header, item

    assert set(HEADER) == set(header()) - {"ship_to", "custom", "source"}
    assert set(ITEM) == set(item(1, "A", 1)) - {"key", "custom"}


def test_every_function_tells_its_shape() -> None:
    assert list(FUNCTIONS) == [
        *("upper", "lower", "trim", "length", "substring", "round", "abs", "min", "max", "coalesce", "lookup"),
    ]
    for name, function in FUNCTIONS.items():
        assert function.shape.startswith(f"{name}(")
        assert function.optional < len(function.parameters)
