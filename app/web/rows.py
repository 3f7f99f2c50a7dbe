"""Rows of a table that are no rows of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """Any value with the id that its row has."""

    id: int
    row: Any
