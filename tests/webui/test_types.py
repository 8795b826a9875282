"""The window's types are made from a committed description of the API: it must be the app's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.studio import StudioServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.real
def test_the_committed_shapes_are_those_of_the_app(studio: StudioServer) -> None:
    """Every shape that the window names, with all that it refers to, field by field."""
    committed = shapes(json.loads((ROOT / "webui" / "openapi.json").read_text(encoding="utf-8")))
    living = shapes(studio.http.get("/schema/openapi.json").json())
    again = "npm run types -- http://127.0.0.1:8080 in webui/"
    for name in sorted(named(committed)):
        assert committed[name] == living.get(name), f"{name} has changed: {again}"


def shapes(description: dict[str, Any]) -> dict[str, Any]:
    """The schemas of an OpenAPI document by name."""
    found: dict[str, Any] = description["components"]["schemas"]
    return found


def named(committed: dict[str, Any]) -> set[str]:
    """Shapes that types.ts takes, and those they refer to."""
    types = (ROOT / "webui" / "src" / "lib" / "api" / "types.ts").read_text(encoding="utf-8")
    wanted = {name for name in committed if f"Schemas['{name}']" in types}
    while True:
        text = json.dumps([committed[name] for name in wanted])
        more = {name for name in committed if f'"#/components/schemas/{name}"' in text}
        if more <= wanted:
            return wanted
        wanted |= more
