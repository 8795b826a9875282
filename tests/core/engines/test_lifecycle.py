"""Every state meets every signal: what happens, and that nothing else does."""

import itertools
from typing import Any

import pytest

from core.engines.lifecycle import (
    Answered,
    Asleep,
    Ended,
    Failed,
    Failure,
    FallingAsleep,
    FellAsleep,
    GaveUp,
    Gone,
    Launched,
    LaunchFailed,
    LeftAlone,
    Loading,
    NotAsleep,
    NotAwake,
    Progressed,
    Ready,
    Signal,
    SleepAsked,
    Slept,
    Starting,
    State,
    StopAsked,
    Stopped,
    Stopping,
    Unborn,
    WakeAsked,
    Waking,
    Woke,
    decide,
    evolve,
)
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

BROKEN = Failure(reason="broken", code="x", next_action="mend", exit_code=3, lines=("l",))
RUN: dict[str, Any] = {"engine_id": "e", "recipe_id": "r"}
SLEPT = Slept(
    level=1,
    seconds=2.0,
    device_bytes_freed=9,
    host_bytes_freed=-5,
    device_bytes=1,
    host_bytes=6,
    probe="/v1/chat/completions",
    answer="Hello",
)

STATES: dict[str, State] = {
    "unborn": Unborn(),
    "starting": Starting(),
    "loading": Loading(pid=7),
    "ready": Ready(pid=7),
    "falling asleep": FallingAsleep(pid=7, level=1),
    "asleep": Asleep(pid=7, slept=SLEPT),
    "waking": Waking(pid=7, slept=SLEPT),
    "left alone": LeftAlone(pid=7, reason="changed"),
    "stopping": Stopping(pid=7),
    "stopped": Stopped(),
    "failed": Failed(failure=BROKEN),
}
SIGNALS: dict[str, Signal] = {
    "launched": Launched(pid=7, process_group=7, started_at=1.0),
    "launch failed": LaunchFailed(failure=BROKEN),
    "progressed": Progressed(phase="loading weights", percent=40.0),
    "answered": Answered(seconds=2.0),
    "ended": Ended(failure=BROKEN),
    "gave up": GaveUp(failure=BROKEN),
    "stop asked": StopAsked(reason="evicted"),
    "sleep asked": SleepAsked(level=1, reason="evicted"),
    "fell asleep": FellAsleep(slept=SLEPT),
    "not asleep, usable": NotAsleep(failure=BROKEN, usable=True),
    "not asleep": NotAsleep(failure=BROKEN, usable=False),
    "wake asked": WakeAsked(),
    "woke": Woke(seconds=0.5),
    "not awake": NotAwake(failure=BROKEN),
    "gone": Gone(exit_code=0, seconds=1.0, forced=False),
    "gone after giving up": Gone(exit_code=-9, seconds=1.0, forced=True, failure=BROKEN),
}
START_FAILED = EngineStartFailed(
    **RUN, reason="broken", code="x", next_action="mend", exit_code=3, lines=("l",)
)
STOP_REQUESTED = EngineStopRequested(**RUN, reason="evicted")
CRASHED = EngineCrashed(
    **RUN, reason="broken", code="x", next_action="mend", exit_code=3, lines=("l",)
)
WAKE_FAILED = EngineWakeFailed(**RUN, reason="broken", code="x")
MEANING: dict[tuple[str, str], Fact | tuple[Fact, ...]] = {
    ("starting", "launched"): EngineStarted(**RUN, pid=7, process_group=7, process_started_at=1.0),
    ("starting", "launch failed"): START_FAILED,
    ("starting", "stop asked"): STOP_REQUESTED,
    ("loading", "progressed"): EngineProgressed(**RUN, phase="loading weights", percent=40.0),
    ("loading", "answered"): EngineBecameReady(**RUN, seconds=2.0),
    ("loading", "ended"): START_FAILED,
    ("loading", "gave up"): EngineStopRequested(**RUN, reason="broken"),
    ("loading", "stop asked"): STOP_REQUESTED,
    ("ready", "ended"): CRASHED,
    ("ready", "stop asked"): STOP_REQUESTED,
    ("ready", "sleep asked"): EngineSleepRequested(**RUN, level=1, reason="evicted"),
    ("falling asleep", "fell asleep"): EngineFellAsleep(
        **RUN,
        level=1,
        seconds=2.0,
        device_bytes_freed=9,
        host_bytes_freed=-5,
        device_bytes=1,
        host_bytes=6,
        probe="/v1/chat/completions",
        answer="Hello",
    ),
    ("falling asleep", "not asleep, usable"): EngineSleepFailed(
        **RUN, reason="broken", code="x", usable=True
    ),
    ("falling asleep", "not asleep"): EngineSleepFailed(
        **RUN, reason="broken", code="x", usable=False
    ),
    ("falling asleep", "ended"): CRASHED,
    ("falling asleep", "stop asked"): STOP_REQUESTED,
    ("asleep", "wake asked"): EngineWakeRequested(**RUN),
    ("asleep", "ended"): CRASHED,
    ("asleep", "stop asked"): STOP_REQUESTED,
    ("waking", "woke"): EngineWoke(**RUN, seconds=0.5),
    ("waking", "not awake"): WAKE_FAILED,
    ("waking", "ended"): (WAKE_FAILED, CRASHED),
    ("waking", "stop asked"): STOP_REQUESTED,
    ("left alone", "ended"): EngineLost(**RUN, reason="broken"),
    ("left alone", "stop asked"): STOP_REQUESTED,
    ("stopping", "gone"): EngineStopped(**RUN, exit_code=0, seconds=1.0, forced=False),
    ("stopping", "gone after giving up"): START_FAILED,
}


@pytest.mark.parametrize(("state", "signal"), list(itertools.product(STATES, SIGNALS)))
def test_a_signal_means_what_the_table_says_or_nothing(state: str, signal: str) -> None:
    """All pairs: the fact where the table has one, silence everywhere else."""
    facts = decide(SIGNALS[signal], STATES[state], "e", "r")
    wanted = MEANING.get((state, signal), ())
    assert facts == (wanted if isinstance(wanted, tuple) else (wanted,))


def meant(state: str, signal: str) -> Fact:
    """The one fact a pair means."""
    fact = MEANING[state, signal]
    assert isinstance(fact, Fact)
    return fact


REQUESTED = EngineStartRequested(
    **RUN,
    revision=1,
    kind="command",
    runtime=None,
    model_name="m",
    port=1,
    argv=(),
    nonce="n",
    log_path="l",
)


@pytest.mark.parametrize(
    ("before", "fact", "after"),
    [
        (Unborn(), REQUESTED, Starting()),
        (Starting(), meant("starting", "launched"), Loading(pid=7)),
        (
            Loading(pid=7),
            meant("loading", "progressed"),
            Loading(pid=7, phase="loading weights", percent=40.0),
        ),
        (Loading(pid=7), meant("loading", "answered"), Ready(pid=7)),
        (Unborn(), EngineAdopted(**RUN, pid=7), Ready(pid=7, adopted=True)),
        (Ready(pid=7), STOP_REQUESTED, Stopping(pid=7)),
        (Starting(), STOP_REQUESTED, Stopping(pid=None)),
        (Stopping(pid=7), meant("stopping", "gone"), Stopped()),
        (Stopping(pid=7), START_FAILED, Failed(failure=BROKEN)),
        (Loading(pid=7), START_FAILED, Failed(failure=BROKEN)),
        (Ready(pid=7), meant("ready", "ended"), Failed(failure=BROKEN)),
        (Unborn(), EngineAdopted(**RUN, pid=7, found="loading"), Loading(pid=7)),
        (STATES["asleep"], EngineAdopted(**RUN, pid=7, found="asleep"), STATES["asleep"]),
        (
            Ready(pid=7),
            EngineLeftAlone(**RUN, pid=7, reason="changed"),
            LeftAlone(pid=7, reason="changed"),
        ),
        (STATES["left alone"], EngineAdopted(**RUN, pid=7), Ready(pid=7, adopted=True)),
        (STATES["left alone"], meant("left alone", "ended"), Stopped()),
        (Ready(pid=7), meant("ready", "sleep asked"), FallingAsleep(pid=7, level=1)),
        (
            STATES["falling asleep"],
            meant("falling asleep", "fell asleep"),
            Asleep(pid=7, slept=SLEPT),
        ),
        (
            STATES["falling asleep"],
            meant("falling asleep", "not asleep, usable"),
            Ready(pid=7),
        ),
        (STATES["falling asleep"], meant("falling asleep", "not asleep"), Stopping(pid=7)),
        (STATES["asleep"], meant("asleep", "wake asked"), Waking(pid=7, slept=SLEPT)),
        (STATES["waking"], meant("waking", "woke"), Ready(pid=7)),
        (STATES["waking"], meant("waking", "not awake"), Stopping(pid=7)),
        (STATES["waking"], CRASHED, Failed(failure=BROKEN)),
    ],
)
def test_a_state_follows_from_a_fact(before: State, fact: Fact, after: State) -> None:
    """Each fact leads where the picture says."""
    assert evolve(before, fact) == after


@pytest.mark.parametrize("state", ["stopped", "failed"])
@pytest.mark.parametrize("signal", SIGNALS)
def test_what_has_ended_does_not_begin_again(state: str, signal: str) -> None:
    """A run that is over stays over; the next start is another run."""
    assert decide(SIGNALS[signal], STATES[state], "e", "r") == ()
