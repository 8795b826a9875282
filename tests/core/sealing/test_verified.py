"""Months are verified while they are sealed and erased, and whatever became of their files."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from events.audit import segments
from events.audit.checkpoint import signer_for
from events.audit.claims import Claim
from events.audit.segments import Segment
from events.audit.verify import Wanted, books_in, verify
from events.facts import AuditSegmentPruned, AuditSegmentSealed
from tests.core.sealing.books import SEED, House, write_months


@pytest.fixture
async def house(home: Path) -> AsyncIterator[House]:
    """Three months, of which the first is sealed."""
    write_months(home, ("2026-08", "2026-09", "2026-10"), each=5)
    house = House(home)
    await house.usage.open()
    await house.sealing.seal("2026-08", actor="cli")
    yield house
    await house.close()


def bad(house: House, meanwhile: Callable[[], None] = lambda: None) -> list[Claim]:
    """What is disproved, when something happens after the main log was read."""
    done = False

    def progress(log: str, *_: int) -> None:
        nonlocal done
        if log == "main" and not done:
            done = True
            meanwhile()

    wanted = Wanted(
        main=str(house.paths.main_db),
        books=books_in(house.paths.home),
        keys=(str(signer_for("studio", SEED).verifier),),
    )
    return [one for one in verify(wanted, progress).claims if one.verdict == "disproved"]


def sealed(house: House) -> AuditSegmentSealed:
    """What the log says of August."""
    [fact] = [
        one.event
        for one in house.store.read_stream("audit")
        if isinstance(one.event, AuditSegmentSealed)
    ]
    return fact


def test_a_month_that_is_sealed_meanwhile_is_no_month_that_is_gone(house: House) -> None:
    """Its live log has become a segment; the next verification looks at that."""

    def seal() -> None:
        live = house.paths.usage_db("2026-09-01")
        shutil.copy(house.paths.usage_segment("2026-08"), house.paths.usage_segment("2026-09"))
        live.unlink()

    assert bad(house, seal) == []
    house.paths.usage_segment("2026-09").unlink()
    assert bad(house, house.paths.usage_db("2026-10-01").unlink) != []


def prune(house: House, log_id: str) -> None:
    """As the studio does it: the fact comes before the file goes."""
    fact = AuditSegmentPruned(month="2026-08", log_id=log_id, reason="owner", requests=5)
    house.store.append_now("audit", [fact], actor="cli")
    house.paths.usage_segment("2026-08").unlink()


def test_a_month_that_is_erased_meanwhile_is_not_lost(house: House) -> None:
    """Whoever misses the file looks again whether it was erased."""
    assert bad(house, lambda: prune(house, sealed(house).log_id)) == []


def test_that_another_log_of_a_month_was_erased_excuses_nothing(house: House) -> None:
    """A month may have had two: its book was recovered, or the clock was wrong."""
    prune(house, "another log of that month")
    [lost] = bad(house)
    assert "is lost" in lost.sentence


@pytest.mark.parametrize("change", [{"root": "no base64"}, {"offset": -7}, {"bytes": 2**70}])
def test_an_index_that_was_written_anew_ends_no_verification(
    house: House, change: dict[str, object]
) -> None:
    """It is said to be damaged, whatever stands in it."""
    path = house.paths.usage_segment("2026-08")
    with Segment.open(path) as segment:
        index = msgspec.json.decode(msgspec.json.encode(segment._index))
    index["blocks"][0] |= change
    with path.open("ab") as file:
        segments._pack(file, msgspec.json.encode(index) + b"\n")
    assert {one.log for one in bad(house)} == {"usage-2026-08"}
