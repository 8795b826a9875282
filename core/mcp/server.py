"""The saved MCP server: what it is started with, and what is wrong with that.

Values of its environment and headers lie in `core.secrets`; here stand only their names. In
arguments, address and headers `${NAME}` stands for such a value.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec

from core.mcp.views import Transport
from core.recipes.problem import Problem, doubtful, wrong

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
LONGEST_S = 3600.0
MOST_ARGS = 200
LONGEST = 8192  # characters of an argument, an address, a value
OURS = ("VLLM_STUDIO_",)  # variables that are nobody else's
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TRANSPORT_HEADERS = frozenset(
    ["host", "content-length", "content-type", "accept", "mcp-session-id", "mcp-protocol-version"]
)


class McpServer(msgspec.Struct, frozen=True, kw_only=True):
    """As it is saved; `env` and `headers`: names, each with the name its value is kept under."""

    name: str
    transport: Transport
    command: str = ""
    args: tuple[str, ...] = ()
    cwd: str = ""
    url: str = ""
    env: dict[str, str] = msgspec.field(default_factory=dict)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    enabled: bool = True
    timeout_s: float = 60.0

    @property
    def says_who_asks(self) -> bool:
        """Whether a header was given that does; then nobody signs in."""
        return any(name.lower() == "authorization" for name in self.headers)

    @property
    def recipient(self) -> tuple[str, ...]:
        """Whom its secrets were given to: the program, or the host behind the URL."""
        return (self.transport, self.command, "/".join(self.url.split("/")[:3]))


def problems_of(server: McpServer) -> Iterator[Problem]:
    """What is wrong with it, or worth a second look."""
    if NAME.fullmatch(server.name) is None:
        yield wrong(
            "name",
            f"{server.name!r:.60} can not be a server's name: letters, digits, '-' and '_', "
            "at most 40, with a letter or digit at the beginning",
        )
    if not 1 <= server.timeout_s <= LONGEST_S:
        yield wrong("timeout_s", f"timeout_s should be 1 to {LONGEST_S:.0f} seconds")
    yield from _names(server)
    if server.transport == "stdio":
        yield from _program(server)
    else:
        yield from _address(server)
    known = server.env.keys() | server.headers.keys()
    for where, text in (("url", server.url), *(("args", one) for one in server.args)):
        for name in PLACE.findall(text):
            if name not in known:
                yield wrong(where, f"{where} names ${{{name}}}, but env has no {name}")


def _names(server: McpServer) -> Iterator[Problem]:
    for name in server.env:
        if VARIABLE.fullmatch(name) is None or name.startswith(OURS):
            yield wrong(f"env.{name:.60}", f"{name!r:.60} can not be the name of a variable")
    for name in server.headers:
        if HEADER.fullmatch(name) is None or name.lower() in TRANSPORT_HEADERS:
            yield wrong(f"headers.{name:.60}", f"{name!r:.60} can not be set as a header")
        elif name in server.env:
            yield wrong(f"headers.{name}", f"{name!r} stands in env and in headers")


def _program(server: McpServer) -> Iterator[Problem]:
    if not _is_line(server.command):
        yield wrong("command", "a stdio server needs the program to start as its command")
    elif server.command != server.command.strip():
        yield wrong("command", "command has spaces around it")
    if len(server.args) > MOST_ARGS or not all(_is_argument(one) for one in server.args):
        yield wrong("args", f"args should be at most {MOST_ARGS} texts of at most {LONGEST} signs")
    if server.url or server.headers:
        yield wrong("url", "a stdio server has no url and no headers")
    if server.cwd and (not _is_line(server.cwd) or not server.cwd.startswith(("/", "~"))):
        yield wrong("cwd", "cwd should be a whole path, beginning with / or ~")


def _address(server: McpServer) -> Iterator[Problem]:
    if server.command or server.args or server.cwd:
        yield wrong("command", "a server at a url is not started: it has no command and no args")
    try:
        parts = urlsplit(server.url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not _is_line(server.url):
        yield wrong("url", "url should be an address such as https://host/mcp")
    elif parts.username or parts.password or parts.fragment:
        yield wrong("url", "url holds more than an address; give user and password as a header")
    elif parts.scheme == "http" and host not in LOOPBACK and (server.headers or server.env):
        yield doubtful("url", "Its secrets and every call travel there unencrypted")
    else:
        bare = [name for name, value in parse_qsl(parts.query) if not PLACE.fullmatch(value)]
        if bare:
            yield doubtful("url", f"what stands after the '?' is shown and recorded: {bare[0]}")


def _is_line(text: str) -> bool:
    return bool(text) and text.isprintable() and len(text) <= LONGEST


def _is_argument(text: str) -> bool:
    return len(text) <= LONGEST and "\0" not in text


def filled(text: str, values: dict[str, str]) -> str:
    """`text` with each `${NAME}` that has a value replaced by it."""
    return PLACE.sub(lambda place: values.get(place[1], place[0]), text)
