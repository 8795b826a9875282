"""The key a request presents, in any of the ways clients send one."""

import base64
import binascii
from collections.abc import Mapping

from core.keys.keyring import is_ours

IN_PROTOCOL = b"openai-insecure-api-key."  # browsers can give a websocket no header but this one


def presented_key(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The key in `Authorization: Bearer`, `x-api-key`, or as the password of Basic.

    Of two the one that is ours counts: a program that is signed in elsewhere sends that along, and
    Basic may be meant for a proxy before us. A websocket may carry it among its subprotocols, as
    OpenAI's clients do in browsers.
    """
    scheme, _, rest = headers.get(b"authorization", b"").partition(b" ")
    other = headers.get(b"x-api-key")
    match scheme.lower():
        case b"bearer":
            given = rest.strip()
            return other if other and is_ours(other) and not is_ours(given) else given
        case b"basic":
            given = basic_password(rest) or b""
            return other if other and (is_ours(other) or not is_ours(given)) else given
        case _:
            return other or _in_protocols(headers)


def _in_protocols(headers: Mapping[bytes, bytes]) -> bytes | None:
    for protocol in headers.get(b"sec-websocket-protocol", b"").split(b","):
        if protocol.strip().startswith(IN_PROTOCOL):
            return protocol.strip().removeprefix(IN_PROTOCOL)
    return None


def basic_password(encoded: bytes) -> bytes | None:
    """The part after the colon, or None when it is not what RFC 7617 describes."""
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return None
