"""What all tests share: where things are, what a test may ask of the machine, and how Hypothesis behaves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
REQUIRE_ALL = os.environ.get("PULLCORD_REQUIRE_ALL") == "1"

# No deadlines: a slow machine is no fault. Where nothing may be skipped, the examples are the same in every run.
settings.register_profile(
    "pullcord", deadline=None, derandomize=REQUIRE_ALL, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("pullcord")

Require = Callable[[Any, str], None]


@pytest.fixture(scope="session")
def require() -> Require:
    """`require(found, reason)`: go on if `found` is truthy; else skip, or fail with PULLCORD_REQUIRE_ALL=1.

    For services a complete machine has: PostgreSQL, Chromium, a font. The reason says how to get them.
    """

    def check(found: Any, reason: str) -> None:
        if found:
            return
        if REQUIRE_ALL:
            pytest.fail(f"{reason} (PULLCORD_REQUIRE_ALL=1: nothing may be skipped)")
        pytest.skip(reason)

    return check


@pytest.fixture(scope="session")
def postgres_url(require: Require) -> str:
    """The address of a PostgreSQL database that tests may fill and empty."""
    url = os.environ.get("PULLCORD_TEST_DATABASE_URL", "")
    require(url, "set PULLCORD_TEST_DATABASE_URL to a PostgreSQL database, such as postgresql+psycopg://me@host/test")
    return url


@pytest.fixture
def postgres_schema(postgres_url: str) -> Iterator[str]:
    """The address of an empty schema of the test's own in that database, dropped afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        try:
            separator = "&" if "?" in postgres_url else "?"
            yield f"{postgres_url}{separator}options=-csearch_path%3D{name}"
        finally:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public benchmark data; it does not come with the source, so its tests are skipped without it."""
    folder = os.environ.get("PULLCORD_DATA_DIR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("set PULLCORD_DATA_DIR to the folder of public benchmark data")
    return Path(folder)


@pytest.fixture(scope="session")
def chromium(require: Require) -> str:
    """The path of a Chromium that can be driven."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    require(found, "install chromium")
    return str(found)


@pytest.fixture
def program_dir(tmp_path: Path) -> Path:
    """A private copy of the People's Car program, to be changed at will."""
    return Path(shutil.copytree(ROOT / "programs" / "peoples_car", tmp_path / "peoples_car"))
