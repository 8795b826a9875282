"""What every supervisor of a fleet works with; made once, and told from the real in tests."""

from collections.abc import Awaitable, Callable

from core.clock import Clock
from core.engines.health import Health
from core.engines.launch_spec import LaunchSpec
from core.engines.processes import Launcher
from core.engines.sleeping import Sleeping
from events.store import EventStore

Look = Callable[[LaunchSpec, int, Callable[[int], bool]], Awaitable[Health]]
Sleep = Callable[[float], Awaitable[None]]


class Tools:
    """What every supervisor of a fleet works with; made once."""

    def __init__(
        self,
        *,
        store: EventStore,
        clock: Clock,
        launcher: Launcher,
        look: Look,
        sleeping: Sleeping,
        sleep: Sleep,
        mask: Callable[[str], str],
        changed: Callable[[], None],
    ) -> None:
        self.store = store
        self.clock = clock
        self.launcher = launcher
        self.look = look
        self.sleeping = sleeping
        self.sleep = sleep
        self.mask = mask
        self.changed = changed
