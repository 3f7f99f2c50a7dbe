"""Why an order is not moving, as staff read it: the exact sentence for every status and every cause."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.people import Role
from app.domain.standing import stand
from app.domain.states import CAUSES, DISPLAY, PoStatus, display_status
from tests.domain.situations import (
    ACCEPTED,
    ALL,
    CAME,
    DUE,
    FULL,
    HELD,
    NOW,
    SENDING,
    SOME,
    TODAY_ENDS,
    WAITS,
    ago,
    ahead,
    late,
    message,
    read,
    situation,
)

# Facts, lead and sentence, and: the tone, the action that helps, the place to look at; a dash where there is none.
Case = tuple[dict[str, Any], str, str]

NEW: list[Case] = [
    ({"step": "judge", "step_due_at": NOW}, "Being prepared. The rules judge it within seconds.", "blue"),
    ({"step": "judge"}, "Being prepared. The rules judge it within seconds.", "blue"),
    (
        {"step": "judge", "step_due_at": ago(minutes=2), "lease_until": ahead(seconds=20)},
        "Being prepared. The rules are judging it right now.",
        "blue",
    ),
    (
        {"step": "judge", "step_due_at": ago(minutes=5), "lease_until": ago(seconds=20)},
        "Being prepared. The worker that was judging it stopped; another one takes it over within seconds.",
        "grey",
    ),
    (
        {"step": "judge", "step_due_at": ago(minutes=10)},
        (
            "Nobody works on it. The rules should have judged it 10 minutes ago, and no worker has taken it."
            " Reprocess calls a worker; if it stays, see that the workers run."
        ),
        "amber reprocess",
    ),
    (
        {**HELD, "held_until": ahead(days=7)},
        "On hold. Held by rule “Hold samples” until 17 Mar 2026, 12:00 UTC (in 7 days). Reprocess sends it now.",
        "amber reprocess",
    ),
    (
        {**HELD, "held_until": NOW},
        "On hold. The hold by rule “Hold samples” has ended; it goes on within seconds.",
        "blue",
    ),
    # Until a person sends it.
    (HELD, "On hold. Held by rule “Hold samples”. Reprocess sends it now.", "amber reprocess"),
    ({"step": "hold"}, "On hold. Held by a rule. Reprocess sends it now.", "amber reprocess"),
    (
        {**SENDING, "off": "Connection “Acme”", "notice": message()},
        (
            "Nothing is sent. Connection “Acme” is switched off, so nothing is sent to East. Switch it"
            " on and it goes out by itself."
        ),
        "amber - connection",
    ),
    (
        {**SENDING, "notice": message(due_at=NOW)},
        "On its way. It goes to East within seconds.",
        "blue reprocess deliveries",
    ),
    (
        {**SENDING, "notice": message("leased", attempts=2)},
        "On its way. A message to East is at work right now (attempt 3 of 8).",
        "blue - deliveries",
    ),
    (
        {**SENDING, "notice": message(attempts=2, code="503", answer="Busy. Try later.")},
        (
            "On its way. Waiting for East since 10 Mar 2026, 10:00 UTC: attempt 3 of 8 is due at 10 Mar 2026, 12:15 UTC"
            " (in 15 minutes); the last answer was 503 Service Unavailable."
        ),
        "amber reprocess deliveries",
    ),
    ({**SENDING, "since": ago(minutes=2)}, "On its way. It goes to East.", "blue"),
    ({**SENDING, "warehouse": "", "since": ago(seconds=10)}, "On its way. It goes to the warehouse.", "blue"),
    (
        {"step": "wait", "notice": message("done")},
        "On its way. Its message to East has gone missing; it is planned again within minutes. Reprocess does it now.",
        "amber reprocess",
    ),
    (
        {**SENDING, "cancel_state": "waiting"},
        (
            "Cancel at the warehouse: waiting. The source canceled it, and East is asked to cancel its"
            " document. Its answer is awaited."
        ),
        "amber",
    ),
]

OPEN: list[Case] = [
    (ACCEPTED, f"Waiting for the goods. {WAITS}", "blue"),
    (
        {**ACCEPTED, "late_from": TODAY_ENDS, "due_date": DUE},
        "Waiting for the goods. Accepted by East 12 days ago; expected on 10 Mar 2026 (today).",
        "blue",
    ),
    ({"accepted_at": ago(seconds=5)}, "Waiting for the goods. Accepted by East just now; it has no due date.", "blue"),
    ({}, "Waiting for the goods. East has it; it has no due date.", "blue"),
    ({"warehouse": ""}, "Waiting for the goods. The warehouse has it; it has no due date.", "blue"),
    ({"accepted_at": ago(days=12), **late(3)}, "Late. No receipt for 12 days, due 3 days ago (7 Mar 2026).", "amber"),
    (late(1), "Late. No receipt yet, due yesterday (9 Mar 2026).", "amber"),
    (
        {"accepted_at": ago(hours=30), "late_from": TODAY_ENDS - timedelta(days=1)},
        "Late. No receipt for 30 hours, due yesterday.",
        "amber",
    ),
    (
        {**ACCEPTED, "cancel_state": "waiting", "notice": message(kind="cancel", attempts=1, code="503")},
        (
            "Cancel at the warehouse: waiting. The source canceled it, and East is asked to cancel"
            " its document. Waiting for East since 10 Mar 2026,"
            " 10:00 UTC: attempt 2 of 8 is due at 10 Mar 2026, 12:15 UTC (in 15 minutes);"
            " the last answer was 503 Service Unavailable."
        ),
        "amber - deliveries",
    ),
    (
        {**ACCEPTED, "pending": "change"},
        f"Waiting for the goods. {WAITS} A change from the source waits for a decision.",
        "blue",
    ),
    (
        {**ACCEPTED, "pending": "cancel"},
        f"Waiting for the goods. {WAITS} The source wants to cancel it; that waits for a decision.",
        "blue",
    ),
    (
        {**ACCEPTED, "completed_at_source": True},
        f"Waiting for the goods. {WAITS} The source says that it is complete: close it short if nothing more comes.",
        "amber close_short",
    ),
    (
        {**ACCEPTED, "failed_receipts": 1},
        f"Waiting for the goods. {WAITS} 1 receipt is in Error and not in these numbers.",
        "amber reprocess receipts",
    ),
    (
        {**ACCEPTED, "failed_receipts": 3, "off": "The channel of “Acme”"},
        (
            f"Waiting for the goods. {WAITS} 3 receipts are in Error and not in these numbers."
            " The channel of “Acme” is switched off: nothing is imported, sent or told to the source."
        ),
        "amber reprocess receipts",
    ),
    (
        {**ACCEPTED, "off": "Connection “Acme”"},
        (
            f"Waiting for the goods. {WAITS} Connection “Acme” is switched off: nothing is imported, sent"
            " or told to the source."
        ),
        "blue - connection",
    ),
    (
        {**ACCEPTED, "notice": message(kind="update", due_at=NOW)},
        f"Waiting for the goods. {WAITS} A change of it is on its way. It goes to East within seconds.",
        "blue - deliveries",
    ),
    ({**ACCEPTED, "notice": message("done")}, f"Waiting for the goods. {WAITS}", "blue"),
    (
        {**ACCEPTED, "closes_at": ahead(days=14)},
        f"Waiting for the goods. {WAITS} Without anything more it closes by itself in 14 days.",
        "blue",
    ),
    ({**ACCEPTED, "closes_at": ahead(days=14, seconds=1)}, f"Waiting for the goods. {WAITS}", "blue"),
    ({**ACCEPTED, "closes_at": NOW}, f"Waiting for the goods. {WAITS}", "blue"),
]

PARTIAL: list[Case] = [
    (SOME, f"Waiting for the rest. {CAME}.", "blue"),
    (
        {**SOME, "units_ordered": Decimal(1), "waiting_lines": 1, "last_receipt_at": None},
        "Waiting for the rest. 400.5 of 1 unit came; 1 line waits.",
        "blue",
    ),
    (
        {**SOME, "late_from": TODAY_ENDS + timedelta(days=1), "due_date": date(2026, 3, 11)},
        f"Waiting for the rest. {CAME}, expected on 11 Mar 2026 (tomorrow).",
        "blue",
    ),
    ({**SOME, **late(3)}, f"Late. {CAME}, due 3 days ago (7 Mar 2026).", "amber"),
    (
        {**SOME, **late(1), "pending": "cancel", "failed_receipts": 1},
        (
            f"Late. {CAME}, due yesterday (9 Mar 2026). The source wants to cancel it; that waits for a decision."
            " 1 receipt is in Error and not in these numbers."
        ),
        "amber reprocess receipts",
    ),
    (
        {**SOME, "push": message("failed", kind="status", answer="It is closed there")},
        f"Waiting for the rest. {CAME}. Shop could not be told: It is closed there.",
        "amber reprocess",
    ),
    (
        {**SOME, "push": message(kind="status", attempts=1)},
        (
            f"Waiting for the rest. {CAME}. Shop could not be told yet. Waiting for Shop since 10 Mar 2026, 10:00 UTC:"
            " attempt 2 of 8 is due at 10 Mar 2026, 12:15 UTC (in 15 minutes)."
        ),
        "blue",
    ),
    # A message to the source that goes as it should holds nothing up.
    ({**SOME, "push": message(kind="status")}, f"Waiting for the rest. {CAME}.", "blue"),
    ({**SOME, "push": message("done", kind="status", attempts=1)}, f"Waiting for the rest. {CAME}.", "blue"),
]

RECEIVED: list[Case] = [
    (ALL, f"All came. {FULL} The source knows.", "green"),
    ({}, "All came. Every line was received in full. The source knows.", "green"),
    ({**ALL, "unsettled": 2}, f"All came. {FULL} The source is told at the next status update.", "green"),
    (
        {**ALL, "unsettled": 1, "push": message(kind="status"), "next_update": ahead(hours=4)},
        f"All came. {FULL} Shop hears it at the next status update at 10 Mar 2026, 16:00 UTC (in 4 hours).",
        "green",
    ),
    (
        {**ALL, "push": message("done", kind="status", settled_at=NOW)},
        f"All came. {FULL} Shop knows since 10 Mar 2026, 12:00 UTC.",
        "green",
    ),
    (
        {**ALL, "push": message("failed", kind="status", answer="Unknown order.")},
        f"All came. {FULL} Shop could not be told: Unknown order.",
        "red reprocess",
    ),
    (
        {**ALL, "failed_receipts": 1},
        f"All came. {FULL} The source knows. 1 receipt is in Error and not in these numbers.",
        "amber reprocess receipts",
    ),
    # The goods are there: no due date, no timeout, and no word of the source's matters any more.
    (
        {**ALL, **late(3), "closes_at": ahead(days=1), "completed_at_source": True},
        f"All came. {FULL} The source knows.",
        "green",
    ),
]

KNOWS = "The source knows."
ENDED: list[tuple[PoStatus, Case]] = [
    (
        PoStatus.ERROR,
        (
            {"failed_step": "send", "reason": "East said 400: no such account.", "since": ago(hours=2)},
            "Could not be sent. It stopped 2 hours ago: East said 400: no such account.",
            "red reprocess",
        ),
    ),
    (
        PoStatus.ERROR,
        ({"reason": "Broken"}, "It stopped. It stopped 5 minutes ago: Broken.", "red reprocess"),
    ),
    (
        PoStatus.ERROR,
        ({"failed_step": "older"}, "It stopped. It stopped 5 minutes ago: no reason was given.", "red reprocess"),
    ),
    (
        PoStatus.CANCELED,
        ({"reason": "The source canceled it."}, "Canceled. 5 minutes ago: The source canceled it.", "grey"),
    ),
    (
        PoStatus.CANCELED,
        (
            {"reason": "The source canceled it", "cancel_state": "confirmed"},
            "Canceled. 5 minutes ago: The source canceled it. The warehouse confirmed that it canceled its document.",
            "grey",
        ),
    ),
    (
        PoStatus.CANCELED,
        (
            {"reason": "The source canceled it, and East confirmed it.", "cancel_state": "confirmed"},
            "Canceled. 5 minutes ago: The source canceled it, and East confirmed it.",
            "grey",
        ),
    ),
    (PoStatus.CANCELED, ({"since": NOW}, "Canceled. Just now.", "grey")),
    (
        PoStatus.ARCHIVED,
        (
            {"reason": "Asked by the buyer"},
            "Put away. 5 minutes ago: Asked by the buyer. Reprocess lets it go on where it stood.",
            "grey reprocess",
        ),
    ),
    (
        PoStatus.ARCHIVED,
        (
            {"rejected": True, "reason": "No samples!", "since": ago(days=3)},
            "Rejected by a rule. 3 days ago: No samples! Reprocess sends it, and the rules are not asked again.",
            "grey reprocess",
        ),
    ),
    (PoStatus.CLOSED, ({"since": ago(hours=1)}, f"Closed. 1 hour ago. {KNOWS}", "grey")),
    (
        PoStatus.CLOSED,
        (
            {"reason": "Open for 45 days.", "waiting_lines": 1, "waiting_units": Decimal(6)},
            (
                "Closed. 5 minutes ago: Open for 45 days. 1 line with 6 units never came."
                f" Reprocess expects it again for another full timeout. {KNOWS}"
            ),
            "grey reprocess",
        ),
    ),
    (
        PoStatus.CLOSED,
        (
            {"reason": "Closed short by Uma: lost at sea", "short_lines": 2, "unsettled": 1},
            (
                "Closed. 5 minutes ago: Closed short by Uma: lost at sea. 2 lines were closed short."
                " Reopen expects the rest again. The source is told at the next status update."
            ),
            "grey reopen",
        ),
    ),
    (
        PoStatus.CLOSED,
        (
            {"short_lines": 1, "push": message("failed", kind="status", answer="Gone.")},
            (
                "Closed. 5 minutes ago. 1 line was closed short. Reopen expects the rest again. Shop"
                " could not be told: Gone."
            ),
            "red reprocess",
        ),
    ),
]

STAFF = [
    *((PoStatus.NEW, case) for case in NEW),
    *((PoStatus.OPEN, case) for case in OPEN),
    *((PoStatus.PARTIALLY_RECEIVED, case) for case in PARTIAL),
    *((PoStatus.RECEIVED, case) for case in RECEIVED),
    *ENDED,
]


@pytest.mark.parametrize(("status", "case"), STAFF)
@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPPORT])
def test_what_staff_are_told(status: PoStatus, case: Case, role: Role) -> None:
    facts, sentence, helps = case
    assert read(situation(status, role, **facts)) == (sentence, helps)


def test_every_shown_status_has_a_case() -> None:
    shown = {display_status(status, facts.get("late_from"), NOW) for status, (facts, *_) in STAFF}
    assert shown == set(DISPLAY)


@pytest.mark.parametrize("step", sorted(CAUSES))
def test_an_error_opens_with_its_cause(step: str) -> None:
    assert stand(situation(PoStatus.ERROR, failed_step=step)).lead == f"{CAUSES[step]}."
