"""What people do with stored receipts, singly and in bulk, and what their scope lets them touch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.domain.people import NOBODY, SYSTEM, Reader, Role
from app.domain.states import PoStatus
from app.models import PurchaseOrder
from app.services import receipt_actions
from app.services.outcome import Outcome
from app.services.unit_of_work import unit_of_work
from tests.services.receiving.dock import Dock, document, line, ordered
from tests.waiting import wait_until

DANA = Reader(Role.ADMIN, "Dana", 1, None, None)


def states(dock: Dock) -> list[str]:
    return [row["state"] for row in dock.rows("SELECT state FROM receipt ORDER BY id")]


def received(dock: Dock, po: PurchaseOrder, external_id: str, *goods: Any, **values: Any) -> int:
    receipt_id = dock.receive(po, external_id, *goods, **values).receipt_id
    assert receipt_id is not None
    return receipt_id


def pushed(dock: Dock, receipt_id: int, state: str) -> None:
    """The status update has taken the receipt so far."""
    dock.run_sql("UPDATE receipt SET state = %s WHERE id = %s", state, receipt_id)
    dock.run_sql("UPDATE delivery SET state = 'done' WHERE kind = 'status'")


def test_archive_takes_the_quantities_off(dock: Dock):
    po = dock.order()
    second, first = received(dock, po, "R2", line("A", 0)), received(dock, po, "R1", line("A", 10), line("B", 5))
    assert dock.status(po) == "received"
    assert receipt_actions.archive([first], DANA, reason="counted twice") == [Outcome(first, "R1", "done")]
    assert (dock.received(po), dock.status(po)) == ([0, 0], "open")
    stored = dock.receipt(first)
    assert (stored["state"], stored["applied_at"], stored["state_reason"]) == ("archived", None, "counted twice")
    assert dock.po(po)["last_receipt_at"] == dock.receipt(second)["created_at"]
    assert dock.rows("SELECT id FROM allocation WHERE receipt_id = %s", first) == []
    assert receipt_actions.archive([first], DANA) == [Outcome(first, "R1", "skipped", "It is archived already.")]


def test_archiving_a_completed_receipt_tells_the_source_the_corrected_totals(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 4))
    pushed(dock, receipt_id, "completed")
    assert dock.statuses_waiting(po) == 0
    receipt_actions.archive([receipt_id], DANA)
    assert dock.statuses_waiting(po) == 1


def test_archiving_a_held_receipt_moves_nothing(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 12))
    before = dock.po(po)
    receipt_actions.archive([receipt_id], DANA)
    assert dock.po(po) == before
    stored = dock.receipt(receipt_id)
    assert (stored["state"], stored["discrepancy"]) == ("archived", "")


def test_a_receipt_whose_correction_takes_more_off_comes_off_with_it_only(dock: Dock):
    po = dock.order()
    first = received(dock, po, "R1", line("A", 10))
    correction = received(dock, po, "R1", line("A", 6))
    words = (
        "Its quantities cannot come off alone: what a correction takes off would be more than is left."
        " Choose the receipt together with its corrections."
    )
    assert receipt_actions.archive([first], DANA) == [Outcome(first, "R1", "failed", words)]
    assert (dock.received(po), states(dock)) == ([6, 0], ["ready", "ready"])
    outcomes = receipt_actions.archive([correction, first], DANA)
    assert outcomes == [Outcome(correction, "R1 (correction 1)", "done"), Outcome(first, "R1", "done")]
    assert dock.received(po) == [0, 0]


def test_a_damage_that_is_left_without_its_goods_is_refused_too(dock: Dock):
    po = dock.order()
    first = received(dock, po, "R1", line("A", 4))
    received(dock, po, "R1", line("A", 4, 3))
    assert [outcome.result for outcome in receipt_actions.archive([first], DANA)] == ["failed"]
    assert dock.sums(po) == [(4, 3), (0, 0)]


def test_reset_takes_off_and_applies_anew_by_today_s_lines(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 4, line_number=1))
    applied_at = dock.receipt(receipt_id)["applied_at"]
    dock.run_sql("UPDATE line_item SET sku = 'X' WHERE sku = 'A'")
    dock.run_sql("UPDATE line_item SET sku = 'A' WHERE sku = 'B'")
    assert receipt_actions.reset([receipt_id], DANA) == [Outcome(receipt_id, "R1", "done")]
    assert (dock.received(po), dock.status(po)) == ([0, 4], "partially_received")
    stored = dock.receipt(receipt_id)
    assert stored["state"] == "ready"
    assert stored["applied_at"] > applied_at
    kinds = dock.rows("SELECT kind FROM activity WHERE purchase_order_id = %s AND kind = 'status'", po.id)
    assert len(kinds) == 1


def test_reset_brings_an_archived_receipt_back(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 4))
    receipt_actions.archive([receipt_id], DANA)
    receipt_actions.reset([receipt_id], DANA)
    assert (dock.received(po), dock.status(po)) == ([4, 0], "partially_received")


def test_reset_of_a_receipt_that_does_not_fit_any_more_leaves_it_in_error(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 8))
    dock.run_sql("UPDATE line_item SET quantity = 5 WHERE sku = 'A'")
    (outcome,) = receipt_actions.reset([receipt_id], DANA)
    assert outcome.result == "failed"
    assert outcome.message == (
        "More arrived than ordered: line 1 (SKU A) 8 of 5 (tolerance 0 %)."
        " Accept it as surplus, or ask the warehouse to correct it."
    )
    assert (dock.received(po), dock.status(po), states(dock)) == ([0, 0], "open", ["error"])


def test_reset_keeps_what_a_person_accepted(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 12))
    receipt_actions.accept([receipt_id], DANA)
    assert receipt_actions.reset([receipt_id], DANA)[0].result == "done"
    assert dock.received(po) == [12, 0]


def test_reset_of_a_receipt_that_counted_before_the_order_ended_counts_it_again(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 4), final=True)
    assert dock.status(po) == "closed"
    assert receipt_actions.reset([receipt_id], DANA)[0].result == "done"
    assert (dock.received(po), dock.status(po)) == ([4, 0], "closed")
    assert dock.rows("SELECT state FROM document") == [{"state": "finished"}]


def test_reset_of_a_receipt_and_its_correction_judges_them_together(dock: Dock):
    po = dock.order()
    first = received(dock, po, "R1", line("A", 10))
    correction = received(dock, po, "R1", line("A", 6))
    assert [outcome.result for outcome in receipt_actions.reset([first, correction], DANA)] == ["done", "done"]
    assert dock.received(po) == [6, 0]
    assert receipt_actions.reset([correction], DANA)[0].result == "done"
    assert dock.received(po) == [6, 0]


def test_reprocess_applies_what_fits_now(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 4), line("C", 1))
    (outcome,) = receipt_actions.reprocess([receipt_id], DANA)
    assert (outcome.result, outcome.message.split(":")[0]) == ("failed", "SKU C")
    dock.run_sql("UPDATE line_item SET sku = 'C' WHERE sku = 'B'")
    assert receipt_actions.reprocess([receipt_id], DANA) == [Outcome(receipt_id, "R1", "done")]
    assert dock.received(po) == [4, 1]


def test_reprocess_pushes_again_what_is_applied(dock: Dock):
    po = dock.order()
    receipt_id = received(dock, po, "R1", line("A", 4))
    applied_at = dock.receipt(receipt_id)["applied_at"]
    pushed(dock, receipt_id, "error")
    assert receipt_actions.reprocess([receipt_id], DANA) == [Outcome(receipt_id, "R1", "done")]
    stored = dock.receipt(receipt_id)
    assert (stored["state"], stored["applied_at"]) == ("ready", applied_at)
    assert (dock.received(po), dock.statuses_waiting(po)) == ([4, 0], 1)
    (again,) = receipt_actions.reprocess([receipt_id], DANA)
    assert (again.result, again.message) == ("skipped", "It is Ready; nothing of it failed.")


ACTIONS = [receipt_actions.reprocess, receipt_actions.reset, receipt_actions.archive, receipt_actions.accept]


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_a_receipt_on_its_way_to_the_source_is_left_alone(dock: Dock, action: Any):
    po = dock.order()
    on_its_way, other = received(dock, po, "R1", line("A", 4)), received(dock, po, "R2", line("A", 12))
    pushed(dock, on_its_way, "notifying")
    outcomes = action([on_its_way, other], DANA)
    words = "It is on its way to the source; wait until the push has ended."
    assert outcomes[0] == Outcome(on_its_way, "R1", "skipped", words)
    assert outcomes[1].result == ("done" if action in ACTIONS[2:] else "failed")
    assert states(dock)[0] == "notifying"
    assert dock.receipt(on_its_way)["applied_at"] is not None


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)
def test_a_receipt_out_of_scope_is_not_found_and_unchanged(dock: Dock, action: Any):
    po = dock.order()
    held, applied = received(dock, po, "R1", line("A", 12)), received(dock, po, "R2", line("A", 4))
    before = dock.rows("SELECT * FROM receipt ORDER BY id")
    strangers = [
        NOBODY,
        Reader(Role.PARTNER, "partner", 2, frozenset(), frozenset({dock.warehouse.id + 1})),
        Reader(Role.PARTNER, "partner of nobody", 3),
        Reader(Role.MERCHANT, "merchant", 4, frozenset({po.merchant_id + 1}), None),
        Reader(Role.SUPPORT, "support", 5, frozenset({po.merchant_id + 1}), None),
    ]
    for stranger in strangers:
        outcomes = action([held, applied, 999_999], stranger)
        assert outcomes == [
            Outcome(receipt_id, str(receipt_id), "failed", "The receipt was not found.")
            for receipt_id in (held, applied, 999_999)
        ]
    assert dock.rows("SELECT * FROM receipt ORDER BY id") == before
    mine = Reader(Role.SUPPORT, "support", 5, frozenset({po.merchant_id}), None)
    assert [outcome.label for outcome in action([held], mine)] == ["R1"]


@pytest.mark.parametrize("change", ["purchase_order_id", "merchant_id"])
def test_a_receipt_that_moved_away_while_an_action_waited_is_left_alone(dock: Dock, change: str):
    po, other = dock.order(), dock.order()
    receipt_id = received(dock, po, "R1", line("A", 4))
    value = other.id if change == "purchase_order_id" else dock.make.merchant().id
    mine = Reader(Role.SUPPORT, "support", 5, frozenset({po.merchant_id}), None)
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work("somebody else") as unit:
            unit.run("SELECT 1 FROM purchase_order WHERE id = :id FOR UPDATE", id=po.id)
            outcome = pool.submit(receipt_actions.archive, [receipt_id], mine)
            wait_until(lambda: dock.rows(waiting, "%FOR UPDATE OF po%"))
            unit.run(f"UPDATE receipt SET {change} = :value WHERE id = :id", value=value, id=receipt_id)
        assert outcome.result(timeout=60)[0].message == "The receipt was not found."
    assert dock.receipt(receipt_id)["state"] == "ready"


def test_in_bulk_each_receipt_has_its_own_answer(dock: Dock):
    first, second = dock.order(), dock.order(status=PoStatus.CLOSED)
    over, late = received(dock, first, "R1", line("A", 12)), received(dock, second, "R2", line("A", 1))
    unknown = received(dock, first, "R3", line("C", 1))
    waiting = dock.report(document("R4", line("A", 1), number="stray")).receipt_id
    outcomes = receipt_actions.accept([late, unknown, over, 999_999, waiting or 0, late], SYSTEM)
    assert [(outcome.record_id, outcome.result) for outcome in outcomes] == [
        (late, "done"),
        (unknown, "skipped"),
        (over, "done"),
        (999_999, "failed"),
        (waiting, "skipped"),
    ]
    assert (dock.received(first), dock.received(second)) == ([12, 0], [1, 0])


def test_accepting_what_still_does_not_fit_says_why(dock: Dock):
    po = dock.order(status=PoStatus.CLOSED)
    receipt_id = received(dock, po, "R1", line("C", 1))
    assert dock.held(receipt_id)[0] == "after_close"
    (outcome,) = receipt_actions.accept([receipt_id], DANA)
    assert (outcome.result, outcome.message.split(":")[0]) == ("failed", "SKU C")
    assert dock.receipt(receipt_id)["accepted_by"] is None
    assert dock.held(receipt_id)[0] == "unknown_sku"


def test_an_accepted_receipt_for_an_order_in_error_leaves_it_there(dock: Dock):
    po = dock.order(ordered(1, "A", 10), status=PoStatus.ERROR, sent=True)
    receipt_id = received(dock, po, "R1", line("A", 12))
    assert receipt_actions.accept([receipt_id], DANA)[0].result == "done"
    assert (dock.received(po), dock.status(po)) == ([12], "error")
