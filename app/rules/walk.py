"""Walking a tree without recursion, so that no text can exhaust the stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from app.rules.syntax import Node, Span


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside `node`, in the order of the text."""
    for field in fields(node):
        if field.name != "span":
            yield from _nodes(getattr(node, field.name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)


def descendants(node: Node) -> Iterator[Node]:
    """`node` and every node inside it, parents first."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(list(children(current))))


def too_deep(root: Node, limit: int) -> Span | None:
    """The place of the first node that lies more than `limit` levels below `root`, or None."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > limit:
            return node.span
        waiting.extend((child, depth + 1) for child in children(node))
    return None
