"""How tokens go along: which answers count, which words may be tokens, which hosts get them."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.clock import SystemClock
from core.mcp.bearer import Bearer
from core.mcp.failing import NEEDS_SIGN_IN, McpFailure
from core.mcp.kept import About, Kept, SignedIn
from core.mcp.oauth import tokens_in
from core.mcp.server import McpServer
from core.secrets import Secrets


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        ({"access_token": "a.b-c_d~e+/=", "token_type": "bearer"}, True),
        ({"access_token": "a\nX-Evil: 1", "token_type": "bearer"}, False),
        ({"access_token": "a b", "token_type": "bearer"}, False),
        ({"access_token": "a", "token_type": "bearer", "refresh_token": "ä"}, False),
        ({"token_type": "bearer"}, False),
        (["a"], False),
    ],
)
def test_a_token_is_one_word(answer: Any, *, given: bool) -> None:
    """Anything else would break a header, or be said with its error."""
    assert (tokens_in(json.dumps(answer).encode()) is not None) == given


async def test_only_a_message_that_is_refused_asks_for_a_person(home: Path) -> None:
    """Some servers know no stream and no end of a session, and say 401 to both."""
    kept = Kept(Secrets(home / "secrets"), SystemClock(), lambda name, reason: None)
    server = McpServer(name="sums", transport="http", url="https://h/mcp")
    lost: list[bool] = []
    bearer = Bearer(server, server.url, kept, lambda: lost.append(True))
    for method, counts in (("GET", False), ("DELETE", False), ("POST", True)):
        flow = bearer.async_auth_flow(httpx2.Request(method, server.url))
        sent = await flow.__anext__()
        assert "authorization" not in sent.headers
        with pytest.raises(McpFailure if counts else StopAsyncIteration):
            await flow.asend(httpx2.Response(401, request=sent))
    assert lost == [True]
    assert bearer.failure is not None


async def test_tokens_go_to_the_host_they_were_given_for(home: Path) -> None:
    """Also where a place in the address stands for a host, and its value is another by now."""
    kept = Kept(Secrets(home / "secrets"), SystemClock(), lambda name, reason: None)
    server = McpServer(name="sums", transport="http", url="https://${HOST}/mcp")
    kept.put("sums", signed_in(server, "https://here.example"))
    for host, goes in (("here.example", True), ("elsewhere.example", False)):
        url = f"https://{host}/mcp"
        flow = Bearer(server, url, kept, lambda: None).async_auth_flow(httpx2.Request("POST", url))
        sent = await flow.__anext__()
        assert ("the-token" in sent.headers.get("authorization", "")) == goes
        await flow.aclose()


async def test_whoever_is_refused_later_says_the_first_reason(home: Path) -> None:
    """The session is told of whichever comes last, and a person should know why it was lost."""
    kept = Kept(Secrets(home / "secrets"), SystemClock(), lambda name, reason: None)
    server = McpServer(name="sums", transport="http", url="https://h/mcp")
    kept.put("sums", signed_in(server, "https://h"))
    bearer = Bearer(server, server.url, kept, lambda: None)
    flows = [bearer.async_auth_flow(httpx2.Request("POST", server.url)) for _ in range(2)]
    sent = [await one.__anext__() for one in flows]
    for flow, request in zip(flows, sent, strict=True):
        with pytest.raises(McpFailure, match="its sign-in has run out"):
            await flow.asend(httpx2.Response(401, request=request))


async def test_what_was_sent_for_one_account_is_not_sent_again_for_another(home: Path) -> None:
    """Somebody else signed in while the server answered; what was renewed meanwhile is used."""
    kept = Kept(Secrets(home / "secrets"), SystemClock(), lambda name, reason: None)
    server = McpServer(name="sums", transport="http", url="https://h/mcp")
    for mark, goes in (("theirs", False), ("mine", True)):
        kept.put("sums", signed_in(server, "https://h", "mine"))
        bearer = Bearer(server, server.url, kept, lambda: None)
        flow = bearer.async_auth_flow(httpx2.Request("POST", server.url))
        sent = await flow.__anext__()
        kept.put("sums", signed_in(server, "https://h", mark, token="another"))
        answer = httpx2.Response(401, request=sent)
        if goes:
            assert (await flow.asend(answer)).headers["authorization"] == "Bearer another"
            await flow.aclose()
        else:
            with pytest.raises(McpFailure) as failed:
                await flow.asend(answer)
            assert failed.value.code == NEEDS_SIGN_IN
        assert kept.held("sums") is not None


def signed_in(
    server: McpServer, origin: str, mark: str = "", *, token: str = "the-token"
) -> SignedIn:
    """What a sign-in at this server left, for one origin."""
    about = About(
        url=server.url,
        origin=origin,
        issuer="https://auth.example",
        token_endpoint="https://auth.example/token",
        client_id="us",
        mark=mark,
    )
    return SignedIn(about=about, access=token)
