"""Taking tokens back: whatever comes of it is told, and nothing is raised that nobody reads."""

from typing import Any

import msgspec
import pytest

from core.mcp.kept import SignedIn
from core.mcp.revoking import taken_back
from core.mcp.server import McpServer
from tests.core.mcp.test_bearer import signed_in
from tests.harness.mcp_servers import listening
from tests.harness.ports import free_port


def given(origin: str, endpoint: str, **more: str) -> SignedIn:
    """A sign-in whose tokens are taken back there."""
    found = signed_in(McpServer(name="sums", transport="http", url=f"{origin}/mcp"), origin)
    about = msgspec.structs.replace(found.about, revocation_endpoint=endpoint, **more)
    return msgspec.structs.replace(found, about=about)


@pytest.mark.parametrize(
    ("endpoint", "method", "why"),
    [
        ("https://auth.example:port/revoke", "none", "InvalidURL"),
        ("https://auth.example/revoke", "by handshake", "OAuthTokenError"),
    ],
)
async def test_what_can_not_be_asked_is_said(endpoint: str, method: str, why: str) -> None:
    """Neither an address that is none nor a proof that nobody knows ends it with an exception."""
    assert await taken_back(given("https://h", endpoint, auth_method=method)) == why


@pytest.mark.real
@pytest.mark.parametrize(
    ("status", "why"), [(200, ""), (204, ""), (302, "status 302"), (503, "status 503")]
)
async def test_any_answer_that_it_is_done_is_one(status: int, why: str) -> None:
    """Also one that says nothing more."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    port = free_port()
    here = f"http://127.0.0.1:{port}"
    with listening(app, port):
        assert await taken_back(given(here, f"{here}/revoke")) == why
