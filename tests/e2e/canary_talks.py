"""The part of the walk that talks: setups, files, presets, tools of MCP servers, a research."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from tests.core.attachments.made import pdf
from tests.e2e.canary_words import CanaryModel, CanaryWeb
from tests.e2e.test_chat import follow
from tests.harness.mcp_servers import bad, http_server
from tests.harness.scripted_model import ScriptedModel
from tests.harness.waiting import eventually
from tests.support.little_web.server import LittleWeb

if TYPE_CHECKING:
    from tests.e2e.canary_walk import Walk

SECRETS = (
    "mcp-env", "mcp-header", "mcp-bad-header", "mcp-option", "mcp-address", "mcp-imported",
    "mcp-path", "mcp-far-path", "mcp-imported-path", "mcp-password", "research-key",
)  # fmt: skip
FREE = ("secret", "fail", "refuse", "wrong", "garbage", "die")  # called without asking
ENDS = ("done", "failed", "stopped", "paused")


class Talks:
    """Told one after the other; `values` are the names by which it can be read afterwards."""

    def __init__(self, walk: "Walk") -> None:
        self.walk = walk
        self.studio = walk.studio
        self.new = walk.cage.new
        self.values: dict[str, str] = {}

    def all(self) -> None:
        """Everything, with whom it needs."""
        words = CanaryModel(self.walk.cage)
        with ScriptedModel(words.script) as model, CanaryWeb(self.walk.cage) as web:
            self.studio.add(model.recipe("talks"))
            with self.servers():
                self.converse()
                self.use_tools()
                self.say_nonsense()
            self.research(web)
            asked = json.dumps([one.body for one in model.asked]).encode()
        known = self.walk.cage.found_in(asked)
        assert {"system-prompt", "file-text", "pdf-text", "denied-reason", "page-text"} <= known
        assert not known & set(SECRETS), "no model is told a secret"

    # ---- conversations -------------------------------------------------------------------------

    def converse(self) -> None:
        """With a setup and a preset, about two files; its model finds its title."""
        new = self.new
        setup: dict[str, Any] = {"model": "talks", "tools": ["bad"]}
        setup["system"] = new("system-prompt")
        setup["parameters"] = {"stop": [new("stop-word")]}
        self.send("PUT", f"/api/presets/{new('preset-name')}", {"system": new("preset-system")})
        start = {"title": new("first-line"), "titled_by": "first-line", "setup": setup}
        self.path = f"/api/conversations/{self.post('/api/conversations', start)}"
        self.values["talk"] = self.path.rpartition("/")[2]
        files = [
            self.attach(f"{new('file-name')}.txt", new("file-text").encode()),
            self.attach(f"{new('pdf-name')}.pdf", pdf(new("pdf-text"))),
        ]
        self.attach(f"{new('spoilt-name')}.pdf", b"%PDF-1.7 " + new("spoilt-pdf").encode())
        self.values["attachment_id"] = files[0]
        self.reply(f"What of {new('asked-of-files')}?", setup, files)
        titled = lambda: self.studio.get(self.path)["conversation"]["titled_by"] == "model"  # noqa: E731
        eventually(titled, within=60, what="the model has found a title")
        words = self.walk.cage.words["asked-of-files"]
        for path in ("/api/conversations/search?q=" + words, f"{self.path}/export?format=json"):
            assert words in self.studio.http.get(path, headers=self.walk.owner).text

    def attach(self, name: str, data: bytes) -> str:
        """Its id; none where it is refused."""
        answer = self.studio.http.post(
            f"{self.path}/attachments",
            params={"name": name},
            content=data,
            headers=self.walk.owner,
        )
        return str(answer.json().get("id", ""))

    def reply(self, text: str, setup: dict[str, Any], files: Sequence[str] = ()) -> None:
        """A question, and its answer up to its end."""
        for _ in follow(self.studio, self.path, self.begun(text, setup, files)):
            pass

    def begun(self, text: str, setup: dict[str, Any], files: Sequence[str] = ()) -> str:
        """The id of the reply that is under way."""
        said = {
            "text": text,
            "attachments": list(files),
            "after": self.studio.get(self.path)["chosen"],
        }
        to = self.studio.post(f"{self.path}/messages", said)["message_id"]
        wish = {name: setup[name] for name in ("model", "system", "parameters", "tools")}
        return str(self.studio.post(f"{self.path}/replies", {**wish, "to": to})["reply_id"])

    # ---- tools ---------------------------------------------------------------------------------

    @contextmanager
    def servers(self) -> Iterator[None]:
        """One over stdio and one over HTTP; others that can not start, or never did."""
        new = self.new
        header = f"Bearer {new('mcp-header')}"
        path = f"/api/mcp/s/{new('mcp-path')}/mcp"
        with http_server(header.removeprefix("Bearer "), path=path) as url:
            self.save("bad", bad(env={"API_KEY": new("mcp-env", "sk-{}")}))
            over = {"transport": "http", "headers": {"Authorization": header}}
            self.save("sums", {**over, "url": f"{url}?token={new('mcp-address')}"})
            self.save("closed", {**over, "url": url, "headers": {"X-Key": new("mcp-bad-header")}})
            far = f"http://127.0.0.1:9/{new('mcp-far-path')}/gmail"
            self.save("far", {"transport": "http", "url": far})
            database = f"postgresql://me:{new('mcp-password')}@127.0.0.1:9/d"
            dead = bad("--dies", "--api-key", new("mcp-option", "sk-{}"), database, enabled=False)
            self.save("dead", dead)
            imported = bad(env={"API_KEY": new("mcp-imported")}, disabled=True)
            del imported["transport"]
            away = {"url": f"{url}/{new('mcp-imported-path')}", "disabled": True}
            told = json.dumps({"mcpServers": {"other": imported, "away": away}})
            for look in (True, False):
                self.post("/api/mcp/import", {"text": told, "look": look})
            for name in ("bad", "sums"):
                self.stands(name, "ready")
            self.stands("closed", "needs-sign-in")
            self.stands("far", "failed")
            self.values["name"] = "bad"
            yield

    def save(self, name: str, server: dict[str, Any]) -> None:
        """Over the API, as the window does it."""
        assert self.send("PUT", f"/api/mcp/servers/{name}", server).is_success, name

    def stands(self, name: str, state: str) -> None:
        """Until it is so."""
        look = lambda: self.studio.get(f"/api/mcp/servers/{name}")["state"] == state  # noqa: E731
        eventually(look, within=60, what=f"{name} is {state}")

    def use_tools(self) -> None:
        """Allowed once and always, denied with a reason, called without asking, badly, in vain."""
        new = self.new
        for tool in FREE:
            self.send("PUT", f"/api/mcp/servers/bad/tools/{tool}/policy", {"policy": "always"})
        asked = [
            ("bad__echo", {"text": new(f"tool-argument-{scope}")})
            for scope in ("once", "always", "denied")
        ]
        setup = {"model": "talks", "system": new("tool-system"), "parameters": {}, "tools": ["bad"]}
        reply = self.begun(json.dumps(asked), setup)
        for call in eventually(lambda: self.asking(3), within=60, what="three calls wait"):
            scope = next(one for one in ("once", "always", "denied") if one in self.name_of(call))
            verb, field = ("deny", "reason") if scope == "denied" else ("approve", "scope")
            said = new("denied-reason") if scope == "denied" else scope
            self.post(f"/api/mcp/calls/{call['call_id']}/{verb}", {field: said})
        for _ in follow(self.studio, self.path, reply):
            pass
        self.reply(json.dumps([("bad__secret", {"name": "API_KEY"})]), setup)
        log = self.send("GET", "/api/mcp/servers/bad/log").text
        assert "the value is" in log, "it was told by the server, and masked"
        free = [(f"bad__{tool}", {"text": new(f"tool-argument-{tool}")}) for tool in FREE[1:]]
        odd = [
            ("bad__echo", {"text": [new("tool-argument-wrong")]}),
            (f"bad__{new('no-tool')}", {}),
        ]
        self.reply(json.dumps([*free, *odd]), setup)
        told = [one["said"].get("tool") for one in self.studio.get(self.path)["messages"]]
        outcomes = {one.get("outcome", "done") for one in told if one}
        assert outcomes >= {"done", "denied", "failed"}, outcomes
        self.values["call_id"] = str(self.studio.get("/api/mcp/calls")["calls"][0]["call_id"])

    def asking(self, count: int) -> list[dict[str, Any]] | None:
        """The calls that wait, once there are so many."""
        calls = self.studio.get("/api/mcp/calls")["calls"]
        waiting = [one for one in calls if one["state"] == "asking"]
        return waiting if len(waiting) == count else None

    def name_of(self, call: dict[str, Any]) -> str:
        """The canary in its arguments."""
        return str(self.walk.cage.found_in(json.dumps(call["arguments"]).encode()))

    def say_nonsense(self) -> None:
        """What is refused, and says why."""
        new = self.new
        half = f'{{"mcpServers": {{"x": {{"env": {{"KEY": "{new("mcp-half-import")}'
        for method, path, body in (
            ("POST", "/api/mcp/import", {"text": half, "look": True}),
            ("PUT", "/api/mcp/servers/new", {"transport": "stdio", new("mcp-field"): 1}),
            ("PUT", "/api/mcp/servers/new", {"transport": "http", "url": new("mcp-no-address")}),
            ("PUT", "/api/mcp/servers/bad/tools/echo/policy", {"policy": new("mcp-policy")}),
            ("POST", "/api/mcp/servers/sums/prompt", prompt(new("prompt-name"))),
            ("POST", "/api/mcp/servers/sums/prompt", prompt(new("no-prompt"), "none")),
            ("POST", "/api/mcp/servers/sums/resource", {"uri": f"notes://{new('no-resource')}"}),
            ("POST", "/api/research", {"question": [new("research-no-text")], "model": "talks"}),
            ("POST", "/api/research", {"question": new("research-no-model"), "model": "nobody"}),
            ("PUT", "/api/presets/x", {"parameters": {"seed": new("preset-no-seed")}}),
            ("PATCH", self.path, {"setup": {"parameters": {"top_p": new("setup-no-number")}}}),
            ("POST", f"{self.path}/replies", {"model": "talks", "to": new("no-message")}),
        ):
            self.send(method, path, body)

    # ---- research ------------------------------------------------------------------------------

    def research(self, web: LittleWeb) -> None:
        """From its question to its report, which is talked about; another one is erased."""
        new = self.new
        self.send("PUT", "/api/research/hosts", {"private_hosts": ["*.localhost"]})
        for one in (
            {"name": "searxng", "url": web.url("search", "")},
            {"name": "brave", "url": web.url("brave", ""), "key": new("research-key")},
        ):
            saved = self.send("PUT", "/api/research/providers", one)
            assert saved.is_success, saved.text
        self.post("/api/research/providers/brave/probe", {})
        self.post("/api/research/providers/brave/probe", {"key": new("research-tried-key")})
        which = self.researched("kept")
        self.values |= {"research_id": which, "n": "1"}
        view = self.studio.get(f"/api/research/{which}")
        known = self.walk.cage.found_in(json.dumps(view).encode())
        assert {"page-text", "page-title", "research-plan-kept"} <= known
        assert "page-text" in self.walk.cage.found_in(view["report"].encode())
        self.post(f"/api/research/{which}/conversation", {})
        for form in ("markdown", "json", "bibtex"):
            self.send("GET", f"/api/research/{which}/export?format={form}")
        erased = self.researched("erased")
        self.send("DELETE", f"/api/research/{erased}")
        left = self.send("GET", f"/api/research/{erased}").content
        assert not self.walk.cage.found_in(left)

    def researched(self, name: str) -> str:
        """One, asked back, answered and planned, at its end."""
        told = {"model": "talks", "providers": ["searxng", "brave"]}
        question = f"How high is Mount Ada, and {self.new(f'research-question-{name}')}?"
        which = str(self.studio.post("/api/research", told | {"question": question})["research_id"])
        path = f"/api/research/{which}"
        self.comes(path, "clarifying")
        self.post(f"{path}/answer", {"text": self.new(f"research-answer-{name}")})
        self.comes(path, "planned")
        self.send("PUT", f"{path}/plan", plan(self.new(f"research-plan-{name}")))
        self.post(f"{path}/start", {})
        self.comes(path, "done")
        return which

    def comes(self, path: str, state: str) -> None:
        """Until it is so far."""

        def look() -> bool:
            view = self.studio.get(path)
            assert view["state"] == state or view["state"] not in ENDS, view
            return bool(view["state"] == state and (state != "clarifying" or view["questions"]))

        eventually(look, within=90, what=f"the research is {state}", every=0.1)

    # ---- parts ---------------------------------------------------------------------------------

    def post(self, path: str, body: object) -> str:
        """The id in what is answered, where there is one."""
        answer = self.send("POST", path, body)
        assert answer.is_success, (path, answer.text)
        return str(answer.json().get("conversation_id", ""))

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        """As the owner; what comes back shows no secret that was not sent."""
        answer = self.studio.http.request(method, path, json=body, headers=self.walk.owner)
        sent = json.dumps(body)
        for name in self.walk.cage.found_in(answer.content + str(answer.headers).encode()):
            if name in SECRETS and self.walk.cage.words[name] not in sent:
                self.walk.answers.setdefault(name, set()).add(path)
        return answer


def prompt(name: str, which: str = "greet") -> dict[str, Any]:
    """A prompt of the server over HTTP that is wanted."""
    return {"prompt": which, "arguments": {"name": name}}


def plan(more: str) -> dict[str, Any]:
    """Two steps, edited by a person."""
    return {"steps": [{"question": f"How high is Mount Ada, {more}?"}]}
