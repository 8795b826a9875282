"""Why something happened: its thread, from the first cause to it, and the answer in one line.

    qwen was evicted at 14:02:11, because the request 0193… of key laptop asked for llama.

The first cause of most of what happens to models is a request. It is no event of this log: its id
is the `correlation_id` of all that came of it, and the usage log tells how it ended.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence

import msgspec

from core.errors import NotFound
from core.past.moments import US
from events.envelope import Recorded
from events.facts import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineFellAsleep,
    EngineLeftAlone,
    EngineLost,
    EngineSleepRequested,
    EngineStarted,
    EngineStartFailed,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    EngineWakeRequested,
    EngineWoke,
    SwitchEvictionFinished,
    SwitchRequested,
)
from events.projections.causes import newest_about, thread_of
from events.projections.timeline import TimelineEntry, entry
from events.sentences import sentence

GOING = (
    *("engine-stop-requested", "engine-sleep-requested", "engine-crashed", "engine-lost"),
    *("engine-start-failed", "engine-sleep-failed", "engine-wake-failed"),
)
COMING = (
    *("engine-start-requested", "engine-wake-requested", "engine-adopted", "engine-left-alone"),
)
PLACES = {
    "window": "somebody in the window",
    "cli": "somebody on the command line",
    "tray": "somebody in the tray's menu",
    "api": "a caller of the API",
    "system": "vLLM Studio itself",
}
NO_REASON = "asked to"  # as an eviction says when nobody gave one

KeyName = Callable[[str], str | None]


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """What led to an event, the first cause first and the event last."""

    events: tuple[Recorded, ...]

    @property
    def explained(self) -> Recorded:
        """The event in question."""
        return self.events[-1]

    @property
    def decision(self) -> Recorded | None:
        """The change of what is resident in whose course it came, if it did."""
        asked = (one for one in reversed(self.events) if isinstance(one.event, SwitchRequested))
        return next(asked, None)

    @property
    def wish(self) -> str | None:
        """What all of it shares: the id of the request that asked, where one did."""
        of = self.decision or self.explained
        return of.correlation_id

    def entries(self) -> list[TimelineEntry]:
        """As they are told."""
        return [entry(one) for one in self.events]


def thread(connection: sqlite3.Connection, recorded: Recorded) -> Thread:
    """Read what led to it."""
    return Thread(events=tuple(thread_of(connection, recorded)))


def newest_change(
    connection: sqlite3.Connection,
    recipe_id: str | None,
    *,
    until: int,
    within: int | None = None,
) -> Recorded:
    """The newest event up to a position in which a model (None: any) came or went.

    `within`: after that position, its going is meant before its coming. Raises NotFound.
    """
    found = None
    if within is not None:
        found = newest_about(connection, recipe_id, GOING, after=within, until=until)
    found = found or newest_about(connection, recipe_id, (*GOING, *COMING), until=until)
    if found is None:
        which = recipe_id or "any model"
        raise NotFound(f"nothing is recorded about {which} coming or going until then")
    return found


def answer(told: Thread, *, key_name: KeyName, is_request: bool, now: int) -> str:
    """Say it in one line; `is_request`: the wish is a request that is known."""
    explained = told.explained
    what = f"{_what_happened(told)} at {clock(explained.recorded_at, now)}"
    reason = _reason(told, key_name, is_request)
    return f"{what}{f', because {reason}' if reason else ''}."


def clock(recorded_at: int, now: int) -> str:
    """Local wall time; with the day when it was not today."""
    then, today = time.localtime(recorded_at / US), time.localtime(now / US)
    same = then[:3] == today[:3]
    return time.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S", then)


def who(actor: str, key_name: KeyName) -> str:
    """Whoever asked, in words."""
    if actor.startswith("key:"):
        key_id = actor.removeprefix("key:")
        return f"key {key_name(key_id) or key_id}"
    return PLACES.get(actor, actor)


def _what_happened(told: Thread) -> str:
    evicted = "evicted" if told.decision is not None else "stopped"
    match told.explained.event:
        case EngineStopRequested(recipe_id=id) | EngineStopped(recipe_id=id):
            return f"{id} was {evicted}"
        case SwitchEvictionFinished(recipe_id=id, how=how):
            return f"{id} was put to sleep" if how == "asleep" else f"{id} was evicted"
        case EngineSleepRequested(recipe_id=id) | EngineFellAsleep(recipe_id=id):
            return f"{id} was put to sleep"
        case EngineStartRequested(recipe_id=id) | EngineStarted(recipe_id=id):
            return f"{id} was started"
        case EngineBecameReady(recipe_id=id):
            return f"{id} was ready"
        case EngineWakeRequested(recipe_id=id) | EngineWoke(recipe_id=id):
            return f"{id} was woken"
        case EngineCrashed(recipe_id=id):
            return f"{id} crashed"
        case EngineStartFailed(recipe_id=id):
            return f"{id} could not be started"
        case EngineLost(recipe_id=id):
            return f"{id} was gone"
        case EngineAdopted(recipe_id=id):
            return f"{id} was taken over"
        case EngineLeftAlone(recipe_id=id):
            return f"{id} was left alone"
        case event:
            return f"“{sentence(event)}” was recorded"


def _reason(told: Thread, key_name: KeyName, is_request: bool) -> str:
    event = told.explained.event
    match event:
        case (
            EngineCrashed(reason=reason)
            | EngineStartFailed(reason=reason)
            | EngineLost(reason=reason)
            | EngineLeftAlone(reason=reason)
        ):
            return reason.rstrip(".")
        case EngineAdopted():
            return "it was still running when vLLM Studio started"
    if told.decision is not None:
        return _of_decision(told, told.decision, key_name, is_request)
    if isinstance(event, (EngineStopRequested, EngineSleepRequested)):
        return event.reason.rstrip(".")
    first = told.events[0]
    if first is not told.explained:
        return _within(sentence(first.event))
    if first.actor == "system":
        return ""
    return f"{who(first.actor, key_name)} asked for it"


def _of_decision(told: Thread, decision: Recorded, key_name: KeyName, is_request: bool) -> str:
    asked = decision.event
    assert isinstance(asked, SwitchRequested), "a decision is one"
    asker = who(decision.actor, key_name)
    if is_request and decision.correlation_id:
        return f"the request {decision.correlation_id} of {asker} asked for {asked.target}"
    before = told.events[: told.events.index(decision)]
    if others := [one for one in before if one.stream != decision.stream]:
        return _within(sentence(others[-1].event))
    given = _given(told.events)
    if decision.actor == "system":
        return given or f"vLLM Studio was to {asked.what}"
    aside = f" ({given})" if asked.kind == "evict" and given not in ("", NO_REASON) else ""
    return f"{asker} asked to {asked.what}{aside}"


def _given(events: Sequence[Recorded]) -> str:
    """The reason that stands in the thread itself."""
    for one in reversed(events):
        if isinstance(one.event, (EngineStopRequested, EngineSleepRequested)):
            return one.event.reason.rstrip(".")
    return ""


def _within(told: str) -> str:
    """A sentence in the middle of another one; names at its beginning keep their spelling."""
    told = told.rstrip(".")
    first, _, rest = told.partition(" ")
    plain = first in ("The", "This", "Asked", "Starting", "Done", "Gave", "Could", "Waiting", "A")
    return f"{first.lower()} {rest}" if plain else told
