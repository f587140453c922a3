"""`pullcord bench orders`: a rush over HTTP, our server beside other arrangements; killed at random on request."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from pullcord.base import InvalidInput

from .console import JsonFlag, show, talk

if TYPE_CHECKING:
    from pullcord.rush import Row, Setting

YU7_REQUESTS = 289_000  # Xiaomi YU7, orders in the first hour of 2025-06-26 (reported by the maker)
YU7_PLACES = 20_000  # a quota of our own: nobody published one

ARRANGEMENTS = {
    "ours": "pullcord, SQLite",
    "ours-slow": "pullcord, SQLite, 1 ms more each commit",
    "ours-postgresql": "pullcord, PostgreSQL",
    "ceiling": "pullcord, SQLite, without HTTP",
    "bare": "bare group commit, SQLite",
    "naive": "one transaction per request, SQLite",
    "naive-slow": "one transaction per request, SQLite, 1 ms more each commit",
    "row-locks": "row locks, PostgreSQL",
    "yu7": "pullcord, SQLite, Xiaomi YU7's first hour",
}


def orders(
    as_json: JsonFlag = False,
    kill: Annotated[bool, typer.Option("--kill", help="Kill the server under load, and look what is left.")] = False,
    kills: Annotated[int, typer.Option(min=1, help="How many times, with --kill.")] = 20,
    requests: Annotated[int, typer.Option(min=100, help="Orders asked for, in each arrangement.")] = 60_000,
    connections: Annotated[int, typer.Option(min=1, max=512, help="Connections at a time.")] = 64,
    arrangement: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(ARRANGEMENTS)}; may be repeated. Default: all.")
    ] = None,
    postgresql: Annotated[
        str | None, typer.Option(help="A database to make a schema in; default PULLCORD_DATABASE_URL, or a local one.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="The program that is sold; default the People's Car.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the instants at which the server is killed.")] = 7,
    place: Annotated[Path | None, typer.Option(help="A folder on the disk to be used; default the system's.")] = None,
) -> None:
    """Sell places over HTTP as fast as customers ask, each answered after its commit; then count from the ledger.

    The load generator shares the machine. An order is a capacity decrement, an order row and an event. Every 50th
    request is sent twice with the same key, as a refresh would.
    """
    from pullcord.rush import Setting, killed

    from .bench import FOLDER, find_input

    if unknown := [key for key in arrangement or () if key not in ARRANGEMENTS]:
        raise InvalidInput(f"there is no arrangement `{unknown[0]}`", f"arrangements: {', '.join(ARRANGEMENTS)}")
    sold = folder or find_input("program.toml", None, "--folder").parent
    if not (sold / "program.toml").is_file():
        raise InvalidInput(f"{sold} holds no program.toml", f"give a program's folder, such as {FOLDER}")
    with tempfile.TemporaryDirectory(prefix="pullcord-rush-", dir=place) as made, talk.status("starting ...") as status:
        path = Path(made)
        setting = Setting(sold, requests, connections, _postgresql(postgresql))
        if kill:
            url = f"sqlite:///{path / 'killed.db'}"
            rows = [killed(setting, url, path, kills=kills, seed=seed, say=status.update)]
        else:
            rows = []
            for key, run in _arrangements(setting, path).items():
                if not arrangement or key in arrangement:
                    status.update(ARRANGEMENTS[key])
                    rows += run()
    shown = [row.as_mapping() for row in rows]
    show({"rows": shown}, as_json, lambda console: _draw(console, shown))
    if any(row.oversold or row.lost or row.duplicated for row in rows if row.arrangement.startswith("pullcord")):
        raise typer.Exit(1)


def _postgresql(given: str | None) -> str | None:
    """The address of a PostgreSQL database that answers, or None."""
    import psycopg
    import sqlalchemy as sa

    from pullcord.settings import read_settings

    settings = read_settings().database_url or ""
    url = given or (settings if settings.startswith("postgresql") else "postgresql:///")
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        psycopg.connect(plain, connect_timeout=3).close()
    except psycopg.Error as failure:
        if given:
            raise InvalidInput(f"PostgreSQL does not answer: {failure}", "give another address, or none") from None
        return None
    return plain


def _arrangements(setting: Setting, path: Path) -> dict[str, Callable[[], list[Row]]]:
    from dataclasses import replace

    from pullcord.rush import in_process, ours, peer

    def url(name: str) -> str:
        return f"sqlite:///{path / name}.db"

    few = replace(setting, requests=max(100, setting.requests // 6))
    yu7 = replace(setting, requests=YU7_REQUESTS)
    yu7_note = f"{YU7_REQUESTS:,} pre-orders for {YU7_PLACES:,} places, as fast as they are taken"

    def on_postgresql(key: str, run: Callable[[str, str, str], Row]) -> list[Row]:
        from pullcord.rush import Row, schema

        name = ARRANGEMENTS[key]
        if setting.postgresql is None:
            note = "no PostgreSQL at hand: give --postgresql"
            return [Row(name, None, None, None, None, None, None, 0.0, note=note)]
        with schema(setting.postgresql) as (address, plain):
            return [run(name, address, plain)]

    def sqlite(key: str, **how: Any) -> list[Row]:
        return [ours(setting, ARRANGEMENTS[key], url(key), path, **how)]

    def naive(key: str, more_ms: float) -> list[Row]:
        return [peer(few, ARRANGEMENTS[key], "naive", str(path / f"{key}.db"), path, more_ms=more_ms)]

    def first_hour(key: str) -> list[Row]:
        name = ARRANGEMENTS[key]
        return [ours(yu7, name, url(key), path, places=YU7_PLACES, queue_max=YU7_REQUESTS, note=yu7_note)]

    return {
        "ours": lambda: sqlite("ours"),
        "ours-slow": lambda: sqlite("ours-slow", more_ms=1.0),
        "ours-postgresql": lambda: on_postgresql(
            "ours-postgresql", lambda name, address, _: ours(setting, name, address, path)
        ),
        "ceiling": lambda: [in_process(setting, url("ceiling"), path)],
        "bare": lambda: [peer(setting, ARRANGEMENTS["bare"], "bare", str(path / "bare.db"), path)],
        "naive": lambda: naive("naive", 0.0),
        "naive-slow": lambda: naive("naive-slow", 1.0),
        "row-locks": lambda: on_postgresql(
            "row-locks", lambda name, _, plain: peer(few, name, "row locks", plain, path)
        ),
        "yu7": lambda: first_hour("yu7"),
    }


def _draw(console: Console, rows: list[dict[str, Any]]) -> None:
    short = {name: key for key, name in ARRANGEMENTS.items()}
    # No lines between the columns: all of them fit into 80 characters.
    table = Table(title="wishes decided over HTTP, each answered after its commit", box=box.SIMPLE, padding=0)
    table.add_column("arrangement", no_wrap=True)
    for heading in ("orders/s", "p50 ms", "p99 ms", "over", "lost", "twice", "fsync/s", "CPU us", "stolen"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            short.get(row["arrangement"], "killed"),
            *(_figure(row[name], digits) for name, digits in (("orders_per_s", 0), ("p50_ms", 1), ("p99_ms", 1))),
            *(_figure(row[name], 0) for name in ("oversold", "lost", "duplicated", "fsync_per_s", "cpu_us")),
            _figure(row["stolen"], 2),
        )
    console.print(table)
    console.print("over: beyond the places; lost: answered, not kept; twice: one wish, two places")
    console.print("CPU us: the server's, each request; stolen: share of time taken for others")
    if any("HTTP 409" in row["note"] for row in rows):
        console.print("HTTP 409: the same key sent again while the first request was still in progress")
    for row in rows:
        words = f"{short.get(row['arrangement'], 'killed')}: {row['arrangement']}"
        console.print(words + (f"; {row['note']}" if row["note"] else ""), markup=False, soft_wrap=True)


def _figure(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:,.{decimals}f}"
