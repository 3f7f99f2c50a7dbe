"""Users and roles: Flask-AppBuilder's own pages."""

from __future__ import annotations

from flask_appbuilder.security.views import RoleModelView, UserDBModelView

from app.web.stock import FreshFilters


class UserView(FreshFilters, UserDBModelView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Users. What each may see is set under User access."""

    class_permission_name = "Users"
    list_title = "Users"
    list_columns = ("username", "first_name", "last_name", "email", "active", "roles")
    # Without these two the search would load whole tables for its select boxes.
    search_columns = ("username", "first_name", "last_name", "email", "active")
    exclude_route_methods = frozenset({"download"})


class RoleView(FreshFilters, RoleModelView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Roles. Those of Inlet itself are made by its code; an Admin may add others."""

    class_permission_name = "Roles"
    list_title = "Roles"
    search_columns = ("name",)
    exclude_route_methods = frozenset({"download"})
