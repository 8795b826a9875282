"""The sim engine as a recipe, and what it saw."""

import sys
from pathlib import Path
from typing import Any

import httpx

SIM_ENGINE = Path(__file__).parents[1] / "support" / "sim_engine.py"


def sim_recipe(
    recipe_id: str, *, recipe: dict[str, Any] | None = None, **knobs: Any
) -> dict[str, Any]:
    """A recipe that runs the sim engine. `knobs` become its flags, `recipe` the recipe's fields.

    `tokens_per_second=50` → `--tokens-per-second 50`; True → the bare flag; a list → repeated.
    """
    flags = [part for name, value in knobs.items() for part in _flag(name, value)]
    command = [
        sys.executable,
        str(SIM_ENGINE),
        "--port",
        "{port}",
        "--served-model-name",
        "{model}",
    ]
    return {
        "id": recipe_id,
        "engine": "command",
        "command": [*command, *flags],
        "load_timeout_s": 60.0,
        "stop_grace_s": 5.0,
        **(recipe or {}),
    }


def _flag(name: str, value: object) -> list[str]:
    flag = "--" + name.replace("_", "-")
    if value is True:
        return [flag]
    if value is False or value is None:
        return []
    if isinstance(value, list):
        return [part for one in value for part in (flag, str(one))]
    return [flag, str(value)]


def seen_by(port: int) -> list[dict[str, Any]]:
    """Requests the sim engine on this port has received."""
    answer = httpx.get(f"http://127.0.0.1:{port}/_sim/requests", timeout=60)
    received: list[dict[str, Any]] = answer.json()["received"]
    return received


def answers_seen_by(port: int) -> list[dict[str, Any]]:
    """The same without health checks and model listings: what clients asked."""
    return [request for request in seen_by(port) if request["method"] == "POST"]


def turn_knobs(port: int, **knobs: object) -> None:
    """Change knobs of a running sim engine, such as tokens=500."""
    httpx.post(f"http://127.0.0.1:{port}/_sim/knobs", json=knobs, timeout=60).raise_for_status()
