"""What is plugged into what: a program, its ledger, its journey and its clock become one running house."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from pullcord import (
    alliance,
    campaigns,
    claims,
    demand,
    finance,
    logistics,
    orders,
    privacy,
    procurement,
    production,
    promising,
)
from pullcord.base import Clock, Conflict, NotFound, ProgramId, PullcordError
from pullcord.catalogue import Catalogue
from pullcord.desk import Desk, ProgramOpened
from pullcord.journey import reactions
from pullcord.outlook import Outlook
from pullcord.program import Program
from pullcord.store import Command, Ledger, LedgerReader, Projection, Reader, open_reader


def projections() -> tuple[Projection, ...]:
    """Every room's tables and folds, lower floors first: what a ledger is replayed into."""
    return (
        privacy.PROJECTION,
        demand.PROJECTION,
        finance.PROJECTION,
        logistics.PROJECTION,
        procurement.PROJECTION,
        production.PROJECTION,
        alliance.PROJECTION,
        promising.PROJECTION,
        orders.PROJECTION,
        campaigns.PROJECTION,
        campaigns.SIGNALS_PROJECTION,
        claims.PROJECTION,
    )


def table_sizes(reader: Reader) -> dict[str, int]:
    """How many rows of this program each table holds."""
    sizes = {}
    for projection in projections():
        for table in projection.tables:
            rows = reader.query(
                sa.select(sa.func.count()).where(table.sql.c.program_id == reader.program_id).select_from(table.sql)
            )
            sizes[table.name] = int(rows[0][0])
    return sizes


class App:
    """One program at work: its ledger, its clock, and the desk that commands are given at."""

    def __init__(self, program: Program, ledger: Ledger, clock: Clock, desk: Desk) -> None:
        self.program = program
        self.ledger = ledger
        self.clock = clock
        self.desk = desk


@contextmanager
def open_app(program: Program, url: str, clock: Clock, outlook: Outlook | None = None) -> Iterator[App]:
    """A running program on the ledger at `url`; the first time, the program is opened in it.

    `outlook`: the program's, where it is calibrated already.
    Raises Conflict when another process writes there, or when the ledger was begun with another input.
    """
    house = Catalogue(program)
    desk = Desk(house, outlook or Outlook(program))
    with Ledger.open(
        url, ProgramId(program.program_id), clock=clock, projections=projections(), reactions=reactions(house)
    ) as ledger:
        if not _begun(program, ledger):
            # The first plan says how many places the parts on hand carry: before it, nobody is promised anything.
            opening: list[Command[Any]] = [desk.open_program(), desk.open_stock()]
            opening += [desk.plan(plant.plant_id, "opening") for plant in program.plants]
            if program.claims:  # those that do not hold stay out; `pullcord claims check` names them
                opening.append(desk.publish_claims())
            for answer in ledger.execute_many(opening):
                if isinstance(answer, PullcordError):
                    raise answer
        yield App(program, ledger, clock, desk)


@contextmanager
def read_app(program: Program, url: str) -> Iterator[LedgerReader]:
    """What a program's ledger at `url` says, whoever writes there; nothing is begun or changed.

    Raises NotFound where the program was never begun, and Conflict when it was begun with another input.
    """
    with open_reader(url, ProgramId(program.program_id), projections()) as reader:
        if not _begun(program, reader):
            raise NotFound(f"{program.name} has not begun in this ledger", "give it a first command, or name another")
        yield reader


def _begun(program: Program, ledger: LedgerReader) -> bool:
    """Whether the ledger holds the program already; Conflict when it was begun with another input."""
    begun = next(ledger.events(stream=f"program/{program.program_id}"), None)
    if begun is None:
        return False
    if isinstance(begun.body, ProgramOpened) and begun.body.digest != program.digest:
        raise Conflict(
            f"the ledger was begun with another input than {program.folder} now holds",
            "choose another ledger, or restore the folder as it was",
        )
    return True
