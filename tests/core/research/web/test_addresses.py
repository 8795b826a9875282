"""Only plainly public addresses are reached; what a person allowed by name may be private."""

import pytest

from core.research.web.addresses import may_be_reached

PUBLIC = ("93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2606:4700::1")
PUBLIC_TRANSLATED = ("64:ff9b::808:808", "2002:808:808::1")
OWN = ("127.0.0.1", "127.8.9.10", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
       "100.64.0.1", "::1", "fc00::1", "fd12:3456::1")  # fmt: skip
NEVER = (
    "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16",
    "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.88.99.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "3fff::1", "100::1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::",
    "fd00:ec2::254", "fd20:ce::254", "5f00::1", "4000::1",
)  # fmt: skip
NO_ADDRESS = ("", "localhost", "1", "127.1", "0x7f.0.0.1", "017700000001", "127.0.0.1:80", "::1%")


@pytest.mark.parametrize("address", PUBLIC + PUBLIC_TRANSLATED)
def test_public_addresses_are_reached(address: str) -> None:
    """Also those next to a private range."""
    assert may_be_reached(address)
    assert may_be_reached(address, own=True)


@pytest.mark.parametrize("address", OWN)
def test_private_addresses_are_reached_only_where_a_person_allowed_the_host(address: str) -> None:
    """Loopback, private networks, and those of carriers and overlays."""
    assert not may_be_reached(address)
    assert may_be_reached(address, own=True)


@pytest.mark.parametrize("address", NEVER + NO_ADDRESS)
def test_some_addresses_are_never_reached(address: str) -> None:
    """Metadata, link-local, multicast, documentation, disguises: whatever was allowed."""
    assert not may_be_reached(address)
    assert not may_be_reached(address, own=True)
