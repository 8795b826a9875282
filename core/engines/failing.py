"""Failures of engines as errors for who waits, and refusals as failures for the log."""

from core.engines.health import Health
from core.engines.lifecycle import Failure
from core.errors import EngineFailure, StudioError


def raised(recipe_id: str, failure: Failure) -> EngineFailure:
    """What whoever waited for it is told."""
    return EngineFailure(
        f"{recipe_id} could not be started: {failure.reason}",
        code=failure.code,
        next_action=failure.next_action,
        exit_code=failure.exit_code,
        lines=failure.lines,
        remedy=failure.remedy,
    )


def stopped(recipe_id: str) -> EngineFailure:
    """What whoever waited for it is told when somebody stopped it."""
    return EngineFailure(
        f"{recipe_id} was stopped before it was ready",
        code="stopped",
        next_action="Start it again.",
    )


def failure_of(refusal: StudioError) -> Failure:
    """A refusal before the launch, for the log."""
    return Failure(
        reason=refusal.message,
        code=refusal.code,
        next_action=refusal.next_action,
        exit_code=getattr(refusal, "exit_code", None),
        lines=getattr(refusal, "lines", ()),
        remedy=dict(getattr(refusal, "remedy", {})),
    )


def stuck(seconds: float, why: str, lines: tuple[str, ...]) -> Failure:
    """It has not moved for so long."""
    return Failure(
        reason=f"no progress for {seconds:g} s: {why}",
        code="load-timeout",
        next_action="Look at its log; a slow disk or network may need a longer load_timeout_s.",
        lines=lines,
    )


def impostor(health: Health) -> Failure:
    """Somebody answers, and it is not going to become the engine that we want."""
    next_action = (
        "Set served_name to the name it serves, or correct its command."
        if health.code == "wrong-model"
        else "Start it again to get another port, or stop that program."
    )
    return Failure(reason=health.why, code=health.code, next_action=next_action)
