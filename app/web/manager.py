"""Flask-AppBuilder's security manager as Inlet needs it: one statement per user, its own pages under Settings."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_appbuilder.security.sqla.manager import SecurityManager as StockSecurityManager
from flask_appbuilder.security.sqla.models import Group, Role, User
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.web.stock import StockInterface
from app.web.views.people import (
    AuthDBView,
    ResetMyPasswordView,
    ResetPasswordView,
    RoleView,
    UserInfoEditView,
    UserView,
)


class SecurityManager(StockSecurityManager):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Signs people in, and registers only those stock pages that Inlet has a use for."""

    authdbview = AuthDBView
    userdbmodelview = UserView
    rolemodelview = RoleView
    resetmypasswordview = ResetMyPasswordView
    resetpasswordview = ResetPasswordView
    userinfoeditview = UserInfoEditView

    def __init__(self, appbuilder: Any) -> None:
        super().__init__(appbuilder)
        self.userdbmodelview.datamodel = StockInterface(User, selectinload(User.roles), selectinload(User.groups))
        self.rolemodelview.datamodel = StockInterface(Role, selectinload(Role.permissions))

    def get_user_by_id(self, pk: int | str) -> Any:
        """The user with roles and groups in one statement; the stock one leaves them to three more.

        None for an id that is no number: it may come from an address.
        """
        if not str(pk).isdecimal():
            return None
        query = (
            select(User)
            .where(User.id == int(pk))
            .options(joinedload(User.roles), joinedload(User.groups).joinedload(Group.roles))
        )
        return self.session.scalars(query).unique().one_or_none()

    def reset_password(self, userid: int | str, password: str) -> None:
        """Give a user a new password. Answers 404 for a user that there is not."""
        if self.get_user_by_id(userid) is None:
            abort(404)
        super().reset_password(userid, password)

    def register_views(self) -> None:
        """Signing in and out, and the own account. The stock charts would load scripts from elsewhere."""
        self.auth_view = self.authdbview()
        for view in (self.userinfoeditview(), self.resetpasswordview(), self.resetmypasswordview(), self.auth_view):
            self.appbuilder.add_view_no_menu(view)
        self.limiter.limit(self.auth_rate_limit, methods=["POST"])(self.auth_view.blueprint)

    def register_settings(self) -> None:
        """Users and roles; called after the other entries of the Settings menu, so that they come last."""
        self.user_view = self.appbuilder.add_view(self.userdbmodelview, "Users", category="Settings")
        role_view = self.appbuilder.add_view(self.rolemodelview, "Roles", category="Settings")
        role_view.related_views = [self.user_view.__class__]
