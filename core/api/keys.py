"""`/api/keys`: who may ask what, and how much of it. For the owner of this machine alone."""

from typing import Any

import msgspec
from litestar import delete, get, patch, post

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.errors import Invalid
from core.keys.calendar import US, Period
from core.keys.desk import NewKey
from core.keys.use import Use
from events.facts.key import KeyLimits
from events.projections.keys_in_force import IssuedKey

NO_LIMITS = KeyLimits()
MOST = 1000  # in one answer
LONGEST_S = 100 * 366 * 86400.0


class KeyWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /api/keys; without a moment or a time to live the key does not expire."""

    name: str
    expires_in_s: float | None = None
    expires_at: int | None = None  # µs since the epoch
    limits: dict[str, Any] = {}  # as a PATCH would set them


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """What counts against a key's limits now; resets are moments in µs since the epoch."""

    requests: int  # in the last minute
    tokens: int  # the same, with those that are reserved
    parallel: int
    spent_day: float
    spent_month: float
    requests_reset_at: int | None  # None: there is nothing to reset
    tokens_reset_at: int | None
    day_reset_at: int
    month_reset_at: int


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
    limits: KeyLimits = NO_LIMITS
    used: KeyUse | None = None  # of a key that is in force


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/keys, oldest first; `required`: nobody gets in without one."""

    keys: tuple[KeyView, ...]
    next: str | None = None  # what to ask `after` for more; None: there are no more
    required: bool


class KeyWithSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A new key. Its secret is shown here, once, and can not be had again."""

    key: KeyView
    secret: str


@get("/keys")
async def list_keys(
    application: Application, asking: Asking, after: str | None = None, limit: int = MOST
) -> KeyList:
    """Every key that was ever issued, a page at a time."""
    demand_owner(asking, "see its keys")
    if limit < 1:
        raise Invalid("`limit` should be at least 1", field="limit")
    now = application.clock.now()
    keys, following = application.keys.page(after, min(limit, MOST))
    return KeyList(
        keys=tuple(view(application, key, now) for key in keys),
        next=following,
        required=application.settings.current.demands_key,
    )


@get("/keys/{key:str}")
async def show_key(application: Application, asking: Asking, key: str) -> KeyView:
    """One key, by id, or by the name of one in force."""
    demand_owner(asking, "see its keys")
    return view(application, application.keys.named(key), application.clock.now())


@post("/keys")
async def issue_key(application: Application, asking: Asking, data: KeyWish) -> KeyWithSecret:
    """Make a key; it works from now on."""
    demand_owner(asking, "issue keys")
    now = application.clock.now()
    new: NewKey = await application.key_desk.issue(
        data.name,
        actor=asking.actor,
        expires_at=moment_of(data, now),
        limits=changed(NO_LIMITS, data.limits),
    )
    return KeyWithSecret(key=view(application, new.key, now), secret=new.secret)


@patch("/keys/{key:str}")
async def limit_key(
    application: Application, asking: Asking, key: str, data: dict[str, Any]
) -> KeyView:
    """Set the limits that are named, null clears one; they count from the next request on."""
    demand_owner(asking, "set limits of keys")
    limited = await application.key_desk.set_limits(
        key, lambda limits: changed(limits, data), actor=asking.actor
    )
    return view(application, limited, application.clock.now())


@delete("/keys/{key:str}", status_code=200)
async def revoke_key(application: Application, asking: Asking, key: str) -> KeyView:
    """Let its holder in no more, from this moment on; by id, or by the name of one in force."""
    demand_owner(asking, "revoke keys")
    revoked = await application.key_desk.revoke(key, actor=asking.actor)
    return view(application, revoked, application.clock.now())


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


def changed(limits: KeyLimits, wish: dict[str, Any]) -> KeyLimits:
    """The limits with what is wished for; raises Invalid."""
    names = KeyLimits.__struct_fields__
    for name in wish:
        if name not in names:
            known = ", ".join(names)
            raise Invalid(f"a key has no limit {name!r}; known: {known}", field=name)
    kept = {name: getattr(limits, name) for name in names if name not in wish}
    given = {name: value for name, value in wish.items() if value is not None}
    try:
        return msgspec.convert(kept | given, KeyLimits)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("$.")[2].split("[")[0].strip("`") or None
        raise Invalid(f"this is no limit: {error}", field=field) from None


def view(application: Application, key: IssuedKey, now: int) -> KeyView:
    """What may be seen of it, and what it used."""
    shown = {name: getattr(key, name) for name in key.__struct_fields__ if name != "digest"}
    state = state_of(key, now)
    gate = application.limits.gate
    used = use(gate.use(key.key_id), now) if state == "in force" else None
    return KeyView(**shown, state=state, used=used)


def use(used: Use, now: int) -> KeyUse:
    """In moments, as the API tells time."""
    period = Period.of(now)
    return KeyUse(
        requests=used.requests,
        tokens=used.tokens,
        parallel=used.parallel,
        spent_day=used.spent_day,
        spent_month=used.spent_month,
        requests_reset_at=_moment(now, used.requests_reset_s),
        tokens_reset_at=_moment(now, used.tokens_reset_s),
        day_reset_at=period.day_ends,
        month_reset_at=period.month_ends,
    )


def _moment(now: int, seconds: float) -> int | None:
    return now + round(seconds * US) if seconds else None


def state_of(key: IssuedKey, now: int) -> str:
    """Whether it opens the door."""
    if key.revoked_at is not None:
        return "revoked"
    expired = key.expires_at is not None and key.expires_at <= now
    return "expired" if expired else "in force"


@post("/keys/{key:str}/reinstate", status_code=200)
async def reinstate_key(application: Application, asking: Asking, key: str) -> KeyView:
    """Let the holder of a revoked key in again, by its id; what it might before, it may again."""
    demand_owner(asking, "reinstate keys")
    again = await application.key_desk.reinstate(key, actor=asking.actor)
    return view(application, again, application.clock.now())


HANDLERS = (list_keys, show_key, issue_key, limit_key, revoke_key, reinstate_key)
