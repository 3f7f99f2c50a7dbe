"""The pictures of the README: starts an Inlet with a demo of its own, and takes each page light and dark.

`make screenshots` runs this file. The pictures go to docs/pictures; the demo and its data are gone afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.demo.people import USERS_FILE
from app.host.page import wait_for_page
from app.host.processes import free_port
from scripts import chromium

PROJECT = Path(__file__).resolve().parent.parent
PICTURES = PROJECT / "docs" / "pictures"
WIDTH, HEIGHT = 1440, 900
STATUSES = ("open", "partially_received", "error")
_HOST = "127.0.0.1"
_READY_SECONDS, _STOP_SECONDS = 180, 30


@dataclass(frozen=True, slots=True)
class Demo:
    """A running Inlet: where it answers, and the passwords of its users by their names."""

    address: str
    passwords: dict[str, str]


def main() -> int:
    """Take all pictures; the exit status is 1 where there is no browser."""
    path = chromium.find()
    if path is None:
        print(f"No picture was taken, for there is no Chromium here. {chromium.BY_HAND}", file=sys.stderr)
        return 1
    with running_demo() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        for theme in ("light", "dark"):
            page = sign_in(browser, demo, theme)
            for name, show in SHOWN.items():
                show(page)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=PICTURES / f"{name}-{theme}.png", animations="disabled")
                print(f"docs/pictures/{name}-{theme}.png")
        browser.close()
    return 0


def dashboard(page: Page) -> None:
    """What needs a person now."""
    page.goto("/")
    expect(page.locator("canvas").first).to_be_visible()


def purchases(page: Page) -> None:
    """The list, with some statuses chosen."""
    page.goto(f"/purchase-orders/list/?{urlencode({'status': STATUSES}, doseq=True)}")


def purchase_order(page: Page) -> None:
    """An order of which a part has come."""
    page.goto("/purchase-orders/list/?status=partially_received&sort=number")
    page.locator("tbody tr a").first.click()
    page.wait_for_load_state()


SHOWN = {"dashboard": dashboard, "purchases": purchases, "purchase-order": purchase_order}


def sign_in(browser: Browser, demo: Demo, theme: str) -> Page:
    """A window of the demo's Admin, in UTC and in this theme."""
    dark = theme == "dark"
    context = browser.new_context(
        base_url=demo.address,
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme="dark" if dark else "light",
        timezone_id="UTC",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(demo.passwords["admin"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard/**")
    return page


@contextmanager
def running_demo() -> Iterator[Demo]:
    """Start `run.py` on a free port with an empty data folder; stop it, and remove the folder, at the end."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="inlet-pictures-") as folder:
        environ = {**os.environ, "DEMO": "1", "HOST": _HOST, "PORT": str(port), "INLET_DATA": folder}
        for name in ("DATABASE_URL", "REDIS_URL"):
            environ.pop(name, None)
        process = subprocess.Popen(  # noqa: S603 (our own program)
            [sys.executable, str(PROJECT / "run.py")], env=environ, cwd=PROJECT, stdout=subprocess.DEVNULL
        )
        try:
            if not wait_for_page(_HOST, port, _READY_SECONDS):
                raise SystemExit("The demo did not start; `make run` says why.")
            users = json.loads((Path(folder) / USERS_FILE).read_text(encoding="utf-8"))
            yield Demo(f"http://{_HOST}:{port}", {user["name"]: user["password"] for user in users})
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
