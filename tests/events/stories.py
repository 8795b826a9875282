"""A story with everything in it, for tests that fold: facts as a real day would append them."""

from typing import Any

from events.facts import (
    AppStarted,
    EngineBecameReady,
    EngineCrashed,
    EngineProgressed,
    EngineStarted,
    EngineStartRequested,
    EngineStopped,
    EngineStopRequested,
    McpServerConnected,
    McpServerFailed,
    McpServerRemoved,
    McpServerSaved,
    McpServerStopped,
    McpToolPolicySet,
    PresetRemoved,
    PresetSaved,
    RecipeArchived,
    RecipeCloned,
    RecipeCreated,
    RecipeRestored,
    RecipeRevised,
    ResearchErased,
    ResearchErasureRequested,
    ResearchFinished,
    ResearchHostsAllowed,
    ResearchNoted,
    ResearchPageRead,
    ResearchPaused,
    ResearchPlanned,
    ResearchProviderRemoved,
    ResearchProviderSaved,
    ResearchRequested,
    ResearchResumed,
    ResearchStarted,
    RuntimeInstalled,
    RuntimeInstallRequested,
    SettingChanged,
    ToolApprovalWithdrawn,
    ToolCallApproved,
)
from events.facts.base import Fact

Story = list[tuple[str, Fact]]


def asked(engine_id: str, recipe_id: str = "qwen", **changed: object) -> EngineStartRequested:
    """A start of an engine, with what the test does not care about filled in."""
    fields: dict[str, object] = {
        "revision": 1,
        "kind": "vllm",
        "runtime": "vllm-0.12.0",
        "model_name": recipe_id,
        "port": 8000,
        "argv": ("vllm", "serve"),
        "nonce": "abc",
        "log_path": f"logs/{engine_id}.log",
        **changed,
    }
    return EngineStartRequested(engine_id=engine_id, recipe_id=recipe_id, **fields)  # type: ignore[arg-type]  # filled from a table


def one_run(engine_id: str, recipe_id: str, seconds: float, crash: bool = False) -> Story:
    """An engine from the wish until its end."""
    who: dict[str, Any] = {"engine_id": engine_id, "recipe_id": recipe_id}
    end: list[Fact] = (
        [EngineCrashed(**who, reason="out of memory", code="oom", lines=("CUDA",), exit_code=1)]
        if crash
        else [
            EngineStopRequested(**who, reason="evicted"),
            EngineStopped(**who, exit_code=0, seconds=1.5),
        ]
    )
    facts: list[Fact] = [
        asked(engine_id, recipe_id),
        EngineStarted(**who, pid=42, process_group=42, process_started_at=1.25),
        EngineProgressed(**who, phase="loading weights", percent=40.0),
        EngineBecameReady(**who, seconds=seconds),
        *end,
    ]
    return [(f"engine-{engine_id}", fact) for fact in facts]


def a_day(runs: int = 6) -> Story:
    """Recipes saved and changed, a runtime installed, engines come and gone."""
    story: Story = [
        ("recipe-qwen", RecipeCreated(recipe_id="qwen", recipe={"id": "qwen"})),
        ("recipe-qwen", RecipeRevised(recipe_id="qwen", recipe={"id": "qwen", "n": 2}, revision=2)),
        ("recipe-two", RecipeCloned(recipe_id="two", source_id="qwen", recipe={"id": "two"})),
        ("settings", SettingChanged(key="max_resident", value=2, previous=1)),
        ("runtime-v", RuntimeInstallRequested(runtime_id="v", kind="vllm", version="1")),
        (
            "runtime-v",
            RuntimeInstalled(
                runtime_id="v", kind="vllm", version="1", seconds=3.0, bytes_on_disk=9
            ),
        ),
        ("recipe-two", RecipeArchived(recipe_id="two")),
        ("recipe-two", RecipeRestored(recipe_id="two")),
    ]
    for run in range(runs):
        story += one_run(f"e{run}", ("qwen", "two")[run % 2], 10.0 + run, crash=run % 3 == 2)
    return story


def of_tools() -> Story:
    """Servers of tools saved, started, failed and removed; approvals, presets, research."""
    files: dict[str, Any] = {"name": "files", "transport": "stdio", "command": "npx"}
    saved = McpServerSaved(**files, args=("-y", "files"), env={"TOKEN": "mcp-files-TOKEN"})
    web = McpServerSaved(name="web", transport="http", url="https://host/mcp", enabled=False)
    up: dict[str, Any] = {"fingerprint": "f", "version": "files 1", "seconds": 0.5, "pid": 9}
    tool: dict[str, Any] = {"server": "files", "tool": "read", "fingerprint": "f"}
    yes: dict[str, Any] = {**tool, "definition": "d", "arguments_hash": "a" * 32}
    facts: list[Fact] = [
        saved,
        web,
        McpServerConnected(name="files", tools=3, **up),
        McpToolPolicySet(name="files", tool="read", policy="always", fingerprint="f"),
        McpToolPolicySet(name="files", tool="erase", policy="never"),
        ToolCallApproved(call_id="c1", scope="always", **yes),
        ToolCallApproved(call_id="c2", scope="conversation", conversation_id="k", **yes),
        ToolCallApproved(call_id="c3", scope="once", **yes),
        McpServerStopped(name="files", reason="vLLM Studio stops"),
        AppStarted(version="2", pid=8),
        McpServerFailed(name="files", reason="npx is not installed", code="no-program"),
        McpServerSaved(**files, enabled=False),
        McpServerSaved(**files, timeout_s=9.0),
        McpServerConnected(name="files", tools=2, **up),
        ToolApprovalWithdrawn(approval_id="c1", server="files", tool="read"),
        McpServerSaved(name="web", transport="http", url="https://host/mcp"),
        McpServerRemoved(name="files"),
    ]
    streams = {ToolCallApproved: "tool-calls", ToolApprovalWithdrawn: "tool-calls"}
    story: Story = [
        (streams.get(type(fact)) or f"mcp-{getattr(fact, 'name', '')}", fact) for fact in facts
    ]
    return [("app", f) if isinstance(f, AppStarted) else (s, f) for s, f in story] + of_research()


def of_research() -> Story:
    """Two runs, one of them erased; where it was searched; a preset that came and went."""
    one: dict[str, Any] = {"research_id": "r1"}
    two: dict[str, Any] = {"research_id": "r2"}
    where = ResearchProviderSaved(provider="searxng", kind="searxng", url="http://wiki.home")
    return [
        ("research", where),
        ("research", ResearchHostsAllowed(hosts=("wiki.home",))),
        ("preset-p", PresetSaved(preset_id="p", sealed=b"sealed")),
        ("research-r1", ResearchRequested(**one, model="qwen", sealed=b"asked", clarify=True)),
        ("research-r1", ResearchPlanned(**one, steps=2, sealed=b"plan")),
        ("research-r1", ResearchStarted(**one)),
        ("research-r2", ResearchRequested(**two, model="qwen", sealed=b"asked too")),
        ("research-r1", ResearchPageRead(**one, source=1, size=9, sealed=b"page")),
        ("research-r1", ResearchNoted(**one, step_id="s1", source=1, notes=2, sealed=b"notes")),
        ("research-r1", ResearchPaused(**one, reason="asked", sealed=b"why")),
        ("research-r1", ResearchResumed(**one, model="llama")),
        ("research-r2", ResearchErasureRequested(**two)),
        ("research-r2", ResearchErased(**two)),
        ("research-r1", ResearchFinished(**one, sources=1, unsupported=0)),
        ("preset-p", PresetRemoved(preset_id="p")),
        ("research", ResearchProviderRemoved(provider="searxng")),
    ]
