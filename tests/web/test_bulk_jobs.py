"""Bulk jobs in the browser: progress, cancel, the result and its file, and the lists that they stand in."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import LeaseLost
from app.domain.states import PoStatus
from app.jobs import bulk as bulk_job
from app.models import BulkItem, PurchaseOrder, Run
from app.services import bulk
from tests.frame.markup import Page, faults
from tests.web.bulking import (
    JOBS,
    items,
    landmarks,
    orders,
    page_of,
    rows_of,
    started,
    stored,
    work_a_little,
)
from tests.web.people import Person, Stage, text_of

FRAGMENT = {"HX-Request": "true"}


# ------------------------------------------------------------------ progress and cancel


def progress(person: Person, run_id: int) -> dict[str, Any]:
    answer = person.get(f"/bulk-jobs/progress/{run_id}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def test_the_progress_is_told_as_data(stage: Stage) -> None:
    person = stage.person("support")
    chosen = [*orders(stage, 2), *orders(stage, 1, status=PoStatus.ARCHIVED), *orders(stage, 1)]
    run_id = started(person, chosen, "archive", reason="x")
    told = {"label": "Archive", "total": 4, "href": f"/bulk-jobs/show/{run_id}"}
    assert progress(person, run_id) == told | {
        "settled": 0, "runs": True, "failed": 0, "skipped": 0, "state": "queued",
    }  # fmt: skip
    job = work_a_little(3)
    assert progress(person, run_id) == told | {
        "settled": 3, "runs": True, "failed": 0, "skipped": 1, "state": "running",
    }  # fmt: skip
    while bulk.work_on(job):
        pass
    assert progress(person, run_id) == told | {
        "settled": 4, "runs": False, "failed": 0, "skipped": 1, "state": "done",
    }  # fmt: skip


def test_the_page_asks_for_its_progress_until_the_job_has_ended(stage: Stage) -> None:
    person = stage.person("support")
    run_id = started(person, orders(stage, 4))
    address = f"/bulk-jobs/show/{run_id}"

    def part() -> Page:
        return page_of(person.get(f"{address}?part=progress", headers=FRAGMENT))

    job = work_a_little(1)
    page = part()
    [asking] = page.with_attribute("hx-get")
    assert (asking.get("hx-get"), asking.get("hx-trigger")) == (f"{address}?part=progress", "every 1s")
    [shown] = page.with_attribute("aria-valuenow")
    assert (shown.get("aria-valuenow"), shown.get("aria-valuemax"), shown.get("aria-label")) == ("1", "4", "Comment")
    assert page.all("html") == page.all("script") == []
    while bulk.work_on(job):
        pass
    [last] = part().with_attribute("hx-get")
    # Once more the results, and then nothing is asked any more; there is nothing to cancel either.
    assert (last.get("hx-get"), last.get("hx-trigger"), last.get("hx-target")) == (address, "load", "#job-results")
    assert [form.get("hx-swap-oob") for form in part().all("form")] == ["delete"]
    whole = page_of(person.get(address))
    assert [
        element.get("hx-get") for element in whole.with_attribute("hx-get") if "part" in element.get("hx-get")
    ] == []
    assert whole.with_attribute("data-bulk-runs") == []


def test_a_running_job_is_remembered_by_the_page(stage: Stage) -> None:
    run_id = started(stage.person("support"), orders(stage, 1))
    page = page_of(stage.person("support").get(f"/bulk-jobs/show/{run_id}"))
    assert [element.get("data-bulk-job") for element in page.with_attribute("data-bulk-runs")] == [str(run_id)]
    assert faults(page) == []


@pytest.mark.parametrize("name", ["support", "admin"])
def test_who_started_it_and_an_admin_cancel_it(stage: Stage, name: str) -> None:
    chosen = orders(stage, 3)
    run_id, person = started(stage.person("support"), chosen), stage.person(name)
    job = work_a_little(1)
    page = page_of(person.get(f"/bulk-jobs/show/{run_id}"))
    [form] = [form for form in page.all("form") if form.get("id") == "cancel-job"]
    answer = person.post(form.get("action"))
    assert (answer.status_code, answer.location) == (302, f"/bulk-jobs/show/{run_id}")
    assert person.flashes() == ["The job was canceled. What was done stays done."]
    with pytest.raises(LeaseLost):
        bulk.work_on(job)
    bulk_job.work()
    assert items(stage, run_id) == [(chosen[0].id, "done"), (chosen[1].id, "waiting"), (chosen[2].id, "waiting")]
    text = text_of(person.get(f"/bulk-jobs/show/{run_id}"))
    assert f"Canceled by {person.user.get_full_name()}. What was done stays done." in text
    assert "Not done" in text
    assert "Waiting" not in text
    assert "Cancel the job" not in text
    assert person.post(f"/bulk-jobs/cancel/{run_id}").status_code == 302
    assert person.flashes() == ["It has ended already."]


def test_a_colleague_sees_the_job_and_may_not_cancel_it(stage: Stage) -> None:
    run_id = started(stage.person("admin"), orders(stage, 1))
    before, person = stored(stage), stage.person("support")
    assert "Cancel the job" not in text_of(person.get(f"/bulk-jobs/show/{run_id}"))
    assert person.post(f"/bulk-jobs/cancel/{run_id}").status_code == 302
    assert person.flashes() == ["Only who started a bulk job, or an Admin, may cancel it."]
    assert stored(stage) == before


# ------------------------------------------------------------------ the result


@pytest.fixture
def reset(stage: Stage) -> tuple[int, dict[str, PurchaseOrder]]:
    """A job that has ended, with an order for each result, and what a spreadsheet would run."""
    fine, broken, received = orders(stage, 3)
    stage.make.receipt(received)
    with Session(stage.make.engine) as session:
        for po, values in ((fine, {"number": "=1+1"}), (broken, {"snapshot": {}}), (received, {"number": "+R, 2"})):
            session.execute(update(PurchaseOrder).where(PurchaseOrder.id == po.id).values(values))
        session.commit()
    run_id = started(stage.person("support"), [fine, broken, received], "reset", tombstone="")
    bulk_job.work()
    return run_id, {"done": fine, "failed": broken, "skipped": received}


SKIPPED = "It has a receipt. Archive the receipt first, or correct the lines by a change from the source."
FAILED = "An internal fault stopped it; nothing was changed."


def test_the_page_of_a_job_has_the_result_of_each_order(
    stage: Stage, reset: tuple[int, dict[str, PurchaseOrder]]
) -> None:
    run_id, made = reset
    answer = stage.person("support").get(f"/bulk-jobs/show/{run_id}")
    page = page_of(answer)
    assert faults(page) == []
    assert landmarks(page) == ["Progress", "Results"]
    assert page.all("h1")[0].text.strip() == "Reset: 3 purchase orders"
    assert [row[:3] for row in rows_of(page, "Results")] == [
        ["=1+1", "Done", rows_of(page, "Results")[0][2]],
        [made["failed"].number, "Failed", FAILED],
        ["+R, 2", "Skipped", SKIPPED],
    ]
    links = [row.get("data-href") for row in page.all("tr") if row.get("data-href")]
    assert links == [f"/purchase-orders/show/{made[name].id}" for name in ("done", "failed", "skipped")]
    text = text_of(answer)
    for words in ("Started by You", "Chosen 3 ticked", "Done 1", "Skipped 1", "Failed 1", "Not done 0"):
        assert words in text, words


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("result=done", ["Done"]),
        ("result=failed&result=skipped", ["Failed", "Skipped"]),
        ("result=waiting", []),
        ("q=%2Br", ["Skipped"]),
        ("q=zzz", []),
        ("sort=-number", ["Failed", "Done", "Skipped"]),
        ("result=nonsense&sort=secret&page=x", []),
        ("run=1", ["Done", "Failed", "Skipped"]),
    ],
)
def test_the_results_can_be_filtered(
    stage: Stage, reset: tuple[int, dict[str, PurchaseOrder]], query: str, found: list[str]
) -> None:
    started(stage.person("admin"), orders(stage, 1))
    address = f"/bulk-jobs/show/{reset[0]}?{query}"
    part = page_of(stage.person("support").get(address, headers=FRAGMENT))
    assert part.all("html") == part.all("script") == []
    assert [row[1] for row in rows_of(part, "Results")] == found
    assert [row[1] for row in rows_of(page_of(stage.person("support").get(address)), "Results")] == found


def test_the_file_has_the_result_of_each_order_and_no_formula(
    stage: Stage, reset: tuple[int, dict[str, PurchaseOrder]]
) -> None:
    run_id, made = reset
    answer = stage.person("support").get(f"/bulk-jobs/result/{run_id}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert re.fullmatch(
        rf'attachment; filename="bulk-job-{run_id}-\d{{4}}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"]
    )
    data = answer.get_data()
    assert data.startswith("\ufeff".encode())
    titles, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert titles == ["number", "result", "message", "at"]
    assert [row[:2] for row in rows] == [["'=1+1", "done"], [made["failed"].number, "failed"], ["'+R, 2", "skipped"]]
    assert [row[2] for row in rows][1:] == [FAILED, SKIPPED]
    with Session(stage.make.engine) as session:
        settled = session.scalars(select(BulkItem.settled_at).order_by(BulkItem.id)).all()
    assert [row[3] for row in rows] == [at.isoformat() for at in settled if at]


def test_the_file_is_of_one_job_and_longer_than_a_page(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 2)
    started(stage.person("support"), orders(stage, 1))
    chosen = orders(stage, 5)
    run_id = started(stage.person("support"), chosen)
    answer = stage.person("support").get(f"/bulk-jobs/result/{run_id}")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows] == ["number", *(po.number for po in chosen)]


# ------------------------------------------------------------------ the list of past jobs


def test_the_list_of_jobs_tells_who_what_and_how_far(stage: Stage) -> None:
    person = stage.person("support")
    first = started(person, orders(stage, 2))
    bulk_job.work()
    second = started(stage.person("admin"), orders(stage, 3, status=PoStatus.ARCHIVED), "reset", tombstone="")
    work_a_little(1)
    page = page_of(person.get(JOBS))
    rows = rows_of(page, "Bulk jobs")
    assert [row[:2] for row in rows] == [["Reset3 ticked", "Running"], ["Comment2 ticked", "Done"]]
    assert [row[-2] for row in rows] == [stage.person("admin").user.get_full_name(), person.user.get_full_name()]
    assert [row[3:6] for row in rows] == [["1", "0", "0"], ["2", "0", "0"]]
    assert [row.get("data-href") for row in page.all("tr") if row.get("data-href")] == [
        f"/bulk-jobs/show/{run_id}" for run_id in (second, first)
    ]
    assert [row[1] for row in rows_of(page_of(person.get(f"{JOBS}?state=done")), "Bulk jobs")] == ["Done"]
    name = person.user.last_name.lower()
    assert [row[0] for row in rows_of(page_of(person.get(f"{JOBS}?q={name}")), "Bulk jobs")] == ["Comment2 ticked"]
    assert "No bulk jobs yet" not in text_of(person.get(JOBS))


@pytest.mark.parametrize(
    ("name", "seen"),
    [("admin", {"admin", "support", "limited", "partner"}), ("support", {"admin", "support", "limited", "partner"}),
     ("limited", {"limited"}), ("partner", {"partner"})],
)  # fmt: skip
def test_who_sees_whose_jobs(stage: Stage, name: str, seen: set[str]) -> None:
    runs = {who: started(stage.person(who), [stage.mine.order]) for who in ("admin", "support", "limited", "partner")}
    bulk_job.work()
    person = stage.person(name)
    page = page_of(person.get(JOBS))
    listed = {int(row.get("data-href").rsplit("/", 1)[1]) for row in page.all("tr") if row.get("data-href")}
    assert listed == {runs[who] for who in seen}
    for who, run_id in runs.items():
        for address in ("show", "progress", "result"):
            assert person.get(f"/bulk-jobs/{address}/{run_id}").status_code == (200 if who in seen else 404)


# ------------------------------------------------------------------ among the runs


@pytest.fixture
def import_run(stage: Stage) -> int:
    """An import beside the bulk jobs."""
    connection = stage.mine.connection
    return stage.make.add(
        Run(
            kind="import", connection_id=connection.id, merchant_id=connection.merchant_id, started_by="schedule", new=7
        )
    ).id


def test_the_runs_show_bulk_jobs_and_who_started_them(stage: Stage, import_run: int) -> None:
    person = stage.person("support")
    run_id = started(person, orders(stage, 2), "archive", reason="x")
    bulk_job.work()
    page = page_of(person.get("/runs/list/"))
    rows, name = rows_of(page, "Runs"), person.user.get_full_name()
    assert [row[:4] for row in rows] == [
        [str(run_id), "–", "Bulk jobArchive", "Done"],
        [str(import_run), stage.mine.connection.name, "Import", "Queued"],
    ]
    assert [row[5:10] for row in rows] == [[name, "2", "–", "2", "0"], ["schedule", "0", "7", "0", "0"]]
    links = [row.get("data-href") for row in page.all("tr") if row.get("data-href")]
    assert links == [f"/bulk-jobs/show/{run_id}", f"/runs/show/{import_run}"]
    assert person.get(f"/runs/show/{run_id}").location == f"/bulk-jobs/show/{run_id}"
    for query, found in (
        ("kind=bulk", [str(run_id)]),
        ("kind=import", [str(import_run)]),
        (f"q={person.user.last_name.upper()}", [str(run_id)]),
        ("q=SCHED", [str(import_run)]),
        ("state=done&last=24h", [str(run_id)]),
    ):
        assert [row[0] for row in rows_of(page_of(person.get(f"/runs/list/?{query}")), "Runs")] == found, query


def test_a_limited_support_sees_the_own_bulk_jobs_among_the_runs(stage: Stage, import_run: int) -> None:
    theirs = started(stage.person("admin"), [stage.mine.order])
    mine = started(stage.person("limited"), [stage.mine.order])
    person = stage.person("limited")
    assert [row[0] for row in rows_of(page_of(person.get("/runs/list/")), "Runs")] == [str(mine), str(import_run)]
    assert person.get(f"/runs/show/{theirs}").status_code == 404
    assert person.get(f"/runs/show/{mine}").status_code == 302
