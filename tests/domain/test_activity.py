"""The words of the timeline: what the services tell reads as a sentence, for staff and for partners."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.domain import activity

SERVICES = Path(__file__).resolve().parent.parent.parent / "app" / "services"

SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    (
        "imported",
        {"lines": 4, "reference": "orders.csv, rows 2-5"},
        "Imported with 4 lines, from orders.csv, rows 2-5.",
    ),
    ("imported", {}, "Imported."),
    (
        "judged",
        {"rules": 2, "warehouse": "EAST", "way": "the connection's default"},
        "Goes to EAST: the connection's default.",
    ),
    ("judged", {"rules": 2, "message": "No supplier."}, "Stopped by the rules: No supplier."),
    ("accepted", {"reference": "ASN 55", "attempt": 2}, "Accepted by the warehouse as ASN 55, at attempt 2."),
    (
        "send_retried",
        {"attempt": 1, "message": "It did not answer."},
        "Attempt 1 did not get through: It did not answer.",
    ),
    ("status", {"from": "open", "to": "partially_received", "reason": ""}, "Open → Partially Received."),
    (
        "receipt",
        {"receipt": "R1", "units": "12", "lines": 2, "over": "3"},
        "Receipt R1: 12 units on 2 lines, 3 beyond the order.",
    ),
    ("edited", {"header": {"notes": ["", "wet"]}}, "Changed notes from nothing to “wet”."),
    (
        "edited",
        {"line": 2, "sku": "A", "changes": {"quantity": ["5", "8"]}},
        "Changed quantity from “5” to “8” on line 2 (A).",
    ),
    ("edited", {"added": {"line_number": 3, "sku": "B", "quantity": "1"}}, "Added line 3 (B, 1)."),
    ("edited", {"removed": 1, "sku": "A"}, "Removed line 1 (A)."),
    ("action", {"label": "Close short", "reason": "gone"}, "Close short: gone."),
    ("pending_change", {"kind": "cancel"}, "A cancel from the source waits for a decision."),
    ("late", {"due": "2026-03-01"}, "Past its due date 2026-03-01."),
    ("no_such_kind", {}, "Something happened."),
]


@pytest.mark.parametrize(("kind", "data", "sentence"), SENTENCES)
def test_sentences(kind: str, data: dict[str, Any], sentence: str) -> None:
    said = activity.sentence(kind, data)
    assert said.rstrip(".") == sentence.rstrip(".")


def test_every_kind_that_a_service_tells_has_words() -> None:
    told = set()
    for path in SERVICES.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        told.update(re.findall(r"Entry\(\s*\"([a-z_]+)\"", source))
    assert len(told) > 12
    assert told - set(activity.KINDS) == set()


@pytest.mark.parametrize("kind", sorted(activity.KINDS))
def test_a_row_without_data_still_reads_as_a_sentence(kind: str) -> None:
    for partner in (False, True):
        assert "{" not in activity.sentence(kind, {}, for_partner=partner)


def test_partners_read_no_reason_of_a_status() -> None:
    data = {"from": "open", "to": "closed", "reason": "margin too low"}
    assert activity.sentence("status", data, for_partner=True) == "Open → Closed."
    assert "judged" not in activity.PARTNER_KINDS
    assert "edited" not in activity.PARTNER_KINDS


def test_every_kind_has_a_group_and_every_group_a_kind() -> None:
    assert {kind.group for kind in activity.KINDS.values()} == set(activity.GROUPS)
    assert sum(len(activity.kinds_of(name)) for name in activity.GROUPS) == len(activity.KINDS)
    assert {activity.group(kind) for kind in activity.kinds_of("receipts")} == {"receipts"}


def test_partners_get_only_the_groups_that_have_kinds_for_them() -> None:
    assert activity.groups(for_partner=True) == (
        ("warehouse", "Warehouse"),
        ("receipts", "Receipts"),
        ("status", "Status"),
        ("people", "People"),
    )
    assert [label for _, label in activity.groups()] == [
        "Source", "Rules", "Warehouse", "Receipts", "Source told", "Status", "People",
    ]  # fmt: skip
    assert activity.kinds_of("people", for_partner=True) == ("comment",)
    told = {kind for name in activity.GROUPS for kind in activity.kinds_of(name, for_partner=True)}
    assert told == activity.PARTNER_KINDS


def test_what_is_unknown_has_no_group() -> None:
    assert activity.group("no_such_kind") == ""
    assert activity.kinds_of("no_such_group") == ()


@pytest.mark.parametrize(
    ("tried", "sentence"),
    [
        (("create", "accepted", 1, ""), "Send, attempt 1: it was taken."),
        (
            ("update", "ambiguous", 3, "It did not answer."),
            "Send of a new version, attempt 3: nobody knows whether it got through. It did not answer.",
        ),
        (("look-up", "absent", 2, ""), "Look-up, attempt 2: it is not there."),
        (("status", "retriable", 2, "503."), "Status to the source, attempt 2: it did not get through. 503."),
        (("cancel", "rejected", 1, "Too late."), "Cancel, attempt 1: it was refused. Too late."),
        (("ping", "not_there", 1, ""), "Ping, attempt 1: not there."),
    ],
)
def test_a_try_in_words(tried: tuple[str, str, int, str], sentence: str) -> None:
    assert activity.tried(*tried) == sentence
