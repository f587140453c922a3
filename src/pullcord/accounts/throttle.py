"""How long whoever guesses passwords must wait: longer with every failure, and never for good."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

FORGOTTEN_AFTER = timedelta(hours=24)
LONGEST_WAIT_S = 900


@dataclass(frozen=True, slots=True)
class Patience:
    """How many failures are free; after them the wait doubles each time, from a second to a quarter of an hour."""

    free: int


OF_ACCOUNT = Patience(free=5)
OF_ADDRESS = Patience(free=20)  # a family, or an office, behind one address
OF_SIGN_UPS = Patience(free=10)


def wait_s(failures: int, last_at: datetime, now: datetime, patience: Patience) -> int:
    """Whole seconds until the next attempt is heard; 0 for at once."""
    if failures < patience.free or now - last_at >= FORGOTTEN_AFTER:
        return 0
    pause_s = min(2.0 ** min(failures - patience.free, 30), LONGEST_WAIT_S)
    left_s = pause_s - (now - last_at).total_seconds()
    return max(0, -int(-left_s // 1))


def network_of(address: str) -> str:
    """What an address counts under: itself, or for IPv6 the /64 that one household has all of."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
