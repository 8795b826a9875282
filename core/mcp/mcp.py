"""MCP as the rest of the studio sees it: saved servers, their sessions, calls of their tools."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from core.clock import Clock
from core.errors import Refused, Unavailable
from core.mcp.book import McpBook
from core.mcp.calls import Calls
from core.mcp.desk import McpDesk
from core.mcp.failing import McpFailure
from core.mcp.kept import Kept
from core.mcp.naming import offered_name
from core.mcp.offer import NOTHING
from core.mcp.opening import Opening
from core.mcp.servers import Servers
from core.mcp.session import Session
from core.mcp.sign_ins import SignIns
from core.mcp.views import McpServerDetail, Policy, StandingApproval, ToolView
from core.secrets import Secrets
from events.facts import McpServerSignedOut
from events.projections.tool_calls import call_counts
from events.store import EventStore

if TYPE_CHECKING:
    from core.mcp.asked import PromptAnswer, ResourcePart

T = TypeVar("T")


class Mcp:
    """Made by the composition root; does nothing before `run`. Loop-bound."""

    def __init__(
        self,
        store: EventStore,
        secrets: Secrets,
        clock: Clock,
        folder: Path,
        demand_change: Callable[[], None] = lambda: None,
        *,
        redirect: str,
    ) -> None:
        """`folder`: where programs run that name no other; `redirect`: where browsers come back
        from signing in.
        """
        self._store = store
        kept = Kept(secrets, clock, self._sign_in_ended)
        self.book = McpBook(store, secrets, kept.mark_of)
        self.servers = Servers(
            store=store,
            book=self.book,
            secrets=secrets,
            opening=Opening(
                book=self.book, clock=clock, folder=folder, nonce=self._nonce, kept=kept
            ),
            kept=kept,
            clock=clock,
        )
        self.sign_ins = SignIns(
            store=store,
            book=self.book,
            servers=self.servers,
            kept=kept,
            clock=clock,
            redirect=redirect,
            demand_change=demand_change,
        )
        self.calls = Calls(store=store, book=self.book, servers=self.servers, clock=clock)
        self.desk = McpDesk(
            store=store,
            book=self.book,
            secrets=secrets,
            saved=self._saved,
            demand_change=demand_change,
        )

    async def run(self) -> None:
        """Start what is enabled, and look after it; until cancelled, after `close`."""
        await self.calls.settle()
        await self.servers.run()

    async def close(self) -> None:
        """Return when no call is under way and no server of ours runs."""
        await self.sign_ins.close()
        await self.calls.close()
        await self.servers.close()

    # looking

    def detail(self, name: str) -> McpServerDetail:
        """A server with everything it offers. Raises NotFound."""
        view = self.servers.view(name)
        session = self.servers.session(name)
        offer = session.offer if session else NOTHING
        return McpServerDetail(
            **msgspec.structs.asdict(view),
            tool_list=self._tools(name, session),
            resource_list=offer.resources,
            prompt_list=offer.prompts,
            instructions=offer.instructions,
        )

    def approvals(self) -> tuple[StandingApproval, ...]:
        """The calls that need not be asked for again, newest first."""
        found = [
            StandingApproval(
                approval_id=one.approval_id,
                server=one.server,
                tool=one.tool,
                arguments=self.calls.arguments_of(one.approval_id),
                arguments_hash=one.arguments_hash,
                approved_at=one.given_at,
                approved_by=one.given_by,
                valid=one.fingerprint == self.book.fingerprint(one.server)
                and self._definition(one.server, one.tool) in ("", one.definition),
            )
            for one in self.book.approvals()
            if one.scope == "always"
        ]
        return tuple(reversed(found))

    def _definition(self, server: str, tool: str) -> str:
        """Of the tool as it is offered now; empty while nobody knows."""
        session = self.servers.session(server)
        if session is None or session.state != "ready":
            return ""
        offered = session.offer.tool(tool)
        return offered.definition if offered else "gone"

    def _tools(self, name: str, session: Session | None) -> tuple[ToolView, ...]:
        with self._store.reading() as connection:
            counts = call_counts(connection, name)
        found = []
        for tool in session.offer.tools if session else ():
            bound, count = self.calls.bound(name, tool), counts.get(tool.tool)
            found.append(
                ToolView(
                    tool=tool.tool,
                    name=offered_name(name, tool.tool),
                    title=tool.title,
                    description=tool.description,
                    parameters=tool.parameters,
                    policy=self.book.policy(bound),
                    read_only=tool.read_only,
                    destructive=tool.destructive,
                    changed=self.book.has_changed(bound),
                    calls=count.calls if count else 0,
                    last_at=count.last_at if count else None,
                    shown=bound.mark,
                )
            )
        return tuple(found)

    # doing

    async def set_policy(
        self, server: str, tool: str, policy: Policy, shown: str = "", *, actor: str
    ) -> None:
        """What a tool may do from now on; `always` of the tool as it is offered now.

        `shown`: as its view told it; empty: whatever it is. Raises Refused when it is another.
        """
        self.servers.view(server)
        session = self.servers.session(server)
        offered = session.offer.tool(tool) if session else None
        bound = self.calls.bound(server, offered) if offered else None
        if policy == "always" and bound is not None and shown not in ("", bound.mark):
            raise Refused(
                f"the tool {tool} was changed while it was looked at",
                code="tool-changed",
                next_action="Read what it says of itself now, and choose again.",
            )
        await self.desk.set_policy(server, tool, policy, bound, actor=actor)
        self.calls.look_again()

    async def read_resource(self, server: str, uri: str) -> tuple["ResourcePart", ...]:
        """What stands there. Raises NotFound, Refused."""
        from core.mcp.asked import read_resource

        return await self._ask(server, lambda session: read_resource(session, uri))

    async def fill_prompt(
        self, server: str, prompt: str, arguments: dict[str, str]
    ) -> "PromptAnswer":
        """A prompt with these in its places. Raises NotFound, Refused."""
        from core.mcp.asked import fill_prompt

        return await self._ask(server, lambda session: fill_prompt(session, prompt, arguments))

    def _nonce(self, server: str) -> str:
        return self.servers.nonce(server)

    def _saved(self, name: str, anew: bool, actor: str) -> None:
        self.sign_ins.follow(name)
        self.servers.saved(name, anew, actor)

    def _sign_in_ended(self, name: str, reason: str) -> None:
        self.servers.record(name, McpServerSignedOut(name=name, reason=reason), "system")

    async def _ask(self, server: str, ask: Callable[[Session], Awaitable[T]]) -> T:
        self.servers.view(server)
        session = self.servers.session(server)
        if session is None or session.state != "ready":
            raise Refused(
                f"the server {server} is not ready",
                code="mcp-not-ready",
                next_action="Start it first.",
            )
        try:
            async with asyncio.timeout(session.server.timeout_s):
                return await ask(session)
        except TimeoutError:
            raise Unavailable(
                f"{server} did not answer within {session.server.timeout_s:.0f} s",
                code="mcp-timed-out",
            ) from None
        except McpFailure as failure:
            raise Refused(
                failure.message, code=failure.code, next_action=failure.next_action
            ) from None
