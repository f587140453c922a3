"""What every part of the room works with: the database, the clock, the program's secret, and the audit."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from pullcord.base import Clock, secret_token

from .keys import Keys
from .store import People, insert_if_new
from .tables import AUDIT, SECRET, THROTTLE
from .throttle import FORGOTTEN_AFTER, Patience, wait_s


class Keeper:
    """The accounts of one program."""

    def __init__(self, people: People, clock: Clock, program_id: str) -> None:
        self._people = people
        self._clock = clock
        self._program_id = program_id
        self._keys = Keys(self._secret())

    def _mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        """The rows of this program."""
        return table.c.program_id == self._program_id

    def _secret(self) -> str:
        """The program's secret: made once, by whoever is first."""
        with self._people.write() as connection:
            insert = insert_if_new(connection, SECRET)
            connection.execute(insert.values(program_id=self._program_id, secret=secret_token()))
            return str(connection.execute(sa.select(SECRET.c.secret).where(self._mine(SECRET))).scalar_one())

    def _note(self, connection: sa.Connection, act: str, about: str, by: str) -> None:
        """Add a line to the audit, in the transaction that does what it tells of."""
        connection.execute(
            AUDIT.insert().values(
                program_id=self._program_id,
                audit_id=secret_token(12),
                at=self._clock.now(),
                act=act,
                about=about,
                by=by,
            )
        )

    def _wait_of_attempt(self, who: dict[str, Patience]) -> int:
        """Seconds to wait, or 0: then the attempt counts as failed already, until it is forgiven.

        Counted before the password is looked at, so that a hundred attempts at once are not a hundred free ones.
        """
        now = self._clock.now()
        with self._people.write() as connection:
            kept = {name: self._failures(connection, name) for name in sorted(who)}  # in one order: no deadlock
            waits = [wait_s(*found, now, who[name]) for name, found in kept.items() if found is not None]
            if wait := max(waits, default=0):
                return wait
            for name in sorted(who):
                connection.execute(
                    THROTTLE.update()
                    .where(self._mine(THROTTLE), THROTTLE.c.who == name)
                    .values(failures=THROTTLE.c.failures + 1, last_at=now)
                )
        return 0

    def _failures(self, connection: sa.Connection, name: str) -> tuple[int, datetime]:
        """How often someone failed and when last; the row is there and locked afterwards."""
        now = self._clock.now()
        where = (self._mine(THROTTLE), THROTTLE.c.who == name)
        insert = insert_if_new(connection, THROTTLE)
        connection.execute(insert.values(program_id=self._program_id, who=name, failures=0, last_at=now))
        found = connection.execute(
            sa.select(THROTTLE.c.failures, THROTTLE.c.last_at).where(*where).with_for_update()
        ).one()
        if now - found.last_at >= FORGOTTEN_AFTER:
            connection.execute(THROTTLE.update().where(*where).values(failures=0))
            return 0, now
        return int(found.failures), found.last_at

    def _forgive(self, wholly: str, once: str | None) -> None:
        """After a success: the account's failures are forgotten, the address loses only the attempt that was none."""
        with self._people.write() as connection:
            connection.execute(THROTTLE.delete().where(self._mine(THROTTLE), THROTTLE.c.who == wholly))
            if once is not None:
                connection.execute(
                    THROTTLE.update()
                    .where(self._mine(THROTTLE), THROTTLE.c.who == once, THROTTLE.c.failures > 0)
                    .values(failures=THROTTLE.c.failures - 1)
                )
