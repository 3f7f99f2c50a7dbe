"""The exports of purchase orders: everything that the list matches, as a file of orders or of their lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.extensions import db
from app.queries.exports import AnyRow, Rows, line_rows, order_rows
from app.queries.listing import Condition, conditions_of
from app.web import building
from app.web.acting import ActingView
from app.web.base import Answer
from app.web.columns import Shown
from app.web.exports import Writer, csv_file, download
from app.web.fab import guarded, route
from app.web.views.order_export_columns import header_columns, line_columns, order_columns


class OrderExports(ActingView):
    """Two files, each a right of its own. They take the arguments of the list; its order and page do not matter."""

    def further_permissions(self) -> tuple[str, ...]:
        """One right for each file."""
        return (*super().further_permissions(), "can_export_orders", "can_export_lines")

    @route("/export-orders")
    @guarded
    def export_orders(self) -> Answer:
        """One row for each order."""
        shown = building.shown_now()
        orders = Writer(order_columns(shown), shown.reader)
        batches = order_rows(db.session, self._matching(shown), orders.expressions)
        pieces = csv_file(orders.titles, (map(orders.cells, (row[2:] for row in batch)) for batch in batches))
        return download("purchase-orders", shown.now.date(), pieces)

    @route("/export-lines")
    @guarded
    def export_lines(self) -> Answer:
        """One row for each line, in the layout of our own files of purchase orders."""
        shown = building.shown_now()
        header, lines = Writer(header_columns(shown), shown.reader), Writer(line_columns(), shown.reader)
        batches = line_rows(db.session, self._matching(shown), header.expressions, lines.expressions)
        rows = (_rows(orders, batch, header, lines) for orders, batch in batches)
        return download("purchase-order-lines", shown.now.date(), csv_file(header.titles + lines.titles, rows))

    def _matching(self, shown: Shown) -> list[Condition]:
        return conditions_of(self.datamodel.listing, building.asked(self, shown))


def _rows(orders: Mapping[int, AnyRow], batch: Rows, header: Writer, lines: Writer) -> Iterator[list[str]]:
    order_id, start = 0, list[str]()
    for line in batch:
        if line[0] != order_id:
            order_id = line[0]
            start = header.cells(orders[order_id][2:])
        yield start + lines.cells(line[3:])
