"""Who gave tokens is told that they are wanted no more (RFC 7009), where it said where."""

import asyncio

import httpx2
from mcp.client.auth import OAuthTokenError

from core.mcp.failing import McpFailure
from core.mcp.kept import SignedIn
from core.mcp.oauth import revocations
from core.mcp.reach import asking

REVOKE_S = 5.0  # for all of them


async def taken_back(signed_in: SignedIn) -> str:
    """Why they were not taken back; empty: they were, or it was not said where."""
    refused = ""
    try:
        async with asyncio.timeout(REVOKE_S), asking(signed_in.about.origin) as client:
            for request in revocations(signed_in):
                response = await client.send(request)
                if not response.is_success:  # the other one is another matter
                    refused = refused or f"status {response.status_code}"
    except TimeoutError:
        return f"no answer within {REVOKE_S:.0f} s"
    except McpFailure as failure:
        return failure.message
    except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OAuthTokenError) as error:
        return type(error).__name__
    return refused
