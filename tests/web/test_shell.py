"""What every answer has and what no request gets past: headers, limits, ids, health, metrics, problems' pages."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from pathlib import Path

import pytest

from api_house import UNLIMITED, api_house
from pullcord.web import KINDS, Limiter, Options, Rate


class Moments:
    """A clock for waits that is moved by hand."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_a_bucket_lets_a_burst_through_and_then_a_steady_flow() -> None:
    clock = Moments()
    limiter = Limiter(Rate(per_s=2, burst=3), clock)
    assert [limiter.take("a") for _ in range(3)] == [0, 0, 0]
    assert limiter.take("a") == pytest.approx(0.5)
    assert limiter.take("b") == 0
    clock.s = 0.5
    assert limiter.take("a") == 0
    assert limiter.take("a") == pytest.approx(0.5)
    clock.s = 100
    assert [limiter.take("a") for _ in range(3)] == [0, 0, 0]  # a long rest fills it, and no more
    assert limiter.take("a") > 0


def test_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pullcord.web.limits.KNOWN_MAX", 10)
    clock = Moments()
    limiter = Limiter(Rate(per_s=1, burst=2), clock)
    for name in range(1_000):
        clock.s += 10
        assert limiter.take(name) == 0
    assert len(limiter._buckets) <= 10
    held = Limiter(Rate(per_s=1, burst=2), Moments())
    for name in range(1_000):
        assert held.take(name) == 0
    assert len(held._buckets) <= 10


def test_every_answer_is_guarded(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            ids = set()
            for path in ("/healthz", "/api/v1/program", "/api/v1/nowhere", "/nowhere", "/problems/conflict"):
                reply = await asked.client.get(path)
                assert reply.headers["x-content-type-options"] == "nosniff"
                policy = reply.headers["content-security-policy"]
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                if path.startswith("/api/"):
                    assert "default-src 'none'" in policy
                else:
                    assert "default-src 'self'" in policy
                    assert reply.headers["referrer-policy"]
                    assert reply.headers["permissions-policy"]
                assert "strict-transport-security" not in reply.headers
                ids.add(reply.headers["x-request-id"])
            assert len(ids) == 5

    asyncio.run(story())


def test_https_is_kept_once_it_is_there(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, dataclasses.replace(UNLIMITED, secure=True)) as asked:
            assert "max-age" in (await asked.client.get("/healthz")).headers["strict-transport-security"]

    asyncio.run(story())


def test_who_asks_too_often_is_told_to_wait(tmp_path: Path) -> None:
    async def story() -> None:
        options = Options(rate_per_client=Rate(0.001, 3), rate_per_party=None)
        async with api_house(tmp_path, options) as asked:
            replies = [await asked.get("/program") for _ in range(4)]
            assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
            assert replies[3].json()["type"] == "/problems/too-many-requests"
            assert int(replies[3].headers["retry-after"]) > 1
            assert (await asked.client.get("/healthz")).status_code == 200  # those who watch are let through

    asyncio.run(story())


def test_a_party_has_a_limit_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        options = Options(rate_per_client=None, rate_per_party=Rate(0.001, 2))
        async with api_house(tmp_path, options) as asked:
            assert [(await asked.get("/program")).status_code for _ in range(3)] == [200, 200, 429]
            assert (await asked.get("/program", "maker")).status_code == 200

    asyncio.run(story())


def test_health_and_readiness(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            assert (await asked.client.get("/healthz")).json() == {"status": "alive"}
            assert (await asked.client.get("/readyz")).json() == {
                "status": "ready",
                "head": asked.house.ledger.head(),
            }
            asked.house.ledger.close()
            gone = await asked.client.get("/readyz")
            assert gone.status_code == 503
            assert gone.json()["type"] == "/problems/unavailable"

    asyncio.run(story())


def test_metrics_count_requests_commands_and_orders(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            for person in range(3):
                await asked.reserve(f"p-{person}")
            await asked.get("/orders/o-nobody")
            text = (await asked.client.get("/metrics")).text
            assert 'pullcord_requests_total{method="POST",route="/api/v1/orders",status="201"} 3.0' in text
            assert 'route="/api/v1/orders/{order_id}",status="404"} 1.0' in text
            assert 'pullcord_orders{state="reserved"} 3.0' in text
            assert 'pullcord_command_seconds_count{command="orders.reserve"} 3.0' in text
            assert f"pullcord_ledger_head {float(asked.house.ledger.head())}" in text
            assert "p-0" not in text

    asyncio.run(story())


def test_metrics_are_not_for_everybody(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, dataclasses.replace(UNLIMITED, metrics_token="let-me-count")) as asked:
            assert (await asked.client.get("/metrics")).status_code == 401
            reply = await asked.client.get("/metrics", headers={"authorization": "Bearer let-me-count"})
            assert reply.status_code == 200
        async with api_house(tmp_path) as asked:
            # A proxy on this machine speaks for somebody else.
            reply = await asked.client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"})
            assert reply.status_code == 403

    asyncio.run(story())


def test_the_log_says_what_was_asked_and_keeps_quiet_about_whom(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        with caplog.at_level(logging.INFO, "pullcord.web.access"):
            async with api_house(tmp_path) as asked:
                await asked.get("/orders?person_id=p-private", cookie="session=private")
                await asked.get("/orders/o-private")
                token = asked.token("shop")
        lines = [record.getMessage() for record in caplog.records if record.name == "pullcord.web.access"]
        assert lines[0].startswith("GET /api/v1/orders 200 ")
        assert lines[1].startswith("GET /api/v1/orders/{order_id} 404 ")
        assert token not in caplog.text
        assert "private" not in " ".join(lines)

    asyncio.run(story())


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_problem_has_a_page(tmp_path: Path, code: str) -> None:
    from pullcord.web.problems import page

    shown = page(code)
    assert shown is not None
    assert KINDS[code].title in shown.replace("&#x27;", "'")
    assert "<style" not in shown
    assert "<script" not in shown


def test_a_problem_that_there_is_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            assert (await asked.client.get("/problems/conflict")).headers["content-type"].startswith("text/html")
            assert (await asked.client.get("/problems/none-such")).status_code == 404
            wrong = await asked.client.post("/healthz")
            assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")

    asyncio.run(story())


def test_no_token_and_wrong_tokens(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            for header in (None, "Bearer nonsense", "Basic dXNlcjp3b3Jk", "Bearer", f"Bearer pc_{'a' * 51}"):
                headers = {} if header is None else {"authorization": header}
                reply = await asked.client.get("/api/v1/program", headers=headers)
                assert reply.status_code == 401, header
                assert reply.json()["type"] == "/problems/unauthenticated"
                assert reply.headers["www-authenticate"].startswith('Bearer realm="pullcord"')

    asyncio.run(story())


def test_scopes_reach_as_far_as_they_say(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path) as asked:
            wish = {"person_id": "p-1", "variant_id": "white", "plan": "owned", "city_id": "chengdu"}

            async def reserve(*scopes: str) -> int:
                headers = {**asked.headers("shop", *scopes), "idempotency-key": "-".join(scopes)}
                return (await asked.client.post("/api/v1/orders", headers=headers, json=wish)).status_code

            assert await reserve("orders") == 201
            assert await reserve("orders.reserve") == 201
            assert await reserve("orders.lock", "read") == 403
            only_orders = asked.headers("shop", "orders")
            refused = await asked.client.get("/api/v1/program", headers=only_orders)
            assert refused.status_code == 403
            assert refused.json()["type"] == "/problems/insufficient-scope"
            assert 'scope="read"' in refused.headers["www-authenticate"]
            noted = [event for event in asked.house.events() if event.kind == "right.refused"]
            assert [event.body.command for event in noted] == ["orders.reserve", "read.getProgram"]

    asyncio.run(story())


def test_a_revoked_token_ends(tmp_path: Path) -> None:
    async def story() -> None:
        async with api_house(tmp_path, dataclasses.replace(UNLIMITED, token_seconds=0.0)) as asked:
            assert (await asked.get("/program", "maker")).status_code == 200
            (kept,) = [token for token in asked.context.accounts.tokens() if token.party_id == "maker"]
            asked.context.accounts.revoke_token(kept.token_id)
            assert (await asked.get("/program", "maker")).status_code == 401

    asyncio.run(story())


def test_traces_are_made_where_they_are_asked_for() -> None:
    exporters = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    from pullcord.web import tracer

    seen = exporters.InMemorySpanExporter()
    made = tracer("http://127.0.0.1:4318", seen)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    scope = {"type": "http", "method": "GET", "headers": [(b"traceparent", parent.encode())]}
    with made.request(scope) as span:
        span.ended("/api/v1/orders", 200)
    (told,) = seen.get_finished_spans()
    assert told.name == "/api/v1/orders"
    assert told.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/v1/orders",
        "http.response.status_code": 200,
    }
    assert f"{told.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert told.resource.attributes["service.name"] == "pullcord"
