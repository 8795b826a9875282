"""Facts to bytes and back, by wire name, so that no old or foreign event is ever fatal.

The type stands in a column of its own, not in the data; each type has its own decoder.
An event this version does not know (an unknown type, a newer schema, data that does not fit)
comes back as `UnknownEvent`: the timeline shows it and the projections pass over it.
"""

import logging
from collections.abc import Iterable
from typing import Any

import msgspec

from events import facts
from events.envelope import Event, Recorded, UnknownEvent
from events.errors import NotRecordable
from events.facts.base import Fact
from events.upcasting import UPCASTERS, Upcasters

log = logging.getLogger(__name__)

FACT_TYPES: tuple[type[Fact], ...] = tuple(getattr(facts, name) for name in facts.__all__)


def wire_name(fact: type[Fact] | Event) -> str:
    """Give the name under which the log keeps this kind of fact."""
    return fact.type if isinstance(fact, UnknownEvent) else str(fact.__struct_config__.tag)


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """A fact ready to be written: what the log will hold and what a reader will get."""

    type: str
    schema: int
    data: bytes
    event: Event


class Codec:
    """Encodes and decodes one set of fact types, in the shapes the upcasters know by now."""

    def __init__(self, types: Iterable[type[Fact]], upcasters: Upcasters) -> None:
        self._upcasters = upcasters
        self._encoder = msgspec.json.Encoder()
        self._types = {wire_name(type): type for type in types}
        self._names: dict[type, str] = {type: name for name, type in self._types.items()}
        self._decoders = {tag: msgspec.json.Decoder(type) for tag, type in self._types.items()}
        self._schemas = {tag: upcasters.current(tag) for tag in self._types}
        self._warned: set[tuple[str, int]] = set()

    def encode(self, fact: Fact) -> bytes:
        """Write a fact as JSON without its type; NotRecordable when it does not fit in JSON."""
        return self._encoded(fact, self._name(fact))

    def _encoded(self, fact: Fact, name: str) -> bytes:
        try:
            text = self._encoder.encode(fact)
        except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
            raise NotRecordable(f"{name} cannot be written: {error}") from error
        # msgspec writes the tag first: {"type":"app-started","version":…}
        head = len(name) + len('{"type":""')
        return b"{" + text[head + 1 :] if text[head : head + 1] == b"," else b"{}"

    def _name(self, fact: Fact) -> str:
        """`wire_name`, which makes a description of the whole type each time that it is asked."""
        return self._names.get(type(fact)) or wire_name(fact)

    def seal(self, fact: Fact) -> Sealed:
        """Encode a fact and read it back, so that what is told live is what replay will tell.

        Raises NotRecordable when it cannot be read back, such as NaN in a number's place.
        """
        type = self._name(fact)
        data = self._encoded(fact, type)
        if type not in self._decoders:
            raise NotRecordable(f"{type} is not among the known facts")
        try:
            event = self._decoders[type].decode(data)
        except msgspec.MsgspecError as error:
            raise NotRecordable(f"{type} cannot be read back: {error}") from error
        return Sealed(type, self._schemas[type], data, event)

    def decode(self, type: str, schema: int, data: bytes) -> Event:
        """Read an event in whatever shape it was written. Never raises."""
        current = self._schemas.get(type, 0)
        try:
            if schema == current:
                return self._decoders[type].decode(data)
            if schema < current:
                return self._lift(type, schema, data)
        except Exception as error:
            self._warn(type, schema, error)
        return UnknownEvent(type=type, data=plain(data))

    def _lift(self, type: str, schema: int, data: bytes) -> Event:
        lifted = self._upcasters.lift(type, schema, msgspec.json.decode(data))
        return msgspec.convert(lifted, self._types[type])

    def _warn(self, type: str, schema: int, error: Exception) -> None:
        """Say once per shape that it could not be read; never what stood in it."""
        if (type, schema) not in self._warned:
            self._warned.add((type, schema))
            log.warning("%s in schema %d does not fit: %s", type, schema, error.__class__.__name__)


def plain(data: bytes) -> dict[str, Any]:
    """Read the data of any event as a plain object, empty when it is not one. Never raises."""
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}


CODEC = Codec(FACT_TYPES, UPCASTERS)


encode = CODEC.encode
decode = CODEC.decode


class _Line(msgspec.Struct, frozen=True, gc=False):
    """The canonical line. The order of these fields is for ever: leaf hashes cover it."""

    position: int
    id: str
    stream: str
    version: int
    type: str
    schema: int
    recorded_at: int
    actor: str
    correlation_id: str | None
    causation_id: str | None
    data: msgspec.Raw


_line_encoder = msgspec.json.Encoder()


def canonical_line(recorded: Recorded) -> bytes:
    """Write one line of the log as the JSON that its leaf hash covers, without a line break."""
    return envelope_line(
        recorded.position,
        recorded.id,
        recorded.stream,
        recorded.version,
        recorded.type,
        recorded.schema,
        recorded.recorded_at,
        recorded.actor,
        recorded.correlation_id,
        recorded.causation_id,
        recorded.data,
    )


def envelope_line(
    position: int,
    id: str,
    stream: str,
    version: int,
    type: str,
    schema: int,
    recorded_at: int,
    actor: str,
    correlation_id: str | None,
    causation_id: str | None,
    data: bytes,
) -> bytes:
    """Write the canonical line from its parts, for the writer, who has no Recorded yet."""
    return _line_encoder.encode(
        _Line(
            position,
            id,
            stream,
            version,
            type,
            schema,
            recorded_at,
            actor,
            correlation_id,
            causation_id,
            msgspec.Raw(data),
        )
    )
