"""Signing in at a server that really wants it, over real HTTP: in, renewed, refused, out."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused
from core.mcp import sign_ins
from core.mcp.server import McpServer
from core.mcp.sign_ins import Finished
from core.mcp.views import McpServerView
from core.own_log import Discreet
from core.secrets import Secrets
from events.store import EventStore
from tests.core.mcp.conftest import REDIRECT, Room, mcp_at
from tests.harness.mcp_servers import http_server, listening
from tests.harness.oauth_mcp_server import SCOPE, Doorkeeper, browse, guarded_server
from tests.harness.ports import free_port

pytestmark = pytest.mark.real

OTHERS = ("httpx", "httpcore")  # the browser
NAMES = ("mcp-server-signed-in", "mcp-server-signed-out")


@contextmanager
def door(**wishes: object) -> Iterator[tuple[Doorkeeper, str]]:
    """A server that wants people to sign in."""
    keeper = Doorkeeper()
    for name, value in wishes.items():
        setattr(keeper, name, value)
    with guarded_server(keeper) as url:
        yield keeper, url


async def asked_to_sign_in(room: Room, url: str) -> McpServerView:
    """Save the server; how it is once it has refused us."""
    server = McpServer(name="sums", transport="http", url=url)
    await room.mcp.desk.save(server, {}, actor="cli")
    return await state(room, "needs-sign-in")


async def state(room: Room, wanted: str) -> McpServerView:
    """Once it is so, its view."""
    await room.until(lambda: room.mcp.servers.view("sums").state == wanted)
    return room.mcp.servers.view("sums")


async def sign_in(room: Room, **other: str) -> Finished:
    """As a person does it; `other` is what the browser brings instead."""
    begun = await room.mcp.sign_ins.begin("sums", actor="window")
    back, said = await asyncio.to_thread(browse, begun.url)
    assert back.startswith(REDIRECT)
    said |= other
    return await room.mcp.sign_ins.finish(
        said["state"], said.get("code", ""), said.get("error", ""), said.get("iss")
    )


async def signed_in(room: Room, url: str) -> McpServerView:
    """From the beginning to a server that answers."""
    await asked_to_sign_in(room, url)
    assert (await sign_in(room)).message == ""
    return await state(room, "ready")


async def add(room: Room) -> str:
    """Whether it works."""
    await room.always("add", server="sums")
    return (await room.make(room.wish("add", server="sums", a=2, b=40))).text


async def test_a_person_signs_in_and_the_server_works(room: Room) -> None:
    """Nothing is asked of anybody before they want it."""
    with door() as (keeper, url):
        view = await asked_to_sign_in(room, url)
        assert view.problem == "it wants to know who asks (status 401)"
        assert view.next_action == "Sign in, or give its key as a header."
        assert not view.signed_in
        assert keeper.registered == []
        assert (await sign_in(room)).message == ""
        view = await state(room, "ready")
        assert view.signed_in
        assert view.problem == ""
        assert await add(room) == "42"
        assert keeper.registered == ["vLLM Studio"]
        (fact,) = room.facts(*NAMES)
        assert (fact.name, fact.issuer, fact.scope) == ("sums", url.removesuffix("/mcp"), SCOPE)
        assert fact.renewable
        (recorded,) = [one for one in room.store.read_all() if one.type == NAMES[0]]
        assert recorded.actor == "window"


async def test_what_has_run_out_is_renewed_without_a_person(room: Room) -> None:
    """By our clock, and when the server says so; many requests share one renewal."""
    with door(token_s=0) as (keeper, url):
        await signed_in(room, url)
        keeper.token_s = 3600
        await add(room)
        renewed = keeper.renewed
        assert renewed > 0
        keeper.take_back()
        wishes = [room.wish("add", server="sums", a=1, b=n) for n in range(5)]
        results = await asyncio.gather(*map(room.make, wishes))
        assert [one.text for one in results] == ["1", "2", "3", "4", "5"]
        assert keeper.renewed == renewed + 1
        assert room.facts(NAMES[1]) == []


async def test_what_is_not_renewed_needs_a_person_again(room: Room) -> None:
    """With the reason, in the state and in the log; then it works again."""
    with door() as (keeper, url):
        await signed_in(room, url)
        keeper.renews = False
        keeper.take_back()
        await room.always("add", server="sums")
        await room.make(room.wish("add", server="sums", a=2, b=40))
        view = await state(room, "needs-sign-in")
        assert view.problem == "its sign-in was not renewed (invalid_grant)"
        assert view.next_action == "Sign in again."
        assert not view.signed_in
        await room.until(lambda: room.facts(NAMES[1]))
        assert room.facts(NAMES[1])[0].reason == "its sign-in was not renewed (invalid_grant)"
        failed = await room.until(lambda: room.facts("mcp-server-failed"))
        assert failed[-1].code == "needs-sign-in"
        keeper.renews = True
        assert (await sign_in(room)).message == ""
        await state(room, "ready")
        assert await add(room) == "42"


async def test_tokens_outlast_the_studio(room: Room, home: Path, store: EventStore) -> None:
    """And are renewed where they were given, also after a start."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.mcp.close()
        keeper.take_back()
        again = mcp_at(home, store, Secrets(home / "secrets"))
        task = asyncio.create_task(again.run())
        await asyncio.sleep(0)
        try:
            await room.until(lambda: again.servers.view("sums").state == "ready")
            assert again.servers.view("sums").signed_in
            assert keeper.renewed == 1
            assert len(keeper.registered) == 1
        finally:
            await again.close()
            task.cancel()


async def test_the_wrong_state_is_nobodys(room: Room) -> None:
    """Neither one that was guessed nor one that was used before; ours goes on."""
    with door() as (_, url):
        await asked_to_sign_in(room, url)
        begun = await room.mcp.sign_ins.begin("sums", actor="window")
        _, said = await asyncio.to_thread(browse, begun.url)
        for wrong in ("", "guessed", said["state"][:-1]):
            with pytest.raises(Refused, match="not under way"):
                await room.mcp.sign_ins.finish(wrong, said["code"], "", None)
        came = await room.mcp.sign_ins.finish(said["state"], said["code"], "", None)
        assert came.message == ""
        with pytest.raises(Refused, match="not under way"):
            await room.mcp.sign_ins.finish(said["state"], said["code"], "", None)
        await state(room, "ready")


async def test_a_no_is_said_and_nothing_is_kept(room: Room) -> None:
    """A code that is worth nothing comes to the same."""
    with door(person_says_no=True) as (keeper, url):
        await asked_to_sign_in(room, url)
        assert (await sign_in(room)).message == "the sign-in was declined there"
        view = room.mcp.servers.view("sums")
        assert (view.state, view.problem) == ("needs-sign-in", "the sign-in was declined there")
        keeper.person_says_no = False
        came = await sign_in(room, code="made-up")
        assert came.message == "its sign-in gave no tokens (invalid_grant)"
        assert not room.mcp.servers.view("sums").signed_in
        assert room.facts(*NAMES) == []


async def test_a_browser_that_comes_too_late_is_not_let_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun ends by itself."""
    with door() as (_, url):
        await asked_to_sign_in(room, url)
        monkeypatch.setattr(sign_ins, "PERSON_S", 0.0)
        begun = await room.mcp.sign_ins.begin("sums", actor="window")
        view = await state(room, "needs-sign-in")
        await room.until(lambda: "nobody" in room.mcp.servers.view("sums").problem)
        _, said = await asyncio.to_thread(browse, begun.url)
        with pytest.raises(Refused, match="not under way"):
            await room.mcp.sign_ins.finish(said["state"], said["code"], "", None)
        view = room.mcp.servers.view("sums")
        assert (view.problem, view.signed_in) == ("nobody signed in within 0 s", False)


async def test_signing_out_forgets_everything(room: Room) -> None:
    """So does an address that is another, and the server's removal."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.mcp.sign_ins.sign_out("sums", actor="cli")
        assert kept(room) == []
        view = await state(room, "needs-sign-in")
        assert not view.signed_in
        await room.until(lambda: room.facts(NAMES[1]))
        assert room.facts(NAMES[1])[0].reason == "asked to"
        await room.mcp.sign_ins.sign_out("sums", actor="cli")
        assert len(room.facts(NAMES[1])) == 1

        assert (await sign_in(room)).message == ""
        await state(room, "ready")
        assert len(keeper.registered) == 2
        other = McpServer(name="sums", transport="http", url=url.replace("127.0.0.1", "localhost"))
        await room.mcp.desk.save(other, {}, actor="cli")
        assert kept(room) == []
        await room.until(lambda: len(room.facts(NAMES[1])) == 2)
        assert room.facts(NAMES[1])[1].reason == "its address is another"

        await signed_in(room, url)
        await room.mcp.desk.remove("sums", actor="cli")
        assert kept(room) == []


def kept(room: Room) -> list[str]:
    """The names of secrets that a sign-in gave."""
    return [name for name in room.secrets.names() if name.startswith("mcp-sign-in")]


async def test_no_token_stands_anywhere_but_in_its_file(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in the log, nor in a view, nor in what is written down, also when it fails."""
    caplog.set_level(logging.DEBUG)
    with door() as (keeper, url):
        await signed_in(room, url)
        keeper.take_back()
        await add(room)
        await sign_in(room, code=keeper.given[0])
        views = [room.mcp.servers.views(), room.mcp.detail("sums")]
        keeper.renews = False
        keeper.take_back()
        await room.make(room.wish("add", server="sums", a=2, b=40))
        await state(room, "needs-sign-in")
        told = [
            *views,
            room.mcp.detail("sums"),
            room.mcp.servers.log_of("sums").since(0),
            room.store.read_all(limit=10_000),
        ]
        ours = [one for one in caplog.records if one.name.partition(".")[0] not in OTHERS]
        written = "\n".join(map(Discreet(room.secrets.mask).format, ours))
        assert "/token" in written
        assert len(keeper.given) > 5
        for one in keeper.given:
            assert one not in repr(told)
            assert one not in written


async def test_a_server_that_nobody_can_sign_in_at_says_so(room: Room) -> None:
    """One that wants a key alone; one that is a program; one with a key."""
    with http_server(token="the-token-of-the-server") as url:
        await asked_to_sign_in(room, url)
        with pytest.raises(Refused) as refused:
            await room.mcp.sign_ins.begin("sums", actor="cli")
        assert refused.value.message == "it lets no program register by itself (status 401)"
        assert refused.value.next_action == "Give a key or token of it as a header instead."
        headers = {"Authorization": "Bearer another"}
        server = McpServer(
            name="sums", transport="http", url=url, headers=dict.fromkeys(headers, "")
        )
        await room.mcp.desk.save(server, headers, actor="cli")
        await state(room, "failed")
        with pytest.raises(Refused, match="says who asks already"):
            await room.mcp.sign_ins.begin("sums", actor="cli")
    await room.ready("bad")
    with pytest.raises(Refused, match="nowhere to sign in"):
        await room.mcp.sign_ins.begin("bad", actor="cli")


ASTRAY = {  # what the server says of its sign-in: where it leads
    "resource": ("http://10.1.2.3/who", {}, "http://10.1.2.3"),
    "issuer": ("", {"issuer": "http://10.1.2.3"}, "http://10.1.2.3"),
    "page": ("", {"authorization_endpoint": "http://out.example/in"}, "http://out.example"),
    "registering": ("", {"registration_endpoint": "http://10.1.2.3/r"}, "http://10.1.2.3"),
}


@pytest.mark.parametrize("what", ASTRAY)
async def test_a_sign_in_that_leads_astray_is_not_followed(room: Room, what: str) -> None:
    """Whatever the server says of itself; nothing is asked there, and nobody is sent there."""
    resource, said, where = ASTRAY[what]
    port = free_port()
    with listening(leading(f"http://127.0.0.1:{port}", resource, said), port):
        await asked_to_sign_in(room, f"http://127.0.0.1:{port}/mcp")
        with pytest.raises(Refused) as refused:
            await room.mcp.sign_ins.begin("sums", actor="cli")
    assert refused.value.message == f"its sign-in leads to {where}, where this studio does not go"
    assert room.mcp.servers.view("sums").problem == refused.value.message


def leading(here: str, resource: str, said: dict[str, str]) -> Any:
    """A server that says so."""
    about = {
        "issuer": here,
        "authorization_endpoint": f"{here}/authorize",
        "token_endpoint": f"{here}/token",
        "registration_endpoint": f"{here}/register",
        "response_types_supported": ["code"],
    }
    answers: dict[str, tuple[int, Any]] = {
        "/.well-known/oauth-protected-resource/mcp": (
            200,
            {"resource": f"{here}/mcp", "authorization_servers": [said.get("issuer", here)]},
        ),
        "/.well-known/oauth-authorization-server": (200, about | said),
        "/register": (201, {"client_id": "us", "redirect_uris": [REDIRECT]}),
    }
    challenge = f'Bearer resource_metadata="{resource}"' if resource else "Bearer"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        status, body = answers.get(scope["path"], (401, {}))
        headers = [
            (b"content-type", b"application/json"),
            (b"www-authenticate", challenge.encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    return app


async def test_who_gave_the_tokens_is_gone_for_a_while(room: Room) -> None:
    """Nobody is asked to sign in for that: what is kept is kept, and it is tried again."""
    with door() as (keeper, url):
        await signed_in(room, url)
        keeper.take_back()
        keeper.is_broken = True
        await room.always("add", server="sums")
        await room.make(room.wish("add", server="sums", a=2, b=40))
        await room.until(lambda: "could not be renewed" in room.mcp.servers.view("sums").problem)
        assert room.mcp.servers.view("sums").signed_in
        keeper.is_broken = False
        await state(room, "ready")
        assert await add(room) == "42"
        assert len(keeper.registered) == 1
        assert room.facts(NAMES[1]) == []


async def test_who_signs_out_while_tokens_are_renewed_stays_out(room: Room) -> None:
    """What comes after that is kept by nobody."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.always("add", server="sums")
        keeper.take_back()
        keeper.may_answer.clear()
        made = asyncio.create_task(room.make(room.wish("add", server="sums", a=2, b=40)))
        await room.until(lambda: keeper.asked)
        await room.mcp.sign_ins.sign_out("sums", actor="cli")
        keeper.may_answer.set()
        assert (await made).outcome == "failed"
        await state(room, "needs-sign-in")
        assert kept(room) == []
        assert not room.mcp.servers.view("sums").signed_in


async def test_a_renewal_outlives_the_request_that_wanted_it(room: Room) -> None:
    """Who gave the tokens counts the old ones as used."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.always("add", server="sums")
        keeper.take_back()
        keeper.may_answer.clear()
        wish = room.wish("add", server="sums", a=2, b=40)
        made = asyncio.create_task(room.make(wish))
        await room.until(lambda: keeper.asked)
        room.mcp.calls.cancel(wish.call_id)
        assert (await made).outcome == "cancelled"
        keeper.may_answer.set()
        assert await add(room) == "42"
        assert keeper.asked == keeper.renewed == 1
