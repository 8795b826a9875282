"""What is worth interrupting a person for: a model became ready, or it failed.

Pure: the picture before and the picture after in, sentences out. Delivery is the tray's, and a
desktop that can not deliver is no reason to stop.
"""

import msgspec

from core.status import RecipeView, Status
from desktop.words.speech import Speech


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A title and a sentence."""

    title: str
    text: str


def news(before: Status | None, after: Status, speech: Speech) -> tuple[Notification, ...]:
    """What changed for the worse or the better; nothing at the first look, it is not news."""
    if before is None:
        return ()
    known = {recipe.id: recipe for recipe in before.recipes}
    return tuple(
        found
        for recipe in after.recipes
        if (old := known.get(recipe.id)) and (found := _about(old, recipe, speech))
    )


def _about(old: RecipeView, new: RecipeView, speech: Speech) -> Notification | None:
    if old.state == new.state:
        return None
    words = speech.words
    name = new.name or new.id
    match old.state, new.state:
        case (("starting" | "loading"), "ready"):
            return Notification(title=words.became_ready.format(name=name), text=words.it_answers)
        case (("ready" | "asleep"), "failed"):
            return Notification(title=words.crashed.format(name=name), text=_why(new, speech))
        case _, "failed":
            title = words.could_not_be_started.format(name=name)
            return Notification(title=title, text=_why(new, speech))
        case _:
            return None


def _why(recipe: RecipeView, speech: Speech) -> str:
    return why_and_next(recipe.error or "", recipe.next_action, speech) or speech.words.see_its_log


def why_and_next(why: str, following: str, speech: Speech) -> str:
    """The cause, and what to do about it, as far as either is known."""
    if not (why and following):
        return speech.told(why or following)
    return speech.words.what_next.format(why=speech.told(why), next=speech.told(following))
