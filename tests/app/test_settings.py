"""What the environment may set, and what of it is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullcord.base import InvalidInput
from pullcord.settings import Settings, read_settings


def test_without_an_environment_everything_is_at_hand() -> None:
    assert read_settings({}) == Settings(None)
    assert read_settings({"PULLCORD_DATABASE_URL": ""}) == Settings(None)


def test_the_variable_is_read() -> None:
    url = "postgresql+psycopg://me@host/cars"
    assert read_settings({"PULLCORD_DATABASE_URL": url, "PULLCORD_ELSE": "x"}) == Settings(url)


@pytest.mark.parametrize("url", ["mysql://host/cars", "ledger.db", "sqlite://"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="PULLCORD_DATABASE_URL") as refused:
        read_settings({"PULLCORD_DATABASE_URL": url})
    assert refused.value.hint is not None
    assert "sqlite:///path/to/ledger.db" in refused.value.hint


def test_the_folders_of_data_and_of_what_is_fetched_are_read(tmp_path: Path) -> None:
    new = tmp_path / "new"
    found = read_settings({"PULLCORD_DATA_DIR": str(tmp_path), "PULLCORD_CACHE_DIR": str(new)})
    assert found == Settings(None, tmp_path, new)
    assert not new.exists()
    assert read_settings({"PULLCORD_DATA_DIR": "", "PULLCORD_CACHE_DIR": ""}) == Settings()


@pytest.mark.parametrize("name", ["PULLCORD_DATA_DIR", "PULLCORD_CACHE_DIR"])
def test_a_file_is_no_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(InvalidInput, match=f"{name} names .*, which is no folder"):
        read_settings({name: str(tmp_path / "data")})


def test_a_data_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="PULLCORD_DATA_DIR"):
        read_settings({"PULLCORD_DATA_DIR": str(tmp_path / "gone")})


def test_what_a_server_may_open_is_read() -> None:
    found = read_settings(
        {
            "PULLCORD_METRICS_TOKEN": "sixteen-or-more-of-them",
            "PULLCORD_WEBHOOK_HOSTS": "erp.plant.internal, 10.0.0.7",
            "PULLCORD_OTLP_ENDPOINT": "http://localhost:4318",
        }
    )
    assert found.metrics_token == "sixteen-or-more-of-them"
    assert found.webhook_hosts == ("erp.plant.internal", "10.0.0.7")
    assert found.otlp_endpoint == "http://localhost:4318"
    assert "sixteen" not in repr(found)
    with pytest.raises(InvalidInput, match="PULLCORD_METRICS_TOKEN can be guessed"):
        read_settings({"PULLCORD_METRICS_TOKEN": "short"})
