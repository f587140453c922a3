"""`pullcord serve`: a program's shop and API on one port."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import JsonFlag, show, talk
from .house import Folder, LedgerOption, ledger_url, program_clock

if TYPE_CHECKING:
    from pullcord.server import Running


def serve(
    folder: Folder,
    ledger: LedgerOption = None,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is every interface.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes one that is free.")] = 8080,
    secure: Annotated[
        bool, typer.Option("--secure", help="It is reached over https: cookies say so, browsers are told to stay.")
    ] = False,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS_OR_NETWORK",
            help="A proxy that is believed when X-Forwarded-For says for whom it asks; may be repeated.",
        ),
    ] = None,
    no_limits: Annotated[bool, typer.Option("--no-limits", help="No rate limits: for load tests.")] = False,
    campaign: Annotated[
        list[str] | None, typer.Option(help="Open this campaign of the program, unless it is; may be repeated.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", help="Let the clock begin at this time; default now, or where the program stands."),
    ] = None,
    speed: Annotated[float, typer.Option(help="How fast the clock runs; 3600: an hour passes in a second.")] = 1.0,
    act: Annotated[
        bool, typer.Option("--act", help="Plants, suppliers and carriers act by themselves: to try things out.")
    ] = False,
    log: Annotated[bool, typer.Option("--log", help="A line for each request, on stderr.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Sell: the shop for people, the API for parties, on the embedded ledger or on PostgreSQL by --ledger.

    The shop is at http://HOST:PORT/, the API at /api/v1 (described in /api/v1/openapi.json), and /healthz, /readyz and
    /metrics are for those who watch. A party's key comes from `pullcord token issue`. Ctrl-C ends it; what was answered
    is kept.
    """
    from pullcord.base import SystemClock
    from pullcord.program import read_program
    from pullcord.server import SWEEP_EVERY_S, Address, Serving, serve
    from pullcord.settings import read_settings
    from pullcord.web import Options, proxy_network

    proxies = tuple(proxy_network(given) for given in proxy or ())
    program = read_program(folder)
    url = ledger_url(program, ledger)
    clock = program_clock(program, url, at, speed)
    settings = read_settings()
    options = Options(
        secure=secure,
        proxies=proxies,
        access_log=log,
        otlp_endpoint=settings.otlp_endpoint,
        metrics_token=settings.metrics_token,
        webhook_hosts=settings.webhook_hosts,
    )
    if no_limits:
        options = replace(options, rate_per_client=None, rate_per_party=None)
    if log:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def ready(found: Running) -> None:
        if as_json:
            show({"address": found.root, "program": program.program_id, "ledger": _shown(url)}, True, lambda _: None)
            sys.stdout.flush()
            return
        talk.print(f"{program.name} is on sale at {found.root}/", markup=False, soft_wrap=True)
        talk.print(f"API: {found.root}/api/v1/openapi.json   ledger: {_shown(url)}", markup=False, soft_wrap=True)
        talk.print(f"the clock says {clock.now():%Y-%m-%d %H:%M} UTC" + (f", {speed:g} times as fast" * (speed != 1)))
        talk.print("Ctrl-C ends it")

    serve(
        Serving(
            program,
            url,
            clock,
            Address(host, port),
            options,
            sweep_every_s=max(SWEEP_EVERY_S / speed, 0.5) if speed > 1 else SWEEP_EVERY_S,
            campaigns=tuple(campaign or ()),
            # Whoever signs in or holds a key lives in our days, however fast the program's go by.
            people_clock=SystemClock(),
            act=act,
        ),
        ready,
    )
    talk.print("closed: what was answered is kept")


def _shown(url: str) -> str:
    import sqlalchemy as sa

    parsed = sa.make_url(url)
    return str(Path(parsed.database)) if parsed.drivername == "sqlite" and parsed.database else repr(parsed)
