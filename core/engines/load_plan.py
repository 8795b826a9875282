"""How far a load is as a whole, and how long it still takes: from the phase and from earlier loads.

A plan says how long each phase takes. A load's percentage is the share of the plan that lies
behind it, so it grows over the whole load and does not begin anew with each phase. What remains is
what the plan says of the phases ahead, and for the present one a mixture: the further its own
progress bar is, the more its own speed counts, and the less what earlier loads took. Pure.
"""

from collections.abc import Iterable

import msgspec

LAUNCHING = "launching"  # the process runs and has told nothing yet: an interpreter's imports
MOST_PERCENT = 99.0  # 100 is said by the answer alone
PATIENCE = 1.5  # times the plan: from then on it takes longer than usual
PATIENCE_S = 2.0
OVERDUE_SHARE = 0.2  # what is assumed to remain, of the time a late phase took: never nothing
LEAST_S = 0.5
UNPLANNED_S = 2.0  # a phase that no earlier load had

# Seconds of each phase on a machine nobody knows yet; only their proportions matter then.
TYPICAL: dict[str, tuple[tuple[str, float], ...]] = {
    "vllm": (
        (LAUNCHING, 9.0),
        ("starting", 7.0),
        ("starting the engine core", 9.0),
        ("loading weights", 12.0),
        ("compiling", 10.0),
        ("profiling memory", 2.0),
        ("capturing graphs", 6.0),
        ("warming up", 1.0),
    ),
    "sglang": (
        (LAUNCHING, 9.0),
        ("starting", 6.0),
        ("starting the engine core", 2.0),
        ("loading weights", 12.0),
        ("profiling memory", 1.0),
        ("capturing graphs", 12.0),
        ("warming up", 3.0),
    ),
    "transformers": ((LAUNCHING, 4.0), ("loading weights", 3.0), ("warming up", 0.5)),
    "command": ((LAUNCHING, 2.0), ("loading weights", 5.0), ("warming up", 1.0)),
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of each phase, in order."""

    phases: tuple[tuple[str, float], ...]
    from_experience: bool = False  # earlier loads took this; else it is a guess

    def of(self, phase: str) -> float:
        """How long it takes."""
        return dict(self.phases).get(phase, UNPLANNED_S)

    @property
    def total(self) -> float:
        """The whole load, in seconds."""
        return sum(seconds for _, seconds in self.phases) or UNPLANNED_S


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a load."""

    phase: str
    percent: float  # of the whole load, 0 to 99
    eta_s: float | None  # None: nobody knows, there was no earlier load
    late: bool = False  # it takes longer than usual


def typical(kind: str) -> Plan:
    """The plan for an engine that never loaded here."""
    return Plan(phases=TYPICAL.get(kind, TYPICAL["command"]))


def remaining(plan: Plan, phase: str, in_phase_s: float, done: float | None) -> float:
    """Seconds of the present phase that are left. `done`: its own progress, 0 to 1, if it tells."""
    usual = plan.of(phase)
    if done is None:
        return max(usual - in_phase_s, OVERDUE_SHARE * in_phase_s)
    done = min(1.0, max(0.0, done))
    return (1.0 - done) * (in_phase_s + max(0.0, (1.0 - done)) * usual)


def estimate(
    plan: Plan,
    phase: str,
    in_phase_s: float,
    *,
    elapsed_s: float,
    done: float | None,
    order: Iterable[str],
) -> Estimate:
    """Where a load stands. `order`: all phases as they follow each other."""
    ranks = {name: rank for rank, name in enumerate(order)}
    here = ranks.get(phase, 0)
    behind = sum(s for name, s in plan.phases if ranks.get(name, 0) < here)
    ahead = sum(s for name, s in plan.phases if ranks.get(name, 0) > here)
    usual = plan.of(phase)
    left = remaining(plan, phase, in_phase_s, done)
    share = _time_share(in_phase_s, usual) if done is None else done
    percent = 100.0 * (behind + share * usual) / (behind + usual + ahead)
    return Estimate(
        phase=phase,
        percent=min(MOST_PERCENT, percent),
        eta_s=max(LEAST_S, left + ahead) if plan.from_experience else None,
        late=plan.from_experience and elapsed_s > PATIENCE * plan.total + PATIENCE_S,
    )


def _time_share(seconds: float, usual: float) -> float:
    """How much of a phase is behind, by time alone: ever slower beyond the usual, never whole."""
    done = seconds / max(usual, 0.001)
    return done * 0.8 if done <= 1.0 else 1.0 - 0.2 / done
