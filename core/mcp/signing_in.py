"""One person's sign-in at one server, with the SDK's client; imported when it is needed.

    begun ──discovery, registering──► shown ──the browser comes back──► answered ──tokens──► done
      └──────────────────────────────────┴─────────no, too late─────────────┴───────────► failed

The address that is shown holds a `state`: whoever brings it back, once and in time, comes from
there. The code that comes with it is worth nothing without the verifier, which is here alone.
"""

import asyncio
import secrets as chance
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client.auth import (
    AuthorizationCodeResult,
    OAuthClientProvider,
    OAuthFlowError,
    OAuthRegistrationError,
    OAuthTokenError,
)

from core.mcp.failing import McpFailure
from core.mcp.kept import Kept, SignedIn
from core.mcp.oauth import Memory, about_us, signed_in, status_in
from core.mcp.reach import asking, demand_shown
from core.mcp.server import McpServer

ASK = {"jsonrpc": "2.0", "id": 1, "method": "ping"}  # whatever it is: it is refused
GIVE_A_KEY = "Give a key or token of it as a header instead."


class SigningIn:
    """Loop-bound. `run` is awaited by one task; the others look on and bring the answer."""

    def __init__(
        self, server: McpServer, url: str, headers: dict[str, str], *, redirect: str, kept: Kept
    ) -> None:
        """`url` and `headers` with their places filled; the browser comes back to `redirect`."""
        self.server = server
        self.shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._url = url
        self._headers = headers
        self._kept = kept
        self._seconds = 0.0
        self._state = ""  # until it was brought back
        self._answer: asyncio.Future[AuthorizationCodeResult] = (
            asyncio.get_running_loop().create_future()
        )
        self._provider = OAuthClientProvider(
            url, about_us(redirect), Memory(), self._show, self._answered
        )

    async def run(self, seconds: float) -> SignedIn:
        """What it gave. Raises McpFailure; a person has so many seconds."""
        self._seconds = seconds
        try:
            async with asking(self._url, self._provider) as client:
                headers = {"accept": "application/json, text/event-stream", **self._headers}
                sent = client.stream("POST", self._url, headers=headers, json=ASK)
                async with sent as response:
                    status = response.status_code
            found = signed_in(self._provider, self.server.url, self._kept)
        except McpFailure:
            raise
        except Exception as error:  # whatever a foreign server makes the SDK raise
            raise _failure(error) from None
        finally:
            self._state = ""
        if found is None:
            raise McpFailure(
                f"it did not ask who we are (status {status})",
                code="sign-in-unasked",
                next_action="Start it, and look at what it says.",
            )
        if status in (401, 403):
            raise McpFailure(
                f"it lets nobody in with what its sign-in gave (status {status})",
                code="sign-in-refused",
                next_action="Sign in as somebody whom it lets in.",
            )
        return found

    def is_asked(self, state: str) -> bool:
        """Whether the browser that brings this comes from where we sent it, for the first time."""
        ours, theirs = self._state.encode(), state.encode("utf-8", "replace")
        return ours != b"" and chance.compare_digest(ours, theirs)

    def bring(self, state: str, code: str, error: str, issuer: str | None) -> None:
        """What the browser came back with; only after `is_asked`."""
        self._state = ""
        if self._answer.done():
            return
        if error or not code:
            self._answer.set_exception(_denied(error))
            return
        self._answer.set_result(AuthorizationCodeResult(code=code, state=state, iss=issuer))

    async def _show(self, url: str) -> None:
        demand_shown(url, self._url)
        self._state = parse_qs(urlsplit(url).query).get("state", [""])[-1]
        self.shown.set_result(url)

    async def _answered(self) -> AuthorizationCodeResult:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._answer
        except TimeoutError:
            raise McpFailure(
                f"nobody signed in within {self._seconds:.0f} s",
                code="sign-in-late",
                next_action="Sign in again.",
            ) from None


def _denied(error: str) -> McpFailure:
    if error == "access_denied":
        return McpFailure(
            "the sign-in was declined there", code="sign-in-denied", next_action="Sign in again."
        )
    return McpFailure(
        f"the sign-in failed there ({_word(error)})",
        code="sign-in-failed",
        next_action="Sign in again.",
    )


def _word(error: str) -> str:
    fits = error.isascii() and error.replace("_", "").isalnum() and len(error) <= 60
    return error if fits else "no reason was given"


def _failure(error: Exception) -> McpFailure:
    """In words of ours: what the SDK says may hold what a server answered."""
    match error:
        case OAuthRegistrationError():
            return McpFailure(
                f"it lets no program register by itself ({status_in(str(error))})",
                code="sign-in-unregistered",
                next_action=GIVE_A_KEY,
            )
        case OAuthTokenError():
            said, code = f"its sign-in gave no tokens ({status_in(str(error))})", "sign-in-failed"
        case OAuthFlowError():
            said, code = "its sign-in is not set up as MCP says it should be", "sign-in-odd"
        case httpx2.HTTPError() | httpx2.StreamError() | TimeoutError():
            said = f"who signs people in could not be reached: {type(error).__name__}"
            code = "unreachable"
        case _:
            said, code = "its sign-in is not set up as MCP says it should be", "sign-in-odd"
    return McpFailure(said, code=code, next_action="Sign in again, or give a key as a header.")
