"""The JSON shapes of the API that are not read models of their own."""

import msgspec

from core.recipes.recipe import Recipe


class RecipeWithHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A saved recipe and where it stands."""

    recipe: Recipe
    revision: int
    archived: bool
    updated_at: int
    updated_by: str


class ChangeAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """A change that has begun; `switch_id` is None when it was already so."""

    switch_id: str | None
    kind: str
    target: str | None
    evict: tuple[str, ...] = ()


class ChangeWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of /api/switch, /api/load, /api/evict and /api/sleep.

    `exclusive`, of a switch: everything else leaves memory, pinned models excepted.
    """

    target: str | None = None
    force: bool = False
    exclusive: bool = False
    wait: bool = False


class CancelWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of /api/cancel: a change by its target, or a request by its id."""

    target: str | None = None
    request_id: str | None = None


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """How many things were given up."""

    cancelled: int
