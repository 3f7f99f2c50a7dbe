"""Where a path leads: from `purchase_order.custom["tag"]` to a field of the catalogue, or a sentence that says no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto

from app.rules.fields import HEADER, ITEM, LINE, LINES, RECORD, SHIP_TO, Field
from app.rules.kinds import Kind
from app.rules.syntax import Expression, Number, Path, Text

_CUSTOM = ("custom", "custom_map_from_key")
# Words of other languages for what has another name here.
_FOREIGN = {"null": "blank", "nil": "blank", "none": "blank", "empty": "blank", "true": "true", "false": "false"}
_GROUPS = ("custom", "custom_map_from_key", "source", "ship_to", LINES)


class Area(Enum):
    """Which part of a purchase order a place lies in."""

    HEADER = auto()
    SHIP_TO = auto()
    CUSTOM = auto()
    SOURCE = auto()
    NAME = auto()  # an accumulator's result or a capture


@dataclass(frozen=True, slots=True)
class Place:
    """A resolved path.

    `field` is set for catalogued fields; `steps` are the keys below `custom` and `source`. `item` says that the place
    is on a line: the loop's own, or with `at` the line at that position (from 0).
    """

    area: Area
    field: Field | None = None
    steps: tuple[str | Expression, ...] = ()
    item: bool = False
    at: Expression | None = None
    name: str = ""

    @property
    def kind(self) -> Kind:
        """The kind of what lies there; ANY where only the run can tell."""
        return self.field.kind if self.field else Kind.ANY


class UnknownPlaceError(Exception):
    """The path leads nowhere; the message says where it stops and `hint` what may be meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def did_you_mean(word: str, known: Iterable[str], prefix: str = "", suffix: str = "") -> str:
    """A hint that names the known word most like `word`, or an empty text."""
    close = get_close_matches(word, list(known), 1, 0.6)
    return f"Did you mean `{prefix}{close[0]}{suffix}`?" if close else ""


def spelled(path: Path) -> str:
    """The path as text, with `[…]` for computed steps."""
    return path.root + "".join(f".{step}" if isinstance(step, str) else _bracket(step) for step in path.steps)


def _bracket(step: Expression) -> str:
    if isinstance(step, Text):
        return f'["{step.value}"]'
    return f"[{step.value}]" if isinstance(step, Number) else "[…]"


def resolve(path: Path, names: Iterable[str], *, in_loop: bool) -> Place:
    """Where `path` leads. `names` are the bare names known here; `in_loop` whether a line is at hand.

    Raises UnknownPlaceError.
    """
    if path.root == RECORD:
        return _in_record(path)
    if path.root == LINE:
        if not in_loop:
            raise UnknownPlaceError(
                f"`{LINE}` is known only inside a loop, an accumulator or `has` over the lines.",
                f"Write `for {LINES} in {RECORD} … end` around it.",
            )
        return _in_item(path.steps, LINE)
    known = set(names)
    if path.root in known:
        if path.steps:
            raise UnknownPlaceError(f"`{path.root}` is a value and has no fields.")
        return Place(Area.NAME, name=path.root)
    raise UnknownPlaceError(f"There is no `{path.root}` here.", _unknown_root(path, known))


def _unknown_root(path: Path, known: set[str]) -> str:
    if path.root.lower() in _FOREIGN:
        return f"Write `{_FOREIGN[path.root.lower()]}`."
    if path.root in HEADER or path.root in _GROUPS:
        return f"Did you mean `{RECORD}.{spelled(path)}`?"
    if path.root in ITEM:
        return f"Did you mean `{LINE}.{spelled(path)}`?"
    return (
        did_you_mean(path.root, known | {RECORD, LINE})
        or f"Text stands in quotes, variables begin with `$`: `${path.root}`."
    )


def _in_record(path: Path) -> Place:
    if not path.steps:
        raise UnknownPlaceError(
            f"`{RECORD}` is a record, not a value.", f"Name one of its fields, as in `{RECORD}.notes`."
        )
    first, *rest = path.steps
    if first in _CUSTOM:
        return Place(Area.CUSTOM, steps=_keys(rest, f"{RECORD}.custom"))
    if first == "source":
        return Place(Area.SOURCE, steps=_keys(rest, f"{RECORD}.source"))
    if first == "ship_to":
        return _field(rest, SHIP_TO, f"{RECORD}.ship_to", Area.SHIP_TO)
    if first == LINES:
        return _at(rest)
    return _field(path.steps, HEADER, RECORD, Area.HEADER)


def _at(rest: list[str | Expression]) -> Place:
    if not rest or isinstance(rest[0], str):
        raise UnknownPlaceError(
            f"`{RECORD}.{LINES}` is a collection, not a value.",
            f"Loop over it, or name one line by its position: `{RECORD}.{LINES}[0].sku`.",
        )
    inner = _in_item(tuple(rest[1:]), f"{RECORD}.{LINES}[…]")
    return Place(inner.area, inner.field, inner.steps, item=True, at=rest[0])


def _in_item(steps: tuple[str | Expression, ...], shown: str) -> Place:
    if not steps:
        raise UnknownPlaceError(f"`{shown}` is a record, not a value.", f"Name one of its fields, as in `{LINE}.sku`.")
    if steps[0] in _CUSTOM:
        return Place(Area.CUSTOM, steps=_keys(steps[1:], f"{shown}.custom"), item=True)
    place = _field(steps, ITEM, shown, Area.HEADER)
    return Place(place.area, place.field, item=True)


def _keys(steps: Iterable[str | Expression], shown: str) -> tuple[str | Expression, ...]:
    keys = tuple(step.value if isinstance(step, Text) else step for step in steps)
    if not keys:
        raise UnknownPlaceError(f"`{shown}` holds many values.", f"Name one, as in `{shown}.tag`.")
    return keys


def _field(steps: Iterable[str | Expression], known: Mapping[str, Field], shown: str, area: Area) -> Place:
    first, *rest = [*steps, ""]
    if not isinstance(first, str) or not first:
        what = "a group of fields, not a value" if first == "" else "a record, not a list"
        raise UnknownPlaceError(f"`{shown}` is {what}.", f"Its fields are {', '.join(known)}.")
    if first not in known:
        raise UnknownPlaceError(f"`{shown}` has no field `{first}`.", _elsewhere(first, known, shown))
    if len(rest) > 1:
        raise UnknownPlaceError(f"`{shown}.{first}` is a value and has no fields.")
    return Place(area, known[first])


def _elsewhere(word: str, known: Mapping[str, Field], shown: str) -> str:
    if shown == RECORD and word in ITEM:
        return f"Did you mean `{LINE}.{word}`?"
    if shown == LINE and word in HEADER:
        return f"Did you mean `{RECORD}.{word}`?"
    groups = _GROUPS if shown == RECORD else ("custom",)
    hint = did_you_mean(word, [*known, *groups], f"{shown}.")
    return hint or f"Fields of your own are below `{shown}.custom`." if shown in {RECORD, LINE} else hint
