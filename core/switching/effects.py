"""What a change can do to the world: the seam between deciding and doing."""

from collections.abc import Sequence
from typing import Protocol

from core.switching.eviction import Resident


class Effects(Protocol):
    """What the switchboard can do to the world; `core.bootstrap` supplies it."""

    def residents(self) -> tuple[Resident, ...]:
        """Everything that holds memory now."""
        ...

    def ready(self) -> frozenset[str]:
        """The recipes that answer now."""
        ...

    def withdraw(self, recipe_ids: Sequence[str]) -> None:
        """From now on new requests for these wait in admission."""
        ...

    def restore(self) -> None:
        """Offer again what was withdrawn and is still there."""
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

    async def stop(self, recipe_id: str, *, reason: str, actor: str, correlation_id: str) -> None:
        """Return when it is gone."""
        ...

    async def rehearse(self, recipe_id: str) -> None:
        """Raise what a start would fail with at once; nothing is touched."""
        ...

    async def start(self, recipe_id: str, *, actor: str, correlation_id: str) -> None:
        """Return when it answers and is routed. Raises EngineFailure and other StudioErrors."""
        ...
