"""What every door over HTTP is given: the running program, the way to its ledger, accounts, clock and options."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pullcord.app import App
from pullcord.base import Clock

from .clients import Network
from .gateway import Gateway
from .limits import Rate
from .metrics import Metrics
from .tail import Tail

if TYPE_CHECKING:
    from pullcord.accounts import Accounts


PER_CLIENT = Rate(200, 400)
PER_PARTY = Rate(2_000, 4_000)


@dataclass(frozen=True, slots=True)
class Options:
    """How a server behaves; the defaults are those of one machine on the open internet."""

    secure: bool = False  # reached over https: cookies are Secure and browsers are told to stay on https
    body_bytes_max: int = 65_536
    rate_per_client: Rate | None = PER_CLIENT  # by network address; None: no limit
    rate_per_party: Rate | None = PER_PARTY
    proxies: tuple[Network, ...] = ()  # believed when they say in X-Forwarded-For for whom they ask
    token_seconds: float = 0.4  # how long a verified token is believed; with the accounts own 0.5 s, within a second
    access_log: bool = True
    metrics_token: str | None = None  # without one, /metrics answers this machine only
    otlp_endpoint: str | None = None  # where traces go; None: none are made
    heartbeat_s: float = 15.0  # of server-sent events
    events_kept: int = 10_000  # latest events in memory for all who follow; who falls further behind must resume
    send_seconds_max: float = 20.0  # a follower that takes longer to read is let go
    webhook_hosts: tuple[str, ...] = ()  # hosts that webhooks may reach although they are private or without https
    webhook_attempts_max: int = 10  # then the endpoint is disabled
    webhook_first_wait_s: float = 2.0  # doubles with every attempt
    webhook_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Context:
    """One running program behind HTTP. Made in the server's event loop, shared by the API and the shop."""

    app: App
    gateway: Gateway
    accounts: Accounts
    accounts_url: str  # the database of accounts, which also keeps webhooks
    clock: Clock
    options: Options = field(default_factory=Options)
    monotonic: Callable[[], float] = time.monotonic  # seconds; measures waits, names no moment
    metrics: Metrics = field(default_factory=Metrics)
    tail: Tail = field(init=False)  # the ledger's tail, read once for all who follow it
    background: list[Callable[[], AbstractAsyncContextManager[Any]]] = field(default_factory=list)  # runs with the app

    def __post_init__(self) -> None:
        object.__setattr__(self, "tail", Tail(self.app.ledger, self.options.events_kept))
        self.background.append(self.tail.running)
