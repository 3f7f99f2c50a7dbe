"""Whatever happens to receipts in whatever order, the sums are those of what counts in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.connectors.contract import ReceivedLine
from app.domain.people import SYSTEM
from app.domain.rollup import LineSums, rolled_up, totals
from app.models import PurchaseOrder
from app.services import applying, receipt_actions
from app.services.unit_of_work import unit_of_work
from tests.services.receiving.dock import Dock, line, ordered

Amounts = tuple[tuple[int, int], tuple[int, int]]
NOTHING: Amounts = ((0, 0), (0, 0))

# (received, damaged) of the lines A and B; what is ordered is 20 and 12, with room for four receipts.
AMOUNT = st.integers(0, 10).flatmap(lambda received: st.tuples(st.just(received), st.integers(0, received)))
REPORT = st.tuples(st.just("report"), st.integers(0, 3), st.tuples(AMOUNT, AMOUNT))
ACTION = st.tuples(st.sampled_from(["archive", "reset"]), st.integers(0, 3), st.just(NOTHING))
STORY = st.lists(st.one_of(REPORT, REPORT, ACTION), min_size=1, max_size=12)

Story = Sequence[tuple[str, int, Amounts]]


@dataclass
class Oracle:
    """What is expected, told in the plainest way: the last report of each receipt, and whether it counts."""

    said: dict[int, Amounts] = field(default_factory=dict)
    archived: set[int] = field(default_factory=set)

    def tell(self, kind: str, number: int, amounts: Amounts) -> None:
        if kind == "report":
            self.said[number] = amounts
        elif number in self.said:
            (self.archived.add if kind == "archive" else self.archived.discard)(number)

    def sums(self) -> list[tuple[int, int]]:
        counted = [said for number, said in self.said.items() if number not in self.archived]
        return [(sum(said[index][0] for said in counted), sum(said[index][1] for said in counted)) for index in (0, 1)]


def goods(amounts: Amounts) -> list[ReceivedLine]:
    return [line(sku, *amount) for sku, amount in zip(("A", "B"), amounts, strict=True)]


def act(dock: Dock, po: PurchaseOrder, minutes: int, event: tuple[str, int, Amounts]) -> None:
    kind, number, amounts = event
    if kind == "report":
        dock.receive(po, f"R{number}", *goods(amounts), minutes=minutes)
        return
    rows = dock.rows(
        "SELECT id FROM receipt WHERE purchase_order_id = %s AND external_id = %s ORDER BY id DESC", po.id, f"R{number}"
    )
    action = receipt_actions.archive if kind == "archive" else receipt_actions.reset
    action([row["id"] for row in rows], SYSTEM)


def check(dock: Dock, po: PurchaseOrder, oracle: Oracle) -> None:
    sums = oracle.sums()
    assert dock.sums(po) == sums
    stored = dock.po(po)
    assert stored["units_received"] == sum(received for received, _ in sums)
    counted = totals(
        LineSums(Decimal(quantity), received=row[0]) for quantity, row in zip((20, 12), dock.sums(po), strict=True)
    )
    assert stored["status"] == rolled_up(counted).value


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORY)
def test_the_sums_are_those_of_what_counts(dock: Dock, story: Story):
    dock.run_sql("UPDATE warehouse SET over_receipt_percent = 1000")
    po, oracle = dock.order(ordered(1, "A", 20), ordered(2, "B", 12)), Oracle()
    for minutes, event in enumerate(story):
        act(dock, po, minutes, event)
        oracle.tell(*event)
    check(dock, po, oracle)
    before = dock.po(po)
    with unit_of_work("recompute") as unit:
        applying.recompute(unit, [po.id], "test")
    check(dock, po, oracle)
    assert {**dock.po(po), "status_version": 0} == {**before, "status_version": 0}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=4), order=st.randoms(use_true_random=False))
def test_the_order_of_the_receipts_does_not_matter(dock: Dock, said: list[Amounts], order: object):
    dock.run_sql("UPDATE warehouse SET over_receipt_percent = 1000")
    results = []
    for _ in range(2):
        po = dock.order(ordered(1, "A", 20), ordered(2, "B", 12))
        numbered = list(enumerate(said))
        order.shuffle(numbered)  # type: ignore[attr-defined]
        for number, amounts in numbered:
            dock.receive(po, f"R{number}", *goods(amounts))
        results.append((dock.sums(po), dock.status(po), dock.po(po)["units_received"]))
    assert results[0] == results[1]
