"""The accounts of one program: opened, swept, closed."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from typing import Self

import argon2
import sqlalchemy as sa

from pullcord.base import Clock, ProgramId

from .model import Swept
from .passwords import HASHING
from .persons import PersonKeeper
from .store import People
from .tables import SESSION, THROTTLE, TOKEN
from .throttle import FORGOTTEN_AFTER
from .tokens import TokenKeeper

TOKENS_REMEMBERED = timedelta(days=90)  # after their end, so that a list still shows what there was


class Accounts(PersonKeeper, TokenKeeper):
    """Personal data and keys. Safe to be used by many threads; every method but `token`, `cookie`, `csrf_token`,
    `check_csrf` and `begin_visit` waits for the database, so an event loop calls it by `asyncio.to_thread`."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Clock,
        program_id: ProgramId | None = None,
        hashing: argon2.Parameters = HASHING,
    ) -> Self:
        """The accounts beside the ledger at `url`: see `accounts_url`. What is missing is made.

        `program_id` keeps programs that share a database apart. `hashing` is there for tests, which hash often; what
        is weaker than the default protects nobody. Raises Conflict when a newer Pullcord made the tables.
        """
        people = People(url)
        try:
            return cls(people, clock, program_id or "", hashing)
        except BaseException:
            people.close()
            raise

    def sweep(self) -> Swept:
        """Take away what is over: sessions, failures a day old, keys that ended long ago; and note which keys are in
        use. To be called now and then, such as once an hour."""
        now = self._clock.now()
        long_ago = now - TOKENS_REMEMBERED
        self._write_down_use()
        with self._people.write() as connection:
            sessions = connection.execute(SESSION.delete().where(self._mine(SESSION), SESSION.c.expires_at <= now))
            throttles = connection.execute(
                THROTTLE.delete().where(self._mine(THROTTLE), THROTTLE.c.last_at <= now - FORGOTTEN_AFTER)
            )
            over = sa.or_(TOKEN.c.expires_at <= long_ago, TOKEN.c.revoked_at <= long_ago)
            tokens = connection.execute(TOKEN.delete().where(self._mine(TOKEN), over))
            swept = Swept(sessions.rowcount, throttles.rowcount, tokens.rowcount)
        self._people.wipe()
        return swept

    def close(self) -> None:
        """Note which keys were used, and let the connections go."""
        try:
            self._write_down_use()
        finally:
            self._people.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
