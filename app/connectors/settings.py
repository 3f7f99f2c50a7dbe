"""Settings that a connector declares: they make the form, the checks and the split between settings and secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.domain.errors import BadSettings


class FieldKind(StrEnum):
    """How a setting is entered and checked."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105 (the kind of a field, and no password)


@dataclass(frozen=True, slots=True)
class SettingField:
    """One declared setting. `choices` are (value, label) pairs; numbers have inclusive bounds."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: str | int | float | bool | None = None
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def validated(fields: Iterable[SettingField], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with defaults filled in. Raises BadSettings naming the first field that cannot be used."""
    declared = {field.name: field for field in fields}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise BadSettings(f"There is no setting “{unknown[0]}”.", unknown[0], "Remove it, or check its spelling.")
    return {name: _value(field, given.get(name)) for name, field in declared.items()}


def secret_names(fields: Iterable[SettingField]) -> frozenset[str]:
    """The names of the settings that are stored encrypted and never shown again."""
    return frozenset(field.name for field in fields if field.kind is FieldKind.SECRET)


def _value(field: SettingField, value: Any) -> Any:
    if value is None or value == "":
        if field.required and field.default is None:
            raise BadSettings(f"{field.label} is missing.", field.name, field.help or "Fill it in.")
        return field.default
    if field.kind is FieldKind.BOOLEAN:
        return value if isinstance(value, bool) else str(value).strip().lower() in {"1", "true", "yes", "on", "y"}
    if field.kind is FieldKind.NUMBER:
        return _number(field, value)
    if field.kind is FieldKind.CHOICE and value not in {choice for choice, _ in field.choices}:
        allowed = ", ".join(choice for choice, _ in field.choices)
        raise BadSettings(f"{field.label} cannot be “{value}”.", field.name, f"Choose one of: {allowed}.")
    return str(value)


def _number(field: SettingField, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadSettings(f"{field.label} must be a number, not “{value}”.", field.name) from None
    low = field.minimum if field.minimum is not None else float("-inf")
    high = field.maximum if field.maximum is not None else float("inf")
    if not low <= number <= high:
        raise BadSettings(f"{field.label} must lie between {low:g} and {high:g}.", field.name)
    return number
