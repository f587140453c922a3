"""Keys of the parties' machines: shown once, kept as hashes, found in a microsecond, and gone when revoked."""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Collection
from datetime import timedelta

import sqlalchemy as sa

from pullcord.base import Clock, InvalidInput, NotFound, PartyId, check_id, secret_token

from .keeper import Keeper
from .keys import hash_of
from .model import PartyToken, Token
from .store import People, insert_if_new
from .tables import TOKEN, TOKEN_VERSION

PREFIX = "pc_"
LONGEST_LIFE = timedelta(days=366)
LOOKED_AT_EVERY_S = 0.5  # how old what this process knows may be: within it, another's revocation is noticed

_SHAPE = re.compile(rf"{PREFIX}([A-Za-z0-9_-]{{43}})([0-9a-f]{{8}})")  # 32 bytes, and a checksum


def new_token() -> str:
    """A new key: 32 random bytes between a prefix that scanners for leaked keys can look for, and a checksum."""
    secret = secret_token(32)
    return f"{PREFIX}{secret}{_checksum(secret)}"


def is_token(text: str) -> bool:
    """Whether a text can be a key at all: a slip of the hand is told apart from a key that has ended."""
    found = _SHAPE.fullmatch(text)
    return found is not None and _checksum(found[1]) == found[2]


def _checksum(secret: str) -> str:
    return f"{zlib.crc32(f'{PREFIX}{secret}'.encode()):08x}"


class TokenKeeper(Keeper):
    """The keys of a program's parties. They are few, so each process holds all that are in force, by hash."""

    def __init__(self, people: People, clock: Clock, program_id: str) -> None:
        super().__init__(people, clock, program_id)
        self._held: dict[str, PartyToken] = {}
        self._held_version = -1
        self._looked_at_s = float("-inf")
        self._used: set[str] = set()  # ids of the keys used since it was last written down
        self._turn = threading.Lock()

    def issue_token(self, party_id: PartyId, scopes: Collection[str], ttl: timedelta, *, by: str = "system") -> Token:
        """A new key of a party, for some scopes and some time. The caller knows whether there is such a party."""
        check_id(party_id, "party")
        for scope in scopes:
            check_id(scope, "scope")
        if not scopes:
            raise InvalidInput("a key without a scope opens nothing", "name one scope or more")
        if not timedelta() < ttl <= LONGEST_LIFE:
            raise InvalidInput(
                f"a key cannot last {ttl.total_seconds() / 86_400:g} days", f"give it up to {LONGEST_LIFE.days} days"
            )
        now = self._clock.now()
        plain = new_token()
        kept = PartyToken(f"t-{secret_token(6)}", party_id, frozenset(scopes), now, now + ttl)
        with self._people.write() as connection:
            connection.execute(
                TOKEN.insert().values(
                    program_id=self._program_id,
                    token_id=kept.token_id,
                    token_hash=hash_of(plain),
                    party_id=party_id,
                    scopes=" ".join(sorted(kept.scopes)),
                    issued_at=kept.issued_at,
                    expires_at=kept.expires_at,
                )
            )
            self._raise_version(connection)
            self._note(connection, "token.issued", kept.token_id, by)
        self._look()
        return Token(plain, kept)

    def token(self, plain: str) -> PartyToken | None:
        """The key that a text is, while it is in force; otherwise None.

        A look into memory. Twice a second at most it asks the database whether keys have changed elsewhere, which is
        one row; a key revoked in this process ends at once.
        """
        if time.monotonic() - self._looked_at_s >= LOOKED_AT_EVERY_S:
            self._look()
        found = self._held.get(hash_of(plain))
        if found is None or found.expires_at <= self._clock.now():
            return None
        self._used.add(found.token_id)
        return found

    def revoke_token(self, token_id: str, *, by: str = "system") -> PartyToken:
        """End a key; one that has ended already stays as it is. Raises NotFound for a name that no key has."""
        where = (self._mine(TOKEN), TOKEN.c.token_id == token_id)
        with self._people.write() as connection:
            changed = connection.execute(
                TOKEN.update().where(*where, TOKEN.c.revoked_at.is_(None)).values(revoked_at=self._clock.now())
            ).rowcount
            if changed:
                self._raise_version(connection)
                self._note(connection, "token.revoked", token_id, by)
            found = connection.execute(sa.select(TOKEN).where(*where)).one_or_none()
        if found is None:
            raise NotFound(f"no key is called `{token_id}`", "`pullcord token list` shows them")
        self._look()
        return _kept(found)

    def tokens(self, party_id: PartyId | None = None) -> list[PartyToken]:
        """All keys that are remembered, those that have ended too; oldest first."""
        self._write_down_use()
        where = [self._mine(TOKEN)]
        if party_id is not None:
            where.append(TOKEN.c.party_id == party_id)
        with self._people.read() as connection:
            found = connection.execute(
                sa.select(TOKEN).where(*where).order_by(TOKEN.c.issued_at, TOKEN.c.token_id)
            ).all()
        return [_kept(row) for row in found]

    def _raise_version(self, connection: sa.Connection) -> None:
        connection.execute(insert_if_new(connection, TOKEN_VERSION).values(program_id=self._program_id, version=0))
        connection.execute(
            TOKEN_VERSION.update().where(self._mine(TOKEN_VERSION)).values(version=TOKEN_VERSION.c.version + 1)
        )

    def _look(self) -> None:
        """Read the keys anew where they have changed since."""
        with self._turn:
            looked_at_s = time.monotonic()
            with self._people.read() as connection:
                # The version is read first: keys that change in between are read again next time.
                version = connection.execute(
                    sa.select(TOKEN_VERSION.c.version).where(self._mine(TOKEN_VERSION))
                ).scalar()
                if (version or 0) != self._held_version:
                    rows = connection.execute(
                        sa.select(TOKEN).where(self._mine(TOKEN), TOKEN.c.revoked_at.is_(None))
                    ).all()
                    self._held = {row.token_hash: _kept(row) for row in rows}
                    self._held_version = version or 0
            self._looked_at_s = looked_at_s

    def _write_down_use(self) -> None:
        """Note the day for the keys that were used since the last time."""
        used, self._used = self._used, set()
        if not used:
            return
        today = self._clock.now().date()
        with self._people.write() as connection:
            connection.execute(
                TOKEN.update()
                .where(
                    self._mine(TOKEN),
                    TOKEN.c.token_id.in_(sorted(used)),
                    sa.or_(TOKEN.c.last_used_on.is_(None), TOKEN.c.last_used_on < today),
                )
                .values(last_used_on=today)
            )


def _kept(row: sa.Row[*tuple[object, ...]]) -> PartyToken:
    values = row._mapping
    return PartyToken(
        values["token_id"],
        PartyId(values["party_id"]),
        frozenset(values["scopes"].split()),
        values["issued_at"],
        values["expires_at"],
        values["revoked_at"],
        values["last_used_on"],
    )
