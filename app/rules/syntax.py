"""The syntax tree of values and conditions: frozen, typed, and each node knows its place in the text.

The statements around them are in `statements`. Two trees are equal when they mean the same text: places do not take
part in the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the rule's text: line and column from 1, and the offsets of its first character and of its end."""

    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What every part of a rule has: its place."""

    span: Span = field(compare=False, repr=False)


# --- Values ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text(Node):
    """`"…"`, with the escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """An exact unsigned decimal."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Blank(Node):
    """`blank`, the absence of a value."""


class MomentKind(StrEnum):
    """What a literal that begins with `@` stands for."""

    NOW = "now"
    DAY = "day"  # today, tomorrow, yesterday: a number of days from today
    DATE = "date"  # a calendar date, ISO
    INSTANT = "instant"  # a date with a time, ISO; without an offset it is in the connection's zone
    TIME = "time"  # a time of day, ISO
    WEEKDAY = "weekday"  # 0 is Monday
    MONTH = "month"  # 1 is January
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Moment(Node):
    """A date literal. `value` is ISO text for dates, instants and times, and a number for the others."""

    kind: MomentKind
    value: str | int


@dataclass(frozen=True, slots=True)
class Duration(Node):
    """`4h`: a whole amount of `s m h D W M Y` (`m` minutes, `M` months)."""

    amount: int
    unit: str


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`$name`, kept without the dollar sign."""

    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`purchase_order.custom["key"]`: a root name and steps, each a name or an expression in brackets.

    A bare name without steps is an accumulator's result, a capture, or a record.
    """

    root: str
    steps: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Present(Node):
    """`path?`: whether the field holds a value."""

    path: Path


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`round(x, 2)`."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """`-x`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Cast(Node):
    """`x as number`; `type` is number, text, date or boolean."""

    value: Expression
    type: str


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """A chain of operators of one precedence, from left to right: `first`, then (operator, value) pairs."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Shift(Node):
    """`4h before x`: `direction` is before or after."""

    duration: Duration
    direction: str
    base: Expression


@dataclass(frozen=True, slots=True)
class Concat(Node):
    """`a & b & c`."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Capture(Node):
    """`name | /…(?<name>…)…/ matches subject`: the text of the group, or blank."""

    name: str
    pattern: str
    subject: Expression


@dataclass(frozen=True, slots=True)
class Replace(Node):
    """`replace /…/ with "…" in subject`."""

    pattern: str
    replacement: str
    subject: Expression


# --- Conditions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`left is right`; `operator` is the word or sign as written."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Matches(Node):
    """`subject matches /…/`."""

    subject: Expression
    pattern: str


@dataclass(frozen=True, slots=True)
class Has(Node):
    """`record has any collection with (condition)`; `quantifier` is any, all, none or no."""

    record: str
    quantifier: str
    collection: str
    condition: Expression


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`not x`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class And(Node):
    """`a and b and c`."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """`a or b or c`."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = (
    Text
    | Number
    | Boolean
    | Blank
    | Moment
    | Duration
    | Variable
    | Path
    | Present
    | Call
    | Negate
    | Cast
    | Arithmetic
    | Shift
    | Concat
    | Capture
    | Replace
    | Compare
    | Matches
    | Has
    | Not
    | And
    | Or
)
