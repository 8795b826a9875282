"""What tests of research share: a scripted model that can be held, and how a run is followed."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.core.research.researcher import Researcher
from tests.harness.scripted_model import Hold, Question, Say, Text
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually
from tests.support.little_web.server import LittleWeb

QUESTION = "How high is Mount Ada and who climbed it first?"
CITED = re.compile(r"\[(\d+)\]")
REST = ("done", "failed", "paused", "stopped")


class Scholar:
    """The scripted model: a researcher whose answers can be held, and are counted."""

    def __init__(self) -> None:
        self.researcher = Researcher()
        self.holds: set[str] = set()  # kinds of questions that are held
        self.free = 1_000  # answers of such a kind before they are
        self.let_on = threading.Event()
        self.answered: Counter[str] = Counter()  # by what was asked, word for word
        self.held: list[str] = []
        self.life = 1  # of the studio that asks
        self._lock = threading.Lock()

    def script(self, question: Question) -> Iterator[Say]:
        """What it says."""
        assert question.tools == [], "a research offers no tool"
        kind = question.system[1:].partition("]")[0]
        with self._lock:
            self.free -= kind in self.holds
            holds = kind in self.holds and self.free < 0 and not self.let_on.is_set()
            life = self.life
        if holds:
            self.held.append(kind)
            yield Hold(self.let_on)
        if life != self.life:
            return  # whoever asked is dead
        told = self.researcher.answer(question.body)
        yield Text(told)
        with self._lock:
            self.answered[json.dumps(question.body["messages"])] += 1

    def kinds(self) -> Counter[str]:
        """How often each kind of question was answered."""
        told: Counter[str] = Counter()
        for asked, times in self.answered.items():
            told[json.loads(asked)[0]["content"][1:].partition("]")[0]] += times
        return told


def put(studio: StudioServer, path: str, body: object) -> Any:
    """PUT as the owner."""
    answer = studio.http.put(path, json=body, headers=studio.owner())
    assert answer.is_success, answer.text
    return answer.json()


def begun(studio: StudioServer, **more: Any) -> str:
    """A research whose plan is accepted; its id."""
    wish = {"question": QUESTION, "model": "scholar", "clarify": False, "providers": ["searxng"]}
    which: str = studio.post("/api/research", wish | more)["research_id"]
    until(studio, which, "planned")
    studio.post(f"/api/research/{which}/start")
    return which


def until(studio: StudioServer, which: str, *states: str, within: float = 120) -> dict[str, Any]:
    """Until it is in one of these states."""

    def look() -> dict[str, Any] | None:
        view: dict[str, Any] = studio.get(f"/api/research/{which}")
        assert view["state"] in states or view["state"] not in REST, view["problem"]
        return view if view["state"] in states else None

    return eventually(look, within=within, what=f"{states}", every=0.1)


def resolves(studio: StudioServer, view: dict[str, Any]) -> None:
    """Every citation leads to a page that was captured, and to the very words in it."""
    which = view["research_id"]
    numbers = {int(one) for one in CITED.findall(view["report"])}
    assert numbers
    for n in numbers:
        told = studio.get(f"/api/research/{which}/sources/{n}")
        assert told["source"]["state"] == "read"
        assert told["passages"]
        for passage in told["passages"]:
            assert told["text"][passage["start"] : passage["end"]] == passage["quote"]
    for claim in view["claims"]:
        assert set(claim["sources"]) <= numbers
        assert claim["supported"] is False or claim["notes"]


def pages_asked(web: LittleWeb, after: int) -> Counter[tuple[str, str]]:
    """How often each page was asked for, without searches and robots."""
    asked = web.asked[after:]
    return Counter(
        (one.host, one.target)
        for one in asked
        if one.host != "search" and one.path != "/robots.txt"
    )


def asking(studio: StudioServer) -> list[dict[str, Any]]:
    """The calls that wait for somebody."""
    return [one for one in studio.get("/api/mcp/calls")["calls"] if one["state"] == "asking"]


def of_research(studio: StudioServer) -> list[str]:
    """What was recorded of research, each with what tells it from others of its kind."""
    told = [one for one in studio.timeline() if one["stream"].startswith("research-")]
    left_out = {"sealed", "ran_s", "prompt_tokens", "completion_tokens"}
    return [
        json.dumps([one["type"], {k: v for k, v in one["data"].items() if k not in left_out}])
        for one in told
    ]
