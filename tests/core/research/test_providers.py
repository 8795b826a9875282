"""Where may be searched is in the log, and how one gets in is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import Invalid, NotFound, Refused
from core.research.providers import BY_DEFAULT, KINDS, ProviderChange, ProviderDesk
from core.research.web.providers import Web
from core.secrets import Secrets
from events.projections import ALL
from events.store import EventStore

KEY = "brave-key-0123456789"


class Desk:
    """A desk over a log that can be opened again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.secrets = Secrets(home / "secrets")
        self.open()

    def open(self) -> None:
        """A start."""
        self.store = EventStore.open(self.home / "main.db", projections=ALL)
        self.desk = ProviderDesk(store=self.store, secrets=self.secrets)
        self.web = Web(self.desk.config, secrets=self.secrets, clock=SystemClock())

    def again(self) -> None:
        """A stop and a start."""
        self.store.close()
        self.open()

    async def save(self, **change: object) -> None:
        """Configure one."""
        await self.desk.save(ProviderChange(**change), actor="window")  # type: ignore[arg-type]

    def ready(self) -> tuple[str, ...]:
        """Those that are asked when nobody says which."""
        return self.desk.chosen((), self.web)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Desk]:
    """With nothing configured."""
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_without_configuration_two_can_be_asked_and_all_are_shown(made: Desk) -> None:
    """Each with what it needs."""
    assert set(made.ready()) == set(BY_DEFAULT)
    shown = {one.name: one for one in made.desk.list(made.web).providers}
    assert set(shown) == set(KINDS)
    assert shown["brave"].needs == ("key",)
    assert (shown["brave"].ready, shown["brave"].has_key, shown["brave"].saved) == (False,) * 3
    assert shown["brave"].problem
    assert shown["brave"].next_action


async def test_what_is_saved_is_there_after_a_restart_and_its_key_is_in_no_log(made: Desk) -> None:
    """The key lies among the secrets, and is told to nobody."""
    await made.save(name="brave", key=KEY)
    await made.save(name="searxng", url="https://search.example/", language="de")
    made.again()
    assert set(made.ready()) == {*BY_DEFAULT, "brave", "searxng"}
    shown = {one.name: one for one in made.desk.list(made.web).providers}
    assert shown["brave"].has_key
    assert shown["searxng"].url == "https://search.example/"
    assert made.secrets.get("research.brave") == KEY
    made.store.close()
    assert KEY.encode() not in (made.home / "main.db").read_bytes()
    made.open()


async def test_a_change_leaves_the_rest_as_it_was(made: Desk) -> None:
    """And the same again is no fact."""
    await made.save(name="searxng", url="https://search.example/")
    await made.save(name="searxng", language="de")
    await made.save(name="searxng", language="de")
    facts = made.store.read_events("research")
    assert len(facts) == 2
    await made.save(name="wikipedia", enabled=False)
    assert set(made.ready()) == {"duckduckgo", "searxng"}
    with pytest.raises(Invalid):
        made.desk.chosen(("wikipedia",), made.web)
    await made.save(name="duckduckgo", enabled=False)
    await made.save(name="searxng", enabled=False)
    with pytest.raises(Refused):
        made.ready()


async def test_two_of_a_kind_have_names_of_their_own(made: Desk, tmp_path: Path) -> None:
    """Two folders, for instance."""
    await made.save(name="papers", kind="folder", folder=str(tmp_path))
    assert "papers" in made.ready()
    with pytest.raises(Invalid):
        await made.save(name="letters", folder=str(tmp_path))
    with pytest.raises(Invalid):
        await made.save(name="papers", kind="brave")


async def test_what_is_removed_takes_its_key_along(made: Desk) -> None:
    """It is then as if nobody had configured it."""
    await made.save(name="brave", key=KEY)
    await made.desk.remove("brave", actor="window")
    assert made.secrets.get("research.brave") is None
    assert "brave" not in made.ready()
    with pytest.raises(NotFound):
        await made.desk.remove("brave", actor="window")
    with pytest.raises(NotFound):
        await made.desk.probe("altavista", made.web)


async def test_an_empty_key_is_forgotten(made: Desk) -> None:
    """One that is none is refused."""
    await made.save(name="brave", key=KEY)
    await made.save(name="brave", key="")
    assert made.secrets.get("research.brave") is None
    for bad in ("x" * 501, "line\nbreak", "schlüssel"):
        with pytest.raises(Invalid):
            await made.save(name="brave", key=bad)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Big Name", "kind": "searxng"},
        {"name": "searxng", "url": "file:///etc/passwd"},
        {"name": "folder", "folder": "relative"},
        {"name": "mcp", "tool": "no-slash"},
    ],
)
async def test_what_can_never_work_is_refused(made: Desk, change: dict[str, str]) -> None:
    """And nothing of it is recorded."""
    with pytest.raises(Invalid):
        await made.save(**change)
    assert made.store.read_events("research") == []


async def test_private_hosts_are_allowed_by_name(made: Desk) -> None:
    """After a restart as well."""
    await made.desk.allow_hosts(["wiki.home", "*.lan", "wiki.home"], actor="window")
    made.again()
    assert made.desk.config().private_hosts == ("wiki.home", "*.lan")
    with pytest.raises(Invalid):
        await made.desk.allow_hosts(["http://wiki.home/"], actor="window")


async def test_a_key_is_not_handed_to_another_address_than_it_was_given_for(made: Desk) -> None:
    """Who may write an address may not read a key with it."""
    await made.save(name="brave", key=KEY)
    with pytest.raises(Invalid, match="another address"):
        await made.save(name="brave", url="https://elsewhere.example/")
    await made.save(name="brave", url="https://elsewhere.example/", key=KEY)
    await made.save(name="brave", url="https://elsewhere.example/", language="de")
