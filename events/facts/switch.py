"""Facts about changing what is resident. Stream: `switching`, one for the machine.

The stream is a process manager's: its state says the next step of an unfinished change.
"""

from events.facts.base import Fact


class SwitchRequested(Fact, frozen=True, kw_only=True, tag="switch-requested"):
    """A {kind} was asked for; target: {target}."""

    switch_id: str
    kind: str  # switch | load | evict
    target: str | None  # recipe id; None when everything is evicted
    evict: tuple[str, ...]  # recipe ids that must go
    force: bool = False  # cut running requests instead of draining them


class SwitchDrainingStarted(Fact, frozen=True, kw_only=True, tag="switch-draining-started"):
    """Waiting for {in_flight} running request(s) before the change goes on."""

    switch_id: str
    in_flight: int


class SwitchDrained(Fact, frozen=True, kw_only=True, tag="switch-drained"):
    """Running requests are finished; {cut} had to be cut."""

    switch_id: str
    cut: int = 0


class SwitchEvictionFinished(Fact, frozen=True, kw_only=True, tag="switch-eviction-finished"):
    """{recipe_id} has left memory."""

    switch_id: str
    recipe_id: str


class SwitchCompleted(Fact, frozen=True, kw_only=True, tag="switch-completed"):
    """The {kind} is done after {seconds:.1f} s; target: {target}."""

    switch_id: str
    kind: str
    target: str | None
    seconds: float


class SwitchFailed(Fact, frozen=True, kw_only=True, tag="switch-failed"):
    """The {kind} failed: {reason}."""

    switch_id: str
    kind: str
    target: str | None
    reason: str
    code: str = "unknown"


class SwitchCancelled(Fact, frozen=True, kw_only=True, tag="switch-cancelled"):
    """The {kind} was cancelled; target: {target}."""

    switch_id: str
    kind: str
    target: str | None
