"""E-mail addresses in one form, so that one address is one account."""

from __future__ import annotations

import re
import unicodedata

LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets
LONGEST_LOCAL = 64  # RFC 5321, 4.5.3.1.1

_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]+")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def normal_email(written: str) -> str | None:
    """The address as it is kept and compared, or None for what is no address mail can be sent to.

    Capitals do not tell addresses apart: RFC 5321 lets the part before `@` do so, and no provider of note does. A
    domain in other scripts is kept in its ASCII form. Quoted parts and address literals are not taken.
    """
    text = unicodedata.normalize("NFC", written.strip())
    local, at, domain = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or ".." in f".{local}.":
        return None
    if any(unicodedata.category(letter)[0] == "C" for letter in local):  # control and format signs, lone surrogates
        return None
    if len(local.encode()) > LONGEST_LOCAL:
        return None
    try:
        ascii_domain = domain.lower().encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    # Lower case can undo the composed form; composed once more, the answer is its own normal form.
    email = f"{unicodedata.normalize('NFC', local.lower())}@{ascii_domain}"
    return email if len(email.encode()) <= LONGEST_EMAIL else None
