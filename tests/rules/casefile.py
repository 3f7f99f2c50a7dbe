"""Reads the cases that admins can read too: Markdown with rules, bullets and tables.

A case is a `## heading`, one or more fenced `rule` blocks, and bullets. `Given` bullets change the sample purchase
order, `Then` bullets say exactly what comes out; what no bullet says must not happen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.rules.engine import Document
from tests.rules.sample import header, item

CASES = Path(__file__).parent / "cases"
_FENCE = re.compile(r"```rule\n(.*?)```", re.DOTALL)
_DATES = {"due_date", "expected_date"}
_NUMBERS = {"quantity", "unit_cost", "pack_size", "total_cost"}


@dataclass
class Case:
    """One case: its rules, the document they judge, and what must come out."""

    name: str
    rules: list[str]
    document: Document
    expected: dict[str, Any] = field(default_factory=dict)


def cases(name: str) -> Iterator[Case]:
    """The cases of one file."""
    text = (CASES / name).read_text(encoding="utf-8")
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, body = part.split("\n", 1)
        bullets = [line[2:].strip() for line in _FENCE.sub("", body).splitlines() if line.startswith("- ")]
        yield _case(heading.strip(), _FENCE.findall(body), bullets)


def tables(name: str) -> Iterator[tuple[str, list[str]]]:
    """(section, cells without their backticks) of each row of the tables of one file."""
    section = ""
    for line in (CASES / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        elif line.startswith("| `"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            yield section, [cell[1:-1].replace("\\|", "|").replace("⏎", "\n") for cell in cells]


def _case(name: str, rules: list[str], bullets: list[str]) -> Case:
    fields = header()
    lines: list[dict[str, Any]] = []
    expected: dict[str, Any] = {
        "outcome": "proceed",
        "header": {},
        "lines": {},
        "left_out": {},
        "added": [],
        "printed": [],
    }
    for bullet in bullets:
        words = re.findall(r"`((?:[^`])*)`", bullet)
        if bullet.startswith("Given a line"):
            values = json.loads(words[0], parse_float=Decimal)
            lines.append(item(len(lines) + 1, values.pop("sku"), str(values.pop("quantity")), **_typed(values)))
        elif bullet.startswith("Given"):
            _give(fields, words[0], json.loads(words[1], parse_float=Decimal))
        else:
            _expect(expected, bullet, words)
    lines = lines or [item(1, "A-1", 10), item(2, "B-2", 12)]
    return Case(name, rules, Document(fields, lines), expected)


def _give(fields: dict[str, Any], path: str, value: Any) -> None:
    name, _, key = path.partition(".")
    if key:
        fields[name] = {**fields[name], key: value}
    else:
        fields.update(_typed({name: value}))


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in values.items()}


def _value(name: str, value: Any) -> Any:
    if value is None or value == "":
        return value
    if name in _DATES:
        return date.fromisoformat(value)
    if name == "ordered_at":
        return datetime.fromisoformat(value)
    return Decimal(str(value)) if name in _NUMBERS else value


def _expect(expected: dict[str, Any], bullet: str, words: list[str]) -> None:
    if bullet.startswith("Then the message is"):
        expected["message"] = bullet[bullet.index("`") + 1 : bullet.rindex("`")]
    elif bullet.startswith("Then it goes to"):
        expected["route"] = (*words, None)[:2]
    elif bullet.startswith("Then it is held"):
        expected["hold"] = words[0]
    elif bullet.startswith("Then it is"):
        expected["outcome"] = words[0]
    elif bullet.startswith("Then it prints"):
        expected["printed"].append(words[0])
    elif bullet.startswith("Then line") and "left out" in bullet:
        number = bullet.split()[2]
        key = f"rule:{number[1:]}" if number.startswith("+") else f"no:{number}"
        expected["left_out"][key] = words[0]
    elif bullet.startswith("Then line"):
        expected["lines"].setdefault(f"no:{bullet.split()[2]}", {})[words[0]] = json.loads(
            words[1], parse_float=Decimal
        )
    elif bullet.startswith("Then a line is added"):
        expected["added"].append(json.loads(words[0], parse_float=Decimal))
    elif bullet.startswith("Then"):
        expected["header"][words[0]] = json.loads(words[1], parse_float=Decimal)
    else:
        raise AssertionError(f"no such bullet: {bullet}")
