"""The API tried against its own description: what fits it is taken, what does not is refused, and as it says."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.python.asgi import shutdown_lifespans

from api_house import ApiHouse, api_house

EXAMPLES = 6  # by chance, of each operation, besides those that stand for every rule of its description
WHOSE = {"plants": "maker", "parts": "maker", "suppliers": "maker", "requirements": "maker", "vehicles": "carrier"}
KEY = re.compile(rb"[!-~]{1,200}")


class Opened:
    """The house, opened in whatever loop serves it. Each address is asked by the party whose work it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = count()
        self.house: ApiHouse | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self.house is not None
        scope["headers"] = [(name, self._mended(scope["path"], name, value)) for name, value in scope["headers"]]
        if scope["path"] == "/api/v1/events":  # a stream that goes on would have the test wait for it
            asked = scope["query_string"].replace(b"follow=true", b"follow=false")
            scope["query_string"] = (
                asked if b"follow=" in asked else b"&".join([*filter(None, [asked]), b"follow=false"])
            )
        await self.house.app(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        async with AsyncExitStack() as stack:
            await receive()
            self.house = await stack.enter_async_context(api_house(self._folder))
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def _mended(self, path: str, name: bytes, value: bytes) -> bytes:
        assert self.house is not None
        if name == b"idempotency-key" and KEY.fullmatch(value):
            return value + b"-%d" % next(self._keys)  # chance likes to repeat itself
        room = path.removeprefix("/api/v1/").partition("/")[0]
        if value.decode("latin-1") == f"Bearer {self.house.token('shop')}" and room in WHOSE:
            return f"Bearer {self.house.token(WHOSE[room])}".encode()
        return value


def test_the_api_is_what_it_says(tmp_path: Path) -> None:
    opened = Opened(tmp_path)
    try:
        failures, tried = _tried(opened)
    finally:
        shutdown_lifespans()
    assert not failures, "\n\n".join(failures)
    assert tried > 1_000


def _tried(opened: Opened) -> tuple[list[str], int]:
    config = SchemathesisConfig(seed=1)
    described = schemathesis.openapi.from_asgi("/api/v1/openapi.json", opened, config=config)
    assert opened.house is not None
    # A name that stands for nothing is told by 404, what came too late by 409; what only the house can know to be
    # unusable, such as a day that has no week in the plan, by 422.
    accepted = ["2xx", "304", "403", "404", "409", "422"]
    config.projects.default.update(headers=opened.house.headers("shop"))
    project = config.projects.default
    project.checks.positive_data_acceptance.expected_statuses = accepted
    project.generation.max_examples = EXAMPLES
    project.generation.deterministic = True
    project.phases.stateful.enabled = False
    failures: list[str] = []
    seen: Counter[str] = Counter()
    for event in from_schema(described).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(f"{event}")
        if not isinstance(event, events.ScenarioFinished):
            continue
        seen["cases"] += len(event.recorder.interactions)
        if event.status not in (Status.FAILURE, Status.ERROR):
            continue
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.failure_info is not None:
                    failures.append(
                        f"{event.label} {check.name}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                    )
    return failures, seen["cases"]
