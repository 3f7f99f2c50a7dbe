"""The words of the timeline: one stored kind and its data become one sentence, when somebody reads it.

A kind has several wordings, the fullest first; the first one whose names are all in the data is taken, so that an old
or a thin row still reads as a sentence. Partners get a wording of their own where the full one could carry a rule's
words, a person's reason or a value of the order that is not meant for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of activity reads: its title, its icon's name, its wordings, and the wordings for partners.

    A kind without wordings for partners is not shown to them.
    """

    title: str
    icon: str
    wordings: tuple[str, ...]
    for_partners: tuple[str, ...] = ()


def _kind(title: str, icon: str, *wordings: str, partners: tuple[str, ...] = ()) -> Kind:
    return Kind(title, icon, wordings, partners)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "imported": _kind(
            "Imported", "inbox", "Imported from {source} with {lines} lines.", "Imported from {source}.", "Imported."
        ),
        "changed": _kind(
            "Changed at the source", "change", "Rebuilt from the source: {changes}.", "Rebuilt from the source."
        ),
        "judged": _kind(
            "Judged", "rule", "{rules} rules ran: {outcome}.", "The rules ran: {outcome}.", "The rules ran."
        ),
        "routed": _kind(
            "Routed", "route", "Routed to {warehouse} by {rule}.", "Routed to {warehouse}.", "Routed to a warehouse."
        ),
        "held": _kind(
            "Held",
            "pause",
            "Held by {rule} until {until}.",
            "Held until {until}.",
            "Held by {rule}.",
            "Held by a rule.",
        ),
        "rejected": _kind(
            "Rejected", "ban", "Rejected by {rule}: {reason}", "Rejected: {reason}", "Rejected by a rule."
        ),
        "sent": _kind(
            "Sent",
            "send",
            "Sent to {warehouse}, attempt {attempt}.",
            "Sent to {warehouse}.",
            "Sent to the warehouse.",
            partners=("Sent to {warehouse}.", "Sent to the warehouse."),
        ),
        "accepted": _kind(
            "Accepted",
            "check",
            "{warehouse} accepted it as {reference}.",
            "{warehouse} accepted it.",
            "The warehouse accepted it.",
            partners=(
                "{warehouse} accepted it as {reference}.",
                "{warehouse} accepted it.",
                "The warehouse accepted it.",
            ),
        ),
        "send_failed": _kind(
            "Send failed",
            "alert",
            "{warehouse} did not take it: {reason}",
            "The send failed: {reason}",
            "The send failed.",
        ),
        "send_retried": _kind(
            "Send again later",
            "retry",
            "Attempt {attempt} failed, the next one is due {next_at}: {reason}",
            "Attempt {attempt} failed: {reason}",
            "An attempt failed; it is tried again.",
        ),
        "updated": _kind(
            "Updated",
            "send",
            "{warehouse} took version {version} of it.",
            "The warehouse took an update of it.",
            partners=("{warehouse} took version {version} of it.", "The warehouse took an update of it."),
        ),
        "cancel_requested": _kind(
            "Cancel requested",
            "cancel",
            "{warehouse} was asked to cancel it: {reason}",
            "{warehouse} was asked to cancel it.",
            "The warehouse was asked to cancel it.",
            partners=("{warehouse} was asked to cancel it.", "The warehouse was asked to cancel it."),
        ),
        "cancel_confirmed": _kind(
            "Cancel confirmed",
            "cancel",
            "{warehouse} canceled it.",
            "The warehouse canceled it.",
            partners=("{warehouse} canceled it.", "The warehouse canceled it."),
        ),
        "cancel_refused": _kind(
            "Cancel refused",
            "alert",
            "{warehouse} did not cancel it: {reason}",
            "The warehouse did not cancel it: {reason}",
            "The warehouse did not cancel it.",
            partners=("{warehouse} did not cancel it.", "The warehouse did not cancel it."),
        ),
        "status": _kind(
            "Status",
            "status",
            "{from} → {to}: {reason}",
            "{from} → {to}.",
            "Now {to}.",
            "The status moved.",
            partners=("{from} → {to}.", "Now {to}.", "The status moved."),
        ),
        "receipt_state": _kind(
            "Receipt",
            "box",
            "The receipt moved {from} → {to}: {reason}",
            "The receipt moved {from} → {to}.",
            "The receipt moved.",
            partners=("The receipt moved {from} → {to}.", "The receipt moved."),
        ),
        "receipt": _kind(
            "Receipt",
            "box",
            "Receipt {receipt}: {units} units.",
            "Receipt {receipt}.",
            "A receipt came.",
            partners=("Receipt {receipt}: {units} units.", "Receipt {receipt}.", "A receipt came."),
        ),
        "receipt_failed": _kind(
            "Receipt in Error",
            "alert",
            "Receipt {receipt} was not applied: {reason}",
            "A receipt was not applied: {reason}",
            "A receipt was not applied.",
            partners=("Receipt {receipt} was not applied.", "A receipt was not applied."),
        ),
        "pushed": _kind(
            "Source told", "upload", "{source} knows: {units} units.", "{source} knows.", "The source knows."
        ),
        "push_failed": _kind(
            "Source not told",
            "alert",
            "{source} did not take it: {reason}",
            "The push failed: {reason}",
            "The push failed.",
        ),
        "late": _kind(
            "Late",
            "clock",
            "Past its due date {due_date}.",
            "Past its due date.",
            partners=("Past its due date {due_date}.", "Past its due date."),
        ),
        "timeout": _kind("Timed out", "clock", "Open for more than {days} days.", "Open for too long."),
        "edited": _kind("Edited", "edit", "Edited: {changes}.", "Edited."),
        "comment": _kind("Comment", "comment", "{text}", "A comment.", partners=("{text}", "A comment.")),
        "action": _kind("Action", "user", "{action}: {reason}", "{action}: {detail}", "{action}.", "A person acted."),
        "pending_change": _kind(
            "Change waits",
            "change",
            "A change from the source waits for a decision: {changes}.",
            "A change from the source waits for a decision.",
        ),
        "deleted": _kind("Deleted", "trash", "Deleted here: {reason}", "Deleted here."),
    }
)

_UNKNOWN: Final = Kind("Activity", "status", ("Something happened.",))

# Statuses are stored in lower case and read as titles.
_STORED_WORDS: Final = frozenset({"from", "to"})

PARTNER_KINDS: Final = frozenset(name for name, kind in KINDS.items() if kind.for_partners)
"""The kinds that a warehouse partner may read."""


def title(kind: str) -> str:
    """The short name of a kind, for a filter or a heading."""
    return KINDS.get(kind, _UNKNOWN).title


def icon(kind: str) -> str:
    """The name of a kind's icon."""
    return KINDS.get(kind, _UNKNOWN).icon


def sentence(kind: str, data: Mapping[str, Any], *, for_partner: bool = False) -> str:
    """One sentence for one line of the timeline; an unknown kind and missing data still give one."""
    known = KINDS.get(kind, _UNKNOWN)
    wordings = known.for_partners if for_partner else known.wordings
    for wording in wordings:
        if all(data.get(name) not in {None, ""} for name in _names(wording)):
            return wording.format_map({name: _text(name, data[name]) for name in _names(wording)})
    return _UNKNOWN.wordings[0]


def _names(wording: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(wording) if name]


def _text(name: str, value: Any) -> str:
    if name in _STORED_WORDS:
        return str(value).replace("_", " ").title()
    return ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
