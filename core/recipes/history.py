"""What became of a recipe: each of its revisions whole, with who made it and how."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import msgspec

from events.envelope import Recorded
from events.facts import (
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeImported,
    RecipeRestored,
    RecipeRevised,
)
from events.store import EventStore

How = Literal["created", "revised", "cloned", "imported", "archived", "restored"]
KEY = "key:"
PAGE = 1000


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about a recipe; an archived or restored one is at the revision it was at before."""

    revision: int
    position: int
    recorded_at: int  # µs since the epoch
    actor: str
    key_name: str | None  # what the key is called, where a key asked for it
    how: How
    source: str  # of a clone the recipe, of an import the file
    recipe: dict[str, Any]  # as it stood then; secrets by reference
    same_as: int | None  # the first earlier revision that was just so


def facts_of(store: EventStore, recipe_id: str, at: int | None = None) -> list[Recorded]:
    """Every fact of a recipe, up to event `at` where that is given; none: there is no such one."""
    found: list[Recorded] = []
    before = None if at is None else max(0, min(at, store.head)) + 1
    while True:
        after = found[-1].position if found else 0
        page = store.read_all(after, PAGE, before=before, streams=[f"recipe-{recipe_id}"])
        found += page
        if len(page) < PAGE:
            return found


def revisions(
    recorded: Iterable[Recorded], key_name: Callable[[str], str | None]
) -> Iterator[Revision]:
    """The oldest first; `key_name` is what a key is called, by its id."""
    now = 0
    recipe: dict[str, Any] = {}
    seen: dict[bytes, int] = {}
    for one in recorded:
        how, same_as = _how(one), None
        if how is None:
            continue
        match one.event:
            case (
                RecipeCreated(recipe=recipe, revision=now)
                | RecipeRevised(recipe=recipe, revision=now)
                | RecipeCloned(recipe=recipe, revision=now)
                | RecipeImported(recipe=recipe, revision=now)
            ):
                first = seen.setdefault(msgspec.json.encode(recipe, order="deterministic"), now)
                same_as = first if first != now else None
            case _:
                pass
        yield Revision(
            revision=now,
            position=one.position,
            recorded_at=one.recorded_at,
            actor=one.actor,
            key_name=_key_name(key_name, one.actor),
            how=how,
            source=_source(one),
            recipe=recipe,
            same_as=same_as,
        )


def _source(recorded: Recorded) -> str:
    match recorded.event:
        case RecipeCloned(source_id=source) | RecipeImported(source=source):
            return source
        case _:
            return ""


def _how(recorded: Recorded) -> How | None:
    """None for a kind of fact that this version does not know."""
    hows: dict[type, How] = {
        RecipeCreated: "created",
        RecipeRevised: "revised",
        RecipeCloned: "cloned",
        RecipeImported: "imported",
        RecipeArchived: "archived",
        RecipeRestored: "restored",
    }
    return hows.get(type(recorded.event))


def _key_name(key_name: Callable[[str], str | None], actor: str) -> str | None:
    return key_name(actor.removeprefix(KEY)) if actor.startswith(KEY) else None
