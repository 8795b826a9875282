"""Whether there is a proxy between here and the web, as the environment says it everywhere.

    HTTPS_PROXY, HTTP_PROXY, ALL_PROXY    http://name:password@host:port, for pages of that scheme
    NO_PROXY                              hosts that are reached without: a.example, .example, *

Small letters win, as they do for other programs. A proxy is told addresses that were looked up and
checked here, never names (`tunnels.py`), so that no page is reached through it that the guard would
refuse; who is on this machine's own network is reached without it.
"""

import base64
import os
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

import msgspec

from core.research.web.urls import Place
from core.research.web.views import WebProblem

Environment = Callable[[], Mapping[str, str]]
_PORTS = {"http": 80, "https": 443}


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """One that makes tunnels (`CONNECT`)."""

    scheme: str
    host: str
    port: int
    credentials: str = ""  # for its header, and for nobody's eyes

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"Proxy({self.name})"

    @property
    def name(self) -> str:
        """What people may read of it."""
        return f"{self.host}:{self.port}"


class Proxies:
    """Those that the environment names; it is asked each time."""

    def __init__(self, environment: Environment = lambda: os.environ) -> None:
        self._environment = environment

    def to(self, place: Place) -> Proxy | None:
        """The one through which this place is reached. Raises WebProblem("proxy")."""
        environment = self._environment()
        told = _told(environment, f"{place.scheme}_proxy") or _told(environment, "all_proxy")
        if not told or _is_left_out(place, _told(environment, "no_proxy")):
            return None
        return _proxy_of(told)


def no_proxies() -> Proxies:
    """For whoever reaches everything directly."""
    return Proxies(dict)


def _told(environment: Mapping[str, str], name: str) -> str:
    return (environment.get(name) or environment.get(name.upper()) or "").strip()


def _is_left_out(place: Place, told: str) -> bool:
    return any(_is_meant(place, one) for one in told.lower().replace(",", " ").split())


def _is_meant(place: Place, entry: str) -> bool:
    if entry == "*":
        return True
    try:
        return ip_address(place.host) in ip_network(entry, strict=False)
    except ValueError:
        pass
    name, _, port = entry.rpartition(":")
    if name and port.isdigit():
        if int(port) != place.port:
            return False
        entry = name
    entry = entry.removeprefix("*").removeprefix(".")
    return place.host == entry or (bool(entry) and place.host.endswith(f".{entry}"))


def _proxy_of(told: str) -> Proxy:
    try:
        url = urlsplit(told if "://" in told else f"http://{told}")
        host, port = url.hostname, url.port or _PORTS.get(url.scheme, 0)
    except ValueError:
        host, port = None, 0
    if not host or not port or url.scheme not in _PORTS:
        raise WebProblem(
            "The proxy that the environment names is none that is used here",
            code="proxy",
            next_action="Name an http or https proxy in HTTPS_PROXY and HTTP_PROXY, or the host in "
            "NO_PROXY, and start the studio again.",
        )
    credentials = ""
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        credentials = base64.b64encode(pair.encode()).decode()
    return Proxy(scheme=url.scheme, host=host, port=port, credentials=credentials)
