"""Whether the providers of a run are there, seen beside its work: no model is to think for nothing.

Where some are missing the others are searched, and whoever looks is told. Where all are, the run
rests with the reason, once: who resumes it wants it anyway.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from core.erasure import KeyGone
from core.errors import StudioError
from core.research.commands import Pause
from core.research.contents import Problem, Told
from core.research.decider import decide
from core.research.live import Live
from core.research.state import Run, State
from core.research.web.providers import Unreached
from events.errors import EventError

WhoIsMissing = Callable[[Sequence[str]], Awaitable[tuple[Unreached, ...]]]


class Lookout:
    """Loop-bound; `close` ends what is under way."""

    def __init__(self, missing: WhoIsMissing) -> None:
        self._missing = missing
        self._looks: set[asyncio.Task[None]] = set()

    def look(self, live: Live, *, rests: bool = False) -> None:
        """See who is there. `rests`: the run rests where nobody is, and nothing was searched."""
        task = asyncio.create_task(self._look(live, rests=rests))
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def close(self) -> None:
        """The studio stops."""
        looks = tuple(self._looks)
        for one in looks:
            one.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    async def _look(self, live: Live, *, rests: bool) -> None:
        missed = await self._missing(live.run.providers)
        live.misses(missed)
        if rests and len(missed) == len(live.run.providers) and not _searched(live.run):
            with contextlib.suppress(StudioError, EventError, KeyGone):  # it ended meanwhile
                await self._rest(live, missed[0])

    async def _rest(self, live: Live, first: Unreached) -> None:
        problem = Problem(
            message=f"no search provider can be reached; the first: {first.problem}",
            next_action="see to this machine's connection, and resume; or ask again with a folder "
            "or a tool of a server; or resume all the same",
            code="unreachable",
        )

        def told(state: State) -> list[Told]:
            wish = Pause(reason=problem.code, sealed=b"", ran_s=live.ran_s)
            facts = decide(live.run.research_id, wish, state)
            return [Told(fact=one, content=problem) for one in facts]

        await live.command(told, actor=live.started_by)


def _searched(run: Run) -> bool:
    return any(step.searches for step in run.steps or ())
