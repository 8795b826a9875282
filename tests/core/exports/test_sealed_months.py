"""Months that are sealed or erased go with an export, and answer the same where they arrive."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.exports.arriving import bring
from core.exports.wish import wish_of
from core.secrets import Secrets
from core.settings import Settings
from events.audit import exported
from tests.core.exports.homes import claims_of, taken_to
from tests.core.sealing.books import SEED, House, write_months

MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")


@pytest.fixture
async def house(home: Path) -> AsyncIterator[House]:
    """July is erased but for its sums, August is sealed, the rest is live."""
    write_months(home)
    Secrets(home / "secrets").put("audit-key", SEED.hex())
    made = House(home)
    await made.usage.open()
    for month in MONTHS[:2]:
        await made.sealing.seal(month, actor="cli")
    await made.sealing.prune(MONTHS[1], reason="owner", actor="cli")
    yield made
    await made.close()


async def test_they_are_exported_and_proved(house: House, home: Path, tmp_path: Path) -> None:
    """The sealed one by the checkpoint in its segment; of the erased one there are the sums."""
    manifest = taken_to(home, tmp_path / "export")
    told = {one.log: (one.last, one.signed) for one in manifest.logs[1:]}
    assert told == {
        "usage-2026-08": (61, 61),
        "usage-2026-09": (61, 0),
        "usage-2026-10": (61, 0),
    }
    assert "usage-2026-07.rollup" in manifest.files
    assert [one for one in claims_of(tmp_path / "export") if one.verdict == "disproved"] == []


async def test_a_part_of_a_sealed_month_is_proved(house: House, home: Path, tmp_path: Path) -> None:
    """By time, out of the middle of a segment."""
    wish = wish_of(since="2026-08-10", until="2026-08-20")
    manifest = taken_to(home, tmp_path / "export", wish)
    [august] = manifest.logs  # nothing happened then but requests
    assert 1 < august.first < august.last < august.signed == 61
    assert [one for one in claims_of(tmp_path / "export") if one.verdict == "disproved"] == []


async def test_what_is_asked_of_them_has_the_same_answers_elsewhere(
    house: House, home: Path, tmp_path: Path
) -> None:
    """Sums of all months, and every request that is not erased."""
    before = (await house.told(), await house.requests())
    taken_to(home, tmp_path / "export")
    new = Settings(home=tmp_path / "new")
    with exported.opened(tmp_path / "export") as export:
        arrival = bring(export, new, actor="cli")
    assert arrival.sums == ("usage-2026-07.rollup",)
    moved = House(new.home)
    try:
        await moved.usage.open()
        assert (await moved.told(), await moved.requests()) == before
        sealed = await moved.sealing.seal(MONTHS[1], actor="cli")
        assert sealed.state == "sealed"
        assert (await moved.told(), await moved.requests()) == before
    finally:
        await moved.close()


async def test_sums_that_the_log_does_not_tell_are_not_brought(
    house: House, home: Path, tmp_path: Path
) -> None:
    """A file that somebody put there is no history."""
    (home / "usage-2026-05.rollup").write_bytes(b"anything")
    rollup = home / "usage-2026-07.rollup"
    rollup.write_bytes(rollup.read_bytes() + b"more")
    taken_to(home, tmp_path / "export")
    new = Settings(home=tmp_path / "new")
    with exported.opened(tmp_path / "export") as export:
        assert bring(export, new, actor="cli").sums == ()
    assert list(new.home.glob("*.rollup")) == []
