"""A real PostgreSQL of the tests' own: on loopback, with a password, gone with its folder.

PostgreSQL refuses to run as root; there it runs as Debian's user for it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import asyncpg

from tests.harness import processes
from tests.harness.ports import free_port, is_listening
from tests.harness.tools import needs
from tests.harness.waiting import eventually

PROGRAMS = "/usr/lib/postgresql/*/bin"
USER, PASSWORD = "studio", "pass/w@rd"
QUICK = {  # what a power cut takes is made again by the next test
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "20",
}


class Postgres:
    """One cluster; may be stopped and started again."""

    def __init__(self) -> None:
        """Skip, or fail in CI, where PostgreSQL is not installed."""
        self._programs = _newest_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            keeper = pwd.getpwnam("postgres")
            os.chown(self._folder, keeper.pw_uid, keeper.pw_gid)
            self._as = {"user": keeper.pw_uid, "group": keeper.pw_gid, "extra_groups": []}
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._make()

    @property
    def url(self) -> str:
        """As a person would set it in DATABASE_URL."""
        return f"postgresql://{USER}:pass%2Fw%40rd@127.0.0.1:{self.port}/postgres"

    def _make(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        command: list[str] = [
            str(self._programs / "initdb"),
            *("--pgdata", str(self._folder / "data"), "--no-sync", "--encoding", "UTF8"),
            *("--locale", "C", "--username", USER, "--auth", "scram-sha-256"),
            *("--pwfile", str(secret)),
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder, **self._as)

    def start(self) -> "Postgres":
        """Run, and answer when this returns."""
        settings = QUICK | {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", *words],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as,
            )
        processes.own(self._process.pid)
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        eventually(
            lambda: subprocess.run(ready, check=False).returncode == 0,
            within=60,
            what="PostgreSQL answers",
        )
        return self

    def stop(self) -> None:
        """End it as an administrator does who does not wait for clients."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            processes.disown(self._process.pid)
            self._process = None
            assert not is_listening(self.port)

    def close(self) -> None:
        """Stop it and forget everything in it."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def clear(self) -> None:
        """Forget what any mirror wrote."""
        await self.rows("drop schema if exists vllm_studio cascade")

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()


def _newest_programs() -> Path:
    found = sorted(Path("/").glob(PROGRAMS.lstrip("/")), key=lambda path: float(path.parent.name))
    if not found:
        needs(f"{PROGRAMS}/postgres")
    return found[-1]
