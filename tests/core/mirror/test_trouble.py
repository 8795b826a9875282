"""What goes wrong with a database is said in a sentence, holds nobody up, and is got over."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.usage_log import UsageLog
from tests.core.mirror.conftest import Logs, mirror_of, mirrored, request, running, until
from tests.harness.ports import free_port
from tests.harness.postgres import PASSWORD, Postgres

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[3]


class Way:
    """A way to the database, on which everything can come to a stop without an end."""

    def __init__(self, port: int, to: int) -> None:
        self.port = port
        self.open = asyncio.Event()
        self.open.set()
        self._to = to

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways, until either side leaves."""
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            await asyncio.gather(self._copy(reader, there_writer), self._copy(there_reader, writer))
        finally:
            for one in (writer, there_writer):
                one.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self.open.wait()
                writer.write(data)
            writer.close()


@pytest.fixture
async def way(postgres: Postgres) -> AsyncIterator[Way]:
    """A way that is open until it is closed."""
    made = Way(free_port(), postgres.port)
    server = await asyncio.start_server(made.carry, "127.0.0.1", made.port)
    yield made
    made.open.set()
    server.close()
    await server.wait_closed()


async def problem_of(logs: Logs, url: str) -> tuple[str, str]:
    """What is said about a database, and what to do."""
    mirror = mirror_of(logs, url)
    async with running(mirror):
        await until(lambda: mirror.problem is not None)
        view = mirror.view()
    told = (view.problem or "", view.next_action or "")
    assert PASSWORD not in str(told)
    assert "pass%2Fw%40rd" not in str(told)
    return told


async def test_a_database_that_hangs_holds_up_nobody(logs: Logs) -> None:
    """It takes connections and never answers; requests are recorded, and the studio stops."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    usage = UsageLog(paths=logs.paths, clock=SystemClock())
    mirror = mirror_of(logs, f"postgresql://u:pw@127.0.0.1:{port}/d", connect_s=0.2)
    async with running(mirror):
        usage.finished(request(0))
        await until(lambda: mirror.problem is not None)
        usage.finished(request(1))
        await usage.close()
    assert "did not answer in time" in str(mirror.problem)
    assert usage.unwritten == 0
    server.close()
    await server.wait_closed()


async def test_a_studio_stops_while_the_database_answers_nothing_any_more(
    way: Way, postgres: Postgres, logs: Logs
) -> None:
    """In the middle of a transaction; what it left is undone, and done by the next."""
    url = postgres.url.replace(str(postgres.port), str(way.port))
    logs.add("2026-11-23", request(0))
    mirror = mirror_of(logs, url)
    async with running(mirror):
        await mirrored(mirror, 1)
        way.open.clear()
        logs.add("2026-11-23", request(1))
        await until(lambda: mirror.behind == 1)
    way.open.set()
    again = mirror_of(logs, postgres.url)
    async with running(again):
        await mirrored(again, 1)
    assert await postgres.rows("select request_id from vllm_studio.requests order by 1") == [
        ("r0",),
        ("r1",),
    ]


async def test_a_mirror_that_is_killed_loses_and_doubles_nothing(
    postgres: Postgres, logs: Logs
) -> None:
    """kill -9 of the whole process, between two pages or in one."""
    logs.add("2026-11-23", *(request(n) for n in range(2000)))
    logs.close()
    script = (sys.executable, "-m", "tests.core.mirror.killed_mirror")
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            *script, str(logs.paths.home), postgres.url, cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"written\n"
        process.kill()
        await process.communicate()
    ((some,),) = await postgres.rows("select count(*) from vllm_studio.requests")
    assert 0 < some < 2000
    again = Logs(logs.paths.home)
    try:
        mirror = mirror_of(again, postgres.url)
        async with running(mirror):
            await until(lambda: mirror.behind == 0)
    finally:
        again.close()
    ((count, different),) = await postgres.rows(
        "select count(*), count(distinct request_id) from vllm_studio.requests"
    )
    assert (count, different) == (2000, 2000)


async def test_a_wrong_password_is_said_without_it(postgres: Postgres, logs: Logs) -> None:
    """With the place where it stands."""
    problem, todo = await problem_of(logs, postgres.url.replace("pass%2F", "wrong%2F"))
    assert "does not let the user 'studio' in" in problem
    assert "wrong" not in problem + todo
    assert "DATABASE_URL" in todo


async def test_a_database_that_is_not_there_is_named(postgres: Postgres, logs: Logs) -> None:
    """And how it is made."""
    problem, todo = await problem_of(logs, postgres.url.replace("/postgres", "/teams"))
    assert "has no database 'teams'" in problem
    assert "createdb" in todo


async def test_nobody_there_is_said(logs: Logs) -> None:
    """With the address."""
    port = free_port()
    problem, _ = await problem_of(logs, f"postgresql://u:pass%2Fw%40rd@127.0.0.1:{port}/d")
    assert f"postgresql://u@127.0.0.1:{port}/d can not be reached" in problem


async def test_a_user_without_the_right_is_told_which_one(postgres: Postgres, logs: Logs) -> None:
    """An administrator can also make an empty schema for it; then no right is missing."""
    await postgres.rows("create role poor login password 'pass/w@rd'")
    url = postgres.url.replace("studio:", "poor:")
    try:
        problem, todo = await problem_of(logs, url)
        assert "permission denied for database" in problem
        assert "grant create on database 'postgres' to 'poor'" in todo
        await postgres.rows("create schema vllm_studio authorization poor")
        logs.add("2026-11-23", request(0))
        mirror = mirror_of(logs, url)
        async with running(mirror):
            await mirrored(mirror, 1)
    finally:
        await postgres.rows("drop schema if exists vllm_studio cascade")
        await postgres.rows("drop role poor")


async def test_a_database_that_is_only_read_is_said(postgres: Postgres, logs: Logs) -> None:
    """As a standby is after a failover; nothing is lost by it."""
    logs.add("2026-11-23", request(0))
    mirror = mirror_of(logs, postgres.url)
    async with running(mirror):
        await mirrored(mirror, 1)
    logs.add("2026-11-23", request(1))
    problem, todo = await problem_of(logs, f"{postgres.url}?default_transaction_read_only=on")
    assert "is only read" in problem
    assert "target_session_attrs" in todo
    again = mirror_of(logs, postgres.url)
    async with running(again):
        await mirrored(again, 1)


async def test_tables_of_a_newer_studio_are_left_alone(postgres: Postgres, logs: Logs) -> None:
    """It says what to do; nothing is written into tables it does not know."""
    mirror = mirror_of(logs, postgres.url)
    async with running(mirror):
        await until(lambda: mirror.behind == 0)
    await postgres.rows("insert into vllm_studio.migrations values (99)")
    problem, todo = await problem_of(logs, postgres.url)
    assert "newer vLLM Studio" in problem
    assert "Update" in todo


@pytest.mark.parametrize("url", ["mysql://u:secret-pw@h/d", "postgresql://u:se/cret@h:1/d"])
async def test_a_wrong_address_is_a_problem_until_it_is_corrected(logs: Logs, url: str) -> None:
    """The task goes on, for it must not end the studio."""
    mirror = mirror_of(logs, url)
    told: list[str | None] = []
    mirror.listen(lambda: told.append(mirror.problem))
    async with running(mirror) as task:
        await asyncio.sleep(0)
        assert not task.done()
    assert told == [mirror.problem]
    assert mirror.view().state == "wrong"
    assert mirror.problem == (
        "Usage is not mirrored to PostgreSQL: "
        "DATABASE_URL is not the address of a PostgreSQL database"
    )


async def test_a_port_that_is_no_number_is_a_wrong_address(logs: Logs) -> None:
    """The driver would repeat what it could not read, and it may be of a password."""
    problem, _ = await problem_of(logs, "postgresql://u:pw@h:pass%2Fw%40rd/d")
    assert "is not the address" in problem


async def test_without_an_address_nothing_is_done(logs: Logs) -> None:
    """It is off, and says so."""
    mirror = mirror_of(logs, None)
    async with running(mirror):
        await asyncio.sleep(0)
    assert (mirror.view().state, mirror.problem, mirror.behind) == ("off", None, None)


def test_the_driver_is_loaded_only_when_there_is_a_database() -> None:
    """Most have none, and start a little sooner for it."""
    loaded = "import core.mirror, sys; print('asyncpg' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
