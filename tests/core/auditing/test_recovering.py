"""The way on from a damaged log: nothing good is lost, nothing is deleted, and it is told."""

import asyncio
import base64
import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest

from core.auditing import moving
from core.auditing.checkpointer import Checkpointer
from core.auditing.opening import open_log
from core.auditing.recovering import Looked, Recovered, look, recover
from core.errors import Refused
from core.usage_log import UsageLog
from events.audit.merkle import Frontier, leaf_hash
from events.audit.verify import Wanted, books_in, verify
from events.envelope import Recorded
from events.errors import LogLocked
from events.facts import (
    AuditKeyMade,
    AuditLogContinued,
    AuditSegmentSealed,
    ConversationStarted,
    KeyIssued,
    KeyLimitsSet,
    KeyRevoked,
    RecipeArchived,
    RecipeCreated,
    RecipeImported,
    RecipeRevised,
    RequestFinished,
    SettingChanged,
    VirtualModelRemoved,
)
from events.facts.key import KeyLimits
from events.projections import USAGE
from events.projections.saved_recipes import saved_recipes
from events.projections.settings_in_force import settings_in_force
from events.store import EventStore
from tests.core.auditing.conftest import Home
from tests.core.auditing.test_checkpointer import REQUEST
from tests.core.auditing.test_outside import change, grown


def recovered(home: Home, *, carry: bool = True, log: str = "main") -> Recovered:
    """As the command does it."""
    looked = look(home.settings, home.secrets, log)
    return recover(looked, home.settings, home.clock, carry=carry)


def log_of(home: Home) -> list[Recorded]:
    """The log in place, opened as the studio does."""
    log = open_log(home.settings, home.secrets, home.clock)
    try:
        assert log.trouble is None
        return log.store.read_all(limit=10**6)
    finally:
        log.close()


def tell_of_everything(home: Home) -> None:
    """Recipes, keys and settings, changed and ended."""
    assert home.store is not None
    store = home.store
    limits = KeyLimits(requests_per_minute=5)
    for stream, fact in (
        ("recipe-a", RecipeCreated(recipe_id="a", recipe={"id": "a", "name": "first"})),
        ("recipe-b", RecipeCreated(recipe_id="b", recipe={"id": "b"})),
        ("recipe-a", RecipeRevised(recipe_id="a", recipe={"id": "a", "name": "2"}, revision=2)),
        ("recipe-b", RecipeArchived(recipe_id="b")),
        ("key-1", KeyIssued(key_id="1", name="one", prefix="sk-1", digest="d1")),
        ("key-1", KeyLimitsSet(key_id="1", name="one", limits=limits)),
        ("key-2", KeyIssued(key_id="2", name="two", prefix="sk-2", digest="d2")),
        ("key-2", KeyRevoked(key_id="2", name="two")),
        ("settings", SettingChanged(key="max_resident", value=2)),
        ("settings", SettingChanged(key="max_resident", value=3, previous=2)),
        ("virtual-model-x", VirtualModelRemoved(name="x")),
    ):
        store.append_now(stream, [fact], actor="window")


async def test_the_new_log_goes_on_from_the_good_part(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Its second event names the old one with the root of what was good, and the rest follows."""
    tell_of_everything(studio_home)
    old_id = checkpointer._store.log_id
    await grown(studio_home, checkpointer, 20)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 30")
    done = recovered(studio_home)
    created, continued, *rest = log_of(studio_home)
    assert created.event.log_id == done.new_log_id != old_id  # type: ignore[union-attr]
    assert isinstance(continued.event, AuditLogContinued)
    old = sqlite3.connect(done.aside[-1])
    leaves = [leaf for (leaf,) in old.execute("select leaf from events where position < 30")]
    old.close()
    root = base64.b64encode(Frontier.of(leaves).root()).decode()
    assert continued.event.previous_log_id == old_id
    assert (continued.event.previous_size, continued.event.previous_root) == (29, root)
    assert "position 30 was changed" in continued.event.reason
    facts = [one.event for one in rest]
    source = f"the log {old_id}"
    assert facts == [
        RecipeImported(recipe_id="a", source=source, recipe={"id": "a", "name": "2"}),
        RecipeImported(recipe_id="b", source=source, recipe={"id": "b"}),
        KeyIssued(key_id="1", name="one", prefix="sk-1", digest="d1"),
        KeyLimitsSet(key_id="1", name="one", limits=KeyLimits(requests_per_minute=5)),
        KeyIssued(key_id="2", name="two", prefix="sk-2", digest="d2"),
        SettingChanged(key="max_resident", value=3, previous=2),
        RecipeArchived(recipe_id="b"),
        KeyRevoked(key_id="2", name="two"),
        AuditKeyMade(verifier_key=str(checkpointer.signer(old_id).verifier)),
    ]
    assert {one.correlation_id for one in rest} == {f"continued-{old_id}"}
    assert done.carried == {"recipes": 2, "keys": 2, "settings": 1}


async def test_the_export_holds_every_good_line(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Those behind the damage too; each is what its hash covers."""
    await grown(studio_home, checkpointer, 20)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position in (7, 9)")
    done = recovered(studio_home)
    assert (done.looked.good, done.looked.until, done.looked.bad) == (22, 6, (7, 9))
    lines = Path(done.exported).read_bytes().splitlines()
    positions = [json.loads(line)["position"] for line in lines]
    assert positions == [n for n in range(1, 25) if n not in (7, 9)]
    old = sqlite3.connect(done.aside[-1])
    leaves = dict(old.execute("select position, leaf from events"))
    old.close()
    assert all(leaves[n] == leaf_hash(line) for n, line in zip(positions, lines, strict=True))


async def test_the_damaged_files_are_moved_and_not_touched(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Byte for byte, with a date in their name."""
    await grown(studio_home, checkpointer, 20)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 7")
    main = studio_home.paths.main_db
    main.with_name("main.db-wal").write_bytes(b"what a crash left behind")
    before = main.read_bytes(), main.with_name("main.db-wal").read_bytes()
    done = recovered(studio_home)
    wal, file = map(Path, (p for p in done.aside if "-shm" not in p))
    assert (file.read_bytes(), wal.read_bytes()) == before
    assert file.name == "main.db.damaged-20270115-120000"
    assert not main.with_name("main.db-wal").exists() or log_of(studio_home)


async def test_without_carrying_the_new_log_is_empty_but_for_where_it_comes_from(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """For who wants to begin anew."""
    tell_of_everything(studio_home)
    await grown(studio_home, checkpointer, 2)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 7")
    assert recovered(studio_home, carry=False).carried == {}
    assert [one.type for one in log_of(studio_home)] == [
        "audit-log-created",
        "audit-log-continued",
    ]


async def test_a_rolled_back_log_is_gone_on_from(
    studio_home: Home, checkpointer: Checkpointer, tmp_path: Path
) -> None:
    """All of it is good, it is just not all; and its notes stay as they are."""
    tell_of_everything(studio_home)
    studio_home.close()
    shutil.copy(studio_home.paths.main_db, tmp_path / "old.db")
    checkpointer = await studio_home.begin()
    await grown(studio_home, checkpointer, 20)
    notes = studio_home.notes.notes()
    shutil.copy(tmp_path / "old.db", studio_home.paths.main_db)
    done = recovered(studio_home)
    assert (done.looked.good, done.looked.last, done.looked.bad) == (13, 13, ())
    assert "are gone" in done.looked.reason
    assert len(log_of(studio_home)) == 11
    assert studio_home.notes.notes() == notes


@pytest.mark.parametrize("what", ["rubbish", "gone"])
async def test_where_nothing_is_readable_a_new_log_is_begun(
    studio_home: Home, checkpointer: Checkpointer, what: str
) -> None:
    """And says that nothing could be read."""
    await grown(studio_home, checkpointer, 5)
    studio_home.paths.main_db.unlink()
    if what == "rubbish":
        studio_home.paths.main_db.write_bytes(b"this was a log once" * 500)
    done = recovered(studio_home)
    assert len(done.aside) == (1 if what == "rubbish" else 0)
    _, continued = log_of(studio_home)
    assert isinstance(continued.event, AuditLogContinued)
    assert (continued.event.previous_log_id, continued.event.previous_size) == ("unknown", 0)


async def test_a_torn_page_costs_only_what_stood_on_it(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """SQLite calls the file malformed; the events on other pages are read one by one."""
    await grown(studio_home, checkpointer, 900)
    file = bytearray(studio_home.paths.main_db.read_bytes())
    at = file.index(b"shutdown") // 4096 * 4096 if b"shutdown" in file else 0
    middle = file.index(b'{"reason":"200"') // 4096 * 4096
    assert middle not in (0, at)
    file[middle : middle + 4096] = b"\xa5" * 4096
    studio_home.paths.main_db.write_bytes(file)
    looked = look(studio_home.settings, studio_home.secrets)
    lost = looked.last - looked.good
    assert 0 < lost < 60
    assert looked.until + 1 in looked.bad
    recovered(studio_home)
    assert [one.type for one in log_of(studio_home)][2:] == ["audit-key-made"]


async def test_a_good_log_is_left_alone(studio_home: Home, checkpointer: Checkpointer) -> None:
    """There is nothing to recover, and saying so is the answer."""
    await grown(studio_home, checkpointer, 5)
    with pytest.raises(Refused, match="is what was written"):
        look(studio_home.settings, studio_home.secrets)


async def test_damage_deep_inside_is_found_too(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """The start looks at the newest events only; a recovery looks at all of them."""
    await grown(studio_home, checkpointer, 1100)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 3")
    log = open_log(studio_home.settings, studio_home.secrets, studio_home.clock)
    assert log.trouble is None
    log.close()
    looked = look(studio_home.settings, studio_home.secrets)
    assert (looked.bad, looked.until, looked.reason) == (
        (3,),
        2,
        "1 events are not what was written",
    )


async def test_a_running_studio_is_not_recovered_under(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """It holds the log."""
    looked = Looked(log="main", log_id="x", reason="x", good=0, until=0, root="", last=0, bad=())
    with pytest.raises(LogLocked):
        recover(looked, studio_home.settings, studio_home.clock)


async def test_a_crash_on_the_way_is_gone_on_from(
    studio_home: Home, checkpointer: Checkpointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each rename: the next start has the new log or the damaged one, never none."""
    tell_of_everything(studio_home)
    await grown(studio_home, checkpointer, 5)
    main = studio_home.paths.main_db
    change(main, "update events set actor = 'x' where position = 7")
    main.with_name("main.db-wal").write_bytes(b"left behind")
    damaged = main.read_bytes()
    for survived in range(5):
        renames = 0

        def rename(path: Path, target: Path, survived: int = survived) -> Path:
            nonlocal renames
            if renames == survived:
                raise KeyboardInterrupt("power cut")
            renames += 1
            return Path.replace(path, target)

        monkeypatch.setattr(moving, "rename", rename)
        with contextlib.suppress(KeyboardInterrupt):
            recovered(studio_home)
        monkeypatch.undo()
        log = open_log(studio_home.settings, studio_home.secrets, studio_home.clock)
        done = log.trouble is None
        if done:
            assert log.store.read_all(limit=2)[1].type == "audit-log-continued"
        else:
            assert survived == 0
        log.close()
        aside = sorted(main.parent.glob("main.db.damaged-*"))
        assert damaged in [file.read_bytes() for file in (*aside, main)]
        for file in (*aside, *main.parent.glob("main.db*")):
            file.unlink(missing_ok=True)
        main.write_bytes(damaged)
        main.with_name("main.db-wal").write_bytes(b"left behind")


async def test_what_was_carried_is_in_force_again(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """The read models of the new log say the same as those of the old one did."""
    tell_of_everything(studio_home)
    await grown(studio_home, checkpointer, 5)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 2")
    recovered(studio_home)
    log = open_log(studio_home.settings, studio_home.secrets, studio_home.clock)
    with log.store.reading() as connection:
        assert [saved.recipe["name"] for saved in saved_recipes(connection)] == ["2"]
        assert settings_in_force(connection) == {"max_resident": 3}
    log.close()
    again = await studio_home.begin()
    assert again.notices == ()
    await again.close()


async def test_the_new_log_verifies_with_what_was_signed_before(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """A month that was signed for by an older key, and sealed, is still vouched for."""
    sealed = AuditSegmentSealed(
        month="2026-10", log_id="x", file="usage-2026-10.segment", events=1, size=2, root="r",
        sha256="s", bytes=3, first_at=1, last_at=2, rollup={},
    )  # fmt: skip
    assert studio_home.store is not None
    studio_home.store.append_now("audit", [sealed], actor="system")
    book = EventStore.open(studio_home.paths.usage_db("2027-01-15"), projections=USAGE)
    book.append_now("usage-2027-01-15", [REQUEST], actor="api")
    await grown(studio_home, checkpointer, 5)
    book.close()
    studio_home.secrets.delete("audit-key")
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 4")
    done = recovered(studio_home)
    assert done.carried == {"sealed months": 1}
    checkpointer = await studio_home.begin()
    await checkpointer.close()
    studio_home.close()
    report = verify(
        Wanted(
            main=str(studio_home.paths.main_db),
            books=books_in(studio_home.settings.home),
            notes=tuple(studio_home.notes.notes()),
        )
    )
    bad = [claim.sentence for claim in report.claims if claim.verdict == "disproved"]
    assert all("2026-10" in sentence for sentence in bad), bad  # its file was never made here
    [outside] = [
        claim
        for claim in report.claims
        if (claim.log, claim.name) == ("usage-2027-01", "checkpoints outside")
    ]
    assert outside.verdict == "proved"


async def test_conversations_are_told_again_in_their_order(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Sealed as they are; their keys lie elsewhere."""
    started = ConversationStarted(conversation_id="c")
    assert studio_home.store is not None
    studio_home.store.append_now("conversation-c", [started], actor="window")
    await grown(studio_home, checkpointer, 5)
    change(studio_home.paths.main_db, "update events set actor = 'x' where position = 5")
    done = recovered(studio_home)
    assert done.carried == {"conversation facts": 1}
    assert log_of(studio_home)[-1].event == started


async def test_a_months_requests_are_told_again_with_their_times(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """All that are good; sums by day stay what they were."""
    path = studio_home.paths.usage_db("2027-01-15")
    book = EventStore.open(path, projections=USAGE, now=studio_home.clock.now)
    for _ in range(12):
        studio_home.clock.pass_by(60)
        book.append_now("usage-2027-01-15", [REQUEST], actor="api")
    times = [one.recorded_at for one in book.read_all(1)]
    book.close()
    change(path, "update events set actor = 'x' where position = 5")
    done = await asyncio.to_thread(recovered, studio_home, log="usage-2027-01")
    assert done.carried == {"requests": 11}
    book = EventStore.open(path, projections=USAGE)
    _, continued, *rest = book.read_all()
    book.close()
    assert continued.type == "audit-log-continued"
    assert all(isinstance(one.event, RequestFinished) for one in rest)
    assert [one.recorded_at for one in rest] == times[:3] + times[4:]
    with pytest.raises(Refused, match="is what was written"):
        look(studio_home.settings, studio_home.secrets, "usage-2027-01")
    with pytest.raises(Refused, match="there is no log"):
        look(studio_home.settings, studio_home.secrets, "usage-1999-01")


async def test_a_month_that_was_rolled_back_is_not_written_and_gone_on_from(
    studio_home: Home, checkpointer: Checkpointer, tmp_path: Path
) -> None:
    """Its note outside tells; what was used waits until somebody has seen to it."""
    path, check = studio_home.paths.usage_db("2027-01-15"), studio_home.check_of_books()
    usage = UsageLog(paths=studio_home.paths, clock=studio_home.clock, check=check)
    usage.finished(REQUEST)
    await usage.close()
    shutil.copy(path, tmp_path / "old.db")
    usage = UsageLog(paths=studio_home.paths, clock=studio_home.clock, check=check)
    usage.finished(msgspec.structs.replace(REQUEST, request_id="r1"))
    await usage.close()
    await checkpointer.close()
    shutil.copy(tmp_path / "old.db", path)
    usage = UsageLog(paths=studio_home.paths, clock=studio_home.clock, check=check)
    usage.finished(msgspec.structs.replace(REQUEST, request_id="r2"))
    await usage.close()
    assert usage.problem is not None
    assert "are gone" in usage.problem
    assert "audit recover --log usage-2027-01" in usage.problem
    done = await asyncio.to_thread(recovered, studio_home, log="usage-2027-01")
    assert done.carried == {"requests": 1}
    usage = UsageLog(paths=studio_home.paths, clock=studio_home.clock, check=check)
    assert [one.request_id for one in await usage.open()] == ["r2"]  # it was held
    await usage.close()
