"""What forms show, and what is stored after they were sent."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.web.people import Person, Stage


def one(stage: Stage, model: Any, **values: Any) -> Any:
    """The one row with these values, or None."""
    with Session(stage.make.engine, expire_on_commit=False) as session:
        return session.scalars(select(model).filter_by(**values)).one_or_none()


def filled(person: Person, address: str) -> dict[str, str]:
    """The values that a form shows."""
    html = person.get(address).get_data(as_text=True).split("<main")[1]
    found = {}
    for tag in re.findall(r"<input[^>]*>", html):
        name, value = re.search(r' name="(\w+)"', tag), re.search(r' value="([^"]*)"', tag)
        kind = re.search(r'type="(\w+)"', tag)
        if name is None or (kind is not None and kind[1] == "checkbox" and " checked" not in tag):
            continue
        found[name[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', html, re.DOTALL):
        found[name] = unescape(text).strip()
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r"<option[^>]* selected[^>]*>", options) or re.search(r"<option[^>]*>", options)
        value = re.search(r'value="([^"]*)"', chosen[0]) if chosen else None
        found[name] = unescape(value[1]) if value else ""
    found.pop("csrf_token", None)
    found.pop("q", None)
    return found
