"""Addresses: where to go back to, and the address of this page with something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from flask import request
from werkzeug.routing import IntegerConverter, Map


class IdConverter(IntegerConverter):
    """An id in an address. A number that no id can be leads nowhere, as any other address that there is not."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


def is_safe(address: str) -> bool:
    """Whether an address leads to a page of ours: a path, and no other host in any of its spellings."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or any(ord(sign) < 32 for sign in address):
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc


def next_address(otherwise: str) -> str:
    """Where the form of this request wants to go afterwards, if that is a page of ours."""
    wanted = request.form.get("next", "")
    return wanted if is_safe(wanted) else otherwise


def this_address() -> str:
    """The address of this page with its filters: where an action comes back to."""
    return request.full_path if request.query_string else request.path


def arguments() -> dict[str, list[str]]:
    """The arguments of this page without empty ones."""
    return {name: [value for value in values if value] for name, values in request.args.lists() if any(values)}


def changed(path: str, given: Mapping[str, Sequence[str]], **changes: Sequence[str] | str | None) -> str:
    """`path` with the given arguments and the changes; None or an empty sequence takes one away."""
    merged: dict[str, Sequence[str]] = {name: list(values) for name, values in given.items()}
    for name, value in changes.items():
        merged[name] = [value] if isinstance(value, str) else list(value or [])
    pairs = [(name, value) for name, values in merged.items() for value in values]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page only."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
