"""What the environment may set, and what of it is refused by name."""

from __future__ import annotations

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
