"""What changing models costs beyond what the models themselves take: one table.

    python -m tests.benchmarks.bench_lifecycle [--quick]

A real `vllm-studio serve`, a real LiteLLM and sim engines, whose own times are known: each writes
when it started and when it answered. What is left of a switch's time is ours. Switches take turns
with the same engine started by hand, so that a busy machine is busy for both: read the ratios.
"""

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from rich.table import Table

from tests.chaos.registry import lives_in
from tests.harness import processes, runtimes
from tests.harness.ports import free_port
from tests.harness.sim import sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.waiting import eventually

LOAD_S = 1.0
READY_TARGET_MS = 300.0
SWITCH_TARGET_MS = 150.0
ADOPTION_TARGET_MS = 2000.0
BOUND_S = 60.0
SETTINGS = {
    "VLLM_STUDIO_MAX_RESIDENT": "1",
    "VLLM_STUDIO_MIN_RESIDENCE_S": "0.5",
    "VLLM_STUDIO_ADMISSION_TIMEOUT_S": str(BOUND_S),
}


@contextmanager
def studio(folder: Path, registry: Path, models: str) -> Iterator[StudioServer]:
    """One with sim models "a", "b", …, one resident at a time."""
    home = folder / f"home-{models}"
    home.mkdir()
    runtimes.link(home, ["litellm"])
    server = StudioServer(home, SETTINGS)
    try:
        server.start()
        server.wait_for_gateway()
        for name in models:
            server.add(sim_recipe(name, load_seconds=LOAD_S, tokens=3, registry=str(registry)))
        yield server
    finally:
        server.close()


# ---- one switch ---------------------------------------------------------------------------------


def switches(server: StudioServer, registry: Path, turns: int) -> Table:
    """How late readiness is noticed, and what a switch takes beside stopping and loading."""
    noticed, beyond, by_hand = [], [], []
    for turn in range(turns):
        target = "ab"[turn % 2]
        head = server.head
        server.load(target)
        life = next(one for one in reversed(lives_in(registry)) if one.model == target)
        assert life.ready is not None
        facts = {one["type"]: one for one in server.timeline(after=head)}
        ready = facts["engine-became-ready"]["recorded_at"] / 1e6
        stopped = facts.get("engine-stopped", {}).get("data", {}).get("seconds", 0.0)
        launched = facts["engine-start-requested"]["recorded_at"] / 1e6
        total = facts["switch-completed"]["data"]["seconds"]
        noticed.append((ready - life.ready) * 1000)
        beyond.append((total - stopped - (life.ready - launched)) * 1000)
        by_hand.append(start_by_hand() * 1000)
    table = _table(f"{turns} switches, {LOAD_S:g} s of loading", "p50 ms", "p95 ms", "target")
    _row(table, "ready noticed after the engine's own ready", noticed, READY_TARGET_MS)
    _row(table, "a switch beyond stop and load", beyond, SWITCH_TARGET_MS)
    _row(table, "the same engine started by hand, in all", by_hand, None)
    return table


def start_by_hand() -> float:
    """Seconds from launch to the first 200 of /health, asked every 5 ms."""
    port = free_port()
    recipe = sim_recipe("hand", load_seconds=LOAD_S)
    named = {"{port}": str(port), "{model}": "hand"}
    began = time.monotonic()
    engine = subprocess.Popen(
        [named.get(word, word) for word in recipe["command"]], stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: _answers(port), within=30, what="it answers", every=0.005)
        return time.monotonic() - began
    finally:
        engine.terminate()
        engine.wait(10)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=1).is_success
    except httpx.TransportError:
        return False


# ---- adoption -----------------------------------------------------------------------------------


def adoptions(server: StudioServer, turns: int) -> Table:
    """kill -9 of the app, and a new one: until the engine is ours again, and answers."""
    adopted, answered, alive = [], [], []
    server.load("a")
    for _ in range(turns):
        head = server.head
        server.kill()
        began = time.time()
        server.start()
        alive.append((time.time() - began) * 1000)
        answer = server.chat("a", max_tokens=1)
        answered.append((time.time() - began) * 1000)
        assert answer.status_code == 200, answer.text
        fact = server.wait_for_fact("engine-adopted", after=head)
        adopted.append((fact["recorded_at"] / 1e6 - began) * 1000)
    table = _table(f"{turns} adoptions after kill -9", "p50 ms", "p95 ms", "target")
    _row(table, "new process to EngineAdopted", adopted, ADOPTION_TARGET_MS)
    _row(table, "new process to /health", alive, None)
    _row(table, "new process to the first answer", answered, ADOPTION_TARGET_MS)
    return table


# ---- waiting ------------------------------------------------------------------------------------


async def contention(server: StudioServer, registry: Path, models: str, requests: int) -> Table:
    """Everybody wants another model, ten a second: how long each waits for its answer."""
    before = len(lives_in(registry))
    waits: list[float] = []
    statuses: list[int] = []

    async def ask(client: httpx.AsyncClient, n: int) -> None:
        await asyncio.sleep(n / 10)
        began = time.monotonic()
        body = {"model": models[n % len(models)], "messages": [{"role": "user", "content": "Hi"}]}
        answer = await client.post(f"{server.v1}/chat/completions", json=body)
        waits.append(time.monotonic() - began)
        statuses.append(answer.status_code)

    limits = httpx.Limits(max_connections=requests)
    async with httpx.AsyncClient(timeout=BOUND_S + 30, limits=limits) as client:
        await asyncio.gather(*(ask(client, n) for n in range(requests)))
    loads = len(lives_in(registry)) - before
    ok = statuses.count(200)
    title = f"{len(models)} models, {requests} requests: {ok} answered, {loads} loads"
    table = _table(title, "p50 s", "p95 s", "max s", "bound s")
    numbers = (median(waits), _p95(waits), max(waits), BOUND_S)
    table.add_row("request to whole answer", *(f"{n:.2f}" for n in numbers))
    table.add_row("… as loads", *(f"{n / LOAD_S:.1f}×" for n in numbers))
    return table


# ---- parts --------------------------------------------------------------------------------------


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _row(table: Table, name: str, values: Sequence[float], target: float | None) -> None:
    shown = "" if target is None else f"≤ {target:g} ({median(values) / target:.2f}×)"
    table.add_row(name, f"{median(values):,.0f}", f"{_p95(values):,.0f}", shown)


def main() -> None:
    """Run all of it and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of the turns")
    turns = 5 if parser.parse_known_args()[0].quick else 20
    processes.become_reaper()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="bench-lifecycle-") as name:
        folder = Path(name)
        console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        two, four = folder / "two", folder / "four"
        with studio(folder, two, "ab") as server:
            console.print(switches(server, two, turns))
            console.print(asyncio.run(contention(server, two, "ab", turns * 6)))
            server.evict_all()
            console.print(adoptions(server, max(3, turns // 4)))
        with studio(folder, four, "abcd") as server:
            console.print(asyncio.run(contention(server, four, "abcd", turns * 6)))


if __name__ == "__main__":
    main()
