"""Errors that people read.

Every error says what happened and, where there is one, what to do next (`remedy`). Callers show `str(error)` and
`error.remedy` as they are, so a message must stand alone: it names the record and the reason, and holds no secret.
"""

from __future__ import annotations


class InletError(Exception):
    """The root of all errors that Inlet raises on purpose.

    `remedy` is one sentence that says what a person can do, or an empty text when nothing is needed.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def sentence(self) -> str:
        """The message and the remedy as one text for a status line."""
        return f"{self.message} {self.remedy}".strip()


class IllegalTransition(InletError):
    """A status may not move that way; the record is unchanged."""


class Refused(InletError):
    """A guard refused an action; nothing was changed."""


class StaleRecord(Refused):
    """Somebody else changed the record since the form was opened."""


class NotFound(InletError):
    """No such record, or one outside the reader's scope: the two look the same from outside."""


class BadRecord(InletError):
    """One incoming record cannot be used. The records beside it are not touched by it."""


class BadSettings(InletError):
    """Settings that cannot work; `field` names the one to mend, or is empty."""

    def __init__(self, message: str, field: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.field = field


class LeaseLost(InletError):
    """Another worker holds the lease now. The work under the old lease is rolled back and left to the new owner."""


class UnknownUnit(InletError):
    """No factor is known between two units of measure."""
