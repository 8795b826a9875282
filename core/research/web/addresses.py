"""Which addresses a page may come from. What is not plainly public is refused.

The lists are ours, not `ipaddress.is_global`: what that answers differs between patch releases of
Python, and an answer that changes under a guard is no guard.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# Somebody's own machines. A host that was allowed by name may be here.
_OWN_4 = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),  # carriers, and overlay networks of one's own
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
)
_OWN_6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))

# Nobody's pages, whoever allowed what: link-local, metadata of clouds, documentation, multicast …
_NEVER_4 = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.100.100.200/32"),  # metadata at Alibaba
    IPv4Network("168.63.129.16/32"),  # the host of a machine at Azure; a public range
    IPv4Network("169.254.0.0/16"),  # link-local; metadata nearly everywhere
    IPv4Network("192.0.0.0/24"),  # protocols; metadata at Oracle
    IPv4Network("192.0.2.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("240.0.0.0/4"),
)
_GLOBAL_6 = IPv6Network("2000::/3")
_NEVER_6 = (
    IPv6Network("2001::/23"),  # Teredo and other protocols
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
    IPv6Network("fd00:ec2::254/128"),  # metadata at Amazon, inside what would be private
    IPv6Network("fd20:ce::254/128"),  # metadata at Google
    IPv6Network("fe80::/10"),
    IPv6Network("ff00::/8"),
)
_TRANSLATED = IPv6Network("64:ff9b::/96")  # IPv4 as networks without it see it (RFC 6052)
_SIX_TO_FOUR = IPv6Network("2002::/16")


def may_be_reached(address: str, *, own: bool = False) -> bool:
    """Whether to connect to this address; `own`: its host was allowed to be a private one."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    if isinstance(known, IPv4Address):
        return _reachable_4(known, own=own)
    if known.scope_id is not None:  # only meaningful on this machine
        return False
    return _reachable_6(known, own=own)


def _reachable_4(address: IPv4Address, *, own: bool) -> bool:
    if any(address in network for network in _NEVER_4):
        return False
    return own or not any(address in network for network in _OWN_4)


def _reachable_6(address: IPv6Address, *, own: bool) -> bool:
    if address in _TRANSLATED:
        return _reachable_4(IPv4Address(int(address) & 0xFFFFFFFF), own=False)
    if address in _SIX_TO_FOUR:
        return _reachable_4(IPv4Address(int(address) >> 80 & 0xFFFFFFFF), own=False)
    if any(address in network for network in _NEVER_6):
        return False
    if any(address in network for network in _OWN_6):
        return own
    return address in _GLOBAL_6
