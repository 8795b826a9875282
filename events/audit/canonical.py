"""Canonical lines read back, byte for byte: what an export holds becomes rows of a log again.

The data of a line is never decoded here, so that events of kinds and schemas this version does
not know pass through unaltered.
"""

from typing import Annotated

import msgspec

from events.codec import envelope_line

Count = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Named = Annotated[str, msgspec.Meta(min_length=1)]


class LineInvalid(ValueError):
    """The bytes are no canonical line. The message is a sentence."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """The parts of a canonical line; `data` stays as it was written."""

    position: Count
    id: Named
    stream: Named
    version: Count
    type: Named
    schema: Number
    recorded_at: Number  # µs since the epoch, UTC
    actor: Named
    correlation_id: str | None
    causation_id: str | None
    data: msgspec.Raw

    def __bytes__(self) -> bytes:
        return envelope_line(
            self.position,
            self.id,
            self.stream,
            self.version,
            self.type,
            self.schema,
            self.recorded_at,
            self.actor,
            self.correlation_id,
            self.causation_id,
            bytes(self.data),
        )


_decoder = msgspec.json.Decoder(Line)


def parse(line: bytes) -> Line:
    """Take a line apart. Raises LineInvalid unless putting it together gives the same bytes."""
    try:
        parts = _decoder.decode(line)
        same = bytes(parts) == line
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise LineInvalid(f"this is no line of a log: {error}") from error
    if not same:
        raise LineInvalid(f"the line at position {parts.position} is not written as a log does")
    return parts
