"""What holds the house up, each as a function from sources to the sentences about what breaks it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable
from graphlib import CycleError, TopologicalSorter

from tests.architecture.sources import Source, functions, imported, imported_at_load

LONGEST_FILE = 500
LONGEST_FUNCTION = 60

# The family of a module is that of its longest listed beginning.
FAMILIES = {
    "config": "config",
    "run": "run",
    "app": "app",
    "app.domain": "domain",
    "app.logs": "logs",
    "app.rules": "rules",
    "app.connectors": "connectors",
    "app.columns": "models",
    "app.models": "models",
    "app.tables": "models",
    "app.storage": "storage",
    "app.wakeups": "wakeups",
    "app.services": "services",
    "app.queries": "services",
    "app.security": "services",
    "app.extensions": "services",
    "app.schema": "services",
    "app.jobs": "jobs",
    "app.web": "web",
    "app.views": "views",
    "app.host": "host",
    "app.composition": "app",
    "app.demo": "demo",
    "app.cli": "commands",
    "app.wsgi": "wsgi",
}
_BELOW_SERVICES = {"domain", "logs", "rules", "connectors", "models", "storage", "wakeups"}
_BELOW_VIEWS = _BELOW_SERVICES | {"services", "config"}
MAY_IMPORT = {
    "config": set[str](),
    "domain": set[str](),
    "logs": set[str](),
    "rules": {"domain"},
    "connectors": {"domain", "logs"},
    "models": {"domain"},
    "storage": {"domain", "logs", "models"},
    "wakeups": {"domain", "logs"},
    "services": _BELOW_SERVICES,
    "jobs": _BELOW_VIEWS,
    "web": _BELOW_VIEWS,
    "views": _BELOW_VIEWS | {"web"},
    "host": {"domain", "logs", "config"},
    # The commands load the application when they run, and the application lists them: no circle at load.
    "app": _BELOW_VIEWS | {"jobs", "web", "views", "commands"},
    "demo": _BELOW_VIEWS,
    "commands": _BELOW_VIEWS | {"jobs", "app", "host", "demo"},
    "wsgi": {"app", "config", "logs"},
    "run": {"host"},
}
# Libraries beside the standard one; None means any.
LIBRARIES: dict[str, set[str]] = {
    "config": set(),
    "domain": set(),
    "logs": set(),
    "rules": {"lark"},
    "run": set(),
}
CLOSED_TO_CONNECTORS = {"flask", "flask_appbuilder", "flask_sqlalchemy", "sqlalchemy", "psycopg", "redis", "rq"}
TO_THE_WORLD = {"requests", "socket", "paramiko", "smtplib", "ftplib", "http.client", "urllib.request", "urllib3"}
MAY_REACH_THE_WORLD = (
    "app.connectors.http",
    "app.connectors.sftp",
    "app.connectors.smtp",
    "app.host",
    "app.healthchecks",
)
MAY_COMMIT = ("app.services.unit_of_work", "app.schema")
MAY_ENQUEUE = ("app.wakeups", "app.jobs.schedule")
# Written with a dash in each, so that this file is not its own finding.
_LEFTOVERS = re.compile(
    r"\b(TO-DO|FIX-ME)\b|#\s*XX-X|raise Not-ImplementedError|exc-ept:|mark\.(sk-ip|xf-ail)".replace("-", "")
)
_CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "time_ns"}


def family(name: str) -> str:
    """The family of a module of ours."""
    while name not in FAMILIES:
        name = name.rpartition(".")[0]
    return FAMILIES[name]


def layers(sources: Iterable[Source]) -> list[str]:
    """Imports that point upwards or sideways."""
    problems = []
    for source in sources:
        own, names = family(source.name), imported(source)
        # `from app import services` gives `app` as well, which by itself says nothing.
        ours = {name for name in names if name.partition(".")[0] in ("app", "config", "run")} - {"app"}
        ours |= {"app"} if names == {"app"} else set()
        wrong = {name for name in ours if family(name) not in MAY_IMPORT[own] | {own}}
        shown = sorted(name for name in wrong if name.rpartition(".")[0] not in wrong)
        problems += [f"{source.name} ({own}) imports {name} ({family(name)})" for name in shown]
    return problems


def libraries(sources: Iterable[Source]) -> list[str]:
    """Libraries in a layer that must do without them."""
    problems = []
    for source in sources:
        own = family(source.name)
        outside = {name.partition(".")[0] for name in imported(source)} - {"app", "config", "run", ""}
        if own in LIBRARIES:
            wrong = outside - sys.stdlib_module_names - LIBRARIES[own]
        elif own == "connectors":
            wrong = outside & CLOSED_TO_CONNECTORS
        else:
            wrong = set()
        problems += [f"{source.name} ({own}) imports the library {name}" for name in sorted(wrong)]
    return problems


def circles(sources: Iterable[Source]) -> list[str]:
    """Modules that need each other to be loaded."""
    by_name = {source.name: source for source in sources}
    graph = {name: (imported_at_load(source) & by_name.keys()) - {name} for name, source in by_name.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(error.args[1])]
    return []


def long_files(sources: Iterable[Source]) -> list[str]:
    """Files that nobody reads in one sitting."""
    return [f"{source.name} has {source.lines} lines" for source in sources if source.lines > LONGEST_FILE]


def long_functions(sources: Iterable[Source]) -> list[str]:
    """Functions that do too much."""
    return [
        f"{source.name}.{node.name} has {length} lines"
        for source in sources
        for node in functions(source)
        if (length := function_length(node)) > LONGEST_FUNCTION
    ]


def function_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def percentile(numbers: Iterable[int], share: float) -> int:
    """The number below which lies that share of them all."""
    ordered = sorted(numbers)
    return ordered[max(0, int(len(ordered) * share) - 1)] if ordered else 0


def untyped(sources: Iterable[Source]) -> list[str]:
    """Functions without the type of what they return or of what they take."""
    problems = []
    for source in sources:
        for node in functions(source):
            taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            bare = [item.arg for item in taken if item and item.annotation is None and item.arg not in ("self", "cls")]
            if node.returns is None or bare:
                problems.append(f"{source.name}.{node.name} lacks types: {', '.join(bare) or 'what it returns'}")
    return problems


def unexplained(sources: Iterable[Source]) -> list[str]:
    """Modules, and public functions and classes in them, without a docstring."""
    problems = []
    for source in sources:
        if source.text.strip() and not ast.get_docstring(source.tree):
            problems.append(f"{source.name} has no docstring")
        for node in source.tree.body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                problems.append(f"{source.name}.{node.name} has no docstring")
    return problems


def commits(sources: Iterable[Source]) -> list[str]:
    """Commits outside the unit of work."""
    return _calls(sources, lambda name: name == "commit", MAY_COMMIT, "commits")


def enqueues(sources: Iterable[Source]) -> list[str]:
    """Jobs put on a queue past the doorbell."""
    return _calls(sources, lambda name: name.startswith("enqueue"), MAY_ENQUEUE, "enqueues")


def clocks(sources: Iterable[Source]) -> list[str]:
    """A clock read in the pure core, where the instant is an argument."""
    pure = [source for source in sources if family(source.name) == "domain"]
    return _calls(pure, lambda name: name in _CLOCKS, (), "reads a clock")


def world(sources: Iterable[Source]) -> list[str]:
    """Ways to the network outside the doors."""
    problems = []
    for source in sources:
        if not _is_or_below(source.name, MAY_REACH_THE_WORLD):
            ways = {
                way for name in imported(source) for way in TO_THE_WORLD if name == way or name.startswith(f"{way}.")
            }
            if _only_asks_its_name(source):
                ways.discard("socket")
            problems += [f"{source.name} imports {way}" for way in sorted(ways)]
    return problems


def _only_asks_its_name(source: Source) -> bool:
    """Whether `socket` serves for nothing but this machine's own name."""
    used = {
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "socket"
    }
    return used == {"gethostname"}


def leftovers(files: Iterable[tuple[str, str]]) -> list[str]:
    """Marks of unfinished work, in (name, text) pairs."""
    return [f"{name}: {match.group()}" for name, text in files for match in _LEFTOVERS.finditer(text)]


def other_hosts(files: Iterable[tuple[str, str]]) -> list[str]:
    """What a page would load from another host, in (name, text) pairs of templates, scripts and styles."""
    loading = re.compile(
        r"""(?:<(?:script|link|img|iframe|source|video|audio|object|embed)\b[^>]*?\s(?:src|href|data)\s*=\s*["']?"""
        r"""|url\(\s*["']?|@import\s+["']|\bimport\s*\(?\s*["']|\bfrom\s+["']|fetch\(\s*["'])((?:https?:)?//[^"'\s)>]+)""",
        re.IGNORECASE,
    )
    return [f"{name}: {match.group(1)}" for name, text in files for match in loading.finditer(text)]


def _calls(sources: Iterable[Source], wanted: Callable[[str], bool], allowed: tuple[str, ...], verb: str) -> list[str]:
    return [
        f"{source.name}:{node.lineno} {verb}"
        for source in sources
        if not _is_or_below(source.name, allowed)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and wanted(node.func.attr)
    ]


def _is_or_below(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)
