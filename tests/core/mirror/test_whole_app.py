"""The app with DATABASE_URL set: what it serves is in the database, and it says how that goes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from desktop.doctor_database import database
from tests.harness import no_gateway, processes
from tests.harness.postgres import Postgres
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

pytestmark = pytest.mark.real

ASKED = {"model": "nobody", "messages": [{"role": "user", "content": "what nobody may read"}]}
REQUESTS = "select r::text from vllm_studio.requests r where outcome = 'rejected'"


@pytest.fixture
def app(home: Path, cluster: Postgres) -> Iterator[StudioServer]:
    """A studio with a database."""
    asyncio.run(cluster.clear())
    no_gateway.install(home)
    server = StudioServer(home, {"DATABASE_URL": cluster.url})
    try:
        server.start()
        yield server
    finally:
        server.close()
        processes.kill_all(processes.mentioning(str(home)))


def test_what_a_studio_serves_is_in_the_database(app: StudioServer, cluster: Postgres) -> None:
    """Also what came while it was away; nothing of the request itself, and no password anywhere."""

    def requests() -> list[str]:
        return [row for (row,) in asyncio.run(cluster.rows(REQUESTS))]

    assert app.http.post("/v1/chat/completions", json=ASKED).status_code == 404
    eventually(
        lambda: app.get("/api/mirror")["last_written_at"] and requests(),
        within=60,
        what="the first request in the database",
    )
    cluster.stop()
    try:
        assert app.http.post("/v1/chat/completions", json=ASKED).status_code == 404
        alarm = eventually(lambda: app.status()["alarm"], within=60, what="the alarm")
        assert "not mirrored to PostgreSQL" in alarm
    finally:
        cluster.start()
    rows = eventually(
        lambda: len(found := requests()) == 2 and found, within=30, what="both requests"
    )
    assert "nobody may read" not in str(rows)
    eventually(lambda: not app.status()["alarm"], within=60, what="no alarm any more")
    told = f"{app.get('/api/mirror')}{app.status()}{app.output()}"
    for file in (app.home / "logs").glob("*.log"):
        told += file.read_text(errors="replace")
    assert "postgresql://studio@127.0.0.1" in told
    assert "pass%2F" not in told
    assert "pass/w" not in told


def test_the_doctor_names_the_server(cluster: Postgres) -> None:
    """With its version, so that a person sees that it is the right one."""
    (check,) = database(Settings(home=Path("h"), database_url=cluster.url))
    assert check.verdict == "ok"
    assert f"at postgresql://studio@127.0.0.1:{cluster.port}" in check.message
