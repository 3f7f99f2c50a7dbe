"""The door to HTTP against a real server: what each failure means, the limits, and the masking of secrets."""

# ruff: noqa: E501 - in a table a sentence stays on its line, where it can be compared.
from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from socket import SHUT_RDWR, socket
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.connectors import door
from app.connectors.errors import Ambiguous, ConnectorError, Misconfigured, Rejection, Retriable
from app.connectors.http import Http, Limits, allowed_address
from app.connectors.http_answers import error_for, pause_asked
from app.connectors.redaction import Redactor
from app.domain.errors import BadSettings

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class Server:
    """A real server on loopback whose answer a test chooses. `release` lets a handler go that keeps a client waiting."""

    url: str
    answer: Answer
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server() -> Iterator[Server]:
    yield from _served()


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[Server]:
    yield from _served(_self_signed(tmp_path))


def _served(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.seen.append((self.command, self.path, dict(self.headers), body))
            found.answer(self, body)

        do_GET = do_POST = do_PUT = serve  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A client that goes away is what these tests are about."""

    with Quiet(("127.0.0.1", 0), Handler) as listening:
        if tls:
            listening.socket = tls.wrap_socket(listening.socket, server_side=True)
        scheme = "https" if tls else "http"
        found = Server(f"{scheme}://127.0.0.1:{listening.server_address[1]}", say(200, b"{}"))
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.release.set()
        listening.shutdown()
        thread.join()


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def say(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer with this status, these headers and this body."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hang_up(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Cut the connection once the request is here."""
    handler.connection.shutdown(SHUT_RDWR)


def half_a_body(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Promise ten bytes, send three, and cut the connection."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    handler.wfile.write(b"abc")
    handler.connection.shutdown(SHUT_RDWR)


def quick(read: float = 0.3, total: float = 5.0, answer_bytes: int = 10_000) -> Limits:
    """Limits that a test can wait for."""
    return Limits(connect=2.0, read=read, total=total, answer_bytes=answer_bytes)


def client(server: Server, **values: Any) -> Http:
    """A client for this server."""
    return Http(server.url, "The shop", **{"limits": quick(), **values})


def failure(call: Callable[[], object]) -> ConnectorError:
    """The error that a call ends in."""
    with pytest.raises(ConnectorError) as caught:
        call()
    return caught.value


# ---------------------------------------------------------------- what goes well


def test_a_request_and_its_answer(server: Server):
    server.answer = say(201, b'{"price": 0.10, "count": 3}', X_Page="2")
    reply = client(server, headers={"Accept": "application/json"}).request(
        "post", "/orders", params={"page": "a b"}, body={"name": "Tüte"}, headers={"Idempotency-Key": "k1"}
    )
    assert (reply.status, reply.headers["X-Page"]) == (201, "2")
    assert reply.json() == {"price": Decimal("0.10"), "count": 3}
    method, path, headers, body = server.seen[0]
    assert (method, path, json.loads(body)) == ("POST", "/orders?page=a+b", {"name": "Tüte"})
    assert (headers["Content-Type"], headers["Accept"], headers["Idempotency-Key"]) == (
        "application/json",
        "application/json",
        "k1",
    )
    assert reply.exchange.request.startswith(f"POST {server.url}/orders?page=a+b\n")
    assert reply.exchange.request.endswith('\n\n{"name": "Tüte"}')
    assert reply.exchange.reply.endswith('\n\n{"price": 0.10, "count": 3}')
    assert (reply.exchange.code, reply.exchange.reply.splitlines()[0]) == ("201", "201")


def test_bytes_go_out_as_they_are(server: Server):
    client(server).request("PUT", "file", body=b"\x00\xff", headers={"Content-Type": "text/csv"})
    assert (server.seen[0][2]["Content-Type"], server.seen[0][3]) == ("text/csv", b"\x00\xff")


def test_a_connection_that_the_server_closed_meanwhile_is_no_failure(server: Server):
    server.answer = say(200, b"{}", Connection="close")
    shop = client(server)
    assert [shop.request("POST", "/").status for _ in range(3)] == [200, 200, 200]
    shop.close()


# ---------------------------------------------------------------- what a status means


@pytest.mark.parametrize(
    ("status", "on_get", "on_post"),
    [
        (200, None, None), (201, None, None), (204, None, None),
        (301, Misconfigured, Misconfigured), (302, Misconfigured, Misconfigured),
        (400, Rejection, Rejection), (401, Misconfigured, Misconfigured), (403, Misconfigured, Misconfigured),
        (404, Rejection, Rejection), (408, Retriable, Retriable), (409, Retriable, Retriable),
        (410, Rejection, Rejection), (422, Rejection, Rejection), (425, Retriable, Retriable),
        (429, Retriable, Retriable), (500, Retriable, Ambiguous), (501, Retriable, Retriable),
        (502, Retriable, Ambiguous), (503, Retriable, Retriable), (504, Retriable, Ambiguous), (599, Retriable, Ambiguous),
    ],
)  # fmt: skip
def test_what_a_status_means(status: int, on_get: type[Exception] | None, on_post: type[Exception] | None):
    for repeatable, kind in ((True, on_get), (False, on_post)):
        error = error_for(status, "The shop", repeatable=repeatable, answer="no", pause=None)
        assert (type(error) if error else None) is kind
        if error:
            assert (error.code, error.answer) == (str(status), "no")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "The shop answered 429 Too Many Requests. It is tried again by itself."),
        (502, "The shop answered 502 Bad Gateway. It may have been carried out all the same; it is looked up before the next try."),
        (401, "The shop answered 401 Unauthorized. Check the credentials and their permissions in the settings."),
        (307, "The shop answered 307 Temporary Redirect and points elsewhere. Enter the new address."),
        (422, "The shop answered 422 Unprocessable Entity. Read its answer, mend what it names and try again."),
        (499, "The shop answered 499. Read its answer, mend what it names and try again."),
    ],
)  # fmt: skip
def test_the_words_for_a_status(server: Server, status: int, words: str):
    server.answer = say(status, b"details", Location="http://127.0.0.1:1/")
    error = failure(lambda: client(server).request("POST", "/"))
    assert error.sentence() == words
    assert error.answer.endswith("\n\ndetails")
    assert len(server.seen) == 1


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": "99999999999999999999"}, 86400.0),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 12:01:30 GMT"}, 90.0),
        ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"Retry-After": "Mon, 23 Nov 2099 11:00:00 GMT"}, 86400.0),
        ({"Retry-After": "Mon, 23 Nov 2026 13:00:30 GMT", "Date": "Mon, 23 Nov 2026 13:00:00 GMT"}, 30.0),
        ({"Retry-After": "Mon, 23 Nov 2026 12:01:00 GMT", "Date": "yesterday"}, 60.0),
    ],
)
def test_the_pause_that_was_asked_for(headers: dict[str, str], seconds: float | None):
    assert pause_asked(headers, NOW) == seconds


def test_the_pause_reaches_the_caller(server: Server):
    server.answer = say(503, b"", Retry_After="17")
    error = failure(lambda: client(server).request("GET", "/"))
    assert isinstance(error, Retriable)
    assert error.retry_after == 17.0


# ---------------------------------------------------------------- failures on the way


@pytest.mark.parametrize(("method", "kind"), [("GET", Retriable), ("POST", Ambiguous), ("PUT", Ambiguous)])
def test_a_cut_connection(server: Server, method: str, kind: type[Exception]):
    server.answer = hang_up
    error = failure(lambda: client(server).request(method, "/"))
    assert (type(error), error.code, str(error)) == (kind, "cut", "The shop cut the connection.")
    assert len(server.seen) == 1


@pytest.mark.parametrize(("method", "kind"), [("GET", Retriable), ("POST", Ambiguous)])
def test_a_cut_body(server: Server, method: str, kind: type[Exception]):
    server.answer = half_a_body
    assert type(failure(lambda: client(server).request(method, "/"))) is kind


@pytest.mark.parametrize(("method", "kind"), [("GET", Retriable), ("POST", Ambiguous)])
def test_a_server_that_does_not_answer(server: Server, method: str, kind: type[Exception]):
    def wait(_handler: BaseHTTPRequestHandler, _body: bytes) -> None:
        server.release.wait(10)

    server.answer = wait
    error = failure(lambda: client(server).request(method, "/"))
    assert (type(error), error.code, str(error)) == (kind, "timeout", "The shop did not answer in time.")


@pytest.mark.parametrize(("method", "kind"), [("GET", Retriable), ("POST", Ambiguous)])
def test_a_server_that_answers_drop_by_drop(server: Server, method: str, kind: type[Exception]):
    def drip(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while not server.release.wait(0.05):
            handler.wfile.write(b"1\r\nx\r\n")
            handler.wfile.flush()

    server.answer = drip
    error = failure(lambda: client(server, limits=quick(read=2, total=0.4)).request(method, "/"))
    assert (type(error), error.code) == (kind, "timeout")


@pytest.mark.parametrize(("method", "kind"), [("GET", Rejection), ("POST", Ambiguous)])
def test_an_answer_that_is_too_large(server: Server, method: str, kind: type[Exception]):
    server.answer = say(200, b"x" * 10_001)
    error = failure(lambda: client(server).request(method, "/"))
    assert (type(error), str(error)) == (kind, "The shop sent an answer of more than 10000 bytes.")
    server.answer = say(200, b"x" * 10_000)
    assert len(client(server).request(method, "/").body) == 10_000


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_is_not_there(method: str):
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    error = failure(lambda: Http(url, "The shop", limits=quick()).request(method, "/"))
    assert (type(error), error.code) == (Retriable, "unreachable")
    assert error.sentence() == "The shop cannot be reached. It is tried again by itself."


def test_a_certificate_that_nobody_vouches_for(tls_server: Server):
    error = failure(lambda: client(tls_server).request("POST", "/"))
    assert type(error) is Misconfigured
    assert error.sentence() == (
        "The shop shows no certificate to trust. Check the address, and whether its certificate is valid for it."
    )
    assert tls_server.seen == []


def test_the_caller_may_say_that_a_post_is_harmless(server: Server):
    server.answer = hang_up
    assert type(failure(lambda: client(server).request("POST", "/search", repeatable=True))) is Retriable


@pytest.mark.parametrize(("method", "kind"), [("GET", Retriable), ("POST", Ambiguous)])
def test_an_answer_that_is_no_json(server: Server, method: str, kind: type[Exception]):
    server.answer = say(200, b"<html>Welcome")
    reply = client(server).request(method, "/")
    error = failure(reply.json)
    assert (type(error), str(error), error.answer[-13:]) == (kind, "The answer is not JSON.", "<html>Welcome")


def test_nothing_is_called_inside_a_unit_of_work(server: Server):
    shop = client(server)
    with door.closed("a unit of work"), pytest.raises(door.NetworkClosed, match=r"^The shop was called inside"):
        shop.request("GET", "/")
    assert server.seen == []


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://x.example", "The address is no web address. Enter one that starts with https://."),
        ("x.example", "The address is no web address. Enter one that starts with https://."),
        ("file:///etc/passwd", "The address is no web address. Enter one that starts with https://."),
        ("http://[::1", "The address is no web address. Enter one that starts with https://."),
        ("https://kim:hunter2@x.example", "The address holds a password. Enter user and password in their own fields."),
    ],
)
def test_addresses_that_may_not_be_called(url: str, words: str):
    with pytest.raises(BadSettings) as caught:
        allowed_address(url)
    assert caught.value.sentence() == words


def test_a_path_cannot_lead_to_another_host(server: Server):
    client(server).request("GET", "//other.example/x")
    assert server.seen[0][1] == "/other.example/x"


def test_a_header_that_cannot_be_sent_is_told_without_its_value(server: Server):
    error = failure(lambda: client(server, headers={"X-Token": "hunter2\nEvil: 1"}).request("GET", "/"))
    assert error.sentence() == (
        "The shop cannot be called with these settings. "
        "Check the address and the credentials for characters that do not belong there."
    )
    assert "hunter2" not in repr(error)
    assert error.__suppress_context__


# ---------------------------------------------------------------- secrets

SECRET = 'hun"ter2/+ü'


def test_no_secret_is_kept_of_what_is_said_and_answered(server: Server):
    def echo(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        parts = [body.decode(), *handler.headers.values(), handler.path, json.dumps({"access_token": "fresh-token"})]
        say(200, "\n".join(parts).encode(), Set_Cookie="session=fresh-cookie", X_Api_Key="fresh-key")(handler, body)

    server.answer = echo
    shop = client(server, basic=("kim", SECRET), secrets=["first-secret"], headers={"X-Shop-Token": "plain-header"})
    reply = shop.request(
        "POST", "/", params={"token": "in-query", "q": SECRET}, body={"pass": SECRET, "x": "first-secret"}
    )
    assert json.loads(server.seen[0][3])["pass"] == SECRET
    kept = repr(reply.exchange)
    encoded = base64.b64encode(f"kim:{SECRET}".encode()).decode()
    for secret in (SECRET, "ter2", "first-secret", "in-query", "fresh-token", "fresh-cookie", "fresh-key", encoded):
        assert secret not in kept, secret
    assert "Authorization: •••" in reply.exchange.request
    assert "X-Shop-Token: •••" in reply.exchange.request


def test_no_secret_is_kept_of_an_error(server: Server):
    server.answer = say(400, b'{"error": "bad key first-secret", "refresh_token": "abc"}')
    error = failure(lambda: client(server, secrets=["first-secret"]).request("POST", "/", body={"k": "first-secret"}))
    assert error.answer.endswith('{"error": "bad key •••", "refresh_token": "•••"}')
    server.answer = hang_up
    error = failure(lambda: client(server, secrets=["first-secret"]).request("POST", "/", body={"k": "first-secret"}))
    assert error.answer.endswith('{"k": "•••"}')


def test_a_long_body_is_cut_after_it_was_masked(server: Server):
    server.answer = say(200, b"x" * 3_995 + b"first-secret" + b"y" * 5_000)
    kept = client(server, secrets=["first-secret"]).request("GET", "/").exchange.reply
    assert kept.endswith("x" * 3_995 + "•••yy…")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("hunter2", "•••"),
        ("x=hunter2&y=1", "x=•••&y=1"),
        (base64.b64encode(b"hunter2").decode(), "•••=="),
        ('{"apiKey": "a\\"b", "n": 1}', '{"apiKey": "•••", "n": 1}'),
        ('{"client_secret" : "x", "secretary": "Kim"}', '{"client_secret" : "•••", "secretary": "•••"}'),
        ("GET /?access_token=abc&page=2", "GET /?access_token=•••&page=2"),
        ("grant_type=password&password=abc", "grant_type=password&password=•••"),
        ("the token of a bird", "the token of a bird"),
        ("", ""),
    ],
)
def test_masking(text: str, masked: str):
    assert Redactor(["hunter2", "", "ab"]).text(text) == masked


def test_a_secret_inside_another_is_masked_with_it():
    assert Redactor(["pass", "password1"]).text("password1 pass") == "••• •••"
