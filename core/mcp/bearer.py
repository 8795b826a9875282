"""What a sign-in gave goes along with each request, and is renewed when it has run out.

A person is never asked here: where nothing is kept, or it holds no more, the session fails with
`needs-sign-in`, and waits until somebody signs in. That who gave the tokens can not be reached now
is another matter: they are kept, and the session is tried again.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable

import httpx2
import msgspec
from mcp.shared.auth import OAuthToken

from core.mcp import failing
from core.mcp.failing import McpFailure
from core.mcp.kept import Kept, SignedIn
from core.mcp.oauth import origin, refusal_in, renewal, tokens_in
from core.mcp.passage import Passage, passage
from core.mcp.reach import asking
from core.mcp.server import McpServer

log = logging.getLogger(__name__)

RENEW_S = 15.0


class Bearer(httpx2.Auth):
    """For one life of one server."""

    def __init__(self, server: McpServer, url: str, kept: Kept, lost: Callable[[], None]) -> None:
        """`url`: the address with its places filled; `lost` is told when nothing goes through."""
        self.failure: McpFailure | None = None  # why nothing goes through
        self._server = server
        self._url = url
        self._kept = kept
        self._lost = lost
        self._renewing: asyncio.Task[str] | None = None

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Whoever asks learns whether anything of it got through. Raises McpFailure."""
        asked = (passage.get() if request.method == "POST" else None) or Passage()
        flow = self._let_in(request)
        try:
            sent = await anext(flow)
            while True:
                asked.goes_out()
                response = yield sent
                if _is_refused(request, response):
                    asked.came_back()
                sent = await flow.asend(response)
        except StopAsyncIteration:
            return
        except McpFailure as failure:
            asked.ends(failure)
            raise

    async def _let_in(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """1. what is kept, renewed when it has run out 2. refused: renewed 3. refused again.

        Only a message that is refused counts: some servers know no stream, and say it so.
        """
        signed_in = self._kept.of(self._server)
        if signed_in is None or signed_in.about.origin != origin(self._url):
            response = yield request
            if _is_refused(request, response):
                raise self._failed(failing.needs_sign_in())
            return
        over = self._kept.is_over(signed_in)
        token = await self._renewed(signed_in) if over else signed_in.access  # 1
        request.headers["authorization"] = f"Bearer {token}"
        response = yield request
        if _is_refused(request, response) and not over:  # 2
            request.headers["authorization"] = f"Bearer {await self._renewed(signed_in)}"
            response = yield request
        if _is_refused(request, response):  # 3
            raise self._failed(failing.sign_in_is_over("its sign-in holds no more (status 401)"))

    async def close(self) -> None:
        """Wait for what is under way: tokens that were renewed and not kept would be lost."""
        if self._renewing is not None:
            await asyncio.wait((self._renewing,))

    async def _renewed(self, stale: SignedIn) -> str:
        """The access token after `stale`, of the same sign-in. Raises McpFailure.

        Many requests share one renewal, and the end of one of them does not end it.
        """
        now = self._kept.of(self._server)
        # What may be sent for one account was asked for nobody else's
        if now is None or now.about.mark != stale.about.mark:
            raise self._failed(failing.needs_sign_in())
        if now is not stale:
            return now.access
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew(stale))
            self._renewing.add_done_callback(self._is_renewed)
        try:
            return await asyncio.shield(self._renewing)
        except McpFailure as failure:
            raise self._failed(failure) from None

    async def _renew(self, stale: SignedIn) -> str:
        if not stale.refresh:
            raise self._over(stale, "its sign-in has run out")
        try:
            async with asyncio.timeout(RENEW_S), asking(self._url) as client:
                response = await client.send(renewal(stale, self._url))
        except TimeoutError:
            raise failing.not_renewed(f"no answer within {RENEW_S:.0f} s") from None
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise failing.not_renewed(type(error).__name__) from None
        if response.status_code in (400, 401) and (why := refusal_in(response.text)):
            raise self._over(stale, f"its sign-in was not renewed ({why})")
        if response.status_code != 200:  # who says so may be anybody on the way there
            raise failing.not_renewed(f"status {response.status_code}")
        given = tokens_in(response.content)
        if given is None:
            raise failing.not_renewed("the answer is not what OAuth says it should be")
        if self._kept.of(self._server) is not stale:  # signed out, or in anew, in the meantime
            raise failing.needs_sign_in()
        try:
            self._kept.put(self._server.name, _after(stale, given, self._kept))
        except OSError as problem:  # it works until the studio ends; then a person is asked
            log.error("the renewed sign-in of %s could not be kept: %s", self._server.name, problem)
        return given.access_token

    def _over(self, stale: SignedIn, why: str) -> McpFailure:
        failure = failing.sign_in_is_over(why)
        if self._kept.of(self._server) is stale:
            self._kept.end(self._server.name, why)
            self.failure = self.failure or failure  # who finds nothing kept from now on says why
        return failure

    def _failed(self, failure: McpFailure) -> McpFailure:
        self.failure = self.failure or failure  # what follows from the first says less
        self._lost()
        return self.failure

    def _is_renewed(self, task: "asyncio.Task[str]") -> None:
        self._renewing = None
        if not task.cancelled():
            task.exception()  # whoever waited was told; perhaps nobody waits any more


def _is_refused(request: httpx2.Request, response: httpx2.Response) -> bool:
    return response.status_code == 401 and request.method == "POST"


def _after(stale: SignedIn, given: OAuthToken, kept: Kept) -> SignedIn:
    """What is not said again stays as it was (RFC 6749, 6)."""
    about = msgspec.structs.replace(
        stale.about,
        scope=given.scope or stale.about.scope,
        expires_at=kept.expires_at(given.expires_in),
    )
    return msgspec.structs.replace(
        stale,
        about=about,
        access=given.access_token,
        refresh=given.refresh_token or stale.refresh,
    )
