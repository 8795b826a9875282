"""`/api/cache`: how the answer cache does, and forgetting what it keeps."""

import msgspec
from litestar import delete, get

from core.api.asking import Asking
from core.api.control import demand_owner
from core.application import Application
from core.gateway.cache import CacheCounts


class CacheCleared(msgspec.Struct, frozen=True, kw_only=True):
    """How many answers were forgotten."""

    forgotten: int


@get("/cache")
async def show_cache(application: Application) -> CacheCounts:
    """Answers kept now; hits, misses and joins since the start."""
    return await application.answers.counts()


@delete("/cache", status_code=200)
async def clear_cache(application: Application, asking: Asking) -> CacheCleared:
    """Forget every answer; what is on its way is not ended."""
    demand_owner(asking, "clear the cache")
    return CacheCleared(forgotten=await application.answers.clear())


HANDLERS = (show_cache, clear_cache)
