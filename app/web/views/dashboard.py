"""The first page: what needs a person now, what is expected, what came, and how the imports do."""

from __future__ import annotations

from flask import make_response, render_template
from flask_appbuilder import BaseView

from app.security.reader import current_reader
from app.web.addresses import wants_fragment
from app.web.base import Answer
from app.web.fab import guarded, route
from app.web.views.dashboard_blocks import dashboard_page
from app.web.zone import reader_zone


class DashboardView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Each role sees the blocks that it has a use for."""

    class_permission_name = "Dashboard"
    route_base = "/dashboard"
    default_view = "show"

    @route("/")
    @guarded
    def show(self) -> Answer:
        """The page; htmx gets the blocks only, with fresh figures."""
        page = dashboard_page(current_reader(), reader_zone(), self.appbuilder.sm.has_access)
        if wants_fragment():
            return make_response(render_template("inlet/dashboard/blocks.html", page=page))
        return str(self.render_template("inlet/dashboard.html", page=page, title=page.title, crumbs=page.crumbs))
