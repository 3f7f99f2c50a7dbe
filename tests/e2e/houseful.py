"""A whole Inlet of real processes around a test's own database: workers and the scheduler, started and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import PROJECT

_COMMAND = [sys.executable, "-m", "app.cli"]


@dataclass(slots=True)
class Houseful:
    """Processes by name. Leaving the block ends all of them, their children too."""

    environ: Mapping[str, str]
    log_folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start “worker …” or “scheduler”; its output goes to a file of its name."""
        with (self.log_folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*_COMMAND, name.split(maxsplit=1)[0]],
                env={**os.environ, **self.environ, "PYTHONPATH": str(PROJECT)},
                cwd=PROJECT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """SIGKILL, and nothing more: what the process leaves behind is what a crash leaves behind."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.log_folder / f"{name}.log").read_text(errors="replace")

    def logs(self) -> str:
        """All logs, for a test that failed."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in self.log_folder.glob("*.log")
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            finally:
                process.wait()
