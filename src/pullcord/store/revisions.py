"""Which revision the ledger's own tables are at: an older one is brought up to date, a newer one refused."""

from __future__ import annotations

from pullcord.base import Conflict, NotFound

from .database import Database, RawConnection
from .schema import EVENT, LEDGER_HEAD, REVISIONS

NEWEST = REVISIONS[-1]


def revision_of(opened: Database, raw: RawConnection) -> str | None:
    """The revision that a database is at; None where there is no ledger.

    Raises Conflict where a newer Pullcord, or something else altogether, made the tables.
    """
    there = opened.table_columns(raw)
    found = raw.execute("SELECT version_num FROM alembic_version").fetchall() if "alembic_version" in there else []
    revision = found[0][0] if found else None
    if revision is None and EVENT.name not in there:
        return None
    if revision is None or EVENT.name not in there or LEDGER_HEAD.name not in there:
        raise Conflict(
            f"`{opened.name}` holds tables of something else, and no ledger",
            "give Pullcord a file, a database or a schema of its own",
        )
    if revision not in REVISIONS:
        raise Conflict(
            f"`{opened.name}` is at revision `{revision}`, and this Pullcord knows them up to `{NEWEST}`",
            "it was written by a newer Pullcord: upgrade this one",
        )
    return str(revision)


def bring_to_newest(opened: Database) -> None:
    """Make or migrate the ledger's own tables where they are not at the newest revision: wholly or not at all."""
    with opened.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        if revision_of(opened, raw) == NEWEST:
            return
        with opened.change(raw):
            if revision_of(opened, raw) != NEWEST:  # another may have been faster
                from .migrations import upgrade  # Alembic is needed for nothing else, and takes its time

                upgrade(connection)


def require_ledger(opened: Database) -> str:
    """The revision of a database that holds a ledger. Raises NotFound where there is none."""
    with opened.engine.connect() as connection:
        found = revision_of(opened, connection.connection.driver_connection)
    if found is None:
        raise NotFound(f"`{opened.name}` holds no ledger", "check the address, or run the program that writes it")
    return found


def require_newest(opened: Database) -> None:
    """Refuse a database that this Pullcord would have to change before it can read it."""
    found = require_ledger(opened)
    if found != NEWEST:
        raise Conflict(
            f"`{opened.name}` is at revision `{found}`, and this Pullcord reads `{NEWEST}`",
            f"the next command that writes brings it there, and so does `pullcord ledger rebuild {opened.name}`",
        )
