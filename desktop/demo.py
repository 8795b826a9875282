"""The first minute: from nothing to a real answer of a real engine, shown step by step."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from desktop.client import Client
from desktop.problems import AppRefused

RECIPE = "demo"
QUESTION = "Hello! Who are you, and what can you do?"
GOES_ON = "The same command again goes on from there: what was downloaded is kept."
SETUP_S = 3600.0  # a slow line and a cold package cache
CHAT_S = 300.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine said, and how long the person waited for it."""

    text: str
    tokens: int | None
    first_token_s: float | None
    seconds: float


def set_up(client: Client) -> None:
    """Have the demo's recipes saved and its runtimes installed; returns when they are.

    Raises AppRefused with the installation's own reason, and how the demo goes on.
    """
    try:
        client.post("/api/demo", {"action": "setup", "wait": True}, timeout_s=SETUP_S)
    except AppRefused as refusal:
        told = f"{refusal.next_action} {GOES_ON}".strip()
        raise AppRefused(refusal.status, {**refusal.problem, "next_action": told}) from refusal


def chat(client: Client, model: str, question: str, say: Callable[[str], None]) -> Answer:
    """One streamed answer, passed to `say` piece by piece; raises AppRefused."""
    body = {
        "model": model,
        "messages": [{"role": "user", "content": question}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
    }
    began = time.monotonic()
    pieces: list[str] = []
    first: float | None = None
    tokens: int | None = None
    path = "/v1/chat/completions"
    with client.stream(path, method="POST", body=body, timeout_s=CHAT_S) as stream:
        for event in stream:
            if event.data == "[DONE]":
                break
            chunk = msgspec.json.decode(event.data)
            if error := chunk.get("error"):
                raise AppRefused(502, {"detail": error.get("message"), "code": "stream-failed"})
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
            if piece := _piece(chunk):
                first = first or time.monotonic() - began
                pieces.append(piece)
                say(piece)
    return Answer(
        text="".join(pieces),
        tokens=tokens,
        first_token_s=first,
        seconds=time.monotonic() - began,
    )


def _piece(chunk: Mapping[str, Any]) -> str:
    choices = chunk.get("choices") or ()
    return (choices[0].get("delta") or {}).get("content") or "" if choices else ""
