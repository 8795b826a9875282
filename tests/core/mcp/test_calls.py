"""Calls of tools, with a server that does everything wrong: what the model is told, and when."""

import asyncio
import os
import signal
import time

import pytest

from core.errors import Invalid, NotFound
from core.mcp.views import CallResult
from tests.core.mcp.conftest import Room

pytestmark = pytest.mark.real


# what comes back


async def test_a_call_is_asked_for_made_and_written_down(room: Room) -> None:
    """With a hash of its arguments and nothing of them."""
    await room.ready()
    made = asyncio.create_task(room.call("echo", text="my own words"))
    asked = await room.asked()
    assert (asked.server, asked.tool, asked.arguments) == ("bad", "echo", {"text": "my own words"})
    assert not made.done()
    await room.mcp.calls.approve(asked.call_id, "once", actor="window")
    result = await made
    assert (result.outcome, result.text, result.approved) == ("done", "my own words", "once")
    assert [state.state for state in room.told] == ["asking", "running", "done"]
    (requested,) = room.facts("tool-call-requested")
    (approved,) = room.facts("tool-call-approved")
    (finished,) = await room.until(lambda: room.facts("tool-call-finished"))
    assert requested.arguments_hash == approved.arguments_hash == asked.arguments_hash
    assert (finished.outcome, finished.approved, finished.bytes) == ("done", "once", 12)
    told = [(one.type, one.actor) for one in room.store.read_all() if one.stream == "tool-calls"]
    assert told == [
        ("tool-call-requested", "key:1"),
        ("tool-call-approved", "window"),
        ("tool-call-finished", "key:1"),
    ]
    assert "my own words" not in repr(room.store.read_all())


async def test_a_denied_call_is_not_made_and_the_model_is_told_why(room: Room) -> None:
    """The reason is for the model and not for the log."""
    await room.ready()
    made = asyncio.create_task(room.call("die"))
    asked = await room.asked()
    await room.mcp.calls.deny(asked.call_id, "try the other one", actor="window")
    result = await made
    assert result.outcome == "denied"
    assert result.text.endswith("try the other one")
    assert room.mcp.servers.view("bad").state == "ready"
    assert "try the other" not in repr(room.store.read_all())
    with pytest.raises(NotFound):
        await room.mcp.calls.approve(asked.call_id, "once", actor="window")


@pytest.mark.parametrize("answer", ["approved", "denied", "cancelled"])
async def test_who_answered_a_call_is_not_shown_it_as_asking_again(room: Room, answer: str) -> None:
    """From the moment the answer is taken, before the call itself has got to it."""
    await room.ready()
    made = asyncio.create_task(room.call("echo", text="x"))
    calls, call_id = room.mcp.calls, (await room.asked()).call_id
    if answer == "approved":
        state = await calls.approve(call_id, "once", actor="window")
    elif answer == "denied":
        state = await calls.deny(call_id, "", actor="window")
    else:
        state = calls.cancel(call_id)
    shown = next(one for one in calls.states() if one.call_id == call_id)
    expected = "running" if answer == "approved" else answer
    assert (state.state, shown.state) == (expected, expected)
    assert not made.done()
    outcome = (await made).outcome
    assert outcome == ("done" if answer == "approved" else answer)
    assert [one.state for one in room.told if one.state != "running"] == ["asking", outcome]


async def test_what_is_forbidden_is_neither_offered_nor_made(room: Room) -> None:
    """Also when a model remembers its name."""
    await room.ready()
    await room.mcp.set_policy("bad", "echo", "never", actor="cli")
    assert "bad__echo" not in {one.name for one in room.mcp.calls.offered(["bad"])}
    result = await room.call("echo", text="x")
    assert result.outcome == "denied"
    assert room.facts("tool-call-denied")[0].by == "policy"


async def test_tools_are_offered_by_server_or_one_by_one(room: Room) -> None:
    """What nobody knows is passed over."""
    await room.ready()
    assert len(room.mcp.calls.offered(["bad"])) == 16
    few = room.mcp.calls.offered(["bad/echo", "bad/nothing", "nobody", "bad/slow"])
    assert [one.name for one in few] == ["bad__echo", "bad__slow"]
    assert few[0].parameters["required"] == ["text"]
    assert few[0].policy == "ask"


@pytest.mark.parametrize(
    ("tool", "arguments", "outcome", "said"),
    [
        ("echo", {"text": 3}, "failed", "text: 3 is not of type 'string'"),
        ("echo", {}, "failed", "'text' is a required property"),
        ("garbage", {"text": "whole"}, "done", "whole"),
        ("fail", {}, "failed", "the disk is full"),
        ("refuse", {}, "failed", "the server refused: not today"),
        ("wrong", {}, "failed", "not what MCP says"),
        ("picture", {}, "done", "[image/png"),
        ("nothing", {}, "failed", "there is no tool 'bad__nothing'"),
    ],
)
async def test_whatever_a_server_does_the_model_is_told(
    room: Room, tool: str, arguments: dict[str, object], outcome: str, said: str
) -> None:
    """In words it can do something with; and the server goes on."""
    await room.ready()
    await room.always("echo", "garbage", "fail", "refuse", "wrong", "picture")
    result = await room.call(tool, **arguments)
    assert result.outcome == outcome
    assert said in result.text
    assert (await room.call("echo", text="after")).text == "after"


async def test_who_said_why_a_call_failed_can_be_seen(room: Room) -> None:
    """A tool's own words are told from the studio's, which other languages translate."""
    await room.ready()
    await room.always("fail", "refuse")
    await room.call("fail")
    await room.call("refuse")
    refused, failed = room.mcp.calls.states()
    assert failed.reason == "the tool says: the disk is full"
    assert refused.reason.startswith("the call failed: the server refused: not today")


async def test_pictures_come_whole(room: Room) -> None:
    """Beside the text."""
    await room.ready()
    await room.always("picture")
    (picture,) = (await room.call("picture")).images
    assert (picture.mime, picture.base64) == ("image/png", "iVBORw0KGgo=")


@pytest.mark.parametrize("kind", ["text", "image", "structured"])
async def test_fifty_megabytes_are_cut_openly_and_hold_nothing_up(room: Room, kind: str) -> None:
    """The loop that serves everybody else goes on meanwhile."""
    await room.ready()
    await room.always("huge")
    gaps: list[float] = []

    async def watch() -> None:
        while True:
            before = time.process_time()  # what others take of the machine is not our doing
            await asyncio.sleep(0.005)
            gaps.append(time.process_time() - before)

    watching = asyncio.create_task(watch())
    result = await room.call("huge", megabytes=50, kind=kind)
    watching.cancel()
    assert result.outcome == "done"
    assert len(result.text) < 101_000
    assert result.truncated > 37_000_000
    assert result.text.endswith(" MB left out")
    assert max(gaps) < 1.0
    finished = await room.until(lambda: room.facts("tool-call-finished"))
    assert finished[0].truncated == result.truncated
    assert finished[0].bytes > 37_000_000


async def test_what_is_beyond_all_measure_fails_and_the_server_lives(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for an answer that is never taken."""
    monkeypatch.setattr("core.mcp.stdio.MOST", 2_000_000)
    await room.ready()
    await room.always("huge", "echo")
    result = await room.call("huge", megabytes=5)
    assert result.outcome == "failed"
    assert "too large" in result.text
    assert (await room.call("echo", text="still here")).outcome == "done"


# time


async def test_calls_run_beside_each_other(room: Room) -> None:
    """Twelve seconds' work in three."""
    await room.ready()
    await room.always("slow")
    began = time.monotonic()
    results = await asyncio.gather(*(room.call("slow", seconds=3) for _ in range(4)))
    assert [one.outcome for one in results] == ["done"] * 4
    assert time.monotonic() - began < 9


async def test_a_call_that_hangs_ends_in_time_and_the_server_is_told(room: Room) -> None:
    """And the model, that nobody knows what was done."""
    await room.ready(timeout_s=2.0)
    await room.always("hang", "late", "echo")
    result = await room.call("late")  # answers once it is cancelled: too late
    assert result.outcome == "timed-out"
    assert "did not answer within 2 s" in result.text
    assert (await room.call("hang")).outcome == "timed-out"
    assert (await room.call("echo", text="next")).text == "next"
    ended = await room.until(lambda: len(room.facts("tool-call-finished")) == 3)
    assert ended
    assert room.facts("tool-call-finished")[0].outcome == "timed-out"


async def test_who_tells_progress_is_given_more_time(room: Room) -> None:
    """Each word of it counts as a sign of life."""
    await room.ready(timeout_s=3.0)
    await room.always("progress")
    result = await room.call("progress", times=8, seconds=0.5)
    assert (result.outcome, result.text) == ("done", "arrived")


async def test_a_person_cancels_one_call_and_the_reply_goes_on(room: Room) -> None:
    """Whether it asks or runs."""
    await room.ready()
    await room.always("hang")
    made = asyncio.create_task(room.call("hang"))
    running = await room.until(
        lambda: next((s for s in room.mcp.calls.states() if s.state == "running"), None)
    )
    room.mcp.calls.cancel(running.call_id)
    result = await made
    assert result.outcome == "cancelled"
    asking = asyncio.create_task(room.call("echo", text="x"))
    room.mcp.calls.cancel((await room.asked()).call_id)
    assert (await asking).outcome == "cancelled"
    await room.until(lambda: len(room.facts("tool-call-finished")) == 2)
    with pytest.raises(NotFound):
        room.mcp.calls.cancel(running.call_id)


async def test_cancelling_the_task_cancels_the_call_and_is_recorded(room: Room) -> None:
    """As when a reply is stopped."""
    await room.ready()
    await room.always("hang")
    made = asyncio.create_task(room.call("hang"))
    await room.until(lambda: [s for s in room.mcp.calls.states() if s.state == "running"])
    made.cancel()
    with pytest.raises(asyncio.CancelledError):
        await made
    (finished,) = await room.until(lambda: room.facts("tool-call-finished"))
    assert finished.outcome == "cancelled"


# a server that goes


async def test_a_server_that_dies_in_a_call_gives_an_honest_answer_and_comes_back(
    room: Room,
) -> None:
    """The next call waits for it."""
    await room.ready()
    await room.always("die", "echo")
    result = await room.call("die")
    assert result.outcome == "failed"
    assert "the server ended while the call ran" in result.text
    assert "nobody can tell" in result.text
    assert (await room.call("echo", text="again")).text == "again"
    assert room.mcp.servers.view("bad").restarts == 1
    assert room.facts("mcp-server-failed")[0].reason.endswith("I can not go on")


async def test_a_server_that_is_killed_in_a_call(room: Room) -> None:
    """As when the system runs out of memory."""
    await room.ready()
    await room.always("hang")
    made = asyncio.create_task(room.call("hang"))
    await room.until(lambda: [s for s in room.told if s.state == "running"])  # it is on its way
    pid = room.mcp.servers.view("bad").pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    result = await made
    assert result.outcome == "failed"
    assert (await room.until(lambda: room.facts("tool-call-finished")))[0].code == "server-ended"


async def test_a_server_that_is_off_or_gone_is_said_to_be(room: Room) -> None:
    """The model may do without."""
    await room.ready()
    await room.always("echo")
    room.mcp.calls.offered(["bad"])
    room.mcp.servers.there("bad").stop(actor="cli")
    await room.until(lambda: room.mcp.servers.view("bad").state == "off")
    assert "switched off" in (await room.call("echo", text="x")).text
    await room.mcp.desk.remove("bad", actor="cli")
    assert "removed" in (await room.call("echo", text="x")).text


async def test_the_end_of_the_studio_ends_calls(room: Room) -> None:
    """Each has its end in the log."""
    await room.ready()
    await room.always("hang")
    calls = [
        asyncio.create_task(room.call("hang")),
        asyncio.create_task(room.call("echo", text="")),
    ]
    await room.until(lambda: len({s.state for s in room.mcp.calls.states()}) == 2)
    await room.mcp.close()
    assert [isinstance(one, asyncio.CancelledError) for one in await _settled(calls)] == [True] * 2
    await room.until(lambda: len(room.facts("tool-call-finished")) == 2)
    assert [one.outcome for one in room.facts("tool-call-finished")] == ["cancelled"] * 2


async def test_a_call_without_an_end_is_given_one_by_the_next_run(room: Room) -> None:
    """Nobody knows how it went, and that is said."""
    from core.mcp.desk import CALLS
    from events.facts import ToolCallRequested

    fact = ToolCallRequested(call_id="old", server="bad", tool="echo", arguments_hash="h")
    await room.store.append(CALLS, [fact], actor="key:1")
    await room.mcp.calls.settle()
    (finished,) = room.facts("tool-call-finished")
    told = (finished.call_id, finished.outcome, finished.code)
    assert told == ("old", "cancelled", "studio-ended")
    shown = room.mcp.calls.states()[0]
    assert (shown.call_id, shown.state) == ("old", "cancelled"), "as the conversation says it"
    assert shown.reason.startswith("the studio ended before the call did")


async def test_an_erased_conversation_leaves_no_argument_in_memory(room: Room) -> None:
    """What is left of its calls is what the log has: a hash."""
    await room.ready()
    await room.always("echo")
    await room.call("echo", text="my own words")
    await room.until(lambda: room.facts("tool-call-finished"))
    assert room.mcp.calls.states()[0].arguments == {"text": "my own words"}
    room.mcp.calls.forget("conversation-talk")
    (state,) = room.mcp.calls.states()
    assert (state.arguments, state.reason) == ({}, "")
    assert state.state == "done"


async def test_the_same_call_is_not_made_twice(room: Room) -> None:
    """Nor a second time after it has ended."""
    await room.ready()
    await room.always("echo")
    wish = room.wish("echo", text="once")
    assert (await room.make(wish)).outcome == "done"
    assert (await room.make(wish)).outcome == "failed"
    assert len(room.facts("tool-call-requested")) == 1


async def test_a_scope_needs_its_conversation(room: Room) -> None:
    """A call of nobody's conversation can not be approved for it."""
    import msgspec

    await room.ready()
    wish = msgspec.structs.replace(room.wish("echo", text="x"), conversation_id="")
    made = asyncio.create_task(room.make(wish))
    asked = await room.asked()
    with pytest.raises(Invalid, match="no conversation"):
        await room.mcp.calls.approve(asked.call_id, "conversation", actor="window")
    await room.mcp.calls.approve(asked.call_id, "once", actor="window")
    assert (await made).outcome == "done"


async def _settled(tasks: list["asyncio.Task[CallResult]"]) -> list[object]:
    return list(await asyncio.gather(*tasks, return_exceptions=True))
