"""Whose request it is: the peer's own, or, where the peer is a proxy that is trusted, the one it speaks for."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from pullcord.base import InvalidInput

from .reply import Headers

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_FORWARDED = b"x-forwarded-for"
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # IPv4 addresses as a socket for both kinds writes them


def client_of(peer: str, headers: Headers, proxies: Sequence[Network]) -> str:
    """The address that a request counts under.

    It is the peer's. Where the peer is one of `proxies` it is the right-most address in X-Forwarded-For that is none of
    them: each proxy adds on the right whom it heard, so that only what trusted proxies wrote is read. What is no IP
    address ends the walk at the last one that was.
    """
    if not proxies:
        return peer
    found = _address(peer)
    if found is None:
        return peer
    if _trusted(found, proxies):
        said = b",".join(value for name, value in headers if name == _FORWARDED).decode("latin-1")
        for entry in reversed(said.split(",")):
            before = _address(entry)
            if before is None:
                break
            found = before
            if not _trusted(found, proxies):
                break
    return str(found)


def proxy_network(given: str) -> Network:
    """The network that an address or a network stands for, as an operator writes it. Raises InvalidInput."""
    try:
        network = ipaddress.ip_network(given.strip())
    except ValueError:
        raise InvalidInput(f"the proxy `{given}` is no IP address and no network", _way_out(given)) from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        network = ipaddress.ip_network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    if network.prefixlen == 0:
        raise InvalidInput(
            f"the proxy `{given}` is every address there is, so that anybody could pass for anybody",
            "name the addresses that your proxies have",
        )
    return network


def _way_out(given: str) -> str:
    try:
        wider = ipaddress.ip_network(given.strip(), strict=False)
    except ValueError:
        return "write one such as 10.0.0.5, 10.0.0.0/8 or fd00::/8; names are not looked up"
    return f"the network is {wider}, the one address {given.strip().partition('/')[0]}"


def _trusted(address: _Address, proxies: Sequence[Network]) -> bool:
    return any(address in network for network in proxies)


def _address(written: str) -> _Address | None:
    """An address as it stands in a header: perhaps with a port, with brackets, with a zone."""
    text = written.strip(" \t")
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or (port and not _is_port(port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        return found.ipv4_mapped or found
    return found


def _is_port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and text[1:].isdigit()
