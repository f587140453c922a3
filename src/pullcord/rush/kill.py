"""The server is killed at random instants under load, over and over; afterwards nothing may be missing or too much."""

from __future__ import annotations

import time
from pathlib import Path

from pullcord.app import projections
from pullcord.base import Corrupt, ProgramId, stream
from pullcord.store import verify

from . import ledger_check
from .load import Reply, Told
from .ours import Shop
from .race import BODY, Row, Say, Server, Setting, begin_load, end_load, fsyncs_per_s, load_of, make_row, placed

LONGEST_S = 1.0  # from the load's first request to the kill, at most


def killed(setting: Setting, url: str, folder: Path, *, kills: int, seed: int, say: Say) -> Row:
    """The server under load, killed so many times; requests without a reply are sent again when it is back.

    Each round has `setting.requests` of them open when it begins, more than can be answered before the kill. There are
    places for four fifths of what is asked for in the end, so that quotas run out too. Afterwards the whole ledger is
    replayed: its tables must be what its events make.
    """
    chance = stream(seed, "bench.kills")
    program = setting.program
    fsyncs = fsyncs_per_s(folder)
    replies: list[Reply] = []
    waiting: tuple[int, ...] = ()
    seconds, first = 0.0, 0
    places = setting.requests * 4 // 5
    for number in range(kills + 1):
        say(f"kill {number} of {kills}")
        server = Server("ours", Shop(str(setting.folder), url, places, places, setting.requests))
        more = max(0, setting.requests - len(waiting)) if number < kills else 0
        generator = begin_load(load_of(setting, server, BODY, first=first, requests=more, again=waiting))
        if number < kills:
            time.sleep(LONGEST_S * float(chance.random()))
            server.kill()
        told = end_load(generator)
        if number == kills:
            server.close()
        first += more
        replies += told.replies
        waiting = tuple(dict.fromkeys((*told.unanswered, *told.unsent)))
        seconds += told.seconds
    found = ledger_check.look(program, url, placed(tuple(replies)))
    say("replaying the ledger")
    whole = verify(url, ProgramId(program.program_id), projections())
    if not whole.ok:
        raise Corrupt(f"after {kills} kills: {whole.faults[0]}", "this must never happen: please report it")
    every = Told(seconds, tuple(replies), waiting, ())
    note = (
        f"killed {kills} times with SIGKILL, {places:,} places for {first:,} persons;"
        f" {whole.events:,} events rebuild every table"
    )
    return make_row("pullcord, SQLite, killed", every, fsyncs, None, None, found, note)
