from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

from crawlproj.errors import AddressRefused, ConfigError
from crawlproj.http.guard import Guard, ip_literal, refusal

REFUSED = {
    "0.0.0.0": "this network",
    "0.1.2.3": "this network",
    "10.1.2.3": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.100.100.200": "cloud metadata",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "cloud metadata",
    "169.254.1.1": "link-local",
    "169.254.169.254": "cloud metadata",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.192": "cloud metadata",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4 relay",
    "192.168.1.1": "private",
    "198.18.0.1": "benchmarking",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::8.8.8.8": "reserved",  # IPv4-compatible: deprecated and not routed
    "::ffff:127.0.0.1": "loopback",
    "64:ff9b::127.0.0.1": "loopback (embedded 127.0.0.1)",
    "64:ff9b:1::1": "local-use NAT64",
    "100::1": "reserved",
    "2001:0:7f00:1::1": "loopback (embedded 127.0.0.1)",
    "2001:2::1": "protocol assignments",
    "2001:db8::1": "documentation",
    "2002:7f00:1::": "loopback (embedded 127.0.0.1)",
    "2a00:1450::5efe:10.0.0.1": "private (embedded 10.0.0.1)",
    "3fff::1": "documentation",
    "4000::1": "reserved",
    "fc00::1": "private",
    "fd00:ec2::254": "cloud metadata",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
}
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001::8a",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
]


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
def test_a_non_public_address_is_refused_and_the_error_names_its_kind(
    address: str, kind: str
) -> None:
    with pytest.raises(AddressRefused) as caught:
        Guard().check(address)
    assert f"is a {kind} address" in str(caught.value)
    # The value that it says to write on the command line is read there.
    advised = Settings({"GUARD_ALLOW": str(caught.value).rpartition("-s GUARD_ALLOW=")[2]})
    Guard(advised.getlist("GUARD_ALLOW")).check(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    Guard().check(address)


@pytest.mark.parametrize("not_an_address", ["", "example.org", "127.1", "1.2.3.4:80"])
def test_a_string_that_is_not_an_ip_address_is_refused(not_an_address: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().check(not_an_address)


def test_guard_allow_admits_the_listed_networks_only() -> None:
    guard = Guard(["127.0.0.0/8", "fd12::/16", "10.1.2.3"])
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "fd12::1", "10.1.2.3"):
        guard.check(address)
    for address in ("10.1.2.4", "fd13::1", "2002:7f00:1::", "64:ff9b::127.0.0.1"):
        with pytest.raises(AddressRefused):
            guard.check(address)


@pytest.mark.parametrize("wrong", ["loopback", "127.0.0.1/8", "300.0.0.0/8", "", None, 1.5])
def test_an_allow_entry_that_is_not_a_network_is_a_config_error(wrong: str) -> None:
    with pytest.raises(ConfigError, match="GUARD_ALLOW"):
        Guard([wrong])


refused_v4 = st.integers(0, 2**32 - 1).map(IPv4Address).filter(lambda ip: refusal(ip) is not None)
public_v4 = st.integers(0, 2**32 - 1).map(IPv4Address).filter(lambda ip: refusal(ip) is None)


@given(refused_v4, st.integers(0, 2**32 - 1))
def test_an_ipv6_address_that_embeds_a_refused_one_is_refused(
    inner: IPv4Address, noise: int
) -> None:
    low = int(inner)
    outer = [
        low,  # IPv4-compatible
        0xFFFF << 32 | low,  # IPv4-mapped
        0xFFFF << 48 | low,  # IPv4-translated
        0x64_FF9B << 96 | low,  # NAT64
        0x2002 << 112 | low << 80 | noise,  # 6to4
        0x2001 << 112 | low << 64 | noise,  # Teredo, as its server
        0x2001 << 112 | 0x0808_0808 << 64 | (low ^ 0xFFFF_FFFF),  # Teredo, as its client
        0x2A00_1450 << 96 | 0x5EFE << 32 | low,  # ISATAP
        0x2A00_1450 << 96 | 0x0200_5EFE << 32 | low,
    ]
    for address in outer:
        with pytest.raises(AddressRefused):
            Guard().check(IPv6Address(address))


@given(st.one_of(refused_v4, public_v4))
def test_every_allowed_ipv4_address_is_global_to_python(address: IPv4Address) -> None:
    if refusal(address) is None:
        assert address.is_global


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_every_allowed_ipv6_address_is_global_to_python(address: IPv6Address) -> None:
    if refusal(address) is None:
        assert address.is_global


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("134744072", "8.8.8.8"),
        ("::1", "::1"),
    ],
)
def test_unusual_spellings_of_an_address_are_read_as_sockets_read_them(
    host: str, address: str
) -> None:
    assert str(ip_literal(host)) == address


@pytest.mark.parametrize("host", ["example.org", "1.example", "0x7f.example", "1.2.3.4 x", "٣.1"])
def test_a_host_name_is_not_an_ip_literal(host: str) -> None:
    assert ip_literal(host) is None


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.b.localhost", "ip6-loopback"])
def test_a_name_that_stands_for_loopback_is_judged_by_its_address(host: str) -> None:
    with pytest.raises(AddressRefused, match=r"refused address: 127\.0\.0\.1 is a loopback"):
        Guard().check_name(host)
    Guard(["127.0.0.1"]).check_name(host)


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "mylocalhost", "meta"])
def test_a_name_that_stands_for_nothing_known_is_left_to_the_proxy(host: str) -> None:
    Guard().check_name(host)
