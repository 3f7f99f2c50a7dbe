"""Connectors of the tests' own, for what no built-in one has."""

from __future__ import annotations

from typing import ClassVar

from app.connectors.settings import FieldKind, SettingField


class GuardedSource:
    """A source with two secrets, one of them required. It is only declared, never called."""

    kind: ClassVar[str] = "guarded"
    fields: ClassVar[tuple[SettingField, ...]] = (
        SettingField("address", "Address", required=True),
        SettingField("token", "Token", FieldKind.SECRET, required=True),
        SettingField("key", "Key", FieldKind.SECRET),
    )
