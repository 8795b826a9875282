"""What an engine speaks by itself, and what only LiteLLM can say to it for a client.

    path, body ─► engine speaks the path?  no  ─► gateway lane (or 404 where LiteLLM has none)
                        │ yes
                        ▼
                  wants_gateway?           yes ─► gateway lane: something must be translated
                  wants_direct?            yes ─► direct lane, where allowed: LiteLLM loses it
                        │
                        ▼
                  as header, key, recipe and settings say

The tables are the engines' own routes under `/v1`: vLLM 0.32, SGLang, transformers serve 5.23.
Tests hold those of vLLM and transformers against the installed sources. Pure.
"""

import re
from collections.abc import Mapping

import msgspec

from core.gateway.body import SEVERAL, Body
from core.recipes.recipe import EngineKind

CHAT = b"/v1/chat/completions"
COMPLETIONS = b"/v1/completions"
TRANSCRIPTIONS = b"/v1/audio/transcriptions"
MESSAGES = b"/v1/messages"
AS_TEXT = (b"text", b"srt", b"vtt")  # what a transcript may be wanted as, other than JSON

_TOKEN_IDS = re.compile(rb"\[\s*\[?\s*\d")

_EVERYBODYS = frozenset({CHAT, COMPLETIONS})
_TOKENS = frozenset({b"/v1/tokenize", b"/v1/detokenize"})
_ANTHROPIC = frozenset({b"/v1/messages", b"/v1/messages/count_tokens"})

NATIVE: Mapping[EngineKind, frozenset[bytes]] = {
    "vllm": _EVERYBODYS
    | _TOKENS
    | _ANTHROPIC
    | {
        b"/v1/embeddings",
        b"/v1/responses",
        b"/v1/rerank",
        b"/v1/score",
        TRANSCRIPTIONS,
        b"/v1/audio/translations",
    },
    "sglang": _EVERYBODYS
    | _TOKENS
    | _ANTHROPIC
    | {
        b"/v1/embeddings",
        b"/v1/responses",
        b"/v1/rerank",
        b"/v1/score",
        TRANSCRIPTIONS,
    },
    "transformers": _EVERYBODYS | {b"/v1/responses", TRANSCRIPTIONS},
    # Somebody's own program. It gets what LiteLLM would hand on to it anyway, and answers 404
    # itself where it has nothing; Anthropic's format is the one that LiteLLM translates.
    "command": _EVERYBODYS
    | _TOKENS
    | {
        b"/v1/embeddings",
        b"/v1/responses",
        b"/v1/rerank",
        b"/v1/score",
        b"/v1/audio/speech",
        TRANSCRIPTIONS,
        b"/v1/audio/translations",
    },
}
"""Paths under /v1 by kind of engine."""

SPELLED: Mapping[bytes, bytes] = {
    b"/v1/tokenize": b"/tokenize",
    b"/v1/detokenize": b"/detokenize",
}
"""Where engines keep a path elsewhere than we do (vLLM; SGLang has both)."""


def native_paths(engine: EngineKind) -> frozenset[bytes]:
    """The `/v1` paths that an engine of this kind answers itself, in our spelling."""
    return NATIVE[engine]


def engine_path(path: bytes) -> bytes:
    """How the engine spells one of its native paths."""
    return SPELLED.get(path, path)


def wants_gateway(path: bytes, body: Body) -> bool:
    """Whether this request needs LiteLLM's translation to be understood by an engine.

    Of chats only: Anthropic's `thinking`, tools that are no functions (`custom`, `mcp`), and
    `file` parts. Cheap on purpose: a false alarm costs a lane, not an answer.
    """
    if path != CHAT or body.fields is None:
        return False
    if "thinking" in body.fields:
        return True
    tools = body.fields.get("tools")
    if tools is not None and _mentions(tools, b'"custom"', b'"mcp"'):
        return True
    messages = body.fields.get("messages")
    return messages is not None and b'"file"' in body.data and _mentions(messages, b'"file"')


def wants_direct(path: bytes, body: Body) -> bool:
    """Whether LiteLLM would lose what an engine understands.

    `priority` it drops, and Anthropic's `document` parts; at a prompt of token ids it fails, and of
    a transcript that was wanted as text, as subtitles or in events it makes JSON. In a stream of
    several choices it tells which is whose for chats only, and there the ends of all but one are
    lost.
    """
    fields = body.fields
    if fields is None:
        return path == TRANSCRIPTIONS and (body.stream or body.told_as in AS_TEXT)
    if "priority" in fields:
        return True
    if body.stream and "n" in fields and bytes(fields["n"]) not in (b"1", b"null"):
        return not wants_gateway(path, body)  # lost ends are less than what no engine can read
    if path == MESSAGES:
        return b'"document"' in body.data and "messages" in fields
    if path != COMPLETIONS or "prompt" not in fields:
        return False
    prompt = bytes(fields["prompt"])
    return _TOKEN_IDS.match(prompt) is not None or (
        body.stream and SEVERAL.match(prompt) is not None
    )


def _mentions(raw: msgspec.Raw, *words: bytes) -> bool:
    written = bytes(raw)
    return any(word in written for word in words)
