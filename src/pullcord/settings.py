"""What the environment may set, read once, here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pullcord.base import InvalidInput


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment's say: where the ledger is kept."""

    database_url: str | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; an unusable value is refused by name.

    PULLCORD_DATABASE_URL chooses PostgreSQL instead of a SQLite file.
    """
    values = os.environ if environ is None else environ
    url = values.get("PULLCORD_DATABASE_URL") or None
    if url is not None and not url.startswith(("sqlite:///", "postgresql")):
        raise InvalidInput(
            "PULLCORD_DATABASE_URL names neither SQLite nor PostgreSQL",
            "write sqlite:///path/to/ledger.db or postgresql+psycopg://user@host/database",
        )
    return Settings(url)
