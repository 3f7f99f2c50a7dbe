"""The registry, the declared settings and the door."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.connectors import door, registry
from app.connectors.settings import FieldKind, SettingField, secret_names, validated
from app.domain.errors import BadSettings
from tests.connectors.kit import context

FIELDS = (
    SettingField("url", "Address", required=True, help="Enter the address."),
    SettingField("pages", "Pages", FieldKind.NUMBER, default=3, minimum=1, maximum=9),
    SettingField("open", "Open", FieldKind.BOOLEAN, default=False),
    SettingField("mode", "Mode", FieldKind.CHOICE, default="a", choices=(("a", "A"), ("b", "B"))),
    SettingField("token", "Token", FieldKind.SECRET, required=True),
)


def test_every_kind_can_be_made(tmp_path: Path):
    settings = {"files": {"folder": "x"}, "sandbox": {}}
    kinds = (
        (registry.SOURCES, registry.source_kinds(), registry.source),
        (registry.WAREHOUSES, registry.warehouse_kinds(), registry.warehouse),
    )
    for paths, classes, make in kinds:
        assert [found.kind for found in classes] == list(paths)
        for kind in paths:
            assert make(kind, settings[kind], {}, context(tmp_path)).kind == kind
    assert list(tmp_path.iterdir()) == []


def test_a_kind_that_does_not_exist(tmp_path: Path):
    with pytest.raises(BadSettings) as caught:
        registry.source("fax", {}, {}, context(tmp_path))
    assert (caught.value.sentence(), caught.value.field) == (
        "There is no source of the kind “fax”. Choose one of: files, sandbox.",
        "kind",
    )
    with pytest.raises(BadSettings, match=r"^There is no warehouse of the kind “fax”\.$"):
        registry.warehouse("fax", {}, {}, context(tmp_path))


def test_connectors_are_imported_when_they_are_used():
    code = (
        "import sys; from app.connectors import registry; "
        "assert 'app.connectors.sources.files' not in sys.modules; registry.source_class('files'); "
        "assert 'app.connectors.sources.files' in sys.modules; assert 'requests' not in sys.modules; "
        "assert 'flask' not in sys.modules and 'sqlalchemy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("settings", "words", "field"),
    [
        ({}, "Folder is missing. Below the files root, such as acme/erp; its subfolders are made by Inlet.", "folder"),
        ({"folder": "../x"}, "The folder “../x” leads elsewhere or is hidden. Give a folder below the files root, such as acme/erp.", "folder"),
        ({"folder": "x", "dates": "ymd"}, "Dates are written as cannot be “ymd”. Choose one of: iso, dmy, mdy.", "dates"),
        ({"folder": "x", "settle_seconds": "soon"}, "Seconds of rest must be a number, not “soon”.", "settle_seconds"),
        ({"folder": "x", "settle_seconds": -1}, "Seconds of rest must lie between 0 and 3600.", "settle_seconds"),
        ({"folder": "x", "foldr": "y"}, "There is no setting “foldr”. Remove it, or check its spelling.", "foldr"),
    ],
)  # fmt: skip
def test_settings_are_checked(tmp_path: Path, settings: dict[str, Any], words: str, field: str):
    with pytest.raises(BadSettings) as caught:
        registry.source("files", settings, {}, context(tmp_path))
    assert (caught.value.sentence(), caught.value.field) == (words, field)


def test_settings_and_secrets_are_parted():
    settings, secrets = registry.split(FIELDS, {"url": "u", "pages": "4", "open": "yes"}, {"token": "hunter2"})
    assert settings == {"url": "u", "pages": 4.0, "open": True, "mode": "a"}
    assert secrets == {"token": "hunter2"}
    assert secret_names(FIELDS) == frozenset({"token"})


def test_a_secret_does_not_belong_to_the_settings():
    with pytest.raises(BadSettings) as caught:
        registry.split(FIELDS, {"url": "u", "token": "hunter2"}, {})
    assert caught.value.sentence() == "“token” is a secret. Store it with the secrets, where it is encrypted."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Address is missing. Enter the address."),
        ({"url": ""}, "Address is missing. Enter the address."),
        ({"url": "u"}, "Token is missing. Fill it in."),
        ({"url": "u", "token": "t", "pages": 10}, "Pages must lie between 1 and 9."),
        ({"url": "u", "token": "t", "pages": float("nan")}, "Pages must lie between 1 and 9."),
        ({"url": "u", "token": "t", "mode": "c"}, "Mode cannot be “c”. Choose one of: a, b."),
    ],
)
def test_settings_that_cannot_work(given: dict[str, Any], words: str):
    with pytest.raises(BadSettings) as caught:
        validated(FIELDS, given)
    assert caught.value.sentence() == words


@pytest.mark.parametrize(("given", "found"), [("on", True), ("TRUE", True), (True, True), ("0", False), ("no", False)])
def test_booleans_as_forms_send_them(given: object, found: bool):
    assert validated(FIELDS, {"url": "u", "token": "t", "open": given})["open"] is found


def test_the_door_is_open_again_after_the_block():
    door.require_open("somebody")
    with door.closed("outer"):
        with door.closed("inner"), pytest.raises(door.NetworkClosed, match="inner"):
            door.require_open("somebody")
        with pytest.raises(door.NetworkClosed, match=r"^somebody was called inside outer: commit first, then call\.$"):
            door.require_open("somebody")
    door.require_open("somebody")
