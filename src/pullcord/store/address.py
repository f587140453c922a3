"""Which database a URL means."""

from __future__ import annotations

import sqlalchemy as sa

from pullcord.base import InvalidInput, NotFound

from .database import Database
from .postgres import PostgresDatabase
from .sqlite import SqliteDatabase


def database(url: str, *, must_exist: bool = False) -> Database:
    """The database that a URL names; a bare path is a SQLite file."""
    if "://" not in url:
        # Not as text: a path may hold `?`, `#` or `%`, which mean something else in an address.
        url = sa.URL.create("sqlite", database=url).render_as_string(hide_password=False)
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise InvalidInput(
            f"`{url}` is no database URL", "write sqlite:///ledger.db or postgresql+psycopg://…"
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        sqlite = SqliteDatabase(parsed)
        if must_exist and not sqlite.path.is_file():
            raise NotFound(
                f"there is no ledger at `{sqlite.path}`", "check the path, or run the program that writes it"
            )
        return sqlite
    if kind == "postgresql":
        return PostgresDatabase(parsed.set(drivername="postgresql+psycopg"))
    raise InvalidInput(f"`{kind}` is no database that a ledger can live in", "use sqlite:/// or postgresql+psycopg://")
