"""What a research says, into the log and out of it: sealed under the key of its run. Blocks."""

from collections.abc import Sequence

import msgspec

from core.erasure import SubjectKeys, Unreadable
from core.research.contents import KINDS, Content, Told
from core.research.items import item_of, stream_of
from events.envelope import Event
from events.facts.base import Fact


def sealed(keys: SubjectKeys, which: str, told: Told, *, ran_s: float) -> Told:
    """The fact as it is recorded. Raises KeyGone, sqlite3.Error, OSError."""
    fields: dict[str, object] = {}
    if "ran_s" in told.fact.__struct_fields__:
        fields["ran_s"] = round(ran_s, 3)
    if told.content is not None and "sealed" in told.fact.__struct_fields__:
        plain = msgspec.json.encode(told.content)
        fields["sealed"] = keys.encrypt(stream_of(which), item_of(told.fact), plain)
    return msgspec.structs.replace(told, fact=msgspec.structs.replace(told.fact, **fields))


def opened(keys: SubjectKeys, which: str, events: Sequence[Event]) -> list[Told]:
    """What a stream tells; facts of a newer version are passed over."""
    return [_opened(keys, which, one) for one in events if isinstance(one, Fact)]


def line_of(keys: SubjectKeys, which: str, fact: Fact, ciphertext: bytes) -> Content | None:
    """One content by itself; None where it can not be read."""
    kind = KINDS.get(type(fact))
    plain = keys.decrypt(stream_of(which), item_of(fact), ciphertext)
    if kind is None or isinstance(plain, Unreadable):
        return None
    try:
        return msgspec.json.decode(plain, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _opened(keys: SubjectKeys, which: str, fact: Fact) -> Told:
    ciphertext: bytes = getattr(fact, "sealed", b"")
    if not ciphertext:
        return Told(fact=fact)
    return Told(fact=fact, content=line_of(keys, which, fact, ciphertext))
