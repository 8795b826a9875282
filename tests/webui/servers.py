"""The stand-in's MCP servers: what they offer, calls that wait, and what a person says to them."""

import itertools
import json
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tests.webui import props
from tests.webui.fake_studio import FakeStudio, Json, body_of

Asked = Request[Any, Any, Any]

SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "description": "Where it lies, below the allowed folder."},
        "head": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
    },
    "required": ["path"],
}


def server(name: str, **more: Any) -> Json:
    """A row, ready unless said otherwise."""
    return {
        "name": name,
        "transport": "stdio",
        "command": "npx",
        "args": ["-y", f"@modelcontextprotocol/server-{name}"],
        "cwd": "",
        "url": "",
        "env": [],
        "headers": [],
        "enabled": True,
        "timeout_s": 60.0,
        "state": "ready",
        "since": props.now() - 754_000_000,
        "problem": "",
        "next_action": "",
        "version": f"{name} 0.6.2",
        "tools": 0,
        "resources": 0,
        "prompts": 0,
        "restarts": 0,
        "pid": 4711,
        "ping_ms": 3.2,
        "signed_in": False,
    } | more


def tool(name: str, description: str, **more: Any) -> Json:
    """A tool that is asked for before each call."""
    return {
        "tool": name,
        "name": f"files__{name}",
        "title": "",
        "description": description,
        "parameters": SCHEMA,
        "policy": "ask",
        "read_only": None,
        "destructive": None,
        "changed": False,
        "calls": 0,
        "last_at": None,
    } | more


TOOLS = [
    tool(
        "read_text_file",
        "Read a file as text. The whole file, or its first lines.",
        title="Read a text file",
        read_only=True,
        policy="always",
        calls=41,
        last_at=props.now() - 90_000_000,
    ),
    tool("list_directory", "What lies in a folder, one line each.", read_only=True, calls=12),
    tool("write_file", "Create a file, or overwrite the one that is there.", destructive=True),
    tool(
        "move_file",
        "Move or rename. " + "It fails where something stands already. " * 8,
        destructive=True,
        policy="never",
    ),
]


class Servers:
    """Every server, and every call."""

    def __init__(self, studio: FakeStudio) -> None:
        self.studio = studio
        self.numbers = itertools.count(1)
        some = bool(studio.status["recipes"])
        self.views: dict[str, Json] = {one["name"]: one for one in given()} if some else {}
        self.tools = [dict(one) for one in TOOLS]
        self.calls: list[Json] = ended() if some else []
        self.approvals: list[Json] = standing() if some else []

    def told(self, type_: str, **data: Any) -> None:
        """A fact, for whoever follows."""
        self.studio.record(type_, type_, actor="window", stream="mcp-calls", **data)

    def ask(self, tool_name: str, arguments: Json) -> Json:
        """A call that waits."""
        call = call_of(f"call-{next(self.numbers)}", "files", tool_name, arguments, "asking")
        self.calls.insert(0, call)
        self.told("tool-call-requested", call_id=call["call_id"])
        return call

    def answer(self, call_id: str, state: str, **more: Any) -> None:
        """A person has spoken."""
        call = next(one for one in self.calls if one["call_id"] == call_id)
        call |= {"state": state, "duration_ms": 12.5} | more
        self.told("tool-call-finished", call_id=call_id)


def given() -> list[Json]:
    """One that is ready, one elsewhere, one that failed, one that is off."""
    return [
        server("files", tools=4, resources=2, prompts=1, env=["API_TOKEN"]),
        server(
            "search",
            transport="http",
            command="",
            args=[],
            url="https://search.example/mcp",
            headers=["Authorization"],
            tools=2,
            pid=None,
            version="search 2.1",
        ),
        server(
            "database",
            state="failed",
            problem="the server ended before it said who it is: exit status 127",
            next_action="look at its log; the command may be missing on this machine",
            restarts=3,
            pid=None,
            version="",
        ),
        server(
            "time", state="off", enabled=False, command="uvx", args=["mcp-server-time"], pid=None
        ),
    ]


def call_of(call_id: str, server_: str, tool_: str, arguments: Json, state: str) -> Json:
    """A call as windows see it."""
    return {
        "call_id": call_id,
        "conversation_id": "id-1",
        "reply_id": "r-1",
        "server": server_,
        "tool": tool_,
        "arguments": arguments,
        "arguments_hash": "9f2c41d07b6a55e1",
        "state": state,
        "since": props.now() - 20_000_000,
        "reason": "",
        "duration_ms": 0.0,
        "ended_at": None,
        "bytes": 0,
        "truncated": 0,
        "approved": "",
    }


def ended() -> list[Json]:
    """Some that ended, each its own way."""
    path = {"path": "notes/2026-11-30.md"}
    return [
        call_of("c-1", "files", "read_text_file", path, "done") | {"duration_ms": 8.4},
        call_of("c-2", "search", "query", {"text": "how far is the moon"}, "timed-out")
        | {"duration_ms": 60_000.0, "reason": "the server did not answer within 60 s"},
        call_of("c-3", "files", "list_directory", {"path": "/"}, "done")
        | {"duration_ms": 310.0, "truncated": 49_800_000},
        call_of("c-4", "files", "write_file", path | {"text": "x" * 200}, "denied"),
    ]


def standing() -> list[Json]:
    """Two approvals, one of which no longer holds."""
    common = {"server": "files", "approved_at": props.now() - 86_400_000_000}
    common |= {"approved_by": "window", "arguments": None}
    return [
        common
        | {"approval_id": "a-1", "tool": "write_file", "arguments_hash": "9f2c41d07b6a55e1"}
        | {"valid": True, "arguments": {"path": "notes/today.md", "text": "Hello"}},
        common
        | {"approval_id": "a-2", "tool": "list_directory", "arguments_hash": "11d07b6a55e19f2c"}
        | {"valid": False},
    ]


def server_handlers(studio: FakeStudio) -> list[Any]:
    """Every route of servers and calls that the window uses."""
    at: dict[int, Servers] = {}

    def servers() -> Servers:
        """Those of the scene that is shown now."""
        if studio.scenes not in at:
            at.clear()
            at[studio.scenes] = Servers(studio)
        return at[studio.scenes]

    @get("/api/mcp/servers", sync_to_thread=False)
    def listed() -> Json:
        return {"servers": list(servers().views.values())}

    @get("/api/mcp/servers/{name:str}", sync_to_thread=False)
    def detail(name: FromPath[str]) -> Response[Json]:
        view = servers().views.get(name)
        if view is None:
            return Response({"detail": "no such server", "code": "x"}, status_code=404)
        more = {
            "tool_list": servers().tools if name == "files" else [],
            "resource_list": RESOURCES if name == "files" else [],
            "prompt_list": PROMPTS if name == "files" else [],
            "instructions": "Paths are below the allowed folder." if name == "files" else "",
        }
        return Response(view | more)

    @put("/api/mcp/servers/{name:str}", sync_to_thread=False)
    def save(name: FromPath[str], data: JSONBody[Json]) -> Response[Json]:
        studio.asked.append({"path": "/api/mcp/servers", "name": name} | data)
        if not name.replace("-", "").isalnum():
            detail = "a server's name has letters, digits and '-'"
            return Response({"detail": detail, "code": "invalid", "field": "name"}, status_code=400)
        names = {"env": sorted(data["env"]), "headers": sorted(data["headers"])}
        servers().views[name] = server(name) | data | names | {"tools": 1}
        servers().told("mcp-server-saved", name=name)
        return Response({"server": servers().views[name], "problems": []})

    @delete("/api/mcp/servers/{name:str}", status_code=200, sync_to_thread=False)
    def remove(name: FromPath[str]) -> Json:
        servers().views.pop(name)
        servers().told("mcp-server-removed", name=name)
        return {}

    @post("/api/mcp/servers/{name:str}/{how:str}", status_code=200)
    async def turn(request: Asked, name: FromPath[str], how: FromPath[str]) -> Json:
        if how == "resource":
            return {"contents": [CONTENT]}
        if how == "prompt":
            given = (await body_of(request))["arguments"]
            told = f"Please review {given.get('path', '')}."
            return {"messages": [{"role": "user", "text": told}]}
        servers().views[name]["state"] = "off" if how == "stop" else "ready"
        servers().told("mcp-server-stopped", name=name)
        return servers().views[name]

    @put("/api/mcp/servers/{name:str}/tools/{tool_name:str}/policy", sync_to_thread=False)
    def policy(name: FromPath[str], tool_name: FromPath[str], data: JSONBody[Json]) -> Json:
        next(one for one in servers().tools if one["tool"] == tool_name)["policy"] = data["policy"]
        servers().told("mcp-tool-policy-set", name=name, tool=tool_name)
        return {}

    @get("/api/mcp/servers/{name:str}/log", sync_to_thread=False)
    def log(after: FromQuery[int] = 0) -> Json:
        return {"lines": [one for one in LOG if one["number"] > after]}

    @post("/api/mcp/import", status_code=200, sync_to_thread=False)
    def bring(data: JSONBody[Json]) -> Json:
        try:
            found = json.loads(data["text"]).get("mcpServers", {})
        except ValueError as error:
            return {"servers": [], "message": f"this is no JSON: {error}", "line": 1}
        rows = [
            server(name, command=one.get("command", ""), args=one.get("args", []))
            | {"env": sorted(one.get("env", {})), "message": "", "next_action": ""}
            | {"outcome": "changed" if name in servers().views else "new"}
            for name, one in found.items()
        ]
        for row in [] if data["look"] else rows:
            servers().views[row["name"]] = server(row["name"], args=row["args"], env=row["env"])
            servers().told("mcp-server-saved", name=row["name"])
        return {"servers": rows, "message": "", "line": None}

    @get("/api/mcp/calls", sync_to_thread=False)
    def calls() -> Json:
        return {"calls": servers().calls}

    @post("/api/mcp/calls/{call_id:str}/{how:str}", status_code=200)
    async def answer(request: Asked, call_id: FromPath[str], how: FromPath[str]) -> Json:
        studio.asked.append({"path": "/api/mcp/calls", "how": how} | await body_of(request))
        states = {"approve": "done", "deny": "denied", "cancel": "cancelled"}
        servers().answer(call_id, states[how])
        return {}

    @get("/api/mcp/approvals", sync_to_thread=False)
    def approvals() -> Json:
        return {"approvals": servers().approvals}

    @delete("/api/mcp/approvals/{approval_id:str}", status_code=200, sync_to_thread=False)
    def revoke(approval_id: FromPath[str]) -> Json:
        mine = servers()
        mine.approvals = [one for one in mine.approvals if one["approval_id"] != approval_id]
        mine.told("tool-approval-withdrawn")
        return {}

    @post("/_fake/call", status_code=200, sync_to_thread=False)
    def ask(data: JSONBody[Json]) -> Json:
        return servers().ask(data["tool"], data["arguments"])

    handlers: list[Any] = [listed, detail, save, remove, turn, policy, log, bring, calls, answer]
    return [*handlers, approvals, revoke, ask]


RESOURCES = [
    {
        "uri": "file:///notes/readme.md",
        "name": "readme.md",
        "title": "Read me",
        "description": "What lies where.",
        "mime": "text/markdown",
        "size": None,
        "template": False,
    },
    {
        "uri": "file:///notes/{day}.md",
        "name": "a day",
        "title": "Notes of a day",
        "description": "",
        "mime": "text/markdown",
        "size": None,
        "template": True,
    },
]
CONTENT = {
    "uri": "file:///notes/readme.md",
    "mime": "text/markdown",
    "text": "# Notes\n\nOne file a day.",
    "size": 25,
    "truncated": 0,
    "data": None,
}
PROMPTS = [
    {
        "name": "review",
        "title": "Review a file",
        "description": "Asks for a careful look.",
        "arguments": [{"name": "path", "description": "Which one.", "required": True}],
    }
]
LOG: list[Json] = [
    {"number": 1, "at": props.now() - 3_000_000, "source": "studio", "text": "started as 4711"},
    {"number": 2, "at": props.now() - 2_000_000, "source": "stderr", "text": "Secure MCP server"},
    {"number": 3, "at": props.now() - 1_000_000, "source": "stderr", "text": "ERROR: no such file"},
]
