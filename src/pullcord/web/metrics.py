"""What is counted of the server's work, for Prometheus to read."""

from __future__ import annotations

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from pullcord import orders
from pullcord.app import App

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one server; nothing in them names a person."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "pullcord_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "pullcord_request_seconds",
            "From the request's head to the end of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._commit = Histogram(
            "pullcord_command_seconds",
            "From a command's hand-over to its durable answer.",
            ("command",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.waiting = Gauge("pullcord_commands_waiting", "Commands not answered yet.", registry=self.registry)
        self.followers = Gauge("pullcord_event_followers", "Open streams of events.", registry=self.registry)
        self.webhooks = Counter(
            "pullcord_webhook_deliveries", "Webhooks sent, by how it ended.", ("ended",), registry=self.registry
        )
        self._head = Gauge("pullcord_ledger_head", "Seq of the last durable event.", registry=self.registry)
        self._orders = Gauge("pullcord_orders", "Orders by state.", ("state",), registry=self.registry)
        # Finding a child by its labels costs more than counting: each is looked up once.
        self._of_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._of_command: dict[str, Histogram] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (method, route, status)
        found = self._of_request.get(key)
        if found is None:
            found = self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)
            self._of_request[key] = found
        found[0].inc()
        found[1].observe(seconds)

    def command(self, name: str, seconds: float) -> None:
        """Count one answered command."""
        found = self._of_command.get(name)
        if found is None:
            found = self._of_command[name] = self._commit.labels(name)
        found.observe(seconds)

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
