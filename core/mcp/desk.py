"""Where MCP servers are saved, imported and removed, and where is said what their tools may do.

Values of environment and headers are put aside as `mcp.<server>.<NAME>` before the fact is recorded
that names them, and forgotten after: whenever the app is killed, what the log says can be carried
out. A value that is not given again is kept, but never for another program or address than it
was given for.
"""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from core.command_handler import Decider, handle
from core.errors import Invalid, NotFound, StudioError
from core.mcp import decider as rules
from core.mcp.book import Bound, McpBook
from core.mcp.commands import McpCommand, RemoveServer, SaveServer, SetPolicy
from core.mcp.hiding import Taken, args_without, url_without
from core.mcp.importing import NoJson, Wanted, servers_in
from core.mcp.server import LONGEST, McpServer, problems_of
from core.mcp.views import Policy
from core.recipes.problem import Problem
from core.secrets import Secrets
from events.facts import ToolApprovalWithdrawn
from events.store import EventStore

RULES: Decider[McpCommand, rules.State] = Decider(
    initial=rules.initial, decide=rules.decide, evolve=rules.evolve
)
CALLS = "tool-calls"  # the stream of what was called


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What would be saved, or was; of secrets only the names."""

    name: str
    transport: str
    command: str
    args: tuple[str, ...]
    cwd: str
    url: str
    env: tuple[str, ...]
    headers: tuple[str, ...]
    enabled: bool
    outcome: str  # new | changed | same | refused
    message: str = ""
    next_action: str = ""


class Import(msgspec.Struct, frozen=True, kw_only=True):
    """What stood in an mcp.json; `message` and `line` where it could not be read."""

    servers: tuple[Imported, ...] = ()
    message: str = ""
    line: int | None = None


class McpDesk:
    """One wish at a time."""

    def __init__(
        self,
        *,
        store: EventStore,
        book: McpBook,
        secrets: Secrets,
        saved: Callable[[str, bool, str], None] = lambda name, anew, actor: None,
        demand_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`saved` is told which server was saved or removed, whether what it is started with is
        another, and by whom; `demand_change` raises when nothing can be recorded.
        """
        self._store = store
        self._book = book
        self._secrets = secrets
        self._saved = saved
        self._demand_change = demand_change
        self._one_at_a_time = asyncio.Lock()

    async def save(
        self, server: McpServer, values: Mapping[str, str | None], *, actor: str
    ) -> tuple[Problem, ...]:
        """Save it, new or changed. `values`: None keeps the one there is. Raises Invalid.

        `env` and `headers` of `server` say which names there are; what they are kept as is ours.
        Returns what is worth a second look.
        """
        async with self._one_at_a_time:
            return await self._save(server, values, actor)

    async def remove(self, name: str, *, actor: str) -> None:
        """Forget it, its secrets, and all that was said of its tools. Raises NotFound."""
        async with self._one_at_a_time:
            before = self._book.server(name)
            await self._carry_out(name, RemoveServer(name=name), actor)
            for kept in _kept(before):
                self._secrets.delete(kept)
            self._book.refresh()
            self._saved(name, True, actor)

    async def set_policy(
        self, server: str, tool: str, policy: Policy, bound: Bound | None, *, actor: str
    ) -> None:
        """Say what a tool may do; `bound`: as it is offered now. Raises NotFound, Invalid."""
        async with self._one_at_a_time:
            command = SetPolicy(
                name=server,
                tool=tool,
                policy=policy,
                fingerprint=bound.fingerprint if bound else "",
                definition=bound.definition if bound else "",
            )
            await self._carry_out(server, command, actor)
            self._book.refresh()

    async def withdraw(self, approval_id: str, *, actor: str) -> None:
        """Ask again for what was approved for longer. Raises NotFound."""
        async with self._one_at_a_time:
            there = [one for one in self._book.approvals() if one.approval_id == approval_id]
            if not there:
                raise NotFound(
                    f"there is no approval {approval_id!r:.80}",
                    code="approval-not-found",
                    next_action="It may have been withdrawn already.",
                )
            self._demand_change()
            fact = ToolApprovalWithdrawn(
                approval_id=approval_id, server=there[0].server, tool=there[0].tool
            )
            await self._store.append(CALLS, [fact], actor=actor)
            self._book.refresh()

    async def read(
        self, text: str, *, look: bool, only: tuple[str, ...] = (), actor: str
    ) -> Import:
        """An mcp.json: what would be saved of it, or with `look` false: what was."""
        try:
            wanted = servers_in(text)
        except NoJson as error:
            return Import(message=error.message, line=error.line)
        except Invalid as error:
            return Import(message=error.message)
        chosen = [one for one in wanted if not only or one.name in only]
        async with self._one_at_a_time:
            seen: set[str] = set()
            found = []
            for one in chosen:
                found.append(await self._take(one, seen, actor=actor, look=look))
                seen.add(one.name)
        return Import(servers=tuple(found))

    async def _take(self, wanted: Wanted, seen: set[str], *, actor: str, look: bool) -> Imported:
        server, values = _server_of(wanted)
        outcome, message, next_action = "refused", wanted.refusal, wanted.next_action
        if not message and wanted.name in seen:
            message = f"two servers of this text would be called {wanted.name}"
        if not message:
            outcome, message, next_action = self._judged(server, values, wanted)
        if not look and outcome in ("new", "changed"):
            try:
                await self._save(server, values, actor)
            except StudioError as error:
                outcome, message, next_action = "refused", error.message, error.next_action
        return Imported(
            name=server.name,
            transport=server.transport,
            command=server.command,
            args=server.args,
            cwd=server.cwd,
            url=server.url,
            env=tuple(server.env),
            headers=tuple(server.headers),
            enabled=server.enabled,
            outcome=outcome,
            message=message,
            next_action=next_action,
        )

    def _judged(
        self, server: McpServer, values: dict[str, str | None], wanted: Wanted
    ) -> tuple[str, str, str]:
        """What would become of it, and what to say of it."""
        for problem in problems_of(server):
            if problem.severity == "error":
                return "refused", problem.message, ""
        before = self._book.server(server.name)
        message = next_action = ""
        if wanted.unfilled:
            message = f"{', '.join(wanted.unfilled)} still holds what is to be replaced"
            next_action = "Give the value before the server is started."
        if before is None:
            return "new", message, next_action
        there = self._book.values(before)
        same = _named(server) == before and all(
            there.get(name) == value for name, value in values.items()
        )
        return ("same" if same else "changed"), message, next_action

    async def _save(
        self, server: McpServer, values: Mapping[str, str | None], actor: str
    ) -> tuple[Problem, ...]:
        server, values = _hidden(server, values)
        before = self._book.server(server.name)
        problems = tuple(problems_of(server))
        for problem in problems:
            if problem.severity == "error":
                raise Invalid(problem.message, field=problem.field, code="mcp-server-invalid")
        given = {name: value for name, value in values.items() if value is not None}
        self._demand_values(before, server, given)
        self._demand_change()
        old = self._put_aside(server.name, given)
        try:
            await self._carry_out(server.name, SaveServer(server=_named(server)), actor)
        except BaseException:
            self._put_back(old)
            raise
        for kept in _kept(before) - _kept(_named(server)):
            self._secrets.delete(kept)
        self._book.refresh()
        others = any(old[kept_as(server.name, name)] != value for name, value in given.items())
        self._saved(server.name, others or _starts_otherwise(before, _named(server)), actor)
        return problems

    def _demand_values(
        self, before: McpServer | None, server: McpServer, given: dict[str, str]
    ) -> None:
        """Each name has a value, and none is handed to somebody it was not given for."""
        there = self._book.values(before) if before else {}
        moved = before is not None and before.recipient != server.recipient
        for field, names in (("env", server.env), ("headers", server.headers)):
            for name in names:
                _demand_value(f"{field}.{name}", given.get(name))
                if name in given:
                    continue
                if name not in there:
                    raise Invalid(f"{name} has no value yet", field=f"{field}.{name}")
                if moved:
                    raise Invalid(
                        f"the value of {name} was given for another program or address",
                        field=f"{field}.{name}",
                        next_action="Give it again together with the change.",
                    )

    def _put_aside(self, server: str, given: dict[str, str]) -> dict[str, str | None]:
        """Keep them; returns what was kept under these names before."""
        old: dict[str, str | None] = {}
        for name, value in given.items():
            kept = kept_as(server, name)
            old[kept] = self._secrets.get(kept)
            if old[kept] != value:
                self._secrets.put(kept, value)
        return old

    def _put_back(self, old: dict[str, str | None]) -> None:
        for kept, value in old.items():
            if value is None:
                self._secrets.delete(kept)
            else:
                self._secrets.put(kept, value)

    async def _carry_out(self, name: str, command: McpCommand, actor: str) -> None:
        self._demand_change()
        await handle(self._store, stream_of(name), RULES, command, actor=actor)


def stream_of(server: str) -> str:
    """Where the facts about a server stand."""
    return f"mcp-{server}"


def kept_as(server: str, name: str) -> str:
    """The name under which a value is kept."""
    return f"mcp.{server}.{name}"


def _kept(server: McpServer | None) -> set[str]:
    return {*server.env.values(), *server.headers.values()} if server else set()


def _starts_otherwise(before: McpServer | None, now: McpServer) -> bool:
    """Whether what runs is not what would be started now; a time-out counts from the next call."""
    if before is None:
        return True
    same = {"enabled": now.enabled, "timeout_s": now.timeout_s}
    return msgspec.structs.replace(before, **same) != now


def _named(server: McpServer) -> McpServer:
    """With the names under which its values are kept."""
    return msgspec.structs.replace(
        server,
        env={name: kept_as(server.name, name) for name in sorted(server.env)},
        headers={name: kept_as(server.name, name) for name in sorted(server.headers)},
    )


def _hidden(
    server: McpServer, values: Mapping[str, str | None]
) -> tuple[McpServer, dict[str, str | None]]:
    """With places where secrets stood in arguments and address."""
    taken = Taken({*server.env, *server.headers})
    args, url = args_without(server.args, taken), url_without(server.url, taken)
    env = {**server.env, **dict.fromkeys(taken.values, "")}
    return msgspec.structs.replace(server, args=args, url=url, env=env), {**values, **taken.values}


def _server_of(wanted: Wanted) -> tuple[McpServer, dict[str, str | None]]:
    server = McpServer(
        name=wanted.name,
        transport="http" if wanted.url else "stdio",
        command=wanted.command,
        args=wanted.args,
        cwd=wanted.cwd,
        url=wanted.url,
        env=dict.fromkeys(wanted.env, ""),
        headers=dict.fromkeys(wanted.headers, ""),
        enabled=wanted.enabled,
    )
    return _hidden(server, {**wanted.env, **wanted.headers})


def _demand_value(field: str, value: str | None) -> None:
    """A header and a variable are one line; an empty one is allowed for a variable."""
    if value is None:
        return
    header = field.startswith("headers.")
    fits = len(value) <= LONGEST and "\0" not in value and not (header and not _is_header(value))
    if not fits:
        what = "one line of letters, digits and signs" if header else f"at most {LONGEST} signs"
        raise Invalid(f"the value of {field.partition('.')[2]} should be {what}", field=field)


def _is_header(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable()
