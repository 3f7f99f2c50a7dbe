"""Compiling what a rule does: set, accept and reject, route, hold, archive, fail, print, add."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.domain.record import plain_number
from app.rules import statements as st
from app.rules import syntax as sx
from app.rules.closures import Compile, Effect, Writer, failure
from app.rules.fields import ITEM, LINE, RECORD
from app.rules.kinds import Kind
from app.rules.moments import instant_of, next_weekday, shifted
from app.rules.places import resolve
from app.rules.run import Decision, EndedError, Routing, Run
from app.rules.values import TimeSpan, ValueProblemError, Weekday, as_text, kind_of, show
from app.rules.writers import writer

MOST_ADDED = 1_000
_LARGEST_RULE_NUMBER = 2**31 - 1


def set_(node: st.Set, compile_: Compile) -> Effect:
    """`set` of a field or a variable."""
    value = compile_(node.value)
    if isinstance(node.target, sx.Variable):
        return _set_variable(node, node.target.name, value)
    write = writer(resolve(node.target, (), in_loop=True), node.target, compile_)

    def put(run: Run) -> None:
        write(run, value(run))

    return put


def _set_variable(node: st.Set, name: str, value: Callable[[Run], Any]) -> Effect:
    def put(run: Run) -> None:
        new = value(run)
        old = run.variables.get(name)
        if isinstance(new, Weekday):
            new = next_weekday(run.now, new.number, run.zone)
        if old is not None and new is not None and kind_of(old) is not kind_of(new):
            message = f"`${name}` holds {kind_of(old).phrase} and cannot take {kind_of(new).phrase}"
            raise failure(node, message, "Use another variable for it.")
        run.variables[name] = new

    return put


def decide(node: st.Decide, _compile: Compile) -> Effect:
    """`accept` or `reject` of the purchase order or of the loop's line. The last decision counts."""
    accepted, line, shown = node.decision == "accept", node.span.line, f"{node.decision} {node.record}"

    def of_order(run: Run) -> None:
        run.decision = Decision(accepted, run.here(line))
        run.trace.action(line, shown)

    def of_line(run: Run) -> None:
        key = run.item["key"]
        run.line_decisions[key] = Decision(accepted, run.here(line))
        if accepted:
            run.left_out.pop(key, None)
        else:
            run.left_out[key] = run.here(line)
        run.trace.action(line, f"{shown} {key}")

    return of_order if node.record == RECORD else of_line


def default(node: st.Default, _compile: Compile) -> Effect:
    """`default accept` or `default reject`; the last one of a record counts."""
    accepted, line = node.decision == "accept", node.span.line

    def note(run: Run) -> None:
        run.defaults[node.record] = Decision(accepted, run.here(line))
        run.trace.action(line, f"default {node.decision} {node.record}")

    return note


def route(node: st.Route, compile_: Compile) -> Effect:
    """`route … to warehouse` by its code or its rule number; the last one counts."""
    warehouse = compile_(node.warehouse)
    facility = compile_(node.facility) if node.facility else None

    def send(run: Run) -> None:
        found = warehouse(run)
        place = _facility(node, facility(run)) if facility else None
        by = run.here(node.span.line)
        if isinstance(found, str):
            run.route = Routing(found, None, place, by)
        elif isinstance(found, Decimal):
            run.route = Routing(None, _rule_number(node, found), place, by)
        else:
            remedy = "Name the warehouse's code or its rule number."
            raise failure(node, f"the warehouse to route to is {show(found)}", remedy)
        shown = f" / {place}" if place else ""
        run.trace.action(node.span.line, f"route {RECORD} to warehouse {show(found)}{shown}")

    return send


def _rule_number(node: st.Route, number: Decimal) -> int:
    if number != number.to_integral_value() or not 0 <= number <= _LARGEST_RULE_NUMBER:
        raise failure(
            node, f"{show(number)} is no rule number of a warehouse", "Use the whole number of the warehouse."
        )
    return int(number)


def _facility(node: st.Route, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return plain_number(value)
    raise failure(node, f"the facility is {kind_of(value).phrase}", "Use a text or a number.")


def hold_until(node: st.HoldUntil, compile_: Compile) -> Effect:
    """`hold … until`: the latest of several counts; blank means none."""
    until = compile_(node.until)

    def hold(run: Run) -> None:
        value = until(run)
        if value is None:
            return
        if isinstance(value, Weekday):
            value = next_weekday(run.now, value.number, run.zone)
        if not isinstance(value, date):
            message = f"cannot hold until {show(value)}, which is {kind_of(value).phrase}"
            raise failure(
                node, message, "Use a date, as in `hold purchase_order until 2D before purchase_order.due_date`."
            )
        _keep_hold(run, node.span.line, value)

    return hold


def hold_for(node: st.HoldFor, compile_: Compile) -> Effect:
    """`hold … for`: counted from *imported at*."""
    length = compile_(node.duration)

    def hold(run: Run) -> None:
        value = length(run)
        if value is None:
            return
        if not isinstance(value, TimeSpan):
            raise failure(
                node, f"cannot hold for {show(value)}, which is {kind_of(value).phrase}", "Write `4h` or `2D`."
            )
        try:
            _keep_hold(run, node.span.line, shifted(run.imported_at, value, 1, run.zone))
        except ValueProblemError as error:
            raise failure(node, str(error).rstrip(".")) from None

    return hold


def _keep_hold(run: Run, line: int, until: date) -> None:
    instant = instant_of(until, run.zone)
    run.holds.append((instant, run.here(line)))
    run.trace.action(line, f"hold {RECORD} until {as_text(instant, run.zone)}")


def archive(node: st.Archive, _compile: Compile) -> Effect:
    """`archive`: ends the run."""
    line = node.span.line

    def put_away(run: Run) -> None:
        run.trace.action(line, f"archive {RECORD}")
        by = run.here(line)
        raise EndedError("archived", f'Archived by rule "{by.name}" (version {by.version_no}, line {line}).', line)

    return put_away


def fail(node: st.Fail, compile_: Compile) -> Effect:
    """`fail … with`: ends the run; the message is shown as it is."""
    message, line = compile_(node.message), node.span.line

    def give_up(run: Run) -> None:
        value = message(run)
        text = as_text(value, run.zone) if value is not None and kind_of(value) is not Kind.LIST else ""
        run.trace.action(line, f"fail {RECORD} with {show(text)}")
        by = run.here(line)
        raise EndedError(
            "failed", text or f'Rule "{by.name}" (version {by.version_no}, line {line}) gave no reason.', line
        )

    return give_up


def print_(node: st.Print, compile_: Compile) -> Effect:
    """`print`: a line in the trace; any value has one."""
    value, line = compile_(node.value), node.span.line

    def tell(run: Run) -> None:
        found = value(run)
        plain = found is None or kind_of(found) in {Kind.LIST, Kind.WEEKDAY}
        run.trace.print(line, show(found) if plain else as_text(found, run.zone))

    return tell


def add(node: st.Add, compile_: Compile) -> Effect:
    """`add`: new lines, each with a key of its own and the next line number."""
    count = compile_(node.count)
    # The value is computed with the loop's line at hand, then written to the new one.
    sets = [(compile_(part.value), _item_writer(part.path, compile_)) for part in node.sets]

    def append(run: Run) -> None:
        for _ in range(_count(node, count(run))):
            run.spend(1 + len(sets), node.span.line)
            values = [value(run) for value, _write in sets]
            outer, run.item = run.item, _new_item(node, run)
            for value, (_value, write) in zip(values, sets, strict=True):
                write(run, value)
            _check_new(node, run.item)
            run.trace.action(node.span.line, f"add item {run.item['key']}: {run.item['sku']}")
            run.item = outer

    return append


def _item_writer(path: sx.Path, compile_: Compile) -> Writer:
    return writer(resolve(sx.Path(LINE, (path.root, *path.steps), span=path.span), (), in_loop=True), path, compile_)


def _count(node: st.Add, value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, Decimal) or value != value.to_integral_value() or not 0 <= value <= MOST_ADDED:
        raise failure(node, f"cannot add {show(value)} items", f"Use a whole number from 0 to {MOST_ADDED}.")
    return int(value)


def _new_item(node: st.Add, run: Run) -> dict[str, Any]:
    if len(run.added) >= MOST_ADDED:
        raise failure(node, f"the rules add more than {MOST_ADDED} items", "Add fewer items to one purchase order.")
    item: dict[str, Any] = {name: "" if field.kind is Kind.TEXT else None for name, field in ITEM.items()}
    item["key"], item["line_number"] = run.next_key_and_number()
    item["custom"] = {}
    run.items.append(item)
    run.added[item["key"]] = item
    return item


def _check_new(node: st.Add, item: Mapping[str, Any]) -> None:
    if not item["sku"] or item["quantity"] is None:
        raise failure(node, "an added item has no SKU or no quantity", "Set `item.sku` and `item.quantity`.")


ACTIONS: Mapping[type, Callable[[Any, Compile], Effect]] = {
    st.Set: set_,
    st.Decide: decide,
    st.Default: default,
    st.Route: route,
    st.HoldUntil: hold_until,
    st.HoldFor: hold_for,
    st.Archive: archive,
    st.Fail: fail,
    st.Print: print_,
    st.Add: add,
}
