"""The record of one request out of the files of a stopped app, live months and sealed ones.

Nothing is written: a live month whose read models would have to be brought up to date first is
passed over. In a segment a request is found by its id, without the sums that would be unpacked.
"""

import re
import sqlite3
from collections.abc import Sequence

from core.settings import Paths
from core.usage.months import likeliest_first
from core.usage.sealed import SealedBooks, is_month
from events.errors import EventError
from events.facts import RequestFinished
from events.projections import USAGE
from events.projections.projector import are_current
from events.projections.request_log import LoggedRequest, RequestFilter, requests
from events.store import EventStore

REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def recorded_request(
    paths: Paths, request_id: str, months: Sequence[str]
) -> RequestFinished | None:
    """Its record; looked for in `months` first, such as 2026-11, then wherever its id points."""
    live = (path.stem.removeprefix("usage-") for path in paths.home.glob("usage-????-??.db"))
    sealed = SealedBooks(paths)
    here = sorted({*filter(is_month, live), *sealed.names()}, reverse=True)
    order = [month for month in months if month in here] + likeliest_first(here, request_id)
    wanted = RequestFilter(request_id=request_id)
    for month in dict.fromkeys(order):
        try:
            found = _live(paths, month, wanted)
            if found is None and not paths.usage_db(f"{month}-01").exists():
                found = sealed.requests(month, wanted, before=None, limit=1)
        except (EventError, OSError, sqlite3.Error):
            continue
        if found:
            return found[0].request
    return None


def _live(paths: Paths, month: str, wanted: RequestFilter) -> list[LoggedRequest] | None:
    """None: there is no live log of that month, or it can not be asked as it is."""
    path = paths.usage_db(f"{month}-01")
    if not path.exists():
        return None
    log = EventStore.open(path, read_only=True)
    try:
        with log.reading() as connection:
            return requests(connection, wanted, limit=1) if are_current(connection, USAGE) else None
    finally:
        log.close()
