"""The page's address, before and after the start."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable

import pytest

from app.host.page import address, check_port, wait_for_page
from app.host.places import HostError
from app.host.processes import free_port


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("shop.example", "shop.example:80")]
)
def test_an_address_as_in_a_url(host: str, expected: str) -> None:
    assert address(host, 80) == expected


def test_a_free_port_may_be_taken_even_right_after_its_last_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        # The side that closes first leaves the connection in TIME_WAIT on the server's port.
        with socket.create_connection(("127.0.0.1", port)) as client:
            server.accept()[0].close()
            client.recv(1)
    check_port("127.0.0.1", port)


def test_a_host_that_is_not_here() -> None:
    with pytest.raises(HostError) as caught:
        check_port("not a host", 8080)
    assert caught.value.message.startswith("HOST not a host is not an address of this machine: ")
    assert "Errno" not in caught.value.message
    assert caught.value.remedy == "Use HOST=127.0.0.1, or 0.0.0.0 for all."


@pytest.mark.parametrize(("status", "ready"), [(200, True), (302, True), (404, True), (500, False)])
def test_waiting_for_the_page(serve: Callable[[int], int], status: int, ready: bool) -> None:
    assert wait_for_page("127.0.0.1", serve(status)) is ready
    assert wait_for_page("0.0.0.0", serve(status)) is ready


def test_not_waiting_for_ever() -> None:
    assert wait_for_page("127.0.0.1", free_port(), seconds=0.3) is False


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Serve one status for every request; returns the port."""

    def start(status: int) -> int:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def stop() -> None:
            server.shutdown()
            thread.join()
            server.server_close()

        request.addfinalizer(stop)
        return server.server_port

    return start
