"""Takes out of a stream the one event that we asked for, so that nobody sees that we asked.

A client that does not want token counts gets none, but the accounting needs them: so we add
`stream_options.include_usage` to its request, and the engine adds an event at the end,

    … data: {…,"choices":[{…,"finish_reason":"stop"}]}
      data: {…,"choices":[],"usage":{…},"system_fingerprint":"…"}       ◄── this one is ours
      data: [DONE]

What is left is, byte for byte, what the engine would have sent had we not asked. For that one
thing must be put back: where a count follows, vLLM moves `system_fingerprint` out of the event
that finishes the answer into the one with the count. So the finishing event waits for the next.
"""

import re
from collections.abc import Iterator

import msgspec

EVENT_END = re.compile(rb"\r?\n\r?\n|\r\r")
_FINISH, _FINISH_SPACED = b'"finish_reason":"', b'"finish_reason": "'
_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_FINGERPRINT = re.compile(rb',\s*"system_fingerprint"\s*:\s*"[^"\\]*"')
_DATA = re.compile(rb"(?:^|[\r\n])data:[ \t]*([^\r\n]*)")


class _Chunk(msgspec.Struct):
    choices: list[msgspec.Raw]
    usage: dict[str, msgspec.Raw] | None = None


_decoder = msgspec.json.Decoder(_Chunk)


class AskedUsage:
    """Feed it whole events; it keeps the count's event, and a finishing one until the next."""

    def __init__(self) -> None:
        self.taken = b""  # the event that was taken out, for who wants to read the count
        self._held = b""  # an event that finishes the answer

    def feed(self, events: bytes) -> bytes:
        """What the client gets of these now."""
        if self.taken:
            return events
        if not self._held and not _may_matter(events):
            return events
        return b"".join(self._passed(events))

    def end(self) -> bytes:
        """Nothing more comes."""
        held, self._held = self._held, b""
        return held

    def _passed(self, events: bytes) -> Iterator[bytes]:
        for event in split(events):
            if not self.taken and is_count(event):
                self.taken = event
                yield restored(self.end(), event)
                continue
            yield self.end()
            if not self.taken and finishes(event):
                self._held = event
            else:
                yield event


def split(events: bytes) -> Iterator[bytes]:
    """Each event with what ends it; an unfinished rest comes last."""
    at = 0
    for end in EVENT_END.finditer(events):
        yield events[at : end.end()]
        at = end.end()
    if at < len(events):
        yield events[at:]


def is_count(event: bytes) -> bool:
    """Whether it tells token counts and nothing else."""
    if _USAGE.search(event) is None:
        return False
    data = _DATA.search(event)
    try:
        chunk = _decoder.decode(data[1] if data is not None else b"")
    except msgspec.MsgspecError:
        return False
    return chunk.usage is not None and not chunk.choices


def finishes(event: bytes) -> bool:
    """Whether it says why the answer ended."""
    return _FINISH in event or _FINISH_SPACED in event


def restored(finishing: bytes, count: bytes) -> bytes:
    """The finishing event with the fingerprint that the count's event took over from it."""
    moved = _FINGERPRINT.search(count)
    if moved is None or b'"system_fingerprint"' in finishing:
        return finishing
    at = finishing.rfind(b"}")
    return finishing if at < 0 else finishing[:at] + moved[0] + finishing[at:]


def _may_matter(events: bytes) -> bool:
    return finishes(events) or (b'"usage"' in events and _USAGE.search(events) is not None)
