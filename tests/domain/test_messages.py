"""What is said of a message that has not arrived: how far it has come, what was answered, whether the source knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.messages import answered, told, trying
from app.domain.situation import Outgoing
from app.domain.wording import plain

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DUE = Outgoing(1, "create", "due", since=NOW - timedelta(hours=2), due_at=NOW + timedelta(minutes=15))


def message(**values: Any) -> Outgoing:
    """A message to a warehouse that waits for its first attempt, unless told otherwise."""
    return replace(DUE, **values)


@pytest.mark.parametrize(
    ("values", "sentence", "tone"),
    [
        ({"state": "leased"}, "A message to East is at work right now (attempt 1 of 8).", "blue"),
        ({"state": "leased", "attempts": 7}, "A message to East is at work right now (attempt 8 of 8).", "blue"),
        ({"due_at": NOW}, "It goes to East within seconds.", "blue"),
        ({"due_at": NOW - timedelta(hours=1)}, "It goes to East within seconds.", "blue"),
        ({}, "It goes to East at 10 Mar 2026, 12:15 UTC (in 15 minutes).", "blue"),
        (
            {"attempts": 2},
            (
                "Waiting for East since 10 Mar 2026, 10:00 UTC: attempt 3 of 8 is due at 10 Mar 2026, 12:15 UTC"
                " (in 15 minutes)."
            ),
            "amber",
        ),
        (
            {"attempts": 2, "code": "503"},
            (
                "Waiting for East since 10 Mar 2026, 10:00 UTC: attempt 3 of 8 is due at 10 Mar 2026, 12:15 UTC"
                " (in 15 minutes); the last answer was 503 Service Unavailable."
            ),
            "amber",
        ),
        (
            {"attempts": 1, "answer": "The folder is full. Make room in it.", "due_at": NOW},
            (
                "Waiting for East since 10 Mar 2026, 10:00 UTC: attempt 2 of 8 is due at 10 Mar 2026, 12:00 UTC"
                " (now); the last answer was “The folder is full”."
            ),
            "amber",
        ),
        (
            {"attempts": 3, "unknown": True, "code": "503"},
            (
                "East did not answer in time: before anything is sent again it is looked up there, by attempt 4 of 8 at"
                " 10 Mar 2026, 12:15 UTC (in 15 minutes)."
            ),
            "amber",
        ),
    ],
)
def test_how_far_a_message_has_come(values: dict[str, Any], sentence: str, tone: str) -> None:
    words, told_tone = trying(message(**values), "East", NOW)
    assert (plain(words), told_tone) == (sentence, tone)


def test_a_target_without_a_name_opens_a_sentence_with_a_capital() -> None:
    silent = message(attempts=1, unknown=True)
    assert plain(trying(silent, "the warehouse", NOW)[0]).startswith("The warehouse did not answer in time: ")
    assert plain(trying(message(), "the warehouse", NOW)[0]).startswith("It goes to the warehouse at ")
    assert plain(told(message(state="leased"), "the source", NOW, None)) == "The source is being told right now."
    assert plain(told(message(state="leased"), "eShop", NOW, None)) == "eShop is being told right now."


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ""),
        ({"code": "404"}, "404 Not Found"),
        ({"code": "599"}, "599"),
        ({"code": "²"}, ""),
        ({"code": "ENOSPC", "answer": "No room."}, "“No room”"),
        ({"code": "503", "answer": "Busy."}, "503 Service Unavailable"),
        ({"answer": "No room. Delete files. Then reprocess it."}, "“No room”"),
        ({"answer": "Version 1.2 is refused"}, "“Version 1.2 is refused”"),
        ({"answer": "Wait..."}, "“Wait”"),
    ],
)
def test_the_last_answer_in_few_words(values: dict[str, Any], words: str) -> None:
    assert answered(message(**values)) == words


@pytest.mark.parametrize(
    ("values", "next_update", "sentence"),
    [
        ({"state": "done", "settled_at": NOW}, None, "Shop knows since 10 Mar 2026, 12:00 UTC."),
        ({"state": "done"}, None, "Shop knows since now."),
        ({"state": "done", "answer": "It takes no messages."}, None, "It takes no messages."),
        ({"state": "failed", "answer": "It said no"}, None, "Shop could not be told: It said no."),
        ({"state": "failed", "answer": "It said no."}, None, "Shop could not be told: It said no."),
        ({"state": "failed"}, None, "Shop could not be told."),
        ({"state": "leased", "attempts": 3}, None, "Shop is being told right now."),
        ({"due_at": NOW}, None, "Shop hears it within seconds."),
        ({}, None, "Shop hears it at the next status update at 10 Mar 2026, 12:15 UTC (in 15 minutes)."),
        (
            {},
            NOW + timedelta(hours=3),
            "Shop hears it at the next status update at 10 Mar 2026, 15:00 UTC (in 3 hours).",
        ),
        # An update that should have been is no time to name; the message's own is.
        ({}, NOW - timedelta(hours=1), "Shop hears it at the next status update at 10 Mar 2026, 12:15 UTC (in"),
        (
            {"attempts": 1, "code": "500"},
            None,
            (
                "Shop could not be told yet. Waiting for Shop since 10 Mar 2026, 10:00 UTC: attempt 2 of 8 is due at"
                " 10 Mar 2026, 12:15 UTC (in 15 minutes); the last answer was 500 Internal Server Error."
            ),
        ),
    ],
)
def test_whether_the_source_knows(values: dict[str, Any], next_update: datetime | None, sentence: str) -> None:
    said = plain(told(message(kind="status", **values), "Shop", NOW, next_update))
    assert said.startswith(sentence)
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("state", "waits", "on_its_way"),
    [
        ("due", True, True),
        ("leased", False, True),
        ("done", False, False),
        ("failed", False, False),
        ("superseded", False, False),
        ("withdrawn", False, False),
    ],
)
def test_which_messages_are_on_their_way(state: str, waits: bool, on_its_way: bool) -> None:
    assert (message(state=state).waits, message(state=state).on_its_way) == (waits, on_its_way)
