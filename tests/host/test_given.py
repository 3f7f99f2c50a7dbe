"""Servers named by the environment: taken when they answer, explained when they do not."""

from __future__ import annotations

import psycopg
import pytest

from app.host.given import check_database, check_redis
from app.host.places import HostError
from app.host.processes import free_port
from app.host.servers import PostgresServer, RedisServer

REMEDY = "Mend the address, or start that server."


def test_what_answers_is_taken(postgres_server: PostgresServer, redis_server: RedisServer) -> None:
    check_database(postgres_server.url("postgres"))
    check_redis(redis_server.url())


def test_a_database_that_does_not_answer() -> None:
    port = free_port()
    with pytest.raises(HostError) as caught:
        check_database(f"postgresql+psycopg://inlet:hush@127.0.0.1:{port}/inlet")
    assert caught.value.message.startswith(f"The PostgreSQL of DATABASE_URL at 127.0.0.1:{port} cannot be used: ")
    assert "refused" in caught.value.message
    assert caught.value.remedy == REMEDY
    assert "hush" not in caught.value.sentence()


@pytest.mark.parametrize(
    ("user", "database", "reason"),
    [
        ("inlet", "none", 'database "none" does not exist'),
        ("nobody", "postgres", 'password authentication failed for user "nobody"'),
    ],
)
def test_a_database_that_refuses(postgres_server: PostgresServer, user: str, database: str, reason: str) -> None:
    url = postgres_server.url(database).replace("//inlet:", f"//{user}:")
    with pytest.raises(HostError) as caught:
        check_database(url)
    assert reason in caught.value.message
    assert url.rpartition(":")[0].rpartition(":")[2].partition("@")[0] not in caught.value.message


def test_a_postgresql_that_is_too_old(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psycopg.ConnectionInfo, "server_version", 130011)
    with pytest.raises(HostError) as caught:
        check_database(postgres_server.url("postgres"))
    assert caught.value.sentence() == (
        f"The PostgreSQL of DATABASE_URL at 127.0.0.1:{postgres_server.port} is version 13. "
        "Inlet needs version 14 or later."
    )


def test_a_redis_that_does_not_answer() -> None:
    port = free_port()
    with pytest.raises(HostError) as caught:
        check_redis(f"redis://:hush@127.0.0.1:{port}/0")
    assert caught.value.message.startswith(f"The Redis of REDIS_URL at 127.0.0.1:{port} cannot be used: ")
    assert "refused" in caught.value.message
    assert "hush" not in caught.value.sentence()


def test_a_redis_that_refuses(redis_server: RedisServer) -> None:
    with pytest.raises(HostError) as caught:
        check_redis(f"redis://:guess@127.0.0.1:{redis_server.port}/0")
    assert caught.value.sentence() == (
        f"The Redis of REDIS_URL at 127.0.0.1:{redis_server.port} cannot be used: "
        f"invalid username-password pair or user is disabled. {REMEDY}"
    )
