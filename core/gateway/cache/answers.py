"""`AnswerCache` of the hot path: what is there already, or on its way, is not asked twice.

serve ─► is it on its way? ──► join: what already came, then the rest
           │ no
           ▼
         is it kept? ────────► tell it again: no engine, no slot
           │ no
           ▼
         may others join? ─ yes ─► a flight: the fetch in a task of its own, and us its reader
           │ no
           ▼
         fetch, straight into the reply
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec

from core.gateway.cache.flight import ROOM, Flight
from core.gateway.cache.key import digest
from core.gateway.cache.policy import (
    HEADER,
    CachePolicy,
    is_answered_later,
    is_deterministic,
    wish_of,
)
from core.gateway.cache.recorder import Recorder
from core.gateway.cache.stored import Store, Stored, tell
from core.gateway.hooks import Asked, CachePlan, CacheServed, Fetched, Sink
from core.gateway.routes import Header
from events.facts.usage import RequestFinished

UNCOUNTED = 1000  # answers whose counts may still come
Fetch = Callable[[Sink], Awaitable[Fetched]]
_MISS: Header = (HEADER, b"miss")
_JOINED: Header = (HEADER, b"joined")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose answer may come from another's."""

    key: bytes
    flight: tuple[bytes, tuple[str, ...]]  # shared by who may be answered by the same models
    name: str
    revision: str
    ttl_s: float
    looks: bool  # whether a kept answer will do
    keeps: bool  # whether the answer is kept
    joins: bool  # whether it may share a flight

    @property
    def headers(self) -> tuple[Header, ...]:
        """What its own answer says of the cache; nothing when there is none for it."""
        return (_MISS,) if self.looks or self.keeps else ()


class CacheCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How the cache does, since the studio started."""

    entries: int
    bytes: int | None  # None: Redis does not tell
    hits: int
    misses: int
    joins: int
    place: str  # memory | redis


class Answers:
    """Exact response cache and single flight. Loop-bound."""

    def __init__(
        self,
        *,
        policy_of: Callable[[str], CachePolicy | None],
        revision_of: Callable[[str], str | None],
        may_answer: Callable[[Asked], tuple[str, ...]] = lambda asked: (asked.name,),
        store: Store,
        place: str = "memory",
        room: int = ROOM,
    ) -> None:
        """`policy_of(name)`: what the recipe of that name says; asked for every request.

        `revision_of(name)`: what would answer now, in a word that changes with it; None: unknown.
        `may_answer(asked)`: the models which may answer its key, those that stand in among them.
        `room`: bytes of an answer on its way that are kept for who comes later or reads slowly.
        """
        self._policy_of = policy_of
        self._revision_of = revision_of
        self._may_answer = may_answer
        self._store = store
        self._place = place
        self._room = room
        self._flights: dict[tuple[bytes, tuple[str, ...]], Flight] = {}
        self._flying: set[Flight] = set()
        self._uncounted: OrderedDict[str, bytes] = OrderedDict()  # request id → what it filled
        self.hits = 0
        self.misses = 0
        self.joins = 0

    def plan(self, asked: Asked) -> Plan | None:
        """See `AnswerCache.plan`. Raises Invalid for an `x-studio-cache` of no meaning."""
        policy = self._policy_of(asked.name)
        if policy is None:
            return None
        wish = wish_of(asked.headers)
        joins = policy.single_flight and not wish and is_deterministic(asked)
        if wish == "off" or not (policy.cache or joins) or is_answered_later(asked):
            return None
        revision = self._revision_of(asked.name)
        if revision is None:
            return None
        whose = "everybody" if policy.shared else f"key:{asked.key_id or ''}"
        key = digest(asked, whose=whose, revision=revision)
        if key is None:
            return None
        return Plan(
            key=key,
            flight=(key, self._may_answer(asked)),
            name=asked.name,
            revision=revision,
            ttl_s=policy.ttl_s,
            looks=policy.cache and wish != "refresh",
            keeps=policy.cache and wish != "no-store",
            joins=joins,
        )

    async def serve(self, plan: CachePlan, sink: Sink, fetch: Fetch) -> CacheServed:
        """See `AnswerCache.serve`."""
        if not isinstance(plan, Plan):
            raise TypeError("this plan was made by another cache")
        if plan.looks and not (plan.joins and plan.flight in self._flights):
            kept = await self._store.get(plan.key)
            if kept is not None:
                self.hits += 1
                await tell(kept, sink)
                return _served("hit", kept)
            self.misses += 1
        if not plan.joins:
            return await self._alone(plan, sink, fetch)
        return await self._together(plan, sink, fetch)

    def counted(self, fact: RequestFinished) -> None:
        """A request's record is final. LiteLLM tells counts of streams after their end."""
        key = self._uncounted.pop(fact.request_id, None)
        if key is not None and fact.completion_tokens is not None:
            self._store.recount(key, fact.prompt_tokens, fact.completion_tokens)

    async def counts(self) -> CacheCounts:
        """How it does."""
        entries, size = await self._store.size()
        return CacheCounts(
            entries=entries,
            bytes=size,
            hits=self.hits,
            misses=self.misses,
            joins=self.joins,
            place=self._place,
        )

    async def clear(self) -> int:
        """Forget every kept answer; returns how many there were. What is on its way stays."""
        return await self._store.clear()

    async def close(self) -> None:
        """End what is still on its way; its readers are told that the studio stops."""
        await asyncio.gather(*(flight.end() for flight in tuple(self._flying)))
        await self._store.close()

    # ---- one fetch, one reader -----------------------------------------------------------------

    async def _alone(self, plan: Plan, sink: Sink, fetch: Fetch) -> CacheServed:
        recorder = Recorder(sink, plan.headers, self._store.largest if plan.keeps else 0)
        fetched = await fetch(recorder)
        body = recorder.content()
        if body is not None:
            self._keep(plan, fetched, recorder.head, body)
        return _served("", fetched)

    # ---- one fetch, many readers ---------------------------------------------------------------

    async def _together(self, plan: Plan, sink: Sink, fetch: Fetch) -> CacheServed:
        flight = self._flights.get(plan.flight)
        kind, headers = "", plan.headers
        if flight is None:
            flight = self._begun(plan, fetch)
        else:
            self.joins += 1
            kind, headers = "joined", (_JOINED,)
        reader = flight.join()
        try:
            fetched = await flight.read(reader, sink, headers)
            return _served(kind, fetched)
        finally:
            await flight.leave(reader)

    def _begun(self, plan: Plan, fetch: Fetch) -> Flight:
        def landed(flight: Flight) -> None:
            del self._flights[plan.flight]
            body = flight.content() if plan.keeps and flight.fetched is not None else None
            if body is not None and flight.fetched is not None:
                self._keep(plan, flight.fetched, flight.head, body)

        flight = self._flights[plan.flight] = Flight(fetch, landed=landed, room=self._room)
        self._flying.add(flight)
        flight.task.add_done_callback(lambda _: self._flying.discard(flight))
        return flight

    def _keep(
        self, plan: Plan, fetched: Fetched, head: tuple[int, list[Header], bool], body: bytes
    ) -> None:
        """Unless it is no good, or its engine is not the one that would answer now."""
        status, headers, events = head
        if not fetched.good or status != 200 or self._revision_of(plan.name) != plan.revision:
            return
        answer = Stored(
            status=status,
            headers=tuple(headers),
            events=events,
            body=body,
            prompt_tokens=fetched.prompt_tokens,
            completion_tokens=fetched.completion_tokens,
        )
        if answer.size > self._store.largest:
            return
        self._store.put(plan.key, answer, plan.ttl_s)
        if fetched.completion_tokens is None and fetched.request_id:
            self._uncounted[fetched.request_id] = plan.key
            if len(self._uncounted) > UNCOUNTED:
                self._uncounted.popitem(last=False)


def _served(kind: str, told: Fetched | Stored) -> CacheServed:
    return CacheServed(
        kind=kind, prompt_tokens=told.prompt_tokens, completion_tokens=told.completion_tokens
    )
