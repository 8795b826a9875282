"""Servers that really run: how they start, live, fail, come back, and end without a trace."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.mcp import session as sessions
from core.mcp.server import McpServer
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore
from tests.core.mcp.conftest import Room, mcp_at

pytestmark = pytest.mark.real


def running(name: str) -> list[psutil.Process]:
    """Every process that was started for this server, or by it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if f"--name={name}" in process.cmdline() and process.status() != "zombie":
                found += [process, *process.children(recursive=True)]
    return found


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not [one for one in processes if one.is_running() and one.status() != "zombie"]


async def test_a_server_becomes_ready_and_says_what_it_offers(room: Room) -> None:
    """Whatever it wrote before it was greeted."""
    await room.ready("bad", "--notifications-first", env={"API_KEY": "a-secret-value"})
    view = room.mcp.servers.view("bad")
    assert (view.state, view.version, view.tools, view.problem) == ("ready", "bad 0.0.13", 16, "")
    assert view.env == ("API_KEY",)
    assert view.pid is not None
    detail = room.mcp.detail("bad")
    assert detail.instructions == "Trust me."
    assert {tool.policy for tool in detail.tool_list} == {"ask"}  # whatever hints it gives
    assert all(tool.read_only for tool in detail.tool_list)
    (fact,) = await room.until(lambda: room.facts("mcp-server-connected"))
    assert (fact.tools, fact.pid) == (16, view.pid)
    text = [line.text for line in room.mcp.servers.log_of("bad").since(0)]
    assert "Welcome to the bad server!" in text
    assert "info: I am here" in text


@pytest.mark.parametrize(
    "wishes", [(), ("--never-ends",), ("--forks",), ("--never-ends", "--leaves-the-group")]
)
async def test_a_stop_leaves_no_process(room: Room, wishes: tuple[str, ...]) -> None:
    """Not one that ignores its stdin and SIGTERM, nor what it forked, in its group or out of it."""
    await room.ready("stops", *wishes)
    alive = running("stops")
    assert len(alive) == 1 + ("--forks" in wishes or "--leaves-the-group" in wishes)
    room.mcp.servers.there("stops").stop(actor="cli")
    await room.until(lambda: room.facts("mcp-server-stopped"))
    assert gone(alive)
    assert room.mcp.servers.view("stops").state == "off"


async def test_the_end_of_the_studio_leaves_no_process(room: Room) -> None:
    """Also of a server that is still starting."""
    await room.ready("one", "--never-ends")
    await room.save("two", "--silent")
    await room.until(lambda: running("two"))
    alive = running("one") + running("two")
    await room.mcp.close()
    assert gone(alive)
    await room.until(lambda: len(room.facts("mcp-server-stopped")) == 2)
    assert {fact.name for fact in room.facts("mcp-server-stopped")} == {"one", "two"}


async def test_a_removed_server_is_ended(room: Room) -> None:
    """And nothing of it can be seen."""
    await room.ready("gone", "--never-ends")
    alive = running("gone")
    await room.mcp.desk.remove("gone", actor="cli")
    assert room.mcp.servers.views() == ()
    await room.until(lambda: gone(alive))


async def test_a_removed_server_may_come_back_while_the_old_one_still_ends(room: Room) -> None:
    """The end of the one is not the end of the other."""
    await room.ready("same", "--never-ends")
    old = running("same")
    await room.mcp.desk.remove("same", actor="cli")
    await room.ready("same")
    await room.until(lambda: gone(old))
    new = running("same")
    assert len(new) == 1
    assert room.mcp.servers.view("same").state == "ready"
    assert room.facts("mcp-server-failed") == []


async def test_a_killed_server_is_started_again(room: Room) -> None:
    """With its problem recorded, in words, and counted."""
    await room.ready("dies")
    first = room.mcp.servers.view("dies").pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await room.until(lambda: room.facts("mcp-server-failed"))
    await room.until(lambda: room.mcp.servers.view("dies").state == "ready")
    view = room.mcp.servers.view("dies")
    assert view.pid != first
    assert view.restarts == 1
    (fact,) = room.facts("mcp-server-failed")
    assert fact.reason.startswith("its program ended (signal 9)")


async def test_a_server_that_can_not_start_says_why(room: Room) -> None:
    """Its own last line, and what would help."""
    await room.save("wants", "--dies")
    await room.until(lambda: room.mcp.servers.view("wants").state == "failed")
    view = room.mcp.servers.view("wants")
    assert view.problem == (
        "its program ended before it answered (status 3): Error: EXAMPLE_API_KEY is required"
    )
    assert view.next_action.startswith("It wants a key")
    assert "tried again in 1 s" in view.next_action


async def test_a_flood_holds_nobody_up(room: Room) -> None:
    """Neither of lines on stderr nor of garbage; the log stays bounded."""
    await room.ready()
    await room.always("flood")
    gaps: list[float] = []

    async def watch() -> None:
        while True:
            before = time.process_time()  # what others take of the machine is not our doing
            await asyncio.sleep(0.005)
            gaps.append(time.process_time() - before)

    watching = asyncio.create_task(watch())
    result = await room.call("flood", lines=300_000)
    watching.cancel()
    assert result.text == "flooded"
    assert max(gaps) < 0.5
    assert len(room.mcp.servers.log_of("bad").since(0)) <= 2000


async def test_a_failure_that_stays_the_same_is_recorded_once(room: Room) -> None:
    """The log is for ever."""
    await room.save("wants", "--dies")
    await room.until(lambda: room.mcp.servers.view("wants").restarts >= 2)
    assert len(room.facts("mcp-server-failed")) == 1


async def test_a_server_that_fails_at_first_comes_by_itself(room: Room, tmp_path: Path) -> None:
    """A second try may find what the first did not."""
    await room.ready_after_failure(tmp_path / "was-here")
    assert room.mcp.servers.view("shy").restarts == 1


@pytest.mark.parametrize(
    ("changes", "problem", "next_action"),
    [
        ({"command": "no-such-program-at-all"}, "there is no program", "Check the command"),
        ({"command": "npx-of-nobody"}, "there is no program", "Check the command"),
        ({"command": "/etc/passwd", "args": ()}, "there is no program", "Check the command"),
        ({"cwd": "/no/such/folder"}, "there is no folder", "Make it"),
    ],
)
async def test_what_only_a_person_can_mend_is_not_tried_again(
    room: Room, changes: dict[str, Any], problem: str, next_action: str
) -> None:
    """It says what to do and waits."""
    await room.save("bad", **changes)
    await room.until(lambda: room.mcp.servers.view("bad").state == "failed")
    view = room.mcp.servers.view("bad")
    assert view.problem.startswith(problem)
    assert view.next_action.startswith(next_action)
    assert "not tried again by itself" in view.next_action


async def test_a_failed_server_is_tried_at_once_when_it_is_saved(room: Room) -> None:
    """Nobody waits for a back-off after mending it."""
    await room.save("bad", command="no-such-program-at-all")
    await room.until(lambda: room.mcp.servers.view("bad").state == "failed")
    await room.ready("bad")
    assert room.mcp.servers.view("bad").problem == ""


async def test_a_value_that_is_gone_is_asked_for(room: Room) -> None:
    """As after an import of the log into another home."""
    await room.ready("bad", env={"API_KEY": "abcdefgh"})
    room.secrets.delete("mcp.bad.API_KEY")
    room.mcp.servers.there("bad").restart(actor="cli")
    await room.until(lambda: room.mcp.servers.view("bad").state == "failed")
    assert room.mcp.servers.view("bad").problem == "API_KEY has no value on this machine"


async def test_a_server_that_says_nothing_is_given_up(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs, but does not answer."""
    monkeypatch.setattr(sessions, "START_S", 1.0)
    await room.save("mute", "--silent")
    await room.until(lambda: room.mcp.servers.view("mute").state == "failed")
    assert room.mcp.servers.view("mute").problem == "it did not answer within 1 s"
    assert running("mute") == []


async def test_a_server_that_hangs_is_noticed_and_started_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gave no sign of life twice."""
    await room.ready("stuck")
    monkeypatch.setattr(sessions, "PING_EVERY_S", 0.2)
    room.mcp.servers.there("stuck").restart(actor="cli")
    await room.until(lambda: room.mcp.servers.view("stuck").ping_ms is not None)
    pid = room.mcp.servers.view("stuck").pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with monkeypatch.context() as patch:  # a slow one is given its time
        patch.setattr(sessions, "PING_S", 0.3)
        await room.until(lambda: room.facts("mcp-server-failed"))
    assert "no sign of life" in room.facts("mcp-server-failed")[0].reason
    await room.until(lambda: room.mcp.servers.view("stuck").state == "ready")
    assert room.mcp.servers.view("stuck").pid != pid


async def test_a_server_that_tells_no_lists_any_more_is_started_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers everything else: without an end to that wait nobody would look at it again."""
    await room.ready()
    await room.always("change")
    first = room.mcp.servers.view("bad").pid
    with monkeypatch.context() as patch:  # a slow one is given its time
        patch.setattr(sessions, "LIST_S", 0.3)
        await room.call("change", mutely=True)
        await room.until(lambda: room.facts("mcp-server-failed"))
    assert "no sign of life" in room.facts("mcp-server-failed")[0].reason
    await room.until(lambda: room.mcp.servers.view("bad").state == "ready")
    assert room.mcp.servers.view("bad").pid != first


async def test_a_server_that_works_may_tell_its_lists_later(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some answer nothing else meanwhile: the call goes on."""
    await room.ready()
    monkeypatch.setattr(sessions, "LIST_S", 0.3)  # its first answer is given its time
    await room.always("change", "slow")
    slow = asyncio.create_task(room.call("slow", seconds=1.5))
    await room.until(lambda: [s for s in room.mcp.calls.states() if s.state == "running"])
    await room.call("change", mutely=True)
    assert (await slow).text == "slept 1.5"
    await room.until(lambda: room.facts("mcp-server-failed"))


async def test_a_disabled_server_does_not_run(room: Room) -> None:
    """And one that is switched off stops."""
    await room.save("off", enabled=False)
    assert room.mcp.servers.view("off").state == "off"
    await room.ready("off", enabled=True)
    alive = running("off")
    await room.save("off", enabled=False)
    await room.until(lambda: gone(alive) and room.mcp.servers.view("off").state == "off")


async def test_a_studio_that_only_looks_on_starts_nothing(home: Path, store: EventStore) -> None:
    """It shows what is saved."""
    secrets = Secrets(home / "secrets")
    mcp = mcp_at(home, store, secrets)
    room = Room(mcp, store, secrets)
    await room.save("seen")
    store.close()
    reading = EventStore.open(home / "main.db", projections=ALL, read_only=True)
    try:
        looking = mcp_at(home, reading, secrets)
        (view,) = looking.servers.views()
        assert (view.name, view.state, view.pid) == ("seen", "off", None)
        assert looking.detail("seen").tool_list == ()
        assert running("seen") == []
    finally:
        reading.close()


async def test_the_environment_is_clean(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours, no key of others, and what was saved for it."""
    for name in ("PYTHONPATH", "OPENAI_API_KEY", "HF_TOKEN", "VLLM_STUDIO_API_KEY"):
        monkeypatch.setenv(name, "not-for-you")
    await room.ready("clean", env={"MINE": "for-you"})
    (process,) = running("clean")
    environ = process.environ()
    assert environ["MINE"] == "for-you"
    assert "not-for-you" not in environ.values()
    assert Path(process.cwd()).name == "clean"


def test_no_field_of_a_saved_server_is_forgotten_by_its_view() -> None:
    """What can be saved can be seen."""
    from core.mcp.views import McpServerView

    assert set(McpServer.__struct_fields__) <= set(McpServerView.__struct_fields__)
