"""The project's source files, parsed, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import PROJECT

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its dotted name, its text and its syntax tree."""

    name: str
    text: str
    tree: ast.Module
    package: bool = False

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return len(self.text.splitlines())


def parse(name: str, text: str, *, package: bool = False) -> Source:
    """A source from its text, as the self-tests of the checks need it."""
    return Source(name, text, ast.parse(text), package)


def of_project(*folders: str) -> list[Source]:
    """Every Python file below the folders, or the file itself where a name is one."""
    return [_read(path) for folder in folders for path in files_below(folder, {".py"})]


def files_below(folder: str, suffixes: set[str]) -> list[Path]:
    """The files with these endings below a folder of the project, without what is built, or the file itself."""
    start = PROJECT / folder
    if start.is_file():
        return [start]
    found = (path for path in start.rglob("*") if path.suffix in suffixes and path.is_file())
    return sorted(path for path in found if not {"build", "__pycache__"} & set(path.parts))


def code() -> list[Source]:
    """What runs in production."""
    return of_project("app", "config.py", "run.py")


def _read(path: Path) -> Source:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    package = parts[-1] == "__init__"
    return parse(".".join(parts[:-1] if package else parts), path.read_text(encoding="utf-8"), package=package)


def functions(source: Source) -> Iterator[Function]:
    """All functions and methods of a file, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            yield node


def imported(source: Source) -> set[str]:
    """Every dotted name the file imports anywhere: `from a import b` gives `a` and `a.b`."""
    return {name for node in ast.walk(source.tree) for name in _names(source, node)}


def imported_at_load(source: Source) -> set[str]:
    """The names whose import runs when the file is loaded: not those inside functions or for type checkers only."""
    found: set[str] = set()
    waiting: list[ast.AST] = [source.tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function | ast.Lambda) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        ):
            continue
        found |= _names(source, node)
        waiting.extend(ast.iter_child_nodes(node))
    return found


def _names(source: Source, node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if not isinstance(node, ast.ImportFrom):
        return set()
    base = node.module or ""
    if node.level:
        parts = source.name.split(".")
        parts = parts[: len(parts) - node.level + (1 if source.package else 0)]
        base = ".".join([*parts, *([node.module] if node.module else [])])
    return {base, *(f"{base}.{alias.name}" for alias in node.names)}
