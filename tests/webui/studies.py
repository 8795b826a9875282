"""The stand-in's research: a run of each standing, and one that goes from question to report."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from tests.webui import props
from tests.webui.fake_studio import FakeStudio, Json, body_of

Asked = Request[Any, Any, Any]

TEXT = (
    "Mount Ada\n\nMount Ada is the highest mountain of the island. Its summit was measured in 2019 "
    "at 4,812 m, nine metres more than before.\n\nIt was climbed first in 1931 by two sisters, "
    "Ida and Mara Holm, from the north side.\n\n" + "More about its glaciers. " * 60
)
REPORT = (
    "# How high is Mount Ada?\n\n## How high it is\n\nMount Ada is **4,812 m** high [1]. "
    "An older figure of 4,803 m is still often found [2].\n\n## Who climbed it first\n\n"
    "Ida and Mara Holm climbed it in 1931 from the north [1]. They carried a piano to the summit.\n"
)
QUOTES = ("Its summit was measured in 2019 at 4,812 m", "Ida and Mara Holm, from the north side")
FOUND = {"query": "mount ada survey", "provider": "searxng", "hits": 8}
FOUND |= {"problem": "", "next_action": ""}
FAILED = FOUND | {"provider": "duckduckgo", "hits": 0, "problem": "it asks whether we are human"}
DOING = [
    {"kind": "reading", "step_id": "s1", "source": 2, "query": "", "provider": ""},
    {"kind": "searching", "step_id": "s1", "source": 0, "query": "first ascent"}
    | {"provider": "wikipedia"},
]
STEPS = ("How high is Mount Ada?", "Who climbed it first?", "Which figures disagree?")
NO_WORK = {"sources": 0, "tokens": 0, "minutes": 0, "over": ()}


def run(research_id: str, question: str, state: str, **more: Any) -> Json:
    """A run, as the studio shows it."""
    return {
        "research_id": research_id,
        "question": question,
        "model": "qwen3-32b",
        "state": state,
        "started_at": props.now() - 240_000_000,
        "clarify": False,
        "providers": ["duckduckgo", "wikipedia"],
        "questions": [],
        "plan": [],
        "sources": [],
        "notes": [],
        "report": "",
        "claims": [],
        "contradictions": [],
        "unreached": [],
        "budget": {"sources": 15, "tokens": 200_000, "minutes": 15},
        "spent": dict(NO_WORK),
        "problem": "",
        "next_action": "",
        "position": 1,
        "answer": None,
        "dropped": 0,
        "doing": [],
        "standing": "open",
        "last_at": props.now(),
    } | more


def plan(*states: str) -> list[Json]:
    """The three steps, each in a state."""
    return [
        {
            "step_id": f"s{i}",
            "question": question,
            "state": state,
            "round": 2 if i == len(STEPS) - 1 else 1,
            "queries": ["mount ada height 2019", "mount ada survey"] if state != "waiting" else [],
            "searches": [FOUND, FAILED] if state != "waiting" else [],
            "sources": [1, 2],
            "notes": 2 if state in ("noted", "written") else 0,
        }
        for i, (question, state) in enumerate(zip(STEPS, states, strict=True))
    ]


def source(n: int, title: str, state: str, problem: str = "") -> Json:
    """A page that was found."""
    return {
        "n": n,
        "url": f"https://atlas.example/page-{n}",
        "title": title,
        "site": "atlas.example",
        "provider": "searxng",
        "state": state,
        "problem": problem,
        "next_action": "",
        "author": "",
        "date": "",
        "fetched_at": props.now(),
        "truncated": False,
        "notes": 2 if state == "read" else 0,
        "cited": state == "read",
    }


SOURCES = [
    source(1, "Mount Ada: the survey of 2019", "read"),
    source(2, "Highest mountains by island", "read"),
    source(3, "Mount Ada, an old guide", "refused", "its robots.txt does not allow it"),
    source(4, "Ada ascents", "failed", "it did not answer within 20 s"),
]


def note(note_id: str, n: int, quote: str) -> Json:
    """A claim with its passage in TEXT."""
    start = TEXT.index(quote)
    return {
        "note_id": note_id,
        "source": n,
        "step_id": "s0",
        "claim": quote,
        "quote": quote,
        "start": start,
        "end": start + len(quote),
    }


def whole() -> Json:
    """What is known at the end."""
    return {
        "plan": plan("written", "written", "written"),
        "sources": SOURCES,
        "notes": [note("n1", 1, QUOTES[0]), note("n2", 1, QUOTES[1]), note("n3", 2, QUOTES[0])],
        "report": REPORT,
        "claims": [
            {"text": "Mount Ada is **4,812 m** high", "notes": ["n1"], "supported": True},
            {
                "text": "An older figure of 4,803 m is still often found",
                "notes": ["n3"],
                "supported": True,
            },
            {
                "text": "Ida and Mara Holm climbed it in 1931 from the north",
                "notes": ["n2"],
                "supported": True,
            },
            {"text": "They carried a piano to the summit.", "notes": [], "supported": False},
        ],
        "spent": {"sources": 4, "tokens": 61_200, "minutes": 3.4, "over": ()},
        "dropped": 1,
        "doing": [],
    }


class Studies:
    """Every run."""

    def __init__(self, studio: FakeStudio) -> None:
        self.studio = studio
        self.ids = (f"run-{n}" for n in itertools.count(1))
        self.position = itertools.count(1)
        some = [
            run("done", "How high is Mount Ada, and who climbed it first?", "done", **whole()),
            run(
                "reading",
                "Which figures for Mount Ada disagree?",
                "reading",
                plan=plan("noted", "reading", "waiting"),
                sources=[SOURCES[0], source(2, "Highest mountains by island", "reading")],
                spent={"sources": 13, "tokens": 198_000, "minutes": 6.2, "over": ()},
                doing=DOING,
            ),
            run("planned", "Where do glaciers grow?", "planned", plan=plan(*["waiting"] * 3)),
            run(
                "failed",
                "What is new in Rust 2.0?",
                "failed",
                problem="no search provider answered",
                next_action="set up another provider, then go on",
                plan=plan("searching", "waiting", "waiting"),
            ),
        ]
        kept = some if studio.status["recipes"] else []
        self.runs: dict[str, Json] = {one["research_id"]: one for one in kept}

    def change(self, research_id: str, **more: Any) -> None:
        """So it is from now on."""
        self.runs[research_id] |= more
        self.studio.record(
            "research-started",
            "A research went on.",
            actor="system",
            stream=f"research-{research_id}",
            research_id=research_id,
        )

    async def work(self, research_id: str) -> None:
        """From a plan to a report, in steps that can be seen and held."""
        for state, more in (
            ("searching", {"plan": plan("searching", "waiting", "waiting")}),
            ("reading", {"plan": plan("noted", "reading", "waiting"), "sources": SOURCES[:2]}),
            ("writing", whole() | {"report": REPORT[: len(REPORT) // 2], "claims": []}),
        ):
            self.change(research_id, state=state, **more)
            await self.studio.step(state, 0.3)
            if self.runs[research_id]["state"] != state:
                return
        self.change(research_id, state="done", **whole())

    async def events(self, research_id: str) -> AsyncGenerator[str, None]:
        """The run whenever it is another, until it is at rest."""
        last = ""
        while research_id in self.runs:
            view = self.runs[research_id]
            told = json.dumps(view)
            if told != last:
                last = told
                yield f"event: run\nid: {next(self.position)}\ndata: {told}\n\n"
            if view["state"] in ("done", "failed", "stopped", "paused", "planned", "clarifying"):
                return
            await asyncio.sleep(0.05)


def study_handlers(studio: FakeStudio) -> list[Any]:
    """Every route of research that the window uses."""
    at: dict[int, Studies] = {}

    def studies() -> Studies:
        if studio.scenes not in at:
            at.clear()
            at[studio.scenes] = Studies(studio)
        return at[studio.scenes]

    @get("/api/research", sync_to_thread=False)
    def listed() -> Json:
        rows = [one | {"sources": len(one["sources"])} for one in studies().runs.values()]
        return {"runs": rows}

    @get("/api/research/providers", sync_to_thread=False)
    def providers() -> Json:
        return {"providers": PROVIDERS, "private_hosts": []}

    @put("/api/research/providers", sync_to_thread=False)
    def set_provider(data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/research/providers"} | data)
        mine = next(one for one in PROVIDERS if one["name"] == data["name"])
        mine |= {"enabled": data.get("enabled", True), "ready": True, "problem": ""}
        return {"providers": PROVIDERS, "private_hosts": []}

    @post("/api/research/providers/{name:str}/probe", status_code=200, sync_to_thread=False)
    def probe(name: FromPath[str]) -> Json:
        return {"works": True, "found": 8, "took_ms": 312.0, "problem": "", "next_action": ""}

    @post("/api/research", status_code=201, sync_to_thread=False)
    def begin(data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/research"} | data)
        which = next(studies().ids)
        asks = {"state": "clarifying", "questions": ["Which island?", "In metres?"]}
        first = asks if data["clarify"] else {"state": "planned", "plan": plan(*["waiting"] * 3)}
        studies().runs[which] = (
            run(which, data["question"], "planned") | {"budget": data["budget"]} | first
        )
        return studies().runs[which]

    @get("/api/research/{research_id:str}", sync_to_thread=False)
    def view(research_id: FromPath[str]) -> Response[Json]:
        if research_id not in studies().runs:
            return Response({"detail": "no such research", "code": "x"}, status_code=404)
        return Response(studies().runs[research_id])

    @post("/api/research/{research_id:str}/{how:str}", status_code=200)
    async def turn(request: Asked, research_id: FromPath[str], how: FromPath[str]) -> Json:
        studio.asked.append({"path": f"/api/research/{how}"} | await body_of(request))
        mine = studies()
        if how == "answer":
            mine.change(research_id, state="planned", plan=plan(*["waiting"] * 3))
        elif how in ("start", "resume"):
            studio.spawn(mine.work(research_id))
        else:
            mine.change(research_id, state={"pause": "paused", "stop": "stopped"}[how])
        return {}

    @put("/api/research/{research_id:str}/plan", sync_to_thread=False)
    def edit(research_id: FromPath[str], data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/research/plan"} | data)
        steps = [
            {"state": "waiting", "queries": [], "notes": 0, "step_id": ""} | s
            for s in data["steps"]
        ]
        studies().runs[research_id]["plan"] = steps
        return {}

    @put("/api/research/{research_id:str}/providers", sync_to_thread=False)
    def choose(research_id: FromPath[str], data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": f"/api/research/{research_id}/providers"} | data)
        studies().change(research_id, providers=data["providers"])
        return studies().runs[research_id]

    @get("/api/research/{research_id:str}/follow", sync_to_thread=False)
    def follow(research_id: FromPath[str]) -> Stream:
        return Stream(studies().events(research_id), media_type="text/event-stream")

    @get("/api/research/{research_id:str}/sources/{n:int}", sync_to_thread=False)
    def captured(research_id: FromPath[str], n: FromPath[int]) -> Json:
        found = studies().runs[research_id]
        passages = [one for one in found["notes"] if one["source"] == n]
        return {"source": found["sources"][n - 1], "text": TEXT, "passages": passages}

    @get("/api/research/{research_id:str}/export", sync_to_thread=False)
    def export(research_id: FromPath[str], format_: FromQuery[str] = "") -> Response[str]:
        return Response(studies().runs[research_id]["report"], media_type="text/markdown")

    @delete("/api/research/{research_id:str}", status_code=200, sync_to_thread=False)
    def erase(research_id: FromPath[str]) -> Json:
        studies().runs.pop(research_id)
        return {}

    handlers: list[Any] = [listed, providers, set_provider, probe, begin, view, turn, edit, choose]
    return [*handlers, follow, captured, export, erase]


def provider(name: str, ready: bool, *needs: str) -> Json:
    """Somewhere to look."""
    return {
        "name": name,
        "kind": name,
        "enabled": ready,
        "saved": ready,
        "ready": ready,
        "problem": "" if ready else f"{name} has no {needs[0]}",
        "next_action": "",
        "needs": needs,
        "url": "",
        "folder": "",
        "tool": "",
        "has_key": ready and "key" in needs,
    }


PROVIDERS = [
    provider("duckduckgo", True),
    provider("wikipedia", True),
    provider("searxng", False, "url"),
    provider("brave", False, "key"),
    provider("tavily", True, "key"),
    provider("mcp", False, "tool"),
    provider("folder", False, "folder"),
]
