"""`/api/requests`: which requests there were, how each ended, and which have not ended yet."""

import msgspec
from litestar import get

from core.api.usage import name_of, pruned_in, time_bounded
from core.application import Application
from core.errors import Invalid, NotFound
from core.gateway.calls import RunningRequest, key_of
from events.facts.usage import RequestFinished
from events.projections.request_log import LoggedRequest, RequestFilter
from events.projections.sealed_months import PrunedMonth

MOST = 1000


class RequestEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One request that has ended; never what was asked or answered."""

    request_id: str
    finished_at: int  # µs since the epoch
    path: str
    model: str
    recipe_id: str | None
    engine_id: str | None
    actor: str
    key_id: str | None
    key_name: str | None
    lane: str
    outcome: str
    status: int
    error_code: str | None
    stream: bool
    cache: str  # hit | joined; empty: the engine's own answer
    fell_back_from: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    counted: str  # who counted: engine | gateway | estimated; empty: nobody
    wait_ms: float
    load_ms: float
    ttft_ms: float | None
    itl_ms: float | None
    duration_ms: float
    cost: float | None
    energy_j: float | None
    energy_cost: float | None


class RequestList(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first; `next` as `before` asks for older ones, None: there are none."""

    requests: tuple[RequestEntry, ...]
    next: str | None = None
    unreadable: tuple[str, ...] = ()  # months that are missing, because they could not be read
    pruned: tuple[PrunedMonth, ...] = ()  # months that are missing, because they were erased


class RunningList(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /api/requests/running, oldest first."""

    requests: tuple[RunningRequest, ...]


@get("/requests")
async def list_requests(
    application: Application,
    request_id: str | None = None,
    model: str | None = None,
    recipe: str | None = None,
    engine: str | None = None,
    key: str | None = None,
    actor: str | None = None,
    path: str | None = None,
    lane: str | None = None,
    outcome: str | None = None,
    status: int | None = None,
    stream: bool | None = None,
    error_code: str | None = None,
    cache: str | None = None,
    since: int | None = None,
    until: int | None = None,
    before: str | None = None,
    limit: int = 100,
) -> RequestList:
    """One record for each request that has ended, for which everything that is asked for holds.

    `key` is an id or the name of a key in force.
    """
    if limit < 1:
        raise Invalid("`limit` should be at least 1", field="limit")
    time_bounded(since=since, until=until)
    wanted = RequestFilter(
        request_id=request_id,
        model=model,
        recipe=recipe,
        engine=engine,
        key=_key_id(application, key),
        actor=actor,
        path=path,
        lane=lane,
        outcome=outcome,
        status=status,
        stream=stream,
        error_code=error_code,
        cache=cache,
        since=since,
        until=until,
    )
    page = await application.usage.page(wanted, before=before, limit=min(limit, MOST))
    pruned = pruned_in(application, since, until) if page.unreadable else ()
    erased = {one.month for one in pruned}
    return RequestList(
        requests=tuple(entry(one, application) for one in page.requests),
        next=page.next,
        unreadable=tuple(month for month in page.unreadable if month not in erased),
        pruned=tuple(one for one in pruned if one.month in page.unreadable),
    )


@get("/requests/running")
async def list_running(application: Application) -> RunningList:
    """What waits or runs now; any of it can be cancelled by its id."""
    return RunningList(requests=application.proxy.calls.all())


def entry(logged: LoggedRequest, application: Application) -> RequestEntry:
    """A record as people see it."""
    told = {name: getattr(logged.request, name) for name in RequestFinished.__struct_fields__}
    shown = {name: told[name] for name in RequestEntry.__struct_fields__ if name in told}
    key_id = key_of(logged.request.actor)
    return RequestEntry(
        **shown,
        finished_at=logged.finished_at,
        key_id=key_id,
        key_name=name_of(application, key_id) if key_id else None,
    )


def _key_id(application: Application, key: str | None) -> str | None:
    """The id of a key that is named; whatever else was given is taken for an id."""
    try:
        return application.keys.named(key).key_id if key else None
    except NotFound:
        return key


HANDLERS = (list_requests, list_running)
