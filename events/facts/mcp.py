"""Facts about MCP servers and calls of their tools.

Streams: `mcp-<name>` for a server, `tool-calls` for what was called. Of environment and headers
only names come here, each with the name under which its value is kept; of a call's arguments only
a hash that is keyed with a secret of this home, and of its result only how long it was.
"""

import msgspec

from events.facts.base import Fact


class McpServerSaved(Fact, frozen=True, kw_only=True, tag="mcp-server-saved"):
    """The MCP server {name} was saved ({transport})."""

    name: str
    transport: str  # stdio | http
    command: str = ""
    args: tuple[str, ...] = ()
    cwd: str = ""
    url: str = ""
    # a variable's name → the name under which its value is kept; the same of an HTTP header
    env: dict[str, str] = msgspec.field(default_factory=dict)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    enabled: bool = True
    timeout_s: float = 60.0  # for one call


class McpServerRemoved(Fact, frozen=True, kw_only=True, tag="mcp-server-removed"):
    """The MCP server {name} was removed."""

    name: str


class McpServerConnected(Fact, frozen=True, kw_only=True, tag="mcp-server-connected"):
    """The MCP server {name} is ready after {seconds:.1f} s, with {tools} tools."""

    name: str
    fingerprint: str  # of what it is started with
    version: str = ""  # what it calls itself
    tools: int
    pid: int | None = None
    seconds: float


class McpServerFailed(Fact, frozen=True, kw_only=True, tag="mcp-server-failed"):
    """The MCP server {name} failed: {reason}."""

    name: str
    reason: str
    code: str


class McpServerStopped(Fact, frozen=True, kw_only=True, tag="mcp-server-stopped"):
    """The MCP server {name} was stopped: {reason}."""

    name: str
    reason: str


class McpServerSignedIn(Fact, frozen=True, kw_only=True, tag="mcp-server-signed-in"):
    """Somebody signed in to the MCP server {name} at {issuer}."""

    name: str
    issuer: str  # who asked who it was, and gave the tokens; they are kept as secrets
    scope: str = ""  # what the tokens allow, in the server's own words
    renewable: bool = False  # without a person, while the issuer agrees


class McpServerSignedOut(Fact, frozen=True, kw_only=True, tag="mcp-server-signed-out"):
    """The sign-in to the MCP server {name} was forgotten: {reason}."""

    name: str
    reason: str


class McpToolPolicySet(Fact, frozen=True, kw_only=True, tag="mcp-tool-policy-set"):
    """The tool {tool} of {name} may be called: {policy}."""

    name: str  # the server's
    tool: str
    policy: str  # ask | always | never
    fingerprint: str = ""  # of the server and
    definition: str = ""  # of the tool for which "always" was said; another one is asked for


class ToolCallRequested(Fact, frozen=True, kw_only=True, tag="tool-call-requested"):
    """A call of {tool} of {server} was asked for."""

    call_id: str
    server: str
    tool: str
    arguments_hash: str
    conversation_id: str = ""
    reply_id: str = ""


class ToolCallApproved(Fact, frozen=True, kw_only=True, tag="tool-call-approved"):
    """The call of {tool} of {server} was approved ({scope})."""

    call_id: str
    server: str
    tool: str
    scope: str  # once | conversation | always
    conversation_id: str = ""
    fingerprint: str  # what was approved: this server,
    definition: str  # this tool
    arguments_hash: str  # with these arguments


class ToolCallDenied(Fact, frozen=True, kw_only=True, tag="tool-call-denied"):
    """The call of {tool} of {server} was denied by {by}."""

    call_id: str
    server: str
    tool: str
    by: str  # person | policy


class ToolCallFinished(Fact, frozen=True, kw_only=True, tag="tool-call-finished"):
    """The call of {tool} of {server} ended: {outcome}."""

    call_id: str
    server: str
    tool: str
    outcome: str  # done | failed | denied | timed-out | cancelled
    code: str = ""  # why it failed
    duration_ms: float = 0.0  # of the call itself
    bytes: int = 0  # of the answer
    truncated: int = 0  # bytes of it that the model was not told
    approved: str = ""  # once | conversation | always | policy


class ToolApprovalWithdrawn(Fact, frozen=True, kw_only=True, tag="tool-approval-withdrawn"):
    """The standing approval {approval_id} for {tool} of {server} was withdrawn."""

    approval_id: str  # the call that it was given for
    server: str
    tool: str
