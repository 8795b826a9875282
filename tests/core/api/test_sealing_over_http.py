"""Months are sealed and erased over HTTP, by the owner alone, and reports say what is gone.

That one took the place of another is acknowledged by the owner, too.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from core.api import audit_replaced, audit_seal, problems, requests, usage
from core.api.asking import Asking
from core.application import Application
from core.auditing.checkpointer import Checkpointer
from core.keys.keyring import KeyRing
from core.live_settings import LiveSettings
from core.log_watch import LogWatch
from core.secrets import Secrets
from desktop.cli import audit_seal as audit_seal_words
from desktop.cli import requests as requests_words
from desktop.cli import usage as usage_words
from events.facts import AuditAsideErased, AuditReplacementAcknowledged
from events.projections import USAGE
from events.store import EventStore
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
    made.clock = house.clock
    made.store, made.usage, made.sealing = house.store, house.usage, house.sealing
    made.checkpointer = Checkpointer(
        store=house.store,
        secrets=Secrets(house.paths.secrets),
        settings=lambda: house.settings,
        clock=house.clock,
    )
    await made.checkpointer.begin()
    made.keys = KeyRing(house.store, house.clock)
    made.settings = LiveSettings(house.settings, {})
    made.log_watch = LogWatch(
        store=house.store, usage=house.usage, clock=house.clock, serves=lambda: True
    )
    app = Litestar(
        [*requests.HANDLERS, *usage.HANDLERS, *audit_seal.HANDLERS, *audit_replaced.HANDLERS],
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


async def test_what_a_recovery_moved_aside_is_named_and_goes_only_when_asked(door: Door) -> None:
    """It holds single requests; that it goes is recorded before it does."""
    paths = door.house.paths
    (paths.home / "recovered").mkdir()
    aside = [
        paths.home / "recovered" / "usage-2026-07-20260801-000000.jsonl",
        paths.home / "usage-2026-08.db.damaged-20260901-000000",
        paths.home / "usage-2026-08.db.damaged-20260901-000000-wal",
    ]
    kept = [
        paths.home / "usage-2026-09.db.damaged-20261001-000000",
        paths.home / "main.db.damaged-20260901-000000",
        paths.home / "recovered" / "main-20260901-000000.jsonl",
    ]
    for path in (*aside, *kept):
        path.write_bytes(b"requests")
    left = (await door.post("/audit/prune", before="2026-09")).json()
    assert (sorted(left["aside_left"]), left["aside_erased"]) == (sorted(map(str, aside)), [])
    said = audit_seal_words.pruned_in_words(left, "2026-09")
    assert str(aside[0]) in said
    assert said.endswith("vllm-studio audit prune --before 2026-09 --aside")
    gone = (await door.post("/audit/prune", before="2026-09", aside=True, reason="asked")).json()
    assert (gone["aside_left"], sorted(gone["aside_erased"])) == ([], sorted(map(str, aside)))
    assert str(aside[2]) in audit_seal_words.pruned_in_words(gone, "2026-09")
    assert not any(path.exists() for path in aside)
    assert all(path.exists() for path in kept)
    assert [
        (one.event.log, len(one.event.files), one.event.reason)
        for one in door.house.store.read_all()
        if isinstance(one.event, AuditAsideErased)
    ] == [("usage-2026-07", 1, "asked"), ("usage-2026-08", 2, "asked")]


async def test_what_lies_aside_stays_when_that_it_goes_can_not_be_recorded(door: Door) -> None:
    """First the fact, then the file."""
    path = door.house.paths.home / "usage-2026-08.db.damaged-20260901-000000"
    path.write_bytes(b"requests")
    door.house.store.close()
    answer = await door.post("/audit/prune", before="2026-09", aside=True)
    assert not answer.is_success
    assert path.exists()


async def test_the_owner_alone_acknowledges_that_a_log_was_replaced(door: Door) -> None:
    """With a reason, of the very log that was looked at, once."""
    assert (await door.get("/audit/replaced"))["replaced"] == []
    await door.post("/audit/seal", month="2026-08")
    door.house.paths.usage_segment("2026-08").unlink()
    EventStore.open(door.house.paths.usage_db("2026-08-01"), projections=USAGE).close()
    [one] = (await door.get("/audit/replaced"))["replaced"]
    assert (one["log"], one["size"], one["follows"]) == ("usage-2026-08", 1, None)
    wish = {"log": "usage-2026-08", "log_id": one["log_id"], "reason": "put back by hand"}
    for wrong in ({"reason": " "}, {"log_id": "another"}, {"log": "main"}):
        assert (await door.post("/audit/acknowledge", **{**wish, **wrong})).status_code in (
            400,
            404,
        )
    door.asking = Asking(actor="key:k1", owner=False, key_id="k1")
    assert (await door.post("/audit/acknowledge", **wish)).status_code == 403
    door.asking = Asking(actor="cli", owner=True)
    assert (await door.post("/audit/acknowledge", **wish)).is_success
    assert (await door.get("/audit/replaced"))["replaced"] == []
    assert (await door.post("/audit/acknowledge", **wish)).status_code == 404
    newest = door.house.store.read_all(newest_first=True, limit=1)[0]
    assert isinstance(newest.event, AuditReplacementAcknowledged)
    assert (newest.actor, newest.event.reason) == ("cli", "put back by hand")
