"""A real redis-server of the tests' own: on loopback, with a password, keeping nothing on disk."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.harness import processes
from tests.harness.ports import free_port, is_listening
from tests.harness.tools import needs
from tests.harness.waiting import eventually

PASSWORD = "pass-word"


class RedisServer:
    """One server; may be killed, started again empty, and stopped for a while."""

    def __init__(self) -> None:
        """Skip, or fail in CI, where Redis is not installed."""
        needs("redis-server")
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As a person would set it in REDIS_URL."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Return when it takes connections; it knows nothing of an earlier life."""
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", PASSWORD)
        self._process = subprocess.Popen(
            ["redis-server", *options, "--save", "", "--appendonly", "no"],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        processes.own(self._process.pid)
        eventually(lambda: is_listening(self.port), within=60, what="redis-server listens")

    def kill(self) -> None:
        """kill -9: what it held is lost."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        processes.disown(self._process.pid)
        self._process = None

    def hang(self) -> None:
        """It takes connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Gone, with its folder."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
