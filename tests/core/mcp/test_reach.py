"""Where a sign-in may lead, and what it shows and keeps."""

import socket
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from core.api.signed_in import WORDS, language_of, page_of
from core.clock import SystemClock
from core.mcp.failing import McpFailure
from core.mcp.kept import About, Kept, SignedIn
from core.mcp.reach import demand_reachable, demand_shown
from core.mcp.server import McpServer
from core.mcp.sign_ins import redirect_to
from core.secrets import Secrets

OUT = "https://mcp.example/mcp"
HERE = "http://127.0.0.1:9/mcp"
INSIDE = "https://192.168.7.7/mcp"
NAMES = {
    "auth.example": "93.184.216.34",
    "mcp.example": "93.184.216.35",
    "rebound.example": "10.0.0.8",
    "metadata.example": "169.254.169.254",
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that knows these, and addresses."""

    def look_up(host: Any, *_: Any, **__: Any) -> list[Any]:
        address = NAMES.get(str(host), str(host))
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        if address[:1].isalpha() and ":" not in address:
            raise socket.gaierror("nobody is called that")
        return [(family, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://auth.example/token", OUT),
        ("https://nobody.example/token", OUT),  # and then it is not reached
        ("http://127.0.0.1:8/token", HERE),
        ("http://localhost:8/token", HERE),
        ("https://auth.example/token", HERE),
        ("https://[64:ff9b::5db8:d822]/token", OUT),  # IPv4 out there, where there is none here
        ("https://[2606:4700::1]/token", OUT),
        ("https://10.1.1.1/token", INSIDE),
        ("http://nas.lan/token", "http://nas.lan/mcp"),  # as it was typed
    ],
)
async def test_it_leads_out_or_stays_where_the_server_is(url: str, home: str) -> None:
    """No exception."""
    await demand_reachable(url, home)


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("http://auth.example/token", OUT),
        ("http://127.0.0.1:8080/api/quit", OUT),
        ("https://127.0.0.1/token", OUT),
        ("https://[::1]/token", OUT),
        ("https://[::ffff:127.0.0.1]/token", OUT),
        ("https://[64:ff9b::a00:1]/token", OUT),
        ("https://[2002:a00:1::]/token", OUT),
        ("https://[fec0::1]/token", OUT),
        ("https://168.63.129.16/metadata", OUT),
        ("https://192.0.0.192/opc", OUT),
        ("https://192.168.7.7/token", OUT),
        ("https://rebound.example/token", OUT),
        ("https://metadata.example/latest", OUT),
        ("http://127.0.0.1/token", INSIDE),
        ("http://192.168.7.7/token", INSIDE),
        ("file:///etc/passwd", OUT),
        ("ftp://auth.example/x", HERE),
    ],
)
async def test_it_never_leads_in(url: str, home: str) -> None:
    """Nor anywhere in clear."""
    with pytest.raises(McpFailure, match="does not go"):
        await demand_reachable(url, home)


@pytest.mark.parametrize(
    ("url", "home", "fits"),
    [
        ("https://auth.example/authorize?x=1", OUT, True),
        ("http://127.0.0.1:8/authorize", HERE, True),
        ("http://auth.example/authorize", OUT, False),
        ("http://127.0.0.1:8/authorize", OUT, False),
        ("https://mcp.example@evil.example/authorize", OUT, False),
        ("javascript:alert(1)", HERE, False),
        ("file:///etc/passwd", HERE, False),
    ],
)
def test_a_person_is_sent_to_https_or_to_this_machine(url: str, home: str, *, fits: bool) -> None:
    """Never to what a browser would run or open."""
    if fits:
        demand_shown(url, home)
    else:
        with pytest.raises(McpFailure):
            demand_shown(url, home)


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("127.0.0.1", "http://127.0.0.1:81/mcp/signed-in"),
        ("0.0.0.0", "http://127.0.0.1:81/mcp/signed-in"),
        ("localhost", "http://127.0.0.1:81/mcp/signed-in"),
        ("::1", "http://[::1]:81/mcp/signed-in"),
        ("192.168.7.2", "http://192.168.7.2:81/mcp/signed-in"),
    ],
)
def test_browsers_come_back_by_loopback(host: str, where: str) -> None:
    """Wherever the studio listens there."""
    assert redirect_to(host, 81) == where


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "en"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr, zh-Hans;q=0.5", "zh"), ("fr", "en")],
)
def test_the_page_speaks_the_browsers_language(accepted: str, language: str) -> None:
    """The first that there are words in; what it says is ours alone."""
    assert language_of(accepted) == language
    for went_well in (True, False):
        page = page_of(language, went_well=went_well)
        assert WORDS[language][0 if went_well else 2] in page
        assert "script" not in page


def test_a_sign_in_is_kept_for_one_address(home: Path) -> None:
    """Also over a start; each token alone, so that each is masked."""
    secrets, ended = Secrets(home / "secrets"), list[tuple[str, str]]()
    kept = Kept(secrets, SystemClock(), lambda *told: ended.append(told))
    about = About(
        url=OUT,
        origin="https://mcp.example",
        issuer="https://auth.example",
        token_endpoint="https://auth.example/token",
        client_id="us",
    )
    given = SignedIn(about=about, access="access-1", refresh="refresh-1", client_secret="client-1")
    kept.put("far", given)
    again = Kept(secrets, SystemClock(), lambda *told: ended.append(told))
    server = McpServer(name="far", transport="http", url=OUT)
    assert again.of(server) == given
    assert "access-1" not in repr(given)
    assert secrets.mask("access-1 refresh-1 client-1") == "••• ••• •••"
    other = McpServer(name="far", transport="http", url=HERE)
    assert again.of(other) is None
    assert not again.is_for(other)
    again.end("far", "its address is another")
    again.end("far", "its address is another")
    assert ended == [("far", "its address is another")]
    assert kept.expires_at(None) is None
    kept.put("far", SignedIn(about=replace(about, expires_at=kept.expires_at(10**30)), access="a1"))
    assert not kept.is_over(found(kept, server))
    kept.put("far", SignedIn(about=replace(about, expires_at=kept.expires_at(-5)), access="a1"))
    assert kept.is_over(found(kept, server))
    kept.forget("far")
    assert secrets.names() == ()


def found(kept: Kept, server: McpServer) -> SignedIn:
    """That there is one."""
    signed_in = kept.of(server)
    assert signed_in is not None
    return signed_in
