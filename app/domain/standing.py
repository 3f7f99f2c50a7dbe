"""Why a purchase order is not moving: one plain sentence for every status, with the action that helps.

Pure: facts and the instant go in, words come out. Partners are told what concerns their warehouse and nothing of rules,
reasons and messages; merchants are told reasons, and nothing of messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from app.domain import standing_waiting as waiting
from app.domain.messages import trying
from app.domain.situation import Situation, Told
from app.domain.states import CAUSES, PoStatus
from app.domain.wording import Moment, ago, ahead, closing, opening

__all__ = ["Situation", "Told", "stand"]

# A worker takes what is due within seconds; what nobody took for so long is worth a look at the workers.
_STUCK: Final = timedelta(minutes=2)


def stand(s: Situation) -> Told:
    """Why an order stands where it stands, for one reader at one instant."""
    if s.partner:
        return _for_partner(s)
    told = _BY_STATUS[s.status](s)
    return told if s.staff else replace(told, action="", link="")


def _new(s: Situation) -> Told:
    if s.cancel_state == "waiting":
        return waiting.cancellation(s)
    return {"judge": _judging, "hold": _held}.get(s.step, _sending)(s)


def _judging(s: Situation) -> Told:
    lead = "Being prepared."
    if s.lease_until is not None and s.lease_until > s.now:
        return Told(lead, ("The rules are judging it right now.",), "blue")
    if s.lease_until is not None:
        return Told(lead, ("The worker that was judging it stopped; another one takes it over within seconds.",))
    if s.step_due_at is not None and s.now - s.step_due_at > _STUCK:
        words = ("The rules should have judged it ", ago(s.step_due_at, s.now), ", and no worker has taken it.")
        help_ = (" Reprocess calls a worker; if it stays, see that the workers run.",) if s.staff else ()
        return Told("Nobody works on it.", words + help_, "amber", "reprocess")
    return Told(lead, ("The rules judge it within seconds.",), "blue")


def _held(s: Situation) -> Told:
    rule = f"rule “{s.held_by}”" if s.held_by else "a rule"
    help_ = (" Reprocess sends it now.",) if s.staff else ()
    if s.held_until is None:
        return Told("On hold.", (f"Held by {rule}.", *help_), "amber", "reprocess")
    if s.held_until <= s.now:
        return Told("On hold.", (f"The hold by {rule} has ended; it goes on within seconds.",), "blue")
    until = (f"Held by {rule} until ", Moment(s.held_until), f" ({ahead(s.held_until, s.now)}).")
    return Told("On hold.", until + help_, "amber", "reprocess")


def _sending(s: Situation) -> Told:
    if s.off and s.staff:
        off = f"{s.off} is switched off, so nothing is sent to {s.where}. Switch it on and it goes out by itself."
        return Told("Nothing is sent.", (off,), "amber", link="connection")
    if s.notice is not None and s.notice.on_its_way:
        words, tone = trying(s.notice, s.where, s.now)
        return Told("On its way.", words, tone, "reprocess" if s.notice.waits else "", "deliveries")
    if s.staff and s.now - s.since > _STUCK:
        gone = f"Its message to {s.where} has gone missing; it is planned again within minutes. Reprocess does it now."
        return Told("On its way.", (gone,), "amber", "reprocess")
    return Told("On its way.", (f"It goes to {s.where}.",), "blue")


def _error(s: Situation) -> Told:
    lead = f"{CAUSES.get(s.failed_step, 'It stopped')}."
    words = (f"It stopped {ago(s.since, s.now)}: ", closing(s.reason) or "no reason was given.")
    return Told(lead, words, "red", "reprocess")


def _canceled(s: Situation) -> Told:
    confirmed = s.cancel_state == "confirmed" and "confirmed" not in s.reason
    more = " The warehouse confirmed that it canceled its document." if confirmed else ""
    return Told("Canceled.", (f"{waiting.ended(s)}{more}",))


def _archived(s: Situation) -> Told:
    lead = "Rejected by a rule." if s.rejected else "Put away."
    how = "sends it, and the rules are not asked again" if s.rejected else "lets it go on where it stood"
    help_ = (f" Reprocess {how}.",) if s.staff else ()
    return Told(lead, (waiting.ended(s), *help_), action="reprocess")


_BY_STATUS: Final[Mapping[PoStatus, Callable[[Situation], Told]]] = MappingProxyType(
    {
        PoStatus.NEW: _new,
        PoStatus.OPEN: waiting.goods,
        PoStatus.PARTIALLY_RECEIVED: waiting.goods,
        PoStatus.RECEIVED: waiting.all_came,
        PoStatus.ERROR: _error,
        PoStatus.CANCELED: _canceled,
        PoStatus.CLOSED: waiting.closed,
        PoStatus.ARCHIVED: _archived,
    }
)

_PARTNER: Final[Mapping[PoStatus, Told]] = MappingProxyType(
    {
        PoStatus.NEW: Told("Being prepared.", ("A new version of it is on its way to you.",), "blue"),
        PoStatus.ERROR: Told("In question.", ("Support looks into it. Receipts are taken as before.",), "amber"),
        PoStatus.CANCELED: Told("Canceled.", ("Nothing of it is expected any more.",)),
        PoStatus.CLOSED: Told("Closed.", ("Nothing more of it is expected.",)),
        PoStatus.ARCHIVED: Told("Put away.", ("Nothing more of it is expected.",)),
    }
)


def _for_partner(s: Situation) -> Told:
    if s.cancel_state == "waiting":
        return Told("Cancel.", (f"{opening(s.where)} is asked to cancel it.",), "amber")
    if s.status is PoStatus.RECEIVED:
        came = f", the last {ago(s.last_receipt_at, s.now)}" if s.last_receipt_at else ""
        return Told("All came.", (f"Every line was received in full{came}.",), "green")
    return _PARTNER.get(s.status) or waiting.goods(s)
