"""What happens to the demo's purchase orders: one story per order, and how many of each there are.

The table below is the demo's plot. Dates are told in days from today: `ordered` days ago, `due` days from now.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.demo.places import BUYING, COLD, EAST, ERP, MARKET, WEST, DemoConnection, DemoWarehouse


class Story(StrEnum):
    """How an order's life goes until today."""

    OPEN = "announced, nothing has come yet"
    LATE = "announced, due days ago, nothing has come"
    PART = "a part has come, in time"
    PART_LATE = "a part has come, the rest is late"
    RECEIVED = "all came at once"
    IN_TWO = "all came on two trucks"
    DAMAGED = "all came, some of it broken"
    A_LITTLE_OVER = "a little more came than ordered, within the tolerance"
    LATE_ARRIVAL = "all came, days after it was due"
    CORRECTED = "all came; the warehouse had miscounted and sent its receipt again"
    FINAL_SHORT = "a part came, and the warehouse says that was all"
    AFTER_CLOSE = "finished short, and then more came"
    WAREHOUSE_CANCELED = "the warehouse canceled it"
    CLOSED_BY_PERSON = "a part came, and a person closed it short"
    TIMED_OUT = "nothing came for months"
    MUCH_OVER = "far more came than ordered"
    UNKNOWN_SKU = "goods came that nobody ordered"
    SHORT_HELD = "a part came where only all of it may be received"
    WHICH_LINE = "a SKU that is on two lines came without a line"
    CHANGED = "the source changed it after it was sent"
    COMPLETED_THERE = "completed at the source while it is open here"
    CANCELED_UNSENT = "the source canceled it before it was sent"
    CANCELED_SENT = "the source canceled it, and the warehouse confirmed"
    CANCELED_LATE = "the source canceled it after a part had come"
    HELD = "held by a rule until tomorrow"
    REJECTED = "a test order, rejected by a rule"
    PUT_AWAY = "put away by a person"
    NO_SUPPLIER = "a rule fails: no supplier"
    NO_ACCOUNT = "routed to a warehouse where the merchant has no account"
    REFUSED = "the warehouse refused it"


@dataclass(frozen=True, slots=True)
class Chapter:
    """`count` orders of one story. `lines` is the range of their number of lines."""

    story: Story
    connection: DemoConnection
    warehouse: DemoWarehouse
    count: int
    ordered: tuple[int, int]
    due: tuple[int, int]
    lines: tuple[int, int] = (2, 14)


_SOON = ((2, 20), (3, 28))
_BELATED = ((25, 38), (-16, -4))
_UNDER_WAY = ((9, 24), (3, 12))
_PAST = ((30, 95), (-25, -6))
_LONG_AGO = ((128, 150), (-118, -108))
_RECENT = ((2, 6), (20, 60))

CHAPTERS: Final = (
    Chapter(Story.OPEN, ERP, EAST, 16, *_SOON),
    Chapter(Story.OPEN, ERP, WEST, 6, *_SOON),
    Chapter(Story.OPEN, BUYING, WEST, 12, *_SOON),
    Chapter(Story.OPEN, BUYING, EAST, 4, *_SOON),
    Chapter(Story.OPEN, MARKET, COLD, 7, *_SOON),
    Chapter(Story.OPEN, MARKET, WEST, 4, *_SOON),
    Chapter(Story.LATE, ERP, EAST, 4, *_BELATED),
    Chapter(Story.LATE, BUYING, WEST, 4, *_BELATED),
    Chapter(Story.LATE, MARKET, COLD, 3, *_BELATED),
    Chapter(Story.PART, ERP, EAST, 8, *_UNDER_WAY),
    Chapter(Story.PART, BUYING, WEST, 8, *_UNDER_WAY),
    Chapter(Story.PART, MARKET, WEST, 4, *_UNDER_WAY),
    Chapter(Story.PART_LATE, ERP, EAST, 4, *_BELATED),
    Chapter(Story.PART_LATE, BUYING, WEST, 3, *_BELATED),
    Chapter(Story.RECEIVED, ERP, EAST, 14, *_PAST),
    Chapter(Story.RECEIVED, ERP, WEST, 4, *_PAST),
    Chapter(Story.RECEIVED, BUYING, WEST, 12, *_PAST),
    Chapter(Story.RECEIVED, MARKET, COLD, 14, *_PAST),
    Chapter(Story.IN_TWO, ERP, EAST, 6, *_PAST),
    Chapter(Story.IN_TWO, BUYING, WEST, 5, *_PAST),
    Chapter(Story.DAMAGED, ERP, EAST, 4, *_PAST),
    Chapter(Story.DAMAGED, MARKET, COLD, 2, *_PAST),
    Chapter(Story.A_LITTLE_OVER, ERP, EAST, 4, *_PAST),
    Chapter(Story.LATE_ARRIVAL, BUYING, WEST, 3, *_PAST),
    Chapter(Story.LATE_ARRIVAL, MARKET, COLD, 2, *_PAST),
    Chapter(Story.CORRECTED, ERP, EAST, 2, *_PAST),
    Chapter(Story.FINAL_SHORT, ERP, EAST, 4, *_PAST),
    Chapter(Story.FINAL_SHORT, BUYING, WEST, 2, *_PAST),
    Chapter(Story.AFTER_CLOSE, ERP, EAST, 1, *_PAST),
    Chapter(Story.WAREHOUSE_CANCELED, BUYING, WEST, 2, *_PAST),
    Chapter(Story.CLOSED_BY_PERSON, ERP, EAST, 2, *_PAST),
    Chapter(Story.CLOSED_BY_PERSON, BUYING, WEST, 1, *_PAST),
    Chapter(Story.TIMED_OUT, ERP, EAST, 2, *_LONG_AGO),
    Chapter(Story.TIMED_OUT, MARKET, COLD, 2, *_LONG_AGO),
    Chapter(Story.MUCH_OVER, ERP, EAST, 1, *_UNDER_WAY),
    Chapter(Story.MUCH_OVER, BUYING, WEST, 1, *_UNDER_WAY),
    Chapter(Story.UNKNOWN_SKU, ERP, EAST, 1, *_UNDER_WAY),
    Chapter(Story.UNKNOWN_SKU, MARKET, WEST, 1, *_UNDER_WAY),
    Chapter(Story.SHORT_HELD, MARKET, COLD, 2, *_UNDER_WAY),
    Chapter(Story.WHICH_LINE, BUYING, EAST, 1, *_UNDER_WAY),
    Chapter(Story.CHANGED, ERP, EAST, 1, *_SOON),
    Chapter(Story.CHANGED, BUYING, WEST, 1, *_SOON),
    Chapter(Story.COMPLETED_THERE, ERP, EAST, 1, *_SOON),
    Chapter(Story.CANCELED_UNSENT, BUYING, WEST, 2, *_RECENT),
    Chapter(Story.CANCELED_SENT, ERP, EAST, 2, *_SOON),
    Chapter(Story.CANCELED_SENT, BUYING, WEST, 2, *_SOON),
    Chapter(Story.CANCELED_LATE, BUYING, WEST, 1, *_UNDER_WAY),
    Chapter(Story.HELD, BUYING, WEST, 5, *_RECENT),
    Chapter(Story.HELD, ERP, EAST, 2, *_RECENT),
    Chapter(Story.REJECTED, ERP, EAST, 2, *_SOON),
    Chapter(Story.REJECTED, MARKET, WEST, 1, *_SOON),
    Chapter(Story.PUT_AWAY, ERP, EAST, 2, *_SOON),
    Chapter(Story.PUT_AWAY, BUYING, WEST, 1, *_SOON),
    Chapter(Story.NO_SUPPLIER, ERP, EAST, 1, *_SOON),
    Chapter(Story.NO_SUPPLIER, MARKET, WEST, 1, *_SOON),
    Chapter(Story.NO_ACCOUNT, ERP, COLD, 2, *_SOON),
    Chapter(Story.REFUSED, BUYING, WEST, 3, *_SOON),
    # The long ones.
    Chapter(Story.PART, BUYING, WEST, 1, *_UNDER_WAY, (1500, 1500)),
    Chapter(Story.RECEIVED, BUYING, WEST, 1, *_PAST, (900, 900)),
    Chapter(Story.OPEN, ERP, EAST, 1, *_SOON, (640, 640)),
    Chapter(Story.FINAL_SHORT, ERP, EAST, 1, *_PAST, (420, 420)),
    Chapter(Story.LATE, BUYING, WEST, 1, *_BELATED, (350, 350)),
    Chapter(Story.HELD, BUYING, WEST, 1, *_RECENT, (310, 310)),
)
