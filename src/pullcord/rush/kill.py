"""The server is killed at random instants under load, over and over; afterwards nothing may be missing or too much."""

from __future__ import annotations

import time
from pathlib import Path

from pullcord.base import stream

from . import ledger_check
from .load import Reply, Told
from .ours import Shop
from .race import BODY, Row, Say, Server, Setting, begin_load, end_load, fsyncs_per_s, load_of, make_row, placed

LONGEST_S = 1.0  # from the load's first request to the kill, at most
SETTLE_S = 0.25  # what the generator needs to come up


def killed(setting: Setting, url: str, folder: Path, *, kills: int, seed: int, say: Say) -> Row:
    """The server under load, killed so many times; requests without a reply are sent again when it is back.

    There are fewer places than requests, so that some kills fall into the last of them.
    """
    chance = stream(seed, "bench.kills")
    program = setting.program
    fsyncs = fsyncs_per_s(folder)
    per_round = max(1, setting.requests // (kills + 1))
    places = (kills + 1) * per_round * 4 // 5
    shop = Shop(str(setting.folder), url, places, places, setting.requests)
    replies: list[Reply] = []
    open_requests: tuple[int, ...] = ()
    seconds, done, first = 0.0, 0, 0
    while done <= kills:
        say(f"kill {done} of {kills}")
        server = Server("ours", shop)
        load = load_of(setting, server, BODY, first=first, requests=per_round, again=open_requests)
        generator = begin_load(load)
        if done < kills:
            time.sleep(SETTLE_S + LONGEST_S * float(chance.random()))
            server.kill()
        told = end_load(generator)
        if done == kills:
            server.close()
        first += per_round
        done += 1
        replies += told.replies
        open_requests = (*told.unanswered, *told.unsent)
        seconds += told.seconds
    every = Told(seconds, tuple(replies), open_requests, ())
    found = ledger_check.look(program, url, placed(every.replies))
    note = f"killed {kills} times with SIGKILL under load, {places:,} places"
    return make_row("pullcord, SQLite, killed", every, fsyncs, None, found, note)
