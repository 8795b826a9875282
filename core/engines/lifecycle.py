"""The life of one run of an engine: every state, every signal, every transition. No I/O, no clock.

                 Launched            Answered
    ┌──────────┐ ───────► ┌─────────┐ ───────► ┌───────┐
    │ Starting │          │ Loading │◄┐        │ Ready │
    └────┬─────┘          └─┬──┬──┬─┘ │        └─┬───┬─┘
         │                  │  │  └───┘          │   │
         │ LaunchFailed     │  │ Progressed      │   │ Ended        (any exit nobody asked for,
         ▼                  │  │                 │   ▼               also with code 0)
    ┌────────┐    Ended     │  │ StopAsked       │ ┌────────┐
    │ Failed │◄─────────────┘  │ GaveUp          │ │ Failed │
    └────────┘                 ▼                 │ └────────┘
         ▲              ┌──────────┐  StopAsked  │
         │   Gone,      │          │◄────────────┘
         └──────────────┤ Stopping │   Gone      ┌─────────┐
           had given up │          │ ──────────► │ Stopped │
                        └──────────┘             └─────────┘

              SleepAsked                    FellAsleep            WakeAsked
    ┌───────┐ ─────────► ┌───────────────┐ ──────────► ┌────────┐ ─────────► ┌────────┐
    │ Ready │            │ FallingAsleep │             │ Asleep │            │ Waking │
    └───────┘ ◄───────── └───────┬───────┘             └────────┘            └──┬───┬─┘
        ▲      NotAsleep,        │ NotAsleep                           NotAwake │   │ Woke
        │      but usable        ▼                                              ▼   │
        │                    Stopping                                    Stopping   │
        └───────────────────────────────────────────────────────────────────────────┘

StopAsked and Ended lead from the sleeping states where they lead from Ready. Asleep, an engine
answers its health path and nothing else; one that can not be put to sleep or woken beyond doubt
is ended. LeftAlone (not drawn) is a run of an earlier app that this one does not use; only
StopAsked and its own end reach it.
A start request, or an adoption, begins a run; a run that has ended never begins again: the next
start is a new run with an id of its own. A signal that means nothing in a state changes nothing.
Rules: everything about transitions lives in this file; a fact is decided from a signal, a state
only ever follows from a fact, so the log replayed gives the same life.
"""

import msgspec

from events.facts import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineFellAsleep,
    EngineLeftAlone,
    EngineLost,
    EngineProgressed,
    EngineSleepFailed,
    EngineSleepRequested,
    EngineStarted,
    EngineStartFailed,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    EngineWakeFailed,
    EngineWakeRequested,
    EngineWoke,
)
from events.facts.base import Fact


class Slept(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine fell asleep, measured; and what it has to say again when it wakes."""

    level: int
    seconds: float
    device_bytes_freed: int
    host_bytes_freed: int  # below zero when the weights moved there
    device_bytes: int  # what it still holds
    host_bytes: int
    probe: str = ""  # the path it was asked on
    answer: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why an engine did not start or died: the diagnosis, for people and for programs."""

    reason: str
    code: str = "unknown"
    next_action: str = ""
    exit_code: int | None = None
    lines: tuple[str, ...] = ()
    remedy: dict[str, bool | int | str | None] = {}  # the recipe's change that would mend it


# Signals: everything that can happen to a run


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the run, not yet judged."""


class Launched(Signal, frozen=True, kw_only=True):
    """The process exists."""

    pid: int
    process_group: int
    started_at: float
    warm: bool = False


class LaunchFailed(Signal, frozen=True, kw_only=True):
    """There is no process: a check before the launch refused, or the system did."""

    failure: Failure


class Progressed(Signal, frozen=True, kw_only=True):
    """Its log told how far it is."""

    phase: str
    percent: float | None = None
    overall: float | None = None  # of the whole load


class Answered(Signal, frozen=True, kw_only=True):
    """It answers, it is ours, and it serves the right name."""

    seconds: float


class Ended(Signal, frozen=True, kw_only=True):
    """The process ended by itself; its group is swept."""

    failure: Failure


class GaveUp(Signal, frozen=True, kw_only=True):
    """It runs, but is not going to be ready: no progress for too long, or an impostor."""

    failure: Failure


class StopAsked(Signal, frozen=True, kw_only=True):
    """Somebody wants it gone."""

    reason: str


class Gone(Signal, frozen=True, kw_only=True):
    """A stop is over: no process of the group is left."""

    exit_code: int | None
    seconds: float
    forced: bool
    failure: Failure | None = None  # what we gave up for


class SleepAsked(Signal, frozen=True, kw_only=True):
    """Somebody wants its memory, and to have it back soon."""

    level: int
    reason: str


class FellAsleep(Signal, frozen=True, kw_only=True):
    """It sleeps, and its memory is free: that was measured."""

    slept: Slept


class NotAsleep(Signal, frozen=True, kw_only=True):
    """It could not be put to sleep. `usable`: it never left its work and still serves."""

    failure: Failure
    usable: bool


class WakeAsked(Signal, frozen=True, kw_only=True):
    """Somebody needs it again."""


class Woke(Signal, frozen=True, kw_only=True):
    """It answers as it did before it slept."""

    seconds: float


class NotAwake(Signal, frozen=True, kw_only=True):
    """It did not wake, not in time, or not in its right mind."""

    failure: Failure


# States


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is in its life."""


class Unborn(State, frozen=True, kw_only=True):
    """Before the first fact."""


class Starting(State, frozen=True, kw_only=True):
    """Asked for; no process yet."""


class Loading(State, frozen=True, kw_only=True):
    """The process runs and does not answer yet."""

    pid: int
    phase: str = ""
    percent: float | None = None


class Ready(State, frozen=True, kw_only=True):
    """It answers."""

    pid: int
    adopted: bool = False


class FallingAsleep(State, frozen=True, kw_only=True):
    """It was asked to sleep and serves no longer."""

    pid: int
    level: int


class Asleep(State, frozen=True, kw_only=True):
    """Its process lives and holds little; it answers nothing but its health path."""

    pid: int
    slept: Slept


class Waking(State, frozen=True, kw_only=True):
    """It was asked to wake and does not serve yet."""

    pid: int
    slept: Slept


class LeftAlone(State, frozen=True, kw_only=True):
    """It runs, is ours, and is not what its recipe would launch now: neither used nor ended."""

    pid: int
    reason: str


class Stopping(State, frozen=True, kw_only=True):
    """It was asked to go."""

    pid: int | None


class Stopped(State, frozen=True, kw_only=True):
    """It went as asked."""


class Failed(State, frozen=True, kw_only=True):
    """It could not start, or died."""

    failure: Failure


OVER = (Stopped, Failed)
RESTS = (Ready, Asleep, LeftAlone)  # nothing is under way


# Decide


def decide(signal: Signal, state: State, engine_id: str, recipe_id: str) -> tuple[Fact, ...]:
    """What has happened, given what was signalled; empty when it means nothing now."""
    run = {"engine_id": engine_id, "recipe_id": recipe_id}
    match state, signal:
        case Starting(), Launched(pid=pid, process_group=group, started_at=at, warm=warm):
            started = EngineStarted(
                **run, pid=pid, process_group=group, process_started_at=at, warm=warm
            )
            return (started,)
        case Starting(), LaunchFailed(failure=failure):
            return (start_failed(engine_id, recipe_id, failure),)
        case Loading(), Progressed(phase=phase, percent=percent, overall=overall):
            return (EngineProgressed(**run, phase=phase, percent=percent, overall=overall),)
        case Loading(), Answered(seconds=seconds):
            return (EngineBecameReady(**run, seconds=seconds),)
        case Loading(), Ended(failure=failure):
            return (start_failed(engine_id, recipe_id, failure),)
        case Loading(), GaveUp(failure=failure):
            return (EngineStopRequested(**run, reason=failure.reason),)
        case Ready(), Ended(failure=failure):
            return (crashed(engine_id, recipe_id, failure),)
        case Ready(), SleepAsked(level=level, reason=reason):
            return (EngineSleepRequested(**run, level=level, reason=reason),)
        case FallingAsleep(), FellAsleep(slept=slept):
            return (fell_asleep(engine_id, recipe_id, slept),)
        case FallingAsleep(), NotAsleep(failure=failure, usable=usable):
            return (
                EngineSleepFailed(**run, reason=failure.reason, code=failure.code, usable=usable),
            )
        case Asleep(), WakeAsked():
            return (EngineWakeRequested(**run),)
        case Waking(), Woke(seconds=seconds):
            return (EngineWoke(**run, seconds=seconds),)
        case Waking(), NotAwake(failure=failure):
            return (EngineWakeFailed(**run, reason=failure.reason, code=failure.code),)
        case Waking(), Ended(failure=failure):
            return (
                EngineWakeFailed(**run, reason=failure.reason, code=failure.code),
                crashed(engine_id, recipe_id, failure),
            )
        case FallingAsleep() | Asleep(), Ended(failure=failure):
            return (crashed(engine_id, recipe_id, failure),)
        case LeftAlone(), Ended(failure=failure):
            return (EngineLost(**run, reason=failure.reason),)
        case (
            Starting() | Loading() | Ready() | FallingAsleep() | Asleep() | Waking() | LeftAlone(),
            StopAsked(reason=reason),
        ):
            return (EngineStopRequested(**run, reason=reason),)
        case Stopping(), Gone(failure=Failure() as failure):
            return (start_failed(engine_id, recipe_id, failure),)
        case Stopping(), Gone(exit_code=code, seconds=seconds, forced=forced):
            return (EngineStopped(**run, exit_code=code, seconds=seconds, forced=forced),)
        case _:
            return ()


def went_wrong(signal: Signal) -> bool:
    """Of a sleeper: it ends, and nobody asked for that."""
    if isinstance(signal, NotAsleep):
        return not signal.usable
    return isinstance(signal, (NotAwake, Ended))


def start_failed(engine_id: str, recipe_id: str, failure: Failure) -> EngineStartFailed:
    """The fact that a start came to nothing."""
    return EngineStartFailed(
        engine_id=engine_id,
        recipe_id=recipe_id,
        reason=failure.reason,
        code=failure.code,
        next_action=failure.next_action,
        exit_code=failure.exit_code,
        lines=failure.lines,
        remedy=failure.remedy,
    )


def crashed(engine_id: str, recipe_id: str, failure: Failure) -> EngineCrashed:
    """The fact that a ready engine died."""
    return EngineCrashed(
        engine_id=engine_id,
        recipe_id=recipe_id,
        reason=failure.reason,
        code=failure.code,
        next_action=failure.next_action,
        exit_code=failure.exit_code,
        lines=failure.lines,
        remedy=failure.remedy,
    )


def fell_asleep(engine_id: str, recipe_id: str, slept: Slept) -> EngineFellAsleep:
    """The fact that it sleeps, with what was measured."""
    return EngineFellAsleep(
        engine_id=engine_id, recipe_id=recipe_id, **msgspec.structs.asdict(slept)
    )


# Evolve


def evolve(state: State, fact: Fact) -> State:
    """The state after a fact; never fails, never decides."""
    match fact:
        case EngineStartRequested():
            return Starting()
        case EngineStarted(pid=pid):
            return Loading(pid=pid)
        case EngineProgressed(phase=phase, percent=percent) if isinstance(state, Loading):
            return Loading(pid=state.pid, phase=phase, percent=percent)
        case EngineBecameReady() if isinstance(state, Loading):
            return Ready(pid=state.pid)
        case EngineAdopted(found="asleep") if isinstance(state, Asleep):
            return state
        case EngineAdopted(pid=pid, found="loading"):
            return Loading(pid=pid)
        case EngineAdopted(pid=pid):
            return Ready(pid=pid, adopted=True)
        case EngineLeftAlone(pid=pid, reason=reason):
            return LeftAlone(pid=pid, reason=reason)
        case EngineSleepRequested(level=level) if isinstance(state, Ready):
            return FallingAsleep(pid=state.pid, level=level)
        case EngineFellAsleep() if isinstance(state, FallingAsleep):
            return Asleep(pid=state.pid, slept=_slept(fact))
        case EngineSleepFailed(usable=True) if isinstance(state, FallingAsleep):
            return Ready(pid=state.pid)
        case EngineWakeRequested() if isinstance(state, Asleep):
            return Waking(pid=state.pid, slept=state.slept)
        case EngineWoke() if isinstance(state, Waking):
            return Ready(pid=state.pid)
        case EngineStopRequested() | EngineSleepFailed() | EngineWakeFailed():
            return Stopping(pid=getattr(state, "pid", None))
        case EngineStopped() | EngineLost():
            return Stopped()
        case EngineStartFailed() | EngineCrashed():
            return Failed(
                failure=Failure(
                    reason=fact.reason,
                    code=fact.code,
                    next_action=fact.next_action,
                    exit_code=fact.exit_code,
                    lines=fact.lines,
                    remedy=fact.remedy,
                )
            )
        case _:
            return state


def _slept(fact: EngineFellAsleep) -> Slept:
    return Slept(**{name: getattr(fact, name) for name in Slept.__struct_fields__})
