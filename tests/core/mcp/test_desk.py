"""Saving, importing and removing: where secrets go, and where they never go."""

import asyncio
import json
from pathlib import Path

import pytest

from core.errors import Invalid, NotFound
from core.mcp.book import McpBook
from core.mcp.desk import McpDesk
from core.mcp.server import McpServer
from core.secrets import Secrets
from events.errors import LogUnavailable
from events.store import EventStore


class Desk:
    """A desk with its book, and what it told."""

    def __init__(self, store: EventStore, home: Path) -> None:
        self.secrets = Secrets(home / "secrets")
        self.book = McpBook(store, self.secrets)
        self.saved: list[tuple[str, bool]] = []
        self.desk = McpDesk(
            store=store,
            book=self.book,
            secrets=self.secrets,
            saved=lambda name, anew, actor: self.saved.append((name, anew)),
        )

    def save(self, values: dict[str, str | None], **changes: object) -> None:
        """Save the server `files` with these values for its environment."""
        fields: dict[str, object] = {"name": "files", "transport": "stdio", "command": "npx"}
        fields |= {"env": dict.fromkeys(values, ""), **changes}
        asyncio.run(self.desk.save(McpServer(**fields), values, actor="cli"))  # type: ignore[arg-type]


@pytest.fixture
def desk(store: EventStore, home: Path) -> Desk:
    """Of an empty log."""
    return Desk(store, home)


def test_values_are_kept_apart_and_only_names_are_recorded(desk: Desk, store: EventStore) -> None:
    """Also those that somebody wrote into an argument."""
    desk.save({"TOKEN": "the-token-itself"}, args=("--api-key", "sk-in-an-argument"))
    server = desk.book.server("files")
    assert server is not None
    assert server.args == ("--api-key", "${API_KEY}")
    assert desk.secrets.get("mcp.files.TOKEN") == "the-token-itself"
    assert desk.secrets.get("mcp.files.API_KEY") == "sk-in-an-argument"
    told = json.dumps([repr(one) for one in store.read_all()])
    assert "the-token-itself" not in told
    assert "sk-in-an-argument" not in told


def test_a_value_that_is_not_given_is_kept(desk: Desk) -> None:
    """And one whose name is gone is forgotten."""
    desk.save({"TOKEN": "abcdef-1", "OTHER": "abcdef-2"})
    desk.save({"TOKEN": None}, timeout_s=5.0)
    server = desk.book.server("files")
    assert server is not None
    assert desk.book.values(server) == {"TOKEN": "abcdef-1"}
    assert desk.secrets.get("mcp.files.OTHER") is None


@pytest.mark.parametrize("change", [{"command": "uvx"}, {"transport": "http", "command": ""}])
def test_a_value_is_not_handed_to_somebody_else(desk: Desk, change: dict[str, object]) -> None:
    """It has to be given again, and the old server is as it was."""
    desk.save({"TOKEN": "abcdef-1"})
    if change.get("transport"):
        change = {**change, "url": "https://elsewhere.example/mcp"}
    with pytest.raises(Invalid, match="given for another") as refused:
        desk.save({"TOKEN": None}, **change)
    assert refused.value.field == "env.TOKEN"
    assert desk.book.server("files") is not None
    desk.save({"TOKEN": "abcdef-1"}, **change)


def test_a_value_that_never_was_is_asked_for(desk: Desk) -> None:
    """None keeps nothing where nothing is."""
    with pytest.raises(Invalid, match="no value yet"):
        desk.save({"TOKEN": None})


def test_what_can_not_be_recorded_changes_no_secret(
    desk: Desk, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk takes nothing away."""
    desk.save({"TOKEN": "abcdef-1"})

    async def full(*_: object, **__: object) -> None:
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(store, "append", full)
    with pytest.raises(LogUnavailable):
        desk.save({"TOKEN": "abcdef-2", "NEW": "abcdef-3"})
    assert desk.secrets.get("mcp.files.TOKEN") == "abcdef-1"
    assert desk.secrets.get("mcp.files.NEW") is None


def test_its_session_is_told_whether_it_has_to_start_anew(desk: Desk) -> None:
    """A time-out needs no new start; another value does."""
    desk.save({"TOKEN": "abcdef-1"})
    desk.save({"TOKEN": None}, timeout_s=5.0)
    desk.save({"TOKEN": "abcdef-2"}, timeout_s=5.0)
    desk.save({"TOKEN": "abcdef-2"}, timeout_s=5.0, args=("x",))
    assert [anew for _, anew in desk.saved] == [True, False, True, True]


def test_removing_forgets_the_secrets(desk: Desk) -> None:
    """And a second time there is nothing."""
    desk.save({"TOKEN": "abcdef-1"})
    asyncio.run(desk.desk.remove("files", actor="cli"))
    assert desk.secrets.get("mcp.files.TOKEN") is None
    assert desk.book.servers() == ()
    with pytest.raises(NotFound):
        asyncio.run(desk.desk.remove("files", actor="cli"))


def test_a_header_is_one_line(desk: Desk) -> None:
    """A second one would be another header."""
    with pytest.raises(Invalid, match="one line"):
        asyncio.run(
            desk.desk.save(
                McpServer(name="far", transport="http", url="https://h/mcp", headers={"X-Key": ""}),
                {"X-Key": "a\r\nX-Other: b"},
                actor="cli",
            )
        )


TEXT = json.dumps(
    {
        "mcpServers": {
            "time": {"command": "uvx", "args": ["mcp-server-time"]},
            "far": {"url": "https://h/mcp?key=abcdefgh", "headers": {"X-Key": "ijklmnop"}},
            "broken": {"command": "x", "url": "https://h"},
        }
    }
)


def test_an_import_is_looked_at_before_anything_is_saved(desk: Desk, store: EventStore) -> None:
    """What would be, and nothing is; no secret is in the answer."""
    before = len(store.read_all())
    found = asyncio.run(desk.desk.read(TEXT, look=True, actor="cli"))
    assert [(one.name, one.outcome) for one in found.servers] == [
        ("time", "new"),
        ("far", "new"),
        ("broken", "refused"),
    ]
    assert found.servers[1].url == "https://h/mcp?key=${key}"
    assert found.servers[1].env == ("key",)
    assert "abcdefgh" not in repr(found)
    assert "ijklmnop" not in repr(found)
    assert len(store.read_all()) == before
    assert desk.secrets.names() == ()


def test_an_import_saves_what_was_chosen_and_again_changes_nothing(desk: Desk) -> None:
    """One that cannot be taken does not stop the others."""
    first = asyncio.run(desk.desk.read(TEXT, look=False, only=("far",), actor="cli"))
    assert [one.outcome for one in first.servers] == ["new"]
    assert [one.name for one in desk.book.servers()] == ["far"]
    assert desk.secrets.get("mcp.far.key") == "abcdefgh"
    again = asyncio.run(desk.desk.read(TEXT, look=False, actor="cli"))
    assert [one.outcome for one in again.servers] == ["new", "same", "refused"]
    other = asyncio.run(desk.desk.read(TEXT.replace("ijkl", "IJKL"), look=False, actor="cli"))
    assert [one.outcome for one in other.servers] == ["same", "changed", "refused"]
    assert desk.secrets.get("mcp.far.X-Key") == "IJKLmnop"


def test_what_is_no_json_says_where(desk: Desk) -> None:
    """As an answer and not as a failure: people mend it as they type."""
    found = asyncio.run(desk.desk.read('{\n"a": {]}', look=True, actor="cli"))
    assert (found.servers, found.line) == ((), 2)
    assert "line 2" in found.message
