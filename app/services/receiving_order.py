"""Which purchase order a receipt is for: our reference, else the warehouse's own id, else its number if one fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from app.connectors.contract import ReceiptDocument
from app.services.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class References:
    """Every reference of a receipt to its purchase order, as received; empty where none was given."""

    document_key: str = ""
    warehouse_ref: str = ""
    account: str = ""
    number: str = ""

    @property
    def best(self) -> str:
        """The reference that is kept as the receipt's own."""
        return self.document_key or self.warehouse_ref or self.number

    def stored(self) -> dict[str, str]:
        """As the receipt's row keeps them."""
        return asdict(self)


def references_of(document: ReceiptDocument) -> References:
    """The references of a reported receipt."""
    return References(document.document_key, document.warehouse_ref, document.account, document.number)


def stored_references(data: Mapping[str, str]) -> References:
    """The references as a receipt's row keeps them."""
    return References(**{name: data.get(name, "") for name in ("document_key", "warehouse_ref", "account", "number")})


@dataclass(frozen=True, slots=True)
class Found:
    """The purchase orders that the best fitting reference leads to, and the merchant if the account names one."""

    po_ids: tuple[int, ...]
    numbers: tuple[str, ...]
    merchant_id: int | None

    @property
    def only(self) -> int | None:
        """The one purchase order that fits, if it is one."""
        return self.po_ids[0] if len(self.po_ids) == 1 else None


# The better reference wins (rank); an order at this warehouse wins over one of the same number elsewhere. A key is only
# believed from the warehouse that it was sent to. Without an account any merchant of the warehouse may be meant.
_FIND = """
WITH merchants AS (
    SELECT merchant_id FROM merchant_at_warehouse
    WHERE warehouse_id = :warehouse_id AND (CAST(:account AS text) = '' OR account = :account)
), found AS (
    SELECT 1 AS rank, k.purchase_order_id AS id FROM document d JOIN po_key k ON k.id = d.po_key_id
    WHERE :document_key <> '' AND d.key = :document_key AND d.warehouse_id = :warehouse_id
    UNION
    SELECT 2, k.purchase_order_id FROM document d JOIN po_key k ON k.id = d.po_key_id
    WHERE :warehouse_ref <> '' AND d.warehouse_id = :warehouse_id AND d.warehouse_ref = :warehouse_ref
      AND d.warehouse_ref <> ''
    UNION
    SELECT CASE WHEN po.warehouse_id = :warehouse_id THEN 3 ELSE 4 END, po.id
    FROM purchase_order po WHERE :number <> '' AND po.number = :number
      AND po.merchant_id IN (SELECT merchant_id FROM merchants)
), fitting AS (
    SELECT f.id, po.number, min(f.rank) AS rank FROM found f JOIN purchase_order po ON po.id = f.id GROUP BY 1, 2
)
SELECT (SELECT min(merchant_id) FROM merchants HAVING count(DISTINCT merchant_id) = 1) AS merchant_id, f.id, f.number
FROM (SELECT 1) one LEFT JOIN fitting f ON f.rank = (SELECT min(rank) FROM fitting)
ORDER BY f.id
"""
# Documents carry the warehouse's id of all that was sent; an order may know it without one (it was moved in by hand).
_FIND_BY_REF = """
SELECT id, number FROM purchase_order
WHERE warehouse_id = :warehouse_id AND warehouse_ref = :warehouse_ref AND warehouse_ref <> '' ORDER BY id LIMIT 3
"""


def find_orders(unit: Unit, warehouse_id: int, references: References) -> Found:
    """The orders that a receipt of this warehouse may be for. Nothing is locked: the caller locks the one it takes."""
    rows = unit.rows(_FIND, warehouse_id=warehouse_id, **references.stored())
    merchant_id = rows[0].merchant_id
    fitting = [row for row in rows if row.id is not None]
    if not fitting and references.warehouse_ref:
        fitting = unit.rows(_FIND_BY_REF, warehouse_id=warehouse_id, warehouse_ref=references.warehouse_ref)
    return Found(tuple(row.id for row in fitting), tuple(row.number for row in fitting), merchant_id)


def lock_reference(unit: Unit, warehouse_id: int, reference: str) -> None:
    """Let one caller at a time work on what a warehouse reports under one reference, where no order can be locked yet.

    It is taken before any row lock.
    """
    unit.run("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))", name=f"receipts {warehouse_id} {reference}")
