"""When the log is signed for, in which order, and what of it stays if something breaks."""

from pathlib import Path

import pytest

from core.auditing import checkpointer as module
from core.auditing.checkpointer import Checkpointer
from core.auditing.notes import notes_in
from core.errors import Unavailable
from events.audit import checkpoint
from events.audit.merkle import Frontier
from events.errors import LogUnavailable
from events.facts import (
    AuditCheckpointed,
    AuditKeyMade,
    AuditKeyReplaced,
    ClockSteppedBack,
    RequestFinished,
)
from events.projections import USAGE
from events.store import EventStore
from tests.core.auditing.conftest import Home
from tests.core.auditing.test_outside import change

REQUEST = RequestFinished(
    request_id="r0", path="/v1/chat/completions", model="m", recipe_id="m", engine_id="e0",
    actor="api", lane="gateway", outcome="ok", status=200, stream=False,
)  # fmt: skip


def told(home: Home) -> list[AuditCheckpointed]:
    """The facts about checkpoints, oldest first."""
    assert home.store is not None
    facts = home.store.read_all(limit=10**6, types=("audit-checkpointed",))
    return [one.event for one in facts if isinstance(one.event, AuditCheckpointed)]


def outside(home: Home) -> list[int]:
    """What the notes outside tell of the main log, oldest first."""
    assert home.store is not None
    text = home.notes.path_of(home.store.log_id).read_text()
    return [checkpoint.peek(note).size for note in notes_in(text)]


def true(home: Home, checkpointer: Checkpointer, fact: AuditCheckpointed) -> bool:
    """Whether the note in a fact is signed by us and tells the root of these lines."""
    assert home.store is not None
    read = checkpoint.read(fact.note, checkpointer.verifiers(fact.log_id))
    leaves = [recorded.leaf for recorded in home.store.read_all(limit=fact.size)]
    return read.size == fact.size and read.root == Frontier.of(leaves).root()


async def test_after_so_many_events_the_log_is_signed_for(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Ten of them, in this home; its own facts do not count, or it would never rest."""
    studio_home.write(7)
    await checkpointer.look()
    assert told(studio_home) == []
    studio_home.write(3)
    await checkpointer.look()
    await checkpointer.look()
    [fact] = told(studio_home)
    assert (fact.log, fact.size, fact.reason) == ("main", 12, "events")
    assert true(studio_home, checkpointer, fact)
    assert outside(studio_home) == [12]
    studio_home.write(9)
    await checkpointer.look()
    assert len(told(studio_home)) == 1


async def test_after_so_many_minutes_the_log_is_signed_for_if_anything_is_new(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """A log in which nothing happens does not grow by being watched."""
    await checkpointer.checkpoint("asked")
    for _ in range(3):
        studio_home.clock.pass_by(600)
        await checkpointer.look()
    assert [fact.reason for fact in told(studio_home)] == ["asked"]
    studio_home.write(1)
    studio_home.clock.pass_by(299)
    await checkpointer.look()
    assert len(told(studio_home)) == 1
    studio_home.clock.pass_by(2)
    await checkpointer.look()
    assert [fact.reason for fact in told(studio_home)] == ["asked", "time"]


async def test_the_end_is_signed_for(studio_home: Home, checkpointer: Checkpointer) -> None:
    """All that came before is covered; only the fact of it stands behind."""
    studio_home.write(3)
    await checkpointer.close()
    [fact] = told(studio_home)
    assert studio_home.store is not None
    assert (fact.reason, fact.size) == ("shutdown", studio_home.store.head - 1)


async def test_the_next_run_goes_on_where_the_last_one_signed(studio_home: Home) -> None:
    """Its start counts as new, what was signed for does not."""
    first = await studio_home.begin()
    studio_home.write(30)
    await first.checkpoint("asked")
    second = await studio_home.begin()
    studio_home.write(9)
    await second.look()
    assert len(told(studio_home)) == 1
    studio_home.write(1)
    await second.look()
    assert len(told(studio_home)) == 2


async def test_the_months_requests_are_signed_for_in_the_main_log(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Before the main log's own checkpoint, which so covers it; and only when some came."""
    path = studio_home.paths.usage_db("2027-01-15")
    book = EventStore.open(path, projections=USAGE, now=studio_home.clock.now)
    book.append_now("usage-2027-01-15", [REQUEST], actor="api")
    await checkpointer.checkpoint("asked")
    await checkpointer.checkpoint("asked")
    usage, main, again = told(studio_home)
    assert (usage.log, usage.log_id, usage.size) == ("usage-2027-01", book.log_id, 2)
    assert (main.log, again.log) == ("main", "main")
    assert studio_home.store is not None
    anchored = studio_home.store.read_all(main.size - 1, 1)[0].event
    assert anchored == usage
    assert checkpoint.read(usage.note, checkpointer.verifiers(book.log_id)).size == 2
    assert studio_home.notes.newest(book.log_id, checkpointer.verifiers(book.log_id)) is not None
    book.append_now("usage-2027-01-15", [REQUEST], actor="api")
    studio_home.clock.pass_by(301)
    await checkpointer.look()  # nothing new in the main log, but a request came
    assert [fact.log for fact in told(studio_home)[3:]] == ["usage-2027-01", "main"]
    book.close()


async def test_a_folder_that_can_not_be_written_is_said_and_lived_without(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """The fact holds the note, too."""
    studio_home.paths.checkpoints.write_text("a file stands where the folder should be")
    fact = await checkpointer.checkpoint("asked")
    assert true(studio_home, checkpointer, fact)
    [notice] = checkpointer.notices
    assert str(studio_home.paths.checkpoints) in notice
    assert "checkpoints_folder" in notice
    studio_home.paths.checkpoints.unlink()
    await checkpointer.checkpoint("asked")
    assert checkpointer.notices == ()


async def test_the_note_is_outside_before_the_fact_is_inside(
    studio_home: Home, checkpointer: Checkpointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between leaves a note that holds; and a minute passes before the next attempt."""

    async def broken(*_: object, **__: object) -> None:
        raise LogUnavailable("the disk is full")

    assert studio_home.store is not None
    studio_home.write(10)
    monkeypatch.setattr(studio_home.store, "append", broken)
    await checkpointer.look()
    await checkpointer.look()
    assert outside(studio_home) == [12]
    assert told(studio_home) == []
    monkeypatch.undo()
    studio_home.clock.pass_by(module.AFTER_A_FAILURE_S)
    await checkpointer.look()
    assert outside(studio_home) == [12, 12]
    assert len(told(studio_home)) == 1
    studio_home.open()  # and it is what was signed for


def key_facts(home: Home) -> list[AuditKeyMade | AuditKeyReplaced]:
    """What the log tells of keys."""
    assert home.store is not None
    facts = [one.event for one in home.store.read_all(limit=10**6)]
    return [one for one in facts if isinstance(one, AuditKeyMade | AuditKeyReplaced)]


async def test_the_key_is_made_once(studio_home: Home) -> None:
    """And told, so that anybody with the log knows who signs."""
    await studio_home.begin()
    checkpointer = await studio_home.begin()
    [made] = key_facts(studio_home)
    assert studio_home.store is not None
    assert made.verifier_key == str(checkpointer.signer(studio_home.store.log_id).verifier)
    assert checkpointer.notices == ()


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("gone", "its file was gone"),
        ("rubbish", "its file was no key any more"),
        ("other", "the file of the key holds another one"),
    ],
)
async def test_a_key_that_changed_is_never_passed_over(
    studio_home: Home, what: str, reason: str
) -> None:
    """It is in the log and on the status; and what the old key signed still counts."""
    first = await studio_home.begin()
    signed = await first.checkpoint("asked")
    if what == "gone":
        studio_home.secrets.delete("audit-key")
    else:
        studio_home.secrets.put("audit-key", "ab" * 32 if what == "other" else "not a key")
    second = await studio_home.begin()
    made, replaced = key_facts(studio_home)
    assert isinstance(replaced, AuditKeyReplaced)
    assert (replaced.previous, replaced.reason) == (made.verifier_key, reason)
    assert reason in second.notices[0]
    assert true(studio_home, second, signed)
    assert true(studio_home, second, await second.checkpoint("asked"))
    third = await studio_home.begin()
    assert (len(key_facts(studio_home)), third.notices) == (2, ())


async def test_a_clock_that_was_set_back_is_told(studio_home: Home) -> None:
    """Once; positions are the order, and a minute may pass for nothing."""
    await studio_home.begin()
    studio_home.clock.pass_by(-59)
    assert (await studio_home.begin()).notices == ()
    studio_home.write(1)
    studio_home.clock.pass_by(-3600)
    checkpointer = await studio_home.begin()
    assert studio_home.store is not None
    [told] = studio_home.store.read_all(types=("clock-stepped-back",))
    assert isinstance(told.event, ClockSteppedBack)
    assert told.event.seconds == 3600
    assert "3600 s before the newest event" in checkpointer.notices[0]
    assert (await studio_home.begin()).notices == ()


async def test_nothing_is_signed_before_the_beginning(studio_home: Home, home: Path) -> None:
    """Nor by a studio that may not write."""
    checkpointer = Checkpointer(
        store=studio_home.open(),
        secrets=studio_home.secrets,
        settings=lambda: studio_home.settings,
        clock=studio_home.clock,
    )
    with pytest.raises(Unavailable):
        await checkpointer.checkpoint("asked")
    await checkpointer.close()
    await checkpointer.look()
    assert told(studio_home) == []
    assert not (home / "checkpoints").exists()


@pytest.mark.parametrize(
    "statement",
    ["delete from log_tiles", "delete from log_frontier", "drop table log_tiles"],
)
async def test_a_damaged_book_of_requests_keeps_the_main_log_from_nothing(
    studio_home: Home, checkpointer: Checkpointer, statement: str
) -> None:
    """It is not signed for, which is said; the task that signs goes on."""
    path = studio_home.paths.usage_db("2027-01-15")
    book = EventStore.open(path, projections=USAGE, now=studio_home.clock.now)
    book.append_now("usage-2027-01-15", [REQUEST] * 300, actor="api")
    book.close()
    change(path, statement)
    studio_home.write(10)
    await checkpointer.look()
    assert [fact.log for fact in told(studio_home)] == ["main"]
