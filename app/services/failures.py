"""Refused records of a run, kept with reason and raw text until a person retries or ignores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.record import digest_of
from app.services.unit_of_work import Unit

KEPT_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Failure:
    """One refused record: where it came from, why, and its text as received."""

    reference: str
    reason: str
    text: str


# The same bad record met again moves to the newest run instead of piling up.
_KEEP = """
WITH given AS (
    SELECT * FROM unnest(CAST(:digests AS text[]), CAST(:references AS text[]), CAST(:reasons AS text[]),
                         CAST(:texts AS text[])) AS g(digest, reference, reason, text)
), moved AS (
    UPDATE run_failure f SET run_id = :run_id, at = clock_timestamp(), reason = g.reason, reference = g.reference
    FROM given g WHERE f.connection_id = :connection_id AND f.digest = g.digest AND f.state = 'open'
    RETURNING f.digest
)
INSERT INTO run_failure (run_id, connection_id, merchant_id, reference, reason, text, digest)
SELECT :run_id, c.id, c.merchant_id, g.reference, g.reason, g.text, g.digest
FROM given g JOIN connection c ON c.id = :connection_id WHERE g.digest NOT IN (SELECT digest FROM moved)
"""


def keep(unit: Unit, run_id: int, connection_id: int, failures: Sequence[Failure]) -> None:
    """Keep refused records of a run."""
    if not failures:
        return
    texts = [storable(failure.text) for failure in failures]
    unit.run(
        _KEEP,
        digests=[digest_of(text) for text in texts],
        references=[failure.reference for failure in failures],
        reasons=[failure.reason for failure in failures],
        texts=[text[:KEPT_TEXT] for text in texts],
        run_id=run_id,
        connection_id=connection_id,
    )


def storable(raw: str) -> str:
    """Text as PostgreSQL can keep it: NUL and lone surrogates become visible marks instead of an error."""
    return raw.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
