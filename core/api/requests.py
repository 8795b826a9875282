"""`/api/requests`: which requests there were, how each ended, and which have not ended yet."""

import msgspec
from litestar import get

from core.application import Application
from core.errors import Invalid
from core.gateway.calls import RunningRequest, key_of
from events.facts.usage import RequestFinished
from events.projections.request_log import LoggedRequest, RequestFilter

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
    lane: str
    outcome: str
    status: int
    stream: bool
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    wait_ms: float
    ttft_ms: float | None
    duration_ms: float
    cost: float | None


class RequestList(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first; `next` as `before` asks for older ones, None: there are none."""

    requests: tuple[RequestEntry, ...]
    next: str | None = None


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
    since: int | None = None,
    until: int | None = None,
    before: str | None = None,
    limit: int = 100,
) -> RequestList:
    """One record for each request that has ended, for which everything that is asked for holds."""
    if limit < 1:
        raise Invalid("`limit` should be at least 1", field="limit")
    wanted = RequestFilter(
        request_id=request_id,
        model=model,
        recipe=recipe,
        engine=engine,
        key=key,
        actor=actor,
        path=path,
        lane=lane,
        outcome=outcome,
        status=status,
        stream=stream,
        since=since,
        until=until,
    )
    page = await application.usage.page(wanted, before=before, limit=min(limit, MOST))
    return RequestList(requests=tuple(map(entry, page.requests)), next=page.next)


@get("/requests/running")
async def list_running(application: Application) -> RunningList:
    """What waits or runs now; any of it can be cancelled by its id."""
    return RunningList(requests=application.proxy.calls.all())


def entry(logged: LoggedRequest) -> RequestEntry:
    """A record as people see it."""
    told = {name: getattr(logged.request, name) for name in RequestFinished.__struct_fields__}
    shown = {name: told[name] for name in RequestEntry.__struct_fields__ if name in told}
    return RequestEntry(
        **shown, finished_at=logged.finished_at, key_id=key_of(logged.request.actor)
    )


HANDLERS = (list_requests, list_running)
