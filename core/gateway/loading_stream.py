"""What a streaming client is told while its model loads, as bytes. Pure.

OpenAI's chat: a role chunk, then lines of progress as `reasoning_content` (and `reasoning`, as
vLLM names it), then the real answer under the same id, with one `[DONE]`: the model's own.
Anthropic's messages: `ping` events, which that format allows anywhere and clients pass over.
Between them comment lines, which every reader of events passes over, keep the connection alive.
"""

import re
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from core.loading_words import how_far, time_left

KEEP_ALIVE = b": still loading\n\n"
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
NEWS_PERCENT = 5.0

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DATA = re.compile(rb"^data: ?(\{.*\})\r?$", re.MULTILINE)


class Loading(msgspec.Struct, frozen=True, kw_only=True):
    """Where the model of a waiting request stands. All of it is for people."""

    name: str  # the recipe's public name: "model" of the answer that follows
    step: str = "queued"  # queued | draining | evicting | loading | routing
    phase: str = ""
    percent: float | None = None
    eta_s: float | None = None
    late: bool = False
    before: int | None = None  # how many models are to be brought before it; None: not queued
    in_flight: int = 0  # draining: requests that are waited for

    def sentence(self) -> str:
        """One line for a person."""
        match self.step:
            case "loading" if self.phase:
                told = how_far(self.percent, None)
                left = time_left(self.eta_s, late=self.late)
                return f"Loading {self.name}:{told} ({self.phase}){', ' + left if left else ''}"
            case "loading":
                return f"Loading {self.name}"
            case "draining":
                return f"Waiting for {self.in_flight} running request(s) to finish"
            case "evicting":
                return f"Making room for {self.name}"
            case "routing":
                return f"{self.name} is ready and is being connected"
            case _ if self.before:
                models = "1 model is" if self.before == 1 else f"{self.before} models are"
                return f"{self.name} is in the queue: {models} before it"
            case _:
                return f"Waiting for {self.name}"

    def differs(self, before: "Loading | None") -> bool:
        """Whether it is worth a line after `before`: seconds alone are not."""
        if before is None or self.step != before.step or self.phase != before.phase:
            return True
        told, new = ((it.before, it.in_flight, it.late) for it in (before, self))
        if told != new:
            return True
        return (self.percent or 0.0) - (before.percent or 0.0) >= NEWS_PERCENT


class LoadingStream(Protocol):
    """One client's stream until the answer begins, and what of the answer must fit to it."""

    def begin(self) -> bytes:
        """The first bytes."""
        ...

    def progress(self, loading: Loading) -> bytes:
        """A line of progress."""
        ...

    def keep_alive(self) -> bytes:
        """Nothing is new."""
        ...

    def ready(self, seconds: float) -> bytes:
        """The model is there; the answer follows."""
        ...

    def fitted(self, events: bytes) -> bytes:
        """The answer's events, as the continuation of this stream."""
        ...


class ChatLoading:
    """OpenAI's `/v1/chat/completions`. `created` in seconds since the epoch."""

    def __init__(self, *, request_id: str, model: str, created: int) -> None:
        self._id = f"chatcmpl-{request_id}"
        self._model = model
        self._created = created

    def begin(self) -> bytes:
        """See `LoadingStream.begin`."""
        return self._chunk({"role": "assistant", "content": ""})

    def progress(self, loading: Loading) -> bytes:
        """See `LoadingStream.progress`."""
        return self._thought(f"{loading.sentence()}\n")

    def keep_alive(self) -> bytes:
        """See `LoadingStream.keep_alive`."""
        return KEEP_ALIVE

    def ready(self, seconds: float) -> bytes:
        """See `LoadingStream.ready`."""
        return self._thought(f"Ready after {seconds:.1f} s.\n\n")

    def fitted(self, events: bytes) -> bytes:
        """See `LoadingStream.fitted`: id and date are this stream's, and the role was told."""
        return _DATA.sub(lambda found: b"data: " + self._continued(found[1]), events)

    def _thought(self, text: str) -> bytes:
        return self._chunk({"reasoning_content": text, "reasoning": text})

    def _chunk(self, delta: Mapping[str, str]) -> bytes:
        chunk = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}],
        }
        return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

    def _continued(self, data: bytes) -> bytes:
        """A chunk under this stream's id. Whatever is no chunk (an error) stays as it is."""
        try:
            fields = _fields.decode(data)
        except (msgspec.MsgspecError, RecursionError):
            return data
        if "choices" not in fields:
            return data
        fields["id"] = msgspec.Raw(msgspec.json.encode(self._id))
        fields["created"] = msgspec.Raw(msgspec.json.encode(self._created))
        fields["model"] = msgspec.Raw(msgspec.json.encode(self._model))
        if b'"role"' in bytes(fields["choices"]):
            fields["choices"] = _without_role(fields["choices"])
        return msgspec.json.encode(fields)


class MessagesLoading:
    """Anthropic's `/v1/messages`: pings alone; what the answer begins with is its own."""

    def begin(self) -> bytes:
        """See `LoadingStream.begin`."""
        return PING

    def progress(self, loading: Loading) -> bytes:
        """See `LoadingStream.progress`."""
        return b": " + loading.sentence().encode() + b"\n" + PING

    def keep_alive(self) -> bytes:
        """See `LoadingStream.keep_alive`."""
        return PING

    def ready(self, seconds: float) -> bytes:
        """See `LoadingStream.ready`."""
        return PING

    def fitted(self, events: bytes) -> bytes:
        """See `LoadingStream.fitted`."""
        return events


def _without_role(choices: msgspec.Raw) -> msgspec.Raw:
    """Clients put deltas together: a role that is told twice becomes "assistantassistant"."""
    read: list[dict[str, Any]] = msgspec.json.decode(choices)
    for choice in read:
        if isinstance(delta := choice.get("delta"), dict) and choice.get("index", 0) == 0:
            delta.pop("role", None)
    return msgspec.Raw(msgspec.json.encode(read))
