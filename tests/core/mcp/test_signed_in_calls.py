"""Calls at a server that wants a sign-in: not made without one, asked again after the next."""

import asyncio
from typing import Any

import pytest

from core.errors import Refused
from core.mcp import revoking
from core.mcp.server import McpServer
from events.errors import LogUnavailable
from events.facts import McpServerSignedIn
from tests.core.mcp.conftest import Room
from tests.core.mcp.test_sign_in import door, kept, sign_in, signed_in, state

pytestmark = pytest.mark.real


async def test_a_call_that_meets_a_sign_in_that_is_over_was_not_made(room: Room) -> None:
    """That is certain, and said; the next one is told the same, and that a person can sign in."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.always("add", server="sums")
        keeper.renews = False
        keeper.take_back()
        keeper.may_answer.clear()
        wishes = [room.wish("add", server="sums", a=1, b=n) for n in range(3)]
        said = "its sign-in was not renewed (invalid_grant). Sign in again."
        made = asyncio.gather(*map(room.make, wishes))
        await room.until(lambda: keeper.not_let_in >= 3)  # one that comes later is not sent at all
        keeper.may_answer.set()
        results = await made
        assert {one.outcome for one in results} == {"failed"}
        assert {one.text for one in results} == {f"the call was not made: {said}"}
        await state(room, "needs-sign-in")
        result = await room.make(room.wish("add", server="sums", a=2, b=40))
        assert result.text == f"the server sums can not be asked: {said}"
        await room.until(lambda: len(room.facts("tool-call-finished")) == 4)
        assert {one.code for one in room.facts("tool-call-finished")} == {"needs-sign-in"}


async def test_a_resource_that_wants_a_sign_in_says_so(room: Room) -> None:
    """With what would help; so does a prompt."""
    for ask in (
        lambda: room.mcp.read_resource("sums", "note://one"),
        lambda: room.mcp.fill_prompt("sums", "greet", {}),
    ):
        with door() as (keeper, url):
            await signed_in(room, url)
            keeper.renews = False
            keeper.take_back()
            with pytest.raises(Refused) as refused:
                await ask()
            assert refused.value.message == "its sign-in was not renewed (invalid_grant)"
            assert refused.value.next_action == "Sign in again."
            await state(room, "needs-sign-in")
            await room.mcp.desk.remove("sums", actor="cli")


async def test_a_call_whose_sign_in_can_not_be_renewed_now_was_not_made(room: Room) -> None:
    """What is kept may still be good, so nobody is asked to sign in."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.always("add", server="sums")
        keeper.take_back()
        keeper.is_broken = True
        result = await room.make(room.wish("add", server="sums", a=2, b=40))
        assert result.text == (
            "the call was not made: its sign-in could not be renewed: status 500."
            " Check the connection and the proxy."
        )


async def test_what_was_approved_for_one_sign_in_is_asked_again_of_the_next(room: Room) -> None:
    """It may be somebody else's account. A renewal changes nothing."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.always("add", server="sums")
        made = asyncio.create_task(room.make(room.wish("add", server="sums", a=1, b=1)))
        assert (await made).approved == "policy"
        await room.mcp.set_policy("sums", "add", "ask", actor="cli")
        standing = room.wish("add", server="sums", a=2, b=40)
        made = asyncio.create_task(room.make(standing))
        asks = await room.asked()
        await room.mcp.calls.approve(asks.call_id, "always", asks.shown, actor="window")
        assert (await made).approved == "always"
        keeper.take_back()
        assert (await room.make(room.wish("add", server="sums", a=2, b=40))).approved == "always"
        await room.always("add", server="sums")

        await room.mcp.sign_ins.sign_out("sums", actor="cli")
        await state(room, "needs-sign-in")
        assert [one.valid for one in room.mcp.approvals()] == [False]
        assert (await sign_in(room)).message == ""
        await state(room, "ready")
        (tool,) = [one for one in room.mcp.detail("sums").tool_list if one.tool == "add"]
        assert (tool.policy, tool.changed) == ("ask", True)
        made = asyncio.create_task(room.make(room.wish("add", server="sums", a=2, b=40)))
        asks = await room.asked()
        await room.mcp.calls.approve(asks.call_id, "once", asks.shown, actor="window")
        assert (await made).text == "42"


async def test_who_signs_out_has_the_tokens_taken_back(room: Room) -> None:
    """At who gave them; so does another address, and the server's removal."""
    with door() as (keeper, url):
        await signed_in(room, url)
        await room.mcp.sign_ins.sign_out("sums", actor="cli")
        await room.until(lambda: len(keeper.taken_back) == 2)
        assert set(keeper.taken_back) <= set(keeper.given)
        await room.until(lambda: noted(room, "its tokens were taken back"))
        assert not noted(room, keeper.taken_back[0])

        assert (await sign_in(room)).message == ""
        await state(room, "ready")
        other = McpServer(name="sums", transport="http", url=url.replace("127.0.0.1", "localhost"))
        await room.mcp.desk.save(other, {}, actor="cli")
        await room.until(lambda: len(keeper.taken_back) == 4)
        await signed_in(room, url)
        await room.mcp.desk.remove("sums", actor="cli")
        await room.until(lambda: len(keeper.taken_back) == 6)


async def test_that_nobody_takes_tokens_back_keeps_nobody_signed_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is forgotten here at once; what came of it stands in the server's log."""
    monkeypatch.setattr(revoking, "REVOKE_S", 0.2)
    with door() as (keeper, url):
        await signed_in(room, url)
        keeper.may_take_back.clear()
        await room.mcp.sign_ins.sign_out("sums", actor="cli")
        assert kept(room) == []
        assert not room.mcp.servers.view("sums").signed_in
        await room.mcp.sign_ins.close()
        assert noted(room, "its tokens were not taken back: no answer within 0 s")
        assert keeper.taken_back == []
        keeper.may_take_back.set()


async def test_who_signs_in_anew_has_the_tokens_before_taken_back(room: Room) -> None:
    """They may be another account's, and nothing here would know of them any more."""
    with door() as (keeper, url):
        await signed_in(room, url)
        before = {room.secrets.get(f"mcp-sign-in.sums.{one}") for one in ("access", "refresh")}
        assert (await sign_in(room)).message == ""
        await room.until(lambda: len(keeper.taken_back) == 2)
        await state(room, "ready")
        assert set(keeper.taken_back) == before
        await room.until(lambda: noted(room, "the tokens of the sign-in before were taken back"))
        assert not noted(room, "its tokens")


async def test_a_sign_in_that_can_not_be_recorded_is_taken_back(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the one before it, which is forgotten as well."""
    with door() as (keeper, url):
        await signed_in(room, url)
        append = room.store.append

        async def refuses(stream: str, facts: Any, **more: Any) -> Any:
            if any(isinstance(one, McpServerSignedIn) for one in facts):
                raise LogUnavailable("the disk is full")
            return await append(stream, facts, **more)

        monkeypatch.setattr(room.store, "append", refuses)
        assert (await sign_in(room)).message == "the sign-in could not be kept"
        assert kept(room) == []
        await room.until(lambda: len(keeper.taken_back) == 4)
        assert len(set(keeper.taken_back)) == 4


def noted(room: Room, words: str) -> bool:
    """Whether the studio noted this of the server."""
    return any(words in line.text for line in room.mcp.servers.log_of("sums").since(0))
