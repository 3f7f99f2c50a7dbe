"""The Source tab: the imported snapshot beside today's values; and what a source's change would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from flask import request, url_for

from app.domain.differences import FieldPair, LineFate, LinePair, header_changes, header_pairs, line_pairs, text_of
from app.domain.record import PurchaseOrderRecord, from_snapshot
from app.extensions import db
from app.models import PurchaseOrder
from app.queries import orders as queries
from app.queries import versions
from app.web.addresses import arguments, changed
from app.web.columns import Shown
from app.web.order_pages import ChangePage, Compared, ComparedLine, LinesCompared, SourceTab

if TYPE_CHECKING:
    from app.web.views.orders import PurchaseOrderView

LINES_PER_PAGE: Final = 50
_FATES: Final = {
    LineFate.SAME: "as imported",
    LineFate.CHANGED: "changed",
    LineFate.ADDED: "added",
    LineFate.REMOVED: "removed",
}


def source_tab(_view: PurchaseOrderView, order: PurchaseOrder, shown: Shown) -> SourceTab:
    """The tab for staff and merchants. All lines are read at once and compared; a page of them is shown."""
    loaded = queries.order(db.session, order.id, snapshot=True)
    assert loaded is not None
    today = versions.today(order, versions.lines_of(db.session, order.id))
    imported = _record(loaded.snapshot) or today
    pending = queries.pending_change(db.session, order.id)
    judgement = queries.last_judgement(db.session, order.id) if shown.reader.is_staff else None
    return SourceTab(
        "inlet/order/source.html",
        tuple(_compared(pair) for pair in header_pairs(imported, today) if pair.before or pair.after),
        _lines(line_pairs(imported.lines, today.lines)),
        url_for("PurchaseOrderView.snapshot", pk=order.id),
        url_for("PurchaseOrderView.change", pk=order.id) if pending is not None and pending.kind == "change" else "",
        judgement.trace if judgement else None,
    )


def change_page(view: PurchaseOrderView, order: PurchaseOrder) -> ChangePage | None:
    """What the source's change would change today; None where no change waits."""
    pending = queries.pending_change(db.session, order.id)
    if pending is None:
        return None
    back, crumbs = view.show_href(order.id), view.crumbs_of(order)
    if pending.kind == "cancel":
        return ChangePage("The source's cancellation", crumbs, back, "The source wants to cancel the whole order.")
    offered = _record(pending.snapshot)
    if offered is None:
        return ChangePage(
            "The source's change", crumbs, back, "The change was stored in a form that cannot be compared."
        )
    today = versions.today(order, versions.lines_of(db.session, order.id))
    header = tuple(_compared(pair) for pair in header_changes(today, offered))
    different = [pair for pair in line_pairs(today.lines, offered.lines) if pair.fate is not LineFate.SAME]
    return ChangePage("The source's change", crumbs, back, "", header, _paged(different, len(different), None))


def _record(snapshot: Any) -> PurchaseOrderRecord | None:
    """A snapshot as a record; None for one of another form, which lacks a field or says a word that is not known."""
    try:
        return from_snapshot(snapshot)
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None


def _lines(pairs: Sequence[LinePair]) -> LinesCompared:
    """What differs, or all lines where the address asks for them, or where nothing differs."""
    different = [pair for pair in pairs if pair.fate is not LineFate.SAME]
    if request.args.get("lines") == "all" or not different:
        fewer = changed(request.path, arguments(), lines=None, page=None)
        return _paged(pairs, len(pairs), ("Only what differs", fewer) if different else None)
    every = changed(request.path, arguments(), lines="all", page=None)
    return _paged(different, len(different), (f"All {len(pairs):,} lines", every))


def _paged(pairs: Sequence[LinePair], total: int, which: tuple[str, str] | None) -> LinesCompared:
    page = min(max(request.args.get("page", 1, type=int), 1), max(-(-total // LINES_PER_PAGE), 1))
    first = (page - 1) * LINES_PER_PAGE
    given = arguments()

    def to(number: int) -> str:
        return changed(request.path, given, page=str(number) if number > 1 else None)

    return LinesCompared(
        lines=tuple(_line(pair) for pair in pairs[first : first + LINES_PER_PAGE]),
        total=total,
        first=first + 1,
        previous_href=to(page - 1) if page > 1 else "",
        next_href=to(page + 1) if first + LINES_PER_PAGE < total else "",
        which=which,
    )


def _line(pair: LinePair) -> ComparedLine:
    line = pair.line
    quantity = f"{text_of(line.quantity)} {line.unit_of_measure}".strip()
    fields = tuple(_compared(field) for field in pair.fields)
    return ComparedLine(line.line_number, line.sku, line.name, _FATES[pair.fate], quantity, fields)


def _compared(pair: FieldPair) -> Compared:
    return Compared(pair.label, pair.before, pair.after, pair.differs)
