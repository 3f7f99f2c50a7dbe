"""Every connector keeps every promise of the contract."""

from __future__ import annotations

from tests.connectors.contract_suite import source_suite, warehouse_suite
from tests.connectors.worlds import FilesSourceWorld, FilesWarehouseWorld, SandboxSourceWorld, SandboxWarehouseWorld

TestFilesSource = source_suite(FilesSourceWorld)
TestFilesWarehouse = warehouse_suite(FilesWarehouseWorld)
TestSandboxSource = source_suite(SandboxSourceWorld)
TestSandboxWarehouse = warehouse_suite(SandboxWarehouseWorld)
