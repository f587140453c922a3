"""Persons: sign up, sign in, see and change what is kept, take it along, have it erased."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import argon2
import sqlalchemy as sa

from pullcord.base import Clock, Conflict, NotFound, OrderId, PersonId, check_id, secret_token

from . import passwords
from .emails import normal_email
from .model import Erasure, Fault, Profile, Refused, Session
from .passwords import Busy, Hasher
from .sessions import SessionKeeper
from .store import People
from .tables import AUDIT, PERSON, SESSION, THROTTLE
from .throttle import OF_ACCOUNT, OF_ADDRESS, OF_SIGN_UPS, Patience, network_of

LONGEST_NAME = 100
_PHONE = re.compile(r"\+?[0-9]{5,15}")  # E.164 has 15 digits at most
_WRONG = Refused("wrong", "the e-mail address and the password do not go together")
_BUSY = Refused("busy", "too many people are signing in at this moment; try again", retry_after_s=5)


class PersonKeeper(SessionKeeper):
    """Accounts of persons. What takes a password blocks for a tenth of a second or more: on an event loop, call it by
    `asyncio.to_thread`."""

    def __init__(self, people: People, clock: Clock, program_id: str, hashing: argon2.Parameters) -> None:
        super().__init__(people, clock, program_id)
        self._hasher = Hasher(hashing)

    def sign_up(
        self, email: str, password: str, name: str, phone: str | None = None, *, address: str | None = None
    ) -> PersonId | Refused:
        """A new account under a new pseudonym. `address`: the network address, so that nobody tries addresses by the
        thousand."""
        normal = normal_email(email)
        faults = [
            fault
            for fault in (
                None if normal else Fault("email", "not_an_address", "this is no e-mail address"),
                passwords.fault_of(password, normal, name),
                _fault_of_name(name),
                _fault_of_phone(phone),
            )
            if fault is not None
        ]
        if faults or normal is None:
            return _form(faults)
        if address is not None and (wait := self._wait_of_attempt({self._throttle("sign up", address): OF_SIGN_UPS})):
            return _wait(wait)
        try:
            password_hash = self._hasher.hash(password)
        except Busy:
            return _BUSY
        person_id = PersonId(f"p-{secret_token(12)}")
        try:
            with self._people.write() as connection:
                connection.execute(
                    PERSON.insert().values(
                        program_id=self._program_id,
                        person_id=person_id,
                        email_key=self._email_key(normal),
                        email=normal,
                        name=_normal_name(name),
                        phone=_normal_phone(phone),
                        password_hash=password_hash,
                        signed_up_at=self._clock.now(),
                    )
                )
        except Conflict:  # the table keeps each address once, however many ask at once
            return _taken()
        return person_id

    def sign_in(
        self, email: str, password: str, *, address: str | None = None, instead_of: Session | None = None
    ) -> Session | Refused:
        """A new session, which takes the place of the one the browser had.

        Failures make account and `address` wait, longer each time. An address without an account is refused with the
        same words, after the same work.
        """
        normal = normal_email(email)
        account = self._throttle("sign in", normal or f"not an address: {email}")
        network = None if address is None else self._throttle("network", address)
        if wait := self._wait_of_attempt(_patience(account, network)):
            return _wait(wait)
        found = None if normal is None else self._found(PERSON.c.email_key == self._email_key(normal))
        try:
            right = self._hasher.is_right(None if found is None else found.password_hash, password)
        except Busy:
            return _BUSY
        if not right or found is None:
            return _WRONG
        self._forgive(account, network)
        person_id = PersonId(found.person_id)
        fresh = self._hasher.hash(password) if self._hasher.is_outdated(found.password_hash) else None
        with self._people.write() as connection:
            # The person may have been erased, or the password changed, since it was looked at.
            unchanged = (
                self._mine(PERSON),
                PERSON.c.person_id == person_id,
                PERSON.c.password_hash == found.password_hash,
            )
            values = {"password_hash": fresh or found.password_hash}
            if connection.execute(PERSON.update().where(*unchanged).values(values)).rowcount == 0:
                return _WRONG
            return self._begin_session(connection, person_id, None if instead_of is None else instead_of.token)

    def confirm(self, session: Session, password: str) -> Session | Refused:
        """The session again, trusted for what is hard to undo, once the password was typed anew; under a new token."""
        found = self._confirmed(session, password)
        if isinstance(found, Refused):
            return found
        with self._people.write() as connection:
            return self._begin_session(connection, PersonId(found.person_id), session.token)

    def change_password(self, session: Session, current: str, new: str) -> Session | Refused:
        """Another password. Every session ends, and the one given back takes the place of the one that asked."""
        found = self._confirmed(session, current)
        if isinstance(found, Refused):
            return found
        if fault := passwords.fault_of(new, found.email, found.name):
            return _form([fault])
        try:
            password_hash = self._hasher.hash(new)
        except Busy:
            return _BUSY
        person_id = PersonId(found.person_id)
        with self._people.write() as connection:
            self._change(connection, person_id, password_hash=password_hash)
            self._end_sessions(connection, person_id)
            self._note(connection, "person.password_changed", person_id, person_id)
            return self._begin_session(connection, person_id, session.token)

    def change_email(self, session: Session, password: str, email: str) -> Profile | Refused:
        """Another address, for whoever knows the password."""
        normal = normal_email(email)
        if normal is None:
            return _form([Fault("email", "not_an_address", "this is no e-mail address")])
        found = self._confirmed(session, password)
        if isinstance(found, Refused):
            return found
        try:
            with self._people.write() as connection:
                self._change(connection, found.person_id, email=normal, email_key=self._email_key(normal))
                self._note(connection, "person.email_changed", found.person_id, found.person_id)
        except Conflict:
            return _taken()
        self._people.wipe()
        return self.profile(found.person_id)

    def rename(self, person_id: PersonId, name: str, phone: str | None = None) -> Profile | Refused:
        """Another name and telephone number; without a number, none is kept."""
        if faults := [fault for fault in (_fault_of_name(name), _fault_of_phone(phone)) if fault is not None]:
            return _form(faults)
        with self._people.write() as connection:
            self._change(connection, person_id, name=_normal_name(name), phone=_normal_phone(phone))
        self._people.wipe()
        return self.profile(person_id)

    def profile(self, person_id: PersonId) -> Profile:
        """What is known of a person. Raises NotFound for whoever has no account, or none any more."""
        found = self._found(PERSON.c.person_id == person_id)
        if found is None:
            raise _nobody(person_id)
        return Profile(PersonId(found.person_id), found.email, found.name, found.phone, found.signed_up_at)

    def export(self, person_id: PersonId) -> dict[str, Any]:
        """Everything this room holds of a person, as plain data; what the ledger tells of them is the desk's to add.

        The password's hash and the sessions' hashes are left out: they are of use to nobody but a thief.
        """
        profile = self.profile(person_id)
        with self._people.write() as connection:
            sessions = connection.execute(
                sa.select(SESSION)
                .where(self._mine(SESSION), SESSION.c.person_id == person_id)
                .order_by(SESSION.c.begun_at)
            ).all()
            audit = connection.execute(
                sa.select(AUDIT).where(self._mine(AUDIT), AUDIT.c.about == person_id).order_by(AUDIT.c.at)
            ).all()
            self._note(connection, "person.exported", person_id, person_id)
        return {
            "person_id": person_id,
            "email": profile.email,
            "name": profile.name,
            "phone": profile.phone,
            "signed_up_at": profile.signed_up_at.isoformat(),
            "password": "kept as an Argon2id hash, which cannot be turned back",
            "sessions": [
                {
                    "begun_at": row.begun_at.isoformat(),
                    "seen_at": row.seen_at.isoformat(),
                    "expires_at": row.expires_at.isoformat(),
                }
                for row in sessions
            ],
            "audit": [{"at": row.at.isoformat(), "act": row.act, "by": row.by} for row in audit],
        }

    def erase(self, person_id: PersonId, *, open_orders: Sequence[OrderId], by: str) -> Erasure | Refused:
        """Take away a person's data and sessions; the pseudonym stays, for the ledger's orders and books name it.

        `open_orders`: those the ledger has of this person that are neither handed over nor cancelled; a car that is
        being built needs somebody to be handed to. `by`: who asked, a pseudonym or a party. Asked again, it wipes the
        files again and answers as before. Raises NotFound for whoever never had an account.
        """
        check_id(by, "giver")
        if open_orders:
            named = ", ".join(open_orders)
            verb, them = ("is", "it") if len(open_orders) == 1 else ("are", "them")
            return Refused(
                "open_orders",
                f"{named} {verb} still open: cancel {them} first, or wait until the car is handed over",
            )
        now = self._clock.now()
        empty = dict.fromkeys(("email_key", "email", "name", "phone", "password_hash"))
        where = (self._mine(PERSON), PERSON.c.person_id == person_id)
        with self._people.write() as connection:
            found = connection.execute(sa.select(PERSON).where(*where).with_for_update()).one_or_none()
            if found is None:
                raise _nobody(person_id)
            ended = self._end_sessions(connection, person_id)
            if found.erased_at is None:
                who = self._throttle("sign in", found.email)
                connection.execute(THROTTLE.delete().where(self._mine(THROTTLE), THROTTLE.c.who == who))
                connection.execute(PERSON.update().where(*where).values(erased_at=now, **empty))
                self._note(connection, "person.erased", person_id, by)
        wiped = self._people.wipe()
        return Erasure(person_id, found.erased_at or now, ended, wiped)

    def _found(self, *where: sa.ColumnElement[bool]) -> Any:
        """The person that is not erased and meets the conditions, or None."""
        with self._people.read() as connection:
            return connection.execute(
                sa.select(PERSON).where(self._mine(PERSON), PERSON.c.erased_at.is_(None), *where)
            ).one_or_none()

    def _change(self, connection: sa.Connection, person_id: PersonId, **values: str | None) -> None:
        where = (self._mine(PERSON), PERSON.c.person_id == person_id, PERSON.c.erased_at.is_(None))
        if connection.execute(PERSON.update().where(*where).values(values)).rowcount == 0:
            raise _nobody(person_id)

    def _confirmed(self, session: Session, password: str) -> Any:
        """The session's person, if the session stands and the password is theirs; otherwise a refusal."""
        standing = self.session(session.token)
        found = None if standing is None else self._found(PERSON.c.person_id == standing.person_id)
        if found is None:
            return _WRONG
        account = self._throttle("sign in", found.email)
        if wait := self._wait_of_attempt({account: OF_ACCOUNT}):
            return _wait(wait)
        try:
            right = self._hasher.is_right(found.password_hash, password)
        except Busy:
            return _BUSY
        if not right:
            return _WRONG
        self._forgive(account, None)
        return found

    def _email_key(self, normal: str) -> str:
        return self._keys.fingerprint("email", normal)

    def _throttle(self, kind: str, who: str) -> str:
        """The fingerprint that an account or an address counts under."""
        return self._keys.fingerprint("throttle", f"{kind} {who if kind == 'sign in' else network_of(who)}")


def _patience(account: str, network: str | None) -> dict[str, Patience]:
    return {account: OF_ACCOUNT} if network is None else {account: OF_ACCOUNT, network: OF_ADDRESS}


def _form(faults: Sequence[Fault]) -> Refused:
    return Refused("form", "; ".join(fault.why for fault in faults), faults=tuple(faults))


def _taken() -> Refused:
    return Refused("taken", "this e-mail address has an account already; sign in instead")


def _wait(seconds: int) -> Refused:
    return Refused("wait", f"too many attempts; try again in {seconds} seconds", retry_after_s=seconds)


def _nobody(person_id: PersonId) -> NotFound:
    return NotFound(f"nobody has an account under `{person_id}`", "it was erased, or never was")


def _normal_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _fault_of_name(name: str) -> Fault | None:
    if not (normal := _normal_name(name)):
        return Fault("name", "missing", "give the name the car is handed over to")
    if len(normal) > LONGEST_NAME:
        return Fault("name", "too_long", f"a name has at most {LONGEST_NAME} characters")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") for letter in normal):
        return Fault("name", "not_text", "the name holds signs that cannot be printed")
    return None


def _normal_phone(phone: str | None) -> str | None:
    return re.sub(r"[\s()./-]", "", unicodedata.normalize("NFKC", phone)) or None if phone else None


def _fault_of_phone(phone: str | None) -> Fault | None:
    normal = _normal_phone(phone)
    if normal is not None and not (_PHONE.fullmatch(normal) and normal.isascii()):
        return Fault("phone", "not_a_number", "a telephone number has 5 to 15 digits, and a + before the country")
    return None
