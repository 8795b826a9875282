"""Search providers of a real studio: configured over HTTP, tried on the little web, keys kept out.

The studio itself reads the little web: names under `localhost` are this machine, and its providers
were given those addresses by a person.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import no_gateway
from tests.harness.canaries import Cage, in_files
from tests.harness.studio import StudioServer
from tests.support.little_web import searching
from tests.support.little_web.server import LittleWeb

pytestmark = pytest.mark.real

HOSTS = {
    "searxng": "search",
    "brave": "brave",
    "tavily": "tavily",
    "wikipedia": "wiki",
    "duckduckgo": "duck",
}
KEYS = {"brave": searching.BRAVE_KEY, "tavily": searching.TAVILY_KEY}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[StudioServer]:
    """One of its own."""
    no_gateway.install(tmp_path)
    studio = StudioServer(tmp_path)
    studio.start()
    yield studio
    studio.close()


@pytest.fixture
def web() -> Iterator[LittleWeb]:
    """Served while the test lasts."""
    with LittleWeb() as web:
        yield web


def told(studio: StudioServer, method: str, path: str, body: object = None) -> Any:
    """What the owner is answered."""
    answer = studio.http.request(method, f"/api/research/{path}", json=body, headers=studio.owner())
    assert answer.status_code < 500, answer.text
    return answer.json()


def test_each_provider_is_configured_tried_and_kept(
    studio: StudioServer, web: LittleWeb, tmp_path: Path
) -> None:
    """It says what is missing, works once it has it, and still does after a restart."""
    for name, host in HOSTS.items():
        told(studio, "PUT", "providers", {"name": name, "url": web.url(host, "")})
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "ada.md").write_text("Mount Ada is high.")
    told(studio, "PUT", "providers", {"name": "folder", "folder": str(notes)})

    without = {name: told(studio, "POST", f"providers/{name}/probe", {}) for name in KEYS}
    assert {one["code"] for one in without.values()} == {"no-key"}
    wrong = told(studio, "POST", "providers/brave/probe", {"key": "BSA-wrong"})
    assert (wrong["works"], wrong["code"]) == (False, "wrong-key")
    for name, key in KEYS.items():
        told(studio, "PUT", "providers", {"name": name, "key": key})
    for name in (*HOSTS, "folder"):
        probe = told(studio, "POST", f"providers/{name}/probe", {})
        assert probe["works"], (name, probe)
    assert told(studio, "POST", "providers/folder/probe", {})["found"] == 1
    assert web.hosts() == set(HOSTS.values())

    studio.ask_to_quit()
    studio.wait()
    studio.start()
    known = {one["name"]: one for one in told(studio, "GET", "providers")["providers"]}
    assert all(known[name]["ready"] for name in (*HOSTS, "folder"))
    assert known["brave"]["has_key"]
    cage = Cage()
    cage.adopt("key", KEYS["brave"])
    [holder] = in_files(tmp_path, cage)["key"]  # neither the log nor a file beside it
    assert holder.startswith("secrets/")


def test_what_can_not_work_is_refused_with_its_field(studio: StudioServer) -> None:
    """Before anything is recorded."""
    for change, field in (
        ({"name": "searxng", "url": "ftp://x"}, "url"),
        ({"name": "searxng", "url": "http://u:p@x.example"}, "url"),
        ({"name": "folder", "folder": "/"}, "folder"),
        ({"name": "mcp", "tool": "nothing"}, "tool"),
    ):
        refused = told(studio, "PUT", "providers", change)
        assert refused["status"] == 400, refused
        assert field in str(refused["field"])
    refused = told(studio, "PUT", "hosts", {"private_hosts": ["http://x"]})
    assert refused["status"] == 400
