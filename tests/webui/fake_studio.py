"""The studio behind the stand-in: one scene, and what becomes of it when something is asked."""

import asyncio
import json
from typing import Any

from litestar import Request

from tests.webui import props, scenes

THERE = ("ready", "asleep", "left-alone")

Json = dict[str, Any]


async def body_of(request: Request[Any, Any, Any]) -> Json:
    """What was sent, if anything was."""
    sent = await request.body()
    return json.loads(sent) if sent else {}


class FakeStudio:
    """One scene, changed by what is asked of it, told to everybody who follows."""

    def __init__(self, scene: str) -> None:
        self.followers: list[asyncio.Queue[str]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.scenes = 0  # so many there were: what belongs to one goes with it
        self.set_scene(scene)

    def set_scene(self, name: str) -> None:
        """Begin again with another scene; what was under way in the former one ends."""
        for task in self.tasks:
            task.cancel()
        self.scenes += 1
        self.asked: list[Json] = []
        self.held_at = ""
        scene = scenes.SCENES[name]()
        self.status: Json = scene["status"]
        self.hardware: Json = scene["hardware"]
        self.metrics: Json = scene["metrics"]
        self.facts: list[Json] = scene["facts"]
        self.recipes: dict[str, Json] = scene["recipes"]
        self.logs: dict[str, list[str]] = scene["logs"]
        self.requests: list[Json] = scene["requests"]
        self.status["position"] = self.facts[-1]["position"] if self.facts else 0
        self.tell("resync", {})

    def tell(self, event: str, data: Any, position: int | None = None) -> None:
        """To every open event stream."""
        line = f"id: {position}\n" if position else ""
        text = f"event: {event}\n{line}data: {json.dumps(data)}\n\n"
        for queue in self.followers:
            queue.put_nowait(text)

    def record(self, type_: str, sentence: str, *, actor: str, stream: str, **data: Any) -> None:
        """Append a fact and tell it, with the status as it now is."""
        position = (self.facts[-1]["position"] if self.facts else 0) + 1
        entry = props.fact(position, type_, sentence, actor=actor, stream=stream, **data)
        self.facts.append(entry)
        self.status["position"] = position
        self.tell("fact", entry, position)
        self.tell("status", self.status)

    def recipe_view(self, recipe_id: str) -> Json:
        """The switch list's row of a recipe."""
        return next(r for r in self.status["recipes"] if r["id"] == recipe_id)

    def spawn(self, coroutine: Any) -> None:
        """Run beside, and keep hold of it."""
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def step(self, phase: str, pause_s: float) -> None:
        """A moment, or for as long as a test holds the script at this phase."""
        await asyncio.sleep(pause_s)
        while phase == self.held_at:  # noqa: ASYNC110 - a script, not a program
            await asyncio.sleep(0.02)

    async def load(self, recipe_id: str, actor: str, step_s: float = 0.12) -> None:
        """A switch from the request to the answer, in visible steps."""
        active = self.status["active"]
        self.status["switch"] = props.switch(recipe_id, actor=actor)
        self.status["switches"] = [self.status["switch"]]
        self.status["state"] = "switching"
        self.record(
            "switch-requested",
            f"Asked to switch to {recipe_id}.",
            actor=actor,
            stream="switching",
            target=recipe_id,
        )
        if active:
            self.recipe_view(active)["state"] = "stopping"
            self.status["switch"]["step"] = "evicting"
            self.tell("status", self.status)
            await asyncio.sleep(step_s)
            self.recipe_view(active)["state"] = "stopped"
            self.status["engines"] = [e for e in self.status["engines"] if e["recipe_id"] != active]
            self.status["active"] = None
            self.record(
                "engine-stopped",
                f"{active} stopped after 1.2 s.",
                actor="system",
                stream=f"engine-{active}",
                recipe_id=active,
            )
        view = self.recipe_view(recipe_id)
        engine = props.engine(recipe_id, view["engine"], "loading", runtime="vllm-0.14.1")
        self.status["engines"] = [*self.status["engines"], engine]
        self.status["switch"]["step"] = "starting"
        for percent, phase in props.LOADING:
            view |= {"state": "loading", "percent": percent, "phase": phase}
            view["eta_s"] = (100 - percent) / 10
            engine |= {"percent": percent, "phase": phase, "eta_s": view["eta_s"]}
            self.tell("status", self.status)
            await self.step(phase, step_s)
        view |= {"state": "ready", "percent": None, "phase": "", "last_load_s": 12.0}
        view |= {"eta_s": None, "late": False, "changed": False, "can_sleep": True}
        engine |= {"state": "ready", "since": props.now(), "percent": None, "eta_s": None}
        self.status |= {"active": recipe_id, "switch": None, "state": "ready"}
        self.status["switches"] = []
        self.metrics["engines"] = {recipe_id: props.engine_metrics(12.0)}
        self.record(
            "engine-became-ready",
            f"{recipe_id} answers after 12.0 s.",
            actor="system",
            stream=f"engine-{recipe_id}",
            recipe_id=recipe_id,
            seconds=12.0,
        )

    def fall_asleep(self, recipe_id: str, actor: str) -> None:
        """At once, as nothing is in flight."""
        view = self.recipe_view(recipe_id)
        view |= {"state": "asleep", "can_sleep": False}
        for engine in self.status["engines"]:
            if engine["recipe_id"] == recipe_id:
                engine |= {"state": "asleep", "sleep_level": 1, "since": props.now()}
        if self.status["active"] == recipe_id:
            self.status |= {"active": None, "state": "idle"}
        self.record(
            "engine-fell-asleep",
            f"{recipe_id} fell asleep at level 1 after 2.1 s.",
            actor=actor,
            stream=f"engine-{recipe_id}",
            recipe_id=recipe_id,
        )

    def give_up(self, data: Json) -> None:
        """A change by its target, or a request by its id."""
        if data.get("request_id"):
            self.requests = [r for r in self.requests if r["request_id"] != data["request_id"]]
            for group in self.status["waiting"]:
                mine = [r for r in self.requests if r["recipe_id"] == group["recipe_id"]]
                group["requests"] = len([r for r in mine if r["state"] == "waiting"])
            running = [r for r in self.requests if r["state"] == "running"]
            self.status["in_flight"] = len(running)
        else:
            left = [c for c in self.status["switches"] if c["target"] != data["target"]]
            self.status |= {"switches": left, "switch": left[0] if left else None}
        self.tell("status", self.status)

    async def install(self) -> None:
        """The demo: a runtime step by step, then two recipes."""
        for percent, phase in props.INSTALLING:
            self.record(
                "runtime-install-progressed" if percent else "runtime-install-requested",
                f"transformers-5.1.0: {phase}.",
                actor="system",
                stream="runtime-transformers-5.1.0",
                runtime_id="transformers-5.1.0",
                phase=phase,
                percent=percent,
            )
            await self.step(phase, 0.4)
