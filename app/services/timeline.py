"""The append-only timeline: every entry is written in the transaction of what it tells."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.services.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of custody. `actor` is a person, a rule or a connector; `data` gives the words their facts."""

    kind: str
    purchase_order_id: int | None = None
    receipt_id: int | None = None
    connection_id: int | None = None
    external_id: str = ""
    actor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


# One statement for any number of entries; connection and external id are filled in from the order where they are not
# given, so that the entry still tells of it after the order is deleted.
_TELL = """
INSERT INTO activity (kind, purchase_order_id, receipt_id, connection_id, external_id, actor, data)
SELECT e.kind, e.po, e.receipt, coalesce(e.connection, po.connection_id),
       coalesce(nullif(e.external, ''), po.external_id, ''), e.actor, e.data
FROM jsonb_to_recordset(CAST(:entries AS jsonb))
     AS e(n int, kind text, po bigint, receipt bigint, connection bigint, external text, actor text, data jsonb)
LEFT JOIN purchase_order po ON po.id = e.po
ORDER BY e.n
"""


def tell(unit: Unit, entries: Iterable[Entry]) -> None:
    """Write entries, in their order."""
    rows = [
        {
            "n": number,
            "kind": entry.kind,
            "po": entry.purchase_order_id,
            "receipt": entry.receipt_id,
            "connection": entry.connection_id,
            "external": entry.external_id,
            "actor": entry.actor,
            "data": dict(entry.data),
        }
        for number, entry in enumerate(entries)
    ]
    if rows:
        unit.run(_TELL, entries=json.dumps(rows, ensure_ascii=False, default=str))
