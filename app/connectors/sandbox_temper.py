"""How a sandbox misbehaves: slow, failing, refusing, or silent after it has accepted.

Each choice follows from the seed, the key and the number of the try alone, so that a run can be repeated.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from app.connectors.errors import Ambiguous, Rejection, Retriable
from app.connectors.sandbox import Call, Ledger, log_call
from app.connectors.settings import FieldKind, SettingField

T = TypeVar("T")

FIELDS = (
    SettingField("name", "Name", default="sandbox", help="Sandboxes of the same name share one ledger."),
    SettingField("seed", "Seed", FieldKind.NUMBER, default=1, help="The same seed fails the same calls."),
    SettingField("latency_ms", "Latency in ms", FieldKind.NUMBER, default=0, minimum=0, maximum=60_000),
    SettingField("failure_rate", "Share of calls that fail", FieldKind.NUMBER, default=0, minimum=0, maximum=1),
    SettingField(
        "timeout_after_accept_rate",
        "Share of calls whose answer is lost",
        FieldKind.NUMBER,
        default=0,
        minimum=0,
        maximum=1,
        help="The call is accepted and done, and then seems to time out.",
    ),
    SettingField("reject_rate", "Share of documents refused", FieldKind.NUMBER, default=0, minimum=0, maximum=1),
)


@dataclass(frozen=True, slots=True)
class Temper:
    """The settings of a sandbox's misbehaviour; `latency` in seconds, the rates from 0 to 1."""

    seed: int
    latency: float
    failure_rate: float
    timeout_rate: float
    reject_rate: float

    def before(self, call: Call) -> None:
        """Wait, and perhaps fail before anything is done. Raises Retriable or Rejection."""
        if self.latency:
            time.sleep(self.latency)
        if self._chance("fail", call.action, call.key, str(call.attempt)) < self.failure_rate:
            raise Retriable(f"The sandbox failed at {call.action}.", "It is tried again.", code="503")
        if call.key and self._chance("reject", call.action, call.key) < self.reject_rate:
            sentence = f"The sandbox refuses to {call.action} the document of {call.number}."
            raise Rejection(sentence, "Change the purchase order, or the sandbox's settings.", code="422")

    def loses_answer(self, call: Call) -> bool:
        """Will the answer of this call be lost after all was done?"""
        return self._chance("lose", call.action, call.key, str(call.attempt)) < self.timeout_rate

    def _chance(self, *parts: str) -> float:
        digest = hashlib.sha256("\x1f".join((str(self.seed), *parts)).encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64


def temper_from(settings: Mapping[str, Any]) -> Temper:
    """The temper that these settings describe."""
    return Temper(
        seed=int(settings["seed"]),
        latency=float(settings["latency_ms"]) / 1000,
        failure_rate=float(settings["failure_rate"]),
        timeout_rate=float(settings["timeout_after_accept_rate"]),
        reject_rate=float(settings["reject_rate"]),
    )


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A ledger and the temper of whoever guards it."""

    ledger: Ledger
    temper: Temper

    def read(self, action: str, now: datetime) -> None:
        """Stand in the way of a call that only reads. Raises Retriable."""
        call = Call(now, action, "", "", "", self.ledger.next_attempt(action, ""))
        self._before(call)
        self.ledger.log(call, "read")

    def perform(
        self,
        action: str,
        now: datetime,
        effect: Callable[[sqlite3.Connection], T],
        *,
        key: str,
        number: str,
        account: str = "",
    ) -> T:
        """Do the effect and log it in one transaction. Raises Retriable, Rejection, or Ambiguous after it was done."""
        call = Call(now, action, key, number, account, self.ledger.next_attempt(action, key))
        self._before(call)
        lost = self.temper.loses_answer(call)
        try:
            with self.ledger.writing() as connection:
                result = effect(connection)
                log_call(connection, call, "accepted, answer lost" if lost else "accepted")
        except Rejection:
            self.ledger.log(call, "rejected")
            raise
        if lost:
            raise Ambiguous(f"The sandbox did not answer in time at {action}.", "It is looked up.", code="timeout")
        return result

    def _before(self, call: Call) -> None:
        try:
            self.temper.before(call)
        except (Retriable, Rejection) as error:
            self.ledger.log(call, "failed" if isinstance(error, Retriable) else "rejected")
            raise
