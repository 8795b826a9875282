"""A request names a model that is not resident: how admission asks the switchboard for it."""

import asyncio

from core.recipes.book import RecipeBook
from core.start_budget import StartBudget
from core.switching.commands import RequestSwitch
from core.switching.switchboard import Switchboard


async def ask_for_model(
    switchboard: Switchboard,
    budget: StartBudget,
    book: RecipeBook,
    recipe_id: str,
    actor: str,
    correlation_id: str,
) -> None:
    """Start or join a switch to `recipe_id`; return when it is done, or raise its refusal.

    Cancelled when nobody waits any more: a wish that has not begun is forgotten, so that a caller
    who left starts and evicts nothing; one under way goes on.
    """
    budget.check(recipe_id)
    pending = switchboard.request(
        RequestSwitch(target=recipe_id),
        actor=actor,
        correlation_id=correlation_id,
        manual=False,
        priority=book.priority_of(recipe_id),
    )
    try:
        await asyncio.shield(pending.done)
    except asyncio.CancelledError:
        switchboard.forget(pending)
        raise
