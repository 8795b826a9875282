"""How a model stands in a list of one line each, and which of many stand out. Pure."""

from collections.abc import Sequence

from core.status import RecipeView
from desktop.words.speech import Speech

NAME = 48  # characters of a name in a line
REASON = 60  # characters of a failure's reason in a line
_RANK = {"starting": 0, "loading": 0, "stopping": 1, "ready": 1, "asleep": 2, "left-alone": 2}


def standing_out(recipes: Sequence[RecipeView], marked: str | None, most: int) -> frozenset[str]:
    """The ids of those that matter most now, at most so many.

    What comes or is marked, what is in memory, what is pinned, what failed, what was asked for
    today; where all that is equal, the first of the list.
    """

    def rank(recipe: RecipeView) -> tuple[int, int]:
        if recipe.id == marked:
            return (0, 0)
        if recipe.state in _RANK:
            return (_RANK[recipe.state], 0)
        if recipe.pinned:
            return (3, 0)
        return (4 if recipe.state == "failed" else 5, -recipe.requests_today)

    return frozenset(recipe.id for recipe in sorted(recipes, key=rank)[:most])


def in_words(recipe: RecipeView, speech: Speech) -> str:
    """Its name, and in brackets what is to be known of it: nothing, for one that only rests."""
    name = short(recipe.name or recipe.id)
    told = speech.words.and_also.join(_facts(recipe, speech))
    return speech.words.in_state.format(name=name, state=told) if told else name


def _facts(recipe: RecipeView, speech: Speech) -> list[str]:
    words = speech.words
    found = [_state(recipe, speech)]
    if recipe.changed:
        found.append(words.changed)
    if recipe.blocked:
        found.append(words.blocked)
    if recipe.pinned:
        found.append(words.pinned)
    return [fact for fact in found if fact]


def _state(recipe: RecipeView, speech: Speech) -> str:
    words = speech.words
    match recipe.state:
        case "stopped":
            return _would_take(recipe, speech)
        case "starting" | "loading" as state:
            doing = words.starting if state == "starting" else words.in_loading
            return doing + speech.how_far(recipe.percent, recipe.eta_s, late=recipe.late)
        case "ready":
            return words.ready
        case "stopping":
            return words.stopping
        case "asleep":
            waking = _would_take(recipe, speech)
            return words.and_also.join(filter(None, (words.asleep, waking)))
        case "left-alone":
            return words.left_alone
        case "failed":
            if not recipe.error:
                return words.failed
            return words.failed_why.format(why=short(speech.told(recipe.error), REASON))


def _would_take(recipe: RecipeView, speech: Speech) -> str:
    """How long it takes to bring it, where that is known."""
    return "" if recipe.expected_s is None else speech.about(recipe.expected_s)


def short(text: str, most: int = NAME) -> str:
    """At most so many characters: of a long name the middle is left out, its end tells versions."""
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1]}…{text[-end:]}"
