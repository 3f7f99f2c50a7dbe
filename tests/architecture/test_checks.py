"""Each rule of the house catches what breaks it, and lets the rest be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.architecture import checks
from tests.architecture.sources import Source, imported, imported_at_load, parse

Check = Callable[[list[Source]], list[str]]
HEAD = '"""A file."""\n'


@pytest.mark.parametrize(
    ("check", "name", "text", "problems"),
    [
        (
            checks.layers,
            "app.domain.states",
            "import app.rules",
            ["app.domain.states (domain) imports app.rules (rules)"],
        ),
        (
            checks.layers,
            "app.jobs.imports",
            "def f():\n    from app.web.base import View",
            ["app.jobs.imports (jobs) imports app.web.base (web)"],
        ),
        (
            checks.layers,
            "app.rules.engine",
            "from app import models",
            ["app.rules.engine (rules) imports app.models (models)"],
        ),
        (
            checks.layers,
            "app.services.orders",
            "from app import create_app",
            ["app.services.orders (services) imports app.create_app (app)"],
        ),
        (
            checks.layers,
            "app.connectors.http",
            "from ..services import orders",
            ["app.connectors.http (connectors) imports app.services (services)"],
        ),
        (
            checks.layers,
            "app.services.orders",
            "import config",
            ["app.services.orders (services) imports config (config)"],
        ),
        (checks.layers, "app.host.machine", "import app.cli", ["app.host.machine (host) imports app.cli (commands)"]),
        (checks.layers, "app.web.base", "from app.services import orders\nfrom app.domain import states", []),
        (checks.layers, "run", "from app.host.machine import main", []),
        (
            checks.libraries,
            "app.domain.states",
            "import datetime, lark",
            ["app.domain.states (domain) imports the library lark"],
        ),
        (checks.libraries, "app.rules.parser", "import lark.exceptions, re", []),
        (
            checks.libraries,
            "app.connectors.http",
            "import requests\nfrom flask import g",
            ["app.connectors.http (connectors) imports the library flask"],
        ),
        (checks.libraries, "config", "import flask", ["config (config) imports the library flask"]),
        (checks.long_files, "app.x", "\n" * 501, ["app.x has 501 lines"]),
        (checks.long_files, "app.x", "\n" * 500, []),
        (checks.long_functions, "app.x", "def f():\n" + "    1\n" * 60, ["app.x.f has 61 lines"]),
        (checks.long_functions, "app.x", "def f():\n" + "    1\n" * 59, []),
        (checks.untyped, "app.x", "def f(): pass", ["app.x.f lacks types: what it returns"]),
        (
            checks.untyped,
            "app.x",
            "class C:\n  async def f(self, a, *b, **c) -> None: pass",
            ["app.x.f lacks types: a, b, c"],
        ),
        (checks.untyped, "app.x", "class C:\n  def f(self, a: int, *, b: str) -> None: pass", []),
        (checks.unexplained, "app.x", "x = 1", ["app.x has no docstring"]),
        (checks.unexplained, "app.x", "", []),
        (
            checks.unexplained,
            "app.x",
            f"{HEAD}def f(): pass\nclass C: pass\ndef _g(): pass",
            ["app.x.f has no docstring", "app.x.C has no docstring"],
        ),
        (checks.commits, "app.services.orders", "\nsession.commit()", ["app.services.orders:2 commits"]),
        (checks.commits, "app.services.unit_of_work", "session.commit()", []),
        (checks.enqueues, "app.jobs.imports", "queue.enqueue_in(1)", ["app.jobs.imports:1 enqueues"]),
        (checks.enqueues, "app.wakeups", "queue.enqueue(1)", []),
        (checks.clocks, "app.domain.states", "datetime.now(UTC)", ["app.domain.states:1 reads a clock"]),
        (checks.clocks, "app.services.orders", "datetime.now(UTC)", []),
        (checks.world, "app.jobs.imports", "from requests.adapters import X", ["app.jobs.imports imports requests"]),
        (checks.world, "app.web.api", "import http.client, http", ["app.web.api imports http.client"]),
        (
            checks.world,
            "app.web.api",
            "from urllib.parse import quote\nfrom urllib import request",
            ["app.web.api imports urllib.request"],
        ),
        (checks.world, "app.connectors.http", "import requests", []),
        (checks.world, "app.host.page", "import socket", []),
        (checks.world, "app.cli", "import socket\nsocket.gethostname()", []),
        (checks.world, "app.cli", "import socket\nsocket.gethostname(), socket.socket()", ["app.cli imports socket"]),
    ],
)
def test_a_check(check: Check, name: str, text: str, problems: list[str]) -> None:
    assert check([parse(name, text)]) == problems


def test_circles() -> None:
    a, b = parse("app.a", "from app import b"), parse("app.b", "def f():\n  import app.c\n")
    assert checks.circles([a, b, parse("app.c", "import app.a")]) == []
    around = [a, parse("app.b", "if x:\n  import app.c"), parse("app.c", "from . import a")]
    (circle,) = checks.circles(around)
    assert set(circle.split(" -> ")) == {"app.a", "app.b", "app.c"}


@pytest.mark.parametrize(
    ("text", "anywhere", "at_load"),
    [
        ("import a.b", {"a.b"}, {"a.b"}),
        ("from a import b", {"a", "a.b"}, {"a", "a.b"}),
        ("from . import b", {"app.x", "app.x.b"}, {"app.x", "app.x.b"}),
        ("from .. import b", {"app", "app.b"}, {"app", "app.b"}),
        ("from .b import c", {"app.x.b", "app.x.b.c"}, {"app.x.b", "app.x.b.c"}),
        ("def f():\n  import a", {"a"}, set()),
        ("class C:\n  import a", {"a"}, {"a"}),
        ("try:\n  import a\nexcept ImportError:\n  a = None", {"a"}, {"a"}),
        ("if TYPE_CHECKING:\n  import a", {"a"}, set()),
        ("if typing.TYPE_CHECKING:\n  import a", {"a"}, set()),
    ],
)
def test_what_a_file_imports(text: str, anywhere: set[str], at_load: set[str]) -> None:
    source = parse("app.x.y", text)
    assert imported(source) == anywhere
    assert imported_at_load(source) == at_load
    if "from ." not in text:
        return
    assert imported(parse("app.x", text.replace("from ..", "from ."), package=True)) <= {
        "app.x",
        "app.x.b",
        "app.x.b.c",
    }


@pytest.mark.parametrize(
    ("dashed", "found"),
    [
        ("# TO-DO: later", "TO-DO"),
        ("# FIX-ME", "FIX-ME"),
        ("x = 'XXX'  # XX-X why", "# XX-X"),
        ("    raise Not-ImplementedError", "raise Not-ImplementedError"),
        ("try: pass\nexc-ept: pass", "exc-ept:"),
        ("@pytest.mark.sk-ipif(1)", "mark.sk-ip"),
        ("@pytest.mark.xf-ail", "mark.xf-ail"),
        ("except ValueError:\n    methodo = 'XXXL'", ""),
    ],
)
def test_leftovers(dashed: str, found: str) -> None:
    expected = [f"x: {found}".replace("-", "")] if found else []
    assert checks.leftovers([("x", dashed.replace("-", ""))]) == expected


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ('<script nonce="x" src="https://cdn.example/a.js">', ["https://cdn.example/a.js"]),
        ("<link rel=stylesheet href=//cdn.example/a.css>", ["//cdn.example/a.css"]),
        ("body { background: url(http://cdn.example/a.png) }", ["http://cdn.example/a.png"]),
        ('@import "https://cdn.example/a.css";', ["https://cdn.example/a.css"]),
        ('import x from "https://cdn.example/a.js"', ["https://cdn.example/a.js"]),
        ('fetch("https://cdn.example/a.json")', ["https://cdn.example/a.json"]),
        ('<a href="https://docs.example/">a link is no load</a> <img src="/static/a.png">', []),
        ('<svg xmlns="http://www.w3.org/2000/svg">', []),
    ],
)
def test_other_hosts(text: str, hosts: list[str]) -> None:
    assert checks.other_hosts([("x", text)]) == [f"x: {host}" for host in hosts]


@pytest.mark.parametrize(("numbers", "expected"), [([], 0), ([7], 7), (range(1, 101), 95)])
def test_percentile(numbers: list[int], expected: int) -> None:
    assert checks.percentile(numbers, 0.95) == expected
