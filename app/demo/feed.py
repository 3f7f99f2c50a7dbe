"""The feed: the world outside Inlet while the demo runs. Orders keep coming, change, and goods arrive at warehouses.

It reads and writes files and the sandboxes' ledgers only, as partners do; what becomes of it is the workers' business.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from threading import Event
from typing import Final

from app.demo.dock import Dock
from app.demo.orders import Order, changed, new_order
from app.demo.places import (
    BUYING,
    COLD,
    EAST,
    ERP,
    MARKET,
    WAREHOUSES,
    WEST,
    DemoConnection,
    DemoWarehouse,
)
from app.demo.world import IN, World, shortened_csv
from app.domain.errors import InletError
from config import Settings

log = logging.getLogger(__name__)

Scene = Callable[[datetime], str]
"""Plays at an instant and returns what happened in words; empty if nothing did."""

MOST_ORDERS: Final = 300
"""So many orders come in one run, and then no more: a demo that is left running must not fill the disk."""
_PAUSE: Final = (20.0, 40.0)
_FIRST_PAUSE: Final = 5.0
_FIRST_SCENES: Final = 6
"""Who has just opened the page should not wait long for the first thing to happen: the play begins quickly."""
_ROUTES: Final[Sequence[tuple[DemoConnection, DemoWarehouse]]] = (
    (ERP, EAST),
    (BUYING, WEST),
    (MARKET, COLD),
    (ERP, EAST),
    (BUYING, EAST),
    (MARKET, WEST),
    (ERP, WEST),
)
_CHANGES, _SPOILED = 0.12, 0.06
_REMEMBERED: Final = 20
_COUNTER: Final = "serial"


def run(settings: Settings) -> None:
    """Play until SIGTERM or SIGINT."""
    feed = Feed(settings.files_root, Random())  # noqa: S311 (chance for a play, no secret)
    with _until_told() as told:
        log.info("The world outside begins to move.")
        scenes = 0
        while not told.wait(_FIRST_PAUSE if scenes < _FIRST_SCENES else feed.rng.uniform(*_PAUSE)):
            feed.play(datetime.now(UTC))
            scenes += 1
    log.info("The world outside stands still.")


class Feed:
    """Plays one scene after the other. `rng` decides what happens next."""

    def __init__(self, files_root: Path, rng: Random) -> None:
        """Nothing is touched yet."""
        self.rng = rng
        self._world = World(files_root)
        self._docks = [Dock(self._world, warehouse) for warehouse in WAREHOUSES]
        self._counter = files_root / "demo" / _COUNTER
        self._sent: list[Order] = []
        self.orders = 0

    def play(self, now: datetime) -> list[str]:
        """One scene: something comes from a store, and perhaps a truck at each dock. Returns what happened in words."""
        trucks: list[Scene] = [partial(dock.receive_next, rng=self.rng) for dock in self._docks]
        scenes = [self._from_a_store, *trucks]
        return [words for scene in scenes if (words := self._tried(scene, now))]

    def _tried(self, scene: Scene, now: datetime) -> str:
        """A scene that fails (a full disk, a folder that was removed) is told, and the play goes on."""
        try:
            words = scene(now)
        except (InletError, OSError, ValueError) as problem:
            log.warning("The outside world stumbled: %s", problem)
            return ""
        if words:
            log.info("%s", words)
        return words

    def _from_a_store(self, now: datetime) -> str:
        if self.orders >= MOST_ORDERS:
            return ""
        chance = self.rng.random()
        if chance < _SPOILED:
            return self.spoil(now)
        if chance < _SPOILED + _CHANGES and self._sent:
            return self.change(now)
        words = self.order(now)
        if self.orders == MOST_ORDERS:
            words = f"{words} That was the last of {MOST_ORDERS}; no more come until the next start."
        return words

    def order(self, now: datetime) -> str:
        """A store places a new order."""
        order = self._next(now)
        self._world.place_orders(order.connection, [order.record], self._name(order, "order", now))
        self._sent = [*self._sent[1 - _REMEMBERED :], order]
        return f"{order.connection.store} places purchase order {order.number} ({len(order.record.lines)} lines)."

    def change(self, now: datetime) -> str:
        """A store changes an order that it placed some time ago."""
        order = self._sent.pop(self.rng.randrange(len(self._sent)))
        self._world.place_orders(order.connection, [changed(order)], self._name(order, "change", now))
        return f"{order.connection.store} changes purchase order {order.number}."

    def spoil(self, now: datetime) -> str:
        """Somebody opened a file of the ERP in a spreadsheet, and saved it."""
        order = self._next(now, (ERP, EAST))
        name = f"{self._name(order, 'order', now)}.csv"
        self._world.drop(ERP.folder, IN, name, shortened_csv([order.record]))
        return f"{ERP.store} sends purchase order {order.number}, spoiled by a spreadsheet."

    def _next(self, now: datetime, route: tuple[DemoConnection, DemoWarehouse] | None = None) -> Order:
        serial = self._serial()
        self.orders += 1
        return new_order(*(route or _ROUTES[serial % len(_ROUTES)]), serial, now)

    def _serial(self) -> int:
        """The next number, counted on from the last run."""
        serial = int(self._counter.read_text(encoding="ascii")) if self._counter.exists() else 0
        self._counter.parent.mkdir(parents=True, exist_ok=True)
        self._counter.write_text(str(serial + 1), encoding="ascii")
        return serial

    @staticmethod
    def _name(order: Order, what: str, now: datetime) -> str:
        return f"{what}-{order.number}-{now:%H%M%S}"


@contextmanager
def _until_told() -> Iterator[Event]:
    """An event that SIGTERM and SIGINT set, so that a wait ends at once."""
    told = Event()
    kept = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
