"""`mcp.json` as other programs write it, read as servers. Pure.

Claude Desktop, Cursor and LM Studio: `{"mcpServers": {name: {…}}}`; VS Code: `{"servers": …}`;
the bare table is read as well. A server has a `command` with `args` and `env`, or a `url` with
`headers`. What stands there beside is passed over.
"""

import json
import re
from typing import Any

import msgspec

from core.errors import Invalid
from core.mcp.server import NAME

MOST = 200  # servers in one text
MOST_TEXT = 1_000_000
TABLES = ("mcpServers", "servers", "mcp_servers")
_UNFILLED = re.compile(r"<[^<>]+>|\$\{input:[^}]*\}|.*YOUR[_-].*", re.IGNORECASE)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One server of the text, its secrets in clear; `refusal` says why it can not be taken."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    cwd: str = ""
    url: str = ""
    env: dict[str, str] = msgspec.field(default_factory=dict)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    enabled: bool = True
    refusal: str = ""
    next_action: str = ""

    @property
    def unfilled(self) -> tuple[str, ...]:
        """Names whose values are still what a manual says that one should replace."""
        both = {**self.env, **self.headers}
        return tuple(name for name, value in both.items() if _UNFILLED.fullmatch(value))


def servers_in(text: str) -> tuple[Wanted, ...]:
    """The servers, in their order. Raises Invalid, with the line, for what is no such file."""
    if len(text) > MOST_TEXT:
        raise Invalid("this is longer than any mcp.json", field="text", code="mcp-json")
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise NoJson(error) from None
    except RecursionError:
        raise Invalid("this is nested too deeply", field="text", code="mcp-json") from None
    table = next((data[one] for one in TABLES if one in data), data) if _is(data) else None
    if not _is(table) or not table or not all(map(_is, table.values())):
        raise Invalid(
            'this holds no servers: {"mcpServers": {"name": {"command": …}}} is looked for',
            field="text",
            code="mcp-json",
        )
    if len(table) > MOST:
        raise Invalid(f"these are more than {MOST} servers", field="text", code="mcp-json")
    return tuple(_wanted(str(name), entry) for name, entry in table.items())


class NoJson(Invalid):
    """It can not be read as JSON; `line` counts from 1."""

    def __init__(self, error: json.JSONDecodeError) -> None:
        super().__init__(
            f"line {error.lineno} is no JSON: {error.msg}", field="text", code="mcp-json"
        )
        self.line = error.lineno


def _wanted(name: str, entry: dict[str, Any]) -> Wanted:
    kind = str(entry.get("type") or entry.get("transport") or "").lower()
    url = entry.get("url") or entry.get("serverUrl") or entry.get("httpUrl") or ""
    clean = _name(name)
    if kind == "sse":
        return Wanted(
            name=clean,
            url=str(url),
            refusal="it speaks the old SSE transport, which MCP has given up",
            next_action="Many servers offer streamable HTTP as well, often at /mcp.",
        )
    if bool(entry.get("command")) == bool(url):
        return Wanted(name=clean, refusal="it needs a command or a url, and one of them alone")
    try:
        return Wanted(
            name=clean,
            command=_text(entry.get("command")),
            args=tuple(_text(one) for one in _list(entry.get("args"))),
            cwd=_text(entry.get("cwd")),
            url=_text(url),
            env=_table(entry.get("env")),
            headers=_table(entry.get("headers")) if url else {},
            enabled=not entry.get("disabled", False) and entry.get("enabled", True) is not False,
        )
    except TypeError as error:
        return Wanted(name=clean, refusal=str(error))


def _name(name: str) -> str:
    """A name of ours that is as near to it as can be."""
    if NAME.fullmatch(name):
        return name
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name, flags=re.ASCII).strip("-_")[:40] or "server"


def _is(data: object) -> bool:
    return isinstance(data, dict)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError("command, args, env and headers should hold texts")


def _list(value: object) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("args should be a list of texts")
    return value


def _table(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("env and headers should be tables of names and texts")
    return {str(name): _text(one) for name, one in value.items()}
