"""Whose fault it is where LiteLLM answers with an error of its own, in words for who asked.

LiteLLM gives every exception that it does not know one name, `APIConnectionError`: that of an
engine that went away in the middle, and that of its own code stumbling over a field. The name of
the class says nothing, so the words of whoever opens connections are looked for; where there are
none, it is the gateway that failed. Engines' own errors are told as they are: they may well speak
of connections and files of theirs. An engine that went away before its answer began has the name
of such an error, but then the words of the connection begin it. Pure.
"""

import re

import msgspec

from core.errors import StudioError
from core.gateway.errors import UpstreamLost

LONGEST = 300  # characters of LiteLLM's words

_SOCKETS = (  # of pipes and connections alone, on Linux, macOS and Windows
    rb"\[Errno (?:32|53|54|57|60|61|101|103|104|107|110|111|113)\]"
    rb"|\[WinError (?:64|121|10053|10054|10060|10061)\]"
)
_HTTPS = (  # what aiohttp and httpx say, and OpenAI's client over them
    rb"ServerDisconnected|Server disconnected|Cannot connect to host|Connection error\."
    rb"|Can ?not write (?:request body|to closing transport)|Response payload is not completed"
    rb"|All connection attempts failed|peer closed connection|" + _SOCKETS
)
_LOST = re.compile(
    _HTTPS + rb"|TransferEncodingError|Connection (?:reset|closed|lost|aborted)|closing transport"
    rb"|payload is not completed|connection attempts failed"
)
# Right behind the name: behind `{"error":` they are the engine's, which has opened connections too.
_LOST_AT_ONCE = re.compile(
    rb"Exception - (?:" + _HTTPS + rb'|Connection (?:closed|lost)\.?["\\])'
    rb"|EngineCore encountered an issue"
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
    of_engine = _ENGINES.search(error) and b"APIConnectionError" not in error
    if (_LOST_AT_ONCE if of_engine else _LOST).search(error):
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
