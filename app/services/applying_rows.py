"""What applying a receipt writes besides the receipt: allocations, and what it proves of the document."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.laying import Allocation
from app.services.unit_of_work import Unit

# Arrays tell the planner how many rows they hold; a JSON document is taken for a hundred, which is a slow join when
# the tables have grown since they were last analysed. A receipt line that was spread over several lines names none.
_ALLOCATE = """
WITH laid AS (
    SELECT * FROM unnest(CAST(:refs AS bigint[]), CAST(:line_ids AS bigint[]), CAST(:quantities AS numeric[]),
                         CAST(:damaged AS numeric[]), CAST(:expected AS numeric[]))
        AS a(ref, line_id, quantity, damaged, expected)
), stored AS (
    INSERT INTO allocation (receipt_id, receipt_line_id, line_item_id, quantity, damaged)
    SELECT l.receipt_id, l.id, a.line_id, a.quantity, a.damaged FROM laid a JOIN receipt_line l ON l.id = a.ref
), single AS (
    SELECT ref, min(line_id) AS line_id, min(expected) AS expected, count(*) = 1 AS one FROM laid GROUP BY ref
)
UPDATE receipt_line l
SET line_item_id = CASE WHEN s.one THEN s.line_id END, expected = CASE WHEN s.one THEN s.expected END
FROM single s WHERE l.id = s.ref
"""


def add_allocations(unit: Unit, allocations: Sequence[Allocation]) -> None:
    """Store what each receipt line brings to which line of the order, in one statement."""
    if allocations:
        unit.run(
            _ALLOCATE,
            refs=[allocation.ref for allocation in allocations],
            line_ids=[allocation.line_id for allocation in allocations],
            quantities=[allocation.quantity for allocation in allocations],
            damaged=[allocation.damaged for allocation in allocations],
            expected=[allocation.expected for allocation in allocations],
        )


# The create that was confirmed in this way need not be tried again. An update that waits still goes out: the receipt
# proves that the warehouse has the document, not that it has the newest version.
_PROVE = """
WITH proved AS (
    UPDATE document d
    SET state = 'accepted', settled_at = clock_timestamp(),
        warehouse_ref = coalesce(nullif(d.warehouse_ref, ''), :warehouse_ref),
        confirmed_version = greatest(d.confirmed_version, 1, (
            SELECT max(c.version) FROM delivery c WHERE c.document_id = d.id AND c.kind = 'create'))
    FROM po_key k JOIN purchase_order po
      ON po.store_id = k.store_id AND po.external_id = k.external_id AND po.part = k.part
    WHERE d.po_key_id = k.id AND po.id = :id AND d.warehouse_id = :warehouse_id AND d.state IN ('planned', 'unknown')
    RETURNING d.id
), done AS (
    UPDATE delivery v SET state = 'done', unknown = false, settled_at = clock_timestamp(),
                          message = 'A receipt proved that the warehouse has it.'
    FROM proved p WHERE v.document_id = p.id AND v.state = 'due' AND v.kind = 'create'
)
UPDATE purchase_order
SET sent_at = coalesce(sent_at, clock_timestamp()), accepted_at = coalesce(accepted_at, clock_timestamp()),
    warehouse_ref = coalesce(nullif(warehouse_ref, ''), :warehouse_ref),
    warehouse_id = coalesce(warehouse_id, :warehouse_id)
WHERE id = :id
"""


def prove_acceptance(unit: Unit, po_id: int, warehouse_id: int, warehouse_ref: str) -> None:
    """A receipt for an order that waits for its send proves that the warehouse has it, whatever the send has heard."""
    unit.run(_PROVE, id=po_id, warehouse_id=warehouse_id, warehouse_ref=warehouse_ref)


_FINISH = """
WITH finished AS (
    UPDATE document d SET state = 'finished', settled_at = clock_timestamp()
    FROM po_key k JOIN purchase_order po
      ON po.store_id = k.store_id AND po.external_id = k.external_id AND po.part = k.part
    WHERE d.po_key_id = k.id AND po.id = :id AND d.state IN ('unknown', 'accepted')
    RETURNING d.id
)
UPDATE delivery v SET state = 'superseded', settled_at = clock_timestamp()
FROM finished f WHERE v.document_id = f.id AND v.state = 'due' AND v.kind IN ('create', 'update')
"""


def finish_document(unit: Unit, po_id: int) -> None:
    """The warehouse said that nothing more will come: its document ends, and what waited for it need not be sent."""
    unit.run(_FINISH, id=po_id)


_UNFINISH = """
UPDATE document d SET state = 'accepted', settled_at = clock_timestamp()
FROM po_key k JOIN purchase_order po ON po.store_id = k.store_id AND po.external_id = k.external_id AND po.part = k.part
WHERE d.po_key_id = k.id AND po.id = :id
  AND d.id = (SELECT max(o.id) FROM document o WHERE o.po_key_id = k.id) AND d.state = 'finished'
  AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.purchase_order_id = po.id AND r.final AND r.applied_at IS NOT NULL)
"""


def unfinish_document(unit: Unit, po_id: int) -> None:
    """No applied receipt says any more that nothing will come: the newest document counts as accepted again."""
    unit.run(_UNFINISH, id=po_id)
