"""`/api/audit/segments`, `…/seal`, `…/prune`: months of requests that are over."""

import lzma
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from litestar import get, post

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.errors import Refused
from core.sealing.sealing import MonthView
from core.sealing.steps import GivenUp
from events.errors import EventError

LONGEST_REASON = 200  # characters
NOT_SEALED = "Its live log is as it was. `vllm-studio audit verify` tells more of it."
NOT_ERASED = (
    "See that its files can be removed, and ask again; `audit segments` shows what is left."
)


class SealWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a seal."""

    month: str | None = None  # as in 2026-11; None: every month that is over


class PruneWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a pruning."""

    before: str  # the first month that is kept, as in 2026-11
    reason: str = "owner"
    aside: bool = False  # what recoveries moved aside of these months is erased too


class MonthList(msgspec.Struct, frozen=True, kw_only=True):
    """Months of requests, newest first."""

    months: tuple[MonthView, ...]


class Pruned(MonthList, frozen=True, kw_only=True):
    """The months that were erased now, and files with single requests that a recovery made."""

    aside_left: tuple[str, ...] = ()
    aside_erased: tuple[str, ...] = ()


@get("/audit/segments")
async def list_months(application: Application) -> MonthList:
    """Every month of requests: live, sealed, or erased but for what it adds up to."""
    return MonthList(months=await application.sealing.view())


@post("/audit/seal", status_code=200)
async def seal_months(application: Application, asking: Asking, data: SealWish) -> MonthList:
    """Seal a month that is over, or all of them; answers when that is done, which may take minutes.

    Only the owner may. Nothing that can be asked changes by it.
    """
    demand_owner(asking, "seal months of requests")
    application.log_watch.demand_change()
    with told():
        if data.month is None:
            return MonthList(months=await application.sealing.seal_all(actor=asking.actor))
        return MonthList(months=(await application.sealing.seal(data.month, actor=asking.actor),))


@post("/audit/prune", status_code=200)
async def prune_months(application: Application, asking: Asking, data: PruneWish) -> Pruned:
    """Erase the single requests of every month before one, for ever; their sums stay.

    Only the owner may, and it is recorded. Answers with the months that were erased now, and with
    the files that `audit recover` moved aside of such months: those go only with `aside`.
    """
    demand_owner(asking, "erase requests")
    application.log_watch.demand_change()
    sealing, actor = application.sealing, asking.actor
    reason = data.reason.strip()[:LONGEST_REASON] or "owner"
    erased: tuple[Path, ...] = ()
    with told("not all requests were erased", NOT_ERASED):
        months = await sealing.prune(data.before, reason=reason, actor=actor)
        if data.aside:
            erased = await sealing.erase_aside(data.before, reason=reason, actor=actor)
        left = await sealing.aside(data.before)
    return Pruned(
        months=months, aside_left=tuple(map(str, left)), aside_erased=tuple(map(str, erased))
    )


@contextmanager
def told(what: str = "the month was not sealed", next_action: str = NOT_SEALED) -> Iterator[None]:
    """What the disk refuses is said in a sentence; nothing was lost by it."""
    try:
        yield
    except GivenUp:
        raise Refused("vLLM Studio is stopping; the month stays as it is") from None
    except (EventError, OSError, sqlite3.Error, lzma.LZMAError) as problem:
        raise Refused(f"{what}: {problem}", code="not-sealed", next_action=next_action) from problem


HANDLERS = (list_months, seal_months, prune_months)
