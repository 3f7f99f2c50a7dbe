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

    A kind without wordings for partners is not shown to them. `group` is a name of GROUPS, or empty for an unknown
    kind.
    """

    title: str
    icon: str
    wordings: tuple[str, ...]
    for_partners: tuple[str, ...] = ()
    group: str = ""


GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source": "Source",
        "rules": "Rules",
        "warehouse": "Warehouse",
        "receipts": "Receipts",
        "told": "Source told",
        "status": "Status",
        "people": "People",
    }
)
"""The groups that a timeline is filtered by, in their order, with their labels."""


def _kind(group: str, title: str, icon: str, *wordings: str, partners: tuple[str, ...] = ()) -> Kind:
    return Kind(title, icon, wordings, partners, group)


_ACCEPTED = ("Accepted by the warehouse as {reference}.", "The warehouse accepted it.")
_UPDATED = ("The warehouse took version {version} of it.", "The warehouse took an update of it.")
_RECEIPT = (
    "Receipt {receipt}: {units} units on {lines} lines, {over} beyond the order.",
    "Receipt {receipt}: {units} units on {lines} lines.",
    "Receipt {receipt}: {units} units.",
    "A receipt came.",
)
_MOVED = ("{from} → {to}.", "Now {to}.", "The status moved.")

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        # From the source.
        "imported": _kind(
            "source",
            "Imported",
            "inbox",
            "Imported with {lines} lines, from {reference}.",
            "Imported with {lines} lines.",
            "Imported.",
        ),
        "changed": _kind(
            "source",
            "Changed at the source",
            "change",
            "Changed at the source before it was sent: rebuilt with {lines} lines.",
            "Rebuilt from the source.",
        ),
        "pending_change": _kind("source", "Change waits", "change", "A {kind} from the source waits for a decision."),
        "canceled_at_source": _kind(
            "source", "Canceled at the source", "cancel", "The source canceled it; that is noted here."
        ),
        "completed_at_source": _kind(
            "source",
            "Completed at the source",
            "alert",
            "The source says it is complete, and goods are still expected here. Close it short if nothing more comes.",
        ),
        # Judged.
        "judged": _kind(
            "rules",
            "Judged",
            "rule",
            "Goes to {warehouse}: {way}.",
            "Stopped by the rules: {message}",
            "{rules} rules ran.",
        ),
        "held": _kind("rules", "Held", "pause", "Held until {until}.", "Held by a rule."),
        # To the warehouse.
        "accepted": _kind(
            "warehouse",
            "Accepted",
            "check",
            "Accepted by the warehouse as {reference}, at attempt {attempt}.",
            *_ACCEPTED,
            partners=_ACCEPTED,
        ),
        "updated": _kind("warehouse", "Updated", "send", *_UPDATED, partners=_UPDATED),
        "send_retried": _kind(
            "warehouse",
            "Send again later",
            "retry",
            "Attempt {attempt} did not get through: {message}",
            "An attempt did not get through; it is tried again.",
        ),
        "send_failed": _kind("warehouse", "Send failed", "alert", "The send failed: {message}", "The send failed."),
        "send_replanted": _kind(
            "warehouse", "Sent again", "retry", "Its message to the warehouse had gone missing; it is sent again."
        ),
        "cancel_requested": _kind(
            "warehouse",
            "Cancel requested",
            "cancel",
            "The warehouse is asked to cancel it.",
            partners=("The warehouse is asked to cancel it.",),
        ),
        "cancel_confirmed": _kind(
            "warehouse",
            "Cancel confirmed",
            "cancel",
            "The warehouse canceled it.",
            partners=("The warehouse canceled it.",),
        ),
        "cancel_refused": _kind(
            "warehouse",
            "Cancel refused",
            "alert",
            "The warehouse did not cancel it: {message}",
            "The warehouse did not cancel it.",
            partners=("The warehouse did not cancel it.",),
        ),
        "warehouse_canceled": _kind(
            "warehouse",
            "Canceled by the warehouse",
            "cancel",
            "{warehouse} canceled its document {reference}.",
            "The warehouse canceled its document.",
            partners=("The warehouse canceled its document.",),
        ),
        # Receipts.
        "receipt": _kind("receipts", "Receipt", "box", *_RECEIPT, partners=_RECEIPT),
        "receipt_waiting": _kind(
            "receipts",
            "Receipt waits",
            "clock",
            "Receipt {receipt} waits for its purchase order.",
            "A receipt waits for its order.",
        ),
        "receipt_correction": _kind(
            "receipts",
            "Correction",
            "box",
            "Receipt {receipt} was corrected: {units} units.",
            "A receipt was corrected.",
            partners=("Receipt {receipt} was corrected: {units} units.", "A receipt was corrected."),
        ),
        "receipt_held": _kind(
            "receipts",
            "Receipt held",
            "alert",
            "Receipt {receipt} waits for a person: {reason}",
            "A receipt waits for a person.",
            partners=("Receipt {receipt} waits for a person.", "A receipt waits for a person."),
        ),
        "receipt_state": _kind(
            "receipts",
            "Receipt",
            "box",
            "The receipt moved {from} → {to}: {reason}",
            "The receipt moved {from} → {to}.",
            "The receipt moved.",
            partners=("The receipt moved {from} → {to}.", "The receipt moved."),
        ),
        # Back to the source.
        "pushed": _kind(
            "told",
            "Source told",
            "upload",
            "The source knows where it stands. Receipts confirmed: {receipts}.",
            "The source knows.",
        ),
        "push_retried": _kind(
            "told",
            "Push again later",
            "retry",
            "Attempt {attempt} to tell the source failed: {message}",
            "It is pushed again later.",
        ),
        "push_failed": _kind(
            "told", "Source not told", "alert", "The source did not take it: {message}", "The push failed."
        ),
        # The order itself.
        "status": _kind("status", "Status", "status", "{from} → {to}: {reason}", *_MOVED, partners=_MOVED),
        "late": _kind(
            "status",
            "Late",
            "clock",
            "Past its due date {due}.",
            "Past its due date.",
            partners=("Past its due date {due}.",),
        ),
        "timeout": _kind("status", "Timed out", "clock", "Closed by the timeout: {reason}", "Open for too long."),
        "edited": _kind(
            "people",
            "Edited",
            "edit",
            "Changed {header}. Why: {reason}",
            "Changed {header}.",
            "Changed {changes} on line {line} ({sku}). Why: {reason}",
            "Changed {changes} on line {line} ({sku}).",
            "Added line {added}. Why: {reason}",
            "Added line {added}.",
            "Removed line {removed} ({sku}). Why: {reason}",
            "Removed line {removed} ({sku}).",
            "Edited.",
        ),
        "comment": _kind("people", "Comment", "comment", "{text}", "A comment.", partners=("{text}", "A comment.")),
        "action": _kind("people", "Action", "user", "{label}: {reason}", "{label}.", "A person acted."),
        "deleted": _kind("people", "Deleted", "trash", "Deleted here; it is never imported again.", "Deleted here."),
    }
)

_UNKNOWN: Final = Kind("Activity", "status", ("Something happened.",))

# What an edit changed: field -> (before, after).
_EDITS: Final = frozenset({"header", "changes"})
# Statuses are stored in lower case and read as titles.
_STORED_WORDS: Final = frozenset({"from", "to"})

PARTNER_KINDS: Final = frozenset(name for name, kind in KINDS.items() if kind.for_partners)
"""The kinds that a warehouse partner may read."""


def kinds_of(group: str, *, for_partner: bool = False) -> tuple[str, ...]:
    """The kinds of a group, without those that partners may not read when it is for one; none for an unknown group."""
    return tuple(name for name, kind in KINDS.items() if kind.group == group and (kind.for_partners or not for_partner))


def groups(*, for_partner: bool = False) -> tuple[tuple[str, str], ...]:
    """The (name, label) pairs of the groups that hold a kind for the reader."""
    return tuple((name, label) for name, label in GROUPS.items() if kinds_of(name, for_partner=for_partner))


def group(kind: str) -> str:
    """The group of a kind; empty for an unknown one."""
    return KINDS.get(kind, _UNKNOWN).group


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
        if all(data.get(name) not in (None, "") for name in _names(wording)):
            return wording.format_map({name: _text(name, data[name]) for name in _names(wording)})
    return _UNKNOWN.wordings[0]


_TRIED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accepted": "it was taken",
        "found": "it is there",
        "absent": "it is not there",
        "retriable": "it did not get through",
        "ambiguous": "nobody knows whether it got through",
        "rejected": "it was refused",
    }
)


def tried(action: str, outcome: str, number: int, message: str) -> str:
    """One sentence for one try of a message, as staff read it."""
    what = {"create": "Send", "update": "Send of a new version", "status": "Status to the source"}.get(action, action)
    end = _TRIED.get(outcome, outcome.replace("_", " "))
    said = f" {message}" if message else ""
    return f"{what.capitalize()}, attempt {number}: {end}.{said}"


def _names(wording: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(wording) if name]


def _text(name: str, value: Any) -> str:
    if name in _STORED_WORDS:
        return str(value).replace("_", " ").title()
    if name in _EDITS and isinstance(value, Mapping):
        return "; ".join(
            f"{field.replace('_', ' ')} from {_shown(a)} to {_shown(b)}" for field, (a, b) in value.items()
        )
    if name == "added" and isinstance(value, Mapping):
        return f"{value.get('line_number')} ({value.get('sku')}, {value.get('quantity')})"
    return ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)


def _shown(value: Any) -> str:
    return f"“{value}”" if value not in (None, "", [], {}) else "nothing"
