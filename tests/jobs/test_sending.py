"""What every answer of the world means for a message: a table of errors, kinds and what is known of the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import pytest

from app.connectors.contract import (
    Accepted,
    Confirmed,
    Exchange,
    FoundNotice,
    InboundNotice,
    NoticeLine,
    SourceConnector,
    StatusMessage,
    WarehouseCapabilities,
    WarehouseConnector,
)
from app.connectors.errors import Ambiguous, Misconfigured, Rejection, Retriable
from app.jobs.sending import push_status, send_notice
from app.models import DeliveryKind
from app.services.bindings import Binding
from app.services.delivering import Claim, Result, Settlement
from app.services.notices import Parcel
from app.services.pushing import Push
from tests.factories import NOON

ALL = WarehouseCapabilities(update=True, cancel=True, look_up=True)
BLIND = WarehouseCapabilities(update=True, cancel=True)
FIXED = WarehouseCapabilities(look_up=True)
REPLACING = WarehouseCapabilities(cancel=True, look_up=True)
BINDING = Binding("stub", "East Dock", {}, {}, "UTC")

Answer = Accepted | Confirmed | FoundNotice | Exception | None


@dataclass
class Stub:
    """A target that gives its answers in their order and notes what it was asked."""

    answers: Sequence[Answer] = ()
    capabilities: WarehouseCapabilities = ALL
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        def call(_message: object) -> Answer:
            answer = self.answers[len(self.asked)]
            self.asked.append(name)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def claim(kind: DeliveryKind, *, unknown: bool = False) -> Claim:
    document = None if kind is DeliveryKind.STATUS else 5
    return Claim(1, 1, kind, 2, document, version=3, attempt=1, unknown=unknown)


def send(
    stub: Stub,
    kind: DeliveryKind = DeliveryKind.CREATE,
    *,
    unknown: bool = False,
    ref: str = "",
    quantities: Sequence[int] = (4,),
) -> Settlement:
    lines = [NoticeLine(f"no:{n}", n, "", f"SKU-{n}", Decimal(q)) for n, q in enumerate(quantities, 1)]
    notice = InboundNotice("key", 3, "PO-1", "Northwind", "", "", "", "", None, "", lines, warehouse_ref=ref)
    parcel = Parcel(claim(kind, unknown=unknown), notice, BINDING, 1, 1)
    return send_notice(parcel, cast("WarehouseConnector", stub))


def push(stub: Stub, *, unknown: bool = False) -> Settlement:
    message = StatusMessage("status-1", 1, "EXT-1", "PO-1", "open", NOON, (), ())
    return push_status(
        Push(claim(DeliveryKind.STATUS, unknown=unknown), message, BINDING, 1), cast("SourceConnector", stub)
    )


def tried(settlement: Settlement) -> list[tuple[str, str]]:
    return [(one.action, one.outcome) for one in settlement.tries]


TAKEN = Accepted("W-1", Exchange("asked", "told", "200"))
ERRORS = [
    (Ambiguous("No answer came.", "It is looked up.", retry_after=7), Result.AMBIGUOUS, "ambiguous", 7),
    (Retriable("Busy.", retry_after=30), Result.RETRIABLE, "retriable", 30),
    (Retriable("Busy."), Result.RETRIABLE, "retriable", None),
    (Rejection("Unknown SKU.", "Add it there."), Result.REJECTED, "rejected", None),
    (Misconfigured("The key is wrong.", "Mend it."), Result.REJECTED, "rejected", None),
]
NAMES = ["ambiguous", "busy for 30 s", "busy", "rejected", "misconfigured"]


@pytest.mark.parametrize(("problem", "result", "outcome", "pause"), ERRORS, ids=NAMES)
def test_a_first_create_that_fails_is_surely_absent_unless_its_answer_was_lost(
    problem: Exception, result: Result, outcome: str, pause: float | None
) -> None:
    settlement = send(Stub([problem]))
    assert (settlement.result, settlement.retry_after) == (result, pause)
    assert settlement.surely_absent is (result is not Result.AMBIGUOUS)
    assert tried(settlement) == [("create", outcome)]


@pytest.mark.parametrize(("problem", "result", "outcome", "pause"), ERRORS, ids=NAMES)
def test_an_update_that_fails_never_says_that_the_document_is_absent(
    problem: Exception, result: Result, outcome: str, pause: float | None
) -> None:
    settlement = send(Stub([problem]), DeliveryKind.UPDATE, ref="W-1")
    assert (settlement.result, settlement.retry_after, settlement.surely_absent) == (result, pause, False)
    assert tried(settlement) == [("update", outcome)]


@pytest.mark.parametrize(("problem", "result", "outcome", "pause"), ERRORS, ids=NAMES)
def test_a_cancellation_that_fails_leaves_the_document_where_it_is(
    problem: Exception, result: Result, outcome: str, pause: float | None
) -> None:
    settlement = send(Stub([FoundNotice("W-1", 2), problem]), DeliveryKind.CANCEL, unknown=True, ref="W-1")
    assert (settlement.result, settlement.retry_after, settlement.surely_absent) == (result, pause, False)
    assert tried(settlement) == [("look-up", "found"), ("cancel", outcome)]


@pytest.mark.parametrize(("problem", "result", "outcome", "pause"), ERRORS, ids=NAMES)
def test_a_status_that_fails(problem: Exception, result: Result, outcome: str, pause: float | None) -> None:
    settlement = push(Stub([problem]))
    assert (settlement.result, settlement.retry_after) == (result, pause)
    assert tried(settlement) == [("status", outcome)]


@pytest.mark.parametrize(("problem", "result", "outcome", "pause"), ERRORS, ids=NAMES)
def test_a_look_up_that_fails_leaves_it_unknown_and_sends_nothing(
    problem: Exception, result: Result, outcome: str, pause: float | None
) -> None:
    stub = Stub([problem])
    settlement = send(stub, unknown=True)
    assert (settlement.result, settlement.surely_absent) == (result, False)
    assert (stub.asked, tried(settlement)) == (["find"], [("look-up", outcome)])


@pytest.mark.parametrize(
    ("ref", "can", "unknown", "answers", "asked", "result", "reference"),
    [
        ("", ALL, False, [TAKEN], ["create"], Result.ACCEPTED, "W-1"),
        ("W-1", ALL, False, [TAKEN], ["update"], Result.ACCEPTED, "W-1"),
        ("W-1", REPLACING, False, [], [], Result.REPLACE, ""),
        ("W-1", FIXED, False, [], [], Result.REJECTED, ""),
        ("", ALL, True, [FoundNotice("W-9", 3)], ["find"], Result.ACCEPTED, "W-9"),
        ("", ALL, True, [FoundNotice("W-9", 4)], ["find"], Result.ACCEPTED, "W-9"),
        ("", ALL, True, [FoundNotice("W-9", 2), TAKEN], ["find", "update"], Result.ACCEPTED, "W-1"),
        ("", REPLACING, True, [FoundNotice("W-9", 2)], ["find"], Result.REPLACE, ""),
        ("", ALL, True, [None, TAKEN], ["find", "create"], Result.ACCEPTED, "W-1"),
        ("W-1", ALL, True, [None, TAKEN], ["find", "create"], Result.ACCEPTED, "W-1"),
        ("", BLIND, True, [], [], Result.REJECTED, ""),
    ],
)
def test_what_is_asked_follows_from_what_is_known(
    ref: str,
    can: WarehouseCapabilities,
    *,
    unknown: bool,
    answers: list[Answer],
    asked: list[str],
    result: Result,
    reference: str,
) -> None:
    stub = Stub(answers, can)
    settlement = send(stub, unknown=unknown, ref=ref)
    assert (stub.asked, settlement.result, settlement.reference) == (asked, result, reference)


def test_a_document_that_the_warehouse_canceled_is_not_sent_again_and_a_person_reads_why() -> None:
    stub = Stub([FoundNotice("W-9", 3, canceled=True)])
    settlement = send(stub, unknown=True)
    assert settlement.message == "The warehouse canceled this document. Reprocess sends a new one."
    assert settlement.result not in (Result.ACCEPTED, Result.REPLACE, Result.RETRIABLE, Result.AMBIGUOUS)
    assert (stub.asked, settlement.surely_absent) == (["find"], False)


def test_a_create_after_a_look_up_found_nothing_may_be_repeated_unless_it_was_lost() -> None:
    assert send(Stub([None, Retriable("Busy.")]), unknown=True).surely_absent is True
    assert send(Stub([None, Ambiguous("No answer.")]), unknown=True).surely_absent is False
    assert send(Stub([None, TAKEN]), unknown=True).surely_absent is False


@pytest.mark.parametrize(
    ("can", "answers", "asked", "result"),
    [
        (ALL, [None], ["find"], Result.ABSENT),
        (ALL, [FoundNotice("W-1", 2, canceled=True)], ["find"], Result.ABSENT),
        (ALL, [FoundNotice("W-1", 2), TAKEN], ["find", "cancel"], Result.ACCEPTED),
        (BLIND, [TAKEN], ["cancel"], Result.ACCEPTED),
        (FIXED, [FoundNotice("W-1", 2)], ["find"], Result.REJECTED),
        (FIXED, [None], ["find"], Result.ABSENT),
        (WarehouseCapabilities(), [], [], Result.REJECTED),
    ],
)
def test_a_cancellation_looks_first_where_it_can(
    can: WarehouseCapabilities, answers: list[Answer], asked: list[str], result: Result
) -> None:
    stub = Stub(answers, can)
    assert send(stub, DeliveryKind.CANCEL, unknown=True, ref="W-1").result is result
    assert stub.asked == asked


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"quantities": ()},
            "No line has a quantity that is still to come. Mend the lines, or close it short or archive it.",
        ),
        (
            {"stub": Stub((), BLIND), "unknown": True},
            (
                "It is not known whether East Dock took the document, and it cannot be looked up there."
                " Ask the warehouse. If they have it, record it there; if not, Reset the order."
            ),
        ),
        (
            {"stub": Stub((), FIXED), "ref": "W-1"},
            (
                "East Dock can neither change nor cancel a document by message."
                " Tell the warehouse what changed, then refuse the change here or close the lines short."
            ),
        ),
        (
            {"stub": Stub([FoundNotice("W-1", 2)], FIXED), "kind": DeliveryKind.CANCEL},
            (
                "East Dock cannot cancel a document by message."
                " Ask the warehouse to cancel it; when they have, archive the order here."
            ),
        ),
    ],
)
def test_a_refusal_of_our_own_says_what_to_do(given: dict[str, Any], sentence: str) -> None:
    settlement = send(given.pop("stub", None) or Stub(), **given)
    assert (settlement.result, settlement.message) == (Result.REJECTED, sentence)


@pytest.mark.parametrize(
    ("answers", "unknown", "result", "absent"),
    [
        ([ValueError("a secret of ours")], False, Result.AMBIGUOUS, False),
        ([ValueError("a secret of ours")], True, Result.RETRIABLE, False),
        ([None, ValueError("a secret of ours")], True, Result.AMBIGUOUS, False),
    ],
    ids=["in the create", "in the look-up", "in the create after a look-up"],
)
def test_a_fault_of_a_connector_is_no_answer_of_the_target(
    answers: list[Answer], *, unknown: bool, result: Result, absent: bool
) -> None:
    settlement = send(Stub(answers), unknown=unknown)
    assert (settlement.result, settlement.surely_absent) == (result, absent)
    assert settlement.message == "The connector stopped with an internal fault; its log names it. It is tried again."


@pytest.mark.parametrize(
    ("unknown", "answers", "asked", "reference"),
    [
        (False, [Confirmed("S-1")], ["push_status"], "S-1"),
        (True, [Confirmed("S-9")], ["find_status"], "S-9"),
    ],
)
def test_a_status_whose_outcome_is_unknown_is_looked_up_first(
    *, unknown: bool, answers: list[Answer], asked: list[str], reference: str
) -> None:
    stub = Stub(answers)
    settlement = push(stub, unknown=unknown)
    assert (settlement.result, settlement.reference, stub.asked) == (Result.ACCEPTED, reference, asked)


def test_every_exchange_is_kept_with_what_was_said() -> None:
    refused = Rejection("No.", "Mend it.", answer="422: no such SKU", code="422")
    settlement = send(Stub([FoundNotice("W-1", 2, exchange=Exchange("who", "me", "200")), refused]), unknown=True)
    assert [(t.action, t.message, t.exchange) for t in settlement.tries] == [
        ("look-up", "", Exchange("who", "me", "200")),
        ("update", "No. Mend it.", Exchange(reply="422: no such SKU", code="422")),
    ]
    assert all(t.duration_ms >= 0 for t in settlement.tries)
