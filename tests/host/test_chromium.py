"""Chromium for the browser tests: installed where that is possible, and a sentence where it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from scripts import chromium

LEFT_OUT = "Chromium is not installed, so the browser tests are left out."
BY_HAND = f"{LEFT_OUT} Install it with `apt-get install chromium`, then run it again."


class Machine:
    """A machine with some programs; `refuses` are the words of the commands that fail there."""

    def __init__(self, *programs: str, refuses: str = "", brings: str = "chromium") -> None:
        self.programs = set(programs)
        self.refuses, self.brings = refuses, brings
        self.asked: list[str] = []

    def which(self, name: str) -> str | None:
        """The path of a program that is there."""
        return f"/usr/bin/{name}" if name in self.programs else None

    def run(self, command: Sequence[str]) -> int:
        """Note the command; an installation brings the browser."""
        words = " ".join(command)
        self.asked.append(words)
        if self.refuses and self.refuses in words:
            return 1
        if "install -y" in words:
            self.programs.add(self.brings)
        return 0

    def provide(self, user: int = 0) -> list[str]:
        """What is said on this machine."""
        return chromium.provide(self.which, self.run, user)


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_one_that_is_there_is_used_and_nothing_is_said(name: str) -> None:
    machine = Machine(name, "apt-get")
    assert chromium.find(machine.which) == f"/usr/bin/{name}"
    assert machine.provide() == []
    assert machine.asked == []


def test_the_first_name_wins() -> None:
    assert chromium.find(Machine("google-chrome", "chromium").which) == "/usr/bin/chromium"
    assert chromium.find(Machine().which) is None


INSTALL = ["apt-get update", "apt-get install -y --no-install-recommends chromium"]


def test_root_installs_it() -> None:
    machine = Machine("apt-get")
    assert machine.provide() == []
    assert machine.asked == INSTALL
    assert chromium.find(machine.which) == "/usr/bin/chromium"


def test_a_user_with_sudo_that_asks_for_no_password_installs_it() -> None:
    machine = Machine("apt-get", "sudo")
    assert machine.provide(user=1000) == []
    assert machine.asked == ["sudo -n true", *(f"sudo -n {words}" for words in INSTALL)]


@pytest.mark.parametrize(
    ("machine", "user", "said", "asked"),
    [
        (Machine(), 0, f"{LEFT_OUT} Install it by the means of this system, then run it again.", []),
        (Machine("apt-get"), 1000, BY_HAND, []),
        (Machine("apt-get", "sudo", refuses="sudo -n true"), 1000, BY_HAND, ["sudo -n true"]),
        (
            Machine("apt-get", refuses="update"),
            0,
            "Chromium could not be installed: `apt-get update` failed. The browser tests are left out.",
            INSTALL[:1],
        ),
        (
            Machine("apt-get", refuses="install -y"),
            0,
            "Chromium could not be installed: `apt-get install` failed. The browser tests are left out.",
            INSTALL,
        ),
        # A distribution whose package is only a pointer to another shop.
        (Machine("apt-get", brings="chromium-wrapper"), 0, BY_HAND, INSTALL),
    ],
    ids=["no apt-get", "no sudo", "sudo asks", "update fails", "install fails", "nothing came"],
)
def test_where_it_cannot_be_had_it_is_said_once(machine: Machine, user: int, said: str, asked: list[str]) -> None:
    assert machine.provide(user) == [said]
    assert machine.asked == asked


@pytest.mark.parametrize("lines", [[], [BY_HAND]])
def test_the_tests_go_on_either_way(
    lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: Callable[[], list[str]] = lambda: lines  # noqa: E731
    monkeypatch.setattr(chromium, "provide", told)
    assert chromium.main() == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_a_command_that_is_not_there_or_never_ends_counts_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chromium._quietly(["/nowhere/apt-get", "update"]) == 1
    monkeypatch.setattr(chromium, "_ANSWER_SECONDS", 0.01)
    assert chromium._quietly(["/bin/sleep", "600"]) == 1
    monkeypatch.setattr(chromium, "_ANSWER_SECONDS", 600)
    assert chromium._quietly(["/bin/sh", "-c", 'test "$DEBIAN_FRONTEND" = noninteractive']) == 0
