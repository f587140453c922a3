"""What the environment may set, read once, here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pullcord.base import InvalidInput


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment's say: where the ledger is kept, and where public data lie.

    data_dir : the folder of public data at hand; cache_dir : where what is fetched is kept; None for the user's own.
    otlp_endpoint : where `pullcord serve` sends its traces; None: it makes none.
    metrics_token : who has it may read /metrics from afar; None: this machine alone may.
    webhook_hosts : hosts that webhooks may reach although they are private or without https.
    """

    database_url: str | None = None
    data_dir: Path | None = None
    cache_dir: Path | None = None
    otlp_endpoint: str | None = None
    metrics_token: str | None = field(default=None, repr=False)
    webhook_hosts: tuple[str, ...] = ()


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; an unusable value is refused by name.

    PULLCORD_DATABASE_URL chooses PostgreSQL instead of a SQLite file. PULLCORD_DATA_DIR names the folder of public
    data, so that nothing need be fetched; PULLCORD_CACHE_DIR the folder for what is fetched all the same.
    PULLCORD_OTLP_ENDPOINT names where OpenTelemetry traces go. PULLCORD_METRICS_TOKEN opens /metrics to those who have
    it; PULLCORD_WEBHOOK_HOSTS names hosts of the house's own network, by commas, that webhooks may reach.
    """
    values = os.environ if environ is None else environ
    url = values.get("PULLCORD_DATABASE_URL") or None
    if url is not None and not url.startswith(("sqlite:///", "postgresql")):
        raise InvalidInput(
            "PULLCORD_DATABASE_URL names neither SQLite nor PostgreSQL",
            "write sqlite:///path/to/ledger.db or postgresql+psycopg://user@host/database",
        )
    data_dir = _path(values, "PULLCORD_DATA_DIR")
    if data_dir is not None and not data_dir.is_dir():
        raise InvalidInput(
            f"PULLCORD_DATA_DIR names {data_dir}, which is no folder",
            "name the folder that holds `choice`, or unset it: data sets are then fetched",
        )
    cache_dir = _path(values, "PULLCORD_CACHE_DIR")
    if cache_dir is not None and cache_dir.exists() and not cache_dir.is_dir():
        raise InvalidInput(f"PULLCORD_CACHE_DIR names {cache_dir}, which is no folder", "name a folder to be made")
    endpoint = values.get("PULLCORD_OTLP_ENDPOINT") or None
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise InvalidInput(
            f"PULLCORD_OTLP_ENDPOINT names {endpoint}, which is no web address",
            "write where a collector takes traces, such as http://localhost:4318/v1/traces",
        )
    token = values.get("PULLCORD_METRICS_TOKEN") or None
    if token is not None and len(token) < 16:
        raise InvalidInput("PULLCORD_METRICS_TOKEN can be guessed", "give it 16 characters or more")
    hosts = tuple(host.strip() for host in values.get("PULLCORD_WEBHOOK_HOSTS", "").split(",") if host.strip())
    return Settings(url, data_dir, cache_dir, endpoint, token, hosts)


def _path(values: Mapping[str, str], name: str) -> Path | None:
    written = values.get(name)
    return Path(written).expanduser() if written else None
