"""Writers that come together share a commit: the disk is asked once for all of them."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from events import connections, schema
from events.codec import CODEC
from events.errors import LogDamaged, LogUnavailable, VersionConflict
from events.facts import AppStarted, AppStopped
from events.head import Submission
from events.projections.projector import Projector
from events.store import EventStore
from events.subscription import Hub
from events.writer import MAX_BATCH, Writer

FACT = CODEC.seal(AppStarted(version="1", pid=1))


class Disk(sqlite3.Connection):
    """A real connection whose commits are counted, and can be made to fail as a disk does."""

    commits = 0
    fail_with: int | None = None
    also_on_rollback = False

    def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:
        """Run a statement; a commit that fails is rolled back, as SQLite does."""
        if sql == "commit":
            self.commits += 1
        if self.fail_with is not None and (
            sql == "commit" or (sql == "rollback" and self.also_on_rollback)
        ):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self.fail_with
            raise error
        return super().execute(sql, *rest)  # type: ignore[arg-type]  # passed on as they came


@pytest.fixture
def disk(path: Path) -> Iterator[Disk]:
    """A migrated log on a disk that counts."""
    connections.open_writer(path).close()
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Disk)
    schema.migrate(Database(connection, execute_plugins=False))
    connection.commits = 0
    yield connection
    connection.close()


@pytest.fixture
def writer(disk: Disk) -> Writer:
    """A writer that is not started: the test hands it its batches."""
    return Writer(disk, Projector(()), Hub(), lambda: 1)


async def wish(writer: Writer, *streams: str, expected: int | None = None) -> list[object]:
    """Commit one batch with one append for each stream; give what each was answered."""
    loop = asyncio.get_running_loop()
    batch = [
        Submission(stream, [FACT], "cli", expected, None, None, loop.create_future(), loop)
        for stream in streams
    ]
    writer.write(batch)
    waiting = [submission.future for submission in batch]
    return list(await asyncio.gather(*waiting, return_exceptions=True))  # type: ignore[arg-type]  # all of them are asyncio's


async def test_one_commit_serves_everyone_who_waits(writer: Writer, disk: Disk) -> None:
    """Sixteen appends, one commit."""
    answers = await wish(writer, *(f"stream-{number}" for number in range(16)))
    assert disk.commits == 1
    assert [answer[0].position for answer in answers if isinstance(answer, list)] == [*range(1, 17)]


async def test_a_refused_append_does_not_spoil_the_commit_of_the_others(
    writer: Writer, disk: Disk
) -> None:
    """Only the one who decided on an old version hears of it."""
    answers = await wish(writer, "a", "a", "b", expected=0)
    assert disk.commits == 1
    assert [type(answer) for answer in answers] == [list, VersionConflict, list]


async def test_after_a_failed_commit_nothing_is_kept_and_the_next_one_works(
    writer: Writer, disk: Disk
) -> None:
    """Everyone in the commit hears of it; positions, versions and the tree go on unbroken."""
    await wish(writer, "a", "b")
    disk.fail_with = sqlite3.SQLITE_FULL
    assert [type(answer) for answer in await wish(writer, "a", "c")] == [LogUnavailable] * 2
    disk.fail_with = None
    answers = await wish(writer, "a", "c")
    placed = [
        (answer[0].position, answer[0].version) for answer in answers if isinstance(answer, list)
    ]
    assert placed == [(3, 2), (4, 1)]


async def test_when_the_disk_does_not_confirm_a_write_nothing_more_is_accepted(
    writer: Writer, disk: Disk, path: Path
) -> None:
    """After a failed fsync the kernel may have dropped pages: only opening again is safe."""
    await wish(writer, "a")
    disk.fail_with = sqlite3.SQLITE_IOERR_FSYNC
    await wish(writer, "a")
    disk.fail_with = None
    [answer] = await wish(writer, "a")
    assert isinstance(answer, LogUnavailable)
    assert "did not confirm" in str(answer)
    disk.close()
    connection = connections.open_writer(path)
    again = Writer(connection, Projector(()), Hub(), lambda: 1)
    assert isinstance((await wish(again, "a"))[0], list)
    connection.close()


async def test_a_failure_that_cannot_be_undone_stops_writing_but_answers(
    writer: Writer, disk: Disk
) -> None:
    """Nobody is left waiting, whatever the disk does."""
    disk.also_on_rollback, disk.fail_with = True, sqlite3.SQLITE_IOERR
    assert [type(answer) for answer in await wish(writer, "a")] == [LogUnavailable]
    disk.also_on_rollback, disk.fail_with = False, None
    [answer] = await wish(writer, "a")
    assert "could not be undone" in str(answer)


async def test_damage_is_told_apart_from_a_full_disk(writer: Writer, disk: Disk) -> None:
    """The person who asked gets the right advice."""
    disk.fail_with = sqlite3.SQLITE_CORRUPT
    assert [type(answer) for answer in await wish(writer, "a")] == [LogDamaged]


async def test_sixteen_writers_at_once_are_all_recorded_in_few_commits(log: EventStore) -> None:
    """Each writer's events keep their order, and commits are shared."""
    each, writers = 25, 16
    commits = 0
    async with log.subscribe(maxsize=10_000) as following:
        deliver = following.deliver

        def counted(recorded: object) -> None:
            nonlocal commits
            commits += 1
            deliver(recorded)  # type: ignore[arg-type]  # passed on as it came

        following.deliver = counted  # type: ignore[method-assign]  # to count

        async def write(name: str) -> None:
            for number in range(each):
                await log.append(name, [AppStopped(reason=str(number))], actor="cli")

        await asyncio.gather(*(write(f"writer-{number}") for number in range(writers)))
    assert log.head == 1 + writers * each
    for number in range(writers):
        told = [recorded.event for recorded in log.read_stream(f"writer-{number}")]
        assert told == [AppStopped(reason=str(n)) for n in range(each)]
    assert commits < writers * each / 4


async def test_more_appends_than_one_commit_takes_are_written_in_several(
    log: EventStore,
) -> None:
    """The bound on a commit is not a bound on who may wait."""
    count = 2 * MAX_BATCH + 3
    appends = [log.append("app", [AppStopped(reason="")], actor="cli") for _ in range(count)]
    answers = await asyncio.gather(*appends)
    assert [recorded.version for [recorded] in answers] == list(range(1, count + 1))
