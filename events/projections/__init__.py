"""Read models: one file per question, folded from the log inside the append's transaction."""

from events.projections.conversations import Conversations
from events.projections.engine_runs import EngineRuns
from events.projections.failed_starts import FailedStartsByRecipe
from events.projections.keys_in_force import KeysInForce
from events.projections.load_phases import LoadPhases
from events.projections.load_times import LoadTimes
from events.projections.mcp_servers import McpServers
from events.projections.memory_taken import MemoryTakenByRecipes
from events.projections.offers import Offers
from events.projections.presets import Presets
from events.projections.projector import Projection
from events.projections.request_records import RequestRecords
from events.projections.research_runs import ResearchRuns
from events.projections.runtimes_installed import RuntimesInstalled
from events.projections.saved_recipes import SavedRecipes
from events.projections.sealed_months import SealedMonths
from events.projections.settings_in_force import SettingsInForce
from events.projections.tool_calls import ToolCalls

ALL: tuple[Projection, ...] = (
    SavedRecipes(),
    EngineRuns(),
    FailedStartsByRecipe(),
    LoadTimes(),
    LoadPhases(),
    MemoryTakenByRecipes(),
    SettingsInForce(),
    RuntimesInstalled(),
    KeysInForce(),
    Offers(),
    Conversations(),
    Presets(),
    ResearchRuns(),
    SealedMonths(),
    McpServers(),
    ToolCalls(),
)
"""What is folded from `main.db`."""

USAGE: tuple[Projection, ...] = (RequestRecords(),)
"""What is folded from the usage log."""

__all__ = ["ALL", "USAGE", "Projection"]
