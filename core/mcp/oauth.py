"""What is said to an authorization server: who we are, and with what tokens are renewed."""

import logging
import re
import secrets as chance
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider, OAuthTokenError, TokenStorage
from mcp.client.auth.oauth2 import OAuthContext
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from core.mcp.kept import About, Kept, SignedIn

_CODE = re.compile(r'"error"\s*:\s*"([a-z_]{1,60})"')  # RFC 6749, 5.2
_STATUS = re.compile(r"\b([1-5]\d\d)\b")

# What an authorization server answers may hold what it was told; what it means is told by us.
logging.getLogger("mcp.client.auth").setLevel(logging.CRITICAL + 1)


class Memory(TokenStorage):
    """Holds what a sign-in gives until all of it is there. Nothing of an earlier one is used: a
    server that has forgotten this client would let nobody in with it.
    """

    async def get_tokens(self) -> OAuthToken | None:
        """Nobody is signed in yet."""
        return None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """The SDK's context has them."""

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """We are registered anew."""
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """The SDK's context has it."""


def about_us(redirect: str) -> OAuthClientMetadata:
    """A program on somebody's machine, which can keep no secret of its own (RFC 8252)."""
    return OAuthClientMetadata.model_validate(
        {
            "client_name": "vLLM Studio",
            "redirect_uris": [redirect],
            "token_endpoint_auth_method": "none",
        }
    )


def signed_in(provider: OAuthClientProvider, url: str, kept: Kept) -> SignedIn | None:
    """What a sign-in at the server saved with `url` gave; None: nothing. Raises OAuthTokenError."""
    told = provider.context
    tokens, us, server = told.current_tokens, told.client_info, told.oauth_metadata
    if tokens is None or us is None:
        return None
    if not _can_be_sent(tokens):
        raise OAuthTokenError("what it gave can be no token")
    base = told.get_authorization_base_url(told.server_url)
    says_resource = told.should_include_resource_param(told.protocol_version)
    about = About(
        url=url,
        origin=origin(told.server_url),
        issuer=origin(str(server.issuer) if server else base),
        token_endpoint=str(server.token_endpoint) if server else f"{base}/token",
        client_id=us.client_id,
        auth_method=us.token_endpoint_auth_method or "none",
        resource=told.get_resource_url() if says_resource else "",
        scope=tokens.scope or "",
        expires_at=kept.expires_at(tokens.expires_in),
        revocation_endpoint=str(revokes)
        if (revokes := server and server.revocation_endpoint)
        else "",
        mark=chance.token_hex(16),
    )
    return SignedIn(
        about=about,
        access=tokens.access_token,
        refresh=tokens.refresh_token or "",
        client_secret=us.client_secret or "",
    )


def renewal(signed_in: SignedIn, url: str) -> httpx2.Request:
    """Ask for tokens after these (RFC 6749, 6), for the server at `url`."""
    about = signed_in.about
    form = {
        "grant_type": "refresh_token",
        "refresh_token": signed_in.refresh,
        "client_id": about.client_id,
    }
    if about.resource:
        form["resource"] = about.resource
    return _from_us(signed_in, about.token_endpoint, form, url)


def revocations(signed_in: SignedIn) -> Iterator[httpx2.Request]:
    """Have its tokens taken back (RFC 7009): what renews it first, with it the rest often ends.

    Nothing where it was not said where.
    """
    about = signed_in.about
    tokens = {"refresh_token": signed_in.refresh, "access_token": signed_in.access}
    for hint, token in tokens.items():
        if about.revocation_endpoint and token:
            form = {"token": token, "token_type_hint": hint, "client_id": about.client_id}
            if not signed_in.client_secret:
                form["client_secret"] = ""  # the same as none, and servers of the SDK demand it
            yield _from_us(signed_in, about.revocation_endpoint, form, about.origin)


def _from_us(signed_in: SignedIn, endpoint: str, form: dict[str, str], url: str) -> httpx2.Request:
    """With what proves who we are."""
    about = signed_in.about
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    us = OAuthContext(url, about_us(url), Memory(), None, None)
    us.client_info = OAuthClientInformationFull(
        client_id=about.client_id,
        client_secret=signed_in.client_secret or None,
        token_endpoint_auth_method=about.auth_method,
    )
    form, headers = us.prepare_token_auth(form, headers)
    return httpx2.Request("POST", endpoint, data=form, headers=headers)


def tokens_in(answer: bytes) -> OAuthToken | None:
    """The tokens that were given anew; None: it is no such answer."""
    try:
        given = OAuthToken.model_validate_json(answer)
    except ValueError:
        return None
    return given if _can_be_sent(given) else None


def refusal_in(text: str) -> str:
    """The code of a refusal (RFC 6749), never more of an answer; empty where there is none."""
    code = _CODE.search(text)
    return code[1] if code else ""


def status_in(text: str) -> str:
    """The code of a refusal in what the SDK says of it, or else its status."""
    status = _STATUS.search(text)
    return refusal_in(text) or (f"status {status[1]}" if status else "no reason was given")


def _can_be_sent(given: OAuthToken) -> bool:
    """A token is one word (RFC 6750); anything else would break a header, or stand in its error."""
    words = (given.access_token, given.refresh_token or "-")
    return all(word.isascii() and word.isprintable() and " " not in word for word in words)


def origin(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
