"""An MCP server that wants people to sign in: the SDK's own, with its authorization server beside.

Everything is real but the person, who says yes or no at once, as the test wishes.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.settings import (
    AuthSettings,
    ClientRegistrationOptions,
    RevocationOptions,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl

from tests.harness.mcp_servers import listening, sums
from tests.harness.ports import free_port

SCOPE = "sums"


class Doorkeeper(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """Who may come in. What it gives out is in memory, and in `given` for good."""

    def __init__(self) -> None:
        self.person_says_no = False
        self.token_s = 3600
        self.renews = True
        self.is_broken = False  # every renewal fails of itself
        self.registered: list[str] = []
        self.renewed = 0
        self.asked = 0  # how often for that
        self.not_let_in = 0  # how often somebody came with a token that does not hold
        self.may_answer = threading.Event()  # when it is asked for that
        self.may_answer.set()
        self.may_take_back = threading.Event()  # when it is asked for that
        self.may_take_back.set()
        self.taken_back: list[str] = []
        self.given: list[str] = []  # every code, token and client secret
        self._clients: dict[str, OAuthClientInformationFull] = {}
        self._codes: dict[str, AuthorizationCode] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}

    def take_back(self) -> None:
        """No access token holds any more."""
        self._access.clear()

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        """As it was registered."""
        return self._clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Anybody may."""
        self.registered.append(client_info.client_name or "")
        self._clients[client_info.client_id] = client_info
        if client_info.client_secret:
            self.given.append(client_info.client_secret)

    async def authorize(
        self, client: OAuthClientInformationFull, params: AuthorizationParams
    ) -> str:
        """Where the browser goes, with what the person said."""
        back = str(params.redirect_uri)
        if self.person_says_no:
            return construct_redirect_uri(back, error="access_denied", state=params.state)
        code = self._new()
        self._codes[code] = AuthorizationCode(
            code=code,
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
        )
        return construct_redirect_uri(back, code=code, state=params.state)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        """As it was given."""
        return self._codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        """Once."""
        del self._codes[authorization_code.code]
        return self._tokens(
            client.client_id, authorization_code.scopes, authorization_code.resource
        )

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> RefreshToken | None:
        """While it holds."""
        return self._refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        """Once: the next has a new one."""
        self.asked += 1
        await asyncio.to_thread(self.may_answer.wait, 30)
        if self.is_broken:
            raise RuntimeError("it is broken")
        if not self.renews:
            raise TokenError("invalid_grant", "the session was ended")
        del self._refresh[refresh_token.token]
        self.renewed += 1
        return self._tokens(client.client_id, scopes, refresh_token.resource)

    async def load_access_token(self, token: str) -> AccessToken | None:
        """While it holds."""
        found = self._access.get(token)
        self.not_let_in += found is None
        return found

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        """One of either kind."""
        await asyncio.to_thread(self.may_take_back.wait, 30)
        self.taken_back.append(token.token)
        self._access.pop(token.token, None)
        self._refresh.pop(token.token, None)

    def _tokens(self, client_id: str, scopes: list[str], resource: str | None) -> OAuthToken:
        access, refresh = self._new(), self._new()
        self._access[access] = AccessToken(
            token=access,
            client_id=client_id,
            scopes=scopes,
            expires_at=int(time.time()) + max(self.token_s, 1),
            resource=resource,
        )
        self._refresh[refresh] = RefreshToken(
            token=refresh, client_id=client_id, scopes=scopes, resource=resource
        )
        return OAuthToken(
            access_token=access,
            refresh_token=refresh,
            expires_in=self.token_s,
            scope=" ".join(scopes),
        )

    def _new(self) -> str:
        self.given.append(f"cnry{secrets.token_hex(16)}")
        return self.given[-1]


@contextmanager
def guarded_server(door: Doorkeeper, *, port: int | None = None) -> Iterator[str]:
    """The server of sums, behind this door: its address."""
    port = port or free_port()
    here = f"http://127.0.0.1:{port}"
    auth = AuthSettings(
        issuer_url=AnyHttpUrl(here),
        resource_server_url=AnyHttpUrl(f"{here}/mcp"),
        client_registration_options=ClientRegistrationOptions(
            enabled=True, valid_scopes=[SCOPE], default_scopes=[SCOPE]
        ),
        revocation_options=RevocationOptions(enabled=True),
        required_scopes=[SCOPE],
        validate_token_resource=True,
    )
    server = sums(auth=auth, auth_server_provider=door)
    with listening(server.streamable_http_app(), port):
        yield f"{here}/mcp"


def browse(url: str) -> tuple[str, dict[str, Any]]:
    """Open the address that a person is shown: where the browser is sent back, and with what."""
    answer = httpx.get(url, follow_redirects=False, timeout=60)
    assert answer.status_code == 302, answer.text
    back = answer.headers["location"]
    said = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    return back, said
