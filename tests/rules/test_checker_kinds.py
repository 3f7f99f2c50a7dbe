"""The checker's judgement of kinds, ways and scopes, in tables: what passes, and what is told."""

from __future__ import annotations

import pytest

from app.rules.engine import Catalogue, check, compile_rule
from app.rules.fields import HEADER, ITEM
from app.rules.kinds import Kind
from tests.rules.sample import CATALOGUE

LOOP = "for purchase_order_items in purchase_order {} end"

# One expression of each kind.
OF_KIND = {
    "text": '"x"',
    "number": "5",
    "boolean": "true",
    "date": "@today",
    "time of day": "@10:30",
    "duration": "3D",
    "weekday": "@monday",
    "blank": "blank",
    "any": "purchase_order.custom.x",
}


def messages(body: str, catalogue: Catalogue = CATALOGUE) -> list[str]:
    """What the checker says of a body."""
    return [problem.message for problem in check(f'rule "a" {body} end', catalogue)]


def passing(template: str) -> set[str]:
    """The kinds of which an expression may stand in a template."""
    return {kind for kind, text in OF_KIND.items() if not messages(template.format(text))}


OPEN = {"blank", "any"}


@pytest.mark.parametrize(
    ("template", "kinds"),
    [
        ("print {} as number", {"text", "number", "boolean"}),
        ("print {} as text", {"text", "number", "boolean", "date", "time of day", "duration"}),
        ("print {} as date", {"text", "date"}),
        ("print {} as boolean", {"text", "number", "boolean"}),
        ("print 1 + {}", {"number"}),
        ("print -{}", {"number"}),
        ('print "a" & {}', {"text"}),
        ("print 1D after {}", {"date", "weekday"}),
        ("hold purchase_order until {}", {"date", "weekday"}),
        ("hold purchase_order for {}", {"duration"}),
        ("fail purchase_order with {}", {"text"}),
        ("print {}", set(OF_KIND) - OPEN),
        ("print upper({})", {"text"}),
        ("print round({})", {"number"}),
        ("print round(1, {})", {"number"}),
        ('print substring("abc", {})', {"number"}),
        ("print min({0}, {0})", {"number", "date"}),
        ("print coalesce({}, blank)", set(OF_KIND) - OPEN),
        ('print lookup("units", {})', {"text"}),
        ("for /a/ in {} print 1 end", {"text"}),
        ('print (replace /a/ with "b" in {})', {"text"}),
        ("print (n | /(?<n>a)/ matches {})", {"text"}),
        ("print purchase_order.custom[{}]", {"text", "number"}),
        ("set purchase_order.custom.x to {}", {"text", "number", "boolean", "date", "weekday"}),
        ("set purchase_order.notes to {}", {"text"}),
        ("set purchase_order.due_date to {}", {"date", "weekday"}),
        ("route purchase_order to warehouse 4 / {}", {"text", "number"}),
        ('add {} items to purchase_order_items in purchase_order set item.sku to "a" set item.quantity to 1 end',
         {"number"}),
        ("accumulate purchase_order_items in purchase_order t: sum {} end", {"number"}),
        ("accumulate purchase_order_items in purchase_order t: count {} end", set(OF_KIND) - OPEN),
        ("accumulate purchase_order_items in purchase_order t: max {} end", {"number", "date"}),
        ('accumulate purchase_order_items in purchase_order t: join {}, "," end', {"text"}),
        ('accumulate purchase_order_items in purchase_order t: join "a", {} end', {"text"}),
        ("when not {} then end", {"boolean"}),
        ("when true and {} then end", {"boolean"}),
    ],
)  # fmt: skip
def test_which_kinds_may_stand_where(template: str, kinds: set[str]) -> None:
    open_kinds = OPEN - {"blank"} if template.startswith("when") else OPEN
    assert passing(template) == kinds | open_kinds


@pytest.mark.parametrize(
    ("operator", "pairs"),
    [
        ("is", {"text text", "number number", "boolean boolean", "date date", "time of day time of day",
                "date time of day", "time of day date"}),
        ("=", {"number number", "boolean boolean", "date date", "time of day time of day", "date time of day",
               "time of day date"}),
        ("<", {"number number", "date date", "time of day time of day", "date time of day", "time of day date"}),
        ("contains", {"text text"}),
        ("starts_with", {"text text"}),
        ("is_on", {"date date", "date weekday"}),
    ],
)  # fmt: skip
def test_which_kinds_compare(operator: str, pairs: set[str]) -> None:
    known = {kind: text for kind, text in OF_KIND.items() if kind not in OPEN}
    found = {
        f"{left} {right}"
        for left, first in known.items()
        for right, second in known.items()
        if not messages(f"when {first} {operator} {second} then end")
    }
    assert found == pairs


@pytest.mark.parametrize("name", [*(name for name, field in HEADER.items() if field.writable)])
def test_every_writable_field_of_the_order_takes_its_own_kind_only(name: str) -> None:
    field = HEADER[name]
    taken = {"date", "weekday"} if field.kind is Kind.DATE else {field.kind.value}
    blank = {"blank"} if field.may_be_blank else set()
    assert passing(f"set purchase_order.{name} to {{}}") == taken | blank | {"any"}


@pytest.mark.parametrize("name", [*(name for name, field in ITEM.items() if field.writable)])
def test_every_writable_field_of_a_line_takes_its_own_kind_only(name: str) -> None:
    field = ITEM[name]
    taken = {"date", "weekday"} if field.kind is Kind.DATE else {field.kind.value}
    blank = {"blank"} if field.may_be_blank else set()
    assert passing(LOOP.format(f"set purchase_order_item.{name} to {{}}")) == taken | blank | {"any"}


@pytest.mark.parametrize("name", [*(name for name, field in HEADER.items() if not field.writable)])
def test_no_read_only_field_can_be_set(name: str) -> None:
    assert messages(f"set purchase_order.{name} to purchase_order.{name}") == [f"`purchase_order.{name}` is read only."]


@pytest.mark.parametrize(
    ("call", "taken"),
    [
        ("upper()", False),
        ('upper("a", "b")', False),
        ('substring("a")', False),
        ('substring("a", 1)', True),
        ('substring("a", 1, 2)', True),
        ('substring("a", 1, 2, 3)', False),
        ("round()", False),
        ("round(1)", True),
        ("round(1, 2)", True),
        ("min()", False),
        ("min(1)", True),
        ("max(1, 2, 3, 4, 5)", True),
        ("coalesce()", False),
        ("coalesce(blank)", True),
        ('lookup("units")', False),
        ('lookup("units", "a", "b")', False),
    ],
)
def test_how_many_values_a_function_takes(call: str, taken: bool) -> None:
    wrong = [] if taken else [f"`{call.split('(', maxsplit=1)[0]}` has the wrong number of values."]
    assert messages(f"print {call}") == wrong


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("coalesce(purchase_order.notes, blank)", "text"),
        ("coalesce(blank, 5)", "number"),
        ("min(@today, @now)", "date"),
        ("max(1, 2)", "number"),
        ('lookup("units", "x")', "text"),
        ("length(purchase_order.notes)", "number"),
        ("1D after @monday", "date"),
        ("purchase_order.notes?", "boolean"),
        ("(1 < 2)", "boolean"),
        ('replace /a/ with "b" in "c"', "text"),
        ("1 / 3", "number"),
        ("purchase_order.custom.x as date", "date"),
    ],
)
def test_the_kind_of_a_result_is_known(expression: str, kind: str) -> None:
    wanted = {"text": "5", "number": '"x"', "date": "5", "boolean": "5"}[kind]
    (message,) = messages(f"set $v to {expression} set $v to {wanted}")
    assert message.startswith(f"`$v` holds a {kind} and cannot take a ")


NOT_SURE = "`$x` is not set on every way to this line."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("when true then set $x to 1 otherwise set $x to 2 end print $x", []),
        ("when true then set $x to 1 otherwise_when 1 < 2 then set $x to 2 end print $x", [NOT_SURE]),
        ("when true then set $x to 1 otherwise_when 1 < 2 then print 1 otherwise set $x to 3 end print $x", [NOT_SURE]),
        ("when true then set $x to 1 print $x end", []),
        ("set $x to blank when true then set $x to 1 end print $x", []),
        (LOOP.format("set $x to 1") + " print $x", [NOT_SURE]),
        (LOOP.format("set $x to 1 print $x"), []),
        ('for /a/ in "a" set $x to 1 end print $x', [NOT_SURE]),
        ("when true then when true then set $x to 1 otherwise set $x to 2 end otherwise set $x to 3 end print $x", []),
        ("print $x set $x to 1", ["`$x` is used before it is set."]),
        ("set $x to $x", ["`$x` is used before it is set."]),
        ("when $x > 1 then end", ["`$x` is used before it is set."]),
    ],
)  # fmt: skip
def test_a_variable_is_sure_when_every_way_sets_it(body: str, expected: list[str]) -> None:
    assert messages(body) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("1", "2", []),
        ("blank", '"a"', []),
        ("1", "blank", []),
        ("purchase_order.custom.x", '"a"', []),
        ("1", "purchase_order.custom.x", []),
        ("1", '"a"', ["`$x` holds a number and cannot take a text."]),
        ("@monday", "@today", []),
        ("@today", "true", ["`$x` holds a date and cannot take a boolean."]),
        ("3D", "5", ["`$x` holds a duration and cannot take a number."]),
    ],
)
def test_a_variable_keeps_its_first_kind(first: str, second: str, expected: list[str]) -> None:
    assert messages(f"set $x to {first} set $x to {second}") == expected


UNKNOWN_LINE = "`purchase_order_item` is known only inside a loop, an accumulator or `has` over the lines."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (LOOP.format("print purchase_order_item.sku") + " print purchase_order_item.sku", [UNKNOWN_LINE]),
        (LOOP.format("for /a/ in purchase_order_item.sku print purchase_order_item.name end"), []),
        (("when purchase_order has any purchase_order_items with (purchase_order_item.sku?) then "
         "print purchase_order_item.sku end"), [UNKNOWN_LINE]),
        (("accumulate purchase_order_items in purchase_order t: sum purchase_order_item.quantity end "
         "print purchase_order_item.sku"), [UNKNOWN_LINE]),
        (("accumulate purchase_order_items in purchase_order t: join purchase_order_item.sku, purchase_order_item.name "
         "end"), [UNKNOWN_LINE]),
        (("add 1 item to purchase_order_items in purchase_order set item.sku to purchase_order_item.sku "
         "set item.quantity to 1 end"), [UNKNOWN_LINE]),
        (LOOP.format("add 1 item to purchase_order_items in purchase_order set item.sku to purchase_order_item.sku "
                     "set item.quantity to 1 end"), []),
        ("default reject purchase_order_item", []),
        (LOOP.format(LOOP.format("reject purchase_order_item")), []),
    ],
)  # fmt: skip
def test_a_line_is_known_only_where_there_is_one(body: str, expected: list[str]) -> None:
    assert messages(body) == expected


NEVER = "This is never reached: the run ends before it."


@pytest.mark.parametrize(
    ("body", "warnings"),
    [
        ("archive purchase_order", 0),
        ("when true then archive purchase_order end print 1", 0),
        ("when true then archive purchase_order print 1 end", 1),
        ("when true then archive purchase_order otherwise print 1 end print 2", 0),
        ('when true then print 1 archive purchase_order otherwise fail purchase_order with "x" end print 2', 1),
        ('fail purchase_order with "x" print 1 print 2', 1),
        ("reject purchase_order print 1", 0),
        ("archive purchase_order archive purchase_order print 1", 2),
        (LOOP.format("archive purchase_order") + " print 1", 0),
    ],
)  # fmt: skip
def test_what_is_never_reached_is_told_once(body: str, warnings: int) -> None:
    assert messages(body) == [NEVER] * warnings


@pytest.mark.parametrize(
    ("catalogue", "target", "expected"),
    [
        (Catalogue(), '"EAST"', ['There is no warehouse "EAST".']),
        (Catalogue(), "4", ["No enabled warehouse has the rule number 4."]),
        (Catalogue(warehouse_numbers=frozenset({4})), "4.0", []),
        (Catalogue(warehouse_codes=frozenset({"EAST"})), '"east"', ['There is no warehouse "east".']),
        (Catalogue(disabled_codes=frozenset({"EAST"})), '"EAST"', ['The warehouse "EAST" is disabled.']),
        (Catalogue(), "purchase_order.custom.to", []),
        (Catalogue(), '("EA" & "ST")', []),
        (Catalogue(), '""', ["The warehouse cannot be blank."]),
    ],
)
def test_a_warehouse_that_is_a_literal_is_looked_up(catalogue: Catalogue, target: str, expected: list[str]) -> None:
    assert messages(f"route purchase_order to warehouse {target}", catalogue) == expected


def test_without_warehouses_the_hint_says_so() -> None:
    for target, hint in (('"X"', "Its code is one of none yet."), ("4", "The numbers are none yet.")):
        (problem,) = check(f'rule "a" route purchase_order to warehouse {target} end', Catalogue())
        assert problem.hint == hint


def test_a_stored_rule_compiles_though_its_tables_are_gone() -> None:
    text = 'rule "a" print lookup("gone", "x") route purchase_order to warehouse 99 end'
    assert len(check(text, Catalogue())) == 2
    assert compile_rule(text).name == "a"


def test_a_result_takes_the_kind_of_what_it_gathers() -> None:
    totals = 'n: count 1 s: sum 2 j: join "a", "," m: max @today'
    rule = f"accumulate purchase_order_items in purchase_order {totals} end "
    assert messages(rule + 'print n + s print j & "x" print 1D after m') == []
    assert messages(rule + "print j + 1") == ["What is calculated with must be a number, and this is a text."]
    assert messages(rule + 'print m & "x"') == ["What is joined by `&` must be a text, and this is a date."]
