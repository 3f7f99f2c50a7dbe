"""A browser, a whole Inlet for it, and people who sign in. Each process of pytest-xdist has one of each.

All of it ends with the last test of this folder, so that it takes no time from the others. Without Chromium on the
machine every test here is left out, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import redis
from playwright.sync_api import Browser, StorageState, sync_playwright

from app.columns import Vault
from app.host.places import Place
from app.host.servers import PostgresServer, RedisServer
from scripts import chromium
from tests.browser.console import Console, running_console
from tests.browser.watching import Visit
from tests.factories import Factory
from tests.servers import clone

ADMIN, SUPPORT, LIMITED, PARTNER, MERCHANT = "admin", "support", "support-kestrel", "east", "alder"
ROLES = (ADMIN, SUPPORT, LIMITED, PARTNER, MERCHANT)
_VISITS = pytest.StashKey[list[Visit]]()
_FOLDER = pytest.StashKey[Path]()
_PATIENCE_MS = 15_000


class Enter(Protocol):
    """Opens a window for a person who is signed in, or for one who is not when `name` is empty."""

    def __call__(self, name: str = "", width: int = 1280, theme: str = "light") -> Visit: ...


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, headless."""
    path = chromium.find()
    if path is None:
        pytest.skip(f"No page was looked at in a browser, for there is no Chromium here. {chromium.BY_HAND}")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield found
        found.close()


@pytest.fixture(scope="package")
def console(
    browser: Browser, migrated_server: PostgresServer, server_place: Place, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    """The running Inlet, with the demo in it. It has a Redis of its own: other tests empty theirs."""
    with (
        clone(migrated_server) as database,
        RedisServer(server_place) as own_redis,
        running_console(database, own_redis.url(), tmp_path_factory.mktemp("console")) as found,
    ):
        yield found


@pytest.fixture
def make(console: Console) -> Factory:
    """Makes rows in the console's database."""
    Vault.open((console.environ["ENCRYPTION_KEYS"],))
    return console.make


@pytest.fixture(scope="package")
def signed_in(browser: Browser, console: Console) -> Callable[[str], StorageState]:
    """What the browser of a person holds after signing in by the page; each person does it once."""
    known: dict[str, StorageState] = {}

    def state(name: str) -> StorageState:
        if name not in known:
            context = browser.new_context(base_url=console.address)
            visit = Visit(context.new_page(), console.address)
            sign_in(visit, console, name, console.passwords[name])
            assert visit.complaints == []
            known[name] = context.storage_state()
            context.close()
        return known[name]

    return state


@pytest.fixture
def enter(
    request: pytest.FixtureRequest,
    browser: Browser,
    console: Console,
    signed_in: Callable[[str], StorageState],
    tmp_path: Path,
) -> Iterator[Enter]:
    """Opens windows; at the end of the test nobody may have a complaint."""
    request.node.stash[_FOLDER] = tmp_path
    visits = request.node.stash.setdefault(_VISITS, [])

    def opened(name: str = "", width: int = 1280, theme: str = "light") -> Visit:
        context = browser.new_context(
            base_url=console.address,
            storage_state=signed_in(name) if name else None,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            # A colour on its way to another is neither, and axe would measure it.
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        context.set_default_timeout(_PATIENCE_MS)
        visit = Visit(context.new_page(), console.address)
        visits.append(visit)
        return visit

    yield opened
    complaints = [complaint for visit in visits for complaint in visit.complaints]
    for visit in visits:
        visit.page.context.close()
    assert complaints == []


def sign_in(visit: Visit, console: Console, name: str, password: str, address: str = "/login/") -> None:
    """Fill in the page and send it."""
    forget_tries(console)
    page = visit.open(address)
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def forget_tries(console: Console) -> None:
    """Only so many tries a minute are let in; a test begins with all of them."""
    with redis.Redis.from_url(console.redis_url) as client:
        for key in client.scan_iter("LIMITS:*"):
            client.delete(key)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a picture of every window of a test that failed, and say where it is."""
    report = yield
    visits = item.stash.get(_VISITS, [])
    if call.when == "call" and report.failed and visits:
        for number, visit in enumerate(visits, start=1):
            report.sections.append((f"window {number}", _told(visit, item.stash[_FOLDER], number)))
    return report


def _told(visit: Visit, folder: Path, number: int) -> str:
    try:
        picture: Any = visit.picture(folder, f"window-{number}")
    except Exception as problem:  # noqa: BLE001 (a window that cannot be drawn must not hide why the test failed)
        picture = f"none: {problem}"
    return "\n".join([f"at {visit.path()}", f"picture: {picture}", *visit.complaints])
