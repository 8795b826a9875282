"""Keys, asked over HTTP: however many there are, no answer has more than a page of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from core.api import keys, problems
from core.api.asking import Asking
from core.application import Application
from core.keys.desk import KeyDesk
from core.keys.keyring import KeyRing
from core.keys.use import Use
from core.live_settings import LiveSettings
from core.settings import Settings
from events.store import EventStore
from tests.core.keys.conftest import Clock

# The whole API is given its parts this way.
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

NAMES = [f"key {number}" for number in range(5)]


@pytest.fixture
async def http(home: Path, store: EventStore) -> AsyncIterator[AsyncTestClient[Litestar]]:
    """The resource over five keys."""
    made: Any = Application.__new__(Application)
    made.clock = Clock()
    made.keys = KeyRing(store, made.clock)
    made.limits = SimpleNamespace(gate=SimpleNamespace(use=lambda key_id: Use()))
    made.settings = LiveSettings(Settings(home=home), {})
    desk = KeyDesk(store=store, ring=made.keys, clock=made.clock)
    for name in NAMES:
        await desk.issue(name, actor="cli")
    owner = Asking(actor="cli", owner=True)
    app = Litestar(
        keys.HANDLERS,
        logging_config=None,
        dependencies={
            "application": Provide(lambda: made, sync_to_thread=False),
            "asking": Provide(lambda: owner, sync_to_thread=False),
        },
        exception_handlers=problems.HANDLERS,
        signature_types=[Application, Asking],
        openapi_config=None,
    )
    async with AsyncTestClient(app) as client:
        yield client


async def test_all_of_them_come_page_by_page(http: AsyncTestClient[Litestar]) -> None:
    """Each once, oldest first; the last page says that it is the last, also when it is full."""
    for limit, pages in ((1, 5), (2, 3), (5, 1), (9, 1)):
        told: list[str] = []
        query: dict[str, Any] = {"limit": limit}
        for page in range(1, pages + 1):
            answer = (await http.get("/keys", params=query)).json()
            told += [key["name"] for key in answer["keys"]]
            assert (answer["next"] is None) == (page == pages)
            query["after"] = answer["next"]
        assert told == NAMES


async def test_a_page_that_there_is_not_is_refused(http: AsyncTestClient[Litestar]) -> None:
    """An id that no key has, and a page of nothing."""
    for query in ({"after": "nobody"}, {"limit": "0"}):
        answer = await http.get("/keys", params=query)
        assert (answer.status_code, answer.json()["field"]) == (400, next(iter(query)))
