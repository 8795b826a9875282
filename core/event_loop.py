"""What the studio runs on: uvloop, twice as quick as Python's own loop, and a calmer collector."""

import asyncio
import gc

try:
    import uvloop
except ImportError:  # Windows, for which it is not made
    new_event_loop = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

# Python looks for garbage in cycles whenever 700 more objects were made than freed, a few requests'
# worth: a tenth of what a request costs. There is little such garbage; what there is may wait.
COLLECT_AFTER = (20_000, 20, 20)

__all__ = ["calm_the_collector", "new_event_loop"]


def calm_the_collector() -> None:
    """What is there once everything has been built stays, and is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
