"""What is saved of MCP servers and said of their tools, at hand.

Read from the log's read model after each change, so that a call never waits for SQL.
"""

import logging
from collections.abc import Callable, Mapping

import msgspec

from core.mcp import identity
from core.mcp.server import McpServer
from core.mcp.views import Approved, Policy
from core.secrets import Secrets
from events.projections.mcp_servers import (
    Approval,
    SavedServer,
    ToolPolicy,
    saved_servers,
    standing_approvals,
    tool_policies,
)
from events.store import EventStore

log = logging.getLogger(__name__)

HASH_KEY = "mcp-hash-key"


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """What a "yes" is bound to."""

    server: str
    tool: str
    fingerprint: str
    definition: str
    arguments_hash: str = ""

    @property
    def mark(self) -> str:
        """Stands for all of it in a question, and comes back with its answer."""
        return identity.mark(
            self.server, self.tool, self.fingerprint, self.definition, self.arguments_hash
        )


class McpBook:
    """Every saved server. One reader and writer: the studio's loop."""

    def __init__(
        self,
        store: EventStore,
        secrets: Secrets,
        signed_in: Callable[[McpServer], str] = lambda server: "",
    ) -> None:
        """`signed_in`: a mark of who is signed in at a server; empty: nobody is."""
        self._store = store
        self._secrets = secrets
        self._signed_in = signed_in
        self._servers: dict[str, McpServer] = {}
        self._policies: dict[tuple[str, str], ToolPolicy] = {}
        self._approvals: tuple[Approval, ...] = ()
        self._fingerprints: dict[tuple[str, str], str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read it all again; a server this version can not read is passed over, loudly."""
        with self._store.reading() as connection:
            servers = saved_servers(connection)
            policies = tool_policies(connection)
            self._approvals = tuple(standing_approvals(connection))
        self._servers = {one.name: server for one in servers if (server := _readable(one))}
        self._policies = {(one.server, one.tool): one for one in policies}
        self._fingerprints.clear()

    def servers(self) -> tuple[McpServer, ...]:
        """Sorted by name."""
        return tuple(self._servers.values())

    def server(self, name: str) -> McpServer | None:
        """The server of that name, if there is one."""
        return self._servers.get(name)

    def approvals(self) -> tuple[Approval, ...]:
        """Those that stand, oldest first."""
        return self._approvals

    def values(self, server: McpServer) -> dict[str, str]:
        """The values of its environment and its headers, by name. Never to be shown."""
        kept = {**server.env, **server.headers}
        found = {name: self._secrets.get(under) for name, under in kept.items()}
        return {name: value for name, value in found.items() if value is not None}

    def fingerprint(self, name: str) -> str:
        """Of what the server is started with; empty when there is none.

        What its environment holds is part of it, hashed with a key of this home: a tool that reads
        files is another tool when the variable that says which ones is another. So is who signed
        in there: what was approved for one account is asked for again of the next.
        """
        server = self._servers.get(name)
        if server is None:
            return ""
        who = self._signed_in(server)
        if (name, who) not in self._fingerprints:
            self._fingerprints[name, who] = self._fingerprint(server, who)
        return self._fingerprints[name, who]

    def _fingerprint(self, server: McpServer, who: str) -> str:
        values = self.values(server)
        held: dict[str, object] = {name: values.get(name, "") for name in server.env}
        if who:
            held = {"env": held, "signed in": who}
        return identity.fingerprint(server, self.arguments_hash(held) if held else "")

    def arguments_hash(self, arguments: Mapping[str, object]) -> str:
        """Of a call's arguments, with the key of this home."""
        return identity.arguments_hash(self._secrets.ensure(HASH_KEY), arguments)

    def policy(self, bound: Bound) -> Policy:
        """What holds now. `always` of another server or tool than this is `ask`."""
        said = self._policies.get((bound.server, bound.tool))
        match said.policy if said else "ask":
            case "never":
                return "never"
            case "always" if said and _same(said, bound):
                return "always"
            case _:
                return "ask"

    def has_changed(self, bound: Bound) -> bool:
        """Whether `always` was said of another definition of the tool."""
        said = self._policies.get((bound.server, bound.tool))
        return said is not None and said.policy == "always" and not _same(said, bound)

    def approved(self, bound: Bound, conversation_id: str) -> Approved:
        """By which standing approval exactly this call may go on; empty: by none."""
        found: set[str] = set()
        for one in self._approvals:
            same = (one.server, one.tool) == (bound.server, bound.tool) and _same(one, bound)
            if same and one.arguments_hash == bound.arguments_hash:
                here = one.conversation_id == conversation_id and conversation_id != ""
                if one.scope == "always" or here:
                    found.add(one.scope)
        return "always" if "always" in found else "conversation" if found else ""


def _same(said: ToolPolicy | Approval, bound: Bound) -> bool:
    known = bound.fingerprint != "" and bound.definition != ""
    return known and (said.fingerprint, said.definition) == (bound.fingerprint, bound.definition)


def _readable(saved: SavedServer) -> McpServer | None:
    """The stored server as ours; fields of a newer version are passed over."""
    known = {name: saved.data[name] for name in McpServer.__struct_fields__ if name in saved.data}
    try:
        return msgspec.convert(known, McpServer)
    except msgspec.ValidationError as error:
        log.error("the MCP server %s can not be read: %s", saved.name, error)
        return None
