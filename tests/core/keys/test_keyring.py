"""From issuing to the door: over a real log, with a clock that stands still."""

import pytest

from core.errors import NotFound, Refused
from core.keys.desk import KeyDesk
from core.keys.keyring import KeyRing, Known, Unknown, is_ours
from core.keys.secret import SCHEME, make_secret
from events.facts.key import KeyLimits
from events.projections.keys_in_force import issued_keys, keys_in_force
from events.store import EventStore
from tests.core.keys.conftest import Clock


def test_secrets_are_long_of_chance_and_known_by_their_scheme() -> None:
    """256 bits, in letters that need no quoting anywhere."""
    secrets = {make_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        assert secret.startswith(SCHEME)
        assert len(secret) == len(SCHEME) + 43
        assert is_ours(secret.encode())
    assert not is_ours(b"sk-none")


async def test_an_issued_key_opens_the_door_at_once(desk: KeyDesk, ring: KeyRing) -> None:
    """And one that nobody issued does not."""
    new = await desk.issue("laptop", actor="cli")
    assert ring.check(new.secret.encode()) == Known(key_id=new.key.key_id, key=new.key)
    assert isinstance(ring.check(make_secret().encode()), Unknown)


async def test_the_log_holds_no_secret(desk: KeyDesk, store: EventStore) -> None:
    """Not in a fact, not in the file: only the hash and the first letters."""
    new = await desk.issue("laptop", actor="cli")
    await desk.revoke("laptop", actor="cli")
    told = b"".join(recorded.data for recorded in store.read_all())
    assert new.secret.encode() not in told
    assert new.key.digest.encode() in told
    assert [r.type for r in store.read_stream(f"key-{new.key.key_id}")] == [
        "key-issued",
        "key-revoked",
    ]


async def test_a_revoked_key_is_refused_from_then_on(desk: KeyDesk, ring: KeyRing) -> None:
    """By name or by id; who serves its holder is told."""
    told: list[str] = []
    ring.listen(told.append)
    new = await desk.issue("laptop", actor="cli")
    revoked = await desk.revoke("laptop", actor="tray")
    assert revoked.revoked_by == "tray"
    assert ring.check(new.secret.encode()) == Unknown(reason="this API key was revoked")
    assert told == [new.key.key_id]
    await desk.revoke(new.key.key_id, actor="cli")  # a repeat changes nothing
    with pytest.raises(NotFound):
        await desk.revoke("nobody", actor="cli")


async def test_a_key_works_until_the_moment_it_expires(
    desk: KeyDesk, ring: KeyRing, clock: Clock
) -> None:
    """And not at that moment."""
    new = await desk.issue("guest", actor="cli", expires_at=clock.at + 10)
    clock.at += 9
    assert isinstance(ring.check(new.secret.encode()), Known)
    clock.at += 1
    assert ring.check(new.secret.encode()) == Unknown(reason="this API key has expired")


async def test_a_name_is_free_again_when_its_key_was_revoked(desk: KeyDesk) -> None:
    """No two keys in force share one."""
    await desk.issue("laptop", actor="cli")
    with pytest.raises(Refused, match="laptop"):
        await desk.issue("laptop", actor="cli")
    await desk.revoke("laptop", actor="cli")
    await desk.issue("laptop", actor="cli")


async def test_keys_outlive_the_app(desk: KeyDesk, store: EventStore, clock: Clock) -> None:
    """A new ring over the same log knows them, and the read model tells the revoked apart."""
    first = await desk.issue("first", actor="cli")
    second = await desk.issue("second", actor="cli")
    await desk.revoke("first", actor="cli")
    ring = KeyRing(store, clock)
    assert isinstance(ring.check(second.secret.encode()), Known)
    assert isinstance(ring.check(first.secret.encode()), Unknown)
    with store.reading() as connection:
        assert [key.name for key in issued_keys(connection)] == ["first", "second"]
        assert [key.name for key in keys_in_force(connection)] == ["second"]


async def test_limits_count_from_the_next_look_on_and_outlive_the_app(
    desk: KeyDesk, ring: KeyRing, store: EventStore, clock: Clock
) -> None:
    """Those of the issue, then what a change makes of them; by name or by id."""
    first = KeyLimits(requests_per_minute=3, models=("qwen",))
    new = await desk.issue("laptop", actor="cli", limits=first)
    assert new.key.limits == ring.limits_of(new.key.key_id) == first
    then = KeyLimits(scopes=("audit",))
    changed = await desk.set_limits("laptop", lambda now: then, actor="window")
    assert changed.limits == ring.limits_of(new.key.key_id) == then
    assert ring.check(new.secret.encode()) == Known(
        key_id=new.key.key_id, scopes=("audit",), key=changed
    )
    assert KeyRing(store, clock).limits_of(new.key.key_id) == then
    with pytest.raises(NotFound):
        await desk.set_limits("nobody", lambda now: now, actor="cli")


async def test_a_reinstated_key_opens_the_door_as_before(
    desk: KeyDesk, ring: KeyRing, store: EventStore, clock: Clock
) -> None:
    """At once, with its limits, and after a restart too."""
    limits = KeyLimits(requests_per_minute=3)
    new = await desk.issue("laptop", actor="cli", limits=limits)
    await desk.revoke("laptop", actor="cli")
    again = await desk.reinstate(new.key.key_id, actor="window")
    assert (again.revoked_at, again.revoked_by, again.limits) == (None, None, limits)
    for one in (ring, KeyRing(store, clock)):
        assert one.check(new.secret.encode()) == Known(key_id=new.key.key_id, key=again)
        assert one.named("laptop").key_id == new.key.key_id


async def test_what_was_said_of_a_key_stands_until_anything_of_it_changes(
    desk: KeyDesk, ring: KeyRing, clock: Clock
) -> None:
    """Whoever remembers it looks, and asks again when it does not."""
    new = await desk.issue("laptop", actor="cli", expires_at=clock.at + 10)
    secret = new.secret.encode()

    def known() -> Known:
        said = ring.check(secret)
        assert isinstance(said, Known)
        return said

    said = known()
    assert ring.in_force(said)
    await desk.set_limits("laptop", lambda now: KeyLimits(scopes=("audit",)), actor="window")
    assert not ring.in_force(said)
    said = known()
    assert ring.in_force(said)
    await desk.revoke("laptop", actor="cli")
    assert not ring.in_force(said)
    await desk.reinstate(new.key.key_id, actor="window")
    assert not ring.in_force(said)
    said = known()
    clock.at += 10
    assert not ring.in_force(said)
    assert not ring.in_force(Known(key_id="nobody"))
