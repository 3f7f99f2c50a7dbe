"""People's work on one order: edit header and lines, comment, delete. One function, one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.domain.errors import NotFound, Refused, StaleRecord
from app.domain.people import Reader
from app.domain.record import plain_number
from app.models import LineItem, PurchaseOrder
from app.services import outbox, receiving_waiting, restoring
from app.services.order_facts import Facts, facts, lock, why_not
from app.services.order_moves import zone_of
from app.services.restoring import EDITABLE_HEADER, EDITABLE_LINE
from app.services.timeline import Entry, tell
from app.services.unit_of_work import Unit, unit_of_work
from app.wakeups import Topic


def edit_header(po_id: int, version_no: int, changes: Mapping[str, Any], reader: Reader, *, reason: str) -> None:
    """Change header fields of an order that was not sent; the rules judge it again. The timeline keeps `reason`.

    Raises NotFound, Refused with the guard's reason or when nothing differs, StaleRecord when somebody else changed it,
    BadRecord when the result could not be sent.
    """
    because = _because(reason)
    with unit_of_work("edit an order") as unit:
        order = _editable(unit, po_id, version_no, reader)
        edits = deepcopy(order.edits)
        header = edits.setdefault("header", {})
        diff = _diff(order, changes, EDITABLE_HEADER)
        header.update({name: after for name, (_, after) in diff.items()})
        _apply(unit, order, edits, reader, {"header": diff, "reason": because})


def edit_line(line_id: int, version_no: int, changes: Mapping[str, Any], reader: Reader, *, reason: str) -> None:
    """Change one line; raises as `edit_header` does."""
    because = _because(reason)
    with unit_of_work("edit a line") as unit:
        line, order = _line(unit, line_id, version_no, reader)
        edits = deepcopy(order.edits)
        diff = _diff(line, changes, EDITABLE_LINE)
        after = {name: value for name, (_, value) in diff.items()}
        added = next((item for item in edits.get("added", ()) if item["key"] == line.key), None)
        if added is not None:
            added.update(after)
        else:
            edits.setdefault("lines", {}).setdefault(line.key, {}).update(after)
        told = {"line": line.line_number, "sku": line.sku, "changes": diff, "reason": because}
        _apply(unit, order, edits, reader, told)


def add_line(po_id: int, version_no: int, values: Mapping[str, Any], reader: Reader, *, reason: str) -> int:
    """Add a line with the next line number, which is returned; raises as `edit_header` does."""
    because = _because(reason)
    with unit_of_work("add a line") as unit:
        order = _editable(unit, po_id, version_no, reader)
        edits = deepcopy(order.edits)
        number = 1 + (
            unit.scalar("SELECT max(line_number) FROM line_item WHERE purchase_order_id = :id", id=po_id) or 0
        )
        fields = {name: _plain(values[name]) for name in EDITABLE_LINE if name in values}
        item = {**fields, "line_number": number, "key": f"added:{number}"}
        edits.setdefault("added", []).append(item)
        _apply(unit, order, edits, reader, {"added": item, "reason": because})
        return int(number)


def remove_line(line_id: int, version_no: int, reader: Reader, *, reason: str) -> None:
    """Remove a line; raises as `edit_header` does."""
    because = _because(reason)
    with unit_of_work("remove a line") as unit:
        line, order = _line(unit, line_id, version_no, reader)
        edits = deepcopy(order.edits)
        added = edits.get("added", [])
        kept = [item for item in added if item["key"] != line.key]
        if len(kept) < len(added):
            # Its number, and with it its key, is given to the next line that is added.
            edits["added"] = kept
        else:
            edits.setdefault("removed", []).append(line.key)
        told = {"removed": line.line_number, "sku": line.sku, "reason": because}
        _apply(unit, order, edits, reader, told)


def _because(reason: str) -> str:
    if not reason.strip():
        raise Refused("An edit needs a reason.", "Say why it is changed.")
    return reason.strip()[:4000]


def _line(unit: Unit, line_id: int, version_no: int, reader: Reader) -> tuple[LineItem, PurchaseOrder]:
    po_id = unit.session.scalar(select(LineItem.purchase_order_id).where(LineItem.id == line_id))
    if po_id is None:
        raise NotFound("There is no such line.", "Go back to the purchase order.")
    # The order first, then the line: the order of locks. It may be gone by then.
    order = _editable(unit, po_id, version_no, reader)
    line = unit.session.scalar(select(LineItem).where(LineItem.id == line_id).with_for_update())
    if line is None:
        raise NotFound("There is no such line.", "Go back to the purchase order.")
    return line, order


def _editable(unit: Unit, po_id: int, version_no: int, reader: Reader) -> PurchaseOrder:
    order = lock(unit, po_id, reader)
    _guard("edit", facts(unit.session, po_id), reader)
    if order.version_no != version_no:
        raise StaleRecord(
            f"Purchase order {order.number} was changed since you opened it.",
            "Compare your entries with the values of today, then save again.",
        )
    return order


def _guard(action: str, known: Facts, reader: Reader) -> None:
    reason = why_not(action, known, reader)
    if reason:
        raise Refused(reason)


def _diff(record: Any, changes: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    diff = {}
    for name, value in changes.items():
        if name not in allowed:
            raise Refused(f"The field “{name}” cannot be edited.")
        before, after = _plain(getattr(record, name)), _plain(value)
        if before != after:
            diff[name] = (before, after)
    if not diff:
        raise Refused("Nothing was changed.", "Change a field, or go back.")
    return diff


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_number(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _apply(unit: Unit, order: PurchaseOrder, edits: dict[str, Any], reader: Reader, told: Mapping[str, Any]) -> None:
    """Keep the edits, rebuild the rows from snapshot and edits, and let the rules judge again.

    A message that was planned and not started said the old state: it is withdrawn.
    """
    outbox.forget_planned(unit, [order.id])
    order.edits, order.edited = edits, True
    waits = order.status == "new"
    restoring.restore(unit, order, zone_of(unit, order))
    restoring.judge_again(order, unit.now())
    if not waits:
        order.step_due_at = None
    unit.session.flush()
    tell(unit, [Entry("edited", order.id, actor=reader.name, data=dict(told))])
    unit.ring(Topic.PROCESSING)


def comment(unit: Unit, po_id: int, words: str, reader: Reader) -> str:
    """Write a line in the timeline; returns the order's number. Raises NotFound, or Refused for an empty comment."""
    order = lock(unit, po_id, reader)
    _guard("comment", facts(unit.session, po_id), reader)
    if not words.strip():
        raise Refused("The comment is empty.", "Write something.")
    tell(unit, [Entry("comment", order.id, actor=reader.name, data={"text": words.strip()[:4000]})])
    return order.number


def delete(unit: Unit, po_id: int, reader: Reader, *, tombstone: bool, force: bool) -> tuple[str, str]:
    """Remove an order here only; returns its number and what was done. Raises NotFound and Refused.

    The key and the send ledger stay: a re-import finds the warehouse's document again. With a tombstone it is never
    imported again.
    """
    # The key first: an import takes the key's lock before the order's.
    unit.rows("SELECT id FROM po_key WHERE purchase_order_id = :id FOR NO KEY UPDATE", id=po_id)
    order = lock(unit, po_id, reader)
    _guard("force_delete" if force else "delete", facts(unit.session, po_id), reader)
    outbox.forget_planned(unit, [po_id])
    receiving_waiting.let_go(unit, po_id, by=reader.name)
    unit.run(
        "UPDATE delivery SET state = 'withdrawn', settled_at = clock_timestamp()"
        " WHERE purchase_order_id = :id AND state = 'due'",
        id=po_id,
    )
    unit.run(
        "UPDATE po_key SET purchase_order_id = NULL, raw_digest = NULL,"
        " tombstoned_at = CASE WHEN :tombstone THEN clock_timestamp() END,"
        " tombstoned_by = CASE WHEN :tombstone THEN :name END WHERE purchase_order_id = :id",
        id=po_id,
        tombstone=tombstone,
        name=reader.name,
    )
    number = order.number
    tell(unit, [Entry("deleted", po_id, actor=reader.name, data={"number": number, "tombstone": tombstone})])
    unit.run("DELETE FROM purchase_order WHERE id = :id", id=po_id)
    done = "It is deleted and never imported again." if tombstone else "It is deleted; the source may offer it again."
    return number, done
