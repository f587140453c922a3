"""Opening a running program for one command: its folder, its ledger, its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pullcord.base import Clock, FixedClock, Forbidden, InvalidInput, PullcordError, RunningClock, SystemClock

if TYPE_CHECKING:
    from pullcord.app import App
    from pullcord.program import Program
    from pullcord.store import Command, LedgerReader

SQLITE = "sqlite:"
YEARS = range(1900, 2200)  # as in a program's tables

Folder = Annotated[Path, typer.Argument(help="The program's folder.")]
LedgerOption = Annotated[
    str | None,
    typer.Option("--ledger", help="SQLite file or URL; default PULLCORD_DATABASE_URL, else out/PROGRAM/live.db."),
]
AtOption = Annotated[
    str | None, typer.Option("--at", help="Act at this time, such as 2025-11-09T09:00+08:00; default now.")
]
PartyOption = Annotated[str | None, typer.Option("--party", help="Who gives the command; default whose job it is.")]


@contextmanager
def open_house(folder: Path, ledger: str | None, at: str | None) -> Iterator[App]:
    """The running program; a ledger that does not exist yet is begun."""
    import sqlalchemy as sa

    from pullcord.app import open_app
    from pullcord.program import read_program

    program = read_program(folder)
    clock = clock_at(at)
    url = ledger_url(program, ledger)
    if url.startswith(SQLITE) and (file := sa.make_url(url).database):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    with open_app(program, url, clock) as app:
        _refuse_past(app)
        try:
            yield app
        except Forbidden as refused:
            if refused.attempt is not None:
                give(app, app.desk.note_refusal(refused.attempt))
            raise


@contextmanager
def read_house(folder: Path, ledger: str | None) -> Iterator[tuple[Program, LedgerReader]]:
    """A program and what its ledger says, also while another process writes there; nothing is begun or changed."""
    from pullcord.app import read_app
    from pullcord.program import read_program

    program = read_program(folder)
    with read_app(program, ledger_url(program, ledger)) as reader:
        yield program, reader


def clock_at(at: str | None) -> Clock:
    """A clock that stands at the time given, or the system's."""
    return SystemClock() if at is None else FixedClock(_instant(at))


def program_clock(program: Program, url: str, at: str | None, speed: float) -> Clock:
    """The clock of a server. Where nothing else is said it shows the true time, while the program's horizon lasts;
    for a program that is over, it goes on from the ledger's last event, or from the program's first morning."""
    from pullcord.app import read_app

    if at is not None:
        return RunningClock(_instant(at), speed)
    now = SystemClock().now()
    first = datetime.combine(program.starts_on, time(9), UTC) - timedelta(hours=program.utc_offset_hours)
    if now < first + timedelta(weeks=program.horizon_weeks) and speed == 1:
        return SystemClock()
    start = first
    with suppress(PullcordError), read_app(program, url) as kept:
        for event in kept.events(kept.head() - 1):
            start = max(first, event.recorded_at)
    return RunningClock(start, speed)


def ledger_url(program: Program, ledger: str | None) -> str:
    """Where a program's ledger is: as asked for, else as the environment says, else in `out`."""
    import sqlalchemy as sa

    from pullcord.settings import read_settings

    url = ledger or read_settings().database_url or str(Path("out") / program.program_id / "live.db")
    return url if "://" in url else sa.URL.create("sqlite", database=url).render_as_string()


def _refuse_past(app: App) -> None:
    """No command is given at a time before what the ledger already tells."""
    now = app.clock.now()
    for event in app.ledger.events(app.ledger.head() - 1):
        if now < event.recorded_at:
            raise InvalidInput(
                f"the ledger's last event is of {event.recorded_at.isoformat()}, later than {now.isoformat()}",
                "give a later time with --at",
            )


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"`{text}` is no time", "write it as 2025-11-09T09:00+08:00") from None
    if at.year not in YEARS:
        raise InvalidInput(f"the time `{text}` lies in the year {at.year}", f"give one of {YEARS[0]} to {YEARS[-1]}")
    if at.tzinfo is None:
        raise InvalidInput(f"the time `{text}` names no time zone", "append Z or an offset such as +08:00")
    return at


def give(app: App, command: Command[Any]) -> Any:
    """The answer to a command, or its failure raised."""
    (answer,) = app.ledger.execute_many([command])
    if isinstance(answer, PullcordError):
        raise answer
    return answer
