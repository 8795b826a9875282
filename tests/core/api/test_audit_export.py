"""The log exported over HTTP: signed, recorded, made while it is sent, and for whom it is."""

import asyncio
import io
import random
import sqlite3
import threading
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from core.api import audit_export, problems
from core.api.asking import Asking
from core.api.audit_export import Zipped, sent
from core.application import Application
from core.exports.taking import Taken
from core.exports.wish import Wish
from core.keys.scopes import refused
from core.live_settings import LiveSettings
from events.audit import exported
from events.facts import AppStopped, AuditCheckpointed, AuditExported
from events.store import EventStore
from tests.core.exports.homes import (
    Moment,
    checkpointer_of,
    claims_of,
    settings_of,
    write_main,
    write_month,
)

# The whole API is given its parts this way.
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

Http = AsyncTestClient[Litestar]


@pytest.fixture
async def application(home: Path) -> AsyncIterator[Application]:
    """What of the app an export needs, over a home with a day and a month in it."""
    clock = Moment(2026, 11, 29, 12)
    settings = settings_of(home)
    write_month(home, "2026-11", 7, clock)
    made = Application.__new__(Application)
    made.boot_settings = settings
    made.settings = LiveSettings(settings, {})
    made.clock = clock
    made.store = write_main(home, clock)
    made.checkpointer = checkpointer_of(made.store, home, clock)
    made.stopping = asyncio.Event()
    await made.checkpointer.begin()
    yield made
    made.store.close()


@pytest.fixture
async def http(application: Application) -> AsyncIterator[Http]:
    """The resource; the header x-who says who asks."""

    def asking(request: Request[Any, Any, Any]) -> Asking:
        who = request.headers.get("x-who", "owner")
        if who == "owner":
            return Asking(actor="cli", owner=True)
        return Asking(actor=who, owner=False, key_id=who.partition(":")[2] or None)

    app = Litestar(
        [*audit_export.HANDLERS],
        logging_config=None,
        dependencies={
            "application": Provide(lambda: application, sync_to_thread=False),
            "asking": Provide(asking, sync_to_thread=False),
        },
        exception_handlers=problems.HANDLERS,
        signature_types=[Application, Asking],
        openapi_config=None,
    )
    async with AsyncTestClient(app) as client:
        yield client


def recorded(store: EventStore) -> list[tuple[str, Any]]:
    """The facts about exports and checkpoints, oldest first."""
    found = store.read_all(types=("audit-exported", "audit-checkpointed"))
    return [(one.actor, one.event) for one in found]


async def test_the_owner_gets_a_zip_that_proves_itself(
    http: Http, application: Application, tmp_path: Path
) -> None:
    """Every line is signed for, and that it was taken is the newest fact, not among the lines."""
    answer = await http.get("/audit/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    (tmp_path / "export.zip").write_bytes(answer.content)
    assert {claim.verdict for claim in claims_of(tmp_path / "export.zip")} == {"proved"}
    (_, checkpoint), (actor, fact) = recorded(application.store)[-2:]
    assert isinstance(checkpoint, AuditCheckpointed)
    assert isinstance(fact, AuditExported)
    assert (checkpoint.reason, actor, fact.format) == ("export", "cli", "jsonl")
    assert (fact.first, fact.last, fact.root) == (1, checkpoint.size, checkpoint.root)
    with exported.opened(tmp_path / "export.zip") as export:
        assert export.manifest.logs[0].last == checkpoint.size < application.store.head
    assert answer.headers["x-studio-events"] == str(fact.events)


async def test_a_part_as_cloudevents(http: Http, application: Application, tmp_path: Path) -> None:
    """By position, without the books of requests."""
    answer = await http.get(
        "/audit/export", params={"format": "cloudevents", "from": 3, "until": 9}
    )
    (tmp_path / "part.zip").write_bytes(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert len(opened.read("log.cloudevents.jsonl").splitlines()) == 7
    assert [one for one in claims_of(tmp_path / "part.zip") if one.verdict == "disproved"] == []
    assert recorded(application.store)[-1][1] == AuditExported(
        format="cloudevents", first=3, last=9, events=7
    )


async def test_a_key_with_the_scope_audit_gets_it_and_stands_in_the_log(
    http: Http, application: Application
) -> None:
    """Who took it is who is recorded; programs without a key are turned away."""
    assert refused(["audit"], "GET", "/api/audit/export") is None
    assert refused(["inference"], "GET", "/api/audit/export")
    assert (await http.get("/audit/export", headers={"x-who": "key:k1"})).status_code == 200
    assert recorded(application.store)[-1][0] == "key:k1"
    head = application.store.head
    answer = await http.get("/audit/export", headers={"x-who": "api"})
    assert (answer.status_code, answer.json()["code"]) == (403, "owner-only")
    assert application.store.head == head


@pytest.mark.parametrize(
    ("query", "field"),
    [({"format": "xml"}, "format"), ({"from": "soon"}, "from"), ({"until": "x"}, "until")],
)
async def test_what_can_not_be_exported_is_refused_before_anything_is_done(
    http: Http, application: Application, query: dict[str, str], field: str
) -> None:
    """No checkpoint, no fact."""
    head = application.store.head
    answer = await http.get("/audit/export", params=query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert application.store.head == head


async def test_nothing_in_a_range_is_not_found(http: Http) -> None:
    """Rather than an export of nothing."""
    answer = await http.get("/audit/export", params={"from": 5000})
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing-to-export")


async def test_while_nothing_can_be_recorded_only_the_owner_gets_the_log(
    http: Http, application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They could copy its file; of anybody else the record is the condition. The fact follows."""
    writer = application.store._open_for_writing()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(writer, "_write_down", full)
        answer = await http.get("/audit/export", headers={"x-who": "key:k1"})
        assert answer.status_code == 503
        answer = await http.get("/audit/export")
        assert answer.status_code == 200
    (tmp_path / "export.zip").write_bytes(answer.content)
    claims = {(one.log, one.name): one for one in claims_of(tmp_path / "export.zip")}
    assert "could not be signed for now" in claims["main", "warning"].sentence
    assert claims["main", "lines"].verdict == "proved"
    await application.store.append("audit", [recorded_fact()], actor="system")
    assert [actor for actor, fact in recorded(application.store) if _is_export(fact)] == [
        "system",
        "cli",
    ]


def recorded_fact() -> AuditExported:
    """Any fact, so that what waits is written after it."""
    return AuditExported(format="jsonl", first=1, last=1, events=1)


def _is_export(fact: object) -> bool:
    return isinstance(fact, AuditExported)


def append_many(store: EventStore) -> None:
    """More than one page, of what does not pack well."""
    facts = [AppStopped(reason=random.Random(n).randbytes(40).hex()) for n in range(3000)]
    store.append_now("app", facts, actor="cli")


def a_picture(application: Application) -> Taken:
    """An export that is to be sent."""
    return Taken(application.settings.current, Wish(), now=0)


async def test_a_client_that_leaves_ends_it(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are let go of, also while a page is just being made."""
    append_many(application.store)
    taken, closed = a_picture(application), threading.Event()
    monkeypatch.setattr(taken, "close", closed.set)
    pieces = sent(taken, application.stopping)
    await anext(pieces)
    await pieces.aclose()
    assert await asyncio.to_thread(closed.wait, 30)


async def test_an_app_that_stops_sends_no_whole_zip(application: Application) -> None:
    """So nobody takes what they got for an export."""
    append_many(application.store)
    pieces = sent(a_picture(application), application.stopping)
    got = await anext(pieces)
    application.stopping.set()
    got += b"".join([piece async for piece in pieces])
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(got))


async def test_it_is_sent_in_small_pieces(application: Application) -> None:
    """However long the log is, a page is all that is held."""
    append_many(application.store)
    zipped = Zipped(a_picture(application))
    sizes = []
    while (piece := zipped.piece()) is not None:
        sizes.append(len(piece))
    zipped.close()
    assert len(sizes) > 5
    assert max(sizes) < 100_000


async def test_a_log_that_can_not_be_read_is_told_as_such(
    http: Http, application: Application, home: Path
) -> None:
    """With what to do, and not as a mistake of ours."""
    application.store.close()
    (home / "main.db").write_bytes(b"not a database at all" * 500)
    for left in home.glob("main.db-*"):
        left.unlink()
    answer = await http.get("/audit/export")
    assert (answer.status_code, answer.json()["code"]) == (503, "log-unavailable")
    assert "audit verify" in answer.json()["next_action"]
