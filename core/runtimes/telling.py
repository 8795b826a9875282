"""What the log hears of an installation: steps, not ticks, and who asked for it."""

from typing import TYPE_CHECKING

from core.runtimes.diagnosis import Diagnosis
from core.runtimes.progress import Progress
from events.facts import RuntimeInstallFailed, RuntimeInstallProgressed
from events.facts.base import Fact

if TYPE_CHECKING:
    from events.store import EventStore

_TOLD_EVERY_PERCENT = 5.0  # what is told stays in the log for ever


class Teller:
    """Writes the facts of one installation, with who asked for it."""

    def __init__(
        self, store: "EventStore", id: str, actor: str, correlation_id: str | None
    ) -> None:
        self._store = store
        self._id = id
        self._actor = actor
        self._correlation_id = correlation_id
        self._told: Progress | None = None
        self._newest: str | None = None  # the id of the newest fact: the next one follows from it

    async def tell(self, fact: Fact) -> None:
        """Record one fact of this runtime."""
        recorded = await self._store.append(
            f"runtime-{self._id}",
            [fact],
            actor=self._actor,
            correlation_id=self._correlation_id,
            causation_id=self._newest,
        )
        self._newest = recorded[-1].id if recorded else None

    async def progressed(self, progress: Progress) -> None:
        """Record how far it is, when the step is new or a good bit further."""
        told = self._told
        same_step = told is not None and told.step == progress.step
        if told is not None and same_step and progress.percent < told.percent + _TOLD_EVERY_PERCENT:
            return
        self._told = progress
        await self.tell(
            RuntimeInstallProgressed(
                runtime_id=self._id, phase=progress.phase, percent=progress.percent
            )
        )

    async def failed(self, diagnosis: Diagnosis, lines: tuple[str, ...] = ()) -> None:
        """Record that it came to nothing, and why."""
        await self.tell(
            RuntimeInstallFailed(
                runtime_id=self._id,
                reason=diagnosis.reason,
                next_action=diagnosis.next_action,
                lines=lines,
            )
        )
