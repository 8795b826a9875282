"""A provider and a virtual model, from the terminal to the bill; the provider is a sim engine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.harness.canaries import Cage, in_files
from tests.harness.ports import free_port
from tests.harness.sim import SIM_ENGINE, answers_seen_by, sim_recipe
from tests.harness.studio import StudioServer
from tests.harness.usage import finished_requests, wait_for_requests
from tests.harness.waiting import eventually

KEY = "sk-of-the-provider-alone"
MODEL = "near/inner"


@pytest.fixture(scope="module")
def provider() -> Iterator[int]:
    """The port of a server that demands a key."""
    port = free_port()
    program = [sys.executable, str(SIM_ENGINE), "--port", str(port), "--api-key", KEY, "--quiet"]
    process = subprocess.Popen(
        [*program, "--served-model-name", "inner", "--tokens", "3"], stdout=subprocess.DEVNULL
    )
    try:
        eventually(lambda: _answers(port), within=60, what="the provider answers")
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def house(studio: StudioServer) -> Iterator[StudioServer]:
    """The shared studio, which offers nothing beside recipes afterwards."""
    yield studio
    virtual = studio.get("/api/virtual-models")["virtual_models"]
    paths = [f"/api/virtual-models/{one['model']['name']}" for one in virtual]
    paths += [f"/api/providers/{one['id']}" for one in studio.get("/api/providers")["providers"]]
    for path in paths:
        studio.http.delete(path, headers=studio.owner()).raise_for_status()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def run(studio: StudioServer, *arguments: str, text: str = "") -> str:
    """What `vllm-studio` says about it."""
    done = subprocess.run(
        [sys.executable, "-m", "desktop", *arguments],
        env={**os.environ, "VLLM_STUDIO_HOME": str(studio.home)},
        input=text,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def listed(studio: StudioServer) -> dict[str, dict[str, Any]]:
    """/v1/models by id."""
    return {one["id"]: one for one in httpx.get(f"{studio.v1}/models", timeout=60).json()["data"]}


def test_a_provider_is_added_asked_paid_and_removed(house: StudioServer, provider: int) -> None:
    """Its key is in one file and in its own requests, and nowhere else."""
    told = run(
        house,
        *("providers", "add", "near", "--kind", "openai-compatible", "--key-stdin"),
        *("--api-base", f"http://127.0.0.1:{provider}/v1", "--model", "inner@1000000/2000000"),
        text=f"{KEY}\n",
    )
    assert MODEL in told
    assert "near" in run(house, "providers", "list")
    before = sum(one.model == MODEL for one in finished_requests(house.home))
    answer = house.chat(MODEL)
    assert (answer.status_code, answer.headers["x-studio-lane"]) == (200, "gateway")
    assert answer.json()["model"] == MODEL
    asked = answers_seen_by(provider)[-1]
    assert asked["headers"]["authorization"] == f"Bearer {KEY}"
    assert (listed(house)[MODEL]["owned_by"], listed(house)[MODEL]["status"]) == ("near", "remote")
    bill = wait_for_requests(house.home, MODEL, before + 1)[-1]
    assert bill.outcome == "ok"
    assert (bill.recipe_id, bill.engine_id) == ("remote:near/inner", "remote:near")
    assert bill.cost == (bill.prompt_tokens or 0) + 6
    cage = Cage()
    cage.adopt("key", KEY)
    [holder] = in_files(house.home, cage)["key"]
    assert holder.startswith("secrets/provider.")
    assert KEY not in house.http.get("/api/providers", headers=house.owner()).text
    assert house.http.get("/api/providers").status_code == 403
    run(house, "providers", "remove", "near")
    assert house.chat(MODEL).status_code == 404
    assert not list((house.home / "secrets").glob("provider.*"))


def test_a_virtual_model_takes_what_is_there_and_a_recipe_falls_back(
    house: StudioServer, provider: int
) -> None:
    """Nothing is loaded while the provider can answer; a model that can not start is stood in for.

    And a name belongs to one model, whoever comes second.
    """
    base, inner = f"http://127.0.0.1:{provider}/v1", [{"model": "inner"}]
    near = {"id": "near", "kind": "openai-compatible", "api_base": base, "models": inner}
    house.post("/api/providers", near | {"api_key": KEY})
    house.add(sim_recipe("offer-a", recipe={"presets": {"offer-cold": {"temperature": 0}}}))
    broken = {"fallbacks": [MODEL], "load_timeout_s": 20}
    house.add(sim_recipe("offer-b", crash_while_loading=3, recipe=broken))
    assert house.chat(MODEL).status_code == 200

    assert "offer-best" in run(
        house, "virtual", "save", "offer-best", "offer-a", MODEL, "--set", "top_k=7"
    )
    assert house.chat("offer-best").status_code == 200
    assert answers_seen_by(provider)[-1]["body"]["top_k"] == 7
    assert "offer-a" not in house.engines()
    answer = house.chat("offer-cold")
    assert answer.status_code == 200
    port = house.engines()["offer-a"]["port"]
    assert answers_seen_by(port)[-1]["body"]["temperature"] == 0
    assert house.chat("offer-best").json()["model"] == "offer-a"
    assert {"offer-best", "offer-cold", MODEL} <= set(listed(house))

    stood_in = house.chat("offer-b")
    assert stood_in.status_code == 200, stood_in.text
    assert stood_in.json()["model"] == MODEL
    (booked,) = wait_for_requests(house.home, "offer-b", 1)
    assert booked.fell_back_from == "offer-b"

    wrong = near | {"api_key": "sk-another-key"}
    house.post("/api/providers", wrong)
    refused = eventually(
        lambda: answer if (answer := house.chat(MODEL)).status_code == 502 else None,
        within=120,
        what="the new key is in use",
    )
    assert "did not accept its API key" in refused.json()["error"]["message"]
    taken = house.http.post(
        "/api/recipes", json=sim_recipe("offer-best"), headers=house.owner()
    ).json()
    assert "already belongs to another model" in taken["detail"]
