"""Sessions: who a browser is, for how long, and what may be asked in its name."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from itsdangerous import BadSignature, Signer

from pullcord.base import Clock, PersonId, same_secret, secret_token

from .keeper import Keeper
from .keys import hash_of
from .model import Session
from .store import People
from .tables import SESSION

SESSION_LASTS = timedelta(days=14)  # however busy
VISIT_LASTS = timedelta(days=14)
TRUST_LASTS = timedelta(hours=2)  # of idleness, before the password is asked for again
SEEN_EVERY = timedelta(minutes=1)  # how exactly it is noted when a session was seen
SESSIONS_MAX = 20  # of one person; the oldest ends when another begins

_VISIT = "visit"
_SALT_BYTES = 9


class SessionKeeper(Keeper):
    """Sessions are rows, so that signing out ends them; a cookie holds a token whose hash alone is kept."""

    def __init__(self, people: People, clock: Clock, program_id: str) -> None:
        super().__init__(people, clock, program_id)
        self._signer = Signer(self._keys.key("cookie"), salt=b"pullcord", digest_method=hashlib.sha256)
        self._csrf_key = self._keys.key("csrf")

    def server_secret(self, purpose: str) -> bytes:
        """32 bytes that only this program's servers know, others for each purpose: to sign something of one's own."""
        return self._keys.key(f"for others: {purpose}")

    def begin_visit(self) -> Session:
        """A session before sign-in: no row, no person; it exists so that a form can carry a CSRF token."""
        now = self._clock.now().replace(microsecond=0)
        return Session(f"{_VISIT}.{int(now.timestamp()):x}.{secret_token()}", None, now, now + VISIT_LASTS)

    def cookie(self, session: Session) -> str:
        """The value of the session's cookie: its token, signed. Give it `HttpOnly`, `Secure` and `SameSite=Lax`."""
        return self._signer.sign(session.token).decode()

    def seconds_left(self, session: Session) -> int:
        """How long a session's cookie is worth keeping."""
        return max(0, int((session.expires_at - self._clock.now()).total_seconds()))

    def session_of_cookie(self, cookie: str) -> Session | None:
        """The visit or session a cookie stands for, or None where it is forged, over or ended. Reads the database."""
        try:
            token = self._signer.unsign(cookie.encode("utf-8", "surrogatepass")).decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        if not token.startswith(f"{_VISIT}."):
            return self.session(token)
        begun_at = datetime.fromtimestamp(int(token.split(".")[1], 16), UTC)
        expires_at = begun_at + VISIT_LASTS
        return Session(token, None, begun_at, expires_at) if self._clock.now() < expires_at else None

    def session(self, token: str) -> Session | None:
        """The person's session that a token stands for, or None. Reads the database, and once a minute writes."""
        now = self._clock.now()
        token_hash = hash_of(token)
        where = (self._mine(SESSION), SESSION.c.token_hash == token_hash)
        with self._people.read() as connection:
            found = connection.execute(sa.select(SESSION).where(*where)).one_or_none()
        if found is None or found.expires_at <= now:
            return None
        trusted_until = found.trusted_until
        if now - found.seen_at >= SEEN_EVERY:
            if now < trusted_until:  # trust that has lapsed comes back with the password alone
                trusted_until = now + TRUST_LASTS
            with self._people.write() as connection:
                connection.execute(SESSION.update().where(*where).values(seen_at=now, trusted_until=trusted_until))
        return Session(token, PersonId(found.person_id), found.begun_at, found.expires_at, trusted_until)

    def sign_out(self, token: str) -> None:
        """End one session; one that has ended already stays so."""
        with self._people.write() as connection:
            connection.execute(SESSION.delete().where(self._mine(SESSION), SESSION.c.token_hash == hash_of(token)))

    def sign_out_everywhere(self, person_id: PersonId) -> int:
        """End all sessions of a person; how many there were."""
        with self._people.write() as connection:
            return self._end_sessions(connection, person_id)

    def csrf_token(self, session: Session) -> str:
        """What a form of this session carries. Another each time, so that a compressed page does not give it away."""
        salt = secret_token(_SALT_BYTES)
        return f"{salt}.{self._csrf(session, salt)}"

    def check_csrf(self, session: Session, token: str | None) -> bool:
        """Whether a form came from a page that was made for this very session."""
        salt, _, digest = (token or "").partition(".")
        return same_secret(digest.encode("utf-8", "surrogatepass"), self._csrf(session, salt))

    def _csrf(self, session: Session, salt: str) -> str:
        message = f"{salt}.{session.token}".encode("utf-8", "surrogatepass")
        return hmac.new(self._csrf_key, message, hashlib.sha256).hexdigest()

    def _end_sessions(self, connection: sa.Connection, person_id: PersonId) -> int:
        where = (self._mine(SESSION), SESSION.c.person_id == person_id)
        return connection.execute(SESSION.delete().where(*where)).rowcount

    def _begin_session(self, connection: sa.Connection, person_id: PersonId, instead_of: str | None) -> Session:
        """A new token for whoever has just proved who they are. The one they came with is worth nothing from here on:
        whoever planted it in their browser gains nothing by it."""
        now = self._clock.now()
        mine = (self._mine(SESSION), SESSION.c.person_id == person_id)
        if instead_of is not None:
            connection.execute(SESSION.delete().where(self._mine(SESSION), SESSION.c.token_hash == hash_of(instead_of)))
        kept = connection.execute(
            sa.select(SESSION.c.token_hash).where(*mine).order_by(SESSION.c.begun_at.desc(), SESSION.c.token_hash)
        ).scalars()
        if too_many := list(kept)[SESSIONS_MAX - 1 :]:
            connection.execute(SESSION.delete().where(self._mine(SESSION), SESSION.c.token_hash.in_(too_many)))
        session = Session(secret_token(), person_id, now, now + SESSION_LASTS, now + TRUST_LASTS)
        connection.execute(
            SESSION.insert().values(
                program_id=self._program_id,
                token_hash=hash_of(session.token),
                person_id=person_id,
                begun_at=session.begun_at,
                seen_at=now,
                expires_at=session.expires_at,
                trusted_until=session.trusted_until,
            )
        )
        return session
