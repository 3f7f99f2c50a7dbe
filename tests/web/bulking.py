"""Bulk actions as a browser does them: plan, confirm, and what the pages then show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Activity, BulkItem, Connection, PurchaseOrder, Run
from app.services import bulk
from tests.frame.markup import Page, read
from tests.web.people import Person, Stage

LIST = "/purchase-orders/list/"
PLAN = "/purchase-orders/plan"
CONFIRM = "/purchase-orders/bulk"
JOBS = "/bulk-jobs/list/"


def orders(stage: Stage, count: int, connection: Connection | None = None, **values: Any) -> list[PurchaseOrder]:
    """So many orders of the merchant whom the scoped people see."""
    values.setdefault("lines", 1)
    return [stage.make.purchase_order(connection or stage.mine.connection, **values) for _ in range(count)]


def ids_of(chosen: list[PurchaseOrder]) -> list[int]:
    return [po.id for po in chosen]


def page_of(answer: TestResponse) -> Page:
    assert answer.status_code == 200
    return read(answer.get_data(as_text=True))


def figures(page: Page) -> list[int]:
    """Chosen, to be done, to be skipped."""
    boxes = [element for element in page.all("div") if "plan-figure" in element.get("class").split()]
    return [int(value.get("value")) for value in page.all("data") if value.inside("div") in boxes]


def hidden(page: Page) -> list[tuple[str, str]]:
    """What the confirmation will post besides its token, in its order."""
    inputs = [element for element in page.all("input") if element.get("type") == "hidden"]
    mine = [element for element in inputs if (form := element.inside("form")) and "stack" in form.get("class")]
    return [(field.get("name"), field.get("value")) for field in mine if field.get("name") != "csrf_token"]


def fields(page: Page) -> dict[str, Any]:
    """The same as a form posts it."""
    given: dict[str, Any] = {}
    for name, value in hidden(page):
        given.setdefault(name, []).append(value)
    return given


def confirm_url(page: Page) -> str:
    """Where the plan is confirmed."""
    [form] = [form for form in page.all("form") if "stack" in form.get("class")]
    return form.get("action")


def rows_of(page: Page, label: str) -> list[list[str]]:
    """The cells of the table in the region of that name."""
    regions = [element for element in page.elements if element.get("aria-label") == label]
    body = [row for row in page.all("tr") if any(parent in regions for parent in row.parents) and row.inside("tbody")]
    cells = [cell for cell in page.elements if cell.tag in {"td", "th"}]
    return [[" ".join(cell.text.split()) for cell in cells if cell.inside("tr") is row] for row in body]


def confirmed(person: Person, page: Page, **more: Any) -> TestResponse:
    """Press the button of a plan."""
    return person.post(confirm_url(page), **{**fields(page), **more})


def started(person: Person, chosen: list[PurchaseOrder], action: str = "comment", **options: Any) -> int:
    """Plan and confirm; returns the run's id."""
    options = options or {"text": "Seen"}
    answer = confirmed(person, page_of(person.post(PLAN, action=action, ids=ids_of(chosen))), **options)
    assert answer.status_code == 302
    return int(answer.location.rsplit("/", 1)[1])


def stored(stage: Stage) -> dict[str, list[Any]]:
    """Everything that a bulk action may change, to compare before and after."""
    with Session(stage.make.engine) as session:
        return {
            model.__tablename__: sorted([tuple(row) for row in session.execute(model.__table__.select())], key=repr)
            for model in (PurchaseOrder, Activity, Run, BulkItem)
        }


def run_row(stage: Stage, run_id: int) -> Run:
    with Session(stage.make.engine) as session:
        return session.get_one(Run, run_id)


def items(stage: Stage, run_id: int) -> list[tuple[int, str]]:
    """The orders of a job with their results."""
    with Session(stage.make.engine) as session:
        rows = session.scalars(select(BulkItem).where(BulkItem.run_id == run_id).order_by(BulkItem.id))
        return [(row.purchase_order_id, row.state.value) for row in rows]


def work_a_little(count: int) -> bulk.Job:
    """Let a worker do so many orders; it keeps its lease."""
    job = bulk.claim("w")
    assert job is not None
    assert bulk.work_on(job, count)
    return job


def landmarks(page: Page) -> list[str]:
    """The names of the page's sections and regions; two of one name cannot be told apart by their names."""
    headings = {element.get("id"): element.text for element in page.with_attribute("id")}
    marked = [element for element in page.elements if element.tag == "section" or element.get("role") == "region"]
    return [element.get("aria-label") or headings[element.get("aria-labelledby")] for element in marked]
