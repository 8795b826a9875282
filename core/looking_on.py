"""A run of the studio that only looks: its log can be read, but not written.

Window, API and command line answer, and say what is wrong. No engine is started, adopted or
stopped: one that runs is left alone, as is a gateway, for what is done to it could not be recorded.
"""

import logging
import socket
from collections.abc import Callable

from core.api.app import make_asgi
from core.application import Application
from core.auditing.trouble import Trouble
from core.http_server import HttpServer
from core.running import together, until_stopped

log = logging.getLogger(__name__)


async def look_on(
    application: Application,
    trouble: Trouble,
    listening: socket.socket,
    started: Callable[[Application], None] | None,
) -> None:
    """Answer until asked to stop."""
    log.critical("%s. What to do: %s", trouble.sentence, trouble.next_action)
    server = HttpServer(make_asgi(application))
    async with together(
        server.run(listening), application.board.run(), application.monitor.run()
    ) as tasks:
        await server.answering()
        if started is not None:
            started(application)
        await until_stopped(application.stopping, tasks)
        await server.stop()
