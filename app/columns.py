"""Column types of our own: instants in UTC, text enumerations, and JSON that is encrypted at rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import DateTime, LargeBinary, Numeric, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Quantity = Numeric(18, 6, asdecimal=True)
"""Quantities and money: six decimal places, as in `app.domain.record`."""

Key = Text(collation="C")
"""Ids, numbers and SKUs: compared byte by byte, so that an index on them serves equality, order and prefixes alike."""


class Instant(TypeDecorator[datetime]):
    """An instant. A naive datetime is a programming error and is refused; what is read back is in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("An instant needs a time zone.")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read in UTC, whatever zone the session speaks."""
        return value.astimezone(UTC) if value is not None else None


class TextEnum(TypeDecorator[StrEnum]):
    """A StrEnum stored as its text. The table carries the matching CHECK (`one_of` in `app.tables.base`)."""

    impl = String
    cache_ok = True

    def __init__(self, choices: type[StrEnum]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Only a known value passes."""
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The member itself."""
        return None if value is None else self.choices(value)


class Vault:
    """The keys that encrypt secrets. Bound once by the composition root; without keys nothing can be stored or read."""

    _fernet: ClassVar[MultiFernet | None] = None

    @classmethod
    def open(cls, keys: tuple[str, ...]) -> None:
        """Take the keys, newest first: the first encrypts, all decrypt."""
        cls._fernet = MultiFernet([Fernet(key.encode()) for key in keys])

    @classmethod
    def seal(cls, data: dict[str, Any]) -> bytes:
        """Encrypt a JSON object."""
        return cls._keys().encrypt(json.dumps(data, ensure_ascii=False).encode())

    @classmethod
    def unseal(cls, token: bytes) -> dict[str, Any]:
        """Decrypt it again. Raises ValueError without saying anything of the content."""
        try:
            data = json.loads(cls._keys().decrypt(token))
        except InvalidToken:
            raise ValueError("A stored secret cannot be decrypted: none of ENCRYPTION_KEYS made it.") from None
        return dict(data)

    @classmethod
    def _keys(cls) -> MultiFernet:
        if cls._fernet is None:
            raise RuntimeError("The vault has no keys: ENCRYPTION_KEYS was not loaded.")
        return cls._fernet


class EncryptedJSON(TypeDecorator[dict[str, Any]]):
    """A small JSON object that is encrypted at rest."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> bytes | None:
        """Encrypt on the way in; an empty object is stored as NULL, so that "set" and "not set" can be told apart."""
        return Vault.seal(value) if value else None

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> dict[str, Any]:
        """Decrypt on the way out."""
        return Vault.unseal(value) if value else {}


def plain(value: Any) -> Any:
    """A JSON-able form of what our columns hold: decimals as text, instants and dates in ISO form."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value.isoformat() if hasattr(value, "isoformat") else value
