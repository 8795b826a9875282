"""What a "yes" covers, and everything that takes it back."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from core.errors import NotFound, Refused
from core.mcp import session as sessions
from core.mcp.asking import SERVER_CHANGED
from core.mcp.views import CallResult, CallState, CallWish, Scope, ToolView
from tests.core.mcp.conftest import Room

pytestmark = pytest.mark.real


async def approved(room: Room, scope: Scope, wish: CallWish | None = None) -> CallResult:
    """Make a call that is approved so far."""
    made = asyncio.create_task(room.make(wish or room.wish("echo", text="x")))
    asked = await room.asked()
    await room.mcp.calls.approve(asked.call_id, scope, actor="window")
    return await made


async def asks(room: Room, wish: CallWish) -> bool:
    """Whether this call asks; it is not made then."""
    made = asyncio.create_task(room.make(wish))
    await room.until(
        lambda: made.done() or [s for s in room.mcp.calls.states() if s.state == "asking"]
    )
    if made.done():
        return False
    room.mcp.calls.cancel(wish.call_id)
    await made
    return True


async def test_once_is_once(room: Room) -> None:
    """The same call asks again."""
    await room.ready()
    assert (await approved(room, "once")).approved == "once"
    assert await asks(room, room.wish("echo", text="x"))


async def test_for_this_conversation(room: Room) -> None:
    """With these arguments, and nowhere else."""
    await room.ready()
    await approved(room, "conversation")
    same = room.wish("echo", text="x")
    assert (await room.make(same)).approved == "conversation"
    other = msgspec.structs.replace(room.wish("echo", text="x"), conversation_id="another")
    assert await asks(room, other)
    assert await asks(room, room.wish("echo", text="y"))
    assert room.mcp.approvals() == ()  # only those for always are listed


async def test_always_is_for_these_arguments_and_can_be_taken_back(room: Room) -> None:
    """In every conversation."""
    await room.ready()
    await approved(room, "always")
    other = msgspec.structs.replace(room.wish("echo", text="x"), conversation_id="another")
    assert (await room.make(other)).approved == "always"
    assert await asks(room, room.wish("echo", text="y"))
    (standing,) = room.mcp.approvals()
    assert (standing.server, standing.tool, standing.valid) == ("bad", "echo", True)
    assert standing.arguments == {"text": "x"}
    await room.mcp.desk.withdraw(standing.approval_id, actor="cli")
    assert room.mcp.approvals() == ()
    assert await asks(room, room.wish("echo", text="x"))


async def test_a_tool_that_changes_its_meaning_is_asked_for_again(room: Room) -> None:
    """A policy of always, and a standing approval: both were given to another tool."""
    await room.ready()
    await room.always("change")
    await approved(room, "always")
    await room.call("change")
    await room.until(lambda: _echo(room).description == "Deletes every file.")
    assert await asks(room, room.wish("echo", text="x"))
    assert room.mcp.approvals()[0].valid is False
    await room.always("echo")
    assert _echo(room).policy == "always"


async def test_a_tool_that_changes_in_silence_is_found_out(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lists are read again now and then, whatever it says of them."""
    monkeypatch.setattr(sessions, "PING_EVERY_S", 0.2)
    monkeypatch.setattr(sessions, "RELIST_S", 0.1)
    await room.ready()
    await room.always("echo", "change")
    await room.call("change", silently=True)
    await room.until(lambda: _echo(room).changed)
    assert await asks(room, room.wish("echo", text="x"))


async def test_a_policy_of_always_ends_with_the_tool_it_was_given_to(room: Room) -> None:
    """And it can be seen that it did."""
    await room.ready()
    await room.always("echo", "change")
    await room.call("change")
    await room.until(lambda: _echo(room).changed)
    assert _echo(room).policy == "ask"
    assert await asks(room, room.wish("echo", text="x"))


async def test_always_is_said_of_the_tool_that_was_shown(room: Room) -> None:
    """Refused when it is another by then; "never" and "ask" need not know which it is."""
    await room.ready()
    await room.always("change")
    before = _echo(room)
    await room.call("change")
    await room.until(lambda: _echo(room).shown != before.shown)
    with pytest.raises(Refused) as refused:
        await room.mcp.set_policy("bad", "echo", "always", before.shown, actor="window")
    assert refused.value.code == "tool-changed"
    assert _echo(room).policy == "ask"
    await room.mcp.set_policy("bad", "echo", "never", before.shown, actor="window")
    await room.mcp.set_policy("bad", "echo", "always", _echo(room).shown, actor="window")
    assert _echo(room).policy == "always"


async def test_another_description_after_a_restart_is_asked_for(room: Room, tmp_path: Path) -> None:
    """The definition is looked at, not the name; back as it was, it holds again."""
    meaning = tmp_path / "meaning"
    for text, policy in (("Says it.", "ask"), ("Sends it away.", "ask"), ("Says it.", "always")):
        meaning.write_text(text)
        await room.ready("bad", f"--means-file={meaning}")
        room.mcp.servers.there("bad").restart()
        await room.mcp.servers.there("bad").ready()
        assert _echo(room).policy == policy, text
        assert await asks(room, room.wish("echo", text="x")) is (policy == "ask")
        if text == "Says it.":
            await room.always("echo")


async def test_another_environment_is_another_server(room: Room) -> None:
    """The variable may say on which files it works."""
    await room.ready("bad", env={"ROOT": "/home/me/notes"})
    await room.always("echo")
    await room.ready("bad", env={"ROOT": "/home/me"})
    assert _echo(room).policy == "ask"


async def asked_anew(room: Room) -> tuple[asyncio.Task[CallResult], CallState, CallState]:
    """A call of a tool that changes while it is asked for: as it was shown, and as it is."""
    await room.ready()
    await room.always("change")
    made = asyncio.create_task(room.call("echo", text="x"))
    before = await room.asked()
    await room.call("change")
    await room.until(lambda: _of(room, before).shown != before.shown, within=10)
    assert not made.done()
    return made, before, _of(room, before)


async def test_a_yes_to_the_old_meaning_is_refused_and_the_question_shows_the_new(
    room: Room,
) -> None:
    """Nothing is recorded of it; who has looked again may say yes."""
    made, before, now = await asked_anew(room)
    assert (before.description, before.reason) == ("Says a text back.", "")
    assert (now.state, now.description) == ("asking", "Deletes every file.")
    assert now.reason == "what the tool says of itself changed while this call waited"
    assert now.since == before.since
    with pytest.raises(Refused, match="changed while this call waited") as refused:
        await room.mcp.calls.approve(before.call_id, "once", before.shown, actor="window")
    assert refused.value.code == "call-changed"
    assert not made.done()
    assert room.facts("tool-call-approved") == []
    await room.mcp.calls.approve(before.call_id, "once", now.shown, actor="window")
    assert (await made).outcome == "done"
    (fact,) = room.facts("tool-call-approved")
    (echo,) = (one for one in room.mcp.servers.there("bad").offer.tools if one.tool == "echo")
    assert fact.definition == echo.definition
    over = _of(room, before)
    assert (over.shown, over.description, over.reason) == ("", "", "")


async def test_a_yes_that_does_not_say_what_it_saw_is_to_what_was_first_asked(
    room: Room,
) -> None:
    """An older window, a script: refused once that is another. A no is always heard."""
    made, before, _ = await asked_anew(room)
    with pytest.raises(Refused):
        await room.mcp.calls.approve(before.call_id, "always", actor="cli")
    assert room.mcp.approvals() == ()
    await room.mcp.calls.deny(before.call_id, "no", actor="cli")
    assert (await made).outcome == "denied"


async def test_a_yes_before_the_question_was_looked_at_again_is_refused(room: Room) -> None:
    """The server has said it, and nobody was told yet: there is no gap in between."""
    await room.ready()
    made = asyncio.create_task(room.call("echo", text="x"))
    asked = await room.asked()
    session = room.mcp.servers.there("bad")
    tool = session.offer.tool("echo")
    assert tool is not None
    other = msgspec.structs.replace(tool, description="Sends it away.", definition="another")
    session.offer = msgspec.structs.replace(session.offer, tools=(other,))
    with pytest.raises(Refused):
        await room.mcp.calls.approve(asked.call_id, "once", asked.shown, actor="window")
    session.offer = msgspec.structs.replace(session.offer, tools=(tool,))
    await room.mcp.calls.approve(asked.call_id, "once", asked.shown, actor="window")
    assert (await made).outcome == "done"


async def test_a_server_that_is_set_up_otherwise_is_asked_about_anew(room: Room) -> None:
    """The same tool of another program, or with other files, is not what was shown."""
    await room.ready(env={"ROOT": "/home/me/notes"})
    made = asyncio.create_task(room.call("echo", text="x"))
    before = await room.asked()
    await room.save("bad", env={"ROOT": "/home/me"})
    await room.until(lambda: _of(room, before).shown != before.shown)
    assert _of(room, before).reason == SERVER_CHANGED
    with pytest.raises(Refused, match="set up otherwise"):
        await room.mcp.calls.approve(before.call_id, "once", before.shown, actor="window")
    assert not made.done()
    await room.mcp.calls.approve(before.call_id, "once", _of(room, before).shown, actor="window")
    assert (await made).outcome == "done"


@pytest.mark.parametrize("second", ["approve", "deny"])
async def test_of_two_answers_at_once_the_first_holds(room: Room, second: str) -> None:
    """Two windows, one call: it is recorded once, and the second is told that it came too late."""
    await room.ready()
    made = asyncio.create_task(room.call("echo", text="x"))
    asked = await room.asked()
    calls = room.mcp.calls
    answers = await asyncio.gather(
        calls.approve(asked.call_id, "once", asked.shown, actor="window"),
        calls.approve(asked.call_id, "always", asked.shown, actor="cli")
        if second == "approve"
        else calls.deny(asked.call_id, "", actor="cli"),
        return_exceptions=True,
    )
    assert isinstance(answers[1], NotFound)
    assert ((await made).outcome, (await made).approved) == ("done", "once")
    assert len(room.facts("tool-call-approved", "tool-call-denied")) == 1
    assert room.mcp.approvals() == ()


async def test_a_no_is_heard_while_the_server_is_away(room: Room) -> None:
    """Nobody waits for a server to be told that it will not be called."""
    await room.ready()
    made = asyncio.create_task(room.call("echo", text="x"))
    asked = await room.asked()
    await room.save("bad", "--silent")
    await room.until(lambda: room.mcp.servers.view("bad").state == "starting")
    await room.mcp.calls.deny(asked.call_id, "not now", actor="window")
    async with asyncio.timeout(10):
        assert (await made).outcome == "denied"


async def test_one_yes_answers_all_that_ask_the_same(room: Room) -> None:
    """Parallel calls with the same arguments; the others go on asking."""
    await room.ready()
    same = [asyncio.create_task(room.call("echo", text="x")) for _ in range(3)]
    other = asyncio.create_task(room.call("echo", text="y"))
    await room.until(lambda: len([s for s in room.mcp.calls.states() if s.state == "asking"]) == 4)
    await room.mcp.calls.approve((await room.asked()).call_id, "conversation", actor="window")
    results = await asyncio.gather(*same)
    assert [one.outcome for one in results] == ["done"] * 3
    assert not other.done()
    await room.mcp.set_policy("bad", "echo", "always", actor="cli")
    assert (await other).approved == "policy"


async def test_approvals_outlive_a_restart_of_the_studio(room: Room) -> None:
    """They are in the log; another home's hashes are others."""
    from core.mcp.book import Bound, McpBook
    from core.secrets import Secrets

    await room.ready()
    await approved(room, "always")
    book = McpBook(room.store, room.secrets)
    (kept,) = book.approvals()
    bound = Bound(
        server="bad",
        tool="echo",
        fingerprint=book.fingerprint("bad"),
        definition=kept.definition,
        arguments_hash=book.arguments_hash({"text": "x"}),
    )
    assert book.approved(bound, "any") == "always"
    elsewhere = McpBook(room.store, Secrets(room.secrets._folder.parent / "other"))
    assert elsewhere.arguments_hash({"text": "x"}) != bound.arguments_hash


async def test_a_removed_server_takes_its_approvals_along(room: Room) -> None:
    """One of the same name begins with nothing."""
    await room.ready()
    await approved(room, "always")
    await room.always("slow")
    await room.mcp.desk.remove("bad", actor="cli")
    await room.ready()
    assert room.mcp.approvals() == ()
    assert {tool.policy for tool in room.mcp.detail("bad").tool_list} == {"ask"}


def _of(room: Room, call: CallState) -> CallState:
    return next(one for one in room.mcp.calls.states() if one.call_id == call.call_id)


def _echo(room: Room) -> ToolView:
    return next(one for one in room.mcp.detail("bad").tool_list if one.tool == "echo")
