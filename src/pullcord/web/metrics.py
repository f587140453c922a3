"""What is counted of the server's work, for Prometheus to read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.utils import floatToGoString

from pullcord import orders
from pullcord.app import App

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Timings:
    """Counts of durations by label values; told to Prometheus when it asks.

    The client library's own histogram takes a lock and walks all buckets for each duration, which shows where
    thousands are counted in a second. All of these are counted in one thread, the event loop's.
    """

    def __init__(self, registry: CollectorRegistry, name: str, told: str, labels: tuple[str, ...]) -> None:
        self._name, self._told, self._labels = name, told, labels
        self._found: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}
        registry.register(self)

    def count(self, labels: tuple[str, ...], seconds: float) -> None:
        """One more duration."""
        found = self._found.get(labels)
        if found is None:
            found = self._found[labels] = ([0] * (len(_SECONDS) + 1), [0.0])
        found[0][bisect_left(_SECONDS, seconds)] += 1
        found[1][0] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What was counted, as Prometheus' client asks for it."""
        family = HistogramMetricFamily(self._name, self._told, labels=self._labels)
        for labels, (counts, total) in list(self._found.items()):
            reached, buckets = 0, []
            for bound, count in zip((*map(floatToGoString, _SECONDS), "+Inf"), counts, strict=True):
                reached += count
                buckets.append((bound, reached))
            family.add_metric(labels, buckets, total[0])
        yield family


class Requests(Timings):
    """Durations of requests, and how they ended."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended: dict[tuple[str, str, int], int] = {}
        super().__init__(
            registry,
            "pullcord_request_seconds",
            "From the request's head to the end of its answer.",
            ("method", "route"),
        )

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """One more answered request."""
        key = (method, route, status)
        self._ended[key] = self._ended.get(key, 0) + 1
        self.count((method, route), seconds)

    def collect(self) -> Iterator[Any]:
        yield from super().collect()
        family = CounterMetricFamily("pullcord_requests", "Requests answered.", labels=("method", "route", "status"))
        for (method, route, status), count in list(self._ended.items()):
            family.add_metric((method, route, str(status)), count)
        yield family


class Metrics:
    """Counters of one server; nothing in them names a person."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Requests(self.registry)
        self._commands = Timings(
            self.registry, "pullcord_command_seconds", "From a command's hand-over to its durable answer.", ("command",)
        )
        self.waiting = Gauge("pullcord_commands_waiting", "Commands not answered yet.", registry=self.registry)
        self.followers = Gauge("pullcord_event_followers", "Open streams of events.", registry=self.registry)
        self.webhooks = Counter(
            "pullcord_webhook_deliveries", "Webhooks sent, by how it ended.", ("ended",), registry=self.registry
        )
        self._head = Gauge("pullcord_ledger_head", "Seq of the last durable event.", registry=self.registry)
        self._orders = Gauge("pullcord_orders", "Orders by state.", ("state",), registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.ended(method, route, status, seconds)

    def command(self, name: str, seconds: float) -> None:
        """Count one answered command."""
        self._commands.count((name,), seconds)

    def page(self, app: App) -> bytes:
        """All of it as text, with the ledger's state of this moment. Reads the ledger."""
        self._head.set(app.ledger.head())
        table = orders.ORDER.sql
        with app.ledger.reader() as reader:
            found = reader.query(
                sa.select(table.c.state, sa.func.count())
                .where(table.c.program_id == reader.program_id)
                .group_by(table.c.state)
            )
        counts = {state: int(count) for state, count in (tuple(row) for row in found)}
        for state in orders.State:
            self._orders.labels(state.value).set(counts.get(state, 0))
        return generate_latest(self.registry)
