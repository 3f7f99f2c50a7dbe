"""The roles and what each may do, in code: the pages ask this table, the database only mirrors it.

A right is (view, permission): views are named by their `class_permission_name`, permissions are "can_" and a verb. An
Admin may do everything and is not listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Flask

from app.security.permissions import converge

ADMIN: Final = "Admin"
SUPPORT: Final = "Support"
PARTNER: Final = "Warehouse Partner"
MERCHANT: Final = "Merchant"
RULE_EDITOR: Final = "Rule editor"
CONNECTION_EDITOR: Final = "Connection editor"

_READ: Final = ("can_list", "can_show")
_WRITE: Final = ("can_add", "can_edit", "can_delete")

_OWN_ACCOUNT: Final[dict[str, tuple[str, ...]]] = {
    "Users": ("can_userinfo", "resetmypassword", "userinfoedit"),
    "ResetMyPasswordView": ("can_this_form_get", "can_this_form_post"),
    "UserInfoEditView": ("can_this_form_get", "can_this_form_post"),
}

ORDER_ACTS: Final = (
    "can_reprocess",
    "can_reset",
    "can_archive",
    "can_delete",
    "can_accept_change",
    "can_refuse_change",
    "can_close_short",
    "can_reopen",
    "can_comment",
)
# What a file holds depends on who asks for it.
ORDER_FILES: Final = ("can_export_orders", "can_export_lines")
BULK_JOBS: Final = ("can_progress", "can_cancel", "can_result")
# Own filters of a list; showing them to others is for staff.
_OWN_VIEWS: Final = (
    "can_save",
    "can_replace",
    "can_rename",
    "can_delete",
    "can_make_default",
    "can_take_default_off",
)
RECEIPT_ACTS: Final = ("can_reprocess", "can_reset", "can_archive", "can_accept")

RIGHTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    SUPPORT: {
        **_OWN_ACCOUNT,
        "Dashboard": ("can_show",),
        "PurchaseOrders": (*_READ, *ORDER_FILES, "can_entry", "can_document", "can_edit", *ORDER_ACTS),
        "SavedViews": (*_OWN_VIEWS, "can_share"),
        "LineItems": (*_READ, "can_add", "can_edit", "can_delete"),
        "Receipts": (*_READ, *RECEIPT_ACTS),
        "Connections": (*_READ, "can_run"),
        "Rules": _READ,
        "Merchants": _READ,
        "Stores": _READ,
        "Warehouses": _READ,
        "Accounts": _READ,
        "Runs": _READ,
        "BulkJobs": (*_READ, *BULK_JOBS),
        "RunFailures": _READ,
        "Deliveries": _READ,
        "menu": (
            "Dashboard", "Purchase Orders", "Purchases", "Line items", "Receipts", "Connections", "Automation", "Rules",
            "Operations", "Runs", "Bulk jobs", "Failed records", "Deliveries", "Settings", "Merchants", "Stores",
            "Warehouses", "Merchants at warehouses",
        ),
    },
    PARTNER: {
        **_OWN_ACCOUNT,
        "Dashboard": ("can_show",),
        "PurchaseOrders": (*_READ, *ORDER_FILES, "can_entry", "can_comment"),
        "BulkJobs": (*_READ, *BULK_JOBS),
        "SavedViews": _OWN_VIEWS,
        "LineItems": _READ,
        "Receipts": _READ,
        "menu": ("Dashboard", "Purchase Orders", "Purchases", "Receipts"),
    },
    MERCHANT: {
        **_OWN_ACCOUNT,
        "Dashboard": ("can_show",),
        "PurchaseOrders": (*_READ, *ORDER_FILES, "can_entry"),
        "SavedViews": _OWN_VIEWS,
        "LineItems": _READ,
        "Receipts": _READ,
        "menu": ("Dashboard", "Purchase Orders", "Purchases", "Line items", "Receipts"),
    },
    RULE_EDITOR: {"Rules": _WRITE},
    CONNECTION_EDITOR: {"Connections": (*_WRITE, "can_schedule"), "Accounts": _WRITE},
}  # fmt: skip

NAMES: Final = (ADMIN, *RIGHTS)


def rights_of(role: str) -> frozenset[tuple[str, str]]:
    """The (view, permission) pairs of a role that is listed; menu entries are views with the right "menu_access"."""
    return frozenset(_pairs(RIGHTS[role].items()))


def for_flask_appbuilder() -> dict[str, list[list[str]]]:
    """The same as FAB_ROLES. Its patterns match from the start only, so each one is closed at the end."""
    listed = {
        role: [[f"^{view}$", f"^{permission}$"] for view, permission in sorted(rights_of(role))] for role in RIGHTS
    }
    return {ADMIN: [["^.*$", "^.*$"]], **listed}


def install(app: Flask) -> None:
    """Make the database mirror the roles and their rights. `app` is a web application: its views name the rights."""
    converge(app, NAMES, lambda role, view, name: role == ADMIN or (view, name) in rights_of(role))


def _pairs(rights: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    for view, names in rights:
        for name in names:
            yield (name, "menu_access") if view == "menu" else (view, name)
