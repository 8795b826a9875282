"""What may be asked of saved servers and of what was said of their tools. Each may be refused."""

import msgspec

from core.mcp.server import McpServer
from core.mcp.views import Policy


class SaveServer(msgspec.Struct, frozen=True, kw_only=True):
    """Save it, new or changed; values of its environment and headers were put aside before."""

    server: McpServer


class RemoveServer(msgspec.Struct, frozen=True, kw_only=True):
    """Forget it, and all that was said of its tools."""

    name: str


class SetPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Say whether a tool is asked for; `always` holds for this server and definition alone."""

    name: str
    tool: str
    policy: Policy
    fingerprint: str = ""
    definition: str = ""  # empty: nobody knows the tool now


McpCommand = SaveServer | RemoveServer | SetPolicy
