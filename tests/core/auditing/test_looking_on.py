"""A studio that finds at its very first word that nothing can be written looks on instead."""

import asyncio
import sqlite3
from pathlib import Path

import httpx
import pytest

from core.application import Application
from core.settings import load_settings
from core.studio_process import StudioProcess, build
from events.projections import ALL
from events.store import EventStore
from events.writer import Writer


def full(writer: Writer, *_: object) -> None:
    """As SQLite says it."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    raise error


def studio_in(home: Path) -> StudioProcess:
    """Not started yet, on a free port."""
    environ = {"VLLM_STUDIO_HOME": str(home), "VLLM_STUDIO_PORT": "0"}
    return build(load_settings(environ), headless=True)


@pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")
async def test_a_disk_that_takes_no_first_fact_makes_it_look_on(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log could be opened; what should have been its first fact of this run could not."""
    EventStore.open(home / "main.db", projections=ALL).close()
    before = (home / "main.db").read_bytes()
    monkeypatch.setattr(Writer, "_write_down", full)
    studio, answers = studio_in(home), []

    def started(application: Application) -> None:
        trouble = application.opened_log.trouble
        assert trouble is not None
        assert (trouble.code, application.store.head) == ("log-unavailable", 1)
        assert "database or disk is full" in trouble.reason

        async def ask() -> None:
            async with httpx.AsyncClient(base_url=application.url) as client:
                answers.append((await client.get("/health")).json()["status"])
                answers.append((await client.post("/api/recipes", json={})).status_code)
            studio.request_stop()

        asking.append(asyncio.ensure_future(ask()))

    asking: list[asyncio.Task[None]] = []
    assert await studio.serve(started=started) == 0
    await asking[0]
    assert answers == ["degraded", 503]
    assert (home / "main.db").read_bytes() == before
    assert not (home / "checkpoints").exists()
