"""`/api/recipes/{id}/revisions`: every word that was ever said about a recipe, and by whom."""

import asyncio

import msgspec
from litestar import get

from core.api.usage import name_of
from core.application import Application
from core.errors import NotFound
from core.recipes.history import Revision, facts_of, revisions


class RevisionList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first."""

    revisions: tuple[Revision, ...]


@get("/recipes/{recipe_id:str}/revisions")
async def list_revisions(
    application: Application, recipe_id: str, at: int | None = None
) -> RevisionList:
    """Each revision whole, with who made it and how; up to event `at` where that is given."""
    recorded = await asyncio.to_thread(facts_of, application.store, recipe_id, at)
    found = list(revisions(recorded, lambda key_id: name_of(application, key_id)))
    if not found:
        raise NotFound(f"There is no recipe {recipe_id!r}", code="recipe_not_found")
    return RevisionList(revisions=tuple(reversed(found)))


HANDLERS = (list_revisions,)
