"""Settings that every connector with files shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.connectors.formats.values import DateStyle
from app.connectors.inbox import Waiting
from app.connectors.settings import FieldKind, SettingField
from app.domain.errors import BadSettings

FOLDER = SettingField(
    "folder", "Folder", required=True, help="Below the files root, such as acme/erp; its subfolders are made by Inlet."
)
READY_FIELDS = (
    SettingField("patterns", "File names", default="*.csv, *.txt, *.json, *.ndjson", help="Parted by commas."),
    SettingField(
        "settle_seconds",
        "Seconds of rest",
        FieldKind.NUMBER,
        default=2,
        minimum=0,
        maximum=3600,
        help="A file is taken once nobody has written to it for so long.",
    ),
    SettingField(
        "needs_marker",
        "Wait for a marker",
        FieldKind.BOOLEAN,
        default=False,
        help="Take orders.csv only once orders.csv.done or orders.csv.ok lies beside it.",
    ),
    SettingField(
        "dates",
        "Dates are written as",
        FieldKind.CHOICE,
        default=DateStyle.ISO.value,
        choices=(("iso", "2026-11-23"), ("dmy", "23/11/2026"), ("mdy", "11/23/2026")),
    ),
)
FORMATS = (("json", "JSON"), ("csv", "CSV"), ("both", "JSON and CSV"))


def waiting_from(settings: Mapping[str, Any]) -> Waiting:
    """When a file counts as ready, from the settings. Raises BadSettings without a pattern."""
    patterns = tuple(part.strip() for part in str(settings["patterns"]).split(",") if part.strip())
    if not patterns:
        raise BadSettings("There is no file name pattern.", "patterns", "Give one, such as *.csv.")
    return Waiting(patterns, float(settings["settle_seconds"]), bool(settings["needs_marker"]))


def endings(chosen: str) -> tuple[str, ...]:
    """The file endings for a choice of FORMATS."""
    return ("json", "csv") if chosen == "both" else (chosen,)
