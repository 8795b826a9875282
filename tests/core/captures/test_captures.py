"""What is kept, what is dropped, what is erased, and what of it stands in the log."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.captures import Captures, Vault
from core.captures import captures as module
from core.secrets import Secrets
from core.settings import Settings
from events.errors import EventError
from events.facts import RequestFinished
from events.store import EventStore
from tests.core.gateway.cache.parts import asked

NOON = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp() * 1e6)
DAY = 86_400_000_000
SECRET = {b"authorization": b"Bearer sk-do-not-keep", b"x-api-key": b"sk-do-not-keep"}


class Clock:
    """Stands still."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> int:
        """Microseconds."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at / 1e6


class House:
    """Captures with everything around them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.clock = Clock()
        self.settings = Settings(home=home, capture_bodies="all")
        self.store = EventStore.open(home / "main.db", projections=(), now=self.clock.now)
        self.vault = Vault(home / "captures", Secrets(home / "secrets"))
        self.captures = Captures(
            vault=self.vault, store=self.store, settings=lambda: self.settings, clock=self.clock
        )

    def change(self, **settings: Any) -> None:
        """Settings in force from now on."""
        self.settings = msgspec.structs.replace(self.settings, **settings)

    def request(self, request_id: str, *pieces: bytes, outcome: str = "ok") -> bool:
        """One request from end to end; whether anybody read along."""
        captured = self.captures.begin(request_id, asked(headers=SECRET))
        if captured is None:
            return False
        for piece in pieces or (b"an ", b"answer"):
            captured.feed(piece)
        captured.end(finished(request_id, outcome))
        return True

    async def kept(self, request_id: str) -> bool:
        """Whether it can be read; what waits is written first."""
        await self.captures.close()
        return await asyncio.to_thread(self.vault.read, request_id) is not None

    def told(self) -> list[tuple[str, dict[str, Any], str]]:
        """Every fact about captures: type, data, actor."""
        return [
            (one.type, msgspec.to_builtins(one.event), one.actor)
            for one in self.store.read_stream("captures")
        ]


def finished(request_id: str, outcome: str) -> RequestFinished:
    """How a request ended."""
    return RequestFinished(
        request_id=request_id,
        path="/v1/chat/completions",
        model="m",
        recipe_id=None,
        engine_id=None,
        actor="api",
        lane="gateway",
        outcome=outcome,
        status=200 if outcome == "ok" else 502,
        stream=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """With everything captured."""
    made = House(tmp_path)
    yield made
    made.store.close()


async def test_bodies_are_kept_as_they_went_by_and_a_look_is_recorded(house: House) -> None:
    """Who looked, and at what; not what they saw."""
    assert house.request("r1")
    await house.captures.close()
    record = await house.captures.read("r1", actor="window")
    assert record is not None
    assert record.question.data == asked().body.data
    assert (record.answer.data, record.outcome, record.status) == (b"an answer", "ok", 200)
    assert b"sk-do-not-keep" not in msgspec.msgpack.encode(record)
    (told,) = house.told()
    assert (told[0], told[1]["request_id"], told[2]) == ("capture-read", "r1", "window")
    assert await house.captures.read("r2", actor="window") is None
    assert len(house.told()) == 1


async def test_nobody_looks_while_it_can_not_be_recorded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log comes first."""

    async def fails(*args: object, **kwargs: object) -> None:
        raise EventError("the disk is full")

    house.request("r1")
    await house.captures.close()
    monkeypatch.setattr(house.store, "append", fails)
    with pytest.raises(EventError):
        await house.captures.read("r1", actor="window")


@pytest.mark.parametrize(
    ("mode", "outcome", "keeps"),
    [("off", "error", False), ("errors", "ok", False), ("errors", "timeout", True),
     ("errors", "client_gone", True), ("all", "ok", True)],
)  # fmt: skip
async def test_the_setting_says_what_is_kept(
    house: House, mode: str, outcome: str, keeps: bool
) -> None:
    """Off by default."""
    assert Settings(home=house.home).capture_bodies == "off"
    house.change(capture_bodies=mode)
    assert house.request("r1", outcome=outcome) is (mode != "off")
    assert await house.kept("r1") is keeps
    assert house.captures._held == 0


async def test_a_long_body_is_kept_to_its_limit(house: House) -> None:
    """And how long it really was is known."""
    house.change(capture_body_mib=1)
    house.request("r1", b"x" * 700_000, b"y" * 700_000, b"z")
    await house.captures.close()
    record = await house.captures.read("r1", actor="cli")
    assert record is not None
    assert (len(record.answer.data), record.answer.size) == (1024 * 1024, 1_400_001)
    assert not record.answer.is_whole


async def test_rather_dropped_than_slowed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the queue nor memory grows without end; what is dropped is counted."""
    for number in range(module.WAITING + 10):
        house.request(f"r{number}")
    assert house.captures.dropped == 10
    monkeypatch.setattr(module, "HELD", 1)
    assert not house.request("more")
    await house.captures.close()
    assert house.captures._held == 0
    counts = await house.captures.counts()
    assert (counts.requests, counts.dropped) == (module.WAITING, 11)


async def test_days_that_are_too_old_are_erased_with_their_key(house: House) -> None:
    """Seven days are seven days; each erased day is a fact."""
    for day in range(9):
        house.clock.at = NOON + day * DAY
        house.request(f"r{day}")
        await house.captures.close()
    await house.captures.prune()
    kept = [day for day in range(9) if await house.kept(f"r{day}")]
    assert kept == [2, 3, 4, 5, 6, 7, 8]
    told = [(name, data["day"], data["reason"], actor) for name, data, actor in house.told()]
    assert told == [
        ("captures-pruned", "2026-11-24", "age", "system"),
        ("captures-pruned", "2026-11-25", "age", "system"),
    ]
    await house.captures.prune()
    assert len(house.told()) == 2


async def test_when_the_disk_share_is_full_the_oldest_day_goes(house: House) -> None:
    """Today's stay, and further ones of today are dropped until there is room."""
    house.change(capture_max_mib=1)
    for day in range(3):
        house.clock.at = NOON + day * DAY
        house.request(f"r{day}")
        await house.captures.close()
    fill(house, "2026-11-24")
    await house.captures.prune()
    assert house.vault.days() == ["2026-11-25", "2026-11-26"]
    assert [(data["day"], data["reason"]) for _, data, _ in house.told()] == [
        ("2026-11-24", "room")
    ]
    fill(house, "2026-11-26")
    await house.captures.prune()
    house.request("too many")
    assert not await house.kept("too many")
    assert house.captures.dropped == 1
    assert house.vault.days() == ["2026-11-26"]
    assert await house.kept("r2")


def fill(house: House, day: str) -> None:
    """As much as there may be of all days together."""
    (house.home / "captures" / day / "large").write_bytes(b"x" * 1024 * 1024)


async def test_the_owner_may_have_all_of_it_forgotten(house: House) -> None:
    """Today's too; what comes after is kept again."""
    house.request("r1")
    await house.captures.close()
    assert await house.captures.forget(actor="window") == 1
    assert not await house.kept("r1")
    name, data, actor = house.told()[-1]
    assert (name, data["requests"], data["reason"], actor) == (
        "captures-pruned", 1, "owner", "window",
    )  # fmt: skip
    house.request("r2")
    assert await house.kept("r2")


async def test_an_erasing_that_broke_off_is_finished_and_told(house: House) -> None:
    """A crash after the key was removed and before anybody was told."""
    house.request("r1")
    await house.captures.close()
    house.vault.forget_key("2026-11-24")
    house.clock.at += 10 * DAY
    await house.captures.prune()
    assert [data["day"] for _, data, _ in house.told()] == ["2026-11-24"]
    assert house.vault.days() == []


async def test_a_disk_that_takes_nothing_stops_nobody(house: House) -> None:
    """It is counted, and the task lives on."""
    (house.home / "captures").write_text("in the way")
    task = asyncio.create_task(house.captures.run())
    house.request("r1")
    while house.captures.dropped == 0:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.001)
    assert not task.done()
    (house.home / "captures").unlink()
    house.request("r2")
    while not house.vault.days() or house.vault.count("2026-11-24")[0] == 0:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await house.kept("r2")
