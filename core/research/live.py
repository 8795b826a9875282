"""One run in the hands of the studio: what it does now, and who looks at it.

    next_step(state) ──► tasks, within limits ──► outcomes ──► recorded ──► state ──► next_step …

One task owns the run. What people wish comes in between, through the same record, so the state is
never two things. Whatever `next_step` no longer names is ended: a pause, a stop and a budget that
is used up need no words of their own. A run that waits for people, or rests, has no task.

What is at work when the studio dies is not recorded, and so is done again; nothing else is.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Sequence

import msgspec

from core.clock import Clock
from core.erasure import KeyGone
from core.errors import StudioError
from core.research.asking import ResearchAsker
from core.research.contents import Problem, Told, problem_of
from core.research.evolve import evolve
from core.research.process_manager import (
    ReadPage,
    SearchFor,
    Work,
    next_step,
    seconds_left,
)
from core.research.state import Run, State
from core.research.views import ResearchView, view_of
from core.research.web.providers import Unreached
from events.errors import EventError
from events.facts import ResearchBudgetSpent, ResearchPaused

log = logging.getLogger(__name__)

PACE_S = 0.25  # between two looks of a follower
AGAIN_S = 5.0  # until it is tried again to record, when the log could not be written
FINAL = frozenset({"done", "failed", "stopped"})
LIMITS: tuple[tuple[type | None, int], ...] = ((SearchFor, 4), (ReadPage, 6), (None, 3))

Do = Callable[[Work, Run, ResearchAsker], Awaitable[Told]]
Pace = Callable[[], Awaitable[None]]
Record = Callable[[Told, float, int, str], Awaitable[Told]]
Lost = Callable[[Run], int]


class Live:
    """A run. Loop-bound."""

    def __init__(
        self,
        *,
        run: Run,
        version: int,
        started_at: int,
        started_by: str,
        do: Do,
        record: Record,
        clock: Clock,
        lost: Lost = lambda run: 0,
    ) -> None:
        """`record`: seals a fact, appends it at this version, and gives it back as it stands.

        `lost`: tokens that were spent on answers which no fact will tell.
        """
        self.state: State = run
        self.run = run
        self.started_at = started_at
        self.started_by = started_by
        self._version = version
        self._do = do
        self._record = record
        self._clock = clock
        self._lost = lost
        self._recording = asyncio.Lock()
        self._appending: set[asyncio.Future[None]] = set()
        self._under_way: dict[Work, asyncio.Task[Told]] = {}
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._more = asyncio.Event()
        self._ran_s = run.ran_s
        self._since: float | None = None
        self._broken = False
        self._told: tuple[Run, tuple[Work, ...], ResearchView] | None = None
        self._unreached: tuple[Unreached, ...] = ()

    # ---- what is recorded ------------------------------------------------------------------------

    async def command(self, decide: Callable[[State], Sequence[Told]], *, actor: str) -> None:
        """Record what follows from a wish; where the run is to rest, it rests when this returns.

        Raises what `decide` refuses with, and EventError.
        """
        await self._whole(self._obey(decide, actor))
        if self._wanted():
            self.go_on()
        else:
            await self.rest()

    async def _obey(self, decide: Callable[[State], Sequence[Told]], actor: str) -> None:
        async with self._recording:
            for told in decide(self.state):
                await self._append(told, actor)

    async def _whole(self, recording: Coroutine[None, None, None]) -> None:
        """To its end, whoever is cancelled meanwhile: else nobody would know what is recorded."""
        task = asyncio.ensure_future(recording)
        self._appending.add(task)
        task.add_done_callback(self._appending.discard)
        await asyncio.shield(task)

    async def _append(self, told: Told, actor: str) -> None:
        recorded = await self._record(self._with_lost(told), self.ran_s, self._version, actor)
        self._version += 1
        self.state = evolve(self.state, recorded)
        if isinstance(self.state, Run):
            self.run = self.state
        if not self._wanted():
            self._count(runs=False)
        self._tell()

    def _with_lost(self, told: Told) -> Told:
        """Where nothing that is under way will be recorded: it was spent as well."""
        if "lost_tokens" not in told.fact.__struct_fields__:
            return told
        fact = msgspec.structs.replace(told.fact, lost_tokens=self._lost(self.run))
        return msgspec.structs.replace(told, fact=fact)

    # ---- what is done ----------------------------------------------------------------------------

    @property
    def ran_s(self) -> float:
        """For how long it has been at work."""
        more = 0.0 if self._since is None else self._clock.monotonic() - self._since
        return self._ran_s + more

    @property
    def at_work(self) -> bool:
        """Whether there is something that it does, or may do."""
        return self._task is not None and not self._task.done()

    def go_on(self) -> None:
        """Do what is to be done now."""
        self._broken = False
        self._woken.set()
        self._begin_again()

    def _begin_again(self) -> None:
        if not self.at_work and not self._broken and self._wanted():
            self._task = asyncio.create_task(self._work())
            self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Something may have been wished while it came to its end."""
        if not task.cancelled():
            self._begin_again()

    async def rest(self) -> None:
        """End what is being done; nothing of it is recorded. It can go on at any time."""
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await asyncio.wait((task,))
        await asyncio.gather(*self._appending, return_exceptions=True)

    def _wanted(self) -> tuple[Work, ...]:
        return next_step(self.run, self.ran_s) if isinstance(self.state, Run) else ()

    async def _work(self) -> None:
        try:
            while wanted := self._wanted():
                self._woken.clear()
                await self._end([one for one in self._under_way if one not in wanted])
                self._begin(wanted)
                await self._wait()
                for work, task in tuple(self._under_way.items()):
                    if task.done():
                        del self._under_way[work]
                        await self._take(task)
        except KeyGone:  # it is being erased, or its key is not here
            self._broken = True
        except Exception:
            log.exception("a research broke; it goes on when it is resumed, or with the next start")
            self._broken = True
        finally:
            await self._end(tuple(self._under_way))
            self._count(runs=False)
            self._tell()

    def _begin(self, wanted: Sequence[Work]) -> None:
        asker = ResearchAsker(actor=self.started_by)
        for work in wanted:
            if work in self._under_way:
                continue
            kind, most = next((k, m) for k, m in LIMITS if k is None or isinstance(work, k))
            alike = sum(1 for one in self._under_way if _kind(one) is kind)
            if alike < most:
                self._under_way[work] = asyncio.ensure_future(self._do(work, self.run, asker))
                self._tell()
        self._count(runs=True)

    async def _wait(self) -> None:
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait(
                (*self._under_way.values(), woken),
                timeout=seconds_left(self.run, self.ran_s),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            woken.cancel()

    async def _end(self, works: Iterable[Work]) -> None:
        ended = [self._under_way.pop(one) for one in works]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)

    async def _take(self, task: "asyncio.Task[Told]") -> None:
        """Record what came of it, or pause because it could not be done."""
        try:
            told = task.result()
        except KeyGone:
            raise
        except StudioError as error:
            told = self._paused(problem_of(error))
        except (sqlite3.Error, OSError) as error:
            told = self._paused(
                Problem(
                    message=f"what was found could not be kept: {error}",
                    next_action="see that the disk has room, and resume",
                    code="keys-unavailable",
                )
            )
        except Exception:
            log.exception("a piece of a research's work broke")
            told = self._paused(
                Problem(
                    message="the studio made a mistake; app.log has the details",
                    next_action="resume, to try it again",
                    code="internal-error",
                )
            )
        await self._keep(told)

    def _paused(self, problem: Problem) -> Told:
        fact = ResearchPaused(research_id=self.run.research_id, reason=problem.code, sealed=b"")
        return Told(fact=fact, content=problem)

    async def _keep(self, told: Told) -> None:
        """Until it is recorded: what was answered once is not to be asked again.

        Where a pause or a stop came first, it is as if it had not been done.
        """
        while True:
            try:
                return await self._whole(self._kept(told))
            except EventError as problem:
                log.warning("a research waits until it can be recorded: %s", problem)
            await asyncio.sleep(AGAIN_S)

    async def _kept(self, told: Told) -> None:
        async with self._recording:
            working = isinstance(self.state, Run) and self.run.standing == "working"
            if working and not _is_said(told, self.run):
                await self._append(told, self.started_by)

    def _count(self, *, runs: bool) -> None:
        """Only while something is under way does time go by."""
        self._ran_s = self.ran_s
        self._since = self._clock.monotonic() if runs and self._under_way else None

    # ---- who looks -------------------------------------------------------------------------------

    def view(self) -> ResearchView:
        """As it is now."""
        run, works = self.run, tuple(self._under_way)
        told = self._told
        if told is None or told[0] is not run or told[1] != works:
            view = view_of(run, started_at=self.started_at, ran_s=self.ran_s, under_way=works)
            self._told = told = (run, works, view)
        spent = msgspec.structs.replace(told[2].spent, minutes=round(self.ran_s / 60, 2))
        unreached = self._unreached if run.standing not in FINAL else ()
        return msgspec.structs.replace(told[2], spent=spent, unreached=unreached)

    def misses(self, unreached: tuple[Unreached, ...]) -> None:
        """These of its providers can not be reached; whoever looks is told."""
        if unreached != self._unreached:
            self._unreached = unreached
            self._tell()

    async def follow(
        self, after: int, *, pace: Pace | None = None
    ) -> AsyncGenerator[tuple[int, ResearchView], None]:
        """How it is now, unless `after` is its position, and then each time it changes."""
        seen = after if self.run.standing not in FINAL and not self.at_work else -1
        while isinstance(self.state, Run):
            more = self._more
            if self.run.facts != seen:
                view = self.view()
                yield view.position, view
            if self.run.standing in FINAL:
                return
            await (pace or _pause)()
            await more.wait()
            seen = -1

    def _tell(self) -> None:
        self._more.set()
        self._more = asyncio.Event()


def _is_said(told: Told, run: Run) -> bool:
    """Several questions may find the purse empty at the same time."""
    fact = told.fact
    return isinstance(fact, ResearchBudgetSpent) and f"{fact.budget}/{fact.part}" in run.spent


def _kind(work: Work) -> type | None:
    return next((k for k, _ in LIMITS if k is not None and isinstance(work, k)), None)


async def _pause() -> None:
    await asyncio.sleep(PACE_S)
