"""What the hot path asks of its neighbours, in the words in which it asks.

Each is handed to the proxy by the composition root. Whoever is not wanted for a request answers
"not me" at once and without waiting: nothing here may cost a plain request more than a look-up.

    KeyGate      may this key ask this model, and has it anything left?      core/keys
    AnswerCache  is the answer there already, or on its way to another?      core/gateway/cache
    Choices      which models to try, in which order?                        core/offers
    Captures     is somebody allowed to read along?                          core/captures
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from core.gateway.body import Body, Filter
from core.gateway.routes import Header

if TYPE_CHECKING:
    from events.facts.usage import RequestFinished


class Sink(Protocol):
    """Where an answer goes: a client (`Reply`), or whoever passes it on to clients."""

    def plan(self, status: int, headers: list[Header], *, events: bool) -> None:
        """What the answer begins with; `events`: it is a stream of server-sent events."""
        ...

    async def write(self, data: bytes) -> None:
        """A piece of the body; waits while the reader is slow."""
        ...

    async def finish(self, data: bytes = b"") -> None:
        """The last piece."""
        ...


# ---- keys --------------------------------------------------------------------------------------


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """What a key says about lanes."""

    allowed: frozenset[str] = frozenset({"gateway", "direct"})
    preferred: str | None = None  # None: as recipe and settings say


class Pass(Protocol):
    """A request that its key's limits let through."""

    @property
    def headers(self) -> tuple[Header, ...]:
        """`x-ratelimit-*`, as they stand with this request counted in."""
        ...


class KeyGate(Protocol):
    """Permissions, limits and budgets of named keys. `key_id` None: nobody's, all is allowed."""

    def demand(self, key_id: str | None, *, name: str, path: bytes) -> None:
        """Raise NotAllowed (403) unless the key may ask this model at this path."""
        ...

    def permits(self, key_id: str | None, name: str) -> bool:
        """Whether the key may ask this model: asked for models that stand in for another."""
        ...

    def lanes(self, key_id: str | None) -> Lanes:
        """Which lanes its requests may take."""
        ...

    @property
    def asks_others(self) -> bool:
        """Whether `enter` may have to wait for an answer from elsewhere."""
        ...

    def admit(self, key_id: str | None, request_id: str, body: Body) -> Pass | None:
        """As `enter`, by what this studio knows alone."""
        ...

    async def enter(self, key_id: str | None, request_id: str, body: Body) -> Pass | None:
        """Count the request in, or raise RateLimited (429). None: the key has no limits."""
        ...

    def leave(self, request_id: str) -> None:
        """The request has ended: its place is free. Tokens and money follow with `settle`."""
        ...

    def settle(self, fact: "RequestFinished") -> None:
        """What the request really used; called once for each, a moment after its end."""
        ...


# ---- cache -------------------------------------------------------------------------------------


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, as far as its answer depends on it."""

    name: str  # the model, as the caller named it
    path: bytes
    query: bytes
    body: Body
    key_id: str | None
    headers: Mapping[bytes, bytes]


class CachePlan(Protocol):
    """A request whose answer may come from another's."""


class CacheServed(msgspec.Struct, frozen=True, kw_only=True):
    """How a cacheable request was answered."""

    kind: str  # hit | joined | "" (its own answer, stored or not)
    prompt_tokens: int | None = None  # as the stored answer told
    completion_tokens: int | None = None


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What a fetch knows of the answer that it passed on."""

    good: bool  # a whole 200 by the model that was asked for, with no error in it: may be kept
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    request_id: str = ""  # under which LiteLLM counts, where the answer told no counts


class AnswerCache(Protocol):
    """Exact response cache and single flight."""

    def plan(self, asked: Asked) -> CachePlan | None:
        """None: this one is none of ours; then it costs nothing more."""
        ...

    async def serve(
        self, plan: CachePlan, sink: Sink, fetch: Callable[[Sink], Awaitable[Fetched]]
    ) -> CacheServed:
        """Answer into `sink`: from the store, from another's flight, or by `fetch`.

        `fetch(sink)` asks the engine and returns when the answer is whole. It raises StudioError
        (nothing, or a part, was written) and is cancelled when nobody reads any more. One fetch
        may feed several sinks; it then runs in a task of its own and outlives its first reader.
        Who began it pays for it, also when it has left: `fetch` is its, and the others "joined".
        """
        ...


class Energy(Protocol):
    """Who drew how much: a request's share of its GPUs' power."""

    def enter(self, request_id: str, recipe_id: str) -> None:
        """The request runs on this recipe's devices from now on."""
        ...

    def leave(self, request_id: str) -> float | None:
        """It has ended: its share in joules, None where nothing measures power."""
        ...


# ---- which model -------------------------------------------------------------------------------


class Choices(Protocol):
    """Virtual models and fallbacks."""

    def chain(self, name: str) -> tuple[str, ...] | None:
        """The names to try in turn, best first, as things stand now; None: just this name."""
        ...

    def preset(self, name: str) -> Filter | None:
        """What an alias or virtual model changes in requests, before the recipe's own filter."""
        ...


# ---- reading along -----------------------------------------------------------------------------


class Captured(Protocol):
    """One request whose bodies are kept."""

    def feed(self, data: bytes) -> None:
        """A piece of the answer, as the client got it; cheap, never raises."""
        ...

    def end(self, fact: "RequestFinished") -> None:
        """The request has ended."""
        ...


class Captures(Protocol):
    """Opt-in capture of bodies."""

    @property
    def active(self) -> bool:
        """Whether anything is kept of any request."""
        ...

    def begin(self, request_id: str, asked: Asked) -> Captured | None:
        """None: nothing of this request is kept."""
        ...
