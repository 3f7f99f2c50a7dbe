"""Import: new, unchanged, changed, canceled, refused; each record by itself."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.connectors.contract import OrderPage
from app.domain.errors import LeaseLost, Refused
from app.domain.people import SYSTEM
from app.jobs import deliveries, imports, processing
from app.jobs import runs as run_jobs
from app.models import RunState, ScheduleKind
from app.services import importing, runs
from app.services.actions import perform_orders
from app.services.runs import run_now
from tests.factories import NOON
from tests.services.world import World


def counts(run: dict[str, object]) -> tuple[object, ...]:
    return run["seen"], run["new"], run["changed"], run["unchanged"], run["failed"]


def test_a_new_order_has_its_lines_sums_snapshot_and_raw_text(world: World) -> None:
    world.order("PO-7", ("10", "2.5"), buyer_name="Halle & Sons", expected_date="2026-04-01")
    run = world.run()
    assert (run["state"], *counts(run)) == ("done", 1, 1, 0, 0, 0)
    order = world.po("PO-7")
    assert (order["status"], order["step"], order["lines_count"]) == ("new", "judge", 2)
    assert (order["units_ordered"], order["total_cost"]) == (Decimal("12.5"), Decimal("31.25"))
    assert order["snapshot"]["lines"][1]["quantity"] == "2.5"
    raw = world.one("SELECT text, external_id FROM source_document WHERE id = %s", order["source_document_id"])
    assert '"buyer_name": "Halle & Sons"' in raw["text"]
    assert world.kinds("PO-7") == ["imported"]


def test_the_same_again_is_unchanged_and_writes_nothing(world: World) -> None:
    world.order("PO-1")
    world.run()
    before = world.po("PO-1")
    world.order("PO-1")
    assert counts(world.run()) == (1, 0, 0, 1, 0)
    assert world.po("PO-1") == before


def test_lines_in_another_order_are_no_change(world: World) -> None:
    data = world.order("PO-1", (1, 2, 3))
    world.run()
    world.source.add_order({**data, "lines": data["lines"][::-1]})
    assert counts(world.run()) == (1, 0, 0, 1, 0)


def test_a_bad_record_is_kept_with_its_reason_and_the_others_go_through(world: World) -> None:
    world.order("PO-1")
    world.source.add_order({"po_number": "PO-BAD", "status": "open", "lines": []})
    world.order("PO-2")
    run = world.run()
    assert counts(run) == (3, 2, 0, 0, 1)
    failure = world.one("SELECT * FROM run_failure")
    assert failure["run_id"] == run["id"]
    assert "PO-BAD" in failure["text"]
    assert "no lines" in failure["reason"]


def test_the_same_bad_record_does_not_pile_up(world: World) -> None:
    world.source.add_order({"po_number": "PO-BAD", "status": "open", "lines": []})
    world.run()
    second = world.run(number="PO-BAD")
    assert world.one("SELECT run_id, state FROM run_failure") == {"run_id": second["id"], "state": "open"}


def test_a_changed_order_that_was_not_sent_is_rebuilt_and_judged_again(world: World) -> None:
    world.order("PO-1", (10, 5))
    world.run()
    processing.work()
    world.order("PO-1", (10, 7, 1), notes="now with three lines")
    assert counts(world.run()) == (1, 0, 1, 0, 0)
    order = world.po("PO-1")
    assert (order["status"], order["step"], order["lines_count"], order["notes"]) == (
        "new",
        "judge",
        3,
        "now with three lines",
    )
    assert [row["state"] for row in world.rows("SELECT state FROM delivery")] == ["withdrawn"]
    processing.work()
    deliveries.work()
    (document,) = world.target.documents()
    assert [line["qty"] for line in document["data"]["lines"]] == ["10", "7", "1"]


def test_a_changed_order_that_was_sent_waits_for_a_person(world: World) -> None:
    world.order("PO-1", (10, 5))
    world.walk()
    before = world.po("PO-1")
    world.order("PO-1", (10, 9))
    assert counts(world.run()) == (1, 0, 1, 0, 0)
    assert world.po("PO-1") == before
    assert world.one("SELECT kind FROM pending_change") == {"kind": "change"}
    assert world.kinds("PO-1")[-1] == "pending_change"


def test_an_accepted_change_goes_to_the_warehouse_as_an_update(world: World) -> None:
    world.order("PO-1", (10, 5))
    world.walk()
    world.order("PO-1", (10, 9))
    world.run()
    (outcome,) = perform_orders("accept_change", [world.po("PO-1")["id"]], SYSTEM)
    assert outcome.result == "done"
    processing.work()
    deliveries.work()
    (document,) = world.target.documents()
    assert (document["version"], [line["qty"] for line in document["data"]["lines"]]) == (2, ["10", "9"])
    assert world.po("PO-1")["status"] == "open"
    assert world.rows("SELECT 1 FROM pending_change") == []


def test_a_refused_change_is_not_offered_again(world: World) -> None:
    world.order("PO-1", (10, 5))
    world.walk()
    world.order("PO-1", (10, 9))
    world.run()
    perform_orders("refuse_change", [world.po("PO-1")["id"]], SYSTEM)
    world.order("PO-1", (10, 9), order_date="2026-03-05T00:00:00+00:00")
    assert counts(world.run())[2:4] == (0, 1)
    assert world.rows("SELECT 1 FROM pending_change") == []


def test_a_lower_revision_changes_nothing(world: World) -> None:
    world.order("PO-1", (10,), revision=3)
    world.run()
    world.order("PO-1", (99,), revision=2)
    assert counts(world.run()) == (1, 0, 0, 1, 0)
    assert world.po("PO-1")["units_ordered"] == 10


def test_canceled_at_the_source_before_it_was_sent(world: World) -> None:
    world.order("PO-1")
    world.run()
    processing.work()
    world.order("PO-1", status="canceled")
    world.run()
    assert world.po("PO-1")["status"] == "canceled"
    deliveries.work()
    assert world.target.calls() == []


def test_canceled_at_the_source_after_it_was_sent_asks_the_warehouse(world: World) -> None:
    world.order("PO-1")
    world.walk()
    world.order("PO-1", status="canceled")
    world.run()
    order = world.po("PO-1")
    assert (order["status"], order["cancel_state"]) == ("open", "waiting")
    deliveries.work()
    order = world.po("PO-1")
    assert (order["status"], order["cancel_state"], order["step"]) == ("canceled", "confirmed", "none")
    assert [document["state"] for document in world.target.documents()] == ["canceled"]


def test_canceled_at_the_source_with_a_receipt_waits_and_closes_at_what_arrived(world: World) -> None:
    world.order("PO-1", (10,))
    world.walk()
    (document,) = world.target.documents()
    world.target.receive(
        document["key"], [{"line_no": 1, "sku": "SKU-1", "qty_good": 4}], receipt_id="R1", received_at=NOON
    )
    world.update_status()
    world.order("PO-1", (10,), status="canceled")
    world.run()
    assert world.po("PO-1")["status"] == "partially_received"
    assert world.one("SELECT kind FROM pending_change") == {"kind": "cancel"}
    perform_orders("accept_change", [world.po("PO-1")["id"]], SYSTEM)
    assert world.po("PO-1")["status"] == "closed"
    assert world.one("SELECT received, closed_short_quantity FROM line_item") == {
        "received": Decimal(4),
        "closed_short_quantity": Decimal(6),
    }


@pytest.mark.parametrize("status", ["canceled", "closed"])
def test_an_order_that_is_over_at_first_sight_is_not_imported(world: World, status: str) -> None:
    world.order("PO-1", status=status)
    assert counts(world.run()) == (1, 0, 0, 1, 0)
    assert world.rows("SELECT 1 FROM purchase_order") == []


def test_an_order_from_before_the_import_date_is_left_out(world: World) -> None:
    world.order("PO-OLD", order_date="2025-12-31")
    world.order("PO-NEW", order_date="2026-02-01")
    assert counts(world.run()) == (2, 1, 0, 1, 0)


def test_the_import_filter_lets_in_the_named_states_and_locations(world: World) -> None:
    world.run_sql('UPDATE connection SET import_filter = \'{"states": ["approved"], "locations": ["HAM"]}\'')
    world.order("PO-1", status="approved", warehouse_code="HAM")
    world.order("PO-2", status="open", warehouse_code="HAM")
    world.order("PO-3", status="approved", warehouse_code="MUC")
    assert counts(world.run()) == (3, 1, 0, 2, 0)
    assert world.po("PO-1")["location"] == "HAM"


def test_a_new_word_for_the_same_state_is_no_change(world: World) -> None:
    world.order("PO-1", status="open")
    world.run()
    world.order("PO-1", status="released")
    assert counts(world.run()) == (1, 0, 0, 1, 0)


def test_a_deleted_order_with_a_tombstone_never_comes_back(world: World) -> None:
    world.order("PO-1")
    world.run()
    perform_orders("delete", [world.po("PO-1")["id"]], SYSTEM, tombstone=True)
    world.order("PO-1", (77,))
    assert counts(world.run()) == (1, 0, 0, 1, 0)
    assert world.rows("SELECT 1 FROM purchase_order") == []
    run = world.run(number="PO-1", lift_tombstone=True)
    assert run["new"] == 1
    assert world.po("PO-1")["units_ordered"] == 77


def test_a_deleted_order_comes_back_and_adopts_the_warehouses_document(world: World) -> None:
    world.order("PO-1")
    world.walk()
    perform_orders("force_delete", [world.po("PO-1")["id"]], SYSTEM)
    assert world.rows("SELECT 1 FROM purchase_order") == []
    world.order("PO-1")
    world.walk()
    assert world.po("PO-1")["status"] == "open"
    (document,) = world.target.documents()
    assert document["version"] == 2
    assert world.target.doubles() == []


def test_an_order_that_another_connection_of_the_store_holds_is_refused(world: World) -> None:
    world.order("PO-1")
    world.run()
    other = world.make.connection(
        store=world.store, warehouse=world.warehouse, name="Second", import_from=NOON.replace(month=1)
    )
    run_id = run_now(other.id, ScheduleKind.IMPORT, SYSTEM)
    run_jobs.work()
    failure = world.one("SELECT reason FROM run_failure WHERE run_id = %s", run_id)
    assert "belongs to connection" in failure["reason"]
    assert world.one("SELECT count(*) AS n FROM purchase_order") == {"n": 1}


def test_received_before_import_is_not_expected_again(world: World) -> None:
    data = world.order("PO-1", (10,))
    data["lines"][0]["qty_received"] = 4
    world.source.add_order(data)
    world.walk()
    (document,) = world.target.documents()
    assert [line["qty"] for line in document["data"]["lines"]] == ["6"]


def test_a_page_under_a_lost_lease_writes_nothing(world: World) -> None:
    world.order("PO-1")
    run_now(world.connection.id, ScheduleKind.IMPORT, SYSTEM)
    lease = runs.claim_queued("first")
    assert lease is not None
    planned = importing.plan(lease)
    world.run_sql("UPDATE schedule SET lease_no = lease_no + 1 WHERE id = %s", lease.schedule_id)
    with pytest.raises(LeaseLost):
        importing.save_page(lease, planned, OrderPage((), {"seq": 9}), lambda _doc: None, "1")  # type: ignore[arg-type,return-value]
    assert world.one("SELECT import_cursor FROM connection")["import_cursor"] is None


def test_only_one_run_of_a_kind_at_a_time(world: World) -> None:
    first = run_now(world.connection.id, ScheduleKind.IMPORT, SYSTEM)
    with pytest.raises(Refused, match=f"Run {first} of this kind is at work already"):
        run_now(world.connection.id, ScheduleKind.IMPORT, SYSTEM)
    run_now(world.connection.id, ScheduleKind.STATUS_UPDATE, SYSTEM)


def test_totals_that_cannot_be_counted_are_refused_alone(world: World) -> None:
    world.order("PO-1", ("900000000000", "900000000000"))
    world.order("PO-2")
    assert counts(world.run()) == (2, 1, 0, 0, 1)
    assert "adds up to more than can be counted" in world.one("SELECT reason FROM run_failure")["reason"]


def test_a_value_that_the_database_refuses_harms_only_its_own_record(world: World) -> None:
    for number in ("PO-1", "PO-2", "PO-3"):
        world.order(number)
    world.run_sql("ALTER TABLE purchase_order ADD CONSTRAINT odd CHECK (number <> 'PO-2')")
    world.run_sql(
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.number = 'PO-2' THEN RAISE numeric_value_out_of_range; END IF; RETURN NEW; END $$"
    )
    world.run_sql("CREATE TRIGGER odd BEFORE INSERT ON purchase_order FOR EACH ROW EXECUTE FUNCTION odd()")
    try:
        run = world.run()
    finally:
        world.run_sql("DROP TRIGGER odd ON purchase_order")
        world.run_sql("DROP FUNCTION odd()")
        world.run_sql("ALTER TABLE purchase_order DROP CONSTRAINT odd")
    assert (run["state"], *counts(run)) == ("done", 3, 2, 0, 0, 1)
    assert sorted(row["number"] for row in world.rows("SELECT number FROM purchase_order")) == ["PO-1", "PO-3"]
    assert "cannot be stored" in world.one("SELECT reason FROM run_failure")["reason"]
    assert world.one("SELECT import_cursor FROM connection")["import_cursor"] == {"seq": 3}


def test_a_long_import_goes_on_in_another_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "LONGEST_SECONDS", -1.0)
    world.run_sql("UPDATE store SET settings = settings || '{\"page_size\": 2}'")
    for number in range(3):
        world.order(f"PO-{number}")
    run_now(world.connection.id, ScheduleKind.IMPORT, SYSTEM)
    lease = runs.claim_queued("slow")
    assert lease is not None
    imports.import_orders(lease)
    assert world.one("SELECT count(*) AS n FROM purchase_order") == {"n": 2}
    queued = world.one("SELECT started_by FROM run WHERE state = 'queued'")
    assert queued == {"started_by": f"goes on after run {lease.run_id}"}
    monkeypatch.undo()
    runs.finish(lease, RunState.DONE)
    run_jobs.work()
    assert world.one("SELECT count(*) AS n FROM purchase_order") == {"n": 3}
