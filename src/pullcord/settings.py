"""What the environment may set, read once, here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pullcord.base import InvalidInput


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment's say: where the ledger is kept, and where an offline copy of public data lies."""

    database_url: str | None = None
    data_dir: Path | None = None


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; an unusable value is refused by name.

    PULLCORD_DATABASE_URL chooses PostgreSQL instead of a SQLite file; PULLCORD_DATA_DIR names a folder with public
    data sets.
    """
    values = os.environ if environ is None else environ
    url = values.get("PULLCORD_DATABASE_URL") or None
    if url is not None and not url.startswith(("sqlite:///", "postgresql")):
        raise InvalidInput(
            "PULLCORD_DATABASE_URL names neither SQLite nor PostgreSQL",
            "write sqlite:///path/to/ledger.db or postgresql+psycopg://user@host/database",
        )
    folder = values.get("PULLCORD_DATA_DIR") or None
    return Settings(url, Path(folder) if folder else None)
