"""Logs as they grow, and what happens when nothing can be written: C79, C80, C84."""

import json
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.harness.sim import answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import wait_for_requests
from tests.harness.waiting import eventually


class Following:
    """A log's stream as it arrives, in a thread of its own."""

    def __init__(self, studio: StudioServer, path: str) -> None:
        self.lines: list[str] = []
        self.began = threading.Event()
        self.ended = threading.Event()
        self._url = studio.url + path
        self._thread = threading.Thread(target=self._run, name="following")
        self._stop = threading.Event()
        self._thread.start()

    def _run(self) -> None:
        with httpx.stream("GET", self._url, timeout=60) as answer:
            self.began.set()
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.lines.append(json.loads(line[6:]).get("line", line))
                if self._stop.is_set():
                    break
        self.ended.set()

    def stop(self) -> None:
        """Hang up with the next line."""
        self._stop.set()


def test_c79_a_logs_stream_is_its_history_and_then_each_new_line(studio: StudioServer) -> None:
    """`history=false` leaves out what was there before."""
    studio.add(sim_recipe("c79-a"))
    studio.load("c79-a")
    whole = Following(studio, "/api/logs/c79-a/stream")
    eventually(lambda: "startup complete" in str(whole.lines), within=30, what="the history")
    newest = Following(studio, "/api/logs/c79-a/stream?history=false")
    assert newest.began.wait(60)
    studio.evict_all()
    eventually(lambda: "Shutting down" in str(whole.lines), within=30, what="the newest line")
    eventually(lambda: "Shutting down" in str(newest.lines), within=30, what="the newest line")
    assert "startup complete" not in str(newest.lines)
    assert len(whole.lines) == len(set(whole.lines)), "no line comes twice"
    for following in (whole, newest):
        following.stop()


def test_c79_a_reader_that_does_not_read_holds_up_nobody(studio: StudioServer) -> None:
    """The engine answers as ever, and everything else too."""
    studio.add(sim_recipe("c79-b", tokens=3, log_line=["x" * 10_000] * 100))
    sleeper = socket.create_connection(("127.0.0.1", studio.port))
    with sleeper:
        studio.load("c79-b")
        sleeper.sendall(
            b"GET /api/logs/c79-b/stream?lines=10000 HTTP/1.1\r\n"
            + f"host: 127.0.0.1:{studio.port}\r\n\r\n".encode()
        )
        for _ in range(3):
            assert studio.chat("c79-b").status_code == 200
        assert studio.http.get("/health", timeout=5).status_code == 200


def test_c80_quitting_lets_go_of_a_reader_that_does_not_read(quick_studio: StudioServer) -> None:
    """Not even who has stopped reading keeps the app from ending."""
    sleepers = [socket.create_connection(("127.0.0.1", quick_studio.port)) for _ in range(3)]
    for sleeper, path in zip(
        sleepers, ("/api/events?after=0", "/api/logs/app/stream", "/api/events"), strict=True
    ):
        head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{quick_studio.port}\r\n\r\n"
        sleeper.sendall(head.encode())
        assert sleeper.recv(15) == b"HTTP/1.1 200 OK"
    asked = time.monotonic()
    quick_studio.post("/api/quit")
    for sleeper in sleepers:
        sleeper.settimeout(15)
        while sleeper.recv(65536):
            pass
    assert time.monotonic() - asked < 10, "a second is promised; the machine may be busy"
    assert quick_studio.wait() == 0
    for sleeper in sleepers:
        sleeper.close()


@contextmanager
def full_disk(studio: StudioServer) -> Iterator[None]:
    """No file of the app may grow, as on a full disk (RLIMIT_FSIZE, by which anybody may do it)."""
    assert studio.process is not None
    pid = studio.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (512, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


needs_prlimit = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux can set another process's limits"
)


@needs_prlimit
def test_c84_on_a_full_disk_what_is_ready_is_served_and_nothing_is_begun(
    quick_studio: StudioServer,
) -> None:
    """A loud alarm meanwhile; when space returns all goes on, and every request is in the book."""
    studio = quick_studio
    studio.add(sim_recipe("c84-a", tokens=3))
    studio.add(sim_recipe("c84-b", tokens=3))
    assert studio.chat("c84-a").status_code == 200
    head = studio.head
    with full_disk(studio):
        assert studio.chat("c84-a").status_code == 200
        eventually(lambda: studio.status()["alarm"], within=30, what="the alarm")
        assert studio.chat("c84-a").status_code == 200
        ready = httpx.get(f"{studio.url}/health/ready")
        assert ready.status_code == 503
        assert ready.json()["checks"]["log"] != "ok"
        assert httpx.get(f"{studio.url}/health").status_code == 200
        refused = studio.chat("c84-b")
        assert refused.status_code == 503, refused.text
        assert refused.json()["error"]["code"] == "log-unavailable"
        assert refused.headers["retry-after"]
        for path, body in (
            ("/api/switch", {"target": "c84-b"}),
            ("/api/evict", {"target": "c84-a"}),
            ("/api/recipes", sim_recipe("c84-c")),
            ("/api/keys", {"name": "c84"}),
        ):
            answer = studio.http.post(path, json=body, headers=studio.owner())
            assert answer.status_code == 503, (path, answer.text)
            assert answer.json()["code"] == "log-unavailable"
        assert list(studio.engines()) == ["c84-a"]
    eventually(lambda: studio.status()["alarm"] is None, within=30, what="the alarm ends")
    assert studio.wait_for_fact("audit-log-recovered", after=head)["data"]["seconds"] > 0
    assert studio.chat("c84-b").status_code == 200
    booked = wait_for_requests(studio.home, "c84-a", 3)
    assert [one.outcome for one in booked] == ["ok"] * 3
    assert len({one.request_id for one in booked}) == 3
    assert len(answers_seen_by(studio.engines()["c84-b"]["port"])) == 1
    studio.kill()
    studio.start()
    assert studio.get("/api/timeline", limit=1)["head"] > head, "the log opens, unharmed"


@needs_prlimit
def test_c84_the_owner_may_choose_to_serve_nothing_that_is_not_recorded(
    quick_studio: StudioServer,
) -> None:
    """`serve_without_log` off: fail closed, and open again by itself."""
    studio = quick_studio
    studio.add(sim_recipe("c84-d", tokens=3))
    studio.http.patch("/api/settings", json={"serve_without_log": False}, headers=studio.owner())
    assert studio.chat("c84-d").status_code == 200
    with full_disk(studio):
        studio.chat("c84-d")  # this one finds out
        eventually(lambda: studio.status()["alarm"], within=30, what="the alarm")
        refused = studio.chat("c84-d")
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "log-unavailable"
    eventually(lambda: studio.status()["alarm"] is None, within=30, what="the alarm ends")
    assert studio.chat("c84-d").status_code == 200
