"""What must hold before an engine is asked to sleep, on a real socket."""

import asyncio

import pytest

from core.engines import sleeping
from core.engines.probe import Target
from core.engines.sleeping import HttpSleeping, NotSlept
from core.hardware.process_memory import Measured


async def measure(_group: int) -> Measured | None:
    """Nothing to measure: nobody should get that far."""
    return None


async def test_one_that_does_not_say_what_it_works_on_is_not_put_to_sleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked for its count and nothing else: silence is no zero."""
    monkeypatch.setattr(sleeping, "IDLE_S", 0.0)
    asked: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).split()[1])
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        target = Target(
            port=port, kind="vllm", model_name="m", model="m", api_key=None, process_group=1
        )
        outcome = await HttpSleeping(measure).fall_asleep(target, 1)
        await over.wait()
    assert isinstance(outcome, NotSlept)
    assert (outcome.failure.code, outcome.usable) == ("sleep-busy", True)
    assert asked == [b"/metrics"]
