"""Research as the rest of the app uses it: asked for, followed, steered, taken out, erased.

Erasing goes in this order, and whoever starts next goes on where it was left:

    1. what goes on is ended, and the wish is recorded    from now on nobody is shown it
    2. its key is destroyed                               from now on nobody can read it
    3. its captured pages are removed, and that it is erased is recorded
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from functools import partial

import msgspec

from core.blobs import Blobs
from core.clock import Clock
from core.conversations import Conversations, NewMessage
from core.erasure import SubjectKeys
from core.errors import Invalid, NotFound, Refused, StudioError, Unavailable
from core.ids import uuid7
from core.research.commands import (
    AnswerBack,
    AskFor,
    ChooseProviders,
    EditPlan,
    Pause,
    RequestErasure,
    ResearchCommand,
    Resume,
    Start,
    Stop,
)
from core.research.contents import Answer, Content, Planned, PlannedStep, Problem, Question, Told
from core.research.decider import decide
from core.research.exports import FORMATS, Exported, Format, exported, markdown_of
from core.research.items import stream_of
from core.research.live import Live, Pace
from core.research.lookout import Lookout, WhoIsMissing
from core.research.prompts import MOST_STEPS
from core.research.providers import ProviderDesk
from core.research.runs import Runs, run_of
from core.research.state import Absent, Budget, Run, State, Step
from core.research.views import (
    NewResearch,
    Passage,
    ResearchLine,
    ResearchView,
    SourceText,
)
from core.research.web.providers import Web
from core.research.works import Works
from events.errors import EventError
from events.facts import ResearchErased
from events.projections.research_runs import ResearchRow
from events.store import EventStore

log = logging.getLogger(__name__)

MOST_QUESTION = 4_000  # characters
MOST_STEP = 400
MOST_AT_ONCE = 8  # runs at work
MOST_BUDGET = Budget(sources=100, tokens=20_000_000, minutes=24 * 60)
PAUSED = Problem(code="asked")


class PlanStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of an edited plan; without an id it is new."""

    question: str
    step_id: str = ""


class Research:
    """The door to research. Loop-bound. Everything may raise EventError."""

    def __init__(
        self,
        *,
        store: EventStore,
        keys: SubjectKeys,
        blobs: Blobs,
        clock: Clock,
        works: Works,
        desk: ProviderDesk,
        web: Web,
        conversations: Conversations,
        unreached: WhoIsMissing | None = None,
    ) -> None:
        """`unreached`: which of these providers can not be reached now; `web`'s own answer."""
        self._store = store
        self._keys = keys
        self._blobs = blobs
        self._works = works
        self._clock = clock
        self.desk = desk
        self.web = web
        self._conversations = conversations
        self._runs = Runs(store=store, keys=keys, clock=clock, do=works.do, lost=works.lost)
        self._lookout = Lookout(unreached or web.unreached)
        self._closing = False

    # ---- asked for -----------------------------------------------------------------------------

    async def begin(self, wish: NewResearch, *, actor: str) -> ResearchView:
        """Ask for one; it goes on by itself. Raises Invalid, Refused, Unavailable."""
        question = _text(wish.question, "question", MOST_QUESTION)
        if not wish.model.strip():
            raise Invalid("a research needs a model", field="model")
        _demand_budget(wish.budget)
        providers = self.desk.chosen(wish.providers, self.web)
        self._demand_room()
        which = uuid7()
        await self._runs.with_keys(partial(self._keys.create, stream_of(which)))
        asked = AskFor(
            research_id=which,
            model=wish.model,
            sealed=b"",
            providers=providers,
            sources=wish.budget.sources,
            tokens=wish.budget.tokens,
            minutes=wish.budget.minutes,
            clarify=wish.clarify,
        )
        for fact in decide(which, asked, Absent()):
            told = Told(fact=fact, content=Question(question=question))
            await self._runs.record(told, 0.0, 0, actor)
        live = await self._runs.one(which)
        live.go_on()
        self._lookout.look(live, rests=True)
        return live.view()

    async def list(self, then: Sequence[ResearchRow] | None = None) -> tuple[ResearchLine, ...]:
        """Every run, also the erased, the newest first; `then`: as they stood at some moment."""
        return await self._runs.lines(then)

    async def read(self, which: str, *, at: int | None = None) -> ResearchView:
        """One with all that is known of it; `at` an earlier position. Raises NotFound, Refused."""
        return (await self._seen(which, at))[1]

    async def follow(
        self, which: str, after: int, *, pace: Pace | None = None
    ) -> AsyncGenerator[tuple[int, ResearchView], None]:
        """How it is, each time it changes. Raises NotFound, Refused."""
        return (await self._found(which)).follow(after, pace=pace)

    async def source(self, which: str, n: int, *, at: int | None = None) -> SourceText:
        """A captured page with its passages; `at` an earlier position. Raises NotFound."""
        run, view = await self._seen(which, at)
        shown = next((one for one in view.sources if one.n == n), None)
        if shown is None:
            raise NotFound(f"this research has no source {n}", code="source-not-found")
        notes = [one for one in run.notes if one.n == n]
        return SourceText(
            source=shown,
            text=await self._works.text(run, n),
            passages=tuple(
                Passage(
                    note_id=one.note_id,
                    start=one.start,
                    end=one.end,
                    claim=one.claim,
                    quote=one.quote,
                )
                for one in sorted(notes, key=lambda one: one.start)
            ),
        )

    async def export(self, which: str, form: str, *, at: int | None = None) -> Exported:
        """The report, to be taken elsewhere. Raises Invalid, Refused where there is none yet."""
        if form not in FORMATS:
            raise Invalid(f"format is one of {', '.join(FORMATS)}", field="format")
        chosen: Format = form
        return exported(*await self._seen(which, at), chosen)

    # ---- steered -------------------------------------------------------------------------------

    async def answer(self, which: str, text: str, *, actor: str) -> ResearchView:
        """Answer what it asked back; empty: it goes on without. Raises Refused."""
        said = " ".join(text.split()) and text.strip()[:MOST_QUESTION]
        return await self._steer(which, AnswerBack(sealed=b""), actor, Answer(text=said))

    async def edit_plan(self, which: str, steps: Sequence[PlanStep], *, actor: str) -> ResearchView:
        """Another plan. Raises Invalid, Refused (it was accepted already)."""
        live = await self._found(which)
        planned = _planned(live.run.steps or (), steps)
        wish = EditPlan(steps=len(planned.steps), sealed=b"")
        return await self._steer(which, wish, actor, planned)

    async def start(self, which: str, *, actor: str) -> ResearchView:
        """Accept the plan. Raises Refused."""
        view = await self._steer(which, Start(), actor)
        self._lookout.look(await self._found(which))
        return view

    async def pause(self, which: str, *, actor: str) -> ResearchView:
        """Do nothing more until it is resumed. Raises Refused."""
        live = await self._found(which)
        wish = Pause(reason="asked", sealed=b"", ran_s=live.ran_s)
        return await self._steer(which, wish, actor, PAUSED)

    async def resume(self, which: str, *, model: str = "", actor: str) -> ResearchView:
        """Go on where it was left, with another model where one is named. Raises Refused."""
        live = await self._found(which)
        if not live.at_work:
            self._demand_room()
        view = await self._steer(which, Resume(model=model.strip()), actor)
        self._lookout.look(live)
        return view

    async def choose_providers(
        self, which: str, providers: Sequence[str], *, actor: str
    ) -> ResearchView:
        """Search elsewhere from now on. Raises Invalid, Refused (at work, or it reads no more)."""
        if not providers:
            raise Invalid("a research needs somewhere to search", field="providers")
        chosen = self.desk.chosen(providers, self.web)
        view = await self._steer(which, ChooseProviders(providers=chosen), actor)
        self._lookout.look(await self._found(which))
        return view

    async def stop(self, which: str, *, actor: str) -> ResearchView:
        """End it with what it has. Raises Refused."""
        live = await self._found(which)
        return await self._steer(which, Stop(ran_s=live.ran_s), actor)

    async def converse(self, which: str, *, actor: str) -> str:
        """A conversation that begins with the report; its id. Raises Refused."""
        live = await self._found(which)
        report = markdown_of(live.run, live.view())
        conversation = await self._conversations.start(actor=actor)
        asked = await self._conversations.add(
            conversation, NewMessage(role="user", text=live.run.question), actor=actor
        )
        told = NewMessage(role="assistant", text=report, parent_id=asked, model=live.run.model)
        await self._conversations.add(conversation, told, actor=actor)
        title = " ".join(live.run.question.split())[:80]
        await self._conversations.rename(conversation, title, actor=actor)
        return conversation

    async def _steer(
        self, which: str, wish: ResearchCommand, actor: str, content: Content | None = None
    ) -> ResearchView:
        live = await self._found(which)

        def told(state: State) -> list[Told]:
            return [Told(fact=one, content=content) for one in decide(which, wish, state)]

        await live.command(told, actor=actor)
        return live.view()

    # ---- erased --------------------------------------------------------------------------------

    async def erase(self, which: str, *, actor: str) -> None:
        """Erase it; when this returns nobody can read it. Again changes nothing.

        Raises NotFound, and Unavailable when its key could not be destroyed.
        """
        row = self._runs.row(which)
        if row.erasing_at is None:
            await self._request_erasure(which, actor)  # 1
        await self._finish_erasure(which, actor)

    async def _request_erasure(self, which: str, actor: str) -> None:
        try:
            live = await self._found(which)
        except Refused:  # its key is lost: that it is to be erased can be recorded all the same
            facts = decide(which, RequestErasure(), _unreadable(which))
            await self._store.append(stream_of(which), facts, actor=actor)
            return
        await live.rest()
        await live.command(
            lambda state: [Told(fact=one) for one in decide(which, RequestErasure(), state)],
            actor=actor,
        )
        self._runs.forget(which)

    async def _finish_erasure(self, which: str, actor: str) -> None:
        await self._runs.with_keys(partial(self._keys.destroy, stream_of(which)))  # 2
        await asyncio.to_thread(self._blobs.drop, stream_of(which))  # 3
        if self._runs.row(which).erased_at is not None:
            return
        erased = ResearchErased(research_id=which)
        try:
            await self._store.append(stream_of(which), [erased], actor=actor)
        except EventError as problem:
            log.warning("that %s was erased is recorded later: %s", which, problem)
            self._store.append_later(stream_of(which), erased, actor=actor)

    # ---- a start and an end of the studio --------------------------------------------------------

    async def run(self) -> None:
        """Go on with what was left, and see to it until the studio stops."""
        await self._finish_erasures()
        for row in self._runs.rows():
            if row.at_work:
                await self._take_up(row.research_id)
        await asyncio.Event().wait()

    async def close(self) -> None:
        """End what is being done, and what reads; the next start goes on."""
        self._closing = True
        await self._lookout.close()
        await asyncio.gather(*(one.rest() for one in self._runs.all()))
        await self.web.aclose()

    async def _take_up(self, which: str) -> None:
        try:
            live = await self._runs.one(which)
            named = [one.sha256 for one in live.run.sources if one.sha256]
            before = self._clock.now() / 1e6 - 60  # what a crash left, and nothing of this start
            await asyncio.to_thread(
                partial(self._blobs.tidy, stream_of(which), named, before=before)
            )
            if not self._closing:
                log.info("going on with the research %s", which)
                live.go_on()
        except (StudioError, EventError) as problem:
            log.warning("the research %s can not go on: %s", which, problem)

    async def _finish_erasures(self) -> None:
        try:
            living = await asyncio.to_thread(self._keys.living)
            for row in self._runs.rows():
                begun = row.erasing_at is not None
                if begun and (row.erased_at is None or stream_of(row.research_id) in living):
                    await self._finish_erasure(row.research_id, row.erased_by or "system")
        except (sqlite3.Error, OSError, EventError, StudioError) as problem:
            log.warning("erasures of research could not be finished: %s", problem)

    # ---- parts ---------------------------------------------------------------------------------

    async def _found(self, which: str) -> Live:
        live = await self._runs.one(which)
        run_of(live)
        if await self._runs.with_keys(partial(self._keys.missing, stream_of(which))) is not None:
            self._runs.forget(which)  # another has destroyed it
            live = await self._runs.one(which)
        return live

    async def _seen(self, which: str, at: int | None) -> tuple[Run, ResearchView]:
        """What of it may be read today, as it is or was."""
        live = await self._found(which)
        return (live.run, live.view()) if at is None else await self._runs.then(which, at)

    def _demand_room(self) -> None:
        if self._closing:
            raise Unavailable("vLLM Studio stops: no research is begun any more", code="stopping")
        if sum(1 for one in self._runs.all() if one.at_work) >= MOST_AT_ONCE:
            raise Refused(
                f"{MOST_AT_ONCE} researches are at work already",
                code="too-many-researches",
                next_action="wait for one, or pause one",
            )


def _planned(before: Sequence[Step], wanted: Sequence[PlanStep]) -> Planned:
    """The plan as it is kept: who was there keeps its id. Raises Invalid."""
    if not 0 < len(wanted) <= MOST_STEPS:
        raise Invalid(f"a plan has 1 to {MOST_STEPS} steps", field="steps")
    taken = {one.step_id for one in before}
    fresh = (f"s{at}" for at in range(1, 10_000) if f"s{at}" not in taken)
    steps: list[PlannedStep] = []
    for one in wanted:
        known = one.step_id in taken and all(one.step_id != each.step_id for each in steps)
        if one.step_id and not known:
            raise Invalid(f"this plan has no step {one.step_id!r:.40}", field="steps")
        question = _text(one.question, "steps", MOST_STEP)
        steps.append(PlannedStep(step_id=one.step_id or next(fresh), question=question))
    return Planned(steps=tuple(steps))


def _demand_budget(budget: Budget) -> None:
    for field in Budget.__struct_fields__:
        least = 0.1 if field == "minutes" else 1
        most = getattr(MOST_BUDGET, field)
        if not least <= getattr(budget, field) <= most:
            raise Invalid(f"the budget has {least} to {most} {field}", field=f"budget.{field}")


def _text(text: str, field: str, most: int) -> str:
    told = text.strip()
    if not 0 < len(told) <= most:
        raise Invalid(f"{field} has 1 to {most} characters", field=field)
    try:
        told.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{field} holds half a character", field=field) from None
    return told


def _unreadable(which: str) -> Run:
    return Run(
        research_id=which, model="", question="", providers=(), budget=Budget(), clarify=False
    )
