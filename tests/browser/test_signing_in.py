"""Each role signs in by the page, sees its own menu and nothing else, and signs out again."""

from __future__ import annotations

import pytest

from tests.browser.conftest import ADMIN, LIMITED, MERCHANT, PARTNER, SUPPORT, Enter
from tests.browser.console import Console

_SUPPORT_MENU = (
    "Purchases", "Line items", "Receipts", "Connections", "Rules", "Runs", "Failed records", "Deliveries", "Merchants",
    "Stores", "Warehouses", "Merchants at warehouses",
)  # fmt: skip
MENUS = {
    ADMIN: (*_SUPPORT_MENU, "User access", "Users", "Roles"),
    SUPPORT: _SUPPORT_MENU,
    LIMITED: _SUPPORT_MENU,
    PARTNER: ("Purchases", "Receipts"),
    MERCHANT: ("Purchases", "Line items", "Receipts"),
}


@pytest.mark.parametrize("name", MENUS)
def test_each_role_signs_in_and_sees_its_menu(enter: Enter, console: Console, name: str) -> None:
    visit = enter(name)
    page = visit.open("/")
    assert page.locator("#sidebar a .word").all_inner_texts() == list(MENUS[name])
