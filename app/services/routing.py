"""Where an order goes: the rules' route, else the connection's location map, else its default warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import Refused
from app.services.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class WarehouseCard:
    """What routing and lateness need to know of a warehouse."""

    warehouse_id: int
    code: str
    rule_number: int | None
    enabled: bool
    zone: str


@dataclass(frozen=True, slots=True)
class Destination:
    """The warehouse and facility that were chosen, and by what: a rule's name, "location map" or "default"."""

    warehouse: WarehouseCard
    facility: str
    chosen_by: str


@dataclass(frozen=True, slots=True)
class Directory:
    """All warehouses by code and rule number, and which merchant has an account (with its facility) where."""

    by_id: Mapping[int, WarehouseCard]
    by_code: Mapping[str, WarehouseCard]
    by_number: Mapping[int, WarehouseCard]
    facilities: Mapping[tuple[int, int], str]

    def by_rule(self, code: str | None, number: int | None, facility: str, rule: str) -> Destination:
        """The warehouse that a rule named. Raises Refused when there is none, or it is switched off."""
        card = self.by_code.get(code.lower()) if code is not None else self.by_number.get(number or 0)
        named = f"“{code}”" if code is not None else f"number {number}"
        if card is None:
            raise Refused(
                f"Rule “{rule}” routed it to warehouse {named}, which does not exist.",
                "Correct the rule or create the warehouse, then Reprocess.",
            )
        return Destination(card, facility, rule)

    def checked(self, destination: Destination, merchant_id: int, merchant: str) -> Destination:
        """The destination with the account's facility filled in. Raises Refused when nothing can be sent there."""
        card = destination.warehouse
        if not card.enabled:
            raise Refused(
                f"Warehouse {card.code} is switched off.", "Switch it on, or route elsewhere, then Reprocess."
            )
        account = self.facilities.get((merchant_id, card.warehouse_id))
        if account is None:
            raise Refused(
                f"Merchant {merchant} has no account at warehouse {card.code}.",
                "Add the merchant to that warehouse (Settings, Warehouses), then Reprocess.",
            )
        return Destination(card, destination.facility or account, destination.chosen_by)


def directory(unit: Unit) -> Directory:
    """Read all warehouses and accounts: two small tables, read once per batch."""
    cards = [
        WarehouseCard(row.id, row.code, row.rule_number, row.enabled, row.time_zone)
        for row in unit.rows("SELECT id, code, rule_number, enabled, time_zone FROM warehouse")
    ]
    accounts = unit.rows("SELECT merchant_id, warehouse_id, facility FROM merchant_at_warehouse")
    return Directory(
        {card.warehouse_id: card for card in cards},
        {card.code.lower(): card for card in cards},
        {card.rule_number: card for card in cards if card.rule_number is not None},
        {(row.merchant_id, row.warehouse_id): row.facility for row in accounts},
    )


def without_rules(book: Directory, order: Any) -> Destination:
    """Where an order goes when no rule routed it. `order` has location, location_map and default_warehouse_id."""
    mapped = (order.location_map or {}).get(order.location)
    if mapped:
        return book.by_rule(str(mapped.get("warehouse", "")), None, str(mapped.get("facility", "")), "location map")
    return Destination(book.by_id[order.default_warehouse_id], "", "default")
