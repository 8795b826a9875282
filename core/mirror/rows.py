"""What of a fact may leave the log, in a shape that PostgreSQL takes. Pure.

Nothing may stop the mirror for ever: text that a `jsonb` refuses is mended, and a fact that does
not fit the columns (written by a newer version, or by a broken engine's numbers) is kept whole in
`extra`. Of keys only what is named here goes out: a new field of theirs could be a secret.
"""

import msgspec

from events.codec import CODEC, encode, wire_name
from events.facts import KeyIssued, KeyLimitsSet, KeyReinstated, KeyRevoked, RequestFinished
from events.projections.facts_since import Line
from events.upcasting import UPCASTERS

REQUESTS = (wire_name(RequestFinished),)
KEYS = tuple(wire_name(fact) for fact in (KeyIssued, KeyLimitsSet, KeyRevoked, KeyReinstated))
LATEST = 253_402_300_799_000_000  # µs: the year 9999 ends, and with it what other programs read
NUL = "\\u0000"  # as JSON writes it; PostgreSQL keeps it in no text
_SCHEMA = UPCASTERS.current(REQUESTS[0])


class KeyChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a fact says about a key; None: nothing, so what is known of it stays. Times in µs."""

    key_id: str
    name: str | None = None
    prefix: str | None = None
    issued_at: int | None = None
    issued_by: str | None = None
    expires_at: int | None = None
    revoked_at: int | None = None
    revoked_by: str | None = None
    limits: str | None = None  # JSON
    reinstated: bool = False  # that it was revoked holds no more


def request_data(line: Line) -> tuple[str, bool]:
    """The data of a request as JSON, and whether it has the shape that the columns expect."""
    data, fits = line.data, line.schema == _SCHEMA
    if not fits:
        event = CODEC.decode(line.type, line.schema, data.encode())
        if isinstance(event, RequestFinished):
            data, fits = encode(event).decode(), True
    return (_without_nul(data), fits)


def key_change(line: Line) -> KeyChange | None:
    """What the fact says about a key; None when this version does not understand it."""
    match CODEC.decode(line.type, line.schema, line.data.encode()):
        case KeyIssued() as key:
            return KeyChange(
                key_id=_text(key.key_id),
                name=_text(key.name),
                prefix=_text(key.prefix),
                issued_at=line.recorded_at,
                issued_by=_text(line.actor),
                expires_at=None if key.expires_at is None else min(key.expires_at, LATEST),
            )
        case KeyLimitsSet() as key:
            limits = msgspec.json.encode(key.limits).decode()
            return KeyChange(key_id=_text(key.key_id), limits=_without_nul(limits))
        case KeyRevoked() as key:
            return KeyChange(
                key_id=_text(key.key_id),
                name=_text(key.name),
                revoked_at=line.recorded_at,
                revoked_by=_text(line.actor),
            )
        case KeyReinstated() as key:
            return KeyChange(key_id=_text(key.key_id), name=_text(key.name), reinstated=True)
    return None


def _text(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _without_nul(data: str) -> str:
    """The same JSON with a mark where a NUL stood."""
    if NUL not in data:
        return data
    return msgspec.json.encode(_mended(msgspec.json.decode(data))).decode()


def _mended(value: object) -> object:
    match value:
        case str():
            return _text(value)
        case list():
            return [_mended(one) for one in value]
        case dict():
            return {_text(name): _mended(one) for name, one in value.items()}
    return value
