"""The address guard decides which addresses a crawler may connect to.

A crawler follows links that strangers wrote. Such a link must not reach services that only this
machine can reach: its loopback, its private network, its cloud's metadata service. The guard
refuses every address that is not globally routable according to the IANA special-purpose registries
(https://www.iana.org/assignments/iana-ipv4-special-registry,
https://www.iana.org/assignments/iana-ipv6-special-registry), and every IPv6 address that embeds
such an IPv4 address.

Host names are checked by the addresses they resolve to, when the socket is created: the checked
address is the one connected to, so a name that changes its answer between the two gains nothing.

Not covered: a network's own NAT64 prefix (RFC 6052 §2.2), which only that network knows.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING

from crawlproj.errors import AddressRefused, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

IPAddress = IPv4Address | IPv6Address

_REFUSED_V4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("169.254.169.254/32", "cloud metadata"),
        ("100.100.100.200/32", "cloud metadata"),
        ("168.63.129.16/32", "cloud metadata"),  # Azure's host agent, in public address space
        ("192.0.0.192/32", "cloud metadata"),
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_REFUSED_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fd00:ec2::254/128", "cloud metadata"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("64:ff9b:1::/48", "local-use NAT64"),
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
)
# Names whose addresses are known without a look-up. A proxy looks names up where we cannot see it.
_LOOPBACK_V4 = IPv4Address("127.0.0.1")
_METADATA_V4 = IPv4Address("169.254.169.254")
_KNOWN_NAMES: dict[str, IPv4Address] = {
    "localhost": _LOOPBACK_V4,  # and every name below it: RFC 6761 §6.3
    "localhost.localdomain": _LOOPBACK_V4,
    "ip6-localhost": _LOOPBACK_V4,
    "ip6-loopback": _LOOPBACK_V4,
    "instance-data": _METADATA_V4,
    "instance-data.ec2.internal": _METADATA_V4,
    "metadata": _METADATA_V4,
    "metadata.azure.internal": _METADATA_V4,
    "metadata.goog": _METADATA_V4,
    "metadata.google.internal": _METADATA_V4,
    "metadata.tencentyun.com": _METADATA_V4,
}
_NAT64 = IPv6Network("64:ff9b::/96")
_TEREDO = IPv6Network("2001::/32")
_PROTOCOL_ASSIGNMENTS = IPv6Network("2001::/23")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_ISATAP_IDENTIFIERS = frozenset({0x0000_5EFE, 0x0200_5EFE})  # RFC 5214 §6.1


class Guard:
    """Refuses connections to addresses that are not globally routable.

    allow: networks to allow anyway, as CIDRs ("127.0.0.0/8", "fd12::/16", "10.1.2.3").
        An IPv4-mapped IPv6 address counts as the IPv4 address in it.

    Raises ConfigError naming GUARD_ALLOW if one of them is not a CIDR.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = tuple(_network(cidr) for cidr in allow)
        # A crawl checks the same few addresses again and again.
        self._refusal = lru_cache(maxsize=4096)(self._refusal_unless_allowed)

    def check(self, address: str | IPAddress) -> None:
        """Raise AddressRefused unless ``address``, an IP address literal, is allowed."""
        try:
            ip = _unmapped(ip_address(address) if isinstance(address, str) else address)
        except ValueError:
            raise AddressRefused(f"{address!r} is not an IP address; nothing was sent") from None
        kind = self._refusal(ip)
        if kind is None:
            return
        raise AddressRefused(
            f"{address} is a {kind} address; nothing was sent. "
            f"If this crawl may connect to it, allow it, for example with -s GUARD_ALLOW={ip}"
        )

    def check_name(self, host: str) -> None:
        """Raise AddressRefused if ``host``, which a proxy looks up, stands for a refused address.

        Knows localhost, the names below it, and those of cloud metadata services.
        """
        name = host.lower().rstrip(".")
        address = _KNOWN_NAMES.get("localhost" if name.endswith(".localhost") else name)
        if address is not None:
            try:
                self.check(address)
            except AddressRefused as exc:
                raise AddressRefused(f"{host} stands for a refused address: {exc}") from None

    def _refusal_unless_allowed(self, ip: IPAddress) -> str | None:
        allowed = any(ip.version == network.version and ip in network for network in self._allow)
        return None if allowed else refusal(ip)


def refusal(address: IPAddress) -> str | None:
    """Return why ``address`` is not globally routable ("loopback", …), or None if it is."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _REFUSED_V4 if address in network), None)
    kind = next((kind for network, kind in _REFUSED_V6 if address in network), None)
    if kind is not None:
        return kind
    for inner in embedded(address):
        if (kind := refusal(inner)) is not None:
            return f"{kind} (embedded {inner})"
    if address not in _GLOBAL_UNICAST:
        return None if address in _NAT64 or address.ipv4_mapped else "reserved"
    if address in _PROTOCOL_ASSIGNMENTS and address not in _TEREDO:
        return "protocol assignments"
    return None


def embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses to which a packet for ``address`` may be routed.

    Knows IPv4-mapped (RFC 4291 §2.5.5.2), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380:
    server and client) and ISATAP (RFC 5214). IPv4-compatible addresses are refused as reserved.
    """
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    found: list[IPv4Address] = []
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP_IDENTIFIERS:
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return tuple(found)


def ip_literal(host: str) -> IPAddress | None:
    """Return the IP address that a URL's host spells out, or None for a host name.

    Reads every spelling that inet_aton(3) accepts ("0x7f.1", "2130706433", "0177.0.0.1"), because
    getaddrinfo accepts them too.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    # inet_aton ignores everything after a space, so pass it plain tokens only.
    if not host[:1].isdigit() or not host.isascii() or not host.replace(".", "").isalnum():
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _unmapped(address: IPAddress) -> IPAddress:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _network(cidr: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(cidr)
    except (TypeError, ValueError) as exc:
        raise ConfigError(
            f"GUARD_ALLOW: {cidr!r} is not a network; write CIDRs such as '127.0.0.0/8' ({exc})"
        ) from None
