"""Flask-AppBuilder's security manager as Inlet needs it: one statement per user, its own pages under Settings."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.security.sqla.manager import SecurityManager as StockSecurityManager
from flask_appbuilder.security.sqla.models import Group, User
from sqlalchemy import select
from sqlalchemy.orm import joinedload


class SecurityManager(StockSecurityManager):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Signs people in, and registers only those stock pages that Inlet has a use for."""

    def get_user_by_id(self, pk: int | str) -> Any:
        """The user with roles and groups in one statement; the stock one leaves them to three more."""
        query = (
            select(User)
            .where(User.id == int(pk))
            .options(joinedload(User.roles), joinedload(User.groups).joinedload(Group.roles))
        )
        return self.session.scalars(query).unique().one_or_none()

    def register_views(self) -> None:
        """Signing in and out, the own account, and users and roles for Admins. Charts load scripts from elsewhere."""
        self.auth_view = self.authdbview()
        for view in (self.userinfoeditview(), self.resetpasswordview(), self.resetmypasswordview(), self.auth_view):
            self.appbuilder.add_view_no_menu(view)
        self.limiter.limit(self.auth_rate_limit, methods=["POST"])(self.auth_view.blueprint)

    def register_settings(self) -> None:
        """Users and roles; called after the other entries of the Settings menu, so that they come last."""
        self.user_view = self.appbuilder.add_view(self.userdbmodelview, "Users", category="Settings")
        role_view = self.appbuilder.add_view(self.rolemodelview, "Roles", category="Settings")
        role_view.related_views = [self.user_view.__class__]
