"""Every state meets every signal: what happens, and that nothing else does."""

import itertools

import pytest

from core.engines.lifecycle import (
    Answered,
    Ended,
    Failed,
    Failure,
    GaveUp,
    Gone,
    Launched,
    LaunchFailed,
    Loading,
    Progressed,
    Ready,
    Signal,
    Starting,
    State,
    StopAsked,
    Stopped,
    Stopping,
    Unborn,
    decide,
    evolve,
)
from events.facts import (
    EngineAdopted,
    EngineBecameReady,
    EngineCrashed,
    EngineProgressed,
    EngineStarted,
    EngineStartFailed,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
)
from events.facts.base import Fact

BROKEN = Failure(reason="broken", code="x", next_action="mend", exit_code=3, lines=("l",))
RUN = {"engine_id": "e", "recipe_id": "r"}

STATES: dict[str, State] = {
    "unborn": Unborn(),
    "starting": Starting(),
    "loading": Loading(pid=7),
    "ready": Ready(pid=7),
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
    "gone": Gone(exit_code=0, seconds=1.0, forced=False),
    "gone after giving up": Gone(exit_code=-9, seconds=1.0, forced=True, failure=BROKEN),
}
START_FAILED = EngineStartFailed(
    **RUN, reason="broken", code="x", next_action="mend", exit_code=3, lines=("l",)
)
STOP_REQUESTED = EngineStopRequested(**RUN, reason="evicted")
MEANING: dict[tuple[str, str], Fact] = {
    ("starting", "launched"): EngineStarted(**RUN, pid=7, process_group=7, process_started_at=1.0),
    ("starting", "launch failed"): START_FAILED,
    ("starting", "stop asked"): STOP_REQUESTED,
    ("loading", "progressed"): EngineProgressed(**RUN, phase="loading weights", percent=40.0),
    ("loading", "answered"): EngineBecameReady(**RUN, seconds=2.0),
    ("loading", "ended"): START_FAILED,
    ("loading", "gave up"): EngineStopRequested(**RUN, reason="broken"),
    ("loading", "stop asked"): STOP_REQUESTED,
    ("ready", "ended"): EngineCrashed(
        **RUN, reason="broken", code="x", next_action="mend", exit_code=3, lines=("l",)
    ),
    ("ready", "stop asked"): STOP_REQUESTED,
    ("stopping", "gone"): EngineStopped(**RUN, exit_code=0, seconds=1.0, forced=False),
    ("stopping", "gone after giving up"): START_FAILED,
}


@pytest.mark.parametrize(("state", "signal"), list(itertools.product(STATES, SIGNALS)))
def test_a_signal_means_what_the_table_says_or_nothing(state: str, signal: str) -> None:
    """All 63 pairs: one fact each where the table has one, silence everywhere else."""
    facts = decide(SIGNALS[signal], STATES[state], "e", "r")
    wanted = MEANING.get((state, signal))
    assert facts == (() if wanted is None else (wanted,))


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
        (Starting(), MEANING["starting", "launched"], Loading(pid=7)),
        (
            Loading(pid=7),
            MEANING["loading", "progressed"],
            Loading(pid=7, phase="loading weights", percent=40.0),
        ),
        (Loading(pid=7), MEANING["loading", "answered"], Ready(pid=7)),
        (Unborn(), EngineAdopted(**RUN, pid=7), Ready(pid=7, adopted=True)),
        (Ready(pid=7), STOP_REQUESTED, Stopping(pid=7)),
        (Starting(), STOP_REQUESTED, Stopping(pid=None)),
        (Stopping(pid=7), MEANING["stopping", "gone"], Stopped()),
        (Stopping(pid=7), START_FAILED, Failed(failure=BROKEN)),
        (Loading(pid=7), START_FAILED, Failed(failure=BROKEN)),
        (Ready(pid=7), MEANING["ready", "ended"], Failed(failure=BROKEN)),
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
