"""How MCP servers, their tools and calls look to windows, models and the API."""

from typing import Any, Literal

import msgspec

Transport = Literal["stdio", "http"]
ServerState = Literal["off", "starting", "ready", "failed", "needs-sign-in"]
Policy = Literal["ask", "always", "never"]
Scope = Literal["once", "conversation", "always"]
Outcome = Literal["done", "failed", "denied", "timed-out", "cancelled"]
Standing = Literal["asking", "running", "done", "failed", "denied", "timed-out", "cancelled"]
Approved = Literal["once", "conversation", "always", "policy", ""]


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that a model may be told of."""

    name: str  # what the model calls: "<server>__<tool>", [A-Za-z0-9_-]{1,64}, unique
    server: str
    tool: str
    title: str
    description: str
    parameters: dict[str, Any]  # JSON Schema
    policy: Policy  # "never" is not offered


class CallWish(msgspec.Struct, frozen=True, kw_only=True):
    """A call that somebody wants, mostly a model."""

    call_id: str  # unique for good, whatever the model called it
    conversation_id: str
    reply_id: str
    name: str  # as it was offered
    arguments: dict[str, Any]


class CallState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call stands, for windows."""

    call_id: str
    conversation_id: str
    reply_id: str
    server: str
    tool: str
    arguments: dict[str, Any]
    arguments_hash: str
    state: Standing
    since: int  # µs since the epoch
    reason: str = ""
    ended_at: int | None = None
    duration_ms: float = 0.0  # of the call itself, once it has ended
    bytes: int = 0  # of the answer
    truncated: int = 0
    approved: Approved = ""
    shown: str = ""  # while it asks: stands for what is asked, and is sent back with a "yes"
    description: str = ""  # while it asks: what the tool says of itself


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that a tool answered with."""

    mime: str
    base64: str


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call. Whatever happened, `text` says it to the model."""

    outcome: Outcome
    text: str
    truncated: int = 0  # bytes left out
    images: tuple[Image, ...] = ()
    duration_ms: float = 0.0  # of the call itself, without the wait for an approval
    approved: Approved = ""


class McpServerView(msgspec.Struct, frozen=True, kw_only=True):
    """One saved server and how it is. Of secrets only the names."""

    name: str
    transport: Transport
    command: str = ""
    args: tuple[str, ...] = ()
    cwd: str = ""
    url: str = ""
    env: tuple[str, ...] = ()  # names
    headers: tuple[str, ...] = ()  # names
    enabled: bool
    timeout_s: float
    state: ServerState
    since: int  # µs since the epoch
    problem: str = ""
    next_action: str = ""
    version: str = ""  # what it calls itself, and its version
    tools: int = 0
    resources: int = 0
    prompts: int = 0
    restarts: int = 0  # since the studio started, without those that were asked for
    pid: int | None = None
    ping_ms: float | None = None  # how long its last sign of life took
    signed_in: bool = False  # somebody signed in there, and what that gave is kept


class ToolView(msgspec.Struct, frozen=True, kw_only=True):
    """One tool of a server. `read_only` and `destructive` are its own words, no promise."""

    tool: str
    name: str  # as a model calls it
    title: str
    description: str
    parameters: dict[str, Any]
    policy: Policy
    read_only: bool | None = None
    destructive: bool | None = None
    changed: bool = False  # another definition than the one its "always" policy was given for
    calls: int = 0
    last_at: int | None = None  # µs since the epoch
    shown: str = ""  # stands for this tool of this server, and is sent back with "always"


class ResourceView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a server lets be read; `template`: the uri has places to fill."""

    uri: str
    name: str
    title: str = ""
    description: str = ""
    mime: str = ""
    size: int | None = None  # bytes, where the server says it
    template: bool = False


class PromptArgument(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt has to be told."""

    name: str
    description: str = ""
    required: bool = False


class PromptView(msgspec.Struct, frozen=True, kw_only=True):
    """A text that a server has ready."""

    name: str
    title: str = ""
    description: str = ""
    arguments: tuple[PromptArgument, ...] = ()


class McpServerDetail(McpServerView, frozen=True, kw_only=True):
    """A server with everything that it offers."""

    tool_list: tuple[ToolView, ...] = ()
    resource_list: tuple[ResourceView, ...] = ()
    prompt_list: tuple[PromptView, ...] = ()
    instructions: str = ""  # the server's own words about how it wants to be used


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a server wrote beside its protocol, masked."""

    number: int  # goes up by one; never used twice, also by a later run
    at: int  # µs since the epoch
    source: Literal["stderr", "stdout", "message", "studio"]
    text: str


class StandingApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A call that need not be asked for again while all of it stays the same."""

    approval_id: str
    server: str
    tool: str
    arguments: dict[str, Any] | None = None  # known while the studio that was told them runs
    arguments_hash: str
    approved_at: int  # µs since the epoch
    approved_by: str
    valid: bool  # the server and the tool are what they were, as far as is known now
