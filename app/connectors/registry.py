"""Which connectors there are. Each is imported when it is first used, so that one's libraries cost only its users."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from app.connectors.contract import ConnectorContext, SourceConnector, WarehouseConnector
from app.connectors.settings import SettingField, secret_names, validated
from app.domain.errors import BadSettings

SOURCES: dict[str, str] = {
    "files": "app.connectors.sources.files:FilesSource",
    "sandbox": "app.connectors.sources.sandbox:SandboxSource",
}
WAREHOUSES: dict[str, str] = {
    "files": "app.connectors.warehouses.files:FilesWarehouse",
    "sandbox": "app.connectors.warehouses.sandbox:SandboxWarehouse",
}


def source_kinds() -> list[type[SourceConnector]]:
    """The classes of all sources, for forms: they tell kind, label, proof, fields and capabilities."""
    return [source_class(kind) for kind in SOURCES]


def warehouse_kinds() -> list[type[WarehouseConnector]]:
    """The classes of all warehouses, for forms."""
    return [warehouse_class(kind) for kind in WAREHOUSES]


def source_class(kind: str) -> type[SourceConnector]:
    """The class of a source. Raises BadSettings for a kind that does not exist."""
    return cast("type[SourceConnector]", _imported(SOURCES, kind, "source"))


def warehouse_class(kind: str) -> type[WarehouseConnector]:
    """The class of a warehouse. Raises BadSettings for a kind that does not exist."""
    return cast("type[WarehouseConnector]", _imported(WAREHOUSES, kind, "warehouse"))


def source(
    kind: str, settings: Mapping[str, Any], secrets: Mapping[str, str], context: ConnectorContext
) -> SourceConnector:
    """A source, ready to be used. Raises BadSettings naming the first setting that cannot be used."""
    found = source_class(kind)
    return found(*split(found.fields, settings, secrets), context)


def warehouse(
    kind: str, settings: Mapping[str, Any], secrets: Mapping[str, str], context: ConnectorContext
) -> WarehouseConnector:
    """A warehouse, ready to be used. Raises BadSettings naming the first setting that cannot be used."""
    found = warehouse_class(kind)
    return found(*split(found.fields, settings, secrets), context)


def split(
    fields: tuple[SettingField, ...], settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Validate settings and secrets together, and part them again: (settings, secrets). Raises BadSettings."""
    hidden = secret_names(fields)
    told = sorted(hidden & settings.keys())
    if told:
        raise BadSettings(f"“{told[0]}” is a secret.", told[0], "Store it with the secrets, where it is encrypted.")
    values = validated(fields, {**settings, **secrets})
    return (
        {name: value for name, value in values.items() if name not in hidden},
        {name: str(value) for name, value in values.items() if name in hidden and value is not None},
    )


def _imported(paths: Mapping[str, str], kind: str, noun: str) -> object:
    if kind not in paths:
        known = ", ".join(sorted(paths))
        raise BadSettings(f"There is no {noun} of the kind “{kind}”.", "kind", f"Choose one of: {known}.")
    module, _, name = paths[kind].partition(":")
    return getattr(import_module(module), name)
