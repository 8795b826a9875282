"""What the past is shown with: the read models of a moment, without what was over by then.

They stay as small as the studio is, however long its log: of the engines that ended only the last
of each recipe is kept, of loads the newest, of a recipe its newest revision, of what is sealed only
that it is there. So a copy of them is small too (`events/snapshots.py`). Each is the log's own read
model, trimmed, or a small one for what the log's own file has no table for.
"""

import sqlite3

from events.envelope import Recorded
from events.facts import (
    EngineBecameReady,
    EngineCrashed,
    EngineLost,
    EngineStartFailed,
    EngineStopped,
    PresetSaved,
    ResearchRequested,
    ToolCallApproved,
)
from events.projections.changes_under_way import ChangesUnderWay
from events.projections.engine_runs import EngineRuns
from events.projections.failed_starts import FailedStartsByRecipe
from events.projections.keys_in_force import KeysInForce
from events.projections.load_times import REMEMBERED, LoadTimes
from events.projections.mcp_servers import McpServers
from events.projections.mcp_states import McpStates
from events.projections.offers import Offers
from events.projections.presets import Presets
from events.projections.projector import Projection
from events.projections.research_runs import ResearchRuns
from events.projections.runtimes_installed import RuntimesInstalled
from events.projections.saved_recipes import SavedRecipes
from events.projections.search_providers import SearchProviders
from events.projections.services import Services
from events.projections.settings_in_force import SettingsInForce
from events.projections.unknown_kinds import UnknownKinds


class PresentRecipes(SavedRecipes):
    """One row a recipe, and only its newest revision."""

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        super().apply(connection, recorded)
        recipe_id = getattr(recorded.event, "recipe_id", None)
        if isinstance(recorded.event, self.reads):
            connection.execute(
                "delete from recipe_revisions where recipe_id = ? and position <"
                " (select max(position) from recipe_revisions where recipe_id = ?)",
                (recipe_id, recipe_id),
            )


class PresentEngines(EngineRuns):
    """The runs believed alive, and of each recipe the one that ended last."""

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        super().apply(connection, recorded)
        match recorded.event:
            case (
                EngineStopped(engine_id=id, recipe_id=recipe_id)
                | EngineLost(engine_id=id, recipe_id=recipe_id)
                | EngineStartFailed(engine_id=id, recipe_id=recipe_id)
                | EngineCrashed(engine_id=id, recipe_id=recipe_id)
            ):
                connection.execute(
                    "delete from engine_runs where recipe_id = ? and engine_id <> ?"
                    " and state in ('stopped', 'failed')",
                    (recipe_id, id),
                )
            case _:
                return


class PresentLoads(LoadTimes):
    """As many loads of a recipe as what is expected of the next one goes by."""

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        super().apply(connection, recorded)
        if isinstance(recorded.event, EngineBecameReady):
            connection.execute(
                "delete from load_times where recipe_id = :id and position not in (select position"
                " from load_times where recipe_id = :id order by position desc limit :most)",
                {"id": recorded.event.recipe_id, "most": REMEMBERED},
            )


class PresentServers(McpServers):
    """Without what was approved for one conversation: that is shown nowhere."""

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        match recorded.event:
            case ToolCallApproved(scope=scope) if scope != "always":
                return
            case _:
                super().apply(connection, recorded)


class PresentPresets(Presets):
    """Which there were: what they say is sealed, and stays in the log."""

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        super().apply(connection, recorded)
        if isinstance(recorded.event, PresetSaved):
            connection.execute(
                "update presets set sealed = x'' where preset_id = ?", (recorded.event.preset_id,)
            )


class PresentResearch(ResearchRuns):
    """How far each run was: what was asked is sealed, and stays in the log."""

    def apply(self, connection: sqlite3.Connection, recorded: Recorded) -> None:
        """Fold one event in."""
        super().apply(connection, recorded)
        if isinstance(recorded.event, ResearchRequested):
            connection.execute(
                "update research_runs set question = null where research_id = ?",
                (recorded.event.research_id,),
            )


PRESENT: tuple[Projection, ...] = (
    PresentRecipes(),
    PresentEngines(),
    FailedStartsByRecipe(),
    PresentLoads(),
    SettingsInForce(),
    RuntimesInstalled(),
    KeysInForce(),
    Offers(),
    Services(),
    ChangesUnderWay(),
    PresentServers(),
    McpStates(),
    PresentPresets(),
    PresentResearch(),
    SearchProviders(),
    UnknownKinds(),
)
"""What the studio of a moment is folded into."""

__all__ = [
    "PRESENT",
    "PresentEngines",
    "PresentLoads",
    "PresentPresets",
    "PresentRecipes",
    "PresentResearch",
    "PresentServers",
]
