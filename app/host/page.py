"""The address of the page: whether it is free before the start, and whether it answers after it."""

from __future__ import annotations

import contextlib
import errno
import http.client
import socket
import time

from app.host.places import HostError

_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1


def address(host: str, port: int) -> str:
    """Host and port as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def check_port(host: str, port: int) -> None:
    """Raise HostError, with what to do, when the page could not be served at this address."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as problem:
        raise HostError(*_explain(problem, host, port)) from None


def wait_for_page(host: str, port: int, seconds: float = _WAIT_SECONDS) -> bool:
    """Wait until the page answers a request; False when it does not in time."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(target, port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("HEAD", "/")
            return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
        time.sleep(_POLL_SECONDS)
    return False


def _explain(problem: OSError, host: str, port: int) -> tuple[str, str]:
    if problem.errno == errno.EADDRINUSE:
        another = port + 1 if port < 65535 else 8080
        return (
            f"Port {port} on {host} is in use by another program.",
            f"Stop that program, or take another port: PORT={another} make run.",
        )
    if problem.errno == errno.EACCES:
        return f"This user may not open port {port}.", "Take a port from 1024 on: PORT=8080 make run."
    reason = problem.strerror or str(problem)
    return f"HOST {host} is not an address of this machine: {reason}.", "Use HOST=127.0.0.1, or 0.0.0.0 for all."
