"""Users, roles and the own account: Flask-AppBuilder's pages, in the words and with the titles of ours."""

from __future__ import annotations

from typing import Any, Final

from flask import abort, request, url_for
from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget
from flask_appbuilder.security.forms import ResetPasswordForm, SelectDataRequired, UserInfoEdit
from flask_appbuilder.security.views import AuthDBView as StockAuthDBView
from flask_appbuilder.security.views import ResetMyPasswordView as StockResetMyPasswordView
from flask_appbuilder.security.views import ResetPasswordView as StockResetPasswordView
from flask_appbuilder.security.views import RoleModelView, UserDBModelView
from flask_appbuilder.security.views import UserInfoEditView as StockUserInfoEditView
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length

from app.web.stock import FreshFilters

_SHORTEST_PASSWORD: Final = 10
_LENGTH: Final = Length(min=_SHORTEST_PASSWORD, message=f"A password has at least {_SHORTEST_PASSWORD} characters.")
_PASSWORD_HELP: Final = f"At least {_SHORTEST_PASSWORD} characters. A few words are easier to keep than odd signs."
_AGAIN_HELP: Final = "Once more, so that a slip is seen."
_SAME: Final = EqualTo("password", message="The two are not the same.")
_PROFILE: Final = "Your profile"


def _password(label: str) -> PasswordField:
    checks = [DataRequired(), _LENGTH]
    return PasswordField(label, description=_PASSWORD_HELP, validators=checks, widget=BS3PasswordFieldWidget())


def _again() -> PasswordField:
    return PasswordField(
        "The same again", description=_AGAIN_HELP, validators=[DataRequired(), _SAME], widget=BS3PasswordFieldWidget()
    )


class PasswordForm(ResetPasswordForm):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """A new password, twice."""

    password = _password("New password")
    conf_password = _again()


class NameForm(UserInfoEdit):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """The own name."""

    first_name = StringField("First name", validators=[DataRequired()])
    last_name = StringField("Last name", validators=[DataRequired()])


class _Listed(FreshFilters):
    """A stock page over a table: its title names the record, and the way back to the list stands above it."""

    list_title: str
    appbuilder: Any
    called: str

    def render_template(self, template: str, **values: Any) -> str:
        """The stock page. `called` is the column that people know a record by."""
        crumbs: list[tuple[str, str]] = [("Settings", "")]
        if "list" not in values.get("widgets", {}):
            crumbs.append((self.list_title, url_for(f"{type(self).__name__}.list")))
        values["title"] = self._title(str(values["title"]), values.get("widgets", {}))
        return str(super().render_template(template, **{"crumbs": crumbs, **values}))  # type: ignore[misc]

    def _title(self, title: str, widgets: Any) -> str:
        if "show" in widgets:
            shown = widgets["show"].template_args
            return str(shown["value_columns"][shown["include_columns"].index(self.called)])
        name = widgets["edit"].template_args["form"][self.called].data if "edit" in widgets else ""
        return f"{title} {name}".strip()


class AuthDBView(StockAuthDBView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """The door: it does not say whether the name or the password was wrong."""

    invalid_login_message = "This name and this password do not go together. Try again, or ask an Admin."


class UserView(_Listed, UserDBModelView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Users. What each may see is set under User access."""

    class_permission_name = "Users"
    called = "username"
    list_title = "Users"
    add_title = "New user"
    edit_title = "Edit"
    show_template = "inlet/user.html"
    list_columns = ("username", "first_name", "last_name", "email", "active", "roles")
    # Without these two the search would load whole tables for its select boxes.
    search_columns = ("username", "first_name", "last_name", "email", "active")
    exclude_route_methods = frozenset({"download"})
    edit_columns = ("first_name", "last_name", "username", "active", "email", "roles")
    add_columns = (*edit_columns, "password", "conf_password")
    add_form_extra_fields = {"password": _password("Password"), "conf_password": _again()}  # noqa: RUF012 (as in the stock)
    validators_columns = {"roles": [SelectDataRequired("Tick at least one role.")]}  # noqa: RUF012 (as above)
    label_columns = {  # noqa: RUF012 (as above)
        "first_name": "First name", "last_name": "Last name", "username": "User name", "password": "Password",
        "active": "Active", "email": "E-mail", "roles": "Roles", "last_login": "Last sign-in",
        "login_count": "Sign-ins", "fail_login_count": "Failed sign-ins", "created_on": "Added",
        "created_by": "Added by", "changed_on": "Changed", "changed_by": "Changed by",
    }  # fmt: skip
    description_columns = {  # noqa: RUF012 (as above)
        "username": "What the person signs in with.",
        "active": "Off keeps the person out at once, and keeps the name on all that was done.",
        "roles": "What the person may do. What the person may see is set under User access.",
    }
    show_fieldsets = (
        ("User", {"fields": ["username", "first_name", "last_name", "email", "active", "roles"]}),
        ("Sign-ins and changes", {"fields": [
            "last_login", "login_count", "fail_login_count", "created_on", "created_by", "changed_on", "changed_by",
        ]}),
    )  # fmt: skip
    user_show_fieldsets = (
        ("You", {"fields": ["first_name", "last_name", "username", "email", "roles"]}),
        ("Sign-ins", {"fields": ["last_login", "login_count"]}),
    )
    user_info_title = _PROFILE

    def render_template(self, template: str, **values: Any) -> str:
        """The own profile is no record of the list."""
        if values["title"] != _PROFILE:
            return super().render_template(template, **values)
        return str(UserDBModelView.render_template(self, template, **{"profile": True, **values}))


class RoleView(_Listed, RoleModelView):  # type: ignore[misc]  # Flask-AppBuilder ships no types
    """Roles. Those of Inlet itself are made by its code; an Admin may add others."""

    class_permission_name = "Roles"
    called = "name"
    list_title = "Roles"
    add_title = "New role"
    edit_title = "Edit"
    search_columns = ("name",)
    label_columns = {"name": "Name", "permissions": "Rights"}  # noqa: RUF012 (as in the stock)
    description_columns = {  # noqa: RUF012 (as above)
        "permissions": "The rights of the roles that came with Inlet are fixed; its next update sets them again.",
    }
    exclude_route_methods = frozenset({"download"})


class _OwnForm:
    """A stock form about the own account, with the way back to it."""

    def render_template(self, template: str, **values: Any) -> str:
        """The stock page."""
        crumbs = ((_PROFILE, url_for("UserView.userinfo")),)
        return str(super().render_template(template, **{"crumbs": crumbs, **values}))  # type: ignore[misc]


class ResetMyPasswordView(_OwnForm, StockResetMyPasswordView):  # type: ignore[misc]  # no types, as above
    """A new password for oneself."""

    form = PasswordForm
    form_title = "Change your password"
    message = "Your password is changed."


class UserInfoEditView(_OwnForm, StockUserInfoEditView):  # type: ignore[misc]  # no types, as above
    """The own name."""

    form = NameForm
    form_title = "Edit your name"
    message = "Your name is changed."


class ResetPasswordView(StockResetPasswordView):  # type: ignore[misc]  # no types, as above
    """A new password for somebody, which an Admin sets."""

    form = PasswordForm
    form_title = "Set a new password"
    message = "The password is changed."

    def render_template(self, template: str, **values: Any) -> str:
        """The stock page, with the user's name. Answers 404 for a user that there is not."""
        user = self.appbuilder.sm.get_user_by_id(request.args.get("pk", ""))
        if user is None:
            abort(404)
        crumbs = (("Settings", ""), ("Users", url_for("UserView.list")))
        values |= {"title": f"{self.form_title} for {user.username}", "crumbs": crumbs}
        return str(super().render_template(template, **values))
