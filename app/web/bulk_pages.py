"""What the pages of bulk actions show: the plan before, the job with its progress, the result after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.models import Run
from app.services.actions import ORDER_ACTIONS
from app.services.bulk_plan import Plan
from app.web.pages import Choice, Crumbs, Fact, Pager, Search, Table


def label_of(run: Run) -> str:
    """What a job does, as its button says it."""
    spec = ORDER_ACTIONS.get(run.request.get("action", ""))
    return spec.label if spec else "Action"


@dataclass(frozen=True, slots=True)
class PlanPage:
    """The plan (`inlet/bulk/plan.html`).

    `hidden` are the fields that the confirmation repeats; `fields` the action's own inputs: reason, text, tombstone.
    `samples` is a table of ten of the orders. `problem` says why a confirmation started nothing.
    """

    title: str
    crumbs: Crumbs
    label: str
    plan: Plan
    words: str
    warning: str
    fields: Sequence[str]
    samples: Table
    confirm_url: str
    hidden: Sequence[tuple[str, str]]
    back: str
    danger: bool = False
    problem: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """What was entered before, by field."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is (`inlet/bulk/progress.html`): counts, and the seconds that are left, if they can be told."""

    run_id: int
    label: str
    state: str
    total: int
    done: int
    skipped: int
    failed: int
    seconds_left: int | None
    href: str
    results_href: str
    message: str = ""

    @property
    def settled(self) -> int:
        """How many orders have their result."""
        return self.done + self.skipped + self.failed

    @property
    def share(self) -> float:
        """Settled orders in percent of all."""
        return round(100 * self.settled / self.total, 1) if self.total else 100.0

    @property
    def runs(self) -> bool:
        """Whether it goes on by itself."""
        return self.state in {"queued", "running"}

    @property
    def left(self) -> str:
        """The time that is left, in words."""
        if self.seconds_left is None:
            return ""
        minutes = round(self.seconds_left / 60)
        return f"about {minutes} min left" if minutes >= 2 else f"about {max(self.seconds_left, 1)} s left"


@dataclass(frozen=True, slots=True)
class JobPage:
    """One job (`inlet/bulk/job.html`); `inlet/bulk/results.html` is the part that paging and filters load anew."""

    title: str
    crumbs: Crumbs
    facts: tuple[Fact, ...]
    progress: Progress
    results: Table
    choices: tuple[Choice, ...]
    search: Search
    pager: Pager
    download_href: str
    back: str
    cancel_url: str = ""
