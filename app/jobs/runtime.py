"""What every job shares: its owner name, its loop, its connectors, and the process it runs in."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from rq import Worker
from rq.job import Job
from rq.queue import Queue

from app.connectors import registry
from app.connectors.contract import ConnectorContext, SourceConnector, WarehouseConnector
from app.logs import about
from app.services.bindings import Binding
from app.services.unit_of_work import Database
from app.wakeups import Topic, begun, ring

log = logging.getLogger(__name__)

LOOP_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1


class Surroundings:
    """What connectors get from the machine; bound once by the composition root."""

    files_root: ClassVar[Path] = Path("/nonexistent")

    @classmethod
    def bind(cls, files_root: Path) -> None:
        """Set the only folder below which file connectors may work."""
        cls.files_root = files_root

    @classmethod
    def context(cls, binding: Binding) -> ConnectorContext:
        """The context of one connector."""
        return ConnectorContext(ZoneInfo(binding.zone), cls.files_root, binding.account, lambda: datetime.now(UTC))


def source(binding: Binding) -> SourceConnector:
    """The source connector of a binding. Raises BadSettings."""
    return registry.source(binding.kind, binding.settings, binding.secrets, Surroundings.context(binding))


def warehouse(binding: Binding) -> WarehouseConnector:
    """The warehouse connector of a binding. Raises BadSettings."""
    return registry.warehouse(binding.kind, binding.settings, binding.secrets, Surroundings.context(binding))


def owner() -> str:
    """A name for leases that no other process and no other job has."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"


def loop(topic: Topic, step: Callable[[str], bool]) -> None:
    """Work on a topic until a step finds nothing to do, or half a minute has passed; then let another job go on.

    `step` takes the owner's name and returns whether it found work.
    """
    begun(topic)
    me = owner()
    until = time.monotonic() + LOOP_SECONDS
    with about(job=topic.value):
        while step(me):
            if time.monotonic() > until:
                ring(topic)
                return


class WorkHorse(Worker):
    """RQ's forking worker, with a child that never outlives its parent and never shares its connections."""

    def main_work_horse(self, job: Job, queue: Queue) -> Any:
        """Run in the child: die with the parent, and leave the parent's database connections alone.

        Without the death signal the child of a killed worker would go on beside the one that the supervisor starts.
        """
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            os._exit(1)
        Database.engine().dispose(close=False)
        return super().main_work_horse(job, queue)
