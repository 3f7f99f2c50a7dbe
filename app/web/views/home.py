"""The address of Inlet itself: it leads to the dashboard, or to the sign-in page."""

from __future__ import annotations

from flask import redirect, url_for
from flask_appbuilder import IndexView
from werkzeug.wrappers import Response

from app.security.reader import current_reader
from app.web.fab import route


class HomeView(IndexView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """The address of Inlet itself."""

    @route("/")
    def index(self) -> Response:
        """Go to the first page."""
        if current_reader().user_id is None:
            return redirect(self.appbuilder.get_url_for_login)
        return redirect(url_for("DashboardView.show"))
