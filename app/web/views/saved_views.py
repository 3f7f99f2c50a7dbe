"""What people do with saved views: each is a POST that a service answers."""

from __future__ import annotations

from typing import Any, Final

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import BaseView
from werkzeug.wrappers import Response

from app.security.reader import current_reader
from app.services import saved_views
from app.web.addresses import changed, next_address
from app.web.fab import guarded, route
from app.web.saved import ALL, address_of, kept_of_text
from app.web.views.order_list import PAGE
from app.web.views.orders import PurchaseOrderView

_LISTS: Final[dict[str, Any]] = {PAGE: PurchaseOrderView}


class SavedViewsView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Saves, changes and deletes the views of a list."""

    class_permission_name = "SavedViews"
    route_base = "/saved-views"

    @route("/save", methods=["POST"])
    @guarded
    def save(self) -> Response:
        """Save the list's arguments under a name."""
        page, query = request.form.get("page", ""), _query()
        reader, name = current_reader(), request.form.get("name", "")
        shared = bool(request.form.get("shared")) and self._may("can_share")
        view_id = saved_views.save(page, name, query, reader, shared=shared)
        if request.form.get("default"):
            saved_views.make_default(view_id, reader)
        flash("The view was saved.", "success")
        return redirect(_opened(view_id, query))

    @route("/replace/<int:pk>", methods=["POST"])
    @guarded
    def replace(self, pk: int) -> Response:
        """Store the list's arguments in a view that there is."""
        query = _query()
        saved_views.replace(pk, query, current_reader())
        flash("The view was saved.", "success")
        return redirect(_opened(pk, query))

    @route("/rename/<int:pk>", methods=["POST"])
    @guarded
    def rename(self, pk: int) -> Response:
        """Give a view another name."""
        saved_views.rename(pk, request.form.get("name", ""), current_reader())
        return redirect(next_address(_all()))

    @route("/delete/<int:pk>", methods=["POST"])
    @guarded
    def delete(self, pk: int) -> Response:
        """Delete a view."""
        name = saved_views.delete(pk, current_reader())
        flash(f"The view {name} was deleted.", "success")
        return redirect(_all())

    @route("/share/<int:pk>", methods=["POST"])
    @guarded
    def share(self, pk: int) -> Response:
        """Show a view to all staff, or to nobody else."""
        saved_views.share(pk, bool(request.form.get("shared")), current_reader())
        return redirect(next_address(_all()))

    @route("/make-default/<int:pk>", methods=["POST"])
    @guarded
    def make_default(self, pk: int) -> Response:
        """Let the list open with a view."""
        saved_views.make_default(pk, current_reader())
        flash("The list opens with this view from now on.", "success")
        return redirect(next_address(_all()))

    @route("/take-default-off", methods=["POST"])
    @guarded
    def take_default_off(self) -> Response:
        """Let the list open without a view."""
        saved_views.take_default_off(PAGE, current_reader())
        flash("The list opens with all purchase orders from now on.", "success")
        return redirect(next_address(_all()))

    def _may(self, right: str) -> bool:
        return bool(self.appbuilder.sm.has_access(right, self.class_permission_name))


def _query() -> dict[str, list[str]]:
    view = _LISTS.get(request.form.get("page", ""))
    if view is None:
        abort(404)
    return kept_of_text(view, request.form.get("query", ""))


def _opened(view_id: int, query: dict[str, list[str]]) -> str:
    return address_of(url_for("PurchaseOrderView.list"), PurchaseOrderView, query, view_id)


def _all() -> str:
    return changed(url_for("PurchaseOrderView.list"), {}, view=ALL)
