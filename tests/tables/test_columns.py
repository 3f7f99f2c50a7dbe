"""Column types of our own: what they refuse, what they store, and what comes out again."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import StatementError

from app.columns import EncryptedJSON, Instant, Key, Quantity, TextEnum, Vault, plain
from tests.servers import Database

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))
DIALECT = DefaultDialect()
BERLIN = timezone(timedelta(hours=2))


class Colour(StrEnum):
    """Some choices."""

    RED = "red"
    DARK_BLUE = "dark_blue"


SAMPLE = Table(
    "column_sample",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", Instant),
    Column("colour", TextEnum(Colour)),
    Column("secret", EncryptedJSON, nullable=True),
    Column("quantity", Quantity),
    Column("key", Key),
)


@pytest.fixture(autouse=True)
def keep_the_keys() -> Iterator[None]:
    """The keys are the process's: other tests find theirs again."""
    kept = Vault._fernet
    yield
    Vault._fernet = kept


@pytest.fixture
def sample(db: Database) -> Iterator[Database]:
    """A database with a table of all our columns."""
    SAMPLE.create(db.engine)
    yield db
    SAMPLE.drop(db.engine)


def kept(db: Database, **values: Any) -> Any:
    """A row of the sample as it comes out again."""
    with db.engine.begin() as connection:
        number = connection.execute(insert(SAMPLE).values(**values).returning(SAMPLE.c.id)).scalar_one()
        return connection.execute(select(SAMPLE).where(SAMPLE.c.id == number)).one()


def raw(db: Database, column: str) -> Any:
    """What lies in the table itself, past the column types."""
    with db.connect() as connection:
        row = connection.execute(f"SELECT {column} FROM column_sample".encode()).fetchone()
    assert row is not None
    return row[0]


JSON_OBJECTS = st.dictionaries(
    st.text(max_size=5), st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)), max_size=4
)


@given(JSON_OBJECTS)
def test_what_was_sealed_comes_out_the_same_and_cannot_be_read_meanwhile(data: dict[str, Any]) -> None:
    Vault.open((NEW,))
    token = Vault.seal(data)
    assert Vault.unseal(token) == data
    assert token != Vault.seal(data)
    assert json.dumps(data, ensure_ascii=False).encode() not in token


@pytest.mark.parametrize(
    ("sealed_with", "opened_with", "readable"),
    [
        ((OLD,), (OLD,), True),
        ((OLD,), (NEW, OLD), True),
        ((OLD,), (OTHER, NEW, OLD), True),
        ((NEW, OLD), (NEW,), True),
        ((NEW, OLD), (OLD,), False),
        ((OLD,), (NEW,), False),
    ],
)
def test_the_newest_key_encrypts_and_every_key_decrypts(
    sealed_with: tuple[str, ...], opened_with: tuple[str, ...], readable: bool
) -> None:
    Vault.open(sealed_with)
    token = Vault.seal({"token": "hush"})
    Vault.open(opened_with)
    if readable:
        assert Vault.unseal(token) == {"token": "hush"}
        return
    with pytest.raises(ValueError) as refusal:
        Vault.unseal(token)
    assert str(refusal.value) == "A stored secret cannot be decrypted: none of ENCRYPTION_KEYS made it."
    # Neither the cause nor its text brings what was stored into a log.
    assert refusal.value.__suppress_context__
    assert "hush" not in repr(refusal.value)


@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_token_that_was_touched_is_not_read(place: int) -> None:
    Vault.open((NEW,))
    token = bytearray(Vault.seal({"token": "hush"}))
    token[place] ^= 1
    with pytest.raises(ValueError, match="cannot be decrypted"):
        Vault.unseal(bytes(token))


def test_without_keys_nothing_is_stored_or_read() -> None:
    Vault._fernet = None
    for use in (lambda: Vault.seal({"a": 1}), lambda: Vault.unseal(b"x")):
        with pytest.raises(RuntimeError) as refusal:
            use()
        assert str(refusal.value) == "The vault has no keys: ENCRYPTION_KEYS was not loaded."


@pytest.mark.parametrize("keys", [("too short",), (NEW, ""), (NEW[:-2],), ("é" * 44,)])
def test_a_key_that_is_none_is_refused_and_the_old_ones_stay(keys: tuple[str, ...]) -> None:
    Vault.open((OLD,))
    token = Vault.seal({"a": 1})
    with pytest.raises(ValueError):
        Vault.open(keys)
    assert Vault.unseal(token) == {"a": 1}


@pytest.mark.parametrize("value", [None, {}])
def test_no_secret_is_stored_as_nothing_and_read_as_an_empty_object(sample: Database, value: Any) -> None:
    Vault.open((NEW,))
    assert kept(sample, secret=value).secret == {}
    assert raw(sample, "secret") is None


def test_a_secret_lies_encrypted_in_its_table_and_is_read_after_the_keys_were_changed(sample: Database) -> None:
    secret = {"token": "hush-Ünal", "nested": {"a": [1, None]}}
    Vault.open((OLD,))
    assert kept(sample, secret=secret).secret == secret
    stored = bytes(raw(sample, "secret"))
    assert b"hush" not in stored
    assert json.loads(Fernet(OLD).decrypt(stored)) == secret
    Vault.open((NEW, OLD))
    with sample.engine.begin() as connection:
        assert connection.execute(select(SAMPLE.c.secret)).scalar_one() == secret
        connection.execute(SAMPLE.update().values(secret=secret))
    # Written again it is under the new key alone.
    assert json.loads(Fernet(NEW).decrypt(bytes(raw(sample, "secret")))) == secret


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_an_instant_is_read_in_utc_whatever_zone_the_session_speaks(sample: Database, zone: str) -> None:
    given_at = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=BERLIN)
    row = kept(sample, at=given_at)
    with sample.engine.connect() as connection:
        connection.exec_driver_sql(f"SET TIME ZONE '{zone}'")
        found = connection.execute(select(SAMPLE.c.at).where(SAMPLE.c.id == row.id)).scalar_one()
        connection.invalidate()
    assert found.isoformat() == "2026-03-29T00:30:00.123456+00:00"
    assert found.tzinfo is UTC


def test_a_naive_time_is_refused_before_it_reaches_the_database(sample: Database) -> None:
    with pytest.raises(StatementError, match="An instant needs a time zone"):
        kept(sample, at=datetime(2026, 3, 4, 12, 0))  # noqa: DTZ001 (the very thing that is refused)
    with sample.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(SAMPLE)).scalar_one() == 0


@pytest.mark.parametrize(
    "given_at", [None, datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
)
def test_the_ends_of_time_are_kept(sample: Database, given_at: datetime | None) -> None:
    assert kept(sample, at=given_at).at == given_at


@pytest.mark.parametrize(("value", "stored"), [(Colour.RED, "red"), ("dark_blue", "dark_blue"), (None, None)])
def test_a_choice_is_stored_as_its_text_and_read_as_its_member(
    sample: Database, value: Colour | str | None, stored: str | None
) -> None:
    found = kept(sample, colour=value).colour
    assert raw(sample, "colour") == stored
    assert found == stored
    assert found is None or type(found) is Colour


@pytest.mark.parametrize("value", ["green", "RED", "", " red", 1])
def test_a_choice_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid Colour"):
        TextEnum(Colour).process_bind_param(value, DIALECT)


def test_a_stored_text_that_is_no_choice_is_not_read_as_one() -> None:
    with pytest.raises(ValueError, match="is not a valid Colour"):
        TextEnum(Colour).process_result_value("green", DIALECT)


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=6))
def test_a_plain_number_is_the_same_number_without_needless_zeros(value: Decimal) -> None:
    text = plain(value)
    assert Decimal(text) == value
    assert set(text) <= set(string.digits + ".-")
    assert "." not in text or not text.endswith(("0", "."))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("10.500000"), "10.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.000001"), "0.000001"),
        (Decimal("0E-6"), "0"),
        (date(2026, 3, 4), "2026-03-04"),
        (datetime(2026, 3, 4, 12, tzinfo=BERLIN), "2026-03-04T12:00:00+02:00"),
        ("text", "text"),
        (None, None),
        (7, 7),
        (True, True),
        (["a"], ["a"]),
    ],
)
def test_what_our_columns_hold_has_a_form_in_json(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert json.loads(json.dumps(plain(value))) == expected


@pytest.mark.parametrize(
    ("given_quantity", "stored"),
    [("0.000001", "0.000001"), ("999999999999.999999", "999999999999.999999"), ("0.0000004", "0.000000")],
)
def test_quantities_have_six_places_and_lose_none_of_them(sample: Database, given_quantity: str, stored: str) -> None:
    found = kept(sample, quantity=Decimal(given_quantity)).quantity
    assert type(found) is Decimal
    assert str(format(found, "f")) == stored


def test_keys_are_ordered_byte_by_byte(sample: Database) -> None:
    Vault.open((NEW,))
    names = ["a", "B", "Ä", "A", "b", "-a", "10", "9"]
    with sample.engine.begin() as connection:
        connection.execute(insert(SAMPLE), [{"key": name} for name in names])
        found = connection.execute(select(SAMPLE.c.key).order_by(SAMPLE.c.key)).scalars().all()
    assert list(found) == sorted(names, key=str.encode)
