"""Providers made from what is configured, and a try of each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import Invalid
from core.research.web.configuring import (
    NEEDS,
    ProviderConfig,
    ProviderKind,
    WebConfig,
    checked,
    key_name,
)
from core.research.web.providers import Web
from core.research.web.tool_search import Asking
from core.research.web.views import WebProblem
from core.secrets import Secrets
from tests.core.research.web.conftest import HeldClock, ReadingHere
from tests.core.research.web.test_tool_search import Tools
from tests.support.little_web import searching
from tests.support.little_web.server import LittleWeb


class House:
    """A `Web` over the little web, with everything configured that there is."""

    def __init__(self, little: LittleWeb, home: Path, clock: HeldClock) -> None:
        self.secrets = Secrets(home / "secrets")
        notes = home / "notes"
        notes.mkdir()
        (notes / "ada.md").write_text("Mount Ada is high.")
        hosts = {"searxng": "search", "brave": "brave", "tavily": "tavily", "wikipedia": "wiki",
                 "duckduckgo": "duck"}  # fmt: skip
        self.config = WebConfig(
            providers=(
                *(_at(kind, little.url(host, "")) for kind, host in hosts.items()),
                ProviderConfig(name="notes", kind="folder", folder=str(notes)),
                ProviderConfig(name="tool", kind="mcp", tool="web/search"),
                ProviderConfig(name="off", kind="wikipedia", enabled=False),
            ),
            private_hosts=("*.localhost",),
        )
        self.tools = Tools('[{"url": "https://a.example/", "title": "A"}]')
        self.web = Web(
            lambda: self.config,
            secrets=self.secrets,
            clock=clock,
            toolbox=self.tools,
            sleep=clock.sleep,
            workers=ReadingHere(),
        )

    def named(self, name: str) -> ProviderConfig:
        """One of them."""
        return next(one for one in self.config.providers if one.name == name)


def _at(kind: str, url: str) -> ProviderConfig:
    kinds: dict[str, ProviderKind] = {one: one for one in NEEDS}
    return ProviderConfig(name=kind, kind=kinds[kind], url=url)


@pytest.fixture
async def house(web: LittleWeb, tmp_path: Path, clock: HeldClock) -> AsyncIterator[House]:
    """Closed in the end."""
    house = House(web, tmp_path, clock)
    yield house
    await house.web.aclose()


async def test_each_provider_finds_what_it_has(house: House) -> None:
    """In the order in which they were named, and read by the one reader."""
    house.secrets.put(key_name("brave"), searching.BRAVE_KEY)
    house.secrets.put(key_name("tavily"), searching.TAVILY_KEY)
    names = ["notes", "searxng", "brave", "tavily", "wikipedia", "duckduckgo", "tool"]
    made = house.web.providers(names, asking=Asking(conversation_id="research-1"))
    assert [one.name for one in made] == names
    for provider in made:
        hits = await provider.search("Mount Ada", most=2)
        assert hits, provider.name
        assert {hit.provider for hit in hits} == {provider.name}
    page = await house.web.reader.read("folder://notes/ada.md")
    assert page.text == "Mount Ada is high."
    assert house.tools.wishes[0].conversation_id == "research-1"


async def test_a_probe_says_what_is_wrong_and_what_to_do(house: House) -> None:
    """Of each provider by itself."""
    web = house.web
    assert (await web.probe(house.named("searxng"))).works
    assert (await web.probe(house.named("notes"))).found == 1
    assert (await web.probe(house.named("brave"))).code == "no-key"
    assert (await web.probe(house.named("brave"), key="bad")).code == "wrong-key"
    assert (await web.probe(house.named("brave"), key=searching.BRAVE_KEY)).works
    assert house.secrets.names() == ()
    gone = await web.probe(ProviderConfig(name="x", kind="folder", folder="/no/such/folder"))
    assert (gone.works, gone.code) == (False, "missing-folder")
    assert gone.next_action


async def test_a_probe_of_a_tool_does_not_call_it(house: House) -> None:
    """A call needs an approval, and a test is no reason for one."""
    assert (await house.web.probe(house.named("tool"))).works
    house.tools.there = False
    assert (await house.web.probe(house.named("tool"))).code == "missing-tool"
    assert house.tools.wishes == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("searxng", "no-url"),
        ("brave", "no-key"),
        ("tavily", "no-key"),
        ("folder", "missing-folder"),
        ("mcp", "missing-tool"),
        ("wikipedia", ""),
        ("duckduckgo", ""),
    ],
)
def test_what_is_missing_is_known_without_asking(
    house: House, web: LittleWeb, kind: ProviderKind, code: str
) -> None:
    """By kind."""
    standing = house.web.standing(ProviderConfig(name="x", kind=kind))
    assert standing.code == code
    assert standing.ready is (code == "")
    assert bool(standing.next_action) is (code != "")
    assert web.asked == []


async def test_unknown_and_switched_off_providers_are_refused(house: House) -> None:
    """By name."""
    for name in ("no-such", "off"):
        with pytest.raises(WebProblem) as refused:
            house.web.providers([name])
        assert refused.value.code == "unknown-provider"


async def test_a_private_search_service_opens_only_its_own_door(
    house: House, web: LittleWeb, tmp_path: Path, clock: HeldClock
) -> None:
    """Its own host may be private because a person entered it; the pages it finds may not."""
    house.config = WebConfig(providers=house.config.providers)  # no private hosts
    hits = await house.web.providers(["searxng"])[0].search("Mount Ada", most=3)
    assert hits
    for hit in hits:
        with pytest.raises(WebProblem) as refused:
            await house.web.reader.read(hit.url)
        assert refused.value.code == "private-address"
    assert web.hosts() == {"search"}
    house.config = WebConfig(
        providers=house.config.providers, private_hosts=(f"atlas.localhost:{web.port}",)
    )
    assert (await house.web.reader.read(web.url("atlas", "/mount-ada"))).text


@pytest.mark.parametrize(
    ("config", "field"),
    [
        (ProviderConfig(name="Not a name", kind="wikipedia"), "providers[0].name"),
        (ProviderConfig(name="../x", kind="wikipedia"), "providers[0].name"),
        (ProviderConfig(name="x", kind="searxng", url="ftp://x"), "providers[0].url"),
        (ProviderConfig(name="x", kind="searxng", url="http://u:p@x.y"), "providers[0].url"),
        (ProviderConfig(name="x", kind="searxng", url="http://x.y/?a=b"), "providers[0].url"),
        (ProviderConfig(name="x", kind="folder", folder="relative"), "providers[0].folder"),
        (ProviderConfig(name="x", kind="folder", folder="/"), "providers[0].folder"),
        (ProviderConfig(name="x", kind="mcp", tool="no-slash"), "providers[0].tool"),
        (ProviderConfig(name="x", kind="wikipedia", language="e.evil/"), "providers[0].language"),
    ],
)
def test_what_can_never_work_is_refused_when_it_is_saved(
    config: ProviderConfig, field: str
) -> None:
    """With the field that is wrong."""
    with pytest.raises(Invalid) as refused:
        checked(WebConfig(providers=(config,)))
    assert refused.value.field == field


def test_names_are_given_once_and_hosts_are_hosts() -> None:
    """And what is right is left as it is."""
    twice = (
        ProviderConfig(name="x", kind="wikipedia"),
        ProviderConfig(name="x", kind="duckduckgo"),
    )
    with pytest.raises(Invalid):
        checked(WebConfig(providers=twice))
    for host in ("http://wiki.home", "*", "wiki home", "*.*.home", "wiki.home/path"):
        with pytest.raises(Invalid) as refused:
            checked(WebConfig(private_hosts=(host,)))
        assert refused.value.field == "private_hosts[0]"
    fine = WebConfig(private_hosts=("wiki.home", "*.home:8080", "192.168.1.5:80", "[::1]:8080"))
    assert checked(fine) == fine
