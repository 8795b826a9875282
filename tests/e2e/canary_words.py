"""What a model says, and a web of one page and two search engines, for the walk of canaries.

Both hold canaries, and both tell more than they should: an engine repeats the key it was sent.
"""

import json
from collections.abc import Iterator

from tests.core.research.researcher import Researcher
from tests.harness.canaries import Cage
from tests.harness.scripted_model import Call, Question, Say, Text, Thought
from tests.support.little_web.articles import Article
from tests.support.little_web.documents import page
from tests.support.little_web.searching import Answer, Found, as_json, searxng
from tests.support.little_web.server import Asked, LittleWeb


class CanaryModel:
    """Calls what is asked for as JSON, finds titles, researches, and answers with a canary."""

    def __init__(self, cage: Cage) -> None:
        self.new = cage.new
        self.researcher = Researcher(asks_back=(f"Which {cage.new('research-asked-back')}?",))

    def script(self, question: Question) -> Iterator[Say]:
        """What it says."""
        if question.system.startswith("["):
            yield Text(self.researched(question))
        elif "Give this conversation a title" in question.text:
            yield Text(f"Birds of {self.new('generated-title')}")
        elif question.asked.startswith("[[") and not question.results:
            yield Thought(self.new("thought"))
            for name, arguments in json.loads(question.asked):
                yield Call(name, arguments)
        else:
            yield Text(f"They say {self.new('answer')}.")

    def researched(self, question: Question) -> str:
        """As the researcher does, with a canary in what it makes up itself."""
        told = json.loads(self.researcher.answer(question.body))
        if "queries" in told:
            told["queries"] = [f"{one} {self.new('research-query')}" for one in told["queries"]]
        if "steps" in told:
            told["steps"] = [f"{one} {self.new('research-step')}" for one in told["steps"]]
        return json.dumps(told)


class CanaryWeb(LittleWeb):
    """One page, which every search finds."""

    def __init__(self, cage: Cage) -> None:
        super().__init__()
        new = cage.new
        self.place = "/" + new("page-address")
        self.article = Article(
            host="canary",
            path=self.place,
            title=f"Mount Ada {new('page-title')}",
            author=new("page-author"),
            site=new("page-site"),
            text=f"Mount Ada is 4,812 m high and known for {new('page-text')}.\n\n"
            f"Ines Varga climbed Mount Ada first, in 1931, with {new('page-text-below')}.",
        )
        self.found = Found(self.url("canary", self.place), self.article.title, new("snippet"))

    def answer(self, asked: Asked) -> Answer | Iterator[bytes]:
        """The page, its search, or an engine that says back the key it refuses."""
        match asked.host, asked.path:
            case "search", "/search":
                self.asked.append(asked)
                dead = Found(self.url("gone", self.place), "Ada", self.found.snippet)
                return searxng([self.found, dead], "")
            case "canary", self.place:
                self.asked.append(asked)
                return Answer(200, "text/html; charset=utf-8", page(self.article).encode())
            case "brave", _:
                key = asked.headers.get("x-subscription-token", "")
                told = {"code": f"BAD {key}", "detail": f"the key {key} is none"}
                return as_json({"error": told}, 422, (("x-told", key),))
        return super().answer(asked)
