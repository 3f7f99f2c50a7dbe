"""What can be wrong with a receipt, so that a person must decide: the kinds, and the sentence that goes with one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Discrepancy(StrEnum):
    """Why a receipt is held: stored in Error and not applied."""

    WHICH_PO = "which_po"
    """Its reference fits several purchase orders, or there is none."""
    NO_PO = "no_po"
    """It has waited for its purchase order for too long."""
    DUPLICATE = "duplicate"
    """It was already stored for the same purchase order under another reference."""
    ARCHIVED = "archived"
    """It corrects a receipt that a person put away."""
    OTHER_WAREHOUSE = "other_warehouse"
    """The purchase order is at another warehouse."""
    AFTER_CLOSE = "after_close"
    """The purchase order is Closed, Canceled or Archived."""
    NEVER_SENT = "never_sent"
    """The purchase order was never sent to a warehouse."""
    UNKNOWN_SKU = "unknown_sku"
    """A SKU is on no line of the purchase order."""
    SHARED_SKU = "shared_sku"
    """A SKU is on several lines and the source's setting says to ask."""
    UNKNOWN_UNIT = "unknown_unit"
    """No factor is known between the receipt's unit and the line's."""
    OVER = "over"
    """More came on a line than its order and the tolerance allow."""
    NEGATIVE = "negative"
    """It takes more off a line than was received on it."""
    SHORT = "short"
    """The warehouse must receive in full, and this is not all."""


ACCEPTABLE: Final = frozenset(
    {
        Discrepancy.OTHER_WAREHOUSE,
        Discrepancy.AFTER_CLOSE,
        Discrepancy.NEVER_SENT,
        Discrepancy.OVER,
        Discrepancy.SHORT,
    }
)
"""What a person may accept as it is. For the others the quantities have no line to go to, or make no sense."""


@dataclass(frozen=True, slots=True)
class Held:
    """The answer that a receipt is held: its kind, what is wrong, and what to do about it."""

    kind: Discrepancy
    sentence: str
    remedy: str

    def text(self) -> str:
        """Both sentences, for a status line."""
        return f"{self.sentence} {self.remedy}".strip()
