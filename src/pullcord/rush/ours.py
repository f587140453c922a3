"""The real server, as `pullcord serve` runs it, for a rush on a campaign of the bench's own.

It reads a `Shop` as JSON from the first line of stdin, answers with a `Ready` on stdout, and ends when stdin does, or
when it is killed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any

import msgspec

from pullcord.app import read_app
from pullcord.base import CampaignId, Clock, Money, PartyId, PullcordError, RunningClock
from pullcord.campaigns import ANY, CampaignTerms, Quota, Refundable
from pullcord.program import Program, read_program
from pullcord.server import Address, Serving, run, running
from pullcord.store import Ledger
from pullcord.web import Options

CAMPAIGN = CampaignId("rush")
SCOPES = ("campaigns", "read")


@dataclass(frozen=True, slots=True)
class Shop:
    """What is sold: so many places in all, and of each variant."""

    folder: str
    url: str
    places: int
    places_each: int
    queue_max: int
    commit_ms_more: float = 0.0  # added to each commit


@dataclass(frozen=True, slots=True)
class Ready:
    """Where the server listens, and a key of the platform."""

    port: int
    token: str


def terms(program: Program, shop: Shop) -> CampaignTerms:
    """A campaign that is open from the program's first day on."""
    opens = morning(program)
    quotas = [Quota(ANY, ANY, shop.places)]
    quotas += [Quota(variant.variant_id, ANY, shop.places_each) for variant in program.variants]
    return CampaignTerms(
        CAMPAIGN,
        "Rush",
        "抢购",
        opens - timedelta(hours=1),
        opens + timedelta(days=30),
        Money(program.policies.deposit.minor, program.currency),
        Refundable.LOCK,
        shop.queue_max,
        24,
        tuple(quotas),
    )


def morning(program: Program) -> datetime:
    """When the program's time begins."""
    return datetime.combine(program.starts_on, clock_time(4), UTC)


def clock_of(program: Program, url: str) -> Clock:
    """A clock that goes on where the ledger, if there is one, has come to."""
    start = morning(program)
    with suppress(PullcordError), read_app(program, url) as kept:
        for event in kept.events(kept.head() - 1):
            start = max(start, event.recorded_at)
    return RunningClock(start)


def open_rush(ledger: Ledger, desk: Any, campaign: CampaignTerms) -> None:
    """Open the campaign, unless it is."""
    (answer,) = ledger.execute_many([desk.open_campaign(campaign)])
    if isinstance(answer, PullcordError):
        raise answer


class SlowCommits:
    """The writer's cursor on a disk that takes longer."""

    def __init__(self, cursor: Any, seconds: float) -> None:
        self._cursor = cursor
        self._seconds = seconds
        self.execute_at_once = cursor.execute

    def execute(self, text: str, *values: Any) -> Any:
        if text == "COMMIT":
            time.sleep(self._seconds)
        return self.execute_at_once(text, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


async def serve(shop: Shop) -> None:
    """Serve until stdin ends."""
    program = read_program(Path(shop.folder))
    options = Options(rate_per_client=None, rate_per_party=None, access_log=False)
    clock = clock_of(program, shop.url)
    async with running(Serving(program, shop.url, clock, Address(port=0), options)) as found:
        app = found.context.app
        open_rush(app.ledger, app.desk, terms(program, shop))
        if shop.commit_ms_more:
            writer: Any = app.ledger._writer
            writer._cursor = SlowCommits(writer._cursor, shop.commit_ms_more / 1000)
        issued = found.context.accounts.issue_token(
            PartyId(app.desk.house.seller.party_id), SCOPES, timedelta(days=1), by="bench"
        )
        sys.stdout.buffer.write(msgspec.json.encode(Ready(found.port, issued.plain)) + b"\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)


def main() -> None:
    """Read what is sold, and sell it."""
    run(serve(msgspec.json.decode(sys.stdin.buffer.readline(), type=Shop)))
