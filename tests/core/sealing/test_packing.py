"""The work of a sealing is done beside the studio: by a child that is polite and leaves nothing."""

import os
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from core.errors import Refused, StudioError, Unavailable
from core.sealing import packing
from core.sealing.packing import GivenUp, Job, packed_beside, wrong_of
from core.sealing.steps import scratch_of
from events.audit.sources import LiveLog
from events.errors import EventError, LogDamaged, LogUnavailable
from tests.core.sealing.books import House, write_months

MONTH = "2026-08"


@pytest.fixture
def job(home: Path) -> Job:
    """A month that is over."""
    write_months(home, (MONTH,))
    live = home / f"usage-{MONTH}.db"
    source = LiveLog(live, f"usage-{MONTH}")
    root = source.root(0, source.size)
    source.close()
    return Job(
        month=MONTH,
        live=str(live),
        segment=str(scratch_of(home / f"usage-{MONTH}.segment")),
        sums=str(scratch_of(home / f"usage-{MONTH}.rollup")),
        log_id=source.log_id,
        root=root,
        note="",
    )


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started for it, by their ids."""
    pids: list[int] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            pids.append(self.pid)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    return pids


def is_there(pid: int) -> bool:
    """Whether a process runs, or waits for somebody to take note of its end."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_packs_and_tells_each_step(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process could not: it is never asked to."""
    monkeypatch.delattr(packing, "write_segment")
    steps: list[str] = []
    packed = packed_beside(job, Event(), steps.append)
    assert steps == ["segment written", "segment read back", "sums written"]
    assert (packed.written.size, packed.totals["requests"]) == (61, 60)
    assert Path(job.segment).stat().st_size == packed.written.bytes
    assert Path(job.sums).stat().st_size == packed.sums_bytes


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="needs POSIX priorities")
def test_the_child_gives_way_to_requests(job: Job, started: list[int]) -> None:
    """Its priority is lower than this process's while it works."""
    seen: list[int] = []
    packed_beside(
        job, Event(), lambda step: seen.append(os.getpriority(os.PRIO_PROCESS, started[0]))
    )
    assert set(seen) == {min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)}


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX process groups")
def test_ctrl_c_is_for_the_studio(job: Job, started: list[int]) -> None:
    """A terminal tells it to every process of the group; the child ends when the studio says so."""
    seen: list[int] = []
    packed_beside(job, Event(), lambda step: seen.append(os.getpgid(started[0])))
    assert set(seen) == {started[0]}


def test_giving_up_ends_the_child(job: Job, started: list[int]) -> None:
    """Also in the middle."""
    given_up = Event()
    with pytest.raises(GivenUp):
        packed_beside(job, given_up, lambda step: given_up.set())
    assert [is_there(pid) for pid in started] == [False]


def test_the_child_ends_when_the_studio_is_gone(job: Job) -> None:
    """Whose end it sees at its standard input; what it had begun is not gone on with."""
    child = subprocess.Popen(packing.COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdin is not None
        child.stdin.write(msgspec.json.encode(job) + b"\n")
        child.stdin.close()
        assert child.wait(60) in (0, 1)
    assert child.returncode == 1 or Path(job.sums).exists()


def test_what_goes_wrong_in_the_child_is_raised_here(job: Job) -> None:
    """As what it was, so that everybody who knew what to do with it still does."""
    changed = msgspec.structs.replace
    with pytest.raises(LogDamaged, match="are not what was written"):
        packed_beside(changed(job, root=b"\0" * 32), Event(), lambda step: None)
    with pytest.raises(OSError, match="No such file") as missing:
        packed_beside(changed(job, segment="/nowhere/x.new"), Event(), lambda step: None)
    assert missing.value.filename == "/nowhere/x.new"
    with pytest.raises(LogUnavailable):
        packed_beside(changed(job, live=job.live + ".gone"), Event(), lambda step: None)


@pytest.mark.parametrize(
    "error",
    [LogDamaged("bad line", 7), LogUnavailable("gone"), OSError(28, "No space left", "/x"),
     Refused("can not", next_action="do this"), Unavailable("x"), KeyError("a secret")],
)  # fmt: skip
def test_an_error_keeps_its_meaning_on_the_way(error: Exception) -> None:
    """And one that nobody foresaw says only its kind."""
    raised = packing._raised(wrong_of(error), MONTH)
    assert isinstance(raised, (EventError, OSError, StudioError))
    assert "a secret" not in str(raised)
    if not isinstance(error, (KeyError, Unavailable)):
        assert (type(raised), str(raised)) == (type(error), str(error))


async def test_a_step_that_fails_here_leaves_no_scratch(home: Path, started: list[int]) -> None:
    """Nor a child that goes on writing one."""
    write_months(home, (MONTH, "2026-09"))

    def stop(step: str) -> None:
        if step == "segment written":
            raise RuntimeError("stop here")

    house = House(home, reached=stop)
    with pytest.raises(RuntimeError):
        await house.sealing.seal(MONTH, actor="cli")
    assert not [path for path in home.iterdir() if ".new" in path.name]
    assert [is_there(pid) for pid in started] == [False]
    await house.close()
