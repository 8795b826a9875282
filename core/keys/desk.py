"""Where keys are issued, limited and revoked: makes secrets, records facts, tells the ring."""

import asyncio
from collections.abc import Callable

import msgspec

from core.clock import Clock
from core.command_handler import Decider, handle
from core.ids import new_id
from core.keys import decider as rules
from core.keys.commands import IssueKey, KeyCommand, ReinstateKey, RevokeKey, SetLimits
from core.keys.keyring import KeyRing
from core.keys.secret import digest_of, make_secret, prefix_of
from events.facts.key import KeyLimits
from events.projections.keys_in_force import IssuedKey
from events.store import EventStore

KEYS: Decider[KeyCommand, rules.State] = Decider(
    initial=rules.initial, decide=rules.decide, evolve=rules.evolve
)
NO_LIMITS = KeyLimits()


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just issued, with its secret, which is shown this once."""

    key: IssuedKey
    secret: str


class KeyDesk:
    """One at a time, so that no two keys in force share a name."""

    def __init__(self, *, store: EventStore, ring: KeyRing, clock: Clock) -> None:
        self._store = store
        self._ring = ring
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def issue(
        self,
        name: str,
        *,
        actor: str,
        expires_at: int | None = None,
        limits: KeyLimits = NO_LIMITS,
    ) -> NewKey:
        """Raises Invalid or Refused; then no key was made."""
        secret = make_secret()
        async with self._one_at_a_time:
            command = IssueKey(
                key_id=new_id("key").removeprefix("key-"),
                name=name,
                prefix=prefix_of(secret),
                digest=digest_of(secret.encode()),
                now=self._clock.now(),
                expires_at=expires_at,
                limits=limits,
                taken_names=self._ring.taken_names,
            )
            await handle(self._store, stream_of(command.key_id), KEYS, command, actor=actor)
            self._ring.refresh(command.key_id)
        return NewKey(key=self._ring.named(command.key_id), secret=secret)

    async def set_limits(
        self, name: str, change: Callable[[KeyLimits], KeyLimits], *, actor: str
    ) -> IssuedKey:
        """What `change` makes of the limits in force counts from the next request on.

        Raises NotFound, Invalid or Refused; then they stay as they are.
        """
        async with self._one_at_a_time:
            key = self._ring.named(name)
            command = SetLimits(key_id=key.key_id, limits=change(key.limits))
            await handle(self._store, stream_of(key.key_id), KEYS, command, actor=actor)
            self._ring.refresh(key.key_id)
        return self._ring.named(key.key_id)

    async def revoke(self, name: str, *, actor: str) -> IssuedKey:
        """By id, or by the name of one in force; a repeat changes nothing. Raises NotFound."""
        key_id = self._ring.named(name).key_id
        await handle(self._store, stream_of(key_id), KEYS, RevokeKey(key_id=key_id), actor=actor)
        self._ring.revoked(key_id)
        return self._ring.named(key_id)

    async def reinstate(self, key_id: str, *, actor: str) -> IssuedKey:
        """By id; one that is in force stays so. Raises NotFound, or Refused for a taken name."""
        async with self._one_at_a_time:
            key = self._ring.named(key_id)
            command = ReinstateKey(key_id=key.key_id, taken_names=self._ring.taken_names)
            await handle(self._store, stream_of(key.key_id), KEYS, command, actor=actor)
            self._ring.refresh(key.key_id)
        return self._ring.named(key.key_id)


def stream_of(key_id: str) -> str:
    """The stream of one key."""
    return f"key-{key_id}"
