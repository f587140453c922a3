"""Whether an address may be called from here: a webhook must not become a way into the house's own network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# All that is given out of IPv6 (RFC 4291, 2.4). Outside lie numbers that wrap a private one in ways long out of use:
# ::127.0.0.1, ::ffff:0:127.0.0.1, the site-local fec0::/10, and both prefixes of NAT64.
_GIVEN_OUT = ipaddress.ip_network("2000::/3")


class NotAllowed(Exception):
    """Why an address is not called."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address as it is called: the host's name for the header and the certificate, its number for the wire."""

    url: str  # with the number in place of the name
    host: str  # for the header Host
    name: str  # for the certificate


async def target_of(url: str, allowed_hosts: Collection[str]) -> Target:
    """Where a call to `url` goes. Raises NotAllowed unless it is https to a public address, or an allowed host.

    The number that was looked at is the number that is called: a name that is answered differently a moment later
    gains nothing.
    """
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotAllowed("the address cannot be read") from None
    if parts.scheme not in ("http", "https") or not name:
        raise NotAllowed("the address is not of the form https://host/path")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise NotAllowed("the address names a user or a fragment; neither is sent")
    trusted = name in allowed_hosts
    if parts.scheme != "https" and not trusted:
        raise NotAllowed("the address is not https, so anybody on the way could read what is sent")
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(name, port or (443 if parts.scheme == "https" else 80), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotAllowed(f"no machine is called `{name}`") from None
    numbers = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not trusted:
        # All of them: one private number among public ones is no accident.
        private = [number for number in numbers if not is_public(number)]
        if private or not numbers:
            raise NotAllowed(f"`{name}` is not on the open internet")
    number = numbers[0]
    written = f"[{number}]" if number.version == 6 else str(number)
    netloc = f"{written}:{port}" if port else written
    host = f"{name}:{port}" if port else name
    return Target(parts._replace(netloc=netloc).geturl(), host, name)


def is_public(number: IpAddress) -> bool:
    """Whether a number is one of the open internet, those that wrap another number included."""
    if isinstance(number, ipaddress.IPv6Address):
        wrapped = number.ipv4_mapped or number.sixtofour or (number.teredo[1] if number.teredo else None)
        if wrapped is not None:
            return is_public(wrapped)
        if number not in _GIVEN_OUT:
            return False
    return number.is_global and not number.is_multicast
