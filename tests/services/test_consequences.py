"""What an action would do: refused exactly where the action is refused, and told in sentences that come true."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.domain.errors import NotFound
from app.domain.people import Reader, Role
from app.jobs import deliveries, processing
from app.services.consequences import ASKED
from tests.services import states
from tests.services.states import ADMIN, STATES, SUPPORT, ask, done, said, sent, tried
from tests.services.world import World

State = Callable[[World], int]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_it_is_refused_exactly_where_the_action_is_refused(world: World, state: State) -> None:
    po_id = state(world)
    before = world.po("PO-1")
    for reader in (ADMIN, SUPPORT):
        for action in sorted(ASKED):
            told, outcome = ask(action, po_id, reader), tried(action, po_id, reader)
            assert (action, told.refused) == (action, "" if outcome.result == "done" else outcome.message)
            assert bool(told.sentences) is not bool(told.refused) or action == "reprocess"
            assert told.losses == () or not told.refused
    assert world.po("PO-1") == before


def test_no_order_and_no_action(world: World) -> None:
    po_id = sent(world)
    with pytest.raises(KeyError):
        ask("comment", po_id)
    with pytest.raises(NotFound, match="no such purchase order"):
        ask("reset", 10**9)


@pytest.mark.parametrize("action", sorted(ASKED))
def test_outside_the_scope_there_is_no_such_order(world: World, action: str) -> None:
    po_id = sent(world)
    for reader in (
        Reader(Role.SUPPORT, "sam", 2, frozenset({10**9}), None),
        Reader(Role.MERCHANT, "mia", 3, frozenset(), None),
        Reader(Role.PARTNER, "pat", 4, None, frozenset({10**9})),
    ):
        with pytest.raises(NotFound, match="no such purchase order"):
            ask(action, po_id, reader)
    for mine in (
        Reader(Role.MERCHANT, "mia", 3, frozenset({world.connection.merchant_id}), None),
        Reader(Role.PARTNER, "pat", 4, None, frozenset({world.warehouse.id})),
    ):
        told = ask(action, po_id, mine)
        assert told.refused != ""
        assert (told.sentences, told.losses) == ((), ())


REMOVED = "The purchase order and its 2 lines are removed here."
ANEW = "If the source offers it again, it is imported anew, unless that is ruled out below."
HEARS = "The source hears the final quantities at the next status update."
AGAIN = "It is built anew from its imported snapshot, and the rules judge it from the start."
UPDATED = (
    "EAST has it: if the rules choose EAST again, its document is updated; if they choose another warehouse,"
    " it is canceled there first."
)
ENDS = "The source's changes are not taken any more. Reprocess takes it out again."
MAY_DELIVER = (
    "EAST has it and is not told: it may still deliver. A receipt that comes for it is stored in Error, and counts once"
    f" a person accepts it. {ENDS}"
)


def entries(count: int) -> str:
    """What is said of the timeline."""
    return f"Its timeline ({count} entries, comments too) stays in the database, without a page to read it on."


KEEPS = "EAST keeps its document (SB-000001) and may still deliver."
FINDS = "Imported again, it finds that document; EAST gets no second one."
WAITS = "1 receipt of it waits for it to be imported again."
SENTENCES: list[tuple[str, State, str]] = [
    ("reprocess", states.fresh, "The rules judge it now."),
    ("reprocess", states.failed, "The rules judge it again, with the versions that are active now."),
    (
        "reprocess",
        states.rejected,
        "A rule rejected it. It goes on to the warehouse of its connection; the rules are not asked again.",
    ),
    (
        "reprocess",
        states.archived,
        "It goes on where it stood: its receipts say where. The warehouse has it, and nothing is sent.",
    ),
    ("reprocess", states.canceled, "The rules judge it again, with the versions that are active now."),
    (
        "reprocess",
        states.finished,
        (
            "It is open again for another full timeout of 45 days. EAST has ended its document:"
            " a new document for what is outstanding (1 line, 6 units) is sent."
        ),
    ),
    ("reprocess", states.receipt_fails, "1 receipt in Error is tried again."),
    ("reset", states.fresh, f"{AGAIN} No warehouse has it, so nobody is told."),
    ("reset", states.planned, f"{AGAIN} No warehouse has it, so nobody is told."),
    ("reset", sent, f"{AGAIN} {UPDATED}"),
    ("archive", states.held, f"What has not started is withdrawn: it is not sent. {ENDS}"),
    ("archive", states.part, MAY_DELIVER),
    ("delete", states.planned, f"{REMOVED} {entries(2)} Its message to the warehouse is withdrawn. {ANEW}"),
    ("delete", states.failed, f"{REMOVED} {entries(3)} {ANEW}"),
    ("force_delete", sent, f"{REMOVED} {KEEPS} {entries(4)} {ANEW} {FINDS}"),
    ("force_delete", states.complete, f"{REMOVED} {KEEPS} {entries(8)} {WAITS} {ANEW} {FINDS}"),
    (
        "force_delete",
        states.changed,
        (
            f"{REMOVED} {KEEPS} {entries(5)} What the source changed, and nobody has decided yet, goes with it."
            f" {ANEW} {FINDS}"
        ),
    ),
    ("force_delete", states.finished, f"{REMOVED} {entries(8)} {WAITS} {ANEW}"),
    (
        "accept_change",
        states.changed,
        "1 field and 3 lines change. The rules judge it again, from the start. EAST gets an update of its document.",
    ),
    (
        "accept_change",
        states.changed_after_goods,
        (
            "1 field and 3 lines change. It has 1 receipt, so it does not start over: its lines change under them, and"
            " the sums say where it stands then. EAST gets the new version."
        ),
    ),
    (
        "accept_change",
        states.cancel_waits,
        (
            "2 lines with 11 units are written off; it closes at the 4 units that came."
            f" EAST is asked to cancel its document. {HEARS}"
        ),
    ),
    (
        "accept_change",
        states.cancel_waits_complete,
        f"Nothing is outstanding, so it stays where it stands, and the warehouse is not asked. {HEARS}",
    ),
    (
        "refuse_change",
        states.changed,
        "Ours stays as it is, and nobody is told. The same change is not offered again; a newer one is.",
    ),
    (
        "refuse_change",
        states.cancel_waits,
        "It goes on although the source canceled it; 2 lines with 11 units are still expected. Nobody is told.",
    ),
    (
        "refuse_change",
        states.cancel_waits_complete,
        "It goes on although the source canceled it; nothing is outstanding. Nobody is told.",
    ),
    (
        "close_short",
        sent,
        (
            "2 lines with 15 units are written off; it closes at the 0 units that came."
            f" Nothing came, so EAST is asked to cancel its document. {HEARS} Reopen takes it back."
        ),
    ),
    (
        "close_short",
        states.part,
        (
            "2 lines with 11 units are written off; it closes at the 4 units that came."
            f" EAST gets an update: it expects no more than what came. {HEARS} Reopen takes it back."
        ),
    ),
    (
        "reopen",
        states.finished,
        (
            "1 line with 6 units is expected again. EAST has ended its document:"
            " a new one for what is outstanding is sent."
        ),
    ),
    ("reopen", states.short, "2 lines with 11 units are expected again. EAST gets an update."),
]


@pytest.mark.parametrize(("action", "state", "sentences"), SENTENCES)
def test_what_it_says(world: World, action: str, state: State, sentences: str) -> None:
    assert said(action, state(world)) == sentences


# After what was told: where the order stands, and which messages went to the warehouse.
OUTCOMES: list[tuple[str, State, str, list[str]]] = [
    ("reprocess", states.failed, "error", []),
    ("reprocess", states.rejected, "open", ["create"]),
    ("reprocess", states.held, "open", ["create"]),
    ("reprocess", states.archived, "open", []),
    ("reprocess", states.finished, "partially_received", ["create"]),
    ("reset", sent, "open", ["update"]),
    ("reset", states.failed, "error", []),
    ("archive", states.planned, "archived", []),
    ("archive", states.part, "archived", []),
    ("accept_change", states.changed, "open", ["update"]),
    ("accept_change", states.changed_after_goods, "partially_received", ["update"]),
    ("accept_change", states.cancel_waits, "closed", ["cancel"]),
    ("accept_change", states.cancel_waits_complete, "received", []),
    ("refuse_change", states.changed, "open", []),
    ("refuse_change", states.cancel_waits, "partially_received", []),
    ("close_short", sent, "closed", ["cancel"]),
    ("close_short", states.part, "closed", ["update"]),
    ("reopen", states.short, "partially_received", ["update"]),
    ("reopen", states.finished, "partially_received", ["create"]),
]


@pytest.mark.parametrize(("action", "state", "status", "there"), OUTCOMES)
def test_what_it_comes_to(world: World, action: str, state: State, status: str, there: list[str]) -> None:
    po_id = state(world)
    known = max((row["id"] for row in world.rows("SELECT id FROM delivery")), default=0)
    hears = HEARS in said(action, po_id)
    done(action, po_id)
    due = world.rows("SELECT 1 FROM delivery WHERE kind = 'status' AND state = 'due'")
    assert due or not hears
    processing.work()
    deliveries.work()
    assert world.po("PO-1")["status"] == status
    told = "SELECT kind FROM delivery WHERE id > %s AND kind <> 'status' AND state <> 'withdrawn' ORDER BY id"
    assert [row["kind"] for row in world.rows(told, known)] == there
