"""Whether the server lives, whether it is ready, what it counted, and what its problems mean."""

from __future__ import annotations

import asyncio
import ipaddress

from pullcord.base import PullcordError, same_secret

from .context import Context
from .metrics import CONTENT_TYPE
from .problems import HttpProblem, page, problem
from .reply import Reply, Scope, request_headers

_JSON = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


async def healthz(context: Context) -> Reply:
    """The process answers."""
    return Reply(200, _JSON, b'{"status":"alive"}')


async def readyz(context: Context) -> Reply:
    """The ledger can be read and its writer takes commands."""

    def look() -> None:
        with context.app.ledger.reader():
            pass

    try:
        await asyncio.to_thread(look)
        answered: asyncio.Future[list[object]] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        context.app.ledger.submit([], lambda told: loop.call_soon_threadsafe(_set, answered, told))
        await asyncio.wait_for(answered, 5.0)
    except (PullcordError, TimeoutError) as failure:
        return problem("unavailable", str(failure) or "The ledger's writer does not answer.", instance="/readyz")
    return Reply(200, _JSON, b'{"status":"ready","head":%d}' % context.app.ledger.head())


def _set(answered: asyncio.Future[list[object]], told: list[object]) -> None:
    if not answered.done():
        answered.set_result(told)


async def metrics_page(context: Context, scope: Scope) -> Reply:
    """Everything counted, for Prometheus: to this machine, or to whoever has the token."""
    token = context.options.metrics_token
    if token is not None:
        given = request_headers(scope).get(b"authorization", b"")
        if not same_secret(given, b"Bearer " + token.encode()):
            raise HttpProblem(
                "unauthenticated",
                "The counts are for those who hold the token.",
                headers=[(b"www-authenticate", b'Bearer realm="pullcord metrics"')],
            )
    elif not _is_local(scope):
        raise HttpProblem(
            "forbidden", "The counts are for this machine alone.", "set PULLCORD_METRICS_TOKEN to read them from afar"
        )
    text = await asyncio.to_thread(context.metrics.page, context.app)
    return Reply(200, [(b"content-type", CONTENT_TYPE.encode())], text)


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    if b"x-forwarded-for" in request_headers(scope) or b"forwarded" in request_headers(scope):
        return False  # somebody else asks, through a proxy on this machine
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


async def problem_page(code: str) -> Reply:
    """What a kind of problem means and what to do."""
    found = page(code)
    if found is None:
        raise HttpProblem("not-found", f"no problem is called `{code}`")
    return Reply(
        200,
        [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"public, max-age=86400")],
        found.encode(),
    )
