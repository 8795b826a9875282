"""The past of a running app through its API, or of a stopped one from its files, read-only.

Both answer in the same shape. Times are read here, where the person's clock and time zone are.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from core.errors import Invalid, NotFound
from core.past.differences import differences
from core.past.moments import US, moment
from core.past.time_travel import TimeTravel
from core.past.why import Thread, answer, newest_change, thread
from core.settings import Settings
from core.usage_log import month_of
from desktop.cli.past_requests import REQUEST_ID, recorded_request
from desktop.cli.recorded import recorded_log
from desktop.cli.terminal import Terminal
from desktop.client import Client
from desktop.problems import NotRunning
from events.projections.causes import consequences_of, event_at
from events.projections.keys_in_force import issued_key
from events.projections.saved_recipes import saved_recipes
from events.projections.timeline import TimelineFilter, entry, timeline_page
from events.store import EventStore

Json = Any  # what a JSON document decodes to
T = TypeVar("T")
# The query of a page, whether the newest come first, and how many at most → the page.
Ask = Callable[[Mapping[str, Any], bool, int], Mapping[str, Any]]

DAY_US = 24 * 3600 * US


def from_app_or_files(
    terminal: Terminal, app: Callable[[Client], T], files: Callable[[TimeTravel], T]
) -> T:
    """Ask the app; when it does not run, or ended a moment ago, its files."""
    if client := terminal.client_if_running():
        try:
            return app(client)
        except NotRunning:
            pass
    with recorded_past(terminal.settings) as past:
        return files(past)


@contextmanager
def recorded_past(settings: Settings) -> Iterator[TimeTravel]:
    """The past as it lies in the files; raises NotRunning when nothing is recorded yet."""
    with recorded_log(settings) as store:
        yield TimeTravel(store, settings.paths.home, read_only=True)


def as_asked(text: str, field: str = "at") -> str:
    """A moment as the app reads it wherever it runs, and as exact as it was given."""
    found = moment(text, now(), field)
    if found.at is None:
        return str(found.position)
    if not found.lasts:
        return str(found.at)
    here = datetime.fromtimestamp(found.at / US).astimezone()
    return here.isoformat(timespec="seconds" if found.lasts == US else "minutes")


def now() -> int:
    """µs since the epoch."""
    return time.time_ns() // 1000


def state(terminal: Terminal, at: str) -> Json:
    """Everything as of a moment, as /api/state gives it; without what requests add up to."""
    asked = as_asked(at)

    def files(past: TimeTravel) -> Json:
        told = msgspec.to_builtins(past.state(past.position(asked, now())))
        return {**told, "head": past.store.head, "usage": None}

    return from_app_or_files(terminal, lambda client: client.get("/api/state", at=asked), files)


def diff(terminal: Terminal, first: str, last: str) -> Json:
    """What two moments differ in, as /api/state/diff gives it."""
    begin, end = as_asked(first, "from"), as_asked(last, "to")

    def app(client: Client) -> Json:
        return client.get(f"/api/state/diff?{urlencode({'from': begin, 'to': end})}")

    def files(past: TimeTravel) -> Json:
        one, other = past.position(begin, now(), "from"), past.position(end, now(), "to")
        if one > other:
            raise Invalid("the first moment is later than the second one", field="from")
        before, after = past.state(one), past.state(other)
        with past.store.reading() as connection:
            found = differences(connection, before, after)
        return {
            "from_position": one,
            "from_recorded_at": before.recorded_at,
            "to_position": other,
            "to_recorded_at": after.recorded_at,
            "differences": msgspec.to_builtins(found),
        }

    return from_app_or_files(terminal, app, files)


def why(terminal: Terminal, about: str | None, at: str) -> Json:
    """What led to an event, or to the last coming or going of a model until a moment.

    A request's id stands for the newest event that it led to.
    """
    asked = as_asked(at)
    if about is not None and REQUEST_ID.fullmatch(about):
        return why_request(terminal, about)
    position = int(about) if about is not None and about.isascii() and about.isdigit() else None

    def app(client: Client) -> Json:
        if position is not None:
            return client.get(f"/api/timeline/{position}/why")
        return client.get("/api/timeline/why", model=about, at=asked)

    def files(past: TimeTravel) -> Json:
        with past.store.reading() as connection:
            if position is not None:
                return _told(terminal.settings, connection, _thread(connection, position))
        return _told_of_model(terminal.settings, past, about, asked)

    return from_app_or_files(terminal, app, files)


def why_request(terminal: Terminal, request_id: str) -> Json:
    """What led to the newest event that came of a request; how it ended, where nothing did.

    Raises NotFound when neither the log nor a month's requests know of it.
    """
    wanted = {"correlation": request_id}

    def app(client: Client) -> Json:
        page = client.get("/api/timeline", correlation=request_id, limit=1)
        if entries := page["entries"]:
            return client.get(f"/api/timeline/{entries[0]['position']}/why")
        found = client.get("/api/requests", request_id=request_id, limit=1)["requests"]
        return _told_of_request(request_id, found[0] if found else None)

    def files(past: TimeTravel) -> Json:
        settings = terminal.settings
        page = recorded_page(past.store, wanted, newest_first=True, limit=1)
        if page["entries"]:
            with past.store.reading() as connection:
                told = _thread(connection, page["entries"][0]["position"])
                return _told(settings, connection, told)
        found = recorded_request(settings.paths, request_id, ())
        return _told_of_request(request_id, msgspec.to_builtins(found) if found else None)

    return from_app_or_files(terminal, app, files)


def consequences(terminal: Terminal, position: int) -> Json:
    """What came of an event, as /api/timeline/{position}/consequences gives it."""

    def files(past: TimeTravel) -> Json:
        with past.store.reading() as connection:
            found = consequences_of(connection, _thread(connection, position).explained)
        return {
            "position": position,
            "entries": [msgspec.to_builtins(entry(one)) for one in found],
            "complete": True,
        }

    return from_app_or_files(
        terminal, lambda client: client.get(f"/api/timeline/{position}/consequences"), files
    )


def pages(
    ask: Ask, *, newest_first: bool, limit: int, after: int = 0, until: int | None = None
) -> Iterator[Mapping[str, Any]]:
    """The wanted events one by one, asked for page after page.

    `until`: the moment (µs) beyond which nothing is wanted. What lies a day beyond it is not looked
    through any more; only a clock that was set by more than that could have put something there.
    """
    query: dict[str, Any] = {"after": after} if after else {}
    while True:
        page = ask(query, newest_first, limit)
        yield from page["entries"]
        onward = page.get("older" if newest_first else "newer")
        if onward is None or _is_beyond(page.get("reached_at"), until, newest_first=newest_first):
            return
        query = {"before" if newest_first else "after": onward}


def _is_beyond(reached_at: int | None, until: int | None, *, newest_first: bool) -> bool:
    if reached_at is None or until is None:
        return False
    return reached_at < until - DAY_US if newest_first else reached_at > until + DAY_US


def recorded_page(
    store: EventStore, wanted: Mapping[str, Any], *, newest_first: bool, limit: int
) -> Mapping[str, Any]:
    """A page of the timeline out of the files, in the shape of /api/timeline."""
    given = dict(wanted)
    before, after = given.pop("before", None), given.pop("after", None) or 0
    with store.reading() as connection:
        if given.get("model"):
            given["model"] = _recipe_named(connection, given["model"])
        page = timeline_page(
            connection,
            TimelineFilter(**given),
            before=before,
            after=after,
            limit=limit,
            newest_first=newest_first,
        )
    onward = "older" if newest_first else "newer"
    return {
        "entries": msgspec.to_builtins(page.entries),
        onward: page.reached,
        "reached_at": page.reached_at,
    }


def _thread(connection: sqlite3.Connection, position: int) -> Thread:
    found = event_at(connection, position)
    if found is None:
        raise NotFound(f"there is no event at position {position}")
    return thread(connection, found)


def _told_of_model(settings: Settings, past: TimeTravel, model: str | None, asked: str) -> Json:
    wanted = moment(asked, now())
    begin = until = past.position_of(wanted)
    if wanted.at is not None and wanted.lasts:
        until = max(begin, past.snapshots.position_at(wanted.at + wanted.lasts - 1))
    with past.store.reading() as connection:
        recipe_id = _recipe_named(connection, model) if model is not None else None
        within = begin if until > begin else None
        found = newest_change(connection, recipe_id, until=until, within=within)
        return _told(settings, connection, thread(connection, found))


def _told(settings: Settings, connection: sqlite3.Connection, told: Thread) -> Json:
    begin = told.events[0].recorded_at
    months = (month_of(begin), month_of(begin + DAY_US))
    request = None if told.wish is None else recorded_request(settings.paths, told.wish, months)

    def key_name(key_id: str) -> str | None:
        key = issued_key(connection, key_id)
        return key.name if key else None

    return {
        "position": told.explained.position,
        "answer": answer(told, key_name=key_name, is_request=request is not None, now=now()),
        "thread": msgspec.to_builtins(told.entries()),
        "request_id": request.request_id if request else None,
        "request": msgspec.to_builtins(request) if request else None,
        "running": None,
    }


def _told_of_request(request_id: str, found: Mapping[str, Any] | None) -> Json:
    """A request that no event came of, in the shape of the others."""
    if found is None:
        raise NotFound(f"there is no request {request_id}, nor anything that came of one")
    return {
        "position": None,
        "answer": f"Nothing but its answer came of the request {request_id}.",
        "thread": [],
        "request_id": request_id,
        "request": found,
        "running": None,
    }


def _recipe_named(connection: sqlite3.Connection, name: str) -> str:
    """The recipe that a model's name belongs to; the name itself when none does."""
    for archived in (False, True):
        for saved in saved_recipes(connection, archived):
            names = (saved.recipe_id, saved.recipe.get("name"), *saved.recipe.get("aliases", ()))
            if name in names:
                return saved.recipe_id
    return name
