"""URLs: which may be asked for, and which are the same page.

One parser only, httpx's: two that read a URL differently are how guards are passed.
"""

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import msgspec

from core.research.web.views import Hit, WebProblem

if TYPE_CHECKING:
    import httpx

LONGEST = 4096  # characters
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")

# Ports where something else than web servers listens and could be talked into harm.
_BAD_PORTS = {
    int(port)
    for port in re.findall(
        r"\d+",
        "1719 1720 1723 2049 2375 2376 3306 3389 3659 4045 4190 5060 5061 5432 5672 5900 6000 6379"
        " 6566 6665 6666 6667 6668 6669 6697 9042 9200 9300 10080 11211 27017",
    )
}
_TRACKING = re.compile(
    r"utm_\w+|gclid|gclsrc|dclid|fbclid|msclkid|yclid|twclid|ttclid|igshid|mc_[ce]id|_hs(enc|mi)"
    r"|mkt_tok|ref_src|ref_url|oly_(anon|enc)_id|vero_id|_ga|_gl|wickedid|spm|srsltid",
    re.IGNORECASE,
)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a URL points to, as far as a connection needs it."""

    scheme: str
    host: str  # ASCII, lower case, no final dot, no brackets
    port: int

    @property
    def origin(self) -> str:
        """What robots.txt and politeness are about."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == default else f":{self.port}")


def parsed(url: str) -> "tuple[httpx.URL, Place]":
    """The URL and where it points to. Raises WebProblem("bad-url") for what is never asked for."""
    import httpx

    if len(url) > LONGEST:
        raise _bad("The address is too long")
    if any(ch.isspace() or ord(ch) < 0x20 or ch == "\\" for ch in url.strip()):
        raise _bad("The address has characters that do not belong there")
    try:
        known = httpx.URL(url.strip())
        host = known.raw_host.decode("ascii").lower()
    except (httpx.InvalidURL, ValueError):
        raise _bad("This is no address of a page") from None
    return known, _place(known, host)


def _place(known: "httpx.URL", host: str) -> Place:
    if known.scheme not in ("http", "https"):
        raise _bad("Only http and https are read")
    if known.userinfo:
        raise _bad("An address with a user name or a password in it is not read")
    host = host.removesuffix(".")
    if not (_is_ip(host) or _is_name(host)):
        raise _bad("The address has no proper host name")
    port = known.port or (443 if known.scheme == "https" else 80)
    if port in _BAD_PORTS or port > 65535 or (port < 1024 and port not in (80, 443)):
        raise _bad(f"Port {port} is not one where pages are served")
    return Place(scheme=known.scheme, host=host, port=port)


def _is_ip(host: str) -> bool:
    """An address in its one usual spelling: no octal, no 0x, no single number."""
    for kind in (IPv4Address, IPv6Address):
        try:
            return "%" not in str(kind(host))
        except AddressValueError:
            continue
    return False


def _is_name(host: str) -> bool:
    labels = host.split(".")
    ends_in_number = labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]) is not None
    return len(host) <= 253 and not ends_in_number and all(_LABEL.fullmatch(one) for one in labels)


def _bad(sentence: str) -> WebProblem:
    return WebProblem(sentence, code="bad-url", next_action="Give the page's full https address.")


# ---- the same page ------------------------------------------------------------------------------


def canonical(url: str) -> str:
    """The URL without fragment and without what only follows people around."""
    try:
        known, place = parsed(url)
    except WebProblem:
        return url
    query = known.query.decode("ascii", "replace")
    if _tracked(query):
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([(name, value) for name, value in pairs if not _TRACKING.fullmatch(name)])
    path = known.raw_path.decode("ascii", "replace").partition("?")[0] or "/"
    return place.origin + path + (f"?{query}" if query else "")


def _tracked(query: str) -> bool:
    names = (part.partition("=")[0] for part in query.split("&"))
    return any(_TRACKING.fullmatch(name) for name in names)


def page_key(url: str) -> str:
    """Equal for addresses that nearly always are one page: http and https, www, a final slash."""
    bare = re.sub(r"^https?://(www\.)?", "", canonical(url))
    return bare.rstrip("/")


def each_once(hits: Iterable[Hit], most: int) -> list[Hit]:
    """The first `most` hits with addresses that can be read, each page once, canonical."""
    kept: dict[str, Hit] = {}
    for hit in hits:
        if not _readable(hit.url):
            continue
        kept.setdefault(page_key(hit.url), msgspec.structs.replace(hit, url=canonical(hit.url)))
    return list(kept.values())[: max(0, most)]


def _readable(url: str) -> bool:
    try:
        parsed(url)
    except WebProblem:
        return False
    return True
