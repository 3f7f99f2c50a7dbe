"""Bulk jobs: the list of past ones, and the page of one with its progress and the result for each order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for

from app.domain.errors import InletError
from app.domain.people import Reader, Role
from app.extensions import db
from app.models import BulkItem, BulkState, Run, RunState
from app.queries.bulk import ITEMS, JOBS
from app.queries.listing import Ask, Found, find
from app.security.reader import current_reader
from app.services import bulk
from app.web import asking, building, cells
from app.web.addresses import wants_fragment
from app.web.asking import Filter
from app.web.base import Answer, RecordView
from app.web.bulk_pages import JobPage, Progress, label_of
from app.web.columns import Col, Shown, table
from app.web.days import Dates
from app.web.exports import csv_file, download, text
from app.web.fab import guarded, route
from app.web.interface import Interface
from app.web.pages import Cell, Empty, Fact
from app.web.zone import reader_zone

_STATES = tuple((state.value, state.value.capitalize()) for state in RunState if state is not RunState.SKIPPED)
_RESULTS = ((BulkState.DONE.value, "Done"), (BulkState.SKIPPED.value, "Skipped"), (BulkState.FAILED.value, "Failed"))
_GOING_ON = {RunState.QUEUED, RunState.RUNNING}


def _results(run: Run) -> dict[str, str]:
    """The results of a job's orders in words; what still waits when the job has ended was not done."""
    return {**dict(_RESULTS), BulkState.WAITING.value: "Waiting" if run.state in _GOING_ON else "Not done"}


def _item_columns(run: Run) -> tuple[Col, ...]:
    words = _results(run)

    def result(item: BulkItem, _shown: Shown) -> Cell:
        return Cell("word", f"bulk_{item.state.value}", label=words[item.state.value])

    return (
        Col("number", "Purchase order", lambda row, _: cells.text(row.number), sort="number"),
        Col("result", "Result", result),
        Col("message", "What was said", lambda row, _: cells.text(row.message)),
        Col("at", "When", lambda row, _: cells.instant(row.settled_at)),
    )


class BulkJobView(RecordView):
    """Actions on many purchase orders, as they were confirmed and what became of them."""

    datamodel = Interface(JOBS)
    class_permission_name = "BulkJobs"
    route_base = "/bulk-jobs"
    list_title = "Bulk jobs"
    noun = "bulk job"
    section = "Operations"
    placeholder = "Who started it"
    empty = Empty("No bulk jobs yet", "Tick purchase orders in their list, and choose what to do with all of them.")
    filters = (Filter("state", "State", _STATES),)
    date_filters = (Dates("at", "When"),)
    columns = (
        Col("action", "Action", lambda run, _: cells.text(label_of(run), note=run.request.get("words", ""))),
        Col("state", "State", lambda run, _: cells.word(run.state.value)),
        Col("progress", "Settled / all", lambda run, _: cells.bar(run.changed + run.unchanged + run.failed, run.seen)),
        Col("done", "Done", lambda run, _: cells.number(run.changed), right=True),
        Col("skipped", "Skipped", lambda run, _: cells.number(run.unchanged), right=True),
        Col("failed", "Failed", lambda run, _: cells.number(run.failed), right=True),
        Col("by", "By", lambda run, _: cells.text(run.started_by)),
        Col("at", "Asked for", lambda run, _: cells.instant(run.at), sort="started"),
    )

    def further_permissions(self) -> tuple[str, ...]:
        """Stopping a job, and taking its result along."""
        return ("can_progress", "can_cancel", "can_result")

    def name_of(self, record: Run) -> str:
        """The action, and on how many."""
        return f"{label_of(record)}: {record.seen:,} purchase {'order' if record.seen == 1 else 'orders'}"

    @route("/show/<int:pk>")
    @guarded
    def show(self, pk: int) -> Answer:
        """The page of a job; htmx gets its progress, or its results, only."""
        run, shown = self.found(pk), building.shown_now()
        if wants_fragment() and request.args.get("part") == "progress":
            return make_response(render_template("inlet/bulk/progress.html", progress=_progress(self, run, shown.now)))
        page = _job_page(self, run, shown)
        if wants_fragment():
            return make_response(render_template("inlet/bulk/results.html", page=page))
        return self.page("inlet/bulk/job.html", page)

    @route("/progress/<int:pk>")
    @guarded
    def progress(self, pk: int) -> Answer:
        """How far a job is, for the note that other pages show: label, counts and whether it goes on, as JSON."""
        told = _progress(self, self.found(pk), building.shown_now().now)
        return make_response(
            {"label": told.label, "settled": told.settled, "total": told.total, "runs": told.runs, "href": told.href,
             "failed": told.failed, "skipped": told.skipped, "state": told.state}
        )  # fmt: skip

    @route("/cancel/<int:pk>", methods=["POST"])
    @guarded
    def cancel(self, pk: int) -> Answer:
        """Stop a job; what is done stays done."""
        self.found(pk)
        db.session.rollback()
        try:
            bulk.cancel(pk, current_reader())
        except InletError as problem:
            flash(problem.sentence(), "warning")
        else:
            flash("The job was canceled. What was done stays done.", "success")
        return redirect(self.show_href(pk))

    @route("/result/<int:pk>")
    @guarded
    def result(self, pk: int) -> Answer:
        """The result for each order as CSV, streamed."""
        run = self.found(pk)
        pages = ([[text(cell) for cell in row] for row in page] for page in bulk.results_of(pk))
        pieces = csv_file(("number", "result", "message", "at"), pages)
        return download(f"bulk-job-{pk}", run.at.astimezone(reader_zone()).date(), pieces)


def _progress(view: BulkJobView, run: Run, now: datetime) -> Progress:
    return Progress(
        run_id=run.id,
        label=label_of(run),
        state=run.state.value,
        total=run.seen,
        done=run.changed,
        skipped=run.unchanged,
        failed=run.failed,
        seconds_left=_seconds_left(run, now),
        href=view.show_href(run.id),
        results_href=view.show_href(run.id),
        message=run.message,
    )


def _seconds_left(run: Run, now: datetime) -> int | None:
    """By the speed so far; None before there is one."""
    settled = run.changed + run.unchanged + run.failed
    if run.state is not RunState.RUNNING or run.started_at is None or not settled:
        return None
    return round((now - run.started_at).total_seconds() / settled * (run.seen - settled))


def _job_page(view: BulkJobView, run: Run, shown: Shown) -> JobPage:
    wanted = Filter("result", "Result", tuple(_results(run).items()))
    ask, found = _items(run, shown, wanted)
    is_theirs = shown.reader.role is Role.ADMIN or run.user_id == shown.reader.user_id
    may_cancel = is_theirs and run.state in _GOING_ON and view.may("can_cancel")
    results = table(
        _item_columns(run),
        found.rows,
        shown,
        empty=Empty("Nothing matches", "No order of this job has this result."),
        href=lambda item: url_for("PurchaseOrderView.show", pk=item.purchase_order_id),
        heading=lambda column: asking.heading(column, ask),
    )
    facet = asking.facets([wanted], (), ask, {})[0]
    return JobPage(
        title=view.name_of(run),
        crumbs=(*view.crumbs(), (str(view.list_title), view.list_href())),
        facts=_facts(run, shown.reader),
        progress=_progress(view, run, shown.now),
        results=results,
        choices=facet.choices,
        search=asking.search_box(ask, "Number"),
        pager=asking.pager(ask, found),
        download_href=view.href("result", pk=run.id),
        back=run.request.get("back", ""),
        cancel_url=view.href("cancel", pk=run.id) if may_cancel else "",
    )


def _items(run: Run, shown: Shown, wanted: Filter) -> tuple[Ask, Found]:
    asked = asking.ask_of_request([wanted], (), {"number"}, shown.now)
    only_its_own: dict[str, Any] = {**asked.chosen, "run": (str(run.id),)}
    ask = Ask(
        now=shown.now, search=asked.search, chosen=only_its_own, sort=asked.sort, descending=asked.descending,
        page=asked.page, size=asked.size,
    )  # fmt: skip
    return ask, find(db.session, ITEMS, ask)


def _facts(run: Run, reader: Reader) -> tuple[Fact, ...]:
    options = run.request.get("options", {})
    given = {"reason": "Reason", "text": "Comment"}
    return (
        Fact("Started by", cells.text("You" if run.user_id == reader.user_id else run.started_by)),
        Fact("Chosen", cells.text(run.request.get("words", ""))),
        *(Fact(label, cells.text(options[name])) for name, label in given.items() if options.get(name)),
        *((Fact("Never import again", cells.flag(True)),) if options.get("tombstone") else ()),
        Fact("Asked for", cells.instant(run.at)),
        Fact("Began", cells.instant(run.started_at)),
        Fact("Ended", cells.instant(run.finished_at)),
    )
