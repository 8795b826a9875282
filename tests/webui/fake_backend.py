"""A stand-in for the studio that speaks its HTTP contract from a script, for work on the window.

It exists because a window has states that are hard to hold still in the real app: 62 % of a load,
two GPUs, a failure with its log lines, a backend that is gone. Nothing else is tested against it;
the window over the real app is tests/e2e's. Run it by hand to work on the window:

    python -m tests.webui.fake_backend --port 8090 --scene busy
"""

import argparse
import asyncio
import json
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from core.api.window_files import CSP, DRAWER, DRAWER_CSP
from tests.webui import fits, props, recipe_routes, scenes
from tests.webui.fake_studio import THERE, FakeStudio, Json
from tests.webui.servers import server_handlers
from tests.webui.setups import setup_handlers
from tests.webui.studies import study_handlers
from tests.webui.talks import talk_handlers

DIST = Path(__file__).resolve().parents[2] / "webui" / "dist"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
SAMPLE_EVERY_S = 0.5


def problem(status: int, detail: str, code: str, **more: Any) -> Response[Json]:
    """RFC 9457, as the studio says it."""
    body = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail}
    return Response(
        body | {"code": code} | more, status_code=status, media_type="application/problem+json"
    )


def actor_of(request: Request[Any, Any, Any]) -> str:
    """Who asks, as the studio would put it into its log."""
    return request.headers.get("x-studio-actor", "api")


def make_app(studio: FakeStudio) -> Litestar:
    """Every route the window uses."""

    @get("/api/status", sync_to_thread=False)
    def status() -> Json:
        return studio.status

    @get("/api/gpus", sync_to_thread=False)
    def gpus() -> Json:
        return studio.hardware

    @get("/api/keys", sync_to_thread=False)
    def keys() -> Json:
        return {"keys": [], "required": False}

    @get("/api/runtimes", sync_to_thread=False)
    def runtimes() -> Json:
        return {"runtimes": [], "available": []}

    @get("/api/events", sync_to_thread=False)
    def events(request: Request[Any, Any, Any], after: FromQuery[int] = 0) -> Stream:
        start = int(request.headers.get("last-event-id") or after)
        return Stream(event_stream(studio, start), media_type="text/event-stream")

    @post("/api/switch", status_code=202)
    async def switch(request: Request[Any, Any, Any], data: JSONBody[Json]) -> Response[Any]:
        studio.asked.append({"path": "/api/switch", "actor": actor_of(request)} | data)
        if data["target"] not in studio.recipes:
            return problem(404, f"there is no recipe {data['target']!r}", "recipe_not_found")
        studio.spawn(studio.load(data["target"], actor_of(request)))
        return Response({"switch_id": "s2", "target": data["target"], "evict": []}, status_code=202)

    @post("/api/evict", status_code=202)
    async def evict(request: Request[Any, Any, Any], data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/evict", "actor": actor_of(request)} | data)
        for view in studio.status["recipes"]:
            if data["target"] in (None, view["id"]) and view["state"] in THERE:
                view |= {"state": "stopped", "can_sleep": False, "changed": False}
        studio.status |= {"engines": [], "active": None, "state": "idle"}
        studio.record("engine-stopped", "Stopped.", actor=actor_of(request), stream="engine-x")
        return {"switch_id": "s3", "target": data["target"]}

    @post("/api/load", status_code=202)
    async def load(request: Request[Any, Any, Any], data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/load", "actor": actor_of(request)} | data)
        return {"switch_id": "s4", "kind": "load", "target": data["target"], "evict": []}

    @post("/api/sleep", status_code=202)
    async def sleep(request: Request[Any, Any, Any], data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/sleep", "actor": actor_of(request)} | data)
        studio.fall_asleep(data["target"], actor_of(request))
        return {"switch_id": "s5", "kind": "evict", "target": data["target"], "evict": []}

    @get("/api/requests/running", sync_to_thread=False)
    def running() -> Json:
        return {"requests": studio.requests}

    @get("/api/recipes/{recipe_id:str}/fit", sync_to_thread=False)
    def fit(recipe_id: FromPath[str]) -> Response[Any]:
        found = studio.recipes.get(recipe_id)
        if found is None:
            return problem(404, "no such recipe", "recipe_not_found")
        return Response(fits.report(found["recipe"], studio.hardware, saved=True))

    @post("/api/recipes/fit", status_code=200)
    async def fit_unsaved(data: JSONBody[Json]) -> Json:
        return fits.report(data, studio.hardware, saved=False)

    @post("/api/cancel", status_code=200)
    async def cancel(request: Request[Any, Any, Any], data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/cancel", "actor": actor_of(request)} | data)
        studio.give_up(data)
        return {"cancelled": 1}

    @post("/api/demo", status_code=202)
    async def demo(request: Request[Any, Any, Any], data: JSONBody[Json]) -> Json:
        studio.asked.append({"path": "/api/demo", "actor": actor_of(request)} | data)
        studio.spawn(studio.install())
        return {"recipes": ["demo"], "installing": ["transformers"]}

    @get("/v1/models", sync_to_thread=False)
    def models() -> Json:
        ours = {"owned_by": "vllm-studio", "status": "unloaded"}
        return {"data": [{"id": r["public_name"]} | ours for r in studio.status["recipes"]]}

    @get("/api/recipes", sync_to_thread=False)
    def recipes(archived: FromQuery[bool] = False) -> Json:
        return {"recipes": [r for r in studio.recipes.values() if archived == r["archived"]]}

    @get("/api/recipes/{recipe_id:str}", sync_to_thread=False)
    def recipe(recipe_id: FromPath[str]) -> Response[Any]:
        found = studio.recipes.get(recipe_id)
        return Response(found) if found else problem(404, "no such recipe", "recipe_not_found")

    @post("/api/recipes", status_code=201)
    async def create(request: Request[Any, Any, Any], data: JSONBody[Json]) -> Response[Any]:
        if not data.get("id", "").islower():
            detail = "an id has lower case letters, digits, '-', '.' and '_'"
            return problem(400, detail, "invalid", field="id")
        return Response(save(request, data, "recipe-created"), status_code=201)

    @put("/api/recipes/{recipe_id:str}")
    async def revise(
        request: Request[Any, Any, Any], recipe_id: FromPath[str], data: JSONBody[Json]
    ) -> Response[Any]:
        share = data.get("memory_fraction")
        if share is not None and not 0 < share <= 1:
            return problem(
                400, "memory_fraction is between 0 and 1", "invalid", field="memory_fraction"
            )
        return Response(save(request, data | {"id": recipe_id}, "recipe-revised"))

    @delete("/api/recipes/{recipe_id:str}", status_code=204)
    async def archive(request: Request[Any, Any, Any], recipe_id: FromPath[str]) -> None:
        studio.recipes[recipe_id]["archived"] = True
        studio.status["recipes"] = [r for r in studio.status["recipes"] if r["id"] != recipe_id]
        told(request, "recipe-archived", recipe_id)

    @post("/api/recipes/{recipe_id:str}/restore", status_code=200)
    async def restore(request: Request[Any, Any, Any], recipe_id: FromPath[str]) -> Json:
        saved = studio.recipes[recipe_id]
        saved["archived"] = False
        studio.status["recipes"] = [*studio.status["recipes"], props.view_of(saved["recipe"])]
        told(request, "recipe-restored", recipe_id)
        return saved

    @post("/api/recipes/{recipe_id:str}/clone", status_code=201)
    async def clone(
        request: Request[Any, Any, Any], recipe_id: FromPath[str], data: JSONBody[Json]
    ) -> Json:
        source = studio.recipes[recipe_id]["recipe"]
        return save(request, source | {"id": data["id"], "name": ""}, "recipe-cloned")

    def save(request: Request[Any, Any, Any], recipe: Json, type_: str) -> Json:
        before = studio.recipes.get(recipe["id"])
        saved = props.saved(recipe, (before["revision"] + 1) if before else 1, actor_of(request))
        studio.recipes[recipe["id"]] = saved
        if before:
            view = studio.recipe_view(recipe["id"])
            view |= {"name": recipe.get("name", ""), "changed": view["state"] in THERE}
        else:
            studio.status["recipes"] = [*studio.status["recipes"], props.view_of(recipe)]
        told(request, type_, recipe["id"])
        return saved

    def told(request: Request[Any, Any, Any], type_: str, recipe_id: str) -> None:
        sentence = f"The recipe {recipe_id}: {type_}."
        studio.record(
            type_,
            sentence,
            actor=actor_of(request),
            stream=f"recipe-{recipe_id}",
            recipe_id=recipe_id,
        )

    @get("/api/timeline", sync_to_thread=False)
    def timeline(before: FromQuery[int | None] = None, limit: FromQuery[int] = 100) -> Json:
        older = [f for f in studio.facts if before is None or f["position"] < before]
        shown = older[::-1][:limit]
        more = shown[-1]["position"] if len(older) > limit else None
        return {"entries": shown, "head": studio.status["position"], "older": more, "newer": None}

    @get("/api/logs/{name:str}/stream", sync_to_thread=False)
    def log_stream(name: FromPath[str]) -> Response[Any] | Stream:
        if name not in studio.logs:
            return problem(404, f"there is no log of {name!r}", "log_not_found")
        return Stream(lines_of(studio.logs[name]), media_type="text/event-stream")

    @post("/_fake/scene/{name:str}", status_code=200)
    async def scene(name: FromPath[str]) -> Json:
        studio.set_scene(name)
        return {"scene": name}

    @post("/_fake/hold", status_code=200)
    async def hold(data: JSONBody[Json]) -> Json:
        studio.held_at = data["phase"]
        return data

    @get("/_fake/asked", sync_to_thread=False)
    def asked() -> list[Json]:
        return studio.asked

    @get(["/", "/{path:path}"], sync_to_thread=False)
    def window(request: Request[Any, Any, Any]) -> Response[bytes]:
        wanted = DIST / request.url.path.lstrip("/")
        found = wanted if wanted.is_file() else DIST / "index.html"
        return Response(
            found.read_bytes(),
            media_type=TYPES.get(found.suffix, "application/octet-stream"),
            headers={
                "content-security-policy": DRAWER_CSP if found.name == DRAWER else CSP,
                "x-content-type-options": "nosniff",
            },
        )

    handlers = [
        status,
        models,
        gpus,
        keys,
        runtimes,
        events,
        switch,
        evict,
        cancel,
        demo,
        recipes,
        recipe,
    ]
    handlers += [create, revise, archive, restore, clone, timeline, log_stream]
    handlers += [load, sleep, running, fit, fit_unsaved, *recipe_routes.HANDLERS]
    handlers += [*talk_handlers(studio), *setup_handlers()]
    handlers += [*server_handlers(studio), *study_handlers(studio)]
    every = [*handlers, scene, hold, asked, window]
    return Litestar(every, openapi_config=None, logging_config=None)


async def event_stream(studio: FakeStudio, after: int) -> AsyncGenerator[str, None]:
    """Facts after a position, then all that happens, with measurements in between."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    studio.followers.append(queue)
    try:
        for entry in studio.facts:
            if entry["position"] > after:
                yield f"event: fact\nid: {entry['position']}\ndata: {json.dumps(entry)}\n\n"
        yield f"event: status\ndata: {json.dumps(studio.status)}\n\n"
        before = {"samples": [*props.history(studio.hardware, studio.metrics)]}
        yield f"event: measured\ndata: {json.dumps(before)}\n\n"
        sample = props.sample(studio.hardware, studio.metrics, time.time())
        yield f"event: metrics\ndata: {json.dumps(sample)}\n\n"
        while True:
            try:
                yield await asyncio.wait_for(queue.get(), SAMPLE_EVERY_S)
            except TimeoutError:
                sample = props.sample(studio.hardware, studio.metrics, time.time())
                yield f"event: metrics\ndata: {json.dumps(sample)}\n\n"
    finally:
        studio.followers.remove(queue)


async def lines_of(lines: list[str]) -> AsyncGenerator[str, None]:
    """What is in the log, then a line now and then."""
    for line in lines:
        yield f"event: line\ndata: {json.dumps({'line': line})}\n\n"
    for number in range(10_000):
        await asyncio.sleep(1)
        line = props.log_line(number)
        yield f"event: line\ndata: {json.dumps({'line': line})}\n\n"


def main() -> None:
    """Serve one scene until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--scene", choices=sorted(scenes.SCENES), default="busy")
    chosen = parser.parse_args()
    app = make_app(FakeStudio(chosen.scene))
    uvicorn.run(
        app, host="127.0.0.1", port=chosen.port, log_level="warning", timeout_graceful_shutdown=1
    )


if __name__ == "__main__":
    main()
