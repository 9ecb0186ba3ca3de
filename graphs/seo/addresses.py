"""Which addresses a page may be fetched from."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")


class RefusedAddressError(Exception):
    """A host that has no address we may connect to."""


async def resolve(host: str, port: int, *, allow_private: bool) -> tuple[Address, ...]:
    """Return the addresses of the host that may be connected to, the system's preferred one first.

    The caller connects to one of these and never to the name, so that a second answer of the name
    server cannot lead elsewhere.

    Raises:
        RefusedAddressError: the name is unknown or all its addresses are refused.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise RefusedAddressError(f"cannot resolve the host {host}: {reason or error}") from error
    addresses = tuple(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    allowed = tuple(a for a in addresses if allow_private or is_public(a))
    if not allowed:
        raise RefusedAddressError(
            f"the host {host} is at {addresses[0]}, which is not a public address "
            "(private ones are fetched only when allowed)"
        )
    return allowed


def is_public(address: Address) -> bool:
    """Whether anyone on the internet could reach the address; also looks inside tunnelled IPv4.

    Source: the IANA special-purpose registries (RFC 6890) as `ipaddress` holds them; NAT64, RFC 6052.
    """
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that the IPv6 address stands for, if any."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
