"""What an exported log leaves open and the home it comes to can not go on with.

An export may be taken in the middle of everything. The processes that its log believes alive are
another home's, perhaps on this very machine and in full use there: the first start here would
find them by their marks and take them over, or end them. So they are told as lost before anybody
looks, and what was under way is told as given up.
"""

from collections.abc import Iterator

from events.facts import (
    AppStarted,
    AppStopped,
    EngineLost,
    GatewayStarted,
    GatewayStopped,
    SettingChanged,
    SwitchCancelled,
    SwitchCompleted,
    SwitchFailed,
    SwitchRequested,
)
from events.facts.base import Fact
from events.projections.engine_runs import engine_runs
from events.projections.settings_in_force import settings_in_force
from events.store import EventStore

REASON = "the log was brought here from another home"
SWITCHING, GATEWAY, APP = "switching", "gateway", "app"
NOTES = "checkpoints_folder"
PAGE = 1000


def loose_ends(store: EventStore) -> Iterator[tuple[str, Fact]]:
    """The facts that close them, each with its stream."""
    for switch in _under_way(store).values():
        yield SWITCHING, switch
    with store.reading() as connection:
        alive = engine_runs(connection, alive_only=True)
        folder = settings_in_force(connection).get(NOTES)
    if folder is not None:  # of that home's notes; it may go on, and then its log is another
        yield "settings", SettingChanged(key=NOTES, value=None, previous=folder)
    for run in alive:
        lost = EngineLost(engine_id=run.engine_id, recipe_id=run.recipe_id, reason=REASON)
        yield f"engine-{run.engine_id}", lost
    if _runs(store, GATEWAY, GatewayStarted, "gateway-stopped", "gateway-crashed"):
        yield GATEWAY, GatewayStopped()
    if _runs(store, APP, AppStarted, "app-stopped"):
        yield APP, AppStopped(reason=REASON, left_running=tuple(run.recipe_id for run in alive))


def _runs(store: EventStore, stream: str, started: type[Fact], *ended: str) -> bool:
    """Whether its newest fact of these is that it started."""
    types = (str(started.__struct_config__.tag), *ended)
    newest = store.read_all(newest_first=True, limit=1, streams=(stream,), types=types)
    return bool(newest) and isinstance(newest[0].event, started)


def _under_way(store: EventStore) -> dict[str, SwitchCancelled]:
    """By their ids, the changes that were begun and have no outcome, given up."""
    found: dict[str, SwitchCancelled] = {}
    types = ("switch-requested", "switch-completed", "switch-failed", "switch-cancelled")
    after = 0
    while page := store.read_all(after, PAGE, streams=(SWITCHING,), types=types):
        for recorded in page:
            match recorded.event:
                case SwitchRequested(switch_id=id, kind=kind, target=target):
                    found[id] = SwitchCancelled(switch_id=id, kind=kind, target=target)
                case (
                    SwitchCompleted(switch_id=id)
                    | SwitchFailed(switch_id=id)
                    | SwitchCancelled(switch_id=id)
                ):
                    found.pop(id, None)
                case _:
                    pass
        after = page[-1].position
    return found
