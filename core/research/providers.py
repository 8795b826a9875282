"""Where research may search: configured by facts, keys beside them in `core.secrets`.

Where nothing is configured, Wikipedia and DuckDuckGo are asked: neither needs a key.
"""

from collections.abc import Sequence
from typing import get_args

import msgspec

from core.errors import Invalid, NotFound, Refused
from core.research.web.configuring import (
    NEEDS,
    Need,
    ProviderConfig,
    ProviderKind,
    WebConfig,
    checked,
    checked_provider,
    key_name,
)
from core.research.web.providers import Probe, Web
from core.secrets import Secrets
from events.facts import ResearchHostsAllowed, ResearchProviderRemoved, ResearchProviderSaved
from events.facts.base import Fact
from events.store import EventStore

STREAM = "research"
KINDS: tuple[ProviderKind, ...] = get_args(ProviderKind)
BY_DEFAULT = ("wikipedia", "duckduckgo")
MOST_KEY = 500  # characters


class SearchProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, and whether it could be asked. `saved`: somebody has configured it."""

    name: str
    kind: ProviderKind
    enabled: bool
    saved: bool
    ready: bool
    code: str
    problem: str
    next_action: str
    needs: tuple[Need, ...]
    url: str
    has_key: bool
    folder: str
    tool: str
    argument: str
    language: str


class SearchProviderList(msgspec.Struct, frozen=True, kw_only=True):
    """Every provider that there is or could be, and the private hosts that may be read."""

    providers: tuple[SearchProviderView, ...]
    private_hosts: tuple[str, ...]


class ProviderChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different of one; what is left out stays. `key` empty: forget it."""

    name: str
    kind: ProviderKind | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET
    key: str | msgspec.UnsetType = msgspec.UNSET
    folder: str | msgspec.UnsetType = msgspec.UNSET
    tool: str | msgspec.UnsetType = msgspec.UNSET
    argument: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class ProviderDesk:
    """The door to the configuration. Loop-bound."""

    def __init__(self, *, store: EventStore, secrets: Secrets) -> None:
        self._store = store
        self._secrets = secrets
        self._saved: dict[str, ProviderConfig] = {}
        self._hosts: tuple[str, ...] = ()
        for event in store.read_events(STREAM):
            if isinstance(event, Fact):
                self._take_in(event)

    def config(self) -> WebConfig:
        """What is in force now."""
        return WebConfig(
            providers=tuple(one for one in self._all() if one.enabled), private_hosts=self._hosts
        )

    def chosen(self, wanted: Sequence[str], web: Web) -> tuple[str, ...]:
        """The names of those that are asked; none wanted: all that are ready. Raises Invalid."""
        known = {one.name: one for one in self.config().providers}
        if not wanted:
            ready = tuple(name for name, one in known.items() if web.standing(one).ready)
            if not ready:
                raise Refused(
                    "no search provider can be asked",
                    code="no-provider",
                    next_action="add one, or switch one on, on the research page",
                )
            return ready
        for name in wanted:
            if name not in known:
                raise Invalid(
                    f"no search provider is called {name!r:.60}, or it is switched off",
                    field="providers",
                )
        return tuple(dict.fromkeys(wanted))

    def list(self, web: Web) -> SearchProviderList:
        """Every one that there is or could be."""
        return SearchProviderList(
            providers=tuple(self._view(one, web) for one in self._all()),
            private_hosts=self._hosts,
        )

    async def save(self, change: ProviderChange, *, actor: str) -> None:
        """Configure one. Its key is kept first, apart. Raises Invalid."""
        config = checked_provider(self._changed(change))
        self._demand_key(config, change)
        if change.key is not msgspec.UNSET:
            self._keep_key(config.name, change.key.strip())
        fact = ResearchProviderSaved(
            provider=config.name,
            kind=config.kind,
            url=config.url,
            folder=config.folder,
            tool=config.tool,
            argument=config.argument,
            language=config.language,
            enabled=config.enabled,
        )
        if self._saved.get(config.name) != config:
            await self._record(fact, actor)

    async def remove(self, name: str, *, actor: str) -> None:
        """Forget how it was configured, and its key. Raises NotFound."""
        if name not in self._saved:
            raise _unknown(name)
        await self._record(ResearchProviderRemoved(provider=name), actor)
        self._secrets.delete(key_name(name))

    async def allow_hosts(self, hosts: Sequence[str], *, actor: str) -> None:
        """Let these hosts of private networks be read. Raises Invalid."""
        wanted = checked(WebConfig(private_hosts=tuple(dict.fromkeys(hosts)))).private_hosts
        if wanted != self._hosts:
            await self._record(ResearchHostsAllowed(hosts=wanted), actor)

    async def probe(self, name: str, web: Web, *, key: str = "") -> Probe:
        """Try one, also one that is switched off. Raises NotFound."""
        config = next((one for one in self._all() if one.name == name), None)
        if config is None:
            raise _unknown(name)
        return await web.probe(config, key=key.strip() or None)

    def _all(self) -> tuple[ProviderConfig, ...]:
        known: dict[str, ProviderConfig] = {
            kind: ProviderConfig(name=kind, kind=kind, enabled=kind in BY_DEFAULT) for kind in KINDS
        }
        return tuple((known | self._saved).values())

    def _changed(self, change: ProviderChange) -> ProviderConfig:
        before = next((one for one in self._all() if one.name == change.name), None)
        if before is None and change.kind is msgspec.UNSET:
            raise Invalid("a new provider needs its kind", field="kind")
        told = {
            field: value
            for field in change.__struct_fields__
            if field not in ("name", "key")
            and (value := getattr(change, field)) is not msgspec.UNSET
        }
        if before is None:
            return ProviderConfig(name=change.name, **told)
        if told.get("kind", before.kind) != before.kind:
            raise Invalid(f"{change.name} is a {before.kind}, and stays one", field="kind")
        return msgspec.structs.replace(before, **{"enabled": True, **told})

    def _view(self, config: ProviderConfig, web: Web) -> SearchProviderView:
        standing = web.standing(config)
        return SearchProviderView(
            saved=config.name in self._saved,
            needs=NEEDS[config.kind],
            has_key=key_name(config.name) in self._secrets.names(),
            **msgspec.structs.asdict(standing),
            **msgspec.structs.asdict(config),
        )

    def _demand_key(self, config: ProviderConfig, change: ProviderChange) -> None:
        """A key is kept for the address that it was given for, and for no other."""
        before = next((one.url for one in self._all() if one.name == config.name), "")
        kept = change.key is msgspec.UNSET and self._secrets.get(key_name(config.name)) is not None
        if kept and config.url != before:
            raise Invalid(
                "the key was given for another address",
                field="key",
                next_action="Give it again together with the change.",
            )

    def _keep_key(self, name: str, key: str) -> None:
        if len(key) > MOST_KEY or not key.isprintable() or not key.isascii():
            raise Invalid("this is no key", field="key")
        if key:
            self._secrets.put(key_name(name), key)
        else:
            self._secrets.delete(key_name(name))

    async def _record(self, fact: Fact, actor: str) -> None:
        await self._store.append(STREAM, [fact], actor=actor)
        self._take_in(fact)

    def _take_in(self, fact: Fact) -> None:
        match fact:
            case ResearchProviderSaved(provider=name, kind=kind) if kind in KINDS:
                told = {field: getattr(fact, field) for field in fact.__struct_fields__}
                del told["provider"]
                self._saved[name] = ProviderConfig(name=name, **told)
            case ResearchProviderRemoved(provider=name):
                self._saved.pop(name, None)
            case ResearchHostsAllowed(hosts=hosts):
                self._hosts = hosts


def _unknown(name: str) -> NotFound:
    return NotFound(
        f"no search provider is called {name!r:.60}",
        code="provider-not-found",
        next_action="read /api/research/providers",
    )
