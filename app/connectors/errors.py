"""What went wrong outside, named by what the caller does next."""

from __future__ import annotations

from app.domain.errors import InletError


class ConnectorError(InletError):
    """The outside system did not do what was asked. `answer` is its reply as far as it may be kept (no secrets)."""

    def __init__(self, message: str, remedy: str = "", *, answer: str = "", code: str = "") -> None:
        super().__init__(message, remedy)
        self.answer = answer
        self.code = code


class Retriable(ConnectorError):
    """Nothing was accepted and the same call may work later: try again after a pause.

    `retry_after` is the pause in seconds that the other side asked for, if it named one.
    """

    def __init__(
        self, message: str, remedy: str = "", *, answer: str = "", code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, remedy, answer=answer, code=code)
        self.retry_after = retry_after


class Ambiguous(Retriable):
    """The call may have been accepted (a timeout after sending, a cut connection): look it up before trying again."""


class Rejection(ConnectorError):
    """The other side said no, and will say no again: a person must act."""


class Misconfigured(Rejection):
    """Address, credentials or permissions are wrong: nothing through this connection can work until they are mended."""
