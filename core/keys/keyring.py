"""The keys at hand: the guard asks here for every request, so an answer costs one hash.

The ring is read from the log's read model at the start, and a key again after each change to it, in
the studio's own loop: a key that was revoked is refused from the next request on.
"""

import hmac
from collections.abc import Callable

import msgspec

from core.clock import Clock
from core.errors import Invalid, NotFound
from core.keys.secret import SCHEME, digest_of
from events.facts.key import KeyLimits
from events.projections.keys_in_force import IssuedKey, issued_key, issued_keys
from events.store import EventStore

NO_LIMITS = KeyLimits()
_SCHEME = SCHEME.encode()
NOBODY = "0" * 64  # compared with when no key has the hash, so that both ways take the same time


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The secret belongs to this key, and opens the door as far as its scopes go."""

    key_id: str
    scopes: tuple[str, ...] = ("inference",)
    key: IssuedKey | None = None  # as it was when that was said


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """It opens nothing; `reason` is a sentence for its holder."""

    reason: str


class KeyRing:
    """Every key that was ever issued, by the hash of its secret and by its id."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._by_digest: dict[str, IssuedKey] = {}
        self._by_id: dict[str, IssuedKey] = {}
        self._names: dict[str, str] = {}  # of the keys that nobody revoked, to their ids
        self._listeners: list[Callable[[str], object]] = []
        self.refresh()

    def refresh(self, key_id: str | None = None) -> None:
        """Read one key again, or all of them."""
        with self._store.reading() as connection:
            if key_id is None:
                keys = issued_keys(connection)
            else:
                found = issued_key(connection, key_id)
                keys = [found] if found else []
        for key in keys:
            self._by_digest[key.digest] = self._by_id[key.key_id] = key
            if key.revoked_at is None:
                self._names[key.name] = key.key_id
            elif self._names.get(key.name) == key.key_id:
                del self._names[key.name]

    def listen(self, callback: Callable[[str], object]) -> None:
        """Call back in the loop with the id of each key that was revoked."""
        self._listeners.append(callback)

    def revoked(self, key_id: str) -> None:
        """Take a key out of force, and tell who serves its holder."""
        self.refresh(key_id)
        for callback in self._listeners:
            callback(key_id)

    def get(self, key_id: str) -> IssuedKey | None:
        """The key of that id, whatever became of it."""
        return self._by_id.get(key_id)

    def limits_of(self, key_id: str) -> KeyLimits:
        """What it may do."""
        key = self._by_id.get(key_id)
        return NO_LIMITS if key is None else key.limits

    def check(self, secret: bytes) -> Known | Unknown:
        """Whether a secret opens the door."""
        digest = digest_of(secret)
        key = self._by_digest.get(digest)  # what its timing tells is about a hash
        if not hmac.compare_digest(digest, key.digest if key else NOBODY) or key is None:
            return Unknown(reason="this API key is not known here")
        if key.revoked_at is not None:
            return Unknown(reason="this API key was revoked")
        if key.expires_at is not None and key.expires_at <= self._clock.now():
            return Unknown(reason="this API key has expired")
        return Known(key_id=key.key_id, scopes=key.limits.scopes, key=key)

    def in_force(self, known: Known) -> bool:
        """Whether `check` would say the same again: nothing of the key changed, and it is its time.

        A key of which anything changes is another object from then on.
        """
        key = self._by_id.get(known.key_id)
        if key is None or key is not known.key:
            return False
        return key.expires_at is None or key.expires_at > self._clock.now()

    def all(self) -> tuple[IssuedKey, ...]:
        """Every key, oldest first, the revoked ones included."""
        return tuple(self._by_id.values())

    def page(self, after: str | None, limit: int) -> tuple[tuple[IssuedKey, ...], str | None]:
        """So many keys behind the one of that id, and where to go on; None: there are no more."""
        if after is not None and after not in self._by_id:
            raise Invalid(f"`after` should be the id of a key, not {after!r}", field="after")
        ids = list(self._by_id)
        begin = 0 if after is None else ids.index(after) + 1
        shown = ids[begin : begin + limit]
        goes_on = begin + limit < len(ids)
        return tuple(self._by_id[key_id] for key_id in shown), shown[-1] if goes_on else None

    def named(self, name: str) -> IssuedKey:
        """The key of that id, or the one in force of that name; NotFound when there is none."""
        key = self._by_id.get(name) or self._by_id.get(self._names.get(name, ""))
        if key is not None:
            return key
        raise NotFound(
            f"there is no key {name!r}",
            code="key_not_found",
            next_action="`vllm-studio keys list` shows the keys there are",
        )

    @property
    def taken_names(self) -> frozenset[str]:
        """The names of the keys that nobody revoked."""
        return frozenset(self._names)


def is_ours(secret: bytes) -> bool:
    """Whether it looks like a key of ours, and not like a placeholder."""
    return secret.startswith(_SCHEME)
