"""What every connector promises, as checks that any connector can be put through with one line.

A *world* is a connector together with the outside system behind it: it makes connectors, puts orders or receipts into
the outside system, and tells what arrived there. `source_suite(world)` and `warehouse_suite(world)` make a test class.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.connectors.contract_sources import SOURCE_CHECKS, SourceWorld
from tests.connectors.contract_warehouses import WAREHOUSE_CHECKS, WarehouseWorld


def source_suite(make_world: Callable[[Path], SourceWorld]) -> type:
    """A test class with every promise of a source; `make_world` takes an empty folder."""

    class Suite:
        @pytest.mark.parametrize("name", SOURCE_CHECKS)
        def test_promise(self, name: str, tmp_path: Path) -> None:
            SOURCE_CHECKS[name](make_world(tmp_path))

    return Suite


def warehouse_suite(make_world: Callable[[Path], WarehouseWorld]) -> type:
    """A test class with every promise of a warehouse; `make_world` takes an empty folder."""

    class Suite:
        @pytest.mark.parametrize("name", WAREHOUSE_CHECKS)
        def test_promise(self, name: str, tmp_path: Path) -> None:
            WAREHOUSE_CHECKS[name](make_world(tmp_path))

    return Suite
