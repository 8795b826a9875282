"""One run of an engine as plain values: what it is, before and apart from how it fares."""

from pathlib import Path

import msgspec

from core.engines.launch_spec import LaunchSpec
from core.engines.lifecycle import (
    Asleep,
    Failed,
    FallingAsleep,
    LeftAlone,
    Loading,
    Ready,
    Starting,
    State,
    Stopping,
    Unborn,
    Waking,
)
from core.engines.load_plan import Estimate, Plan
from core.engines.probe import Target
from core.status import EngineState, EngineView
from events.facts import EngineStartRequested

END_IT = "Evict it to end it; it is not used, and a start of its recipe begins a new one."


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ready engine is reached, and as what."""

    engine_id: str
    recipe_id: str
    host: str = "127.0.0.1"
    port: int
    model_name: str  # what to send as "model"
    api_key: str | None
    kind: str


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked, and in the course of what."""

    actor: str = "system"
    correlation_id: str | None = None
    causation_id: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is settled when a run begins."""

    engine_id: str
    recipe_id: str
    revision: int
    kind: str
    runtime: str | None
    port: int
    nonce: str
    spec: LaunchSpec
    log_path: Path
    shown_log_path: str  # relative to the data directory
    load_timeout_s: float
    stop_grace_s: float
    model: str = ""  # where its weights are
    fingerprint: str = ""  # of everything that shapes the launch
    devices: tuple[str, ...] = ()  # GPUs by UUID; empty: all of them
    sleep_levels: tuple[int, ...] = ()  # at which it can sleep
    plan: Plan | None = None  # how long each phase of loading takes, from earlier runs
    warm_plan: Plan | None = None  # the same for a start that has its imports behind it

    @property
    def stream(self) -> str:
        """Where its facts stand."""
        return f"engine-{self.engine_id}"

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers once it is ready."""
        return Endpoint(
            engine_id=self.engine_id,
            recipe_id=self.recipe_id,
            port=self.port,
            model_name=self.spec.model_name,
            api_key=self.spec.api_key,
            kind=self.kind,
        )

    def target(self, process_group: int) -> Target:
        """What talks to it and watches its memory needs to know."""
        return Target(
            port=self.port,
            kind=self.kind,
            model_name=self.spec.model_name,
            model=self.model,
            api_key=self.spec.api_key,
            process_group=process_group,
        )

    def requested(self, shown_argv: tuple[str, ...]) -> EngineStartRequested:
        """The fact that it was asked for."""
        return EngineStartRequested(
            engine_id=self.engine_id,
            recipe_id=self.recipe_id,
            revision=self.revision,
            kind=self.kind,
            runtime=self.runtime,
            model_name=self.spec.model_name,
            port=self.port,
            argv=shown_argv,
            nonce=self.nonce,
            log_path=self.shown_log_path,
            fingerprint=self.fingerprint,
            devices=self.devices,
        )


def view(
    run: Run, state: State, *, since: int, estimate: Estimate, shown_argv: tuple[str, ...]
) -> EngineView:
    """How the run is shown. `since` in µs since the epoch; `estimate`: where its load stands."""
    shown = EngineView(
        engine_id=run.engine_id,
        recipe_id=run.recipe_id,
        kind=run.kind,
        runtime=run.runtime,
        state=_name(state),
        since=since,
        port=run.port,
        pid=getattr(state, "pid", None),
        argv=shown_argv,
        devices=run.devices,
    )
    match state:
        case Loading():
            return msgspec.structs.replace(
                shown,
                phase=estimate.phase,
                percent=round(estimate.percent, 1),
                eta_s=None if estimate.eta_s is None else round(estimate.eta_s, 1),
                late=estimate.late,
            )
        case Ready(adopted=adopted):
            return msgspec.structs.replace(shown, adopted=adopted)
        case FallingAsleep():
            return msgspec.structs.replace(shown, phase="falling asleep")
        case Waking():
            return msgspec.structs.replace(shown, phase="waking up")
        case Asleep(slept=slept):
            return msgspec.structs.replace(shown, sleep_level=slept.level)
        case LeftAlone(reason=reason):
            return msgspec.structs.replace(shown, error=reason, next_action=END_IT)
        case Failed(failure=failure):
            return msgspec.structs.replace(
                shown,
                error=failure.reason,
                error_code=failure.code,
                next_action=failure.next_action,
                lines=failure.lines,
                remedy=failure.remedy,
            )
        case _:
            return shown


def _name(state: State) -> EngineState:
    match state:
        case Unborn() | Starting():
            return "starting"
        case Loading() | Waking():
            return "loading"
        case Ready():
            return "ready"
        case Asleep():
            return "asleep"
        case LeftAlone():
            return "left-alone"
        case Stopping() | FallingAsleep():
            return "stopping"
        case Failed():
            return "failed"
        case _:
            return "stopped"
