"""What became of one record under an action: people read it per record, singly or in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["done", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One record's result. `label` is what people call the record; `message` is empty or says why."""

    record_id: int
    label: str
    result: Result
    message: str = ""
