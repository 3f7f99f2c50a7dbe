"""How connections do: the last day's imports, who is in trouble and why, for each reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from app.domain.people import Reader
from app.extensions import db as flask_db
from app.models import Connection, Run, Schedule, ScheduleKind
from app.queries.health import Day, Health, Trouble, health
from app.queries.listing import Ask, find
from app.queries.work import RUNS
from tests.factories import Factory
from tests.queries.walled import ADMIN, NO_MERCHANT, NO_WAREHOUSE, ask_as, partner_at, support_for

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
MOMENT = timedelta(microseconds=1)
IMPORT, STATUS = ScheduleKind.IMPORT, ScheduleKind.STATUS_UPDATE


def of(app: Flask, reader: Reader = ADMIN) -> list[Health]:
    """The connections as the reader sees them."""
    return ask_as(app, reader, lambda session: health(session, reader, NOW))


def add_run(make: Factory, connection: Connection, state: str = "done", **values: Any) -> Run:
    """A run of a connection, an import of just now unless told otherwise."""
    owner = {"connection_id": connection.id, "merchant_id": connection.merchant_id}
    return make.add(Run(**{"kind": "import", "state": state, "at": NOW, "started_by": "schedule", **owner, **values}))


def plan(make: Factory, connection: Connection, kind: ScheduleKind = IMPORT, **values: Any) -> None:
    """Set what a schedule says."""
    with Session(make.engine) as session:
        session.execute(
            update(Schedule).where(Schedule.connection_id == connection.id, Schedule.kind == kind).values(**values)
        )
        session.commit()


def test_without_a_connection_there_is_nothing(walled: Flask, db: Any) -> None:
    assert of(walled) == []


def test_a_connection_that_never_ran_is_in_no_trouble(walled: Flask, make: Factory) -> None:
    connection = make.connection(name="Northwind ERP")
    assert of(walled) == [Health(connection.id, "Northwind ERP", True, None, None, Day(), ())]


def test_one_without_schedules_is_listed_too(walled: Flask, make: Factory) -> None:
    connection = make.connection(schedules=False)
    assert [row.id for row in of(walled)] == [connection.id]


def test_the_day_counts_imports_of_24_hours_and_what_they_found(walled: Flask, make: Factory) -> None:
    connection, other = make.connection(name="A"), make.connection(name="B")
    add_run(make, connection, new=5, changed=2, failed=1)
    add_run(make, connection, new=10, changed=3, failed=4, at=NOW - DAY)
    add_run(make, connection, "failed", new=1)
    # Neither ended, not in the day, or no import.
    for state in ("queued", "running", "skipped", "canceled"):
        add_run(make, connection, state, new=0)
    add_run(make, connection, new=1_000, at=NOW - DAY - MOMENT)
    add_run(make, connection, kind="status_update", new=1_000)
    add_run(make, connection, kind="bulk", new=1_000)
    add_run(make, other, "failed", failed=7)
    days = {row.name: row.day for row in of(walled)}
    assert days == {"A": Day(done=2, failed=1, new=16, changed=5, refused=5), "B": Day(failed=1, refused=7)}
    for state, expected in (("done", 2), ("failed", 1)):
        chosen = {"connection": (str(connection.id),), "kind": ("import",), "state": (state,), "last": ("24h",)}
        ask = Ask(NOW, chosen=chosen)
        found = ask_as(walled, ADMIN, lambda session: find(session, RUNS, ask).count)  # noqa: B023
        assert found == expected, state


@pytest.mark.parametrize(("values", "found"), [(("24h",), 1), (("7d",), 0), (("7d", "24h"), 1), ((), 2)])
def test_the_runs_of_the_last_day_can_be_listed(
    walled: Flask, make: Factory, values: tuple[str, ...], found: int
) -> None:
    connection = make.connection()
    for at in (NOW - DAY, NOW - DAY - MOMENT):
        add_run(make, connection, at=at)
    ask = Ask(NOW, chosen={"last": values})
    assert ask_as(walled, ADMIN, lambda session: find(session, RUNS, ask).count) == found


@pytest.mark.parametrize("kind", list(ScheduleKind))
@pytest.mark.parametrize(
    ("states", "failing"),
    [
        (["failed"], True),
        (["done", "failed"], True),
        (["failed", "done"], False),
        # What has not ended says nothing yet, and what was left out never will.
        (["failed", "running"], True),
        (["failed", "queued", "skipped"], True),
        (["done", "skipped", "canceled"], False),
        (["running"], False),
    ],
)
def test_a_connection_fails_while_the_last_run_that_ended_did(
    walled: Flask, make: Factory, kind: ScheduleKind, states: list[str], failing: bool
) -> None:
    connection, completed = make.connection(), NOW - timedelta(days=3)
    plan(make, connection, kind, last_completed_at=completed)
    for number, state in enumerate(states):
        add_run(make, connection, state, kind=kind.value, message=f"Message {number}")
    # The other kind is a matter of its own.
    add_run(make, connection, "done", kind="bulk")
    wanted = (Trouble(kind, completed, False, f"Message {states.index('failed')}"),) if failing else ()
    assert [row.troubles for row in of(walled)] == [wanted]


def test_both_kinds_may_fail_and_each_says_since_when(walled: Flask, make: Factory) -> None:
    connection = make.connection()
    plan(make, connection, STATUS, last_completed_at=NOW - DAY)
    add_run(make, connection, "failed", message="The source said 503.")
    add_run(make, connection, "failed", kind="status_update", message="The warehouse said 401.", at=NOW - 9 * DAY)
    assert of(walled)[0].troubles == (
        Trouble(IMPORT, None, False, "The source said 503."),
        Trouble(STATUS, NOW - DAY, False, "The warehouse said 401."),
    )


@pytest.mark.parametrize(
    ("kind", "due", "overdue"),
    [
        (IMPORT, NOW - timedelta(minutes=5), False),
        (IMPORT, NOW - timedelta(minutes=5) - MOMENT, True),
        (IMPORT, NOW + DAY, False),
        (IMPORT, None, False),
        (STATUS, NOW - DAY, False),
    ],
)
def test_an_import_is_overdue_when_no_worker_took_it(
    walled: Flask, make: Factory, kind: ScheduleKind, due: datetime | None, overdue: bool
) -> None:
    connection, completed = make.connection(), NOW - timedelta(hours=2)
    plan(make, connection, IMPORT, last_completed_at=completed)
    plan(make, connection, kind, next_due_at=due)
    (row,) = of(walled)
    assert row.troubles == ((Trouble(IMPORT, completed, True, ""),) if overdue else ())
    assert row.completed_at == completed
    assert row.next_at == (due if kind is IMPORT else None)


@pytest.mark.parametrize("off", ["enabled", "channel_on"])
def test_what_is_switched_off_is_in_no_trouble(walled: Flask, make: Factory, off: str) -> None:
    connection = make.connection(enabled=off != "enabled", channel_on=off != "channel_on")
    plan(make, connection, IMPORT, next_due_at=NOW - DAY)
    add_run(make, connection, "failed")
    (row,) = of(walled)
    assert (row.runs, row.troubles) == (False, ())
    assert row.day.failed == 1


def test_those_in_trouble_come_first_and_those_that_are_off_last(walled: Flask, make: Factory) -> None:
    for name in ("beta", "Off", "Alpha", "Zulu", "yes"):
        connection = make.connection(name=name, enabled=name != "Off")
        if name in {"Zulu", "yes"}:
            add_run(make, connection, "failed")
    assert [row.name for row in of(walled)] == ["yes", "Zulu", "Alpha", "beta", "Off"]


def test_a_limited_person_sees_the_own_connections_and_their_runs(walled: Flask, make: Factory) -> None:
    mine, theirs = make.connection(), make.connection()
    for connection in (mine, theirs):
        plan(make, connection, IMPORT, last_completed_at=NOW)
        add_run(make, connection, "failed", message=f"Of {connection.id}", new=connection.id)
    (row,) = of(walled, support_for(mine))
    assert (row.id, row.completed_at, row.day.new) == (mine.id, NOW, mine.id)
    assert [trouble.message for trouble in row.troubles] == [f"Of {mine.id}"]
    for reader in (partner_at(mine), NO_MERCHANT, NO_WAREHOUSE):
        assert of(walled, reader) == []
    assert len(of(walled)) == 2


def test_it_costs_two_statements_however_many_connections_there_are(walled: Flask, make: Factory) -> None:
    for expected in (1, 2, 3):
        connection = make.connection()
        add_run(make, connection)
        sent: list[str] = []
        with walled.app_context():
            engine = flask_db.engine
        event.listen(engine, "before_cursor_execute", note := lambda *args, sent=sent: sent.append(args[2]))
        assert len(of(walled)) == expected
        event.remove(engine, "before_cursor_execute", note)
        assert len(sent) == 2
