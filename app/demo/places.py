"""The demo's merchants, stores, warehouses, accounts and connections, as values: what `load` saves by the services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

EVERY_MINUTE: Final[list[dict[str, Any]]] = [{"kind": "minutely", "every": 1}]
EVERY_TWO_MINUTES: Final[list[dict[str, Any]]] = [{"kind": "minutely", "every": 2}]
"""A person who looks at the demo should not have to wait for the usual quarter of an hour."""


@dataclass(frozen=True, slots=True)
class DemoMerchant:
    """A merchant, the range of products it buys, and its currency."""

    name: str
    time_zone: str
    open_timeout_days: int
    products: str
    currency: str


@dataclass(frozen=True, slots=True)
class DemoWarehouse:
    """A warehouse. `folder` is where a files warehouse exchanges files; `ledger` the name of a sandbox's books."""

    code: str
    name: str
    rule_number: int
    kind: str
    settings: Mapping[str, Any]
    time_zone: str
    over_receipt_percent: int = 0
    partial_receipts: bool = True
    city: str = ""
    region: str = ""
    country: str = ""

    @property
    def ledger(self) -> str:
        """The name of the sandbox's ledger."""
        return str(self.settings.get("name", ""))


@dataclass(frozen=True, slots=True)
class DemoConnection:
    """A store and its connection. `ending` is the format of its files; a sandbox has none."""

    name: str
    store: str
    kind: str
    settings: Mapping[str, Any]
    merchant: str
    warehouse: str
    time_zone: str
    enabled: bool = True
    ending: str = ""
    shared_sku: str = "fill"
    location_map: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The folder of a files store, below the files root."""
        return str(self.settings.get("folder", ""))

    @property
    def ledger(self) -> str:
        """The name of the sandbox's ledger."""
        return str(self.settings.get("name", ""))


ALDER = DemoMerchant("Alder & Finch Home", "America/New_York", 45, "HOME", "USD")
KESTREL = DemoMerchant("Kestrel Outdoor", "Europe/Berlin", 60, "OUTDOOR", "EUR")
HARBOR = DemoMerchant("Bright Harbor Foods", "America/Los_Angeles", 40, "FOOD", "USD")
MERCHANTS: Final = (ALDER, KESTREL, HARBOR)

EAST = DemoWarehouse(
    "EAST",
    "East Coast Distribution, Allentown",
    1,
    "files",
    {"folder": "demo/east", "notice_format": "both"},
    "America/New_York",
    over_receipt_percent=10,
    city="Allentown",
    region="PA",
    country="US",
)
WEST = DemoWarehouse(
    "WEST",
    "West Coast Fulfilment, Reno",
    2,
    "sandbox",
    {"name": "demo-west", "cumulative": True},
    "America/Los_Angeles",
    city="Reno",
    region="NV",
    country="US",
)
COLD = DemoWarehouse(
    "COLD-1",
    "Northgate Cold Store, Tacoma",
    3,
    "sandbox",
    {"name": "demo-cold"},
    "America/Los_Angeles",
    over_receipt_percent=2,
    partial_receipts=False,
    city="Tacoma",
    region="WA",
    country="US",
)
WAREHOUSES: Final = (EAST, WEST, COLD)

REFUSING: Final = {**WEST.settings, "reject_rate": 1}
"""WEST while it refuses every document."""
MOODY: Final = {**WEST.settings, "latency_ms": 120, "failure_rate": 0.05, "timeout_after_accept_rate": 0.05}
"""WEST as it stays: now and then it is away or does not answer, so that retries and look-ups can be seen."""

ACCOUNTS: Final = (
    (ALDER, EAST, "AF-100", "dock A"),
    (ALDER, WEST, "AF-200", ""),
    (KESTREL, EAST, "KESTREL", "dock C"),
    (KESTREL, WEST, "KSTL-W", ""),
    (HARBOR, WEST, "BHF-W", ""),
    (HARBOR, COLD, "0042", "freezer 2"),
)
"""(merchant, warehouse, account there, facility). Alder & Finch has none at COLD-1, which one order finds out."""

ERP = DemoConnection(
    "Alder & Finch ERP",
    "Alder & Finch ERP",
    "files",
    {"folder": "demo/alder-finch", "status_format": "both"},
    ALDER.name,
    EAST.code,
    ALDER.time_zone,
    ending="csv",
    location_map={"PORT": {"warehouse": "WEST"}},
)
BUYING = DemoConnection(
    "Kestrel Buying",
    "Kestrel Buying",
    "files",
    {"folder": "demo/kestrel"},
    KESTREL.name,
    WEST.code,
    KESTREL.time_zone,
    ending="json",
    shared_sku="ask",
)
MARKET = DemoConnection(
    "Bright Harbor Planner",
    "Bright Harbor Planner",
    "sandbox",
    {"name": "demo-harbor"},
    HARBOR.name,
    WEST.code,
    HARBOR.time_zone,
)
CONNECTIONS: Final = (ERP, BUYING, MARKET)
SWITCHED_OFF: Final = DemoConnection(
    "Kestrel Retail (not live yet)",
    "Kestrel Retail",
    "files",
    {"folder": "demo/kestrel-retail", "needs_marker": True, "dates": "dmy"},
    KESTREL.name,
    EAST.code,
    KESTREL.time_zone,
    enabled=False,
    ending="csv",
)
"""Saved last of all, so that it being there says that the demo was loaded to its end."""


def merchant_of(connection: DemoConnection) -> DemoMerchant:
    """The merchant of a connection."""
    return next(merchant for merchant in MERCHANTS if merchant.name == connection.merchant)
