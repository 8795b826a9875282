"""Canonical lines as CloudEvents 1.0 (JSON, structured mode, one a line), and back.

    id               the event's id                     time       when it was recorded, to the µs
    source           the log's origin                   subject    its stream
    type             local.vllm-studio.<wire name>.v<schema>
    data             the event itself, in the very bytes of the log
    position, streamversion, actor, correlationid, causationid, leaf     extensions

Attributes of CloudEvents hold no control characters and are never empty, where a log's texts may:
such characters are percent-encoded, and an empty text is a lone percent sign.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from events.audit.canonical import Line, LineInvalid, parse
from events.audit.checkpoint import ORIGIN, origin_of
from events.audit.merkle import leaf_hash

TYPE = "local.vllm-studio."
EMPTY = "%"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_FORBIDDEN = re.compile(r"[%\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]|[\U0001fffe-\U0010ffff]")


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event, in the order people read it."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"]
    position: int
    streamversion: int
    actor: str
    correlationid: str | None = None
    causationid: str | None = None
    leaf: str  # SHA-256 of the canonical line, in hex
    data: msgspec.Raw


_decoder = msgspec.json.Decoder(CloudEvent)
_encoder = msgspec.json.Encoder()


def from_line(line: bytes, log_id: str) -> bytes:
    """Write a canonical line as a CloudEvent. Raises LineInvalid."""
    parts = parse(line)
    try:
        time = (EPOCH + parts.recorded_at * MICROSECOND).isoformat(timespec="microseconds")
    except OverflowError as error:
        raise LineInvalid(f"no calendar has the time of position {parts.position}") from error
    return _encoder.encode(
        CloudEvent(
            specversion="1.0",
            id=_attribute(parts.id),
            source=origin_of(log_id),
            type=f"{TYPE}{_attribute(parts.type)}.v{parts.schema}",
            subject=_attribute(parts.stream),
            time=time.replace("+00:00", "Z"),
            datacontenttype="application/json",
            position=parts.position,
            streamversion=parts.version,
            actor=_attribute(parts.actor),
            correlationid=_optional(parts.correlation_id),
            causationid=_optional(parts.causation_id),
            leaf=leaf_hash(line).hex(),
            data=parts.data,
        )
    )


def to_line(event: bytes) -> bytes:
    """Give back the canonical line. Raises LineInvalid when its hash is not the event's leaf."""
    try:
        read = _decoder.decode(event)
        type, _, schema = read.type.removeprefix(TYPE).rpartition(".v")
        line = bytes(
            Line(
                read.position,
                _plain(read.id),
                _plain(read.subject),
                read.streamversion,
                _plain(type),
                int(schema),
                (datetime.fromisoformat(read.time) - EPOCH) // MICROSECOND,
                _plain(read.actor),
                None if read.correlationid is None else _plain(read.correlationid),
                None if read.causationid is None else _plain(read.causationid),
                read.data,
            )
        )
    except (ValueError, TypeError, OverflowError, RecursionError) as error:  # msgspec's too
        raise LineInvalid(f"this is no event of a log: {error}") from error
    if leaf_hash(line).hex() != read.leaf or not read.source.startswith(ORIGIN):
        raise LineInvalid(f"the event at position {read.position} is not the one its leaf names")
    return line


def _attribute(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: _escaped(found[0]), text) or EMPTY


def _escaped(sign: str) -> str:
    """Only what may not stand there; the pattern's last part takes whole planes for their ends."""
    return quote(sign, safe="") if ord(sign) < 0x10000 or ord(sign) & 0xFFFE == 0xFFFE else sign


def _optional(text: str | None) -> str | None:
    return None if text is None else _attribute(text)


def _plain(attribute: str) -> str:
    return "" if attribute == EMPTY else unquote(attribute, errors="strict")
