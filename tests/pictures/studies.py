"""Tools and a research, for their portraits: real MCP servers, a real run over the little web."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.harness import mcp_servers
from tests.harness.scripted_model import Question, Say, ScriptedModel, Text
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually
from tests.pictures.scholar import Scholar
from tests.support.little_web.server import LittleWeb

TOOLS_SERVER = Path(mcp_servers.__file__).with_name("tools_server.py")
QUESTION = "How high is Mount Ada, and who climbed it first?"
WEATHER = "What is the weather in Paris?"


def programs() -> dict[str, tuple[str, ...]]:
    """MCP servers by the short names that stand in pictures."""
    return {
        "mcp-server-time": mcp_servers.python_server("mcp_server_time"),
        "mcp-server-fetch": mcp_servers.python_server("mcp_server_fetch"),
        "weather-server": (sys.executable, str(TOOLS_SERVER)),
    }


def add_servers(server: StudioServer) -> None:
    """Three servers, ready; one tool asks nobody, one is never called."""
    for name, command in (
        ("time", "mcp-server-time"),
        ("fetch", "mcp-server-fetch"),
        ("tools", "weather-server"),
    ):
        _put(server, f"/api/mcp/servers/{name}", {"transport": "stdio", "command": command})
    for name in ("time", "fetch", "tools"):
        eventually(
            lambda: server.get(f"/api/mcp/servers/{name}")["state"] == "ready",  # noqa: B023
            within=60,
            what=f"{name} is ready",
        )
    policies = {"calculate": "always", "note": "never"}
    for tool, policy in policies.items():
        _put(server, f"/api/mcp/servers/tools/tools/{tool}/policy", {"policy": policy})


def approve(server: StudioServer) -> None:
    """The first call that asks, once it does."""
    calls = "/api/mcp/calls"
    asking = eventually(
        lambda: [one for one in server.get(calls)["calls"] if one["state"] == "asking"] or None,
        within=60,
        what="a call asks",
    )
    server.post(f"{calls}/{asking[0]['call_id']}/approve", {"scope": "once"})


@contextmanager
def researched(server: StudioServer) -> Iterator[str]:
    """A research that is done; its id. Its model is there no more."""
    scholar = Scholar()

    def script(question: Question) -> Iterator[Say]:
        yield Text(scholar.answer(question.body))

    with LittleWeb() as web, ScriptedModel(script) as model:
        _put(
            server,
            "/api/research/providers",
            {"name": "searxng", "url": web.url("search", ""), "enabled": True},
        )
        _put(server, "/api/research/hosts", {"private_hosts": ["*.localhost"]})
        for name in ("wikipedia", "duckduckgo"):
            _put(server, "/api/research/providers", {"name": name, "enabled": False})
        recipe = model.recipe("scholar")
        server.add(recipe)
        server.load("scholar")
        yield _run(server)


def _run(server: StudioServer) -> str:
    wish = {"question": QUESTION, "model": "scholar", "clarify": False}
    which = str(server.post("/api/research", wish)["research_id"])
    path = f"/api/research/{which}"

    def stands(*states: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            view = server.get(path)
            assert view["state"] not in ("failed", "stopped"), view["problem"]
            return view if view["state"] in states else None

        return eventually(look, within=120, what=f"the research is {' or '.join(states)}")

    stands("planned")
    server.post(f"{path}/start", {})
    stands("done")
    return which


def _put(server: StudioServer, path: str, body: dict[str, Any]) -> None:
    answer = server.http.put(path, json=body, headers=server.owner("window"))
    assert answer.is_success, answer.text
