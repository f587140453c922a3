"""How fast the same reservations are without HTTP: what the ledger alone can carry."""

from __future__ import annotations

import time
from pathlib import Path

from pullcord.app import open_app
from pullcord.base import PullcordError

from . import ledger_check
from .load import Reply, Told, order_id
from .ours import CAMPAIGN, Shop, clock_of, open_rush, terms
from .race import CITIES, Row, Setting, Stolen, fsyncs_per_s, make_row, placed


def in_process(setting: Setting, url: str, folder: Path) -> Row:
    """As many reservations at once as there would be connections, handed to the ledger by one caller."""
    program = setting.program
    fsyncs = fsyncs_per_s(folder)
    variants = [variant.variant_id for variant in program.variants]
    cities = [city.city_id for city in program.cities if city.invoice][:CITIES]
    replies = []
    with open_app(program, url, clock_of(program, url)) as app:
        desk = app.desk
        open_rush(
            app.ledger, desk, terms(program, Shop(str(setting.folder), url, setting.requests, setting.requests, 0))
        )
        stolen = Stolen()
        began = time.perf_counter()
        for first in range(0, setting.requests, setting.connections):
            numbers = range(first, min(first + setting.connections, setting.requests))
            sent = time.perf_counter()
            answers = app.ledger.execute_many(
                [
                    desk.reserve_in_campaign(
                        order_id(number),
                        f"p-{number}",
                        variants[number % len(variants)],
                        program.plans[0],
                        cities[number // len(variants) % len(cities)],
                        CAMPAIGN,
                    )
                    for number in numbers
                ]
            )
            ms = 1000 * (time.perf_counter() - sent)
            for number, answer in zip(numbers, answers, strict=True):
                if isinstance(answer, PullcordError):
                    raise answer
                replies.append(Reply(number, 201, ms, answer.state == "reserved"))
        seconds = time.perf_counter() - began
    told = Told(seconds, tuple(replies), (), ())
    found = ledger_check.look(program, url, placed(told.replies))
    return make_row(
        "pullcord, SQLite, without HTTP", told, fsyncs, None, stolen.share(), found, "the ledger's ceiling, one caller"
    )
