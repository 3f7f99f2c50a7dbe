"""Why an order is not moving, as merchants and partners read it, and what holds for every reader."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.people import Role
from app.domain.standing import stand
from app.domain.states import PoStatus
from app.domain.wording import plain
from tests.domain.situations import (
    ACCEPTED,
    ALL,
    CAME,
    FULL,
    HELD,
    SENDING,
    SOME,
    WAITS,
    ago,
    ahead,
    late,
    message,
    read,
    situation,
)

MERCHANT: list[tuple[PoStatus, dict[str, Any], str]] = [
    (PoStatus.NEW, {"step": "judge"}, "Being prepared. The rules judge it within seconds."),
    (
        PoStatus.NEW,
        {"step": "judge", "step_due_at": ago(minutes=10)},
        "Nobody works on it. The rules should have judged it 10 minutes ago, and no worker has taken it.",
    ),
    (
        PoStatus.NEW,
        {**HELD, "held_until": ahead(days=7)},
        "On hold. Held by rule “Hold samples” until 17 Mar 2026, 12:00 UTC (in 7 days).",
    ),
    (PoStatus.NEW, HELD, "On hold. Held by rule “Hold samples”."),
    # Merchants read no messages: neither that one waits, nor that one is missing, nor that the connection is off.
    (PoStatus.NEW, {**SENDING, "since": ago(days=1), "off": "Connection “Acme”"}, "On its way. It goes to East."),
    (PoStatus.OPEN, {**ACCEPTED, "off": "Connection “Acme”"}, f"Waiting for the goods. {WAITS}"),
    (
        PoStatus.OPEN,
        {**ACCEPTED, "completed_at_source": True, "failed_receipts": 2},
        f"Waiting for the goods. {WAITS}",
    ),
    (
        PoStatus.OPEN,
        {**ACCEPTED, "pending": "change"},
        f"Waiting for the goods. {WAITS} A change from the source waits for a decision.",
    ),
    (PoStatus.PARTIALLY_RECEIVED, {**SOME, **late(3)}, f"Late. {CAME}, due 3 days ago (7 Mar 2026)."),
    (PoStatus.RECEIVED, ALL, f"All came. {FULL} The source knows."),
    (PoStatus.RECEIVED, {**ALL, "unsettled": 1}, f"All came. {FULL} The source is told at the next status update."),
    # A push that failed puts its receipts in Error, so nobody may say that the source knows.
    (PoStatus.RECEIVED, {**ALL, "failed_receipts": 1}, f"All came. {FULL}"),
    (PoStatus.ERROR, {"failed_step": "rules", "reason": "No SKU."}, "Rules failed. It stopped 5 minutes ago: No SKU."),
    (PoStatus.CANCELED, {"reason": "The source canceled it."}, "Canceled. 5 minutes ago: The source canceled it."),
    (PoStatus.ARCHIVED, {"reason": "Twice"}, "Put away. 5 minutes ago: Twice."),
    (PoStatus.ARCHIVED, {"rejected": True, "reason": "Sample"}, "Rejected by a rule. 5 minutes ago: Sample."),
    (
        PoStatus.CLOSED,
        {"reason": "Timeout.", "waiting_lines": 2, "waiting_units": Decimal(9)},
        "Closed. 5 minutes ago: Timeout. 2 lines with 9 units never came.",
    ),
    (PoStatus.CLOSED, {"short_lines": 1}, "Closed. 5 minutes ago. 1 line was closed short."),
    (
        PoStatus.CLOSED,
        {"short_lines": 1, "unsettled": 1},
        "Closed. 5 minutes ago. 1 line was closed short. The source is told at the next status update.",
    ),
]


@pytest.mark.parametrize(("status", "facts", "sentence"), MERCHANT)
def test_what_a_merchant_is_told(status: PoStatus, facts: dict[str, Any], sentence: str) -> None:
    said, helps = read(situation(status, Role.MERCHANT, **facts))
    assert said == sentence
    assert helps in {"grey", "blue", "green", "amber", "red"}


GOING = {**ACCEPTED, **SOME}
PARTNER: list[tuple[PoStatus, dict[str, Any], str, str]] = [
    (PoStatus.NEW, HELD, "Being prepared. A new version of it is on its way to you.", "blue"),
    (
        PoStatus.ERROR,
        {"reason": "Secret."},
        "In question. Support looks into it. Receipts are taken as before.",
        "amber",
    ),
    (PoStatus.CANCELED, {"reason": "Secret."}, "Canceled. Nothing of it is expected any more.", "grey"),
    (PoStatus.CLOSED, {"reason": "Secret."}, "Closed. Nothing more of it is expected.", "grey"),
    (PoStatus.ARCHIVED, {"rejected": True, "reason": "Secret."}, "Put away. Nothing more of it is expected.", "grey"),
    (PoStatus.RECEIVED, ALL, "All came. Every line was received in full, the last 5 hours ago.", "green"),
    (PoStatus.RECEIVED, {"unsettled": 3}, "All came. Every line was received in full.", "green"),
    (PoStatus.OPEN, ACCEPTED, f"Waiting for the goods. {WAITS}", "blue"),
    (
        PoStatus.OPEN,
        {"accepted_at": ago(days=12), **late(3)},
        "Late. No receipt for 12 days, due 3 days ago (7 Mar 2026).",
        "amber",
    ),
    (PoStatus.PARTIALLY_RECEIVED, SOME, f"Waiting for the rest. {CAME}.", "blue"),
    (PoStatus.OPEN, {**ACCEPTED, "cancel_state": "waiting"}, "Cancel. East is asked to cancel it.", "amber"),
    (
        PoStatus.NEW,
        {"cancel_state": "waiting", "warehouse": ""},
        "Cancel. The warehouse is asked to cancel it.",
        "amber",
    ),
]


@pytest.mark.parametrize(("status", "facts", "sentence", "tone"), PARTNER)
def test_what_a_partner_is_told(status: PoStatus, facts: dict[str, Any], sentence: str, tone: str) -> None:
    assert read(situation(status, Role.PARTNER, **facts)) == (sentence, tone)


# All that stands in the way at once, as no order has it.
EVERYTHING: dict[str, Any] = {
    **GOING,
    "reason": "REASON",
    "held_by": "RULE",
    "off": "CONNECTION",
    "source": "SOURCE",
    "failed_receipts": 2,
    "pending": "change",
    "completed_at_source": True,
    "rejected": True,
    "closes_at": ahead(days=2),
    "notice": message(attempts=2, code="503"),
    "push": message("failed", kind="status", answer="ANSWER"),
    "unsettled": 1,
}


@pytest.mark.parametrize("status", PoStatus)
@pytest.mark.parametrize("step", ["judge", "hold", "send", "wait", "none"])
def test_a_partner_hears_of_no_rule_reason_source_and_message(status: PoStatus, step: str) -> None:
    said, _ = read(situation(status, Role.PARTNER, step=step, **EVERYTHING))
    for secret in ("REASON", "RULE", "CONNECTION", "SOURCE", "ANSWER", "503", "attempt", "source", "rule", "decision"):
        assert secret not in said


@given(
    status=st.sampled_from(PoStatus),
    role=st.sampled_from([Role.ADMIN, Role.SUPPORT, Role.MERCHANT, Role.PARTNER]),
    step=st.sampled_from(["judge", "hold", "send", "wait", "none"]),
    kept=st.sets(st.sampled_from(sorted(EVERYTHING))),
    cancel=st.sampled_from(["", "waiting", "confirmed", "refused"]),
)
def test_whatever_the_facts_it_is_whole_sentences(
    status: PoStatus, role: Role, step: str, kept: set[str], cancel: str
) -> None:
    facts = {name: EVERYTHING[name] for name in kept}
    told = stand(situation(status, role, step=step, cancel_state=cancel, **facts))
    lead, words = told.lead, plain(told.words)
    assert lead.endswith(".")
    assert words[0].isupper() or words[0].isdigit()
    assert words.endswith(".")
    assert "  " not in words
    assert " ." not in words
    assert told.tone in {"grey", "blue", "green", "amber", "red"}
    assert told.action in {"", "reprocess", "close_short", "reopen"}
    assert told.link in {"", "connection", "deliveries", "receipts"}
