"""MCP over the real app: servers are saved, run, and leave nothing behind; secrets are nowhere."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.harness.canaries import Cage
from tests.harness.mcp_servers import bad
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

PATH = "/api/mcp/servers"


def put(studio: StudioServer, path: str, body: object) -> Any:
    """PUT as the owner; anything but 2xx is an error."""
    answer = studio.http.put(path, json=body, headers=studio.owner(), timeout=60)
    assert answer.is_success, answer.text
    return answer.json()


def ready(studio: StudioServer, name: str, **wish: Any) -> dict[str, Any]:
    """Save it, and wait until it answers; its line."""
    put(studio, f"{PATH}/{name}", wish)
    return in_state(studio, name, "ready")


def in_state(studio: StudioServer, name: str, state: str) -> dict[str, Any]:
    """Once it is so, its line."""

    def look() -> dict[str, Any] | None:
        found = {one["name"]: one for one in studio.get(PATH)["servers"]}
        return found[name] if found[name]["state"] == state else None

    return eventually(look, within=120, what=f"{name} is {state}")


def processes_of(name: str) -> list[psutil.Process]:
    """What was started for this server."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if f"--name={name}" in process.cmdline() and process.status() != "zombie":
                found += [process, *process.children(recursive=True)]
    return found


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs."""
    return not [one for one in processes if one.is_running() and one.status() != "zombie"]


def test_a_secret_is_in_no_file_but_its_own(quick_studio: StudioServer) -> None:
    """Not in the log, nor in what the API tells, nor in what the server wrote with it."""
    cage = Cage()
    secret, argument = cage.new("env"), cage.new("argument", "sk-{}")
    wish = bad("--api-key", argument, name="keeps", env={"API_KEY": secret})
    ready(quick_studio, "keeps", **wish)
    told = [
        quick_studio.get(PATH),
        quick_studio.get(f"{PATH}/keeps"),
        quick_studio.get(f"{PATH}/keeps/log"),
        quick_studio.get("/api/timeline", limit=500),
        quick_studio.get("/api/state", at="now"),
    ]
    assert cage.found_in(json.dumps(told).encode()) == set()
    quick_studio.ask_to_quit()
    assert quick_studio.wait() == 0
    holders = set()
    for file in quick_studio.home.rglob("*"):
        inside = file.relative_to(quick_studio.home)
        if file.is_file() and inside.parts[0] != "runtimes" and cage.found_in(file.read_bytes()):
            holders.add(inside.as_posix())
    assert holders == {"secrets/mcp.keeps.API_KEY", "secrets/mcp.keeps.API_KEY_2"}
    assert all((quick_studio.home / one).stat().st_mode & 0o077 == 0 for one in holders)


def test_servers_end_with_the_studio_and_come_back_with_it(quick_studio: StudioServer) -> None:
    """Also those that do not want to."""
    ready(quick_studio, "stays", **bad("--never-ends", "--forks", name="stays"))
    alive = processes_of("stays")
    quick_studio.ask_to_quit()
    assert quick_studio.wait() == 0
    assert gone(alive)
    began = time.monotonic()
    quick_studio.start()
    answered = time.monotonic() - began
    in_state(quick_studio, "stays", "ready")
    assert answered < 60  # it does not wait for servers, which have two minutes
    assert quick_studio.happened("mcp-server-stopped", name="stays")


def test_a_killed_studio_leaves_servers_that_the_next_one_ends(
    quick_studio: StudioServer, tmp_path: Path
) -> None:
    """Those that ignore the end of their stdin; what it left of calls gets an end too."""
    wish = bad("--never-ends", "--leaves-the-group", name="orphan")
    ready(quick_studio, "orphan", **wish)
    alive = processes_of("orphan")
    assert len(alive) == 2
    quick_studio.kill()
    assert not gone(alive)
    quick_studio.start()
    eventually(lambda: gone(alive), within=60, what="what was left is ended")
    line = in_state(quick_studio, "orphan", "ready")
    assert line["pid"] not in {one.pid for one in alive}


def test_only_the_owner_may(quick_studio: StudioServer) -> None:
    """A server over stdio is a program."""
    for method, path in (
        ("GET", PATH),
        ("PUT", f"{PATH}/x"),
        ("POST", "/api/mcp/import"),
        ("GET", "/api/mcp/calls"),
        ("GET", f"{PATH}/x/log/stream"),
        ("POST", "/api/mcp/calls/x/approve"),
    ):
        body = None if method == "GET" else {"transport": "stdio", "text": "{}"}
        answer = quick_studio.http.request(method, path, json=body)
        assert answer.status_code in (400, 403), (path, answer.text)
        if answer.status_code == 403:
            assert answer.json()["code"] == "owner-only"
    assert quick_studio.get(PATH)["servers"] == []


def test_an_import_is_looked_at_and_then_taken(quick_studio: StudioServer) -> None:
    """Over the API, as the window does it."""
    entry = bad("--notifications-first", name="taken")
    text = json.dumps({"mcpServers": {"taken": {k: entry[k] for k in ("command", "args")}}})
    seen = quick_studio.post("/api/mcp/import", {"text": text, "look": True})
    assert [one["outcome"] for one in seen["servers"]] == ["new"]
    assert quick_studio.get(PATH)["servers"] == []
    quick_studio.post("/api/mcp/import", {"text": text})
    in_state(quick_studio, "taken", "ready")
    detail = put(quick_studio, f"{PATH}/taken/tools/echo/policy", {"policy": "never"})
    assert detail["tool_list"][0]["policy"] == "never"
    answer = quick_studio.http.delete(f"{PATH}/taken", headers=quick_studio.owner())
    assert answer.status_code == 204
    eventually(lambda: not processes_of("taken"), within=60, what="it is ended")


def followed(
    studio: StudioServer, name: str, after: int, until: Callable[[dict[str, Any]], bool]
) -> Iterator[dict[str, Any]]:
    """The lines of the log as events, from there up to the event with such a line."""
    headers = {**studio.owner(), "last-event-id": str(after)}
    address = f"{PATH}/{name}/log/stream"
    with studio.http.stream("GET", address, headers=headers, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
        number = 0
        for line in answer.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            if line.startswith("data: "):
                lines = json.loads(line[6:])["lines"]
                assert lines[-1]["number"] == number
                yield from lines
                if any(map(until, lines)):
                    return


def says(text: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a line is this."""
    return lambda line: bool(line["text"] == text)


def test_a_log_is_followed_and_resumed_without_loss_or_doubles(quick_studio: StudioServer) -> None:
    """Over connections that break while it is written, a start of the studio, its removal."""
    studio = quick_studio
    ready(studio, "loud", **bad("--shouts=60", name="loud"))
    told: list[dict[str, Any]] = []
    after = 0
    for number in (5, 30, 59):  # of the line at which the connection is given up
        assert studio.post(f"{PATH}/loud/restart", {})["name"] == "loud"
        told += followed(studio, "loud", after, says(f"shouted line {number}"))
        after = told[-1]["number"]
    in_state(studio, "loud", "ready")
    kept = studio.get(f"{PATH}/loud/log")["lines"]
    if after < kept[-1]["number"]:
        last = kept[-1]
        told += followed(studio, "loud", after, lambda one: one == last)
        after = told[-1]["number"]
    assert told[: len(kept)] == kept
    numbers = [one["number"] for one in told]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    studio.ask_to_quit()
    assert studio.wait() == 0
    studio.start()
    in_state(studio, "loud", "ready")
    again = list(followed(studio, "loud", after, lambda one: one["text"].startswith("is ready")))
    assert again[0]["text"] == "is started"
    assert again[0]["number"] > after
    assert [one["text"] for one in again].count("shouted line 33") == 1, "all of the new run"

    rest = followed(studio, "loud", 0, lambda one: False)
    assert next(rest) == again[0]
    removed = studio.http.delete(f"{PATH}/loud", headers=studio.owner())
    assert removed.status_code == 204
    assert len(list(rest)) >= len(again) - 1, "it ends with the server"
    gone = studio.http.get(f"{PATH}/loud/log/stream", headers=studio.owner())
    assert gone.status_code == 404
