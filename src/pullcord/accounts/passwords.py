"""Passwords: which are taken, and how they are kept. Slow on purpose: never call this on an event loop."""

from __future__ import annotations

import base64
import threading
import unicodedata

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from pullcord.base import secret_token

from .model import Fault

SHORTEST = 10  # characters
LONGEST = 256  # characters; the whole password counts, and nothing is cut off
HASHING = argon2.profiles.RFC_9106_LOW_MEMORY
"""Argon2id over 64 MiB in 3 passes and 4 lanes: RFC 9106, section 4, the second recommended choice."""

# How many hashes may be under way at once: each takes its 64 MiB.
AT_ONCE = 4
WAIT_S = 5.0

# The most common ones long enough to pass, as every list of leaked passwords has them. Compared in lower case.
_COMMON_TEXT = """
1234567890 0123456789 0987654321 9876543210 12345678910 123456789a a123456789 1234567891 123456789q q123456789
123456789abc abc123456789 abcd123456 abcde12345 12345abcde 123456abcdef 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5
q1w2e3r4t5y6 1qaz2wsx3edc 1qazxsw23edc zaq12wsxcde3 qwertyuiop qwertyuiop123 qwerty12345 qwerty123456 qwertyuiop1
1234qwerasdf asdfghjkl123 asdfghjkl; zxcvbnm123 qazwsxedcrfv qwer1234asdf password12 password123 password1234
password12345 password01 passw0rd123 p@ssw0rd123 p@ssword123 mypassword passwordpassword password!! iloveyou12
iloveyou123 iloveyou1314 woaini1314 woaini1314520 woaini520520 5201314520 1314520520 5201314woaini woaini123456
aa123456789 qq123456789 wang123456 li123456789 zhang123456 admin12345 admin123456 administrator letmein123
welcome123 welcome1234 sunshine123 princess123 football123 baseball123 superman123 dragon12345 monkey12345
abcdefghij abcdefghijk changeme123 trustno1trustno1 1111111111 0000000000 1212121212 1122334455 1231231231
123123123123 321321321321 147258369147 1472583690 789456123000 9999999999 8888888888 6666666666
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


class Busy(Exception):
    """More passwords are being checked than the machine's memory is meant for."""


def normal_password(typed: str) -> str:
    """The password in one form whatever the keyboard (NFKC, as NIST SP 800-63B, 3.1.1.2 asks)."""
    return unicodedata.normalize("NFKC", typed)


def fault_of(typed: str, email: str | None, name: str) -> Fault | None:
    """Why a password is not taken, or None: length and guessability count, not its kinds of signs."""
    if len(typed) > LONGEST or len(password := normal_password(typed)) > LONGEST:
        return Fault("password", "too_long", f"a password has at most {LONGEST} characters")
    if len(password) < SHORTEST:
        return Fault("password", "too_short", f"a password has at least {SHORTEST} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in password):
        return Fault("password", "not_text", "the password holds bytes that are no text")
    low = password.lower()
    if low in _COMMON or len(set(low)) < 4 or any(low in run or low in run[::-1] for run in _RUNS):
        return Fault("password", "common", "this password is among the first that anyone would try")
    own = [part for part in (email, email and email.partition("@")[0], name.strip().lower()) if part]
    if low in own:
        return Fault("password", "own_name", "a password that is the name or the address is known to too many")
    return None


class Hasher:
    """Makes and checks hashes; blocks for about a tenth of a second, and holds 64 MiB meanwhile."""

    def __init__(self, hashing: argon2.Parameters = HASHING) -> None:
        self._argon2 = argon2.PasswordHasher.from_parameters(hashing)
        self._free = threading.BoundedSemaphore(AT_ONCE)
        # A hash that no password has, so that an address without an account takes as long as one with.
        self._nobody = (
            f"$argon2id$v={hashing.version}$m={hashing.memory_cost},t={hashing.time_cost},p={hashing.parallelism}"
            f"${_base64(hashing.salt_len)}${_base64(hashing.hash_len)}"
        )

    def hash(self, password: str) -> str:
        """What is kept of a password, with its salt and parameters in it. Raises Busy."""
        with self._place():
            return self._argon2.hash(normal_password(password))

    def is_right(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one behind the hash; with None the same work, and never. Raises Busy."""
        if len(password) > LONGEST:
            password, kept = "", None
        typed = normal_password(password).encode("utf-8", "surrogatepass")
        with self._place():
            try:
                return self._argon2.verify(kept or self._nobody, typed) and kept is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, kept: str) -> bool:
        """Whether the hash was made with other parameters than are now in force."""
        return self._argon2.check_needs_rehash(kept)

    def _place(self) -> _Place:
        return _Place(self._free)


class _Place:
    """One of the places for a hash under way."""

    def __init__(self, free: threading.BoundedSemaphore) -> None:
        self._free = free

    def __enter__(self) -> None:
        if not self._free.acquire(timeout=WAIT_S):
            raise Busy

    def __exit__(self, *failure: object) -> None:
        self._free.release()


def _base64(size: int) -> str:
    """`size` random bytes as Argon2's encoded form has them."""
    raw = base64.urlsafe_b64decode(secret_token(size) + "==")
    return base64.b64encode(raw).rstrip(b"=").decode()
