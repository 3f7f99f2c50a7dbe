"""Pages ask through mapped classes only: Core tables and text would go past the wall, a second session around it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent.parent / "app"
FILES = sorted([*(APP / "web").rglob("*.py"), APP / "views.py"])
QUERIES = sorted((APP / "queries").rglob("*.py"))
FORBIDDEN_NAMES = {
    "text",
    "literal_column",
    "insert",
    "update",
    "delete",
    "lambda_stmt",
    "create_engine",
    "sessionmaker",
}
FORBIDDEN_ATTRIBUTES = {"__table__", "from_statement", "execution_options", "raw_connection"}
# The guards of an order are asked by a service, which needs to see more than the reader does.
ALLOWED = {("order_guards.py", "Session")}


def findings(source: str, name: str) -> list[str]:
    """What in a module goes past the wall."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            found += [alias.name for alias in node.names if alias.name in FORBIDDEN_NAMES]
            if name != "listing.py":
                found += [
                    alias.name for alias in node.names if alias.name == "Session" and (name, "Session") not in ALLOWED
                ]
        if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
            found.append(node.attr)
        if isinstance(node, ast.Name) and node.id == "READER_OPTION":
            found.append(node.id)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_no_page_goes_past_the_wall(path: Path) -> None:
    assert findings(path.read_text(), path.name) == []


def test_a_query_asks_for_another_reader_only_where_it_says_why() -> None:
    asking = [path.name for path in QUERIES if "READER_OPTION" in findings(path.read_text(), path.name)]
    assert asking == ["catalog.py", "choices.py", "facets.py", "health.py", "people.py", "standing.py"]


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import text",
        "from sqlalchemy import update as change",
        "from sqlalchemy.orm import Session",
        "PurchaseOrder.__table__",
        "query.from_statement(x)",
        "session.scalars(q, execution_options={READER_OPTION: SYSTEM})",
    ],
)
def test_a_way_past_the_wall_is_found(source: str) -> None:
    assert findings(source, "some_view.py") != []
