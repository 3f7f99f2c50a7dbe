"""Making the demo's history as old as it claims to be: the only place where the demo writes rows past the services.

The orders were placed weeks ago by their dates, but all of them walked within the last seconds. A timeline of seconds
would tell nothing, and the open-PO timeout would have nothing to close. So every instant of an order's history is
moved: what followed its import to the day when it was placed, what followed a receipt to the day of that receipt. The
order of events stays as it was.
"""

from __future__ import annotations

from typing import Final

from app.services.unit_of_work import unit_of_work

# Orders that were imported when they were placed, such as those of the feed, are as old as they should be.
_MARKS: Final = (
    """
    CREATE TEMPORARY TABLE demo_mark ON COMMIT DROP AS
    SELECT id AS po_id, imported_at AS old_at, ordered_at + interval '14 minutes' AS new_at
    FROM purchase_order WHERE imported_at > ordered_at + interval '1 hour'
    """,
    """
    INSERT INTO demo_mark
    SELECT r.purchase_order_id, r.created_at, r.received_at + interval '25 minutes'
    FROM receipt r JOIN demo_mark m ON m.po_id = r.purchase_order_id WHERE r.created_at > r.received_at
    """,
)
_COLUMNS: Final = (
    ("activity", "purchase_order_id", ("at",)),
    ("judgement", "purchase_order_id", ("at",)),
    ("delivery", "purchase_order_id", ("created_at", "due_at", "settled_at")),
    ("receipt", "purchase_order_id", ("created_at", "applied_at", "completed_at")),
    ("purchase_order", "id", ("imported_at", "sent_at", "accepted_at", "last_receipt_at", "status_since")),
)
_ATTEMPTS: Final = """
UPDATE delivery_attempt a SET at = coalesce(d.settled_at, d.created_at) FROM delivery d
WHERE d.id = a.delivery_id AND a.at > coalesce(d.settled_at, d.created_at) AND d.state IN ('done', 'failed')
"""


def make_older() -> None:
    """Move the history of every order that is older than its import. Done again, it changes nothing."""
    with unit_of_work("make the demo's history older") as unit:
        for statement in _MARKS:
            unit.run(statement)
        for table, po_id, columns in _COLUMNS:
            moved = ", ".join(f"{column} = coalesce({_moved(po_id, column)}, {column})" for column in columns)
            unit.run(f"UPDATE {table} t SET {moved} WHERE t.{po_id} IN (SELECT po_id FROM demo_mark)")  # noqa: S608
        unit.run(_ATTEMPTS)


def _moved(po_id: str, column: str) -> str:
    """The instant as far behind the last mark before it as it was."""
    return (
        f"(SELECT m.new_at + (t.{column} - m.old_at) FROM demo_mark m"  # noqa: S608 (names from this module)
        f" WHERE m.po_id = t.{po_id} AND m.old_at <= t.{column} ORDER BY m.old_at DESC LIMIT 1)"
    )


def date_lateness() -> None:
    """Let each order have become late when it did, and not when the housekeeping first saw it."""
    with unit_of_work("date the demo's lateness") as unit:
        unit.run(
            "UPDATE activity a SET at = po.late_from FROM purchase_order po"
            " WHERE a.purchase_order_id = po.id AND a.kind = 'late' AND po.late_from < a.at"
        )
        unit.run("UPDATE purchase_order SET late_noticed_at = late_from WHERE late_noticed_at > late_from")
