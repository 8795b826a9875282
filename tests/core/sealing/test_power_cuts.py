"""Whatever of a sealing reached the disk before the power went: nothing is lost, and it goes on.

What was not synced may be there, or not, or torn. Before the fact of the sealing is on the disk
the live log is untouched; after it, segment and sums were synced before. So the states are these.
"""

import asyncio
import itertools
import shutil
from pathlib import Path

import pytest

from core.settings import Paths
from events.audit.claims import first_bad
from events.audit.segment_claims import verify_segment
from events.facts import AuditSegmentSealed
from events.projections.usage_sums import UsageQuery
from tests.core.sealing.books import House, write_months

MONTH = "2026-08"
FILES = ("absent", "whole", "torn", "unnamed")  # unnamed: it has its scratch name still
STATES = [
    (fact, segment, sums, wal)
    for fact, segment, sums in itertools.product((False, True), FILES, FILES)
    for wal in (False, True)
    if not (fact and "unnamed" in (segment, sums))  # synced before the fact
]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same home before its month is sealed, and after."""
    before, after = (tmp_path_factory.mktemp(name) for name in ("before", "after"))
    write_months(before, (MONTH,), each=50)
    shutil.copytree(before, after, dirs_exist_ok=True)
    asyncio.run(_seal(after))
    return before, after


async def _seal(home: Path) -> None:
    house = House(home)
    await house.sealing.seal(MONTH, actor="cli")
    await house.close()


@pytest.mark.parametrize(("fact", "segment", "sums", "wal"), STATES)
async def test_the_next_start_goes_on_from_any_state(
    home: Path, homes: tuple[Path, Path], fact: bool, segment: str, sums: str, wal: bool
) -> None:
    """Every request is found once, the sums are what they were, and the month can be sealed."""
    before, after = homes
    shutil.copytree(before, home, dirs_exist_ok=True)
    if fact:
        shutil.copy(after / "main.db", home / "main.db")
    put(after, home, Paths(home).usage_segment(MONTH).name, segment)
    put(after, home, Paths(home).usage_rollup(MONTH).name, sums)
    if wal:  # left behind by a live log that was read to the end
        (home / f"usage-{MONTH}.db-wal").touch()
    house = House(home)
    await house.sealing.settle()
    await whole(house)
    await house.sealing.seal(MONTH, actor="cli")
    await whole(house)
    facts = [one.event for one in house.store.read_stream("audit")]
    sealed = [one for one in facts if isinstance(one, AuditSegmentSealed)][-1]
    assert first_bad(verify_segment(house.paths.usage_segment(MONTH), sealed)) is None
    assert sorted(path.name for path in home.glob("usage-2026-08*")) == [
        f"usage-{MONTH}.rollup", f"usage-{MONTH}.segment",
    ]  # fmt: skip
    await house.close()


async def test_what_lay_beside_a_live_log_goes_after_it(
    home: Path, homes: tuple[Path, Path]
) -> None:
    """The removal was cut short: the log is gone, its write-ahead file is not."""
    _, after = homes
    shutil.copytree(after, home, dirs_exist_ok=True)
    for end in ("-wal", "-shm", ".lock"):
        (home / f"usage-{MONTH}.db{end}").write_bytes(b"left behind")
    house = House(home)
    await house.sealing.settle()
    await whole(house)
    assert sorted(path.suffix for path in home.glob(f"usage-{MONTH}*")) == [".rollup", ".segment"]
    await house.close()


def put(source: Path, home: Path, name: str, state: str) -> None:
    """A file in the state in which a power cut may leave it."""
    if state == "absent":
        return
    data = (source / name).read_bytes()
    target = home / (f"{name}.new" if state == "unnamed" else name)
    target.write_bytes(data if state == "whole" else data[: len(data) // 2])


async def whole(house: House) -> None:
    """Nothing is missing."""
    found = [request_id for request_id, _, _ in await house.requests()]
    assert sorted(found) == sorted(f"r{number}" for number in range(50))
    usage = await house.usage.usage(UsageQuery())
    assert (usage.sums[0].sums["requests"], usage.unreadable) == (50, ())
