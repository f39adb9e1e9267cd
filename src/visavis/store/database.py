"""Opening the database and bringing its tables up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from visavis.errors import SettingsError


def open_database(url: str) -> Engine:
    """An engine whose tables are current. SettingsError if it cannot be opened."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(
            f"the store's address {url!r} is not a database URL; it should look like "
            f"sqlite:////var/lib/visavis/visavis.db."
        ) from error
    where = parsed.render_as_string(hide_password=True)
    try:
        if parsed.get_backend_name() == "sqlite":
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            # One thread uses it, one connection is enough, and an in-memory database needs it.
            engine = create_engine(
                parsed, poolclass=StaticPool, connect_args={"check_same_thread": False}
            )
            event.listen(engine, "connect", _sqlite_pragmas)
        else:
            engine = create_engine(parsed)
        _migrate(engine)
    except (SQLAlchemyError, OSError, CommandError, ModuleNotFoundError) as error:
        reason = getattr(error, "orig", None) or error
        raise SettingsError(
            f"the store {where} cannot be opened: {reason}. Set store.path to a file in a folder "
            f"that can be written, or store.enabled = false."
        ) from error
    return engine


def _sqlite_pragmas(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
