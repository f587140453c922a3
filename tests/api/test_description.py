"""The OpenAPI document: true to what is served, and whole."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api_house import api_house
from pullcord import alliance


def described(folder: Path) -> dict[str, Any]:
    async def story() -> dict[str, Any]:
        async with api_house(folder) as asked:
            reply = await asked.client.get("/api/v1/openapi.json")
            assert reply.headers["content-type"] == "application/json"
            again = await asked.client.get("/api/v1/openapi.json", headers={"if-none-match": reply.headers["etag"]})
            assert again.status_code == 304
            found: dict[str, Any] = reply.json()
            return found

    return asyncio.run(story())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        for name, value in told.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(told, list):
        for value in told:
            yield from references(value)


def test_the_document_is_whole(tmp_path: Path) -> None:
    document = described(tmp_path)
    assert document["openapi"] == "3.1.0"
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names)) > 30
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found
    for path, method, operation in operations(document):
        assert {"400", "401", "403", "429", "500"} <= set(operation["responses"]), (method, path)
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"]


def test_every_command_needs_a_key_and_shows_an_example(tmp_path: Path) -> None:
    document = described(tmp_path)
    for path, method, operation in operations(document):
        if method == "post":
            (key,) = [p for p in operation["parameters"] if p["name"] == "Idempotency-Key"]
            assert key["required"], path
            assert {"409", "422"} <= set(operation["responses"]), path
    example = document["paths"]["/api/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert example["program"]["value"] == {
        "person_id": "p-0001",
        "variant_id": "white",
        "plan": "owned",
        "city_id": "shanghai",
    }


def test_every_right_of_a_party_has_its_command(tmp_path: Path) -> None:
    document = described(tmp_path)
    told = {operation["description"].rpartition("Scope: `")[2].rstrip("`.") for _, _, operation in operations(document)}
    given = {right for rights in alliance.RIGHTS.values() for right in rights}
    # What the house says to itself when it begins needs no door.
    assert given - told <= {"program.open"}
