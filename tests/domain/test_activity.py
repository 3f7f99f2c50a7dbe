"""The words of the timeline: the fullest wording that the data allows, another one for partners, never a gap."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.activity import KINDS, PARTNER_KINDS, icon, sentence, title

# Kind, data, the sentence for everybody, the sentence for partners.
SENTENCES: list[tuple[str, dict[str, Any], str, str]] = [
    ("imported", {"source": "Shop", "lines": 3}, "Imported from Shop with 3 lines.", ""),
    ("imported", {"source": "Shop"}, "Imported from Shop.", ""),
    ("imported", {}, "Imported.", ""),
    ("routed", {"warehouse": "EAST", "rule": "Route"}, "Routed to EAST by Route.", ""),
    ("held", {"rule": "Wait", "until": "Monday"}, "Held by Wait until Monday.", ""),
    ("held", {"rule": "Wait", "until": ""}, "Held by Wait.", ""),
    ("rejected", {"rule": "No tests", "reason": "It is a test."}, "Rejected by No tests: It is a test.", ""),
    ("sent", {"warehouse": "EAST", "attempt": 2}, "Sent to EAST, attempt 2.", "Sent to EAST."),
    ("accepted", {"warehouse": "EAST", "reference": "A1"}, "EAST accepted it as A1.", "EAST accepted it as A1."),
    ("cancel_refused", {"warehouse": "EAST", "reason": "x"}, "EAST did not cancel it: x", "EAST did not cancel it."),
    (
        "status",
        {"from": "partially_received", "to": "received", "cause": "fully_received", "reason": "All came."},
        "Partially Received → Received: All came.",
        "Partially Received → Received.",
    ),
    ("status", {"from": "new", "to": "open", "reason": ""}, "New → Open.", "New → Open."),
    ("status", {"to": "open"}, "Now Open.", "Now Open."),
    ("receipt", {"receipt": "R-1", "units": "6.5"}, "Receipt R-1: 6.5 units.", "Receipt R-1: 6.5 units."),
    (
        "receipt_failed",
        {"receipt": "R-1", "reason": "x"},
        "Receipt R-1 was not applied: x",
        "Receipt R-1 was not applied.",
    ),
    ("comment", {"text": "Dock {3} is %s"}, "Dock {3} is %s", "Dock {3} is %s"),
    ("edited", {"changes": ["due date", "notes"]}, "Edited: due date, notes.", ""),
    ("late", {"due_date": "2026-03-20"}, "Past its due date 2026-03-20.", "Past its due date 2026-03-20."),
    ("judged", {"rules": 0, "outcome": "accepted"}, "0 rules ran: accepted.", ""),
    ("something new", {"a": 1}, "Something happened.", ""),
]


@pytest.mark.parametrize(("kind", "data", "words", "partners"), SENTENCES)
def test_the_fullest_wording_that_the_data_allows(kind: str, data: dict[str, Any], words: str, partners: str) -> None:
    assert sentence(kind, data) == words
    assert sentence(kind, data, for_partner=True) == (partners or "Something happened.")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("for_partner", [False, True])
def test_without_any_data_each_kind_is_still_a_sentence(kind: str, for_partner: bool) -> None:
    words = sentence(kind, {}, for_partner=for_partner)
    assert words[0].isupper()
    assert words.endswith(".")
    assert "{" not in words


@pytest.mark.parametrize("kind", KINDS)
def test_no_wording_for_partners_holds_a_reason_an_actor_or_a_change(kind: str) -> None:
    told = " ".join(KINDS[kind].for_partners)
    for name in ("{reason}", "{rule}", "{changes}", "{outcome}", "{detail}", "{cause}", "{source}"):
        assert name not in told


def test_partners_read_what_concerns_their_warehouse() -> None:
    assert PARTNER_KINDS == {
        "sent", "accepted", "updated", "cancel_requested", "cancel_confirmed", "cancel_refused", "status", "receipt",
        "receipt_state", "receipt_failed", "late", "comment",
    }  # fmt: skip


def test_each_kind_has_a_title_and_an_icon() -> None:
    assert (title("send_failed"), icon("send_failed")) == ("Send failed", "alert")
    assert (title("unheard of"), icon("unheard of")) == ("Activity", "status")
    assert all(title(kind) and icon(kind) for kind in KINDS)
