"""A log that was gone on with once is damaged again; a month's recovery that was cut off."""

import asyncio
import contextlib

import pytest

from core.auditing import moving
from core.auditing.checkpointer import Checkpointer
from core.auditing.moving import finished
from core.auditing.opening import open_log
from events.audit.verify import Wanted, verify
from events.facts import RequestFinished
from events.projections import USAGE
from events.store import EventStore
from tests.core.auditing.conftest import Home
from tests.core.auditing.test_checkpointer import REQUEST
from tests.core.auditing.test_outside import change, grown
from tests.core.auditing.test_recovering import recovered


async def test_a_log_that_was_recovered_twice_follows_both(
    studio_home: Home, checkpointer: Checkpointer
) -> None:
    """Notes of the first are still kept outside, and no reason to call the third replaced."""
    for _ in range(2):
        await grown(studio_home, checkpointer, 5)
        change(studio_home.paths.main_db, "update events set actor = 'x' where position = 4")
        recovered(studio_home)
        checkpointer = await studio_home.begin()
    await checkpointer.close()
    studio_home.close()
    notes = tuple(studio_home.notes.notes())
    report = verify(Wanted(main=str(studio_home.paths.main_db), notes=notes))
    assert [claim.sentence for claim in report.claims if claim.verdict == "disproved"] == []
    assert [claim.name for claim in report.claims].count("follows another log") == 2


@pytest.mark.parametrize("survived", [1, 2])
async def test_a_months_recovery_that_was_cut_off_is_finished_at_the_next_start(
    studio_home: Home,
    checkpointer: Checkpointer,
    survived: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before its book is opened, which would begin an empty one in its place."""
    studio_home.close()
    path = studio_home.paths.usage_db("2027-01-15")
    book = EventStore.open(path, projections=USAGE, now=studio_home.clock.now)
    book.append_now("usage-2027-01-15", [REQUEST] * 9, actor="api")
    book.close()
    change(path, "update events set actor = 'x' where position = 5")
    renames, real = 0, moving.rename

    def rename(old: object, new: object) -> object:
        nonlocal renames
        if renames == survived:
            raise KeyboardInterrupt("power cut")
        renames += 1
        return real(old, new)  # type: ignore[arg-type]  # as it is called

    monkeypatch.setattr(moving, "rename", rename)
    with contextlib.suppress(KeyboardInterrupt):
        await asyncio.to_thread(recovered, studio_home, log="usage-2027-01")
    monkeypatch.undo()
    assert finished(path).exists()
    open_log(studio_home.settings, studio_home.secrets, studio_home.clock).close()
    assert not finished(path).exists()
    book = EventStore.open(path, read_only=True)
    assert sum(isinstance(one.event, RequestFinished) for one in book.read_all()) == 8
    book.close()
