"""Where a request comes from."""

from __future__ import annotations

import ipaddress

from starlette.requests import HTTPConnection

UNKNOWN = "unknown"


def network_of(connection: HTTPConnection) -> str:
    """The client's address, of IPv6 the /64 that one customer of a provider has.

    A trusted proxy's X-Forwarded-For has been followed already (`api.app`); what a client says
    of itself never counts.
    """
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
