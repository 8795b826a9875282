"""`/api/mcp`: servers of tools, and calls of their tools. For the owner of this machine alone.

To save a server over stdio means to have a program run. Secrets go in here and never come out.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post, put
from litestar.params import HeaderParameter
from litestar.response import Stream

from core.api.asking import Asking
from core.api.control import demand_owner
from core.api.sse import numbered, seen, sse_response
from core.application import Application
from core.errors import Invalid
from core.mcp.desk import Import
from core.mcp.server import McpServer
from core.mcp.server_log import ServerLog
from core.mcp.sign_ins import SignInAddress
from core.mcp.views import (
    CallState,
    LogLine,
    McpServerDetail,
    McpServerView,
    Policy,
    Scope,
    StandingApproval,
    Transport,
)
from core.recipes.problem import Problem

WHAT = "use MCP servers"


class McpServerList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/mcp/servers, by name."""

    servers: tuple[McpServerView, ...]


class McpServerWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of PUT /api/mcp/servers/{name}. A value that is null is kept as it is."""

    transport: Transport
    command: str = ""
    args: tuple[str, ...] = ()
    cwd: str = ""
    url: str = ""
    env: dict[str, str | None] = {}
    headers: dict[str, str | None] = {}
    enabled: bool = True
    timeout_s: float = 60.0


class McpServerSavedView(msgspec.Struct, frozen=True, kw_only=True):
    """The server as it was saved, and what is worth a second look."""

    server: McpServerView
    problems: tuple[Problem, ...] = ()


class PolicyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of PUT …/tools/{tool}/policy; `shown`: as the tool's view told it, for `always`."""

    policy: Policy
    shown: str = ""


class McpLog(msgspec.Struct, frozen=True, kw_only=True):
    """Lines with a higher number than `after`; ask again after `next`."""

    lines: tuple[LogLine, ...]
    next: int


class ImportWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /api/mcp/import: an mcp.json; `look`: only say what would be saved."""

    text: str
    look: bool = False
    only: tuple[str, ...] = ()


class ResourceWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST …/resource."""

    uri: str


class McpResourcePart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a resource: a text, or data in base64."""

    uri: str
    mime: str
    text: str | None
    data: str | None
    size: int  # bytes
    truncated: int  # of them left out


class McpResource(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at an address of a server."""

    contents: tuple[McpResourcePart, ...]


class PromptWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST …/prompt."""

    prompt: str
    arguments: dict[str, str] = {}


class McpPromptMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a prompt."""

    role: str
    text: str


class McpPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt with its places filled."""

    description: str
    messages: tuple[McpPromptMessage, ...]


class CallList(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that ask or run, then about a hundred that ended, newest first."""

    calls: tuple[CallState, ...]


class ApproveWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /api/mcp/calls/{call_id}/approve.

    `shown`: as the call's state told it; an approval of something else than stands now is refused.
    Without it, what was first asked is approved, and refused when anything of that has changed.
    """

    scope: Scope = "once"
    shown: str = ""


class DenyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /api/mcp/calls/{call_id}/deny; the model is told the reason."""

    reason: str = ""


class ApprovalList(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that need not be asked for again, newest first."""

    approvals: tuple[StandingApproval, ...]


@get("/mcp/servers")
async def list_servers(application: Application, asking: Asking) -> McpServerList:
    """Every saved server, and how it is."""
    demand_owner(asking, WHAT)
    return McpServerList(servers=application.mcp.servers.views())


@get("/mcp/servers/{name:str}")
async def show_server(application: Application, asking: Asking, name: str) -> McpServerDetail:
    """One server with its tools, resources and prompts."""
    demand_owner(asking, WHAT)
    return application.mcp.detail(name)


@put("/mcp/servers/{name:str}")
async def save_server(
    application: Application, asking: Asking, name: str, data: McpServerWish
) -> McpServerSavedView:
    """Save it, new or changed; it is started when it is enabled."""
    demand_owner(asking, WHAT)
    server = McpServer(
        name=name,
        transport=data.transport,
        command=data.command,
        args=data.args,
        cwd=data.cwd,
        url=data.url,
        env=dict.fromkeys(data.env, ""),
        headers=dict.fromkeys(data.headers, ""),
        enabled=data.enabled,
        timeout_s=data.timeout_s,
    )
    problems = await application.mcp.desk.save(
        server, {**data.env, **data.headers}, actor=asking.actor
    )
    return McpServerSavedView(server=application.mcp.servers.view(name), problems=problems)


@delete("/mcp/servers/{name:str}", status_code=204)
async def remove_server(application: Application, asking: Asking, name: str) -> None:
    """End it, and forget it with its secrets and all that was said of its tools."""
    demand_owner(asking, WHAT)
    await application.mcp.desk.remove(name, actor=asking.actor)


@post("/mcp/servers/{name:str}/start", status_code=202)
async def start_server(application: Application, asking: Asking, name: str) -> McpServerView:
    """Have it run; one that failed is tried at once."""
    demand_owner(asking, WHAT)
    application.mcp.servers.there(name).start(actor=asking.actor)
    return application.mcp.servers.view(name)


@post("/mcp/servers/{name:str}/stop", status_code=202)
async def stop_server(application: Application, asking: Asking, name: str) -> McpServerView:
    """Have it rest until it is started, or the studio is."""
    demand_owner(asking, WHAT)
    application.mcp.servers.there(name).stop(actor=asking.actor)
    return application.mcp.servers.view(name)


@post("/mcp/servers/{name:str}/restart", status_code=202)
async def restart_server(application: Application, asking: Asking, name: str) -> McpServerView:
    """End it and begin again."""
    demand_owner(asking, WHAT)
    application.mcp.servers.there(name).restart(actor=asking.actor)
    return application.mcp.servers.view(name)


@post("/mcp/servers/{name:str}/sign-in", status_code=201)
async def sign_in(application: Application, asking: Asking, name: str) -> SignInAddress:
    """Where a person signs in at it; the browser comes back to us by itself."""
    demand_owner(asking, WHAT)
    return await application.mcp.sign_ins.begin(name, actor=asking.actor)


@delete("/mcp/servers/{name:str}/sign-in", status_code=204)
async def sign_out(application: Application, asking: Asking, name: str) -> None:
    """Forget what a sign-in gave, and end one that is under way."""
    demand_owner(asking, WHAT)
    await application.mcp.sign_ins.sign_out(name, actor=asking.actor)


@put("/mcp/servers/{name:str}/tools/{tool:path}")
async def set_policy(
    application: Application, asking: Asking, name: str, tool: str, data: PolicyWish
) -> McpServerDetail:
    """Ask, always or never; the address ends in `/policy`."""
    demand_owner(asking, WHAT)
    which, _, last = tool.lstrip("/").rpartition("/")
    if last != "policy" or not which:
        raise Invalid("the address of a policy ends in /policy", code="mcp-tool")
    await application.mcp.set_policy(name, which, data.policy, data.shown, actor=asking.actor)
    return application.mcp.detail(name)


@get("/mcp/servers/{name:str}/log")
async def read_log(application: Application, asking: Asking, name: str, after: int = 0) -> McpLog:
    """What it wrote beside its protocol, masked."""
    demand_owner(asking, WHAT)
    lines = application.mcp.servers.log_of(name).since(after)
    return McpLog(lines=lines, next=lines[-1].number if lines else after)


@get("/mcp/servers/{name:str}/log/stream")
async def follow_server_log(
    application: Application,
    asking: Asking,
    name: str,
    after: int = 0,
    last_event_id: Annotated[str | None, HeaderParameter(name="last-event-id")] = None,
) -> Stream:
    """The same, and then each line as it is written; ends when the server is removed."""
    demand_owner(asking, WHAT)
    start = seen(last_event_id)
    lines = _told(application.mcp.servers.log_of(name), after if start is None else start)
    return sse_response(numbered("lines", lines, application.stopping))


async def _told(written: ServerLog, after: int) -> AsyncGenerator[tuple[int, McpLog]]:
    async with aclosing(written.follow(after)) as following:
        async for lines in following:
            yield lines[-1].number, McpLog(lines=lines, next=lines[-1].number)


@post("/mcp/import", status_code=200)
async def import_servers(application: Application, asking: Asking, data: ImportWish) -> Import:
    """Servers of an mcp.json, as Claude Desktop, LM Studio, Cursor and VS Code write it."""
    demand_owner(asking, WHAT)
    return await application.mcp.desk.read(
        data.text, look=data.look, only=data.only, actor=asking.actor
    )


@post("/mcp/servers/{name:str}/resource", status_code=200)
async def read_resource(
    application: Application, asking: Asking, name: str, data: ResourceWish
) -> McpResource:
    """What stands at an address of the server's."""
    demand_owner(asking, WHAT)
    parts = await application.mcp.read_resource(name, data.uri)
    return McpResource(
        contents=tuple(McpResourcePart(**msgspec.structs.asdict(part)) for part in parts)
    )


@post("/mcp/servers/{name:str}/prompt", status_code=200)
async def fill_prompt(
    application: Application, asking: Asking, name: str, data: PromptWish
) -> McpPrompt:
    """A text that the server has ready, with these in its places."""
    demand_owner(asking, WHAT)
    answer = await application.mcp.fill_prompt(name, data.prompt, data.arguments)
    messages = tuple(McpPromptMessage(role=one.role, text=one.text) for one in answer.messages)
    return McpPrompt(description=answer.description, messages=messages)


@get("/mcp/calls")
async def list_calls(application: Application, asking: Asking) -> CallList:
    """Calls that ask, run, or have ended lately."""
    demand_owner(asking, WHAT)
    return CallList(calls=application.mcp.calls.states())


@post("/mcp/calls/{call_id:str}/approve", status_code=200)
async def approve_call(
    application: Application, asking: Asking, call_id: str, data: ApproveWish
) -> CallState:
    """Let it go on: once, in this conversation, or always with these arguments."""
    demand_owner(asking, WHAT)
    return await application.mcp.calls.approve(call_id, data.scope, data.shown, actor=asking.actor)


@post("/mcp/calls/{call_id:str}/deny", status_code=200)
async def deny_call(
    application: Application, asking: Asking, call_id: str, data: DenyWish
) -> CallState:
    """Have the model told no."""
    demand_owner(asking, WHAT)
    return await application.mcp.calls.deny(call_id, data.reason, actor=asking.actor)


@post("/mcp/calls/{call_id:str}/cancel", status_code=200)
async def cancel_call(application: Application, asking: Asking, call_id: str) -> CallState:
    """End it, whether it asks or runs; the reply goes on."""
    demand_owner(asking, WHAT)
    return application.mcp.calls.cancel(call_id)


@get("/mcp/approvals")
async def list_approvals(application: Application, asking: Asking) -> ApprovalList:
    """Calls that need not be asked for again."""
    demand_owner(asking, WHAT)
    return ApprovalList(approvals=application.mcp.approvals())


@delete("/mcp/approvals/{approval_id:str}", status_code=204)
async def withdraw_approval(application: Application, asking: Asking, approval_id: str) -> None:
    """Ask again for it."""
    demand_owner(asking, WHAT)
    await application.mcp.desk.withdraw(approval_id, actor=asking.actor)


HANDLERS: tuple[Any, ...] = (
    list_servers,
    show_server,
    save_server,
    remove_server,
    start_server,
    stop_server,
    restart_server,
    sign_in,
    sign_out,
    set_policy,
    read_log,
    follow_server_log,
    import_servers,
    read_resource,
    fill_prompt,
    list_calls,
    approve_call,
    deny_call,
    cancel_call,
    list_approvals,
    withdraw_approval,
)
