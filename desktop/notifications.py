"""What is worth interrupting a person for: a model became ready, or it failed.

Pure: the picture before and the picture after in, sentences out. Delivery is the tray's, and a
desktop that can not deliver is no reason to stop.
"""

import msgspec

from core.status import RecipeView, Status


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A title and a sentence."""

    title: str
    text: str


def news(before: Status | None, after: Status) -> tuple[Notification, ...]:
    """What changed for the worse or the better; nothing at the first look, it is not news."""
    if before is None:
        return ()
    known = {recipe.id: recipe for recipe in before.recipes}
    return tuple(
        found
        for recipe in after.recipes
        if (old := known.get(recipe.id)) and (found := _about(old, recipe))
    )


def _about(old: RecipeView, new: RecipeView) -> Notification | None:
    if old.state == new.state:
        return None
    name = new.name or new.id
    match old.state, new.state:
        case (("starting" | "loading"), "ready"):
            return Notification(title=f"{name} is ready", text="It answers now.")
        case (("ready" | "asleep"), "failed"):
            return Notification(title=f"{name} crashed", text=_why(new))
        case _, "failed":
            return Notification(title=f"{name} could not be started", text=_why(new))
        case _:
            return None


def _why(recipe: RecipeView) -> str:
    return " → ".join(part for part in (recipe.error, recipe.next_action) if part) or "See its log."
