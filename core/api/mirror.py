"""`/api/mirror`: whether usage, keys and requests reach the PostgreSQL database."""

from litestar import get

from core.application import Application
from core.mirror.mirror import MirrorView


@get("/mirror")
async def show_mirror(application: Application) -> MirrorView:
    """How far it is, and what is wrong; never a password. `off`: no DATABASE_URL is set."""
    return application.mirror.view()


HANDLERS = (show_mirror,)
