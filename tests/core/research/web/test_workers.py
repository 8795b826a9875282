"""Pages are read in processes of their own, which end when they have to."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from core.research.web import workers as module
from core.research.web.extracting import Job
from core.research.web.views import WebProblem
from core.research.web.workers import Workers

PAGE = Job(kind="html", body=b"<p>Closed on Mondays.</p>")
STUCK = (sys.executable, "-c", "import sys, time; sys.stdin.buffer.read(4); time.sleep(600)")
DYING = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(4)")
BABBLING = (
    sys.executable,
    "-c",
    "import sys; sys.stdin.buffer.read(4);"
    "sys.stdout.buffer.write((5).to_bytes(4, 'big') + b'hello'); sys.stdout.flush();"
    "sys.stdin.buffer.read()",
)


def pids(workers: Workers) -> list[int]:
    """Of those that wait for a page."""
    return [one._process.pid for one in workers._idle]


def is_there(pid: int) -> bool:
    """Whether such a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_one_process_reads_page_after_page() -> None:
    """It is kept, does what this process would have done, and is gone in the end."""
    workers = Workers()
    try:
        first = await workers.do(PAGE)
        kept = pids(workers)
        second = await workers.do(Job(kind="text", body="Hütte".encode("cp1252")))
        assert (first.text, second.text) == ("Closed on Mondays.", "Hütte")
        assert pids(workers) == kept
        assert kept != [os.getpid()]
    finally:
        await workers.aclose()
    assert not is_there(kept[0])


async def test_no_more_than_two_read_at_once() -> None:
    """However many pages there are."""
    workers = Workers()
    try:
        read = await asyncio.gather(*(workers.do(PAGE) for _ in range(6)))
        assert [one.text for one in read] == ["Closed on Mondays."] * 6
        assert len(pids(workers)) <= 2
    finally:
        await workers.aclose()


async def test_a_page_that_is_too_hard_is_ended_with_its_process() -> None:
    """The next page gets another."""
    workers = Workers(page_s=0.1, command=STUCK)
    with pytest.raises(WebProblem) as failed:
        await workers.do(PAGE)
    assert failed.value.code == "timeout"
    assert pids(workers) == []
    await workers.aclose()


@pytest.mark.parametrize("command", [DYING, BABBLING])
async def test_a_process_that_dies_or_babbles_costs_one_page(command: tuple[str, ...]) -> None:
    """And is not asked again."""
    workers = Workers(command=command)
    with pytest.raises(WebProblem) as failed:
        await workers.do(PAGE)
    assert failed.value.code == "unreadable"
    assert pids(workers) == []
    await workers.aclose()


async def test_a_reader_that_can_not_be_started_is_said(tmp_path: Path) -> None:
    """With where to look."""
    workers = Workers(command=(str(tmp_path / "no-such-program"),))
    with pytest.raises(WebProblem) as failed:
        await workers.do(PAGE)
    assert failed.value.next_action
    await workers.aclose()


async def test_who_is_called_off_leaves_no_process() -> None:
    """A research that is stopped stops its reading."""
    workers = Workers(command=STUCK)
    reading = asyncio.ensure_future(workers.do(PAGE))
    for _ in range(50):
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await workers.aclose()


async def test_a_process_that_was_ended_while_it_waited_costs_no_page() -> None:
    """Short of memory, a system ends who does nothing; the next page gets another."""
    workers = Workers()
    try:
        await workers.do(PAGE)
        (ended,) = workers._idle
        ended._process.kill()
        await ended._process.wait()
        assert (await workers.do(PAGE)).text == "Closed on Mondays."
        assert pids(workers) != [ended._process.pid]
    finally:
        await workers.aclose()


async def test_nobody_to_read_for_means_nobody_reading() -> None:
    """After a while without a page its process is gone."""
    workers = Workers(idle_s=0)
    try:
        await workers.do(PAGE)
        gone = pids(workers)
        for _ in range(20):  # the timer of no seconds
            await asyncio.sleep(0)
        assert pids(workers) == []
    finally:
        await workers.aclose()
    assert gone
    assert not is_there(gone[0])


async def test_a_process_is_replaced_before_it_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """What libraries lose of memory is bounded."""
    monkeypatch.setattr(module, "MOST_JOBS", 1)
    workers = Workers()
    await workers.do(PAGE)
    assert pids(workers) == []
    await workers.aclose()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads its environment there")
async def test_the_reading_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the studio's environment but what Python needs."""
    monkeypatch.setenv("VLLM_STUDIO_API_KEY", "sk-secret")
    monkeypatch.setenv("HF_TOKEN", "hf-secret")
    workers = Workers()
    try:
        await workers.do(PAGE)
        environment = Path(f"/proc/{pids(workers)[0]}/environ").read_bytes()
    finally:
        await workers.aclose()
    assert b"secret" not in environment
    assert b"PATH=" in environment
