"""The past in the terminal: out of a stopped studio's files, and from a running app."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.settings import Paths
from core.usage_log import UsageLog
from desktop.cli import past
from tests.core.past.conftest import Afternoon
from tests.core.past.story import REQUEST
from tests.core.past.test_tools import Workshop
from tests.core.test_usage_log import BASE, Clock
from tests.desktop.conftest import Run
from tests.desktop.fake_app import FakeApp
from tests.events.test_sealed_month import sealed_from


@pytest.fixture
def afternoon(home: Path) -> Iterator[Afternoon]:
    """A studio that has stopped after an afternoon, with snapshots of it."""
    made = Afternoon(home)
    made.store.close()
    yield made
    made.past.close()


def in_iso(recorded_at: int) -> str:
    """A moment as people write it, to the microsecond."""
    return datetime.fromtimestamp(recorded_at / 1e6).astimezone().isoformat()


def test_replay_shows_a_moment(afternoon: Afternoon, run: Run) -> None:
    """By its number and by its time; everything that stood then."""
    noon = afternoon.noon
    shown = run("replay", "--at", str(noon)).output
    assert shown.startswith(f"As of event #{noon} (")
    for part in (
        "vLLM Studio 1.0.0 ran since",
        "It routed: qwen.",
        "● ready",
        "max_resident  1",
        "laptop",
        "requests_per_minute 60",
        "fast",
        "first-resident",
        "remote",
        "Runtimes: none",
    ):
        assert part in shown
    assert "llama" in shown.split("Recipes")[1]
    assert "llama" not in shown.split("Engines")[1].split("Recipes")[0]
    assert "dddd" not in shown
    at = in_iso(afternoon.clock.at)
    assert run("replay", "--at", at, "--json").output == run("replay", "--json").output


def test_replay_shows_tools_and_research(home: Path, run: Run) -> None:
    """Servers, policies, approvals, where it was searched, and how far research was."""
    made = Workshop(home)
    made.store.close()
    at = {name: positions[0] for name, positions in made.at.items()}
    shown = run("replay", "--at", str(at["tool-call-approved"])).output
    for part in (
        "MCP servers",
        "npx -y files",
        "https://host/mcp",
        "files/erase",
        "never",
        "Standing approvals",
        "Presets: none",
        "Research: none",
    ):
        assert part in shown
    assert "mcp-files-TOKEN" not in shown
    shown = run("replay", "--at", str(at["research-page-read"])).output
    assert "http://wiki.home" in shown
    assert "Private hosts that research might read: wiki.home" in shown
    assert "Presets: 1" in shown
    assert "reading" in shown.split("\nResearch\n")[1]
    assert "erased" in run("replay").output.split("\nResearch\n")[1]
    shown = run("replay", "--diff", str(at["mcp-server-stopped"]), "now").output
    assert "− mcp-server files" in shown
    assert "The MCP server files was removed." in shown
    made.past.close()


def test_replay_before_everything(afternoon: Afternoon, run: Run) -> None:
    """It says so, and shows nothing."""
    shown = run("replay", "--at", "1999-01-01").output
    assert "the beginning, before the first event" in shown
    assert "vLLM Studio had never run." in shown


def test_replay_tells_differences(afternoon: Afternoon, run: Run) -> None:
    """Field by field, with the facts."""
    shown = run("replay", "--diff", str(afternoon.after), "now").output
    assert "~ recipe qwen" in shown
    assert "args.max_model_len: 8192 → 9000" in shown
    assert "window: The setting max_resident was changed from 1 to 3." in shown
    assert "− engine engine-l" in shown
    told = json.loads(run("replay", "--diff", "0", str(afternoon.noon), "--json").output)
    assert {one["change"] for one in told["differences"]} == {"added"}
    wrong = run("replay", "--diff", "9", "3")
    assert (wrong.exit_code, "later" in wrong.stderr) == (1, True)


def test_a_moment_that_makes_no_sense(afternoon: Afternoon, run: Run) -> None:
    """Exit code 1, and what could be written."""
    for words in (("replay", "--at", "soon"), ("replay", "--at", "99999"), ("why", "--at", "x")):
        result = run(*words)
        assert result.exit_code == 1
        assert "a time" in result.stderr


def test_why_was_qwen_evicted(afternoon: Afternoon, run: Run, home: Path) -> None:
    """In one line, with its thread and the request."""
    keep_the_request(home, afternoon)
    stop = afternoon.told["stop"]
    for words in (("qwen",), ("qwen-alias",), (str(stop.position),)):
        first, _, *thread = run("why", *words).output.splitlines()
        assert first.startswith("qwen was evicted at ")
        assert first.endswith(f"because the request {REQUEST} of key laptop asked for llama.")
        assert f"#{afternoon.told['asked'].position}" in thread[0]
        assert thread[-1] == f"The request {REQUEST} to llama ended: ok (200)."
    told = json.loads(run("why", "qwen", "--json").output)
    assert (told["position"], told["request"]["status"]) == (stop.position, 200)


def test_why_without_the_record_of_the_request(afternoon: Afternoon, run: Run) -> None:
    """The key is named all the same."""
    first = run("why", "qwen", "--at", in_iso(afternoon.clock.at)).output.splitlines()[0]
    assert first.endswith("because key laptop asked to switch to llama.")
    assert run("why").output.startswith("llama crashed at ")
    assert run("why", "mistral").exit_code == 1
    assert run("why", "99999").exit_code == 1


def test_a_request_of_a_sealed_month_is_found(afternoon: Afternoon, run: Run, home: Path) -> None:
    """By what it led to, and by its id; nothing is unpacked for it."""
    keep_the_request(home, afternoon)
    seal(home)
    stop = afternoon.told["stop"]
    assert run("why", str(stop.position)).output.splitlines()[-1] == (
        f"The request {REQUEST} to llama ended: ok (200)."
    )
    told = json.loads(run("why", REQUEST, "--json").output)
    assert told["request"]["request_id"] == REQUEST
    assert told["thread"][-1]["correlation_id"] == REQUEST
    other = REQUEST[:-1] + "1"
    assert run("why", other).exit_code == 1
    assert "there is no request" in run("why", other).stderr
    assert not (home / "cache" / "months").exists()


def test_a_request_that_led_to_nothing_is_told_all_the_same(home: Path, run: Run) -> None:
    """How it ended, live or sealed."""
    made = Afternoon(home)
    made.store.close()
    keep_the_request(home, made, quiet := REQUEST[:-1] + "2")
    for sealed in (False, True):
        if sealed:
            seal(home)
        answer, ended = run("why", quiet).output.splitlines()[::2]
        assert answer == f"Nothing but its answer came of the request {quiet}."
        assert ended == f"The request {quiet} to llama ended: ok (200)."
    made.past.close()


def test_a_minute_means_all_of_it(afternoon: Afternoon, run: Run) -> None:
    """As a clock on the wall shows it: what happened later in that minute is found."""
    stop = afternoon.told["stop"].recorded_at
    minute = datetime.fromtimestamp(stop / 1e6).replace(second=0, microsecond=0)
    told = json.loads(
        run("why", "qwen", "--at", minute.isoformat(timespec="minutes"), "--json").output
    )
    assert told["position"] == afternoon.told["stop"].position


def test_consequences(afternoon: Afternoon, run: Run) -> None:
    """Everything that came of the request's wish."""
    asked, stopped = afternoon.told["asked"], afternoon.told["stopped"]
    shown = run("why", str(asked.position), "--consequences").output
    assert "Done after 3.0 s: switch to llama." in shown
    nothing = run("why", str(stopped.position), "--consequences").output
    assert nothing.startswith("Nothing came of event")
    assert run("why", "qwen", "--consequences").exit_code == 2


def test_events_are_filtered_in_the_files(afternoon: Afternoon, run: Run) -> None:
    """As the app does it."""
    assert len(run("events", "--correlation", REQUEST).output.splitlines()) == 9
    crashed = run("events", "--kind", "engine-crashed").output.splitlines()
    assert len(crashed) == 1
    assert run("events", "--kind", "engine", "--text", "WITHOUT being").output.splitlines() == (
        crashed
    )
    assert len(run("events", "--actor", "key").output.splitlines()) == 6
    assert "llama" in run("events", "--model", "qwen-alias", "--actor", "key:k1").output
    noon = in_iso(afternoon.at_noon)
    later = run("events", "--since", noon, "-n", "1000").output.splitlines()
    assert len(later) == afternoon.head - afternoon.noon + 1
    assert run("events", "--since", "7").exit_code == 2
    assert run("events", "-f", "--kind", "engine").exit_code == 2


def test_nothing_is_written_beside_the_files(afternoon: Afternoon, run: Run, home: Path) -> None:
    """Reading is reading: the log is as it was, and no snapshot is made."""
    before = (home / "main.db").read_bytes()
    for words in (("replay",), ("why",), ("replay", "--diff", "0", "now")):
        assert run(*words).exit_code == 0
    assert (home / "main.db").read_bytes() == before
    assert not (home / "snapshots").exists()


def test_the_running_app_is_asked(app: FakeApp, run: Run) -> None:
    """With moments that it reads as they were meant."""
    run("replay", "--at", "4711")
    run("replay", "--diff", "-2h", "now")
    run("why", "qwen", "--at", "2026-11-30T14:02")
    run("why", "12")
    run("why", REQUEST)
    run("events", "--actor", "key", "--since", "2026-11-30")
    paths = [path for method, path, _ in app.asked]
    assert paths[:5] == [
        "/api/state",
        "/api/state/diff",
        "/api/timeline/why",
        "/api/timeline/12/why",
        "/api/timeline/1/why",  # the newest event of the request
    ]
    assert app.queries[0] == {"at": "4711"}
    assert app.queries[2]["at"].startswith("2026-11-30T14:02+") or app.queries[2]["at"].startswith(
        "2026-11-30T14:02-"
    )


def test_moments_are_handed_on_as_exact_as_they_were() -> None:
    """A minute stays a minute, a second a second, and an age becomes a moment."""
    assert past.as_asked("17") == "17"
    assert past.as_asked("-2h").isdigit()
    assert past.as_asked("2026-11-30T14:02")[:17] in ("2026-11-30T14:02+", "2026-11-30T14:02-")
    assert past.as_asked("2026-11-30T14:02:05")[:19] == "2026-11-30T14:02:05"


def seal(home: Path) -> None:
    """The month's book is a segment from now on."""
    [live] = home.glob("usage-????-??.db")
    for made in sealed_from(live, home):
        made.rename(live.with_suffix(made.suffix))
    for part in ("", "-wal", "-shm", ".lock"):
        live.with_name(live.name + part).unlink(missing_ok=True)


def keep_the_request(home: Path, afternoon: Afternoon, id: str = REQUEST) -> None:
    """Its record in the month's book."""

    async def write() -> None:
        clock = Clock()
        clock.at = afternoon.clock.at
        book = UsageLog(paths=Paths(home), clock=clock)
        fact: Any = msgspec.structs.replace(BASE, request_id=id, actor="key:k1", model="llama")
        await book._write(book._day(), fact)
        await book.close()

    asyncio.run(write())
