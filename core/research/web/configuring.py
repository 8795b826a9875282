"""How the search providers are configured: what each kind needs, and what is refused at once.

Keys are never in here: they are secrets called `research.<provider>`.
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

from core.errors import Invalid
from core.research.web.urls import parsed
from core.research.web.views import WebProblem

Need = Literal["url", "key", "folder", "tool"]
ProviderKind = Literal["searxng", "brave", "tavily", "duckduckgo", "wikipedia", "folder", "mcp"]

NEEDS: dict[ProviderKind, tuple[Need, ...]] = {
    "searxng": ("url",),
    "brave": ("key",),
    "tavily": ("key",),
    "duckduckgo": (),
    "wikipedia": (),
    "folder": ("folder",),
    "mcp": ("tool",),
}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{2,8})?", re.IGNORECASE)
_TOOL = re.compile(r"[^/\s][^/]{0,99}/[^/]{1,128}")
_HOST = re.compile(r"(\*\.)?[a-z0-9_.-]{1,253}(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?", re.IGNORECASE)


class ProviderConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place to search."""

    name: str  # its own; also what hits and files of a folder are called by
    kind: ProviderKind
    enabled: bool = True
    url: str = ""  # of a SearXNG; of another MediaWiki, or a service elsewhere
    folder: str = ""  # where it lies on this machine
    tool: str = ""  # "server/tool"
    argument: str = ""  # the tool's parameter for the query, where it can not be guessed
    language: str = ""  # of Wikipedia (en), or asked of a SearXNG


class WebConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where may be searched, and which private hosts may be read besides the public web."""

    providers: tuple[ProviderConfig, ...] = ()
    private_hosts: tuple[str, ...] = ()  # "wiki.home", "wiki.home:8080", "*.home"


def checked(config: WebConfig) -> WebConfig:
    """The same. Raises Invalid, which names the field, where it can never work."""
    names = [one.name for one in config.providers]
    for at, provider in enumerate(config.providers):
        checked_provider(provider, field=f"providers[{at}]")
        if names.count(provider.name) > 1:
            raise Invalid(
                f"two search providers are called {provider.name}", field=f"providers[{at}].name"
            )
    for at, host in enumerate(config.private_hosts):
        if _HOST.fullmatch(host) is None:
            raise Invalid(
                f"{host!r} is not the name of a host",
                field=f"private_hosts[{at}]",
                next_action="Write wiki.home, wiki.home:8080 or *.home.",
            )
    return config


def checked_provider(config: ProviderConfig, *, field: str = "provider") -> ProviderConfig:
    """The same. Raises Invalid where it can never work; what is missing yet is no reason."""
    if _NAME.fullmatch(config.name) is None:
        raise Invalid(
            f"{config.name!r} can not be the name of a search provider",
            field=f"{field}.name",
            next_action="Use small letters, digits and hyphens.",
        )
    if config.url:
        _demand_url(config.url, f"{field}.url")
    if config.folder:
        _demand_folder(config.folder, f"{field}.folder")
    if config.tool and _TOOL.fullmatch(config.tool) is None:
        raise Invalid(
            f"{config.tool!r} does not name a tool",
            field=f"{field}.tool",
            next_action="Write server/tool.",
        )
    if config.language and _LANGUAGE.fullmatch(config.language) is None:
        raise Invalid(
            f"{config.language!r} is not the code of a language",
            field=f"{field}.language",
            next_action="Write a code such as en or de.",
        )
    return config


def key_name(provider: str) -> str:
    """What its key is called among the secrets."""
    return f"research.{provider}"


def _demand_url(url: str, field: str) -> None:
    try:
        parsed(url)
    except WebProblem as problem:
        raise Invalid(problem.message, field=field, next_action=problem.next_action) from None
    if "?" in url or "#" in url:
        raise Invalid(
            "the address of a search service has no ? or # in it",
            field=field,
            next_action="Give the address of its start page.",
        )


def _demand_folder(folder: str, field: str) -> None:
    path = Path(folder).expanduser()
    if not path.is_absolute() or path == Path(path.anchor):
        raise Invalid(
            "a folder is given by its whole path, and is not the whole disk",
            field=field,
            next_action="Choose a folder with documents.",
        )
