"""What is exported of a home, and what proves it."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.auditing.checkpointer import Checkpointer
from core.conversations import Conversations, NewMessage
from core.erasure import SubjectKeys
from core.errors import Invalid, NotFound
from core.exports.taking import Taken
from core.exports.wish import Bound, Wish, wish_of
from core.secrets import Secrets
from core.settings import Settings
from events.facts import AppStopped
from events.projections import ALL
from events.store import EventStore
from tests.core.exports.homes import (
    Moment,
    checkpointer_of,
    claims_of,
    moment,
    settings_of,
    taken_to,
    write_main,
    write_month,
)


@pytest.fixture
def clock() -> Moment:
    """Noon of a day in November."""
    return Moment(2026, 11, 29, 12)


@pytest.fixture
async def log(home: Path, clock: Moment) -> AsyncIterator[EventStore]:
    """The main log of a home with two books of requests."""
    settings_of(home)
    write_month(home, "2026-10", 5, Moment(2026, 10, 7))
    write_month(home, "2026-11", 7, Moment(2026, 11, 7))
    store = write_main(home, clock)
    yield store
    store.close()


@pytest.fixture
async def signs(log: EventStore, home: Path, clock: Moment) -> Checkpointer:
    """Who signs for it."""
    checkpointer = checkpointer_of(log, home, clock)
    await checkpointer.begin()
    return checkpointer


async def test_all_logs_are_exported_to_the_last_line_and_signed_for(
    log: EventStore, signs: Checkpointer, home: Path, tmp_path: Path
) -> None:
    """The checkpoint comes first, so nothing that is exported is unsigned."""
    fresh = await signs.checkpoint("export")
    manifest = taken_to(home, tmp_path / "export", fresh=fresh, signs=signs)
    told = {one.log: (one.first, one.last, one.signed) for one in manifest.logs}
    assert told == {
        "main": (1, fresh.size, fresh.size),
        "usage-2026-10": (1, 6, 6),
        "usage-2026-11": (1, 8, 8),
    }
    assert log.head > fresh.size  # the facts of the signatures come after
    claims = claims_of(tmp_path / "export")
    assert {claim.verdict for claim in claims} == {"proved"}
    assert len(claims) == 7


async def test_the_checker_that_goes_with_it_agrees(
    signs: Checkpointer, home: Path, tmp_path: Path
) -> None:
    """As a stranger runs it: a script, a folder, and nothing of ours."""
    fresh = await signs.checkpoint("export")
    taken_to(home, tmp_path / "export", fresh=fresh, signs=signs)
    taken_to(home, tmp_path / "part.zip", Wish(since=Bound("position", 7)), fresh=fresh)
    for path in (tmp_path / "export", tmp_path / "part.zip"):
        done = _run_checker(tmp_path / "export" / "check_proof.py", path)
        assert done.returncode == 0, done.stdout + done.stderr
    lines = tmp_path / "export" / "log.jsonl"
    lines.write_text(lines.read_text().replace('"actor":"cli"', '"actor":"api"', 1))
    assert _run_checker(tmp_path / "export" / "check_proof.py", tmp_path / "export").returncode


def _run_checker(script: Path, export: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-I", script, export], capture_output=True, text=True, check=False
    )


async def test_without_the_app_the_newest_notes_are_taken(
    log: EventStore, signs: Checkpointer, home: Path, tmp_path: Path
) -> None:
    """And what came after them is exported unsigned, which is said."""
    fresh = await signs.checkpoint("shutdown")
    log.append_now("app", [AppStopped(reason="asked to")], actor="system")
    manifest = taken_to(home, tmp_path / "export")
    main = manifest.logs[0]
    assert (main.last, main.signed) == (log.head, fresh.size)
    rests = [claim for claim in claims_of(tmp_path / "export") if claim.verdict != "proved"]
    assert [(rest.log, rest.name) for rest in rests] == [("main", "rest")]


async def test_the_facts_hold_the_notes_when_the_folder_outside_is_gone(
    signs: Checkpointer, home: Path, tmp_path: Path
) -> None:
    """The log tells of its own checkpoints."""
    fresh = await signs.checkpoint("shutdown")
    for path in (home / "checkpoints").iterdir():
        path.unlink()
    manifest = taken_to(home, tmp_path / "export")
    assert [one.signed for one in manifest.logs] == [fresh.size, 6, 8]


async def test_a_log_that_was_never_signed_for_is_exported_all_the_same(
    log: EventStore, home: Path, tmp_path: Path
) -> None:
    """With its root, and nobody's word for it."""
    manifest = taken_to(home, tmp_path / "export")
    assert [one.checkpoint for one in manifest.logs] == [None, None, None]
    assert {claim.name for claim in claims_of(tmp_path / "export")} == {
        "files",
        "lines",
        "signature",
    }


async def test_a_time_cuts_every_log(log: EventStore, home: Path, tmp_path: Path) -> None:
    """Each by its own clock; a book in which nothing was recorded then is left out."""
    wish = wish_of(since="2026-11-01", until="2026-11-29T13:00:00Z")
    manifest = taken_to(home, tmp_path / "export", wish)
    assert [one.log for one in manifest.logs] == ["main", "usage-2026-11"]
    wish = wish_of(since="2026-10-01", until=str(moment(2026, 11, 8)))
    manifest = taken_to(home, tmp_path / "requests", wish)
    assert [one.log for one in manifest.logs] == ["usage-2026-10", "usage-2026-11"]
    assert [one for one in claims_of(tmp_path / "requests") if one.verdict == "disproved"] == []
    with pytest.raises(NotFound, match="nothing was recorded then"):
        taken_to(home, tmp_path / "none", wish_of(until="2026-09-01"))
    assert not (tmp_path / "none").exists()


async def test_positions_are_those_of_the_main_log(
    log: EventStore, home: Path, tmp_path: Path
) -> None:
    """Both ends are included; the books of requests are left out, and that is said."""
    manifest = taken_to(home, tmp_path / "export", wish_of(since="3", until="9"))
    [main] = manifest.logs
    lines = (tmp_path / "export" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["position"] for line in lines] == [*range(3, 10)]
    assert (main.first, main.last) == (3, 9)
    assert "left out" in manifest.warnings[0]
    assert len(taken_to(home, tmp_path / "all", Wish(usage=False)).logs) == 1


async def test_a_book_that_can_not_be_read_is_left_out_and_named(
    log: EventStore, home: Path, tmp_path: Path
) -> None:
    """One damaged month does not keep the others from being saved."""
    (home / "usage-2026-10.db").write_bytes(b"not a database" * 100)
    manifest = taken_to(home, tmp_path / "export")
    assert [one.log for one in manifest.logs] == ["main", "usage-2026-11"]
    assert "usage-2026-10.db is left out" in manifest.warnings[0]


async def test_what_was_taken_can_be_told(signs: Checkpointer, home: Path, tmp_path: Path) -> None:
    """For the fact: what, how much, and of the whole the root."""
    fresh = await signs.checkpoint("export")
    taken = Taken(Settings(home=home), Wish(lines="cloudevents"), now=0, fresh=fresh)
    fact = taken.fact
    taken.close()
    assert (fact.format, fact.first, fact.last) == ("cloudevents", 1, fresh.size)
    assert (fact.events, fact.root) == (fresh.size + 14, fresh.root)
    part = Taken(Settings(home=home), wish_of(since="2"), now=0, fresh=fresh)
    assert part.fact.root is None
    part.close()


def test_what_was_typed_is_read() -> None:
    """Positions, µs, and times with or without a zone."""
    assert wish_of(since="812").since == Bound("position", 812)
    assert wish_of(since="1795000000000000").since == Bound("moment", 1_795_000_000_000_000)
    noon = Bound("moment", moment(2026, 11, 30, 12))
    for text in ("2026-11-30T12:00:00Z", "2026-11-30T12:00", "2026-11-30T14:00:00+02:00"):
        assert wish_of(until=text).until == noon
    assert wish_of(until="2026-11-30T14:00:00 02:00").until == noon  # a plus in a query
    assert wish_of(since="", until=" ") == Wish()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"lines": "xml"}, "format"),
        ({"since": "yesterday"}, "from"),
        ({"until": "-3"}, "until"),
        ({"since": "3", "until": "2026-11-30"}, "from"),
    ],
)
def test_what_can_not_be_read_is_refused(asked: dict[str, str], field: str) -> None:
    """In a sentence that names the field."""
    with pytest.raises(Invalid) as refused:
        wish_of(**asked)  # type: ignore[arg-type]  # all are text
    assert refused.value.field == field


async def test_what_was_said_is_in_no_export(home: Path, tmp_path: Path) -> None:
    """Conversations go out as ciphertext, erased or not; their keys and other secrets stay."""
    settings_of(home)
    secrets = Secrets(home / "secrets")
    secrets.put("recipe.one.HF_TOKEN.1", "hf_the_canary_of_secrets")
    store = EventStore.open(home / "main.db", projections=ALL)
    keys = SubjectKeys(home / "keys.db", secrets)
    said = Conversations(store=store, keys=keys)
    erased = await said.start(actor="window")
    kept = await said.start(actor="window")
    for which in (erased, kept):
        await said.add(which, NewMessage(role="user", text="the canary sang"), actor="window")
    await said.erase(erased, actor="window")
    keys.close()
    store.close()
    for name, wish in (("a", Wish()), ("b", Wish(lines="cloudevents"))):
        taken_to(home, tmp_path / name, wish)
        disk = b"".join(path.read_bytes() for path in (tmp_path / name).iterdir())
        assert b"message-added" in disk, "the conversations are among what is searched"
        assert b"canary" not in disk
        for file in (home / "secrets").iterdir():
            assert file.read_bytes() not in disk
