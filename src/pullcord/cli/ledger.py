"""`pullcord ledger`: prove a ledger whole, make its tables anew, and read what it says."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from pullcord.base import Corrupt, InvalidInput, NotFound, ProgramId

from .console import JsonFlag, show, talk

if TYPE_CHECKING:
    from pullcord.store import Event, LedgerReader, Progress, Rebuilt, Verification

app = typer.Typer(
    help="The event ledger: prove it whole, make its tables anew, read it, follow it.", no_args_is_help=True
)

BODY_WIDTH = 160  # characters

Place = Annotated[str, typer.Argument(metavar="URL_OR_PATH", help="A SQLite file, or postgresql+psycopg://…")]
ProgramOption = Annotated[str | None, typer.Option("--program", help="Which program, where there are several.")]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", help="Only this kind, such as order.quoted; repeatable.")
]
StreamOption = Annotated[str | None, typer.Option("--stream", help="Only this stream, such as order/A17.")]


@app.command()
def verify(place: Place, program: ProgramOption = None, as_json: JsonFlag = False) -> None:
    """Replay every event into a fresh database and compare each table's digest. Exit status 5 when anything differs."""
    from pullcord import store
    from pullcord.app import projections

    with _replaying(then="comparing the tables") as progress:
        found = store.verify(place, _program(place, program), projections(), progress)
    show(
        {
            "program_id": found.program_id,
            "ok": found.ok,
            "events": found.events,
            "tables": {
                name: {"rows": rows, "digest": digest, "rebuilt": rebuilt}
                for name, (rows, digest, rebuilt) in found.tables.items()
            },
            "faults": [
                {"seq": fault.seq, "stream": fault.stream, "kind": fault.kind, "what": fault.what}
                for fault in found.faults
            ],
        },
        as_json,
        lambda console: _draw_verification(console, found),
    )
    if not found.ok:
        first, *others = (str(fault) for fault in found.faults)
        raise Corrupt(
            f"`{_shown(place)}` does not hold together: {first}" + "".join(f"\n  {other}" for other in others),
            "where only tables differ, `pullcord ledger rebuild` makes them anew; events must come from a copy",
        )


def _shown(place: str) -> str:
    """The ledger's name without the password that an address may carry."""
    import sqlalchemy as sa

    return sa.make_url(place).render_as_string(hide_password=True) if "://" in place else place


def _draw_verification(console: Console, found: Verification) -> None:
    table = Table("table", "rows", "digest", "rebuilt", title=f"program {found.program_id}: {found.events:,} events")
    table.columns[1].justify = "right"
    for name, (rows, digest, rebuilt) in found.tables.items():
        table.add_row(name, f"{rows:,}", digest[:16], "same" if digest == rebuilt else f"[red]{rebuilt[:16]}[/red]")
    console.print(table)
    if found.ok:
        console.print(f"whole: {found.events:,} events rebuild all {len(found.tables)} tables identically")


@app.command()
def rebuild(place: Place, program: ProgramOption = None, as_json: JsonFlag = False) -> None:
    """Check every event and fill the tables anew from them, in one transaction: wholly, or not at all."""
    from pullcord import store
    from pullcord.app import projections

    try:
        with _replaying(then="writing the tables") as progress:
            done = store.rebuild(place, _program(place, program), projections(), progress)
    except KeyboardInterrupt:
        talk.print("interrupted: a rebuild happens wholly or not at all")
        raise SystemExit(130) from None
    show(
        {
            "program_id": done.program_id,
            "events": done.events,
            "tables": done.tables,
            "remade": done.remade,
            "others": done.others,
        },
        as_json,
        lambda console: _draw_rebuilt(console, done),
    )


def _draw_rebuilt(console: Console, done: Rebuilt) -> None:
    table = Table("table", "rows", title=f"program {done.program_id}")
    table.columns[1].justify = "right"
    for name, rows in done.tables.items():
        table.add_row(name, f"{rows:,}")
    console.print(table)
    if done.remade:
        console.print(f"remade, as their form had changed: {', '.join(done.remade)}", soft_wrap=True)
    console.print(f"rebuilt: {done.events:,} events fill {len(done.tables)} tables anew")
    if done.others:
        names = ", ".join(done.others)
        console.print(f"rebuild {names} too: the rows lay in tables that were remade", soft_wrap=True)


@contextmanager
def _replaying(then: str) -> Iterator[Progress]:
    """What a replay tells how far it is, and what it does next; drawn as a bar on stderr."""
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=talk,
        transient=True,
        disable=not talk.is_terminal,
    ) as bar:
        task = bar.add_task("opening", total=None)

        def tell(done: int, total: int) -> None:
            said = f"replaying {total:,} events" if done < total else then
            bar.update(task, description=said, completed=done, total=total)

        yield tell


@app.command(name="show")
def show_events(
    place: Place,
    program: ProgramOption = None,
    kind: KindOption = None,
    stream: StreamOption = None,
    last: Annotated[int, typer.Option("--last", min=1, help="How many, counted from the end.")] = 20,
    as_json: JsonFlag = False,
) -> None:
    """The last events, those of some kinds or of one stream."""
    with _reader(place, program) as reader:
        after = 0 if kind or stream else max(0, reader.head() - last)
        found = deque(reader.events(after, kinds=_classes(kind), stream=stream), maxlen=last)
    show({"events": list(found)}, as_json, lambda console: _draw_events(console, found))


@app.command()
def tail(
    place: Place,
    program: ProgramOption = None,
    kind: KindOption = None,
    stream: StreamOption = None,
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Begin behind this event, not at the end.")
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Follow the events as they are recorded, one line each, until interrupted."""
    console = Console(highlight=False)
    classes = _classes(kind)
    with _reader(place, program) as reader:
        start = reader.head() if after is None else after
        for event in reader.tail(start, stop=threading.Event()):
            if (classes is None or type(event.body) in classes) and stream in (None, event.stream):
                if as_json:
                    sys.stdout.write(msgspec.json.encode(event).decode() + "\n")
                    sys.stdout.flush()
                else:
                    _draw_events(console, [event])
                if count is not None:
                    count -= 1
                    if count == 0:
                        return


def _program(place: str, named: str | None) -> ProgramId:
    from pullcord.store import programs

    there = programs(place)
    if named is not None:
        if named not in there:
            raise NotFound(f"`{_shown(place)}` holds no program `{named}`", f"it holds {', '.join(there) or 'none'}")
        return ProgramId(named)
    if not there:
        raise NotFound(f"`{_shown(place)}` holds no program", "no ledger has been opened in it yet")
    if len(there) > 1:
        raise InvalidInput(f"`{_shown(place)}` holds several programs", f"choose with --program: {', '.join(there)}")
    return there[0]


@contextmanager
def _reader(place: str, named: str | None) -> Iterator[LedgerReader]:
    from pullcord.app import projections  # whose rooms make the kinds known
    from pullcord.store import open_reader

    projections()
    with open_reader(place, _program(place, named), ()) as reader:  # events can be read where tables are stale
        yield reader


def _classes(kinds: list[str] | None) -> list[type] | None:
    from pullcord.app import projections  # whose rooms make the kinds known
    from pullcord.store import event_class

    projections()
    return [event_class(kind) for kind in kinds] if kinds else None


def _draw_events(console: Console, events: Iterable[Event[Any]]) -> None:
    for event in events:
        console.print(_line(event), markup=False, soft_wrap=True)


def _line(event: Event[Any]) -> str:
    """The event in one line: place in the ledger, cause, instant, stream, and as much of the body as is readable."""
    body = msgspec.json.encode(event.body).decode()
    if len(body) > BODY_WIDTH:
        body = body[: BODY_WIDTH - 1] + "…"
    cause = "" if event.cause is None else f" <- {event.cause}"
    at = f"{event.recorded_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{event.seq}{cause} {at} {event.party} {event.kind} {event.stream} v{event.version} {body}"
