"""Search providers and the reader, made from what is configured; and a try of each.

One `Web` for a studio. What it knows of hosts (their rests, their robots.txt), its reading
processes and the words of folders outlive a change of the configuration.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from core.clock import Clock
from core.mcp.toolbox import Toolbox
from core.research.web import services
from core.research.web.asking import Service
from core.research.web.configuring import (
    NEEDS,
    Need,
    ProviderConfig,
    ProviderKind,
    WebConfig,
    key_name,
)
from core.research.web.fetching import Fetcher
from core.research.web.folder import FolderSearch
from core.research.web.guarded import GuardedTransport
from core.research.web.names import Allowed, Resolver
from core.research.web.politeness import Politeness, Sleep
from core.research.web.proxies import Proxies
from core.research.web.reaching import demand_reachable
from core.research.web.reader import WebReader
from core.research.web.robots import Robots
from core.research.web.tool_search import Asking, ToolSearch
from core.research.web.urls import parsed
from core.research.web.views import SearchProvider, WebProblem
from core.research.web.workers import Workers
from core.secrets import Secrets

DUCK_APART_S = 3.0  # it is made for people, who read in between
PROBE = "encyclopedia"  # a word for which every search knows something

_MISSING: dict[Need, tuple[str, str, str]] = {
    "url": ("no-url", "The address of the service is not set", "Enter its address."),
    "key": ("no-key", "The service needs a key, and none is saved", "Enter a key for it."),
    "folder": ("missing-folder", "No folder is chosen", "Choose a folder."),
    "tool": ("missing-tool", "No tool is chosen", "Choose a search tool of a server."),
}


_BASES: dict[ProviderKind, str] = {
    "brave": services.BRAVE,
    "tavily": services.TAVILY,
    "duckduckgo": services.DUCKDUCKGO,
}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a provider could be asked, as far as that is known without asking it."""

    ready: bool
    code: str = ""
    problem: str = ""
    next_action: str = ""


class Unreached(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that nobody would reach now, and why."""

    name: str
    code: str
    problem: str
    next_action: str = ""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What came of trying a provider."""

    works: bool
    found: int = 0  # hits; of a folder: files
    took_ms: float = 0.0
    code: str = ""
    problem: str = ""
    next_action: str = ""


class Web:
    """Everything that research reaches outside. Loop-bound; `aclose` ends its processes."""

    def __init__(
        self,
        config: Callable[[], WebConfig],
        *,
        secrets: Secrets,
        clock: Clock,
        toolbox: Toolbox | None = None,
        resolver: Resolver | None = None,
        sleep: Sleep = asyncio.sleep,
        workers: Workers | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        """`proxies`: those of the environment."""
        self._config = config
        self._secrets = secrets
        self._clock = clock
        self._toolbox = toolbox
        self._resolver = resolver
        self._proxies = proxies or Proxies()
        self._workers = workers or Workers()
        self._polite = Politeness(clock, sleep=sleep)
        self._very_polite = Politeness(clock, apart_s=DUCK_APART_S, sleep=sleep)
        self._hurried = Politeness(clock, apart_s=0.0, sleep=sleep)  # services one has a key for
        self._folders: dict[str, FolderSearch] = {}
        fetcher = self._fetcher(Allowed(lambda: config().private_hosts), self._polite)
        self.reader = WebReader(
            fetcher=fetcher,
            robots=Robots(fetcher, clock),
            workers=self._workers,
            clock=clock,
            folder=self._folder_called,
        )

    def providers(
        self, names: Sequence[str], *, asking: Asking | None = None
    ) -> list[SearchProvider]:
        """Those of these names, in this order. Raises WebProblem("unknown-provider")."""
        return [self.provider(self.configured(name), asking=asking) for name in names]

    def configured(self, name: str) -> ProviderConfig:
        """How it is configured. Raises WebProblem("unknown-provider")."""
        for one in self._config().providers:
            if one.name == name and one.enabled:
                return one
        raise WebProblem(
            f"No search provider is called {name}, or it is switched off",
            code="unknown-provider",
            next_action="Choose another, or add it.",
        )

    def provider(
        self, config: ProviderConfig, *, asking: Asking | None = None, key: str | None = None
    ) -> SearchProvider:
        """One that can be asked; `key`: instead of the saved one. Raises WebProblem."""
        standing = self.standing(config, key=key)
        if not standing.ready:
            raise WebProblem(standing.problem, code=standing.code, next_action=standing.next_action)
        name, clock = config.name, self._clock

        def saved() -> str | None:
            return key or self._secrets.get(key_name(name))

        match config.kind:
            case "searxng":
                service = self._service(config, "SearXNG", self._hurried)
                return services.Searxng(name, service, clock, config.language)
            case "brave":
                service = self._service(config, "Brave", self._hurried)
                return services.Brave(name, service, clock, saved)
            case "tavily":
                service = self._service(config, "Tavily", self._hurried)
                return services.Tavily(name, service, clock, saved)
            case "wikipedia":
                service = self._service(config, "Wikipedia", self._polite)
                return services.Wikipedia(name, service, clock)
            case "duckduckgo":
                service = self._service(config, "DuckDuckGo", self._very_polite)
                return services.DuckDuckGo(name, service, clock, self._workers)
            case "folder":
                return self.folder(config)
            case "mcp":
                return self._tool(config, asking)

    def standing(self, config: ProviderConfig, *, key: str | None = None) -> Standing:
        """Whether it has what it needs; nothing is asked of anybody."""
        there: dict[Need, bool] = {
            "url": bool(config.url),
            "key": bool(key or self._secrets.get(key_name(config.name))),
            "folder": bool(config.folder),
            "tool": bool(config.tool) and self._toolbox is not None,
        }
        for need in NEEDS[config.kind]:
            if not there[need]:
                code, problem, action = _MISSING[need]
                return Standing(ready=False, code=code, problem=problem, next_action=action)
        return Standing(ready=True)

    async def probe(self, config: ProviderConfig, *, key: str | None = None) -> Probe:
        """Try it: a search for one word. A tool is only looked for, since calls need approval."""
        begun = self._clock.monotonic()
        try:
            found = await self._tried(self.provider(config, key=key))
        except WebProblem as problem:
            return Probe(
                works=False,
                took_ms=(self._clock.monotonic() - begun) * 1000,
                code=problem.code,
                problem=problem.message,
                next_action=problem.next_action,
            )
        return Probe(works=True, found=found, took_ms=(self._clock.monotonic() - begun) * 1000)

    async def unreached(self, names: Sequence[str]) -> tuple[Unreached, ...]:
        """Those of these that nobody would reach now; known within a few seconds.

        Services are connected to and told nothing; a folder and a tool are looked for.
        """
        found = await asyncio.gather(*map(self._unreached, names))
        return tuple(one for one in found if one is not None)

    async def _unreached(self, name: str) -> Unreached | None:
        try:
            config = self.configured(name)
            match self.provider(config):
                case FolderSearch() as folder:
                    await folder.demand_there()
                case ToolSearch() as tool:
                    tool.offered()
                case _:
                    allowed = _own_host(config)
                    await demand_reachable(
                        _base(config),
                        resolver=self._resolver,
                        allowed=allowed,
                        proxies=self._proxies,
                    )
        except WebProblem as problem:
            return Unreached(
                name=name,
                code=problem.code,
                problem=problem.message,
                next_action=problem.next_action,
            )
        return None

    def _folder_called(self, name: str) -> FolderSearch | None:
        for one in self._config().providers:
            if one.name == name and one.kind == "folder" and one.folder:
                return self.folder(one)
        return None

    def folder(self, config: ProviderConfig) -> FolderSearch:
        """The folder with all that is known of it already."""
        root = Path(config.folder)
        known = self._folders.get(config.name)
        if known is None or known.root != root:
            known = FolderSearch(config.name, root, workers=self._workers, clock=self._clock)
            self._folders[config.name] = known
        return known

    async def aclose(self) -> None:
        """End the reading processes."""
        await self._workers.aclose()

    async def _tried(self, provider: SearchProvider) -> int:
        match provider:
            case FolderSearch():
                return await provider.files()
            case ToolSearch():
                provider.offered()
                return 0
        return len(await provider.search(PROBE, most=5))

    def _tool(self, config: ProviderConfig, asking: Asking | None) -> ToolSearch:
        assert self._toolbox is not None  # `standing` has looked
        who = asking or Asking(conversation_id="research")
        return ToolSearch(config.name, config.tool, self._toolbox, who, config.argument)

    def _service(self, config: ProviderConfig, title: str, politeness: Politeness) -> Service:
        """A service on its own host: that one may be private when a person entered its address."""
        fetcher = self._fetcher(_own_host(config), politeness)
        return Service(title, _base(config), fetcher, keyed="key" in NEEDS[config.kind])

    def _fetcher(self, allowed: Allowed, politeness: Politeness) -> Fetcher:
        transport = GuardedTransport(
            resolver=self._resolver, allowed=allowed, proxies=self._proxies
        )
        return Fetcher(transport, politeness)


def _own_host(config: ProviderConfig) -> Allowed:
    return Allowed.named(*([_host_of(config.url)] if config.url else []))


def _base(config: ProviderConfig) -> str:
    """Where a service is asked."""
    if config.kind == "wikipedia":
        return config.url or f"https://{config.language.lower() or 'en'}.wikipedia.org"
    return config.url or _BASES[config.kind]


def _host_of(url: str) -> str:
    place = parsed(url)[1]
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{host}:{place.port}"
