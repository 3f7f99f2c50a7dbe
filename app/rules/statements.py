"""The syntax tree of a rule's statements; their values and conditions are in `syntax`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.rules.syntax import Expression, Node, Path, Variable


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """One condition of a `when` and what to do when it holds."""

    condition: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class When(Node):
    """The first branch that holds is done, else `otherwise` (None when it is not written)."""

    branches: tuple[Branch, ...]
    otherwise: tuple[Statement, ...] | None


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for purchase_order_items in purchase_order … end`."""

    collection: str
    record: str
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ForMatch(Node):
    """`for /…/ in subject … end`: once for each match, with its named groups as bare names."""

    pattern: str
    subject: Expression
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Total(Node):
    """One result of an `accumulate`; `function` is sum, count, min, max or join, the last with a separator."""

    name: str
    function: str
    value: Expression
    separator: Expression | None


@dataclass(frozen=True, slots=True)
class Accumulate(Node):
    """Results over the lines of a purchase order."""

    collection: str
    record: str
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Default(Node):
    """`default reject purchase_order_item`: used after the last rule; `decision` is accept or reject."""

    decision: str
    record: str


@dataclass(frozen=True, slots=True)
class Decide(Node):
    """`accept` or `reject` of a record."""

    decision: str
    record: str


@dataclass(frozen=True, slots=True)
class Set(Node):
    """`set target to value`."""

    target: Path | Variable
    value: Expression


@dataclass(frozen=True, slots=True)
class Route(Node):
    """`route purchase_order to warehouse code / facility`."""

    record: str
    warehouse: Expression
    facility: Expression | None


@dataclass(frozen=True, slots=True)
class HoldUntil(Node):
    """`hold purchase_order until moment`."""

    record: str
    until: Expression


@dataclass(frozen=True, slots=True)
class HoldFor(Node):
    """`hold purchase_order for duration`, counted from *imported at*."""

    record: str
    duration: Expression


@dataclass(frozen=True, slots=True)
class Archive(Node):
    """`archive purchase_order`."""

    record: str


@dataclass(frozen=True, slots=True)
class Fail(Node):
    """`fail purchase_order with message`."""

    record: str
    message: Expression


@dataclass(frozen=True, slots=True)
class Print(Node):
    """`print value`: a line in the trace."""

    value: Expression


@dataclass(frozen=True, slots=True)
class AddSet(Node):
    """`set item.field to value` inside an `add`."""

    path: Path
    value: Expression


@dataclass(frozen=True, slots=True)
class Add(Node):
    """`add count items to collection in record set item.… end`."""

    count: Expression
    collection: str
    record: str
    sets: tuple[AddSet, ...]


Statement: TypeAlias = (
    When
    | For
    | ForMatch
    | Accumulate
    | Default
    | Decide
    | Set
    | Route
    | HoldUntil
    | HoldFor
    | Archive
    | Fail
    | Print
    | Add
)


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """A whole rule; `inactive` is the word after its name that an export file gives to a rule that is switched off."""

    name: str
    inactive: bool
    body: tuple[Statement, ...]
