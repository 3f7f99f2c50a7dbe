"""Commands: `python -m app.cli <command>`, or `flask --app app.wsgi inlet <command>`."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import click

from app.logs import configure
from config import ConfigError, Settings


@click.group(name="inlet", help="Inlet: inbound purchase orders.")
def inlet() -> None:
    """The group of all commands."""


def _settings() -> Settings:
    try:
        settings = Settings.from_env(os.environ)
    except ConfigError as problem:
        raise click.ClickException(str(problem)) from None
    configure(settings.log_format, settings.log_level, (settings.secret_key, *settings.encryption_keys))
    return settings


@inlet.command()
def migrate() -> None:
    """Bring the schema, the roles and the permissions up to date."""
    from app import create_app  # noqa: PLC0415 (each command loads only what it needs)
    from app.schema import migrate as migrate_schema  # noqa: PLC0415
    from app.security.roles import install  # noqa: PLC0415

    settings = _settings()
    migrate_schema(settings.database_url)
    install(create_app("web", settings))
    click.echo("The database is up to date.")


@inlet.command()
def worker() -> None:
    """Work on jobs until a signal ends the process."""
    from redis import Redis  # noqa: PLC0415
    from rq import Queue  # noqa: PLC0415
    from sqlalchemy.orm import configure_mappers  # noqa: PLC0415

    from app import create_app  # noqa: PLC0415
    from app.jobs import bulk, deliveries, housekeeping, processing, receipts, runs  # noqa: F401, PLC0415
    from app.jobs.runtime import WorkHorse  # noqa: PLC0415
    from app.wakeups import QUEUE  # noqa: PLC0415

    settings = _settings()
    app = create_app("worker", settings)
    # Loaded and configured before the first fork, so that a work-horse starts with everything in place.
    configure_mappers()
    connection = Redis.from_url(settings.redis_url)
    name = f"{socket.gethostname()}-{os.getpid()}"
    with app.app_context():
        WorkHorse([Queue(QUEUE, connection=connection)], connection=connection, name=name).work(
            logging_level="WARNING", with_scheduler=False
        )


@inlet.command()
def scheduler() -> None:
    """Make the entries in Redis follow the rows, until a signal ends the process."""
    from app import create_app  # noqa: PLC0415
    from app.jobs.schedule import run  # noqa: PLC0415

    settings = _settings()
    create_app("worker", settings)
    run(settings.redis_url)


@inlet.command()
def demo() -> None:
    """Load the demo: merchants, warehouses, connections, rules, users and purchase orders."""
    from app import create_app  # noqa: PLC0415
    from app.demo.load import load  # noqa: PLC0415

    settings = _settings()
    if not settings.demo:
        raise click.ClickException("The demo is only loaded in demo mode: set DEMO=1.")
    app = create_app("web", settings)
    load(app, settings)
    click.echo("The demo is loaded.")


@inlet.command()
def feed() -> None:
    """Play the outside world of the demo: new purchase orders and receipts keep coming."""
    from app import create_app  # noqa: PLC0415
    from app.demo.feed import run  # noqa: PLC0415

    settings = _settings()
    create_app("worker", settings)
    run(settings)


@inlet.command("run-now")
@click.argument("connection")
@click.option("--kind", type=click.Choice(["import", "status_update"]), default="import", show_default=True)
@click.option("--number", default="", help="Import one purchase order by its number.")
def run_now(connection: str, kind: str, number: str) -> None:
    """Queue a run of a connection, given by its name."""
    from sqlalchemy import func, select  # noqa: PLC0415

    from app import create_app  # noqa: PLC0415
    from app.domain.errors import InletError  # noqa: PLC0415
    from app.domain.people import SYSTEM  # noqa: PLC0415
    from app.models import Connection, ScheduleKind  # noqa: PLC0415
    from app.services import runs  # noqa: PLC0415
    from app.services.unit_of_work import unit_of_work  # noqa: PLC0415

    create_app("worker", _settings())
    with unit_of_work("find a connection") as unit:
        found = unit.session.scalar(
            select(Connection.id).where(func.lower(Connection.name) == connection.strip().lower())
        )
    if found is None:
        raise click.ClickException(f"There is no connection “{connection}”.")
    try:
        run_id = runs.run_now(found, ScheduleKind(kind), SYSTEM, {"number": number} if number else None)
    except InletError as problem:
        raise click.ClickException(problem.sentence()) from None
    click.echo(f"Run {run_id} is queued.")


@inlet.command("check-rules")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def check_rules(paths: tuple[Path, ...]) -> None:
    """Check rule files and folders; exits with 1 if one of them has a problem."""
    from app.rules.engine import RuleError, compile_rule, split_rules  # noqa: PLC0415

    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.rule")))
    bad = 0
    for file in files:
        try:
            for text in split_rules(file.read_text(encoding="utf-8")):
                compile_rule(text)
        except RuleError as error:
            bad += 1
            for problem in error.problems:
                click.echo(f"{file}:{problem.line}:{problem.column}: {problem.message}")
    click.echo(f"{len(files)} files, {bad} with errors.")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    inlet()
