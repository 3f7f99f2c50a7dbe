"""What else holds an order up that a warehouse has: a change that waits, a receipt in Error, a push that failed, …"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.domain.messages import told, trying
from app.domain.situation import Situation
from app.domain.wording import Words, ahead

# The end by the timeout is worth a word when it is near.
_TIMEOUT_NEAR: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Also:
    """One sentence more, and what helps against it, as in `Told`."""

    words: Words
    action: str = ""
    link: str = ""


Look = Callable[[Situation], Also | None]


def besides(s: Situation, looks: Sequence[Look]) -> tuple[Words, str, str]:
    """The further sentences, each after a blank, and the first action and the first place that help."""
    found = [also for also in (look(s) for look in looks) if also is not None]
    words = tuple(part for also in found for part in (" ", *also.words))
    action = next((also.action for also in found if also.action), "")
    return words, action, next((also.link for also in found if also.link), "")


def _pending(s: Situation) -> Also | None:
    if not s.pending:
        return None
    what = "The source wants to cancel it; that" if s.pending == "cancel" else "A change from the source"
    return Also((f"{what} waits for a decision.",))


def _completed(s: Situation) -> Also | None:
    if not (s.staff and s.completed_at_source):
        return None
    return Also(("The source says that it is complete: close it short if nothing more comes.",), "close_short")


def _receipts(s: Situation) -> Also | None:
    if not (s.staff and s.failed_receipts):
        return None
    are = "receipt is" if s.failed_receipts == 1 else "receipts are"
    return Also((f"{s.failed_receipts} {are} in Error and not in these numbers.",), "reprocess", "receipts")


def _update(s: Situation) -> Also | None:
    if s.notice is None or not s.notice.on_its_way:
        return None
    return Also(("A change of it is on its way. ", *trying(s.notice, s.where, s.now)[0]), link="deliveries")


def _push(s: Situation) -> Also | None:
    push = s.push
    if push is None or not (push.state == "failed" or (push.attempts and push.on_its_way)):
        return None
    return Also(told(push, s.teller, s.now, s.next_update), "reprocess" if push.state == "failed" else "")


def _off(s: Situation) -> Also | None:
    if not (s.staff and s.off):
        return None
    return Also((f"{s.off} is switched off: nothing is imported, sent or told to the source.",), link="connection")


def _timeout(s: Situation) -> Also | None:
    if s.closes_at is None or not s.now < s.closes_at <= s.now + _TIMEOUT_NEAR:
        return None
    return Also((f"Without anything more it closes by itself {ahead(s.closes_at, s.now)}.",))


ALSO: Final[Sequence[Look]] = (_pending, _completed, _receipts, _update, _push, _off, _timeout)
ALSO_WHEN_DONE: Final[Sequence[Look]] = (_pending, _receipts, _off)
