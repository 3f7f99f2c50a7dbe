"""What is said of a message to the warehouse or to the source that has not arrived yet."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from app.domain.backoff import ATTEMPTS
from app.domain.situation import Outgoing
from app.domain.wording import Moment, Words, ahead, closing, opening


def trying(message: Outgoing, where: str, now: datetime) -> tuple[Words, str]:
    """How far a message on its way has come, and the tone of that; `where` is what to call its target."""
    if message.state == "leased":
        return (f"A message to {where} is at work right now (attempt {message.attempts + 1} of {ATTEMPTS}).",), "blue"
    if not message.attempts:
        if message.due_at <= now:
            return (f"It goes to {where} within seconds.",), "blue"
        return (f"It goes to {where} at ", Moment(message.due_at), f" ({ahead(message.due_at, now)})."), "blue"
    attempt = f"attempt {message.attempts + 1} of {ATTEMPTS}"
    due: Words = (Moment(message.due_at), f" ({ahead(message.due_at, now)})")
    if message.unknown:
        silent = f"{opening(where)} did not answer in time"
        first = f"{silent}: before anything is sent again it is looked up there, by {attempt} at "
        return (first, *due, "."), "amber"
    since = (f"Waiting for {where} since ", Moment(message.since), f": {attempt} is due at ", *due)
    return (*since, f"; the last answer was {answered(message)}." if answered(message) else "."), "amber"


def answered(message: Outgoing) -> str:
    """The last answer in few words: "503 Service Unavailable", or the first sentence of what was said."""
    if message.code.isascii() and message.code.isdigit():
        try:
            return f"{message.code} {HTTPStatus(int(message.code)).phrase}"
        except ValueError:
            return message.code
    said = message.answer.partition(". ")[0].rstrip(".")
    return f"“{said}”" if said else ""


def told(push: Outgoing, where: str, now: datetime, next_update: datetime | None) -> Words:
    """Whether the source, called `where`, knows where the order stands."""
    name = opening(where)
    if push.state == "done":
        since = Moment(push.settled_at) if push.settled_at else "now"
        return (push.answer,) if push.answer else (f"{name} knows since ", since, ".")
    if push.state == "failed":
        return (f"{name} could not be told: {closing(push.answer)}" if push.answer else f"{name} could not be told.",)
    if push.state == "leased":
        return (f"{name} is being told right now.",)
    if push.attempts:
        return (f"{name} could not be told yet. ", *trying(push, where, now)[0])
    at = next_update if next_update is not None and next_update > now else push.due_at
    if at <= now:
        return (f"{name} hears it within seconds.",)
    return (f"{name} hears it at the next status update at ", Moment(at), f" ({ahead(at, now)}).")
