"""The hot path is tested on the loop that it runs on."""

import asyncio
from collections.abc import Callable, Mapping

from core.event_loop import new_event_loop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What pytest-asyncio makes loops with."""
    return {"studio": new_event_loop}
