"""Months that are over are sealed, ask as before, and are erased only where that is recorded."""

import resource
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from core.errors import Invalid, NotFound, Refused
from core.usage.csv import table
from core.usage.remembered import Remembered
from core.usage.report import entries
from events.audit.checkpoint import origin_of, signer_for
from events.audit.claims import first_bad
from events.audit.merkle import leaf_hash
from events.audit.note import Verifier
from events.audit.proofs import includes, inclusion_proof
from events.audit.segment_claims import verify_segment
from events.audit.segments import Segment
from events.errors import EventError, LogDamaged
from events.facts import AuditCheckpointed, AuditSegmentPruned, AuditSegmentSealed
from events.projections.request_log import RequestFilter
from events.projections.usage_sums import UsageQuery
from events.store import EventStore
from tests.core.auditing.test_outside import change
from tests.core.sealing.books import MONTHS, SEED, House, us, write_months
from tests.core.test_usage_log import BASE


@pytest.fixture
async def house(home: Path) -> AsyncIterator[House]:
    """Four months, the last of which is going on."""
    write_months(home)
    house = House(home)
    await house.sealing.settle()
    await house.usage.open()
    yield house
    await house.close()


def states(house: House) -> dict[str, str]:
    """By month, oldest first."""
    return {one.month: one.state for one in reversed(house.sealing._view())}


def facts(house: House) -> Sequence[object]:
    """What was recorded of it."""
    return [one.event for one in house.store.read_stream("audit")][1:]


async def test_nothing_that_can_be_asked_changes_when_months_are_sealed(house: House) -> None:
    """Every report, every page of every list, to the last bit."""
    before = await house.told()
    await house.sealing.seal_all(actor="cli")
    assert states(house) == dict.fromkeys(MONTHS[:3], "sealed") | {"2026-10": "live"}
    assert await house.told() == before
    for path in (house.paths.cache / "months").iterdir():
        path.unlink()  # a cache
    assert await house.told() == before


async def test_the_table_for_spreadsheets_is_the_same(house: House) -> None:
    """Byte for byte."""
    query = UsageQuery(by=("day", "key", "model"), latencies=True)

    async def csv() -> str:
        return table(entries((await house.usage.usage(query)).sums, query.by, str), query.by)

    before = await csv()
    await house.sealing.seal_all(actor="cli")
    assert await csv() == before


async def test_a_seal_is_recorded_signed_and_can_be_verified(house: House) -> None:
    """Together with the note of exactly these lines, and the files are those it names."""
    await house.sealing.seal("2026-08", actor="cli")
    signed, sealed = facts(house)
    assert isinstance(signed, AuditCheckpointed)
    assert isinstance(sealed, AuditSegmentSealed)
    assert (signed.log, signed.reason, signed.size, signed.root) == (
        "usage-2026-08", "sealing", sealed.size, sealed.root,
    )  # fmt: skip
    assert (sealed.month, sealed.events, sealed.rollup["requests"]) == ("2026-08", 61, 60)
    assert us("2026-08-01") <= sealed.first_at < sealed.last_at < us("2026-09-01")
    key = signer_for(sealed.log_id, SEED).verifier.public_key
    claims = verify_segment(
        house.paths.usage_segment("2026-08"),
        sealed,
        verifiers=[Verifier(origin_of(house.store.log_id), key)],
    )
    assert {claim.name: claim.verdict for claim in claims} == dict.fromkeys(
        ("sums", "file", "lines", "signature"), "proved"
    )
    assert sorted(path.name for path in house.paths.home.glob("usage-2026-08*")) == [
        "usage-2026-08.rollup", "usage-2026-08.segment",
    ]  # fmt: skip


async def test_only_months_that_have_rested_are_sealed_by_themselves(house: House) -> None:
    """So many stay live; the first hours of a month are left for what comes late."""
    await house.sealing.look()
    assert states(house)["2026-09"] == "live"
    assert states(house)["2026-08"] == "sealed"
    house.settings = msgspec.structs.replace(house.settings, usage_keep_live_months=1)
    await house.sealing.look()
    assert states(house)["2026-09"] == "sealed"
    house.clock.at = us("2026-11-01T05:59:00")
    await house.sealing.look()
    assert states(house)["2026-10"] == "live"
    house.clock.at = us("2026-11-01T06:01:00")
    await house.sealing.look()
    assert states(house)["2026-10"] == "sealed"


async def test_with_the_setting_off_nothing_is_sealed(home: Path) -> None:
    """Neither is anything erased."""
    write_months(home)
    house = House(home, usage_seal=False)
    await house.sealing.look()
    assert set(states(house).values()) == {"live"}
    await house.close()


async def test_a_month_that_is_not_over_is_refused(house: House) -> None:
    """Also one of which a request still waits for its counts; and one that never was."""
    with pytest.raises(Refused, match="not over"):
        await house.sealing.seal("2026-10", actor="cli")
    house.clock.at = us("2026-09-30T23:00:00")
    house.usage.hold(msgspec.structs.replace(BASE, request_id="late"))
    house.clock.at = us("2026-10-20T00:00:00")
    with pytest.raises(Refused, match="not over"):
        await house.sealing.seal("2026-09", actor="cli")
    with pytest.raises(NotFound):
        await house.sealing.seal("2025-01", actor="cli")
    with pytest.raises(Invalid):
        await house.sealing.seal("2026-13", actor="cli")


async def test_the_month_that_just_ended_is_let_go_and_sealed(house: House) -> None:
    """Its file is open until something is recorded in the next one."""
    await house.usage._write("2026-10-20", msgspec.structs.replace(BASE, request_id="last"))
    house.clock.at = us("2026-11-02T00:00:00")
    await house.sealing.seal("2026-10", actor="cli")
    assert (await house.requests(limit=1))[0][0] == "last"


async def test_a_month_sealed_twice_stays_as_it_is(house: House) -> None:
    """One fact, one file."""
    first = await house.sealing.seal("2026-07", actor="cli")
    assert await house.sealing.seal("2026-07", actor="cli") == first
    assert len(facts(house)) == 2


async def test_a_clock_set_back_does_not_write_into_a_sealed_month(house: House) -> None:
    """What is recorded then goes to the next month that is open, and is found."""
    await house.sealing.seal_all(actor="cli")
    segment = house.paths.usage_segment("2026-08").read_bytes()
    house.clock.at = us("2026-08-15T00:00:00")
    await house.usage._write("2026-08-15", msgspec.structs.replace(BASE, request_id="back"))
    assert house.paths.usage_segment("2026-08").read_bytes() == segment
    assert states(house)["2026-08"] == "sealed"
    assert "back" in [one[0] for one in await house.requests()]


async def test_a_live_log_that_was_changed_is_not_sealed(house: House) -> None:
    """It is kept as it is, for whoever looks into it."""
    path = house.paths.usage_db("2026-08-01")
    raw = path.read_bytes()
    at = raw.index(b'"request_id":"r100003"')
    path.write_bytes(raw[:at] + raw[at:].replace(b"r100003", b"r999999", 1))
    with pytest.raises(LogDamaged):
        await house.sealing.seal("2026-08", actor="cli")
    assert states(house)["2026-08"] == "live"
    assert not list(house.paths.home.glob("*.new"))
    assert not facts(house)


async def test_pruning_is_recorded_first_and_leaves_the_sums(house: House) -> None:
    """What was used stays; the single requests are gone, and who erased them is known."""
    before = {
        by: await house.usage.usage(UsageQuery(by=by)) for by in (("month",), ("hour", "key"))
    }
    (_, august) = await house.sealing.prune("2026-09", reason="owner", actor="window")
    assert (august.month, august.state, august.pruned_by, august.requests) == (
        "2026-08", "pruned", "window", 60,
    )  # fmt: skip
    assert [type(fact) for fact in facts(house)][-2:] == [AuditSegmentPruned] * 2
    assert states(house) == {
        "2026-07": "pruned", "2026-08": "pruned", "2026-09": "live", "2026-10": "live",
    }  # fmt: skip
    for by, usage in before.items():
        now = await house.usage.usage(UsageQuery(by=by))
        assert sorted(now.sums, key=lambda one: one.group) == sorted(
            usage.sums, key=lambda one: one.group
        )
        assert now.unreadable == ()
    page = await house.usage.page(RequestFilter(), before=None, limit=1000)
    assert len(page.requests) == 120
    assert page.unreadable == ("2026-08", "2026-07")
    assert await house.sealing.prune("2026-09", reason="owner", actor="window") == ()


async def test_what_was_pruned_still_verifies(house: House) -> None:
    """Root and size stay in the main log; a file that went without a fact is lost."""
    await house.sealing.prune("2026-08", reason="owner", actor="cli")
    await house.sealing.seal("2026-08", actor="cli")
    sealed = {f.month: f for f in facts(house) if isinstance(f, AuditSegmentSealed)}
    (pruned,) = [f for f in facts(house) if isinstance(f, AuditSegmentPruned)]
    july, august = (house.paths.usage_segment(month) for month in ("2026-07", "2026-08"))
    assert first_bad(verify_segment(july, sealed["2026-07"], pruned)) is None
    august.unlink()
    lost = first_bad(verify_segment(august, sealed["2026-08"]))
    assert lost is not None
    assert "lost" in lost.sentence
    assert states(house)["2026-08"] == "lost"


async def test_requests_that_are_too_old_are_erased_by_themselves(house: House) -> None:
    """Where the setting says so; at first it says: never."""
    house.settings = msgspec.structs.replace(house.settings, usage_keep_months=2)
    await house.sealing.look()
    assert states(house) == {
        "2026-07": "pruned", "2026-08": "sealed", "2026-09": "live", "2026-10": "live",
    }  # fmt: skip
    (fact,) = [f for f in facts(house) if isinstance(f, AuditSegmentPruned)]
    assert (fact.reason, fact.requests) == ("age", 60)


async def test_a_clock_that_jumped_ahead_erases_nothing_for_a_day(house: House) -> None:
    """It may be wrong, and what is erased does not come back."""
    house.settings = msgspec.structs.replace(house.settings, usage_keep_months=2)
    house.clock.at = us("2031-01-10")
    await house.sealing.settle()
    await house.sealing.look()
    assert [states(house)[month] for month in MONTHS] == ["sealed"] * 4
    house.clock.at += 25 * 3_600_000_000
    await house.sealing.look()
    assert [states(house)[month] for month in MONTHS] == ["pruned"] * 4


async def test_a_full_disk_leaves_the_live_log(house: House) -> None:
    """Whatever can not be written; the next time it can."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (2_000, 12_000, 60_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            with pytest.raises((OSError, EventError, sqlite3.Error)):
                await house.sealing.seal("2026-08", actor="cli")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert states(house)["2026-08"] == "live"
        assert not [path for path in house.paths.home.iterdir() if ".new" in path.name]
    assert (await house.sealing.seal("2026-08", actor="cli")).state == "sealed"


async def test_a_live_log_that_could_not_be_removed_is_removed_later(house: House) -> None:
    """As where a reader holds it open on Windows: not sealed twice, removed the next time."""
    live = house.paths.usage_db("2026-08-01")
    kept = live.read_bytes()
    await house.sealing.seal("2026-08", actor="cli")
    live.write_bytes(kept)
    assert (await house.sealing.seal("2026-08", actor="cli")).state == "sealed"
    assert not live.exists()
    assert len([fact for fact in facts(house) if isinstance(fact, AuditSegmentSealed)]) == 1


async def test_a_request_is_proved_by_its_id_wherever_it_is(house: House) -> None:
    """In a live log or a sealed one: its line, and the hashes up to the root."""
    await house.sealing.seal("2026-08", actor="cli")
    assert house.usage.months.place_of("nobody") is None
    assert house.usage.months.place_of("r200007") == ("usage-2026-09", 9)
    place = house.usage.months.place_of("r100007")
    assert place == ("usage-2026-08", 9)
    with Segment.open(house.paths.usage_segment("2026-08")) as segment:
        proof = inclusion_proof(segment.tree.root, place[1] - 1, segment.size)
        line = segment.line(place[1])
        assert includes(leaf_hash(line), place[1] - 1, segment.size, proof, segment.root)
    assert b'"request_id":"r100007"' in line


async def test_what_keys_have_used_is_counted_again_from_sealed_months(house: House) -> None:
    """Limits after a start: the single requests of a window, and the money of months."""
    remembered = Remembered(house.usage)
    since = us("2026-08-10")
    before = await remembered.since(since), await remembered.spent_by_key(since)
    await house.sealing.seal_all(actor="cli")
    assert (await remembered.since(since), await remembered.spent_by_key(since)) == before
    assert set(before[1]) == {"k1", "k2"}


async def test_an_unpacked_month_that_is_damaged_is_unpacked_again(house: House) -> None:
    """It is a cache."""
    before = await house.told()
    await house.sealing.seal("2026-08", actor="cli")
    await house.usage.usage(UsageQuery())
    (image,) = (house.paths.cache / "months").glob("*.db")
    image.write_bytes(b"no database" * 1000)
    assert (await house.usage.usage(UsageQuery())).unreadable == ("2026-08",)
    assert await house.told() == before


async def test_a_month_to_come_is_not_pruned(house: House) -> None:
    """A slip of the finger erases nothing."""
    with pytest.raises(Invalid):
        await house.sealing.prune("2027-01", reason="owner", actor="cli")


async def test_sealing_that_is_given_up_leaves_the_live_log(house: House) -> None:
    """A studio that stops does not wait for minutes of packing."""
    house.sealing.close()
    await house.sealing.look()
    assert set(states(house).values()) == {"live"}
    assert not list(house.paths.home.glob("*.new"))


async def test_sums_that_are_damaged_are_made_anew_from_the_segment(house: House) -> None:
    """As long as that is there; afterwards the month is named as one that can not be read."""
    await house.sealing.seal("2026-08", actor="cli")
    query = UsageQuery(by=("hour", "key"), latencies=True)
    before = await house.usage.usage(query)
    house.paths.usage_rollup("2026-08").write_bytes(b"no xz file")
    again = await house.usage.usage(query)
    assert sorted(again.sums, key=lambda s: s.group) == sorted(before.sums, key=lambda s: s.group)
    house.paths.usage_rollup("2026-08").write_bytes(b"no xz file at all")
    house.paths.usage_segment("2026-08").unlink()
    assert (await house.usage.usage(query)).unreadable == ("2026-08",)


async def test_a_reader_beside_the_sealing_reads_on(house: House) -> None:
    """Who has the live log open when it is removed is not disturbed."""
    store = EventStore.open(house.paths.usage_db("2026-08-01"), read_only=True)
    with closing(store), store.reading() as connection:
        await house.sealing.seal("2026-08", actor="cli")
        assert connection.execute("select count(*) from events").fetchone() == (61,)
    assert len(await house.requests(since=us("2026-08-01"), until=us("2026-09-01"))) == 60


async def test_a_copy_under_another_name_is_nobodys_month(house: House) -> None:
    """Somebody kept one beside the others; it is neither read nor sealed, and stops nothing."""
    home, before = house.paths.home, await house.requests()
    names = [f"usage-{name}.{kind}" for name in ("2026-08 (copy)", "abcd-ef", "2026-13", "0000-01")
             for kind in ("db", "segment", "rollup")]  # fmt: skip
    for name in names:
        shutil.copy(house.paths.usage_db("2026-08-01"), home / name)
    await house.sealing.settle()
    await house.sealing.look()
    assert states(house) == {
        "2026-07": "sealed", "2026-08": "sealed", "2026-09": "live", "2026-10": "live",
    }  # fmt: skip
    assert await house.requests() == before
    assert all((home / name).exists() for name in names)
    with pytest.raises(Invalid, match="a month is such as"):
        await house.sealing.seal("0000-01", actor="cli")


@pytest.mark.parametrize("statement", ["delete from log_tiles", "delete from log_frontier"])
async def test_a_month_whose_hashes_are_gone_is_left_and_said(home: Path, statement: str) -> None:
    """It is not sealed, and nothing else stops for it."""
    write_months(home, each=300)
    house = House(home)
    change(house.paths.usage_db("2026-08-01"), statement)
    await house.sealing.settle()
    await house.usage.open()
    await house.sealing.look()
    assert states(house)["2026-08"] == "live"
    with pytest.raises(LogDamaged):
        await house.sealing.seal("2026-08", actor="cli")
    await house.close()


async def test_a_segment_that_could_not_be_removed_is_removed_when_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it was erased is recorded once."""

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    await house.sealing.seal("2026-07", actor="cli")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(PermissionError):
            await house.sealing.prune("2026-08", reason="owner", actor="cli")
    assert states(house)["2026-07"] == "sealed"
    [july] = await house.sealing.prune("2026-08", reason="again", actor="cli")
    assert (july.state, july.pruned_why) == ("pruned", "owner")
    assert [type(fact) for fact in facts(house)].count(AuditSegmentPruned) == 1


async def test_a_file_that_goes_while_it_is_looked_at_spoils_no_list(house: House) -> None:
    """A seal under way makes and removes some beside the month."""
    (house.paths.home / "usage-2026-07.segment.new").symlink_to(house.paths.home / "gone")
    assert states(house)["2026-07"] == "live"
