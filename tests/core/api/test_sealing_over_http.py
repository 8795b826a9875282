"""Months are sealed and erased over HTTP, by the owner alone, and reports say what is gone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from core.api import audit_seal, problems, requests, usage
from core.api.asking import Asking
from core.application import Application
from core.keys.keyring import KeyRing
from core.live_settings import LiveSettings
from core.log_watch import LogWatch
from desktop.cli import audit_seal as audit_seal_words
from desktop.cli import requests as requests_words
from desktop.cli import usage as usage_words
from tests.core.sealing.books import House, us, write_months

# The whole API is given its parts this way.
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


class Door:
    """The resources over four months of requests, and who is asking."""

    def __init__(self, http: AsyncTestClient[Litestar], house: House) -> None:
        self.http = http
        self.house = house
        self.asking = Asking(actor="cli", owner=True)

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON behind a path."""
        answer = await self.http.get(path, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        """The answer to a wish."""
        return await self.http.post(path, json=body)


@pytest.fixture
async def door(home: Path) -> AsyncIterator[Door]:
    """An application of only what these resources ask."""
    write_months(home)
    house = House(home)
    made = Application.__new__(Application)
    made.store, made.usage, made.sealing = house.store, house.usage, house.sealing
    made.keys = KeyRing(house.store, house.clock)
    made.settings = LiveSettings(house.settings, {})
    made.log_watch = LogWatch(
        store=house.store, usage=house.usage, clock=house.clock, serves=lambda: True
    )
    app = Litestar(
        [*requests.HANDLERS, *usage.HANDLERS, *audit_seal.HANDLERS],
        logging_config=None,
        dependencies={
            "application": Provide(lambda: made, sync_to_thread=False),
            "asking": Provide(lambda: made_door.asking, sync_to_thread=False),
        },
        exception_handlers=problems.HANDLERS,
        signature_types=[Application, Asking],
        openapi_config=None,
    )
    async with AsyncTestClient(app) as client:
        made_door = Door(client, house)
        yield made_door
    await house.close()


async def test_months_are_sealed_and_told(door: Door) -> None:
    """One that is named, or all that are over; one that goes on is refused."""
    answer = await door.post("/audit/seal", month="2026-07")
    assert [one["state"] for one in answer.json()["months"]] == ["sealed"]
    answer = await door.post("/audit/seal")
    assert [one["month"] for one in answer.json()["months"]] == ["2026-08", "2026-09"]
    months = await door.get("/audit/segments")
    assert [(one["month"], one["state"], one["requests"]) for one in months["months"]] == [
        ("2026-10", "live", None),
        ("2026-09", "sealed", 60),
        ("2026-08", "sealed", 60),
        ("2026-07", "sealed", 60),
    ]
    assert "2026-09  sealed" in audit_seal_words.in_words(months)
    refused = await door.post("/audit/seal", month="2026-10")
    assert (refused.status_code, refused.json()["code"]) == (409, "month-not-over")


async def test_only_the_owner_seals_and_erases(door: Door) -> None:
    """A key may look."""
    door.asking = Asking(actor="key:k1", owner=False, key_id="k1")
    assert (await door.post("/audit/seal")).status_code == 403
    assert (await door.post("/audit/prune", before="2026-09")).status_code == 403
    await door.get("/audit/segments")


async def test_reports_say_which_requests_were_erased_and_by_whom(door: Door) -> None:
    """The sums stay; the lists name the months that are missing, and not as unreadable."""
    before = await door.get("/usage", by="month,key")
    await door.post("/audit/prune", before="2026-09", reason="a year is enough")
    after = await door.get("/usage", by="month,key")
    assert (after["rows"], after["total"]) == (before["rows"], before["total"])
    assert [(one["month"], one["requests"], one["pruned_by"]) for one in after["pruned"]] == [
        ("2026-08", 60, "cli"),
        ("2026-07", 60, "cli"),
    ]
    assert (await door.get("/usage", since=us("2026-09-02")))["pruned"] == []
    listed = await door.get("/requests", limit=1000)
    assert (len(listed["requests"]), listed["unreadable"]) == (120, [])
    assert [one["month"] for one in listed["pruned"]] == ["2026-08", "2026-07"]
    assert (await door.get("/requests", limit=5))["pruned"] == []
    gone = "The 60 single requests of 2026-08 were erased on 2026-10-20 by cli (a year is enough)."
    assert gone in usage_words.in_words(after)
    assert gone in requests_words.in_words(listed)


async def test_a_wrong_month_is_refused_with_what_would_be_right(door: Door) -> None:
    """Nothing is erased by a slip."""
    for body in ({"before": "2026"}, {"before": "2027-01"}):
        assert (await door.post("/audit/prune", **body)).status_code == 400
    assert (await door.post("/audit/seal", month="../main")).status_code == 400
    assert (await door.post("/audit/seal", month="2020-01")).status_code == 404
