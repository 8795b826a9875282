"""The log verified and proved over HTTP: by a child process, recorded, and checkable elsewhere."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from core.api import audit, problems
from core.api.asking import Asking
from core.application import Application
from core.auditing.verification import Verification
from core.keys.scopes import refused
from core.live_settings import LiveSettings
from core.secrets import Secrets
from events.audit.claims import first_bad
from events.audit.note import Verifier
from events.audit.proof_file import check, decode
from events.facts import AppStopped, AuditVerificationFailed, AuditVerified
from tests.core.exports.homes import (
    Moment,
    checkpointer_of,
    settings_of,
    write_main,
    write_month,
)

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

Http = AsyncTestClient[Litestar]


@pytest.fixture
async def application(home: Path) -> AsyncIterator[Application]:
    """What of the app an audit needs, over a home with a day and a month in it."""
    clock = Moment(2026, 11, 29, 12)
    settings = settings_of(home)
    write_month(home, "2026-11", 7, clock)
    made = Application.__new__(Application)
    made.boot_settings = settings
    made.settings = LiveSettings(settings, {})
    made.secrets = Secrets(settings.paths.secrets)
    made.clock = clock
    made.store = write_main(home, clock)
    made.checkpointer = checkpointer_of(made.store, home, clock)
    made.verification = Verification(
        store=made.store, secrets=made.secrets, settings=lambda: settings, clock=clock
    )
    await made.checkpointer.begin()
    yield made
    made.store.close()


OWNER = Asking(actor="cli", owner=True)


@contextlib.asynccontextmanager
async def asked_by(asking: Asking, application: Application) -> AsyncIterator[Http]:
    """The resource, and who asks it."""
    app = Litestar(
        [*audit.HANDLERS],
        logging_config=None,
        dependencies={
            "application": Provide(lambda: application, sync_to_thread=False),
            "asking": Provide(lambda: asking, sync_to_thread=False),
        },
        exception_handlers=problems.HANDLERS,
        signature_types=[Application, Asking],
        openapi_config=None,
        on_shutdown=[application.verification.close],
    )
    async with AsyncTestClient(app) as client:
        yield client


@pytest.fixture
async def http(application: Application) -> AsyncIterator[Http]:
    """The resource, asked by the owner."""
    async with asked_by(OWNER, application) as client:
        yield client


async def verified(http: Http, **wish: Any) -> dict[str, Any]:
    """Start a verification and wait for what it finds."""
    begun = await http.post("/audit/verify", json=wish)
    assert begun.status_code == 202, begun.text
    assert begun.json()["state"] == "running"
    return await ended(http)


async def ended(http: Http) -> dict[str, Any]:
    """Wait for the verification that runs, in the loop of the app, to come to an end."""
    async with asyncio.timeout(60):
        while True:
            found: dict[str, Any] = (await http.get("/audit/verify")).json()
            if found["state"] != "running":
                return found
            await asyncio.sleep(0.02)


def damage(path: Path, *statements: str) -> None:
    """Change a log as a stranger would."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


async def test_what_holds_is_found_and_recorded(http: Http, application: Application) -> None:
    """Log by log, by who asked."""
    await application.checkpointer.checkpoint("time")
    found = await verified(http, deep=True)
    assert (found["state"], found["holds"]) == ("done", True)
    assert [log["log"] for log in found["report"]["logs"]] == ["main", "usage-2026-11"]
    told = application.store.read_all(types=("audit-verified",))
    assert [one.actor for one in told] == ["cli", "cli"]
    assert [one.event.log for one in told if isinstance(one.event, AuditVerified)] == [
        "main",
        "usage-2026-11",
    ]
    view = (await http.get("/audit")).json()
    assert {one["log"]: one["holds"] for one in view["verified"]} == {
        "main": True,
        "usage-2026-11": True,
    }
    assert view["checkpoint"]["size"] == found["report"]["logs"][0]["size"] - 1
    assert view["verifier_key"].startswith(f"vllm-studio.local/log/{view['log_id']}+")


async def test_what_does_not_hold_is_recorded_with_its_place(
    http: Http, application: Application, home: Path
) -> None:
    """In the log itself, as long as it can be written."""
    damage(
        home / "main.db",
        "drop trigger events_no_update",
        "update events set actor = 'nobody' where position = 9",
    )
    found = await verified(http)
    assert (found["state"], found["holds"]) == ("done", False)
    [told] = application.store.read_all(types=("audit-verification-failed",))
    assert isinstance(told.event, AuditVerificationFailed)
    assert (told.event.log, told.event.position) == ("main", 9)
    shown = (await http.get("/audit")).json()["verified"]
    assert {one["log"]: one["first_bad"] for one in shown} == {"main": 9, "usage-2026-11": None}


async def test_a_note_that_somebody_kept_is_held_against_the_log(
    http: Http, application: Application
) -> None:
    """One of another log is no proof of this one; what is no note is refused."""
    note = (await application.checkpointer.checkpoint("asked")).note
    assert (await verified(http, notes=[note]))["holds"]
    strange = note.replace("/log/", "/log/0")
    assert not (await verified(http, notes=[strange]))["holds"]
    refusal = await http.post("/audit/verify", json={"notes": ["hello"]})
    assert (refusal.status_code, refusal.json()["field"]) == (400, "notes")


async def test_two_at_once_are_refused(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one machine; the app's stop ends the one that runs."""
    monkeypatch.setattr("core.auditing.verification.COMMAND", ("sleep", "600"))
    assert (await http.get("/audit/verify")).json()["state"] == "never"
    assert (await http.post("/audit/verify")).status_code == 202
    assert (await http.post("/audit/verify")).status_code == 409


async def test_a_line_is_proved_under_a_checkpoint_made_for_it(
    http: Http, application: Application
) -> None:
    """And an older checkpoint's size is proved to begin it."""
    await application.store.append("app", [AppStopped(reason="test")], actor="cli")
    head = application.store.head
    answer = await http.get("/audit/prove", params={"position": head})
    proof = decode(answer.content)
    key = Verifier.parse((await http.get("/audit")).json()["verifier_key"])
    claims = check(proof, [key])
    assert first_bad(claims) is None
    assert {claim.name for claim in claims if claim.verdict == "proved"} == {
        "line",
        "inclusion",
        "signature",
        "signer",
    }
    growth = decode((await http.get("/audit/prove", params={"from": 5})).content)
    assert first_bad(check(growth, [key])) is None
    month = await http.get("/audit/prove", params={"position": 3, "log": "usage-2026-11"})
    assert msgspec.json.decode(month.content)["log"] == "usage-2026-11"
    assert first_bad(check(decode(month.content), [key])) is None


async def test_nothing_is_signed_where_nobody_wants_it(
    http: Http, application: Application
) -> None:
    """The proof says that nobody stands for it."""
    before = application.store.head
    answer = await http.get("/audit/prove", params={"position": before, "fresh": False})
    assert answer.json()["tree"]["checkpoint"] is None
    assert (await http.get("/audit/prove", params={"position": before + 9})).status_code == 404
    assert application.store.head == before


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"position": 1, "from": 2}, 400),
        ({"position": 0}, 404),
        ({"position": 10**6}, 404),
        ({"from": 5, "to": 10**6}, 404),
        ({"position": 1, "log": "usage-2020-01"}, 404),
        ({"position": 1, "log": "../main"}, 404),
    ],
)
async def test_what_is_not_there_is_refused_in_words(
    http: Http, query: dict[str, Any], status: int
) -> None:
    """With a sentence that says what there is."""
    answer = await http.get("/audit/prove", params=query)
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)


async def test_nothing_is_proved_of_what_was_changed(
    http: Http, application: Application, home: Path
) -> None:
    """A proof that does not hold is not given away."""
    await application.checkpointer.checkpoint("time")
    damage(
        home / "main.db",
        "drop trigger events_no_update",
        "update events set actor = 'nobody' where position = 9",
    )
    answer = await http.get("/audit/prove", params={"position": 9})
    assert (answer.status_code, answer.json()["code"]) == (503, "log-does-not-hold")


async def test_a_verifier_that_dies_is_said_to_have_died(
    http: Http, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is recorded of the log."""
    monkeypatch.setattr("core.auditing.verification.COMMAND", ("false",))
    found = await verified(http)
    assert found["state"] == "failed"
    assert "came to no end" in found["problem"]
    assert application.store.read_all(types=("audit-verified", "audit-verification-failed")) == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/audit", True),
        ("GET", "/api/audit/prove", True),
        ("POST", "/api/audit/verify", True),
        ("POST", "/api/audit/checkpoint", False),
    ],
)
def test_an_auditor_may_look_and_have_it_verified(method: str, path: str, allowed: bool) -> None:
    """With a key of the scope `audit`."""
    assert (refused(["audit"], method, path) is None) is allowed


async def test_notes_are_taken_from_who_is_trusted(application: Application) -> None:
    """One of another log would have a good log told as broken, for ever."""
    anybody = Asking(actor="api", owner=False)
    async with asked_by(anybody, application) as http:
        refused = await http.post("/audit/verify", json={"notes": ["hello"]})
        assert (refused.status_code, refused.json()["code"]) == (403, "owner-only")
        assert (await verified(http))["holds"]
