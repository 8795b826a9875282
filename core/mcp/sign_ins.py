"""Signing in at servers, and out: begun by a person alone, one at a time for each server.

What it gave is kept before the fact is recorded that says so. Neither the address that is shown
nor what comes back stands in a log, an event or a view.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from core.clock import Clock
from core.errors import Refused
from core.mcp.book import McpBook
from core.mcp.desk import stream_of
from core.mcp.failing import McpFailure
from core.mcp.kept import Kept, SignedIn
from core.mcp.opening import headers_of
from core.mcp.server import McpServer, filled
from core.mcp.servers import Servers
from events.errors import EventError
from events.facts import McpServerSignedIn, McpServerSignedOut
from events.store import EventStore

if TYPE_CHECKING:
    from core.mcp.signing_in import SigningIn

PATH = "/mcp/signed-in"  # where browsers come back
PERSON_S = 600.0  # until the browser has to be back
SHOWN_S = 60.0  # until there is an address to show
FINISH_S = 60.0  # from the browser's return to the tokens


class SignInAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person signs in; it is good for one browser, once."""

    url: str
    expires_at: int  # µs since the epoch


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a sign-in; `message` is empty where it went well."""

    server: str
    message: str = ""
    next_action: str = ""


class SignIns:
    """Loop-bound."""

    def __init__(
        self,
        *,
        store: EventStore,
        book: McpBook,
        servers: Servers,
        kept: Kept,
        clock: Clock,
        redirect: str,
        demand_change: Callable[[], None],
    ) -> None:
        """`redirect`: where browsers come back; `demand_change` raises when nothing can be
        recorded.
        """
        self._store = store
        self._book = book
        self._servers = servers
        self._kept = kept
        self._clock = clock
        self._redirect = redirect
        self._demand_change = demand_change
        self._under_way: dict[str, tuple[SigningIn, asyncio.Task[Finished]]] = {}
        self._taking_back: set[asyncio.Task[None]] = set()

    async def begin(self, name: str, *, actor: str) -> SignInAddress:
        """Where a person signs in at this server. Raises NotFound, Refused."""
        session = self._servers.there(name)
        server = session.server
        _demand_fits(server)
        self._demand_change()
        make = await asyncio.to_thread(_signing_in)
        while name in self._under_way:
            await self._give_up(name)
        values = self._book.values(server)
        signing_in = make(
            server,
            filled(server.url, values),
            headers_of(server, values),
            redirect=self._redirect,
            kept=self._kept,
        )
        task = asyncio.create_task(self._carry_out(signing_in, actor), name=f"sign-in-{name}")
        self._under_way[name] = signing_in, task
        await asyncio.wait(
            (signing_in.shown, task), timeout=SHOWN_S, return_when=asyncio.FIRST_COMPLETED
        )
        if signing_in.shown.done():
            expires_at = self._clock.now() + int(PERSON_S * 1_000_000)
            return SignInAddress(url=signing_in.shown.result(), expires_at=expires_at)
        came = task.result() if task.done() and not task.cancelled() else Finished(server=name)
        if not task.done():
            await self._give_up(name)
        raise Refused(
            came.message or f"{name} does not say where to sign in",
            code="sign-in",
            next_action=came.next_action,
        )

    async def finish(self, state: str, code: str, error: str, issuer: str | None) -> Finished:
        """The browser came back with this. Raises Refused for what we did not send it for."""
        for name, (signing_in, task) in self._under_way.items():
            if signing_in.is_asked(state):
                signing_in.bring(state, code, error, issuer)
                done, _ = await asyncio.wait((task,), timeout=FINISH_S)
                if done and not task.cancelled():
                    return task.result()
                return Finished(server=name, message="it was not finished in time")
        raise Refused("this sign-in is not under way, or was used already", code="sign-in")

    async def sign_out(self, name: str, *, actor: str) -> None:
        """Forget what a sign-in gave, and end one that is under way. Raises NotFound, Refused."""
        session = self._servers.there(name)
        self._demand_change()
        await self._give_up(name)
        given = self._kept.held(name)
        if self._kept.forget(name):
            self._take_back(name, given)
            fact = McpServerSignedOut(name=name, reason="asked to")
            self._servers.record(name, fact, actor)
            if session.state != "off":
                session.restart(actor=actor)

    def follow(self, name: str) -> None:
        """A server was saved or removed: what was given for another address is nobody's."""
        server, given = self._book.server(name), self._kept.held(name)
        if server is None:
            self._kept.forget(name)
            self._take_back(name, given)
        elif not self._kept.is_for(server):
            self._kept.end(name, "its address is another")
            self._take_back(name, given)
        under_way = self._under_way.get(name)
        if under_way is not None and (server is None or server.url != under_way[0].server.url):
            under_way[1].cancel()

    async def close(self) -> None:
        """Nothing is under way any more when this returns."""
        for name in tuple(self._under_way):
            await self._give_up(name)
        await asyncio.gather(*self._taking_back, return_exceptions=True)

    async def _carry_out(self, signing_in: "SigningIn", actor: str) -> Finished:
        server = signing_in.server
        try:
            await self._take(server, await signing_in.run(PERSON_S), actor)
        except McpFailure as failure:
            if session := self._servers.session(server.name):
                session.is_not_signed_in(failure)
            said, advice = failure.message, failure.next_action
            return Finished(server=server.name, message=said, next_action=advice)
        finally:
            if self._under_way.get(server.name, (None, None))[0] is signing_in:
                del self._under_way[server.name]
        return Finished(server=server.name)

    async def _take(self, server: McpServer, given: SignedIn, actor: str) -> None:
        """1. kept 2. recorded, or kept no more 3. the server is asked with it.

        The tokens before are taken back, as are these where they are not kept: each sign-in is
        another client there, so neither ends with the other.
        """
        now, before = self._book.server(server.name), self._kept.held(server.name)
        if now is None or now.url != server.url:
            self._take_back(server.name, given)
            raise McpFailure("its address is another", code="sign-in-odd")
        fact = McpServerSignedIn(
            name=server.name,
            issuer=given.about.issuer,
            scope=_line(given.about.scope),
            renewable=given.refresh != "",
        )
        try:
            self._kept.put(server.name, given)  # 1
            await self._store.append(stream_of(server.name), [fact], actor=actor)  # 2
        except (EventError, OSError):
            self._drop(server.name, before, given)
            raise McpFailure("the sign-in could not be kept", code="sign-in-odd") from None
        except asyncio.CancelledError:
            # Rather a sign-in too many than one nobody recorded
            self._drop(server.name, before, given)
            raise
        session = self._servers.there(server.name)
        if session.state != "off":
            session.restart(actor=actor)  # 3
        self._take_back(server.name, before, "the tokens of the sign-in before")

    def _drop(self, name: str, *given: SignedIn | None) -> None:
        """Nothing is kept, and none of these holds any more."""
        self._kept.forget(name)
        for one in given:
            self._take_back(name, one)

    def _take_back(self, name: str, given: SignedIn | None, which: str = "its tokens") -> None:
        """Beside it: that who gave the tokens can not be reached keeps nobody signed in here."""
        if given is None or not given.about.revocation_endpoint:
            return
        task = asyncio.create_task(self._taken_back(name, given, which))
        self._taking_back.add(task)
        task.add_done_callback(self._taking_back.discard)

    async def _taken_back(self, name: str, given: SignedIn, which: str) -> None:
        why = await (await asyncio.to_thread(_revoking))(given)
        if self._book.server(name) is not None:
            said = f"{which} were not taken back: {why}" if why else f"{which} were taken back"
            self._servers.log_of(name).add("studio", said)

    async def _give_up(self, name: str) -> None:
        _, task = self._under_way.pop(name, (None, None))
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def redirect_to(host: str, port: int) -> str:
    """Where browsers come back to a studio that listens there: by loopback wherever it can be."""
    here = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "localhost": "127.0.0.1", "::": "::1"}
    host = here.get(host.lower(), host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def _demand_fits(server: McpServer) -> None:
    if server.transport != "http":
        raise Refused(
            f"{server.name} is a program on this machine: there is nowhere to sign in",
            code="sign-in",
        )
    if server.says_who_asks:
        raise Refused(
            f"a header of {server.name} says who asks already",
            code="sign-in",
            next_action="Take the header Authorization out first.",
        )


def _line(scope: str) -> str:
    return "".join(sign for sign in scope[:1000] if sign.isprintable())


def _signing_in():  # type: ignore[no-untyped-def]  # noqa: ANN202 - see core.mcp.session._linked
    from core.mcp.signing_in import SigningIn

    return SigningIn


def _revoking():  # type: ignore[no-untyped-def]  # noqa: ANN202 - see core.mcp.session._linked
    from core.mcp.revoking import taken_back

    return taken_back
