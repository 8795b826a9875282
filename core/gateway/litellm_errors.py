"""Whose fault it is where LiteLLM answers with an error of its own, in words for who asked.

LiteLLM gives every exception that it does not know one name, `APIConnectionError`: that of an
engine that went away in the middle, and that of its own code stumbling over a field. The name of
the class says nothing, so the words of whoever opens connections are looked for; where there are
none, it is the gateway that failed. Engines' own errors are told as they are. Pure.
"""

import re

import msgspec

from core.errors import StudioError
from core.gateway.errors import UpstreamLost

LONGEST = 300  # characters of LiteLLM's words

_LOST = re.compile(
    rb"TransferEncodingError|ServerDisconnected|Server disconnected|Cannot connect to host"
    rb"|Connection error\.|Connection (?:reset|closed|lost|aborted)|closing transport"
    rb"|Can not write request body|payload is not completed|connection attempts failed"
    rb"|peer closed connection|\[Errno \d+\]|EngineCore encountered an issue"
)
_STUMBLED = re.compile(
    rb"APIConnectionError|Traceback \(most recent call last\)"
    rb"|object has no attribute|object is not |validation errors? for "
)
_ENGINES = re.compile(rb"(?<!APIConnectionError: )\b[A-Z]\w*Exception - ")
_DECORATION = re.compile(r"^(?:(?:litellm\.)?\w+Error: )*(?:\w+Exception - )?")
_message = re.compile(rb'"message" ?: ?("(?:[^"\\]|\\.)*")')


def fault_told(error: bytes) -> StudioError | None:
    """What to tell instead of this error of LiteLLM's; None: it is told as it is."""
    if _LOST.search(error):
        return UpstreamLost("the engine ended while it was answering", code="engine_lost")
    if not _STUMBLED.search(error) or _ENGINES.search(error):
        return None
    return UpstreamLost(
        f"the gateway failed at this request: {_words(error)}",
        code="gateway_failed",
        next_action="Check the fields of the request; with the header x-studio-lane: direct the"
        " engine itself says what it thinks of them.",
    )


def _words(error: bytes) -> str:
    """LiteLLM's own, without the names of its classes and without what follows them."""
    found = _message.search(error)
    try:
        told = msgspec.json.decode(found[1], type=str) if found else ""
    except msgspec.MsgspecError:
        told = ""
    line = _DECORATION.sub("", told).strip().partition("\n")[0]
    return line[:LONGEST] or "LiteLLM did not say why"
