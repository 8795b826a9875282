"""What must be kept stays where it is kept: one studio, a canary for every secret and every word.

A studio with real parts is told secrets and asked things, in every way there is, also in ways that
fail; its own mistakes are among them. Then everything that it leaves behind or shows is searched.
Where a canary may be found stands in `AT_HOME`, with the reason.
"""

import asyncio
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from core.conversations import Conversations, NewMessage
from core.erasure import SubjectKeys
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore
from tests.e2e.canary_walk import Walk
from tests.harness import processes, runtimes
from tests.harness.canaries import Cage, in_command_lines, in_files
from tests.harness.studio import ROOT, StudioServer

pytestmark = pytest.mark.timeout(900)  # the walk is long, and waits where others work

Where = Mapping[str, set[str]]

AT_HOME: dict[str, tuple[str, ...]] = {
    # a secret's own file, 0600 in a folder that is 0700
    "provider-key": ("secrets/provider.",),
    "hub-token": ("secrets/recipe.", "logs/engines/"),
    "recipe-password": ("secrets/recipe.", "logs/engines/"),
    "recipe-address": ("secrets/recipe.", "logs/engines/"),
    "recipe-argument": ("secrets/recipe.", "logs/engines/"),
    "mcp-env": ("secrets/mcp.",),
    "mcp-header": ("secrets/mcp.",),
    "mcp-bad-header": ("secrets/mcp.",),
    "mcp-option": ("secrets/mcp.",),
    "mcp-address": ("secrets/mcp.",),
    "mcp-imported": ("secrets/mcp.",),
    "mcp-path": ("secrets/mcp.",),
    "mcp-far-path": ("secrets/mcp.",),
    "mcp-imported-path": ("secrets/mcp.",),
    "mcp-password": ("secrets/mcp.",),
    "research-key": ("secrets/research.",),
    # The log of an engine is written by the engine itself, which has these in its environment and
    # may print them. It is the owner's alone, and masked wherever it is shown.
    "secret:engine-key": ("secrets/engine-key", "logs/engines/"),
}
OWN_FILE = "secret:"  # what was made by the studio: in secrets/, under its name


class Seen:
    """What the search found: canary → places, at one moment."""

    def __init__(self) -> None:
        self.files: dict[str, Where] = {}
        self.command_lines: Where = {}
        self.printed: set[str] = set()
        self.shown: dict[str, set[str]] = {}  # to who is not the owner
        self.in_terminal: dict[str, set[str]] = {}
        self.exported: dict[str, set[str]] = {}
        self.answers: dict[str, set[str]] = {}  # to who asked


@pytest.fixture(scope="module")
def cage() -> Cage:
    """Every canary."""
    return Cage()


@pytest.fixture(scope="module")
def seen(cage: Cage, litellm_runtime: None) -> Iterator[Seen]:
    """The walk, and what was found after each of its parts."""
    home = Path(tempfile.mkdtemp(prefix="studio-"))
    runtimes.link(home, ["litellm"])
    told = asyncio.run(_tell_conversations(home, cage))
    studio = StudioServer(home, _environment(cage))
    studio.program = (str(ROOT / "tests" / "support" / "faulty_serve.py"), "serve")
    studio.env["PYTHONPATH"] = str(ROOT)
    found = Seen()
    try:
        studio.start()
        studio.wait_for_gateway()
        _adopt_secrets(home, cage)
        with closing(Walk(studio, cage, told)) as walk:
            walk.all()
            _adopt_secrets(home, cage)
            found.answers = walk.answers
            found.command_lines = in_command_lines([_pid(studio)], cage)
            found.files["while it runs"] = in_files(home, cage)
            found.shown = walk.everything_shown()
            found.in_terminal = _in_terminal(walk, cage)
            found.exported = walk.exports()
            walk.let_it_fail()
        assert studio.wait() == 1, "its own mistake ends it"
        found.files["after its death"] = in_files(home, cage)
        studio.start()
        studio.wait_for_gateway()
        studio.ask_to_quit()
        assert studio.wait() == 0
        found.files["after a start and a stop"] = in_files(home, cage)
        found.printed = cage.found_in(studio.output().encode())
        _rights(home)
        yield found
    finally:
        studio.close()
        left = processes.lingering(lambda: processes.mentioning(str(home)))
        processes.kill_all(left)
        shutil.rmtree(home, ignore_errors=True)
    assert not left, f"left running: {left}"


def _environment(cage: Cage) -> dict[str, str]:
    """Every secret that comes from outside, and nobody at the addresses."""
    redis = cage.new("redis-password")
    database = cage.new("database-password")
    return {
        "VLLM_STUDIO_API_KEY": cage.new("studio-key", "sk-{}"),
        "LITELLM_MASTER_KEY": cage.new("master-key", "sk-{}"),
        "REDIS_URL": f"redis://:{redis}@127.0.0.1:1/0",
        "DATABASE_URL": f"postgresql://studio:{database}@127.0.0.1:1/studio",
        "VLLM_STUDIO_CAPTURE_BODIES": "all",
        "HF_TOKEN": cage.new("hosts-hub-token", "hf_{}"),
        "SOME_SECRET": cage.new("hosts-secret"),
    }


async def _tell_conversations(home: Path, cage: Cage) -> tuple[str, str]:
    """One that stays and one that will be erased, before the studio starts."""
    store = EventStore.open(home / "main.db", projections=ALL)
    secrets = Secrets(home / "secrets")
    door = Conversations(store=store, keys=SubjectKeys(home / "keys.db", secrets))
    ids = []
    for which in ("kept", "erased"):
        told = await door.start(actor="window")
        for role in ("user", "assistant"):
            text = f"Dear {cage.new(f'{which}-{role}-text')}!"
            await door.add(told, NewMessage(role=role, text=text, model="m"), actor="window")
        await door.rename(told, cage.new(f"{which}-title"), actor="window")
        await door.file(told, cage.new(f"{which}-folder"), actor="window")
        ids.append(told)
    await door.close()
    store.close()
    return ids[0], ids[1]


def _adopt_secrets(home: Path, cage: Cage) -> None:
    """What the studio made for itself is as secret as what it was told."""
    planted = tuple(cage.words.values())
    for path in sorted((home / "secrets").iterdir()):
        word = path.read_text().strip()
        if len(word) >= 16 and not any(known in word for known in planted):
            cage.adopt(OWN_FILE + path.name, word)


def _pid(studio: StudioServer) -> int:
    assert studio.process is not None
    return studio.process.pid


def _rights(home: Path) -> None:
    """Recorded by the fixture, because the home is gone afterwards."""
    for path in (home, *home.rglob("*")):
        shown = path.relative_to(home)
        if path.is_symlink() or shown.parts[:1] in (("runtimes",), ("user",)):
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if shown.parts[:1] == ("secrets",) and path.is_file():
            assert mode == 0o600, f"{shown} is {mode:o}"
        if path.is_dir() and len(shown.parts) <= 1:
            assert mode & 0o077 == 0, f"{shown or 'the home'} is {mode:o}"


def _in_terminal(walk: Walk, cage: Cage) -> dict[str, set[str]]:
    """What commands print, for the owner: shown, piped, pasted into a bug report."""
    commands = (
        "status", "doctor", "settings", "recipes list", "recipes export", "events --limit 1000",
        "requests", "logs gateway", "logs app", "audit verify", "logs parrot", "usage",
        "providers list", "keys list", "mirror", "virtual list", "runtimes list", "cache show",
        "recipes show parrot", "recipes node-command parrot", "mcp list", "mcp log bad",
        "mcp log closed", "mcp log far", "mcp log sums", "logs talks",
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    for command in commands:
        for name in cage.found_in(walk.terminal(*command.split()).encode()):
            found.setdefault(name, set()).add(command)
    return found


def beyond_home(found: Where) -> dict[str, set[str]]:
    """What was found where it does not belong."""
    lost: dict[str, set[str]] = {}
    for name, places in found.items():
        allowed = AT_HOME.get(name, ())
        if name.startswith(OWN_FILE):
            allowed = (*allowed, f"secrets/{name.removeprefix(OWN_FILE)}")
        if astray := {place for place in places if not place.startswith(allowed or "//")}:
            lost[name] = astray
    return lost


@pytest.mark.parametrize("moment", ["while it runs", "after its death", "after a start and a stop"])
def test_no_canary_is_in_a_file_where_it_does_not_belong(seen: Seen, moment: str) -> None:
    """Databases with their WAL, spool, logs, configuration, what a crash leaves."""
    assert beyond_home(seen.files[moment]) == {}


def test_the_search_finds_what_is_there(seen: Seen, cage: Cage) -> None:
    """A secret in its own file is found: silence elsewhere means something."""
    kept = (
        "provider-key",
        "hub-token",
        "secret:owner-token",
        "mcp-env",
        "mcp-path",
        "research-key",
    )
    for name in kept:
        assert any(p.startswith("secrets/") for p in seen.files["while it runs"][name]), name
    assert any(p.startswith("logs/engines/") for p in seen.files["while it runs"]["hub-token"])
    assert len(cage.words) > 120


def test_nothing_is_printed(seen: Seen) -> None:
    """Standard output and error of the process, over both of its lives."""
    assert seen.printed == set()


def test_no_command_line_shows_one(seen: Seen) -> None:
    """Every user of the machine can read those, of children too."""
    assert seen.command_lines == {}


def test_who_is_not_the_owner_is_shown_none(seen: Seen) -> None:
    """Every GET there is, the streams, the metrics: with the studio's key but no owner's token."""
    assert seen.shown == {}


def test_no_export_holds_one(seen: Seen) -> None:
    """What is handed to an auditor is the log as it is, and the log holds none."""
    assert seen.exported == {}


def test_no_command_of_the_terminal_shows_one(seen: Seen) -> None:
    """What is shown there is pasted elsewhere."""
    assert seen.in_terminal == {}


def test_no_answer_shows_a_secret_that_was_not_sent(seen: Seen) -> None:
    """An engine or a provider that repeats its key tells it to nobody."""
    assert seen.answers == {}
