"""Deep research in a real studio, over a small web that disagrees, breaks and lies.

The model is scripted, so that it can be foreseen; everything else is real: the process that is
killed, the log, the engine behind its recipe, the fetching, reading and searching.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.scholar import (
    QUESTION,
    REST,
    Scholar,
    asking,
    begun,
    of_research,
    pages_asked,
    put,
    resolves,
    until,
)
from tests.harness.scripted_model import ScriptedModel
from tests.harness.studio import ROOT, StudioServer
from tests.harness.waiting import eventually
from tests.support.little_web.server import LittleWeb


@pytest.fixture(scope="module")
def web() -> Iterator[LittleWeb]:
    """The little web."""
    with LittleWeb() as made:
        yield made


@pytest.fixture
def scholar() -> Scholar:
    """A model that nobody has asked yet."""
    return Scholar()


@pytest.fixture
def studio(quick_studio: StudioServer, web: LittleWeb, scholar: Scholar) -> Iterator[StudioServer]:
    """A studio of its own, which may search and read the little web."""
    with ScriptedModel(scholar.script) as model:
        quick_studio.add(model.recipe("scholar"))
        put(quick_studio, "/api/research/hosts", {"private_hosts": ["*.localhost"]})
        put(
            quick_studio,
            "/api/research/providers",
            {"name": "searxng", "url": web.url("search", "")},
        )
        yield quick_studio
        scholar.let_on.set()


def test_a_research_over_an_odd_web_is_true_to_its_sources(
    studio: StudioServer, web: LittleWeb, scholar: Scholar
) -> None:
    """Dead, slow and hostile pages among them; followed to its end, exported, talked about."""
    before = len(web.asked)
    which = begun(studio, budget={"sources": 20, "tokens": 500_000, "minutes": 5})
    positions, states = [], []
    with httpx.stream(
        "GET",
        f"{studio.url}/api/research/{which}/follow",
        headers=studio.owner(),
        timeout=240,
    ) as answer:
        for line in answer.iter_lines():
            if line.startswith("id: "):
                positions.append(int(line[4:]))
            elif line.startswith("data: "):
                states.append(json.loads(line[6:])["state"])
    assert states[-1] == "done"
    assert positions == sorted(positions)
    view = studio.get(f"/api/research/{which}")
    resolves(studio, view)
    assert "**The sources disagree**" in view["report"]
    assert "(not supported by the sources)" in view["report"]
    assert {one["state"] for one in view["sources"]} >= {"read", "refused"}
    assert [
        one for one in view["sources"] if one["state"] == "refused" and not one["problem"]
    ] == []
    hosts = {one.host for one in web.asked[before:]}
    assert "hostile" in hosts, "a hostile page was read"
    assert "steal" not in hosts
    assert studio.happened("tool-call-requested") == []
    assert [one["question"] for one in view["plan"]][:2] == [
        "How high is Mount Ada?",
        "Who climbed Mount Ada first?",
    ]
    for form, start in (("markdown", "# "), ("bibtex", "@online{"), ("json", "{")):
        told = studio.http.get(
            f"/api/research/{which}/export", params={"format": form}, headers=studio.owner()
        )
        assert told.text.startswith(start)
    talk = studio.post(f"/api/research/{which}/conversation")["conversation_id"]
    assert "## Sources" in studio.get(f"/api/conversations/{talk}")["messages"][-1]["text"]
    assert QUESTION not in json.dumps(studio.timeline())


def test_killed_in_the_middle_it_goes_on_and_repeats_nothing(
    studio: StudioServer, web: LittleWeb, scholar: Scholar
) -> None:
    """kill -9 while notes are taken; after the restart it goes on by itself.

    No page is fetched twice, no search made twice, no answer that was given is asked for again.
    """
    before = len(web.asked)
    scholar.holds, scholar.free = {"notes"}, 3
    which = begun(studio)

    def only_notes_are_open() -> dict[str, Any] | None:
        view: dict[str, Any] = studio.get(f"/api/research/{which}")
        doing = {one["kind"] for one in view["doing"]}
        return view if doing == {"noting"} and view["notes"] and len(scholar.held) >= 3 else None

    at = eventually(only_notes_are_open, within=60, what="only notes are open")
    studio.kill()
    answered = Counter(scholar.answered)
    scholar.life += 1
    scholar.let_on.set()
    studio.start()
    view = until(studio, which, "done")
    assert studio.happened("app-crash-detected")
    assert [one for one, times in pages_asked(web, before).items() if times > 1] == []
    searches = Counter(one.target for one in web.asked[before:] if one.host == "search")
    assert [one for one, times in searches.items() if times > 1] == []
    assert [one for one in answered if scholar.answered[one] > answered[one]] == []
    facts = [one["type"] for one in studio.timeline() if one["type"].startswith("research-")]
    kinds = scholar.kinds()
    assert kinds["plan"] == facts.count("research-planned") == facts.count("research-started") == 1
    assert kinds["queries"] == facts.count("research-queries-made")
    assert kinds["notes"] == facts.count("research-noted")
    assert kinds["gaps"] == facts.count("research-gaps-found")
    assert kinds["compare"] == facts.count("research-compared")
    assert kinds["write"] + kinds["summary"] == facts.count("research-section-written")
    kept = {one["note_id"]: one for one in view["notes"]}
    assert all(kept[one["note_id"]] == one for one in at["notes"]), "what was noted stays"
    assert facts[-1] == "research-finished"
    resolves(studio, view)


def test_a_pause_outlives_a_restart(studio: StudioServer, scholar: Scholar) -> None:
    """What rests because a person said so goes on only when one says so."""
    scholar.holds, scholar.free = {"notes"}, 0
    which = begun(studio)
    eventually(lambda: scholar.held or None, within=60, what="a note is open")
    assert studio.post(f"/api/research/{which}/pause")["state"] == "paused"
    scholar.let_on.set()
    studio.ask_to_quit()
    assert studio.wait() == 0
    studio.start()
    view = studio.get(f"/api/research/{which}")
    assert (view["state"], view["doing"]) == ("paused", [])
    studio.post(f"/api/research/{which}/resume")
    resolves(studio, until(studio, which, "done"))
    paused = studio.happened("research-paused")[0]
    assert paused["data"]["reason"] == "asked"


def test_a_stop_of_the_studio_in_the_middle_costs_nothing(
    studio: StudioServer, web: LittleWeb, scholar: Scholar
) -> None:
    """It stops at once, though pages and answers are open, and goes on with the next start."""
    before = len(web.asked)
    scholar.holds, scholar.free = {"write"}, 0
    which = begun(studio, budget={"sources": 6, "tokens": 500_000, "minutes": 5})
    eventually(lambda: scholar.held or None, within=60, what="something is being written")
    studio.ask_to_quit()
    assert studio.wait(within=60) == 0
    scholar.life += 1
    scholar.let_on.set()
    studio.start()
    resolves(studio, until(studio, which, "done"))
    assert [one for one, times in pages_asked(web, before).items() if times > 1] == []


def test_when_its_time_is_over_it_says_so_and_writes(
    studio: StudioServer, scholar: Scholar
) -> None:
    """A model that does not come to an end with its notes holds nothing up."""
    studio.load("scholar")  # or that takes of its time
    scholar.holds, scholar.free = {"notes"}, 4
    which = begun(studio, budget={"sources": 12, "tokens": 500_000, "minutes": 0.4})
    view = until(studio, which, "done")
    assert "minutes/reading" in view["spent"]["over"]
    assert "The time for reading was used up" in view["report"]
    resolves(studio, view)


FINDER = """
import subprocess
import sys
from mcp.server.mcpserver import MCPServer
server = MCPServer("finder")
@server.tool()
def search(query: str) -> str:
    \"\"\"Find pages.\"\"\"
    return f"[Mount Ada]({sys.argv[1]}) and [the same]({sys.argv[2]})"
server.run()
"""


def test_a_search_tool_of_an_mcp_server_waits_for_approval(
    studio: StudioServer, web: LittleWeb
) -> None:
    """Each search is a call that is asked for; what is denied is told, and not gone around."""
    pages = [web.url("atlas", "/mount-ada"), web.url("blog", "/climbing-ada")]
    put(
        studio,
        "/api/mcp/servers/finder",
        {"transport": "stdio", "command": sys.executable, "args": ["-c", FINDER, *pages]},
    )
    server = "/api/mcp/servers/finder"
    eventually(lambda: studio.get(server)["state"] == "ready", within=60, what="the finder")
    put(studio, "/api/research/providers", {"name": "mcp", "tool": "finder/search"})
    before = len(web.asked)
    which = begun(studio, providers=["mcp"])
    asked = eventually(lambda: asking(studio) or None, within=60, what="a call that is asked for")
    doing = studio.get(f"/api/research/{which}")["doing"]
    assert {(one["kind"], one["provider"]) for one in doing} >= {("searching", "mcp")}
    assert web.asked[before:] == [], "nothing is searched or read before somebody allows it"
    studio.post(f"/api/mcp/calls/{asked[0]['call_id']}/deny")

    def over() -> dict[str, Any] | None:
        for call in asking(studio):
            studio.http.post(
                f"/api/mcp/calls/{call['call_id']}/approve",
                json={"scope": "once"},
                headers=studio.owner(),
            )
        view: dict[str, Any] = studio.get(f"/api/research/{which}")
        return view if view["state"] in REST else None

    view = eventually(over, within=120, what="its end")
    assert view["state"] == "done"
    resolves(studio, view)
    problems = [each["problem"] for one in view["plan"] for each in one["searches"]]
    assert sum("was not allowed" in one for one in problems) == 1
    called = studio.happened("tool-call-requested")
    assert {(one["data"]["server"], one["data"]["tool"]) for one in called} == {
        ("finder", "search")
    }


def test_killed_again_and_again_it_comes_to_its_end(
    studio: StudioServer, web: LittleWeb, scholar: Scholar
) -> None:
    """Three deaths, wherever it stands; no recorded answer is asked for again."""
    before = len(web.asked)
    which = begun(studio, budget={"sources": 8, "tokens": 500_000, "minutes": 5})
    facts: list[str] = []
    for wanted in (6, 14, 22):

        def far_enough(wanted: int = wanted) -> bool:
            return len(of_research(studio)) >= wanted

        eventually(far_enough, within=60, what=f"{wanted} facts", every=0.02)
        studio.kill()
        scholar.life += 1
        studio.start()
        told = of_research(studio)
        assert told[: len(facts)] == facts, "what was recorded stays"
        facts = told
    resolves(studio, until(studio, which, "done"))
    told = of_research(studio)
    keys = [one for one in told if "paused" not in one]
    assert len(keys) == len(set(keys)), "nothing is recorded twice"
    most = 3 * 6  # pages that were under way when it died
    twice = sum(times - 1 for times in pages_asked(web, before).values())
    assert twice <= most


def test_a_model_that_can_not_be_loaded_pauses_the_run(studio: StudioServer) -> None:
    """With the reason, and with what to do; another model goes on."""
    studio.add({"id": "broken", "engine": "command", "command": ["false"], "lane": "direct"})
    wish = {"question": QUESTION, "model": "broken", "clarify": False, "providers": ["searxng"]}
    which = studio.post("/api/research", wish)["research_id"]
    view = until(studio, which, "paused")
    assert view["problem"]
    studio.post(f"/api/research/{which}/resume", {"model": "scholar"})
    assert until(studio, which, "planned")["model"] == "scholar"


def test_a_model_that_was_evicted_comes_back(studio: StudioServer) -> None:
    """Its next request loads it, as every request does."""
    wish = {"question": QUESTION, "model": "scholar", "clarify": False, "providers": ["searxng"]}
    which = studio.post("/api/research", wish)["research_id"]
    until(studio, which, "planned")
    studio.evict_all()
    studio.post(f"/api/research/{which}/start")
    resolves(studio, until(studio, which, "done"))


def test_an_erased_research_is_gone_from_the_disk(studio: StudioServer) -> None:
    """Its captured pages with it; a restart brings nothing back."""
    which = begun(studio, budget={"sources": 4, "tokens": 500_000, "minutes": 5})
    until(studio, which, "done")
    folder = studio.home / "blobs" / f"research-{which}"
    assert any(folder.iterdir())
    answer = studio.http.delete(f"/api/research/{which}", headers=studio.owner())
    assert answer.is_success, answer.text
    assert not folder.exists()
    studio.kill()
    studio.start()
    (line,) = studio.get("/api/research")["runs"]
    assert (line["standing"], line["question"]) == ("erased", None)
    refused = studio.http.get(f"/api/research/{which}", headers=studio.owner())
    assert refused.status_code == 409


def test_only_the_owner_sees_research_and_its_providers(studio: StudioServer) -> None:
    """Nobody else on this machine; and a key is told to nobody."""
    for path in ("/api/research", "/api/research/providers"):
        assert studio.http.get(path).status_code == 403
    secret = "brave-key-0123456789abcdef"
    told = put(studio, "/api/research/providers", {"name": "brave", "key": secret})
    brave = next(one for one in told["providers"] if one["name"] == "brave")
    assert (brave["has_key"], brave["ready"]) == (True, True)
    assert secret not in json.dumps([told, studio.timeline()])
    probe = studio.post("/api/research/providers/searxng/probe")
    assert probe["works"] is True


def test_a_research_in_the_terminal(studio: StudioServer) -> None:
    """Progress beside the answer; the report with its bibliography in a file."""
    out = studio.home / "report.md"
    wish = ["--model", "scholar", "--provider", "searxng", "--sources", "4", "--out", str(out)]
    told = subprocess.run(
        [sys.executable, "-m", "desktop", "research", QUESTION, *wish],
        cwd=ROOT,
        env=studio.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "1. How high is Mount Ada?" in told.stderr
    assert "read [1] " in told.stderr
    assert "written: How high is Mount Ada?" in told.stderr
    report = out.read_text(encoding="utf-8")
    assert report.startswith(f"# {QUESTION}")
    assert "## Sources" in report
