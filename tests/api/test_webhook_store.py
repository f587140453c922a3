"""What is kept of webhooks: the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pullcord.api.webhooks.model import Delivery, Endpoint, Kept, new_secret
from pullcord.api.webhooks.store import KEPT_DELIVERIES, WebhookStore

AT = datetime(2025, 11, 9, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WebhookStore]:
    url = f"sqlite:///{tmp_path / 'people.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_schema")
    opened = WebhookStore(url, "p")
    yield opened
    opened.close()


def kept(endpoint_id: str, party: str = "shop", **change: object) -> Kept:
    endpoint = Endpoint(endpoint_id, "https://partner.example/", ("order.locked",), True, None, 7, 0, AT)
    return Kept(endpoint, party, new_secret(), "request")


def test_an_endpoint_is_kept_once(store: WebhookStore) -> None:
    first = kept("w-1")
    assert store.add(first) is first
    again = store.add(kept("w-1"))
    assert again == first  # with the secret of the first
    assert store.find("w-1", "shop") == first
    assert store.find("w-1", "maker") is None
    assert store.all("maker") == []


def test_changes_and_removal(store: WebhookStore) -> None:
    store.add(kept("w-1"))
    store.add(kept("w-2"))
    store.change("w-1", enabled=False, note="why", cursor=9)
    found = store.find("w-1")
    assert found is not None
    assert (found.endpoint.enabled, found.endpoint.note, found.endpoint.cursor) == (False, "why", 9)
    store.remove("w-1")
    assert [k.endpoint.endpoint_id for k in store.all()] == ["w-2"]


def test_the_latest_deliveries_stay(store: WebhookStore) -> None:
    store.add(kept("w-1"))
    for number in range(3 * KEPT_DELIVERIES):
        at = AT + timedelta(seconds=number)
        store.note("w-1", Delivery(f"m-{number}", number, "order.locked", at, 1, 204, None, True), cursor=number)
    told = store.deliveries("w-1")
    assert [delivery.seq for delivery in told] == list(range(3 * KEPT_DELIVERIES - 1, 2 * KEPT_DELIVERIES - 1, -1))
    assert told[0].at == AT + timedelta(seconds=3 * KEPT_DELIVERIES - 1)
    found = store.find("w-1")
    assert found is not None
    assert found.endpoint.cursor == 3 * KEPT_DELIVERIES - 1


def test_a_secret_is_of_the_standards_form() -> None:
    import base64

    secret = new_secret()
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    assert new_secret() != secret
