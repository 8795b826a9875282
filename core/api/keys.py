"""`/api/keys`: who may ask `/v1`. For the owner of this machine alone."""

import msgspec
from litestar import delete, get, post

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.errors import Invalid
from core.keys.desk import NewKey
from events.projections.keys_in_force import IssuedKey

LONGEST_S = 100 * 366 * 86400.0


class KeyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /api/keys; without a moment or a time to live the key does not expire."""

    name: str
    expires_in_s: float | None = None
    expires_at: int | None = None  # µs since the epoch


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key as people see it: neither its secret nor the hash of it."""

    key_id: str
    name: str
    prefix: str  # the secret's first letters
    state: str  # in force | expired | revoked
    issued_at: int
    issued_by: str
    expires_at: int | None = None
    revoked_at: int | None = None
    revoked_by: str | None = None


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/keys, oldest first; `required`: nobody gets in without one."""

    keys: tuple[KeyView, ...]
    required: bool


class KeyWithSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A new key. Its secret is shown here, once, and can not be had again."""

    key: KeyView
    secret: str


@get("/keys")
async def list_keys(application: Application, asking: Asking) -> KeyList:
    """Every key that was ever issued."""
    demand_owner(asking, "see its keys")
    now = application.clock.now()
    return KeyList(
        keys=tuple(view(key, now) for key in application.keys.all()),
        required=application.settings.current.demands_key,
    )


@post("/keys")
async def issue_key(application: Application, asking: Asking, data: KeyWish) -> KeyWithSecret:
    """Make a key; it works from now on."""
    demand_owner(asking, "issue keys")
    now = application.clock.now()
    new: NewKey = await application.key_desk.issue(
        data.name, actor=asking.actor, expires_at=moment_of(data, now)
    )
    return KeyWithSecret(key=view(new.key, now), secret=new.secret)


@delete("/keys/{key:str}", status_code=200)
async def revoke_key(application: Application, asking: Asking, key: str) -> KeyView:
    """Let its holder in no more, from this moment on; by id, or by the name of one in force."""
    demand_owner(asking, "revoke keys")
    revoked = await application.key_desk.revoke(key, actor=asking.actor)
    return view(revoked, application.clock.now())


def moment_of(wish: KeyWish, now: int) -> int | None:
    """When the key is to expire, µs since the epoch."""
    if wish.expires_in_s is None:
        return wish.expires_at
    if wish.expires_at is not None or not 0 < wish.expires_in_s <= LONGEST_S:
        raise Invalid(
            "`expires_in_s` should be a number of seconds above 0, without `expires_at` beside it",
            field="expires_in_s",
        )
    return now + round(wish.expires_in_s * 1e6)


def view(key: IssuedKey, now: int) -> KeyView:
    """What may be seen of it."""
    shown = {name: getattr(key, name) for name in key.__struct_fields__ if name != "digest"}
    return KeyView(**shown, state=state_of(key, now))


def state_of(key: IssuedKey, now: int) -> str:
    """Whether it opens the door."""
    if key.revoked_at is not None:
        return "revoked"
    expired = key.expires_at is not None and key.expires_at <= now
    return "expired" if expired else "in force"


HANDLERS = (list_keys, issue_key, revoke_key)
