"""Runs out of the log, and into it: what is kept of each, and who may still read it."""

import asyncio
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, TypeVar
from weakref import WeakValueDictionary

import msgspec

from core.clock import Clock
from core.erasure import SubjectKeys, Unreadable
from core.errors import Refused, Unavailable
from core.research.contents import Problem, Question, Told
from core.research.decider import demand_run, not_found
from core.research.evolve import fold
from core.research.items import stream_of
from core.research.live import Do, Live, Lost
from core.research.sealing import line_of, opened, sealed
from core.research.state import Run
from core.research.views import ResearchLine, ResearchView, RunState, view_of
from events.facts import ResearchFailed, ResearchPaused, ResearchRequested
from events.projections.research_runs import ResearchRow, research_run, research_runs
from events.store import EventStore

T = TypeVar("T")

MOST_RESTING = 8  # runs that are not at work and stay in memory, the last looked at
_WITH_A_REASON: dict[str, type[ResearchPaused] | type[ResearchFailed]] = {
    "paused": ResearchPaused,
    "failed": ResearchFailed,
}


class Runs:
    """Every run there is. Loop-bound."""

    def __init__(
        self, *, store: EventStore, keys: SubjectKeys, clock: Clock, do: Do, lost: Lost
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._do = do
        self._lost = lost
        self._known: WeakValueDictionary[str, Live] = WeakValueDictionary()
        self._lately: OrderedDict[str, Live] = OrderedDict()  # holds on to some of them
        self._opening: dict[str, asyncio.Lock] = {}

    def all(self) -> tuple[Live, ...]:
        """Those that are in hand."""
        return tuple(self._known.values())

    async def one(self, which: str) -> Live:
        """A run, in hand. Raises NotFound, Refused (it was erased, or its key is not here)."""
        live = self._known.get(which)
        if live is None:
            async with self._opening.setdefault(which, asyncio.Lock()):
                live = self._known.get(which)
                if live is None:
                    live = await self.with_keys(partial(self._opened, which))
                    self._known[which] = live
                self._opening.pop(which, None)
        self._hold(which, live)
        return live

    def _hold(self, which: str, live: Live) -> None:
        """On to those at work and to the last few; the others are read from the log again.

        Whoever still uses one that is let go of keeps it here, so that no run is there twice.
        """
        self._lately[which] = live
        self._lately.move_to_end(which)
        resting = [one for one, held in self._lately.items() if not held.at_work]
        for one in resting[:-MOST_RESTING]:
            del self._lately[one]

    def forget(self, which: str) -> None:
        """Let it out of hand; what follows it comes to its end."""
        self._known.pop(which, None)
        self._lately.pop(which, None)

    async def lines(self, then: Sequence[ResearchRow] | None = None) -> tuple[ResearchLine, ...]:
        """Every run, the newest first, also the erased; `then`: as they stood at some moment."""
        return await self.with_keys(self._lines if then is None else partial(self._lines_of, then))

    async def then(self, which: str, at: int) -> tuple[Run, ResearchView]:
        """One as its facts up to position `at` tell it. Raises NotFound, Refused."""
        return await self.with_keys(partial(self._then, which, at))

    def row(self, which: str) -> ResearchRow:
        """One from outside. Raises NotFound."""
        with self._store.reading() as connection:
            row = research_run(connection, which)
        if row is None:
            raise not_found(which)
        return row

    def rows(self) -> list[ResearchRow]:
        """All of them from outside."""
        with self._store.reading() as connection:
            return research_runs(connection)

    async def record(self, told: Told, ran_s: float, version: int, actor: str) -> Told:
        """Seal it and append it. Raises KeyGone, EventError, Unavailable."""
        which: str = getattr(told.fact, "research_id", "")
        ready = await self.with_keys(partial(sealed, self._keys, which, told, ran_s=ran_s))
        await self._store.append(stream_of(which), [ready.fact], actor=actor, expected=version)
        return ready

    async def with_keys(self, call: Callable[[], T]) -> T:
        """In a thread. Raises Unavailable when keys.db can not be used."""
        try:
            return await asyncio.to_thread(call)
        except (sqlite3.Error, OSError) as problem:
            raise Unavailable(
                f"research or its keys can not be used now: {problem}",
                code="keys-unavailable",
                next_action="see that the disk has room and keys.db can be written",
            ) from problem

    def _opened(self, which: str) -> Live:
        recorded = self._store.read_stream(stream_of(which))
        if not recorded:
            raise not_found(which)
        state = fold(opened(self._keys, which, [one.event for one in recorded]))
        run = demand_run(which, state)
        if self._keys.missing(stream_of(which)) is not None:
            raise _lost(which)
        return Live(
            run=run,
            version=len(recorded),
            started_at=recorded[0].recorded_at,
            started_by=recorded[0].actor,
            do=self._do,
            record=self.record,
            clock=self._clock,
            lost=self._lost,
        )

    def _then(self, which: str, at: int) -> tuple[Run, ResearchView]:
        told = [one for one in self._store.read_stream(stream_of(which)) if one.position <= at]
        run = demand_run(which, fold(opened(self._keys, which, [one.event for one in told])))
        begun = told[0].recorded_at
        return run, view_of(run, started_at=begun, ran_s=run.ran_s, under_way=())

    def _lines(self) -> tuple[ResearchLine, ...]:
        return tuple(self._line(one, self._known.get(one.research_id)) for one in self.rows())

    def _lines_of(self, then: Sequence[ResearchRow]) -> tuple[ResearchLine, ...]:
        """What was asked is read with today's key, and what was erased since is erased."""
        now = {one.research_id: one for one in self.rows()}
        known = [
            msgspec.structs.replace(
                one,
                question=now[one.research_id].question,
                erasing_at=now[one.research_id].erasing_at,
            )
            for one in then
            if one.research_id in now
        ]
        return tuple(self._line(one, None) for one in known)

    def _line(self, row: ResearchRow, live: Live | None) -> ResearchLine:
        which = row.research_id
        erased = row.erasing_at is not None
        missing = Unreadable.ERASED if erased else self._keys.missing(stream_of(which))
        question: str | None = None
        if missing is None and row.question is not None:
            asked = ResearchRequested(research_id=which, model="", sealed=b"")
            content = line_of(self._keys, which, asked, row.question)
            question = content.question if isinstance(content, Question) else None
        problem = live.run.problem if live is not None else self._problem(row)
        return ResearchLine(
            research_id=which,
            standing="open" if missing is None else _standing(missing),
            question=question,
            model=row.model,
            state=live.view().state if live is not None else _state(row.state),
            started_at=row.started_at,
            started_by=row.started_by,
            last_at=row.last_at,
            sources=row.sources,
            notes=row.notes,
            problem=problem.message if problem else "",
        )

    def _problem(self, row: ResearchRow) -> Problem | None:
        """Why one rests that is not in hand."""
        fact = _WITH_A_REASON.get(row.state)
        if fact is None or row.erasing_at is not None:
            return None
        which, kind = row.research_id, str(fact.__struct_config__.tag)
        for one in self._store.read_stream_back(stream_of(which), limit=1, type=kind):
            if isinstance(one.event, fact):
                told = line_of(self._keys, which, one.event, one.event.sealed)
                return told if isinstance(told, Problem) else None
        return None


def run_of(live: Live) -> Run:
    """The run in hand. Raises Refused where it is being erased."""
    return demand_run(live.run.research_id, live.state)


def _standing(missing: Unreadable) -> Literal["erased", "lost"]:
    return "erased" if missing is Unreadable.ERASED else "lost"


def _state(told: str) -> RunState:
    return told  # type: ignore[return-value]  # the read model knows the same words


def _lost(which: str) -> Refused:
    return Refused(
        f"the key of the research {which} is not here: nothing of it can be read",
        code="research-lost",
        next_action="bring keys.db and secrets/erasure-key back from a backup",
    )
