"""The door to the views: what is in the menu, in its order."""

from __future__ import annotations

from typing import Any

from app.web.views.access import UserAccessView
from app.web.views.bulk_jobs import BulkJobView
from app.web.views.catalog import AccountView, MerchantView, StoreView, WarehouseView
from app.web.views.connections import ConnectionView
from app.web.views.dashboard import DashboardView
from app.web.views.lines import LineItemView
from app.web.views.orders import PurchaseOrderView
from app.web.views.receipts import ReceiptView
from app.web.views.rules import RuleView
from app.web.views.saved_views import SavedViewsView
from app.web.views.work import DeliveryView, RunFailureView, RunView

MENU: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = (
    ("", (("Dashboard", DashboardView),)),
    ("Purchase Orders", (("Purchases", PurchaseOrderView), ("Line items", LineItemView), ("Receipts", ReceiptView))),
    ("", (("Connections", ConnectionView),)),
    ("Automation", (("Rules", RuleView),)),
    (
        "Operations",
        (
            ("Runs", RunView),
            ("Bulk jobs", BulkJobView),
            ("Failed records", RunFailureView),
            ("Deliveries", DeliveryView),
        ),
    ),
    (
        "Settings",
        (
            ("Merchants", MerchantView),
            ("Stores", StoreView),
            ("Warehouses", WarehouseView),
            ("Merchants at warehouses", AccountView),
            ("User access", UserAccessView),
        ),
    ),
)


def register(builder: Any) -> None:
    """Add all views to Flask-AppBuilder, with their place in the menu."""
    for category, entries in MENU:
        for name, view in entries:
            builder.add_view(view, name, category=category)
    builder.add_view_no_menu(SavedViewsView)
