"""The demonstration is set up when everything that it needs is installed."""

import asyncio

import pytest

from core.demo import all_installed
from core.errors import Unavailable
from core.runtimes.runtime import Runtime


async def test_what_can_not_be_installed_is_told_while_the_other_goes_on() -> None:
    """Nobody watches the gateway being fetched for minutes when the engine has failed already."""

    async def for_ever() -> Runtime:
        await asyncio.Event().wait()
        raise AssertionError

    async def fails() -> Runtime:
        raise Unavailable("the package index could not be reached")

    gateway, engine = asyncio.create_task(for_ever()), asyncio.create_task(fails())
    with pytest.raises(Unavailable, match="could not be reached"):
        await all_installed([gateway, engine])
    assert not gateway.done()
    gateway.cancel()
