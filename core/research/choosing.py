"""Which of the pages that were found are read. Pure, and the same whenever it is asked again.

A step's pages are chosen once all its searches are over, in turn: every search's first hit, then
every search's second … Each step has its share of the budget; a page that can not be read makes
room for the next. A page that another step has chosen already is read once and noted for both.
"""

from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from core.research.state import Run, Source, Step
from core.research.web.views import Hit

FIRST_SHARE = 0.75  # of the pages, for the first round: gaps are to be looked into as well
MOST_TRIES = 3  # pages that are tried for each that is wanted


def with_choices(run: Run) -> Run:
    """The run with every page chosen that may be chosen by now."""
    for step in run.steps or ():
        if step.searched and not run.reading_over:
            run = _chosen_for(run, step.step_id)
    return run


def is_full(run: Run) -> bool:
    """Whether the budget has no room for another page, though more were found."""
    full = alive(run.sources) >= run.budget.sources
    return full and any(_next(run, step) is not None for step in run.steps or ())


def alive(sources: tuple[Source, ...]) -> int:
    """Pages that are read, or are about to be."""
    return sum(1 for one in sources if one.state in ("found", "read"))


def _chosen_for(run: Run, step_id: str) -> Run:
    while (step := run.step(step_id)) is not None and _wants_more(run, step):
        hit = _next(run, step)
        if hit is None:
            break
        known = next((one for one in run.sources if one.url == hit.url), None)
        if known is None and alive(run.sources) >= run.budget.sources:
            break
        run = _with(run, step, hit, known)
    return run


def _wants_more(run: Run, step: Step) -> bool:
    """A page that another step brought takes half a place: it is read already."""
    quota = _quota(run, step)
    mine = [one for n in step.chosen if (one := run.source(n)) is not None]
    living = [one for one in mine if one.state in ("found", "read")]
    taken = sum(2 if one.step_id == step.step_id else 1 for one in living)
    return taken < 2 * quota and len(mine) < quota * MOST_TRIES


def _quota(run: Run, step: Step) -> int:
    """How many pages a step may have."""
    steps = run.steps or ()
    rounds = {one.step_id: one.round for one in steps}
    alike = sum(1 for one in steps if one.round == step.round)
    if step.round == 1:
        room = max(alike, round(run.budget.sources * FIRST_SHARE))
    else:
        first = {n for one in steps if rounds[one.step_id] == 1 for n in one.chosen}
        room = run.budget.sources - alive(tuple(one for one in run.sources if one.n in first))
    return max(1, -(-room // alike))


def _next(run: Run, step: Step) -> Hit | None:
    """The best page that is not chosen for it yet and was not refused."""
    unwanted = {one.url for n in step.chosen if (one := run.source(n)) is not None}
    unwanted |= {one.url for one in run.sources if one.state in ("refused", "failed")}
    return next((hit for hit in _in_turn(run, step) if hit.url not in unwanted), None)


def _in_turn(run: Run, step: Step) -> Iterator[Hit]:
    places = {provider: at for at, provider in enumerate(run.providers)}
    searches = sorted(step.searches, key=lambda one: (one.query, places.get(one.provider, 0)))
    for rank in zip_longest(*(one.hits for one in searches)):
        yield from (hit for hit in rank if hit is not None)


def _with(run: Run, step: Step, hit: Hit, known: Source | None) -> Run:
    sources = run.sources
    if known is None:
        known = Source(
            n=len(sources) + 1,
            url=hit.url,
            title=hit.title,
            snippet=hit.snippet,
            provider=hit.provider,
            step_id=step.step_id,
        )
        sources = (*sources, known)
    chosen = msgspec.structs.replace(step, chosen=(*step.chosen, known.n))
    steps = tuple(chosen if one.step_id == step.step_id else one for one in run.steps or ())
    return msgspec.structs.replace(run, sources=sources, steps=steps)
