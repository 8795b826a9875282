"""Facts about changing what is resident. Stream: `switching`, one for the machine.

The stream is a process manager's: its state says the next step of an unfinished change.
"""

from events.facts.base import Fact


def in_words(kind: str, target: str | None) -> str:
    """A change as it stands after "to": "switch to qwen", "evict everything"."""
    return f"switch to {target}" if kind == "switch" else f"{kind} {target or 'everything'}"


class SwitchRequested(Fact, frozen=True, kw_only=True, tag="switch-requested"):
    """Asked to {what}."""

    switch_id: str
    kind: str  # switch | load | evict
    target: str | None  # recipe id; None when everything is evicted
    evict: tuple[str, ...]  # recipe ids that must go
    force: bool = False  # cut running requests instead of draining them
    devices: tuple[str, ...] = ()  # where the target will run, when that was chosen for it

    @property
    def what(self) -> str:
        """The change in words."""
        return in_words(self.kind, self.target)


class SwitchDrainingStarted(Fact, frozen=True, kw_only=True, tag="switch-draining-started"):
    """Waiting for {in_flight} running request(s) before the change goes on."""

    switch_id: str
    in_flight: int


class SwitchDrained(Fact, frozen=True, kw_only=True, tag="switch-drained"):
    """No request is in the way any more{with_cuts}."""

    switch_id: str
    cut: int = 0

    @property
    def with_cuts(self) -> str:
        """How many had to be cut, when there were any."""
        return f"; {self.cut} had to be cut" if self.cut else ""


class SwitchEvictionFinished(Fact, frozen=True, kw_only=True, tag="switch-eviction-finished"):
    """{recipe_id} {has_gone}."""

    switch_id: str
    recipe_id: str
    how: str = "stopped"  # stopped | asleep

    @property
    def has_gone(self) -> str:
        """What became of it, in words."""
        return "sleeps" if self.how == "asleep" else "has left memory"


class SwitchCompleted(Fact, frozen=True, kw_only=True, tag="switch-completed"):
    """Done after {seconds:.1f} s: {what}."""

    switch_id: str
    kind: str  # switch | load | evict
    target: str | None  # recipe id; None when everything is evicted
    seconds: float

    @property
    def what(self) -> str:
        """The change in words."""
        return in_words(self.kind, self.target)


class SwitchFailed(Fact, frozen=True, kw_only=True, tag="switch-failed"):
    """Could not {what}: {reason}."""

    switch_id: str
    kind: str  # switch | load | evict
    target: str | None  # recipe id; None when everything is evicted
    reason: str
    code: str = "unknown"

    @property
    def what(self) -> str:
        """The change in words."""
        return in_words(self.kind, self.target)


class SwitchCancelled(Fact, frozen=True, kw_only=True, tag="switch-cancelled"):
    """Gave up: {what}."""

    switch_id: str
    kind: str  # switch | load | evict
    target: str | None  # recipe id; None when everything is evicted

    @property
    def what(self) -> str:
        """The change in words."""
        return in_words(self.kind, self.target)
