"""What the checks of sources and of warehouses share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from app.connectors import door
from app.connectors.contract import SourceConnector, WarehouseConnector
from app.connectors.errors import ConnectorError
from app.connectors.settings import FieldKind, SettingField, validated

PAGE = 200


class World(Protocol):
    """What both kinds of world have."""

    secrets: Mapping[str, str]

    def touched(self) -> object:
        """Whatever the outside system holds, to be compared before and after."""


def check_declaration(connector: SourceConnector | WarehouseConnector) -> None:
    """Kind, label, proof and fields are there, and the fields make sense."""
    assert connector.kind, "a connector has a kind"
    assert connector.label, "a connector has a label for people"
    proofs = {"real software", "vendor specification", "documents"}
    assert connector.proof in proofs, "a connector tells how it was proved"
    names = [field.name for field in connector.fields]
    assert len(set(names)) == len(names), "each setting is declared once"
    for field in connector.fields:
        assert field.label, f"the setting {field.name} has a label"
        secret = field.kind is FieldKind.SECRET
        assert not (secret and field.default), f"the secret {field.name} has no default"
    given = {field.name: _some_value(field) for field in connector.fields if field.required}
    assert set(validated(connector.fields, given)) == set(names), "the declared defaults can be used"


def _some_value(field: SettingField) -> object:
    if field.kind is FieldKind.CHOICE:
        return field.choices[0][0]
    return field.minimum or 1 if field.kind is FieldKind.NUMBER else "text"


def check_door(world: World, calls: Sequence[tuple[str, Callable[[], object]]]) -> None:
    """Each call raises NetworkClosed inside a unit of work, and nothing was touched."""
    before = world.touched()
    for name, call in calls:
        with door.closed("a unit of work"):
            must_raise(door.NetworkClosed, f"{name} inside a unit of work", call)
    assert world.touched() == before, "nothing is touched before the door is asked"


def check_secrets(world: World, kept: Sequence[object]) -> None:
    """No secret of the world is found in what is kept."""
    shown = repr(kept)
    for name, secret in world.secrets.items():
        assert secret not in shown, f"the secret {name} is kept nowhere"


def must_raise(kind: type[Exception], what: str, call: Callable[..., object], *values: object) -> None:
    """The call raises this error and no other."""
    try:
        call(*values)
    except kind:
        return
    except Exception as error:
        raise AssertionError(f"{what} raises {kind.__name__}, not {type(error).__name__}: {error}") from error
    raise AssertionError(f"{what} raises {kind.__name__}")


def must_work(what: str, call: Callable[[], object]) -> object:
    """What the call gives; an error of it fails the check."""
    try:
        return call()
    except Exception as error:
        raise AssertionError(f"{what} raises {type(error).__name__}: {error}") from error


def error_of(call: Callable[[], object]) -> object:
    """All that is kept of the error that a call ends in."""
    try:
        return call()
    except ConnectorError as error:
        return (str(error), error.remedy, error.answer, error.code)
