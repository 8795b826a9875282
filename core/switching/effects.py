"""What a change can do to the world: the seam between deciding and doing."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from core.placement.placement import Placement
from core.switching.scheduling.scene import Resident

Gone = Literal["stopped", "asleep"]


class Effects(Protocol):
    """What the switchboard can do to the world; `core.machine` supplies it."""

    def residents(self) -> tuple[Resident, ...]:
        """Everything that holds memory now."""
        ...

    def capacity(self) -> Mapping[str, int]:
        """Device → bytes that are ours to plan with; a device that is missing is not known."""
        ...

    def ready(self) -> frozenset[str]:
        """The recipes that answer now and are routed."""
        ...

    async def options(self, recipe_id: str, *, force: bool) -> tuple[Placement, ...]:
        """The ways in which it may run, best first.

        Raises what a start would fail with at once: a missing program, a wrong flag, a model that
        can never fit. Nothing is touched.
        """
        ...

    def withdraw(self, recipe_ids: Sequence[str]) -> None:
        """From now on new requests for these wait in admission."""
        ...

    def restore(self, recipe_ids: Sequence[str]) -> None:
        """Offer these again, as far as they are still there."""
        ...

    def in_flight(self, recipe_ids: Sequence[str]) -> int:
        """How many requests these are serving."""
        ...

    async def drained(self, recipe_ids: Sequence[str]) -> bool:
        """Wait until they serve none; False when the drain deadline passed first."""
        ...

    def cut(self, recipe_ids: Sequence[str]) -> int:
        """End their running requests now; how many there were."""
        ...

    async def vacate(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
        newcomer: Placement | None,
        may_sleep: bool,
    ) -> Gone:
        """Return when its memory is free: stopped, or put to sleep where that leaves room."""
        ...

    async def stop(
        self,
        recipe_id: str,
        *,
        reason: str,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
    ) -> None:
        """Return when it is gone."""
        ...

    async def start(
        self,
        recipe_id: str,
        placement: Placement | None,
        *,
        actor: str,
        correlation_id: str,
        causation_id: str | None = None,
    ) -> None:
        """Return when it answers and is routed. Raises EngineFailure and other StudioErrors."""
        ...
