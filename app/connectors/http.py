"""The one door to HTTP. Every connector that speaks it goes through here.

Limits of time and size, masking of secrets, and the meaning of each failure are the same for all. Nothing is repeated
here: the caller keeps the attempts. Redirects are not followed, because they would carry credentials elsewhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import exceptions as broken
from urllib3 import exceptions as deeper

from app.connectors import door
from app.connectors.contract import Exchange
from app.connectors.errors import Ambiguous, Misconfigured, Rejection, Retriable
from app.connectors.http_answers import error_for, pause_asked
from app.connectors.redaction import Redactor
from app.domain.errors import BadSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KEPT_BODY = 4_000
_BLOCK = 65_536
_LOOK_UP = "It may have been carried out all the same; it is looked up before the next try."
_AGAIN = "It is tried again by itself."


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, between two blocks, and in all; and the most bytes an answer may have."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    answer_bytes: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request that succeeded."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    exchange: Exchange
    repeatable: bool = True

    def json(self) -> Any:
        """The body as JSON with exact numbers. Raises Retriable, or Ambiguous if the request must not be repeated."""
        try:
            return json.loads(self.body, parse_float=Decimal)
        except (ValueError, RecursionError):
            kind, remedy = (Retriable, _AGAIN) if self.repeatable else (Ambiguous, _LOOK_UP)
            raise kind("The answer is not JSON.", remedy, answer=self.exchange.reply, code="json") from None


def allowed_address(url: str) -> str:
    """The address, if it is one that Inlet may call. Raises BadSettings. Every rule about addresses belongs here."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadSettings("The address is no web address.", "address", "Enter one that starts with https://.")
    if parts.username or parts.password:
        raise BadSettings("The address holds a password.", "address", "Enter user and password in their own fields.")
    return url


class _TooLargeError(Exception):
    """The answer has more bytes than are taken."""


class _TooSlowError(Exception):
    """The answer took longer than the total limit."""


class Http:
    """A session with one server. `target` names it in sentences; `secrets` are masked wherever they turn up."""

    def __init__(
        self,
        base_url: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        secrets: Iterable[str] = (),
        limits: Limits | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Nothing is called yet. Raises BadSettings for an address that may not be called."""
        self._base = allowed_address(base_url).rstrip("/")
        self._target, self._limits, self._now = target, limits or Limits(), now
        self._session = requests.Session()
        # The environment's proxies and .netrc would send credentials to places that nobody chose in the settings.
        self._session.trust_env = False
        self._session.headers.update(headers or {})
        self._session.auth = basic
        self._redactor = Redactor([*secrets, *(basic or ())[1:]])

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> Reply:
        """Send one request. `body`: bytes as they are, anything else as JSON.

        `repeatable`: whether doing it twice is harmless; by default only for GET, HEAD and OPTIONS. Raises Retriable,
        Ambiguous, Rejection or Misconfigured.
        """
        door.require_open(self._target)
        safe = method.upper() in SAFE_METHODS if repeatable is None else repeatable
        prepared = self._prepared(method, path, params, body, headers)
        said = self._redactor.text(f"{prepared.method} {prepared.url}\n") + self._redactor.headers(prepared.headers)
        said += f"\n\n{self._kept(_bytes(prepared.body))}" if prepared.body else ""
        started = time.monotonic()
        try:
            limits = (self._limits.connect, min(self._limits.read, self._limits.total))
            with self._session.send(prepared, stream=True, allow_redirects=False, timeout=limits) as response:
                content = self._content(response, started)
                return self._reply(response, content, said, safe=safe)
        except (broken.RequestException, deeper.HTTPError, _TooSlowError, _TooLargeError) as error:
            raise self._failure(error, said, safe=safe) from None

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _prepared(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Any, headers: Mapping[str, str] | None
    ) -> requests.PreparedRequest:
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode("utf-8")
            sent.setdefault("Content-Type", "application/json")
        url = allowed_address(f"{self._base}/{path.lstrip('/')}")
        request = requests.Request(method.upper(), url, params=params, data=body, headers=sent)
        try:
            return self._session.prepare_request(request)
        except ValueError:
            # The library's own message may quote a header, and with it a secret.
            remedy = "Check the address and the credentials for characters that do not belong there."
            raise Misconfigured(f"{self._target} cannot be called with these settings.", remedy) from None

    def _content(self, response: requests.Response, started: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for block in response.iter_content(_BLOCK):
            size += len(block)
            if size > self._limits.answer_bytes:
                raise _TooLargeError
            if time.monotonic() - started > self._limits.total:
                raise _TooSlowError
            parts.append(block)
        return b"".join(parts)

    def _reply(self, response: requests.Response, content: bytes, said: str, *, safe: bool) -> Reply:
        answer = f"{response.status_code}\n{self._redactor.headers(response.headers)}\n\n{self._kept(content)}"
        pause = pause_asked(response.headers, self._now())
        error = error_for(response.status_code, self._target, repeatable=safe, answer=answer, pause=pause)
        if error is not None:
            raise error
        code = str(response.status_code)
        return Reply(response.status_code, response.headers, content, Exchange(said, answer, code), safe)

    def _kept(self, content: bytes) -> str:
        """The start of a body as text without secrets. Masked before it is cut, so that no half secret is left."""
        text = self._redactor.text(content[: KEPT_BODY * 8].decode("utf-8", "replace"))
        return text if len(text) <= KEPT_BODY else f"{text[:KEPT_BODY]}…"

    def _failure(self, error: Exception, said: str, *, safe: bool) -> Retriable | Rejection:
        if isinstance(error, broken.SSLError) and "CERTIFICATE" in str(error).upper():
            remedy = "Check the address, and whether its certificate is valid for it."
            return Misconfigured(f"{self._target} shows no certificate to trust.", remedy, answer=said, code="tls")
        if _never_sent(error):
            return Retriable(f"{self._target} cannot be reached.", _AGAIN, answer=said, code="unreachable")
        what, code = self._what(error)
        if not safe:
            return Ambiguous(f"{self._target} {what}.", _LOOK_UP, answer=said, code=code)
        if isinstance(error, _TooLargeError):
            return Rejection(f"{self._target} {what}.", "Ask it for less at once.", answer=said, code=code)
        return Retriable(f"{self._target} {what}.", _AGAIN, answer=said, code=code)

    def _what(self, error: Exception) -> tuple[str, str]:
        if isinstance(error, _TooLargeError):
            return f"sent an answer of more than {self._limits.answer_bytes} bytes", "size"
        if isinstance(error, (broken.Timeout, deeper.TimeoutError, _TooSlowError)):
            return "did not answer in time", "timeout"
        return "cut the connection", "cut"


def _never_sent(error: Exception) -> bool:
    """Did the failure come before the request left? Then nothing can have been carried out."""
    if isinstance(error, broken.ConnectTimeout):
        return True
    cause: Any = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(error, broken.ConnectionError) and isinstance(
        reason, (deeper.NewConnectionError, deeper.NameResolutionError)
    )


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else str(body).encode("utf-8", "replace")
