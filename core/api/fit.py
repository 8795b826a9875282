"""`/api/recipes/{id}/fit` and `/api/recipes/fit`: does it fit, and what would."""

import asyncio
from typing import Any, Literal

import msgspec
from litestar import get, post

from core.application import Application
from core.fit.estimate import Numbers, Segment, Source
from core.fit.fitting import Fit
from core.fit.remedy import Remedy
from core.fit.verdict import Fits, Unknown, WillNotFit, demands
from core.recipes.recipe import Recipe
from core.recipes.validation import parse_recipe


class FitDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One device and what it would hold. Bytes."""

    device: str  # a GPU's UUID, or "host"
    label: str
    name: str
    total: int
    held: int  # by programs that are not ours
    takes: int
    needs: int
    allowed: int  # the most that the engine may use of it
    segments: tuple[Segment, ...]


class FitReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: an estimate, the verdict, and what to change when it will not fit."""

    recipe_id: str
    source: Source  # unknown: nothing can be said, and `sentence` says why
    verdict: Literal["fits", "will-not-fit", "unknown"]
    sentence: str
    short_by: int = 0
    devices: tuple[FitDevice, ...] = ()
    numbers: Numbers | None = None
    remedies: tuple[Remedy, ...] = ()


@post("/recipes/fit", status_code=200)
async def fit_unsaved(application: Application, data: dict[str, Any]) -> FitReport:
    """Whether a recipe fits that is not saved."""
    recipe = parse_recipe(data)
    return report(recipe, await asyncio.to_thread(application.fitting.fit, recipe))


@get("/recipes/{recipe_id:str}/fit")
async def fit_saved(application: Application, recipe_id: str) -> FitReport:
    """Whether a saved recipe fits, with what its earlier runs took."""
    entry = application.book.get(recipe_id)
    fingerprint = application.fleet.fingerprint(entry.recipe)
    found = await asyncio.to_thread(
        application.fitting.fit,
        entry.recipe,
        revision=entry.revision,
        fingerprint=fingerprint,
    )
    return report(entry.recipe, found)


def report(recipe: Recipe, found: Fit) -> FitReport:
    """As JSON."""
    known, verdict = found.estimate, found.verdict
    told = FitReport(
        recipe_id=recipe.id,
        source=known.source,
        verdict="unknown",
        sentence="",
        devices=tuple(
            FitDevice(
                device=one.room.device,
                label=one.room.label,
                name=one.room.name,
                total=one.room.total,
                held=one.room.held,
                takes=one.takes,
                needs=one.needs,
                allowed=one.allowed,
                segments=one.load.segments,
            )
            for one in demands(known, found.capacity)
        ),
        numbers=known.numbers,
    )
    match verdict:
        case Fits(doubt=doubt):
            sentence = f"It fits, but {doubt}." if doubt else "It fits."
            return msgspec.structs.replace(told, verdict="fits", sentence=sentence)
        case WillNotFit():
            return msgspec.structs.replace(
                told,
                verdict="will-not-fit",
                sentence=f"It does not fit: {verdict.why}.",
                short_by=verdict.short_by,
                remedies=verdict.remedies,
            )
        case Unknown(why=why):
            return msgspec.structs.replace(told, sentence=f"Nobody can say: {why}.")


HANDLERS = (fit_unsaved, fit_saved)
