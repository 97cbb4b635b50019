"""IP addresses as places: the address, or of an IPv6 one the network of its customer."""

from __future__ import annotations

import ipaddress


def network_of(address: str) -> str:
    """The address, or the /64 network of an IPv6 one: a customer has at least that many.

    Returns text that is no address as it is.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address) or found.is_loopback:
        return str(found)
    return str(ipaddress.IPv6Network((found, 64), strict=False).network_address)
